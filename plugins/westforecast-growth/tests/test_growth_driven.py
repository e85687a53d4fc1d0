"""GrowthRatio, Elasticity, ConstantShare: a slow twin, values by hand, drivers of every kind."""

import math
import pickle
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.kernels.student import student_quantile
from westforecast.models import DampedLogGrowth, Drift, Forecast, Model, Naive, Status, Windows
from westforecast.series import Calendar, Indicator, Panel
from westforecast_growth import ConstantShare, Elasticity, GrowthRatio

NAN = math.nan
HORIZON, LEVELS = 5, (50, 80, 95)
DRIVERS = (GrowthRatio("gdp"), Elasticity("gdp"), ConstantShare("gdp"))


def panel_with(series, first=None):
    """A panel from id -> values; `first` id -> first year, 2000 by default."""
    first = first or {}
    sizes = [len(y) for y in series.values()]
    return Panel(
        values=np.concatenate([np.asarray(y, float) for y in series.values()]),
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        first=np.array([first.get(name, 2000) for name in series], np.int64),
        indicators=tuple(Indicator(id=name) for name in series),
        calendar=Calendar("Y", "integer"),
    )


def window_of(panel, name="y", last=None):
    """The window of one series, up to the year `last` (its own last year by default)."""
    s = panel.index(name)
    end = panel.indptr[s + 1] if last is None else panel.indptr[s] + last - panel.first[s] + 1
    return Windows.of(panel, [s], panel.indptr[[s]], np.array([end]))


def one(model, panel, horizon=HORIZON, levels=LEVELS, last=None):
    return model.forecast(window_of(panel, last=last), horizon, levels)


def growing(seed, n, rate=0.06, noise=0.03, level=100.0):
    steps = np.random.default_rng(seed).normal(rate, noise, n)
    return level * np.exp(np.cumsum(steps))


# --- the slow twin ----------------------------------------------------------------------------


def twin(model, y, x, future, futures, horizon, probs):
    """One series beside its driver: mean [H], quantiles [H][Q]; no arrays, no shared code.

    y, x: values of the same years up to the cutoff, NaN = missing. future: the driver's levels
    after its last value, up to the last step; futures: the same at each quantile.
    """
    n = len(y)
    last_x = max(t for t in range(n) if not math.isnan(x[t]))
    path = [*x[: last_x + 1], *future]
    both = [t for t in range(n) if not (math.isnan(y[t]) or math.isnan(x[t]))]
    window = getattr(model, "window", None)
    used = [t for t in both if window is None or t >= both[-1] - window]
    log_y, log_x = ([math.log(values[t]) for t in used] for values in (y, x))
    e, v, fitted = estimate(model, log_y, log_x, used)
    convention = getattr(model, "convention", "log-log")
    squares, taken = [], 0.0
    for a, b in pairwise(both):
        step = [(b - a, x[a], x[b])]
        expected = grow(e, step, convention)
        slope = (grow(e + 1e-6, step, convention) - grow(e - 1e-6, step, convention)) / 2e-6
        taken += v * slope**2 / (b - a)
        squares.append((math.log(y[b] / y[a]) - expected) ** 2 / (b - a))
    dof = math.floor(len(squares) - fitted)
    sigma2 = sum(squares) / (len(squares) - 2 * fitted + taken) if dof > 0 else NAN
    start = max(t for t in range(n) if not (math.isnan(y[t]) or math.isnan(path[t])))
    mean, quantiles = [], []
    for h in range(1, horizon + 1):
        here = n - 1 + h
        growth = grow(e, steps(path, start, here), convention)
        slope = (grow(e + 1e-6, steps(path, start, here), convention)
                 - grow(e - 1e-6, steps(path, start, here), convention)) / 2e-6  # fmt: skip
        sd = math.sqrt(sigma2 * (here - start + v * slope**2))
        mean.append(y[start] * math.exp(growth))
        away = []
        for q in range(len(probs)):
            at = [*path[: start + 1], *[*x[: last_x + 1], *futures[q]][start + 1 :]]
            away.append(grow(e, steps(at, start, here), convention) - growth)
        away.sort()
        row = []
        for d, p in zip(away, probs, strict=True):
            t = t_score(p, dof)
            side = 1 if t > 0 else -1
            row.append(mean[-1] * math.exp(side * math.hypot(max(side * d, 0), t * sd)))
        quantiles.append(row)
    return mean, quantiles


@lru_cache
def t_score(p, dof):
    return float(student_quantile(p, dof))


def steps(path, start, end):
    known = [t for t in range(start, end + 1) if not math.isnan(path[t])]
    return [(b - a, path[a], path[b]) for a, b in pairwise(known)]


def grow(e, moves, convention):
    if convention == "log-log":
        return e * math.log(moves[-1][2] / moves[0][1])
    if convention == "period":
        return math.log(1 + e * (moves[-1][2] / moves[0][1] - 1))
    return sum(k * math.log(1 + e * ((b / a) ** (1 / k) - 1)) for k, a, b in moves)


def estimate(model, log_y, log_x, at):
    """e, Var(e) / sigma^2, parameters fitted."""
    if isinstance(model, ConstantShare):
        return 1.0, 0.0, 0
    n, rise, run = at[-1] - at[0], log_y[-1] - log_y[0], log_x[-1] - log_x[0]
    if isinstance(model, GrowthRatio):
        e = model.norm + model.shrink * (rise / run - model.norm)
        return e, model.shrink * n / run**2, model.shrink
    if model.elasticity is not None:
        return model.elasticity, 0.0, 0
    if model.convention != "log-log":
        own, driver = math.exp(rise / n) - 1, math.exp(run / n) - 1
        return own / driver, (math.exp(rise / n) / (n * driver)) ** 2 * n, 1
    center = sum(log_x) / len(log_x)
    sxx = sum((v - center) ** 2 for v in log_x)
    weights = [(v - center) / sxx for v in log_x]
    e = sum(w * v for w, v in zip(weights, log_y, strict=True))
    # w' C w with C the covariance of a random walk that starts at the first value
    v = sum(
        weights[i] * weights[j] * min(at[i] - at[0], at[j] - at[0])
        for i in range(len(at))
        for j in range(len(at))
    )
    return e, v, 1


TWINS = [
    GrowthRatio("gdp"),
    GrowthRatio("gdp", window=5),
    GrowthRatio("gdp", shrink=0.4, norm=1.2, driver_model=Drift()),
    Elasticity("gdp"),
    Elasticity("gdp", window=6, driver_model=Naive()),
    Elasticity("gdp", "annual"),
    Elasticity("gdp", "annual", window=7),
    Elasticity("gdp", "period"),
    Elasticity("gdp", "annual", elasticity=0.66),
    Elasticity("gdp", elasticity=-0.5),
    ConstantShare("gdp"),
]


@pytest.mark.parametrize("model", TWINS, ids=repr)
@pytest.mark.parametrize("lag", [0, 2], ids=["driver on time", "driver two years late"])
def test_batch_equals_the_slow_twin(model, lag):
    generator = np.random.default_rng(lag)
    series, first = {"gdp": growing(1, 24 - lag)}, {"gdp": 1998}
    series["gdp"][[4, 9]] = NAN
    for i in range(12):  # all end in 2021; the driver ends in 2021 - lag
        n = int(generator.integers(10, 20))
        y = growing(100 + i, n, rate=generator.uniform(-0.03, 0.12))
        y[1:-1][generator.random(n - 2) < 0.2] = NAN
        series[f"s{i}"], first[f"s{i}"] = y, 2022 - n
    panel = panel_with(series, first)
    whole = model.forecast(Windows.of(panel), HORIZON, LEVELS)
    for i in range(12):
        w = panel.index(f"s{i}")
        assert whole.status[w] == Status.OK, whole.reason
        begin = first[f"s{i}"]
        x = np.r_[[panel.value("gdp", year) for year in range(begin, 2022)]]
        mean, quantiles = twin(
            model, list(series[f"s{i}"]), list(x), *driver_forecast(model, panel, whole.probs),
            HORIZON, whole.probs,
        )  # fmt: skip
        np.testing.assert_allclose(whole.mean[w], mean, rtol=1e-10)
        np.testing.assert_allclose(whole.quantiles[w], quantiles, rtol=1e-6)


def driver_forecast(model, panel, probs):
    """The forecast of the driver's whole history, from a panel of its own that holds nothing else.

    From its last value on, as far as the last step of series that end in 2021."""
    years, x = panel.series("gdp")
    alone = panel_with({"gdp": x}, {"gdp": int(years[0])})
    result = (model.driver_model or DampedLogGrowth()).forecast(
        Windows.of(alone), HORIZON + 2021 - int(years[-1]), LEVELS
    )
    return list(result.mean[0]), [list(result.quantiles[0, :, q]) for q in range(len(probs))]


# --- by hand ----------------------------------------------------------------------------------


def doubling():
    """The driver doubles in two years, the series grows fourfold: r = 2."""
    return panel_with({"y": [10.0, 18.0, 40.0], "gdp": [100.0, 150.0, 200.0]})


def test_growth_ratio_by_hand():
    path = {2003: 220.0, 2004: 300.0}
    result = one(GrowthRatio("gdp", driver_path=path), doubling(), 2, (80,))
    np.testing.assert_allclose(result.mean[0], [40 * 1.1**2, 40 * 1.5**2])
    # steps of log y less 2 steps of log x: -u and u; their squares are expected to add up to
    # sigma^2 (2 - 2 + 2 * (squares of the steps of log x) / log(2)^2)
    u = math.log(1.8) - 2 * math.log(1.5)
    left = 2 * (math.log(1.5) ** 2 + math.log(4 / 3) ** 2) / math.log(2) ** 2
    sd = math.sqrt(2 * u**2 / left * (1 + 2 * (math.log(1.1) / math.log(2)) ** 2))
    high = 40 * 1.1**2 * math.exp(3.0776835 * sd)  # t of 0.9 with 1 degree of freedom
    assert result.quantiles[0, 0, 1] == pytest.approx(high, rel=1e-6)


def test_shrink_draws_the_ratio_to_the_norm():
    path = {2003: 220.0}
    half = GrowthRatio("gdp", driver_path=path, shrink=0.5, norm=1.0)  # r = 1.5
    assert one(half, doubling(), 1).mean[0, 0] == pytest.approx(40 * 1.1**1.5)
    norm = GrowthRatio("gdp", driver_path=path, shrink=0.0, norm=1.3)
    assert one(norm, doubling(), 1).mean[0, 0] == pytest.approx(40 * 1.1**1.3)


def test_elasticity_under_three_conventions_by_hand():
    path = {2003: 220.0, 2004: 242.0}

    def at(convention, **settings):  # fmt: skip
        model = Elasticity("gdp", convention, driver_path=path, **settings)
        return one(model, doubling(), 2).mean[0]

    np.testing.assert_allclose(at("log-log", elasticity=0.5), [40 * 1.1**0.5, 40 * 1.21**0.5])
    np.testing.assert_allclose(at("annual", elasticity=0.5), [42.0, 44.1])
    np.testing.assert_allclose(at("period", elasticity=0.5), [42.0, 40 * 1.105])
    # average growth a year: series 100 %, driver 41.42 %
    e = 1 / (2**0.5 - 1)
    np.testing.assert_allclose(at("annual"), [40 * (1 + 0.1 * e), 40 * (1 + 0.1 * e) ** 2])
    np.testing.assert_allclose(at("period"), [40 * (1 + 0.1 * e), 40 * (1 + 0.21 * e)])
    b = np.polyfit(np.log([100, 150, 200]), np.log([10, 18, 40]), 1)[0]
    np.testing.assert_allclose(at("log-log"), [40 * 1.1**b, 40 * 1.21**b])


def test_constant_share_by_hand():
    result = one(ConstantShare("gdp", driver_path={2003: 260.0}), doubling(), 1, (80,))
    assert result.mean[0, 0] == pytest.approx(0.2 * 260)
    share = np.diff(np.log([0.10, 0.12, 0.20]))
    sd = math.sqrt((share**2).mean())
    low = 52 * math.exp(-1.8856181 * sd)  # t of 0.9 with 2 degrees of freedom
    assert result.quantiles[0, 0, 0] == pytest.approx(low, rel=1e-6)


def test_shares_of_one_driver_add_up():
    gdp = growing(3, 15)
    parts = np.random.default_rng(3).dirichlet([5, 3, 2], 15).T * gdp
    panel = panel_with({"gdp": gdp, "a": parts[0], "b": parts[1], "c": parts[2]})
    whole = ConstantShare("gdp").forecast(Windows.of(panel), 4)
    np.testing.assert_allclose(whole.mean[0], whole.mean[1:].sum(axis=0))


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
def test_the_driver_follows_itself(model):
    """r, e and the share are 1, nothing is left unexplained: the driver model's own forecast."""
    panel = panel_with({"gdp": growing(5, 15)})
    windows = Windows.of(panel)
    mine, own = model.forecast(windows, 4, LEVELS), DampedLogGrowth().forecast(windows, 4, LEVELS)
    np.testing.assert_allclose(mine.mean, own.mean)
    np.testing.assert_allclose(mine.quantiles, own.quantiles, rtol=1e-6)


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
def test_the_driver_adds_uncertainty(model):
    panel = panel_with({"y": growing(2, 15), "gdp": growing(1, 15)})
    forecast = one(model, panel)
    steps = DampedLogGrowth().forecast(window_of(panel, "gdp"), HORIZON).mean[0]
    path = {2015 + h: float(level) for h, level in enumerate(steps)}
    assumed = one(replace(model, driver_path=path), panel)
    np.testing.assert_allclose(forecast.mean, assumed.mean)
    assert (forecast.quantiles[0, :, -1] > assumed.quantiles[0, :, -1]).all()
    assert (forecast.quantiles[0, :, 0] < assumed.quantiles[0, :, 0]).all()


def test_an_exact_relation_has_no_noise_of_its_own():
    x = growing(8, 12)
    panel = panel_with({"y": 3 * x**1.7, "gdp": x})
    path = {2012 + h: 300.0 + h for h in range(3)}
    for model in (GrowthRatio("gdp", driver_path=path), Elasticity("gdp", driver_path=path)):
        result = one(model, panel, 3)
        np.testing.assert_allclose(result.mean[0], 3 * np.array([300.0, 301, 302]) ** 1.7)
        np.testing.assert_allclose(result.quantiles[0, :, 0], result.mean[0], rtol=1e-6)


# --- what the driver may be -------------------------------------------------------------------


@dataclass(frozen=True)
class Shown(Model):
    """A driver model that expects ten times what it has seen last, with quantiles through zero."""

    missing: ClassVar[bool] = False

    def compute(self, windows, horizon, levels):
        mean = np.array([[10 * windows.y(w)[-1]] * horizon for w in range(len(windows))])
        return Forecast.normal(mean, mean, levels)


def test_a_driver_published_late_is_expected_from_its_own_last_year():
    panel = panel_with({"y": growing(1, 10), "gdp": growing(2, 8)})  # known to 2007, y to 2009
    result = one(ConstantShare("gdp", driver_model=Shown()), panel, 2)
    np.testing.assert_allclose(result.mean[0], panel.value("y", 2009))  # 10 x / 10 x


@dataclass(frozen=True)
class Years(Model):
    """A driver model that expects of each year its own number."""

    def compute(self, windows, horizon, levels):
        mean = windows.cutoff[:, None] + np.arange(1.0, horizon + 1)
        return Forecast.normal(mean, mean * 0, levels)


def test_the_driver_model_knows_which_years_it_forecasts():
    series = {"gdp": growing(2, 8), "y": growing(1, 10), "z": growing(3, 6)}
    panel = panel_with(series, {"y": 2000, "z": 2002, "gdp": 1999})  # gdp to 2006, y to 2009
    result = ConstantShare("gdp", driver_model=Years()).forecast(Windows.of(panel), 2)
    np.testing.assert_allclose(result.mean[1], series["y"][-1] * np.array([2010, 2011]) / 2009)
    np.testing.assert_allclose(result.mean[2], series["z"][-1] * np.array([2008, 2009]) / 2007)


def test_a_driver_published_early_is_not_seen_after_the_cutoff():
    panel = panel_with({"y": growing(1, 10), "gdp": growing(2, 13)})
    seen = one(GrowthRatio("gdp"), panel)
    unseen = one(GrowthRatio("gdp"), panel_with({"y": growing(1, 10), "gdp": growing(2, 10)}))
    np.testing.assert_array_equal(seen.mean, unseen.mean)


def test_a_driver_known_after_the_last_value_but_before_the_cutoff_is_used():
    y, x = growing(1, 12), growing(2, 12)
    y[-2:] = NAN
    share = one(ConstantShare("gdp", driver_path={2012: 500.0}), panel_with({"y": y, "gdp": x}), 1)
    assert share.mean[0, 0] == pytest.approx(y[9] / x[9] * 500)


def test_a_series_starts_where_its_driver_was_seen():
    """The driver misses the last year inside its own past: the year before is where both are."""
    y, x = growing(1, 12), growing(2, 13)
    x[11] = NAN
    panel = panel_with({"y": np.r_[y, NAN], "gdp": x})
    result = one(ConstantShare("gdp", driver_path={2013: 500.0}), panel, 1)
    assert result.mean[0, 0] == pytest.approx(y[10] / x[10] * 500)


def test_observed_values_win_over_an_assumed_path():
    panel = panel_with({"y": growing(1, 10), "gdp": growing(2, 9)})
    path = {2005: 1.0, 2009: 150.0, 2010: 300.0}  # 2005 is known, 2009 is not
    result = one(ConstantShare("gdp", driver_path=path), panel, 1)
    assert result.mean[0, 0] == pytest.approx(2 * panel.value("y", 2009))


def test_a_normal_driver_that_crosses_zero_still_gives_finite_rising_quantiles():
    panel = panel_with({"y": growing(1, 10), "gdp": growing(2, 10)})
    for model in (GrowthRatio("gdp", driver_model=Shown()),
                  Elasticity("gdp", "annual", elasticity=0.5, driver_model=Shown()),
                  Elasticity("gdp", elasticity=-1.0, driver_model=Shown())):  # fmt: skip
        result = one(model, panel)
        assert result.status[0] == Status.OK
        assert np.isfinite(result.quantiles).all()
        assert (np.diff(result.quantiles, axis=-1) > 0).all()
        assert (result.quantiles > 0).all()


def test_a_driver_without_an_interval_gives_none():
    panel = panel_with({"y": [1.0, 2.0, 4.0], "gdp": [1.0, 1.5]}, {"gdp": 2001})
    result = one(ConstantShare("gdp", driver_model=Drift()), panel)
    assert result.status[0] == Status.OK
    assert np.isnan(result.quantiles).all()


def test_each_stretch_of_time_forecasts_the_driver_once(monkeypatch):
    seen = []
    original = DampedLogGrowth.compute
    monkeypatch.setattr(
        DampedLogGrowth,
        "compute",
        lambda self, w, h, lv: seen.append(len(w)) or original(self, w, h, lv),
    )
    series = {"gdp": growing(0, 20)} | {f"s{i}": growing(i, 20) for i in range(50)}
    panel = panel_with(series)
    wf.backtest(panel, ConstantShare("gdp"), h=2, n_windows=4)
    assert seen == [4, 1, 1, 1, 1], "once for all series; then the probe, a window at a time"


# --- what cannot be done ------------------------------------------------------------------------


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
def test_no_such_driver(model):
    panel = panel_with({"y": growing(1, 9), "gdp_cn": growing(2, 9)})
    result = one(replace(model, driver="gdp.cn"), panel)
    assert result.status[0] == Status.NO_DRIVER
    assert result.reason[0] == "no driver 'gdp.cn' in the panel. Did you mean 'gdp_cn'?"


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
@pytest.mark.parametrize(
    ("gdp", "status", "reason"),
    [
        (np.full(9, NAN), Status.NO_DRIVER, "nothing of driver 'gdp' is known in period 2008"),
        (np.r_[growing(1, 8), 0.0], Status.OUT_OF_DOMAIN, "smallest value of driver 'gdp' is 0"),
        (-growing(1, 9), Status.OUT_OF_DOMAIN, "smallest value of driver 'gdp' is -"),
        (np.r_[np.full(8, NAN), 3.0], Status.NO_DRIVER, "too_short: 1 observed values, 2 needed"),
    ],
)
def test_drivers_that_cannot_be_used(model, gdp, status, reason):
    result = one(model, panel_with({"y": growing(1, 9), "gdp": gdp}))
    assert result.status[0] == status
    assert reason in result.reason[0]
    assert np.isnan(result.mean).all()
    assert np.isnan(result.quantiles).all()


def test_a_driver_model_that_goes_below_zero():
    panel = panel_with({"y": growing(1, 9), "gdp": np.linspace(90, 10, 9)})
    result = one(ConstantShare("gdp", driver_model=Drift()), panel)
    assert result.status[0] == Status.OUT_OF_DOMAIN
    assert "smallest expected value of driver 'gdp' is -40" in result.reason[0]


def test_an_assumed_path_names_every_year():
    panel = panel_with({"y": growing(1, 9), "gdp": growing(2, 9)})
    result = one(ConstantShare("gdp", driver_path={2009: 5.0, 2011: 6.0}), panel, 3)
    assert result.status[0] == Status.NO_DRIVER
    assert result.reason[0] == "driver_path of 'gdp' has no level in period 2010"


@pytest.mark.parametrize(
    "model", [GrowthRatio("gdp"), *(Elasticity("gdp", c) for c in ("log-log", "annual", "period"))]
)  # fmt: skip
@pytest.mark.parametrize("gdp", [np.full(9, 7.0), 100 * 1.001 ** np.arange(9)])
def test_a_driver_that_hardly_grows_is_no_base_for_a_ratio(model, gdp):
    result = one(model, panel_with({"y": growing(1, 9), "gdp": gdp}))
    assert result.status[0] == Status.OUT_OF_DOMAIN
    assert "driver 'gdp' moved +0." in result.reason[0]
    assert "more than 0.50%" in result.reason[0]


def test_a_given_elasticity_and_a_share_take_a_driver_that_hardly_grows():
    panel = panel_with({"y": growing(1, 9), "gdp": np.full(9, 7.0)})
    for model in (Elasticity("gdp", elasticity=2.0), ConstantShare("gdp")):
        np.testing.assert_allclose(one(model, panel).mean, panel.value("y", 2008))


def test_up_and_down_again_is_no_growth_but_has_an_elasticity():
    x = np.r_[100, 120, 150, 120, 100.5]
    panel = panel_with({"y": 2 * x**0.5, "gdp": x})
    assert one(GrowthRatio("gdp"), panel).status[0] == Status.OUT_OF_DOMAIN
    path = {2005: 121.0}
    fitted = one(Elasticity("gdp", driver_path=path), panel, 1)
    assert fitted.mean[0, 0] == pytest.approx(2 * 11.0)


def test_an_elasticity_that_leaves_nothing():
    panel = panel_with({"y": growing(1, 9), "gdp": growing(2, 9)})
    model = Elasticity("gdp", "period", elasticity=3.0, driver_path={2009: 50.0})
    result = one(model, panel, 1)
    assert result.status[0] == Status.OUT_OF_DOMAIN
    assert "parameter 3 on the growth of driver 'gdp'" in result.reason[0]
    crash = panel_with({"y": growing(1, 9), "gdp": np.r_[growing(2, 8), 50.0]})
    past = one(Elasticity("gdp", "annual", elasticity=3.0), crash)
    assert past.status[0] == Status.OUT_OF_DOMAIN


def test_periods_in_common():
    panel = panel_with({"y": growing(1, 5), "gdp": growing(2, 4)}, {"y": 2003})
    path = dict.fromkeys(range(2004, 2020), 50.0)
    result = one(GrowthRatio("gdp"), panel)  # only 2003 is common
    assert result.status[0] == Status.TOO_SHORT
    assert result.reason[0] == "1 periods shared with driver 'gdp', 2 needed"
    assert one(ConstantShare("gdp", driver_path=path), panel).status[0] == Status.OK


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
@pytest.mark.parametrize(
    ("y", "status"),
    [
        ([], Status.TOO_SHORT),
        ([NAN] * 9, Status.TOO_SHORT),
        ([1.0, 0.0, 2.0], Status.NOT_POSITIVE),
        ([-1.0, -2.0, -3.0], Status.NOT_POSITIVE),
        ([4.0] * 9, Status.OK),
    ],
)
def test_statuses(model, y, status):
    result = one(model, panel_with({"y": y, "gdp": growing(1, 9)}))
    assert result.status[0] == status
    assert status == Status.OK or result.reason[0]


def test_a_declined_window_does_not_touch_its_neighbours():
    good = {"gdp": growing(0, 12), "y": growing(1, 12)}
    bad = {"flat": np.full(12, 3.0), "minus": -growing(2, 12), "short": [5.0], "none": []}
    for model in DRIVERS:
        alone = one(model, panel_with(good))
        panel = panel_with(good | bad)
        among = model.forecast(Windows.of(panel), HORIZON, LEVELS)
        np.testing.assert_array_equal(among.mean[panel.index("y")], alone.mean[0])
        np.testing.assert_array_equal(among.quantiles[panel.index("y")], alone.quantiles[0])


# --- promises -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", TWINS, ids=repr)
def test_nothing_after_the_cutoff_matters(model):
    y, x = growing(1, 20), growing(2, 20)
    before = one(model, panel_with({"y": y, "gdp": x}), last=2011)
    assert before.status[0] == Status.OK
    for name in ("y", "gdp"):
        changed = {"y": y.copy(), "gdp": x.copy()}
        changed[name][12:] = changed[name][12:] * -7 + 1e6
        after = one(model, panel_with(changed), last=2011)
        np.testing.assert_array_equal(before.mean, after.mean)
        np.testing.assert_array_equal(before.quantiles, after.quantiles)


@pytest.mark.parametrize("model", TWINS, ids=repr)
def test_neither_scale_matters(model):
    y, x = growing(1, 20), growing(2, 20)
    base = one(model, panel_with({"y": y, "gdp": x}))
    scaled = one(model, panel_with({"y": 1e8 * y, "gdp": 1e-4 * x}))
    np.testing.assert_allclose(scaled.mean, 1e8 * base.mean)
    np.testing.assert_allclose(scaled.quantiles, 1e8 * base.quantiles, rtol=1e-6)


@pytest.mark.parametrize("model", TWINS, ids=repr)
def test_batch_equals_one_by_one_and_quantiles_rise(model):
    series = {"gdp": growing(0, 22)} | {f"s{i}": growing(i, 8 + i) for i in range(1, 12)}
    windows = Windows.of(panel_with(series))
    whole = model.forecast(windows, HORIZON, LEVELS)
    assert (np.diff(whole.quantiles[1:], axis=-1) > 0).all()
    for w in range(len(windows)):
        alone = model.forecast(windows.take(np.array([w])), HORIZON, LEVELS)
        np.testing.assert_allclose(whole.mean[w], alone.mean[0], rtol=1e-13)
        np.testing.assert_allclose(whole.quantiles[w], alone.quantiles[0], rtol=1e-12)


@pytest.mark.parametrize("model", [*DRIVERS, Elasticity("gdp", "annual")], ids=repr)
def test_intervals_cover_what_they_say(model):
    """Driver and residual are random walks in logs; the driver model is the one that made it."""
    n, h, count = 25, 5, 1500
    generator = np.random.default_rng(9)
    x = np.cumsum(generator.normal(0.06, 0.03, (count, n + h)), axis=1)
    ratio = 1.0 if isinstance(model, ConstantShare) else 1.3
    y = ratio * x + np.cumsum(generator.normal(0, 0.04, (count, n + h)), axis=1)
    own = DampedLogGrowth(damping=1.0, shrink=1.0)
    model = replace(model, driver="gdp.{region}", driver_model=own)
    series = {f"y.{k}": np.exp(y[k, :n]) for k in range(count)}
    series |= {f"gdp.{k}": np.exp(x[k, :n]) for k in range(count)}
    panel = panel_with(series)
    regions = tuple(i.with_(region=i.id.split(".")[1]) for i in panel.indicators)
    result = model.forecast(Windows.of(replace(panel, indicators=regions), range(count)), h, (80,))
    low, high = np.log(result.interval(80))
    inside = (low <= y[:, n:]) & (y[:, n:] <= high)
    assert inside.mean(axis=0) == pytest.approx([0.79] * h, abs=0.04)


@pytest.mark.parametrize("n", [6, 8, 12])
@pytest.mark.parametrize("model", [*DRIVERS, Elasticity("gdp", "annual")], ids=repr)
def test_short_series_are_covered_where_the_driver_is_known(model, n):
    """sigma^2 has 4 to 11 degrees of freedom: normal quantiles held 89 to 93 of 95 percent."""
    count, h = 2500, 3
    generator = np.random.default_rng(n)
    x = np.cumsum(generator.normal(0.06, 0.03, (count, n + h)), axis=1)
    ratio = 1.0 if isinstance(model, ConstantShare) else 1.3
    y = ratio * x + np.cumsum(generator.normal(0, 0.05, (count, n + h)), axis=1)
    series = {f"y.{k}": np.exp(y[k, :n]) for k in range(count)}
    series |= {f"gdp.{k}": np.exp(x[k]) for k in range(count)}
    panel = panel_with(series)
    regions = tuple(i.with_(region=i.id.split(".")[1]) for i in panel.indicators)
    windows = Windows.of(replace(panel, indicators=regions), range(count))
    made = replace(model, driver="gdp.{region}", driver_role="known").forecast(windows, h, (95,))
    low, high = np.log(made.interval(95))
    inside = ((low <= y[:, n:]) & (y[:, n:] <= high)).mean(axis=0)
    assert inside == pytest.approx([0.953] * h, abs=0.012)  # four standard errors


# --- settings -----------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [GrowthRatio, Elasticity, ConstantShare])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"driver": ""}, "unique_id"),
        ({"driver": 3}, "unique_id"),
        ({"driver_model": "Drift"}, r"westforecast\.model"),
        ({"driver_model": Drift}, "driver_model"),
        ({"driver_path": {}}, "mapping"),
        ({"driver_path": [1.0, 2.0]}, "mapping"),
        ({"driver_path": {"next": 1.0}}, "period 'next'"),
        ({"driver_path": {2011.0: 1.0}}, "period 2011.0"),
        ({"driver_path": {"gnp": {2011: 1.0}}}, "no driver 'gnp'"),
        ({"driver_path": {2011: 1.0}, "driver_mode": "frozen"}, "a path takes"),
        ({"driver_mode": "ex ante"}, "driver_mode"),
        ({"driver_role": "future"}, "driver_role"),
        ({"driver_path": {2011: 0.0}}, "level 0.0 in period 2011"),
        ({"driver_path": {2011: NAN}}, "level nan"),
        ({"driver_path": {2011: 1.0}, "driver_model": Drift()}, "both"),
    ],
)
def test_settings_that_cannot_be_meant(model, settings, message):
    with pytest.raises(UsageError, match=message):
        model(**{"driver": "gdp", **settings})


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (GrowthRatio, {"shrink": 1.1}, "shrink"),
        (GrowthRatio, {"norm": math.inf}, "norm"),
        (GrowthRatio, {"window": 0}, "window"),
        (GrowthRatio, {"min_growth": -0.1}, "min_growth"),
        (Elasticity, {"convention": "loglog"}, "log-log, annual, period"),
        (Elasticity, {"elasticity": NAN}, "elasticity"),
        (Elasticity, {"window": True}, "window"),
        (Elasticity, {"min_growth": NAN}, "min_growth"),
    ],
)
def test_settings_of_one_model(model, settings, message):
    with pytest.raises(UsageError, match=message):
        model("gdp", **settings)


@pytest.mark.parametrize(
    "model", [*TWINS, ConstantShare("人均GDP", driver_path={2012: 4, 2011: 3})]
)
def test_picklable_hashable_and_told_in_full(model):
    again = pickle.loads(pickle.dumps(model))
    assert again == model
    assert hash(again) == hash(model)
    assert repr(again) == repr(model)


def test_a_path_is_copied_and_sorted_and_may_have_the_keys_of_a_text_file():
    path = {np.int64(2012): 4, "2011": 3}
    model = ConstantShare("gdp", driver_path=path)
    path["2011"] = 99
    assert repr(model.driver_path) == "{2011: 3.0, 2012: 4.0}"


def test_a_ratio_that_knows_no_bounds_is_no_forecast():
    """A driver that lost a third of itself to a reform: growth relative to it means nothing."""
    years = np.arange(1985, 1999)
    driver = np.exp(0.08 * (years - 1985))
    driver[-2:] *= 0.4
    frame = pd.DataFrame({
        "unique_id": ["y"] * 14 + ["x"] * 14, "ds": [*years, *years],
        "y": [*(100 * np.exp(0.15 * (years - 1985))), *driver],
    })  # fmt: skip
    model = GrowthRatio("x")
    made = wf.forecast(wf.Panel.from_frame(frame), model, h=10, levels=(80,)).forecasts[
        "GrowthRatio"
    ]
    assert made.status[0] == Status.OUT_OF_DOMAIN
    assert "knows no bounds" in made.reason[0]


@pytest.mark.parametrize("model", DRIVERS, ids=repr)
def test_a_share_that_leaves_its_bounds_is_no_forecast(model):
    """41 % and rising, a driver that is assumed to grow fourfold: 170 % and the like."""
    x = 100 * 1.05 ** np.arange(12)
    panel = panel_with({"y": 0.24 * x, "gdp": x})
    share = Indicator(id="y", kind="share", unit="percent")
    panel = replace(panel, indicators=(share, panel.indicators[1]))
    path = {2012: 180.0, 2013: 200.0, 2014: 700.0, 2015: 800.0}
    found = one(replace(model, driver_path=path), panel, 4)
    assert found.status[0] == Status.OUT_OF_DOMAIN
    assert found.reason[0] == (
        "168 at step 3 leaves the bounds of the series, 0 to 100; take a model that keeps them: "
        "Logistic, or ShareShift of a total"
    )
    inside = one(replace(model, driver_path=path), panel, 2)
    assert inside.status[0] == Status.OK
    np.testing.assert_allclose(inside.mean[0], [0.24 * 180, 0.24 * 200])


def test_reasons_name_the_series_not_the_template():
    """Regions without a driver, with one of zero, with one that does not move, with too few."""
    regions = {"none": None, "zero": np.r_[growing(1, 8), 0.0], "flat": np.full(9, 7.0),
               "late": np.r_[np.full(8, NAN), 3.0]}  # fmt: skip
    series = {f"y.{r}": growing(2, 9) for r in regions}
    series |= {f"x.{r}": x for r, x in regions.items() if x is not None}
    panel = panel_with(series)
    told = tuple(i.with_(region=i.id.split(".")[1]) for i in panel.indicators)
    windows = Windows.of(replace(panel, indicators=told), range(4))
    path = {"driver_path": dict.fromkeys(range(2009, 2015), 9.0)}
    found = GrowthRatio("x.{region}", **path).forecast(windows, 2).reason
    assert found[0] == "no driver 'x.none' in the panel, by 'x.{region}'."
    assert (
        found[1] == "smallest value of driver 'x.zero' is 0, in period 2008; values above 0 needed"
    )
    assert found[2].startswith("driver 'x.flat' moved +0.00% a period")
    assert found[3] == "1 periods shared with driver 'x.late', 2 needed"
