"""Drivers: where their future comes from, who may see it, what is said where there is none."""

from dataclasses import KW_ONLY, dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.models import (
    DampedLogGrowth,
    Drift,
    DrivenModel,
    Forecast,
    Model,
    Naive,
    Status,
    Windows,
)
from westforecast.models.driver import check_template
from westforecast.series import Calendar, Indicator, Panel
from westforecast.testing import check_model

from ..builders import NAN

H, LEVELS = 4, (80, 95)


@dataclass(frozen=True)
class Share(DrivenModel):
    """y_T / x_T times the driver, at its mean and at its quantiles: shows what `look` gives."""

    driver: str
    _: KW_ONLY
    positive_driver: bool = True

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True

    def compute(self, windows, horizon, levels):
        driver = self.look(windows, horizon, levels, self.driver, self.positive_driver)
        y, width = windows.rows(), int(windows.lengths.max())
        result = Forecast.empty(len(windows), horizon, levels)
        for w in range(len(y)):
            both = np.flatnonzero(np.isfinite(y[w] + driver.path[w, :width]))
            share = y[w, both[-1]] / driver.path[w, both[-1]] if len(both) else 0.0
            result.mean[w] = share * driver.path[w, width:]
            result.quantiles[w] = np.sort(share * driver.quantiles[w])  # shares may be negative
        return self.explain(result, driver.refusals)


def panel_of(series, first=None, **fields):
    """A panel from id -> values from 2000 on (or `first`); fields: of all indicators."""
    sizes = [len(y) for y in series.values()]
    return Panel(
        values=np.concatenate([np.asarray(y, float) for y in series.values()]),
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        first=np.array([(first or {}).get(name, 2000) for name in series], np.int64),
        indicators=tuple(
            Indicator(id=name, **{k: v[name] for k, v in fields.items() if name in v})
            for name in series
        ),
        calendar=Calendar("Y", "integer"),
    )


def growing(seed, n=12):
    return 100 * np.exp(np.random.default_rng(seed).normal(0.06, 0.03, n).cumsum())


def one(model, panel, name="y", last=None, h=H, levels=LEVELS, as_of=None):
    """The forecast of one series, cut after the year `last`."""
    s = panel.index(name)
    end = panel.indptr[s + 1] if last is None else panel.indptr[s] + last - panel.first[s] + 1
    known = None if as_of is None else np.array([as_of])
    windows = Windows.of(panel, [s], panel.indptr[[s]], np.array([end]), known)
    return model.forecast(windows, h, levels)


PANEL = panel_of({"y": growing(1, 10), "gdp": growing(2, 14)})  # y to 2009, gdp to 2013
GDP = {year: PANEL.value("gdp", year) for year in range(2000, 2014)}
SHARE = PANEL.value("y", 2009) / GDP[2009]


# --- where the future comes from ------------------------------------------------------------------


def test_a_forecast_is_that_of_the_drivers_own_known_history():
    alone = panel_of({"gdp": PANEL.values[10:20]})
    for model in (DampedLogGrowth(), Drift(), Naive()):
        own = model.forecast(Windows.of(alone), H, LEVELS)
        found = one(Share("gdp", driver_model=model), PANEL)
        np.testing.assert_allclose(found.mean, SHARE * own.mean)
        np.testing.assert_allclose(found.quantiles, SHARE * own.quantiles)
    default = one(Share("gdp"), PANEL)
    named = one(Share("gdp", driver_model=DampedLogGrowth()), PANEL)
    np.testing.assert_array_equal(default.mean, named.mean)


def test_frozen_is_the_last_known_level():
    found = one(Share("gdp", driver_mode="frozen"), PANEL)
    np.testing.assert_allclose(found.mean, PANEL.value("y", 2009))
    np.testing.assert_array_equal(found.quantiles, found.mean[..., None] * np.ones(4))
    late = panel_of({"y": growing(1, 10), "gdp": np.r_[growing(2, 7), NAN]})
    found = one(Share("gdp", driver_mode="frozen"), late)  # frozen from 2006 on
    np.testing.assert_allclose(found.mean, late.value("y", 2009))


def test_actual_is_what_came_and_then_a_forecast():
    found = one(Share("gdp", driver_mode="actual"), PANEL, h=6)
    after = DampedLogGrowth().forecast(Windows.of(panel_of({"gdp": list(GDP.values())})), 2, LEVELS)
    np.testing.assert_allclose(found.mean[0, :4], [SHARE * GDP[y] for y in range(2010, 2014)])
    np.testing.assert_allclose(found.mean[0, 4:], SHARE * after.mean[0])
    assert (np.diff(found.quantiles[0, :4]) == 0).all()
    np.testing.assert_allclose(found.quantiles[0, 4:], SHARE * after.quantiles[0])


def test_a_known_driver_is_read_like_an_actual_one_but_is_ex_ante():
    known, actual = Share("gdp", driver_role="known"), Share("gdp", driver_mode="actual")
    np.testing.assert_array_equal(one(known, PANEL).mean, one(actual, PANEL).mean)
    assert known.ex_ante
    assert not actual.ex_ante
    assert not Share("gdp", driver_model=actual).ex_ante
    assert one(known, PANEL).reason[0].startswith("takes as known what the panel holds")
    assert one(Share("gdp"), PANEL).reason == {}
    assert Share("gdp", driver_model=known).remark == known.remark
    assert one(actual, PANEL).reason[0].startswith("ex post")
    assert Model.ex_ante.fget(Naive())


def test_an_assumed_path_and_known_values_that_win_over_it():
    path = {2005: 1.0, **{2010 + k: 500.0 + k for k in range(H)}}
    found = one(Share("gdp", driver_path=path), PANEL)
    np.testing.assert_allclose(found.mean[0], SHARE * (500 + np.arange(H)))
    np.testing.assert_array_equal(found.quantiles, found.mean[..., None] * np.ones(4))
    short = one(Share("gdp", driver_path={2010: 5.0, 2012: 5.0}), PANEL)
    assert short.status[0] == Status.NO_DRIVER
    assert short.reason[0] == "driver_path of 'gdp' has no level in period 2011"


def test_values_published_after_the_own_cutoff_are_known():
    """The own series ends in 2009, the forecast is made in 2011: the driver is known to 2011."""
    found = one(Share("gdp", driver_mode="frozen"), PANEL, as_of=2011)
    expected = [SHARE * GDP[year] for year in (2010, 2011, 2011, 2011)]
    np.testing.assert_allclose(found.mean[0], expected)


def test_publication_lags_hide_the_last_values():
    series = {"y": growing(1, 10), "gdp": growing(2, 10)}
    panel = panel_of(series, publication_lag={"gdp": 2})
    found = one(Share("gdp", driver_mode="frozen"), panel, as_of=2009)
    shown = one(Share("gdp", driver_mode="frozen"), panel_of({**series, "gdp": series["gdp"][:8]}))
    np.testing.assert_array_equal(found.mean, shown.mean)


def test_a_gap_in_what_came_has_no_level():
    gdp = growing(2, 14)
    gdp[11] = NAN
    panel = panel_of({"y": growing(1, 10), "gdp": gdp})
    found = one(Share("gdp", driver_mode="actual"), panel)
    assert found.reason[0] == "driver 'gdp' has no level in period 2011"
    assert one(Share("gdp"), panel).status[0] == Status.OK


# --- look-ahead -----------------------------------------------------------------------------------

MODES = {
    "forecast": {}, "frozen": {"driver_mode": "frozen"}, "actual": {"driver_mode": "actual"},
    "known": {"driver_role": "known"},
    "path": {"driver_path": dict.fromkeys(range(2008, 2020), 70.0)},
}  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
def test_only_actual_and_known_drivers_see_what_comes_later(mode):
    model = Share("gdp", **MODES[mode])
    before = one(model, PANEL, last=2007, as_of=2007)
    gdp = growing(2, 14)
    gdp[8:] *= 3
    after = one(model, panel_of({"y": growing(1, 10), "gdp": gdp}), last=2007, as_of=2007)
    changed = not np.array_equal(before.mean, after.mean)
    assert changed == (mode in ("actual", "known"))
    assert before.status[0] == after.status[0] == Status.OK


@pytest.mark.parametrize("mode", ["actual", "known"])
def test_nobody_is_his_own_driver_with_what_came(mode):
    found = one(Share("gdp", **MODES[mode]), PANEL, "gdp", last=2009)
    assert found.status[0] == Status.NO_DRIVER
    assert "its own driver" in found.reason[0]
    assert one(Share("gdp"), PANEL, "gdp", last=2009).status[0] == Status.OK


def example(count=6, seed=3):
    generator = np.random.default_rng(seed)
    sizes = [*generator.integers(15, 30, count), 40, 35]
    names = [*(f"s{i}" for i in range(count)), "a", "b"]
    return panel_of(
        {name: growing(k, int(n)) for k, (name, n) in enumerate(zip(names, sizes, strict=True))},
        {name: 2010 - int(n) for name, n in zip(names, sizes, strict=True)},
        region={name: "ab"[k % 2] for k, name in enumerate(names)},
    )


@pytest.mark.parametrize("settings", [{}, {"driver_mode": "frozen"}, {"driver_model": Drift()}])
def test_the_contract(settings):
    report = check_model(Share("a", **settings), example())
    report.raise_if_failed()


# --- templates, many drivers at once --------------------------------------------------------------


def twin(panel, windows, w, driver, mode, role, model, h):
    """One window's driver, period by period: seen, path, quantiles or None."""
    cutoff, first = int(windows.cutoff[w]), int(windows.first_period[w])
    s = windows.series[w]
    name = driver.format(region=panel.indicators[s].region)
    years, values = panel.series(name)
    lag = panel.indicator(name).publication_lag
    known_until = int(years[-1]) if role == "known" else int(windows.as_of[w]) - lag
    known = {int(t): v for t, v in zip(years, values, strict=True)
             if t <= known_until and not np.isnan(v)}  # fmt: skip
    read = known
    if mode == "actual":
        read = {int(t): v for t, v in zip(years, values, strict=True) if not np.isnan(v)}
    if not read or (name == panel.ids[s] and (mode == "actual" or role == "known")):
        return None
    path, last = dict(read), max(read)
    laws = {}
    if mode == "frozen":
        path.update(dict.fromkeys(range(last + 1, cutoff + h + 1), read[last]))
    elif cutoff + h > last:
        begin = min(t for t in years if t <= last)
        history = [values[t - years[0]] for t in range(begin, last + 1)]
        own = model.forecast(Windows.of(panel_of({"x": history})), cutoff + h - last, LEVELS)
        assert own.status[0] == Status.OK
        for k in range(cutoff + h - last):
            path[last + 1 + k], laws[last + 1 + k] = own.mean[0, k], own.quantiles[0, k]
    span = range(first, cutoff + 1)
    ahead = range(cutoff + 1, cutoff + h + 1)
    return (
        [known.get(t, NAN) for t in span],
        [path.get(t, NAN) for t in (*span, *ahead)],
        [laws.get(t, np.full(4, path.get(t, NAN))) for t in ahead],
    )


@pytest.mark.parametrize("mode", ["forecast", "frozen", "actual"])
@pytest.mark.parametrize("role", ["past", "known"])
def test_batch_equals_the_slow_twin(mode, role):
    """Ragged series, drivers by region that end early or late, with gaps and lags."""
    generator = np.random.default_rng(5)
    series, first, region, lag = {}, {}, {}, {}
    for i in range(15):
        n = int(generator.integers(5, 25))
        series[f"s{i}"], first[f"s{i}"] = growing(i, n), 2012 - n + int(generator.integers(0, 3))
        region[f"s{i}"] = "abc"[i % 3]
    for k, name in enumerate("abc"):
        x = growing(50 + k, 30 + k)
        x[generator.integers(5, 25, 3)] = NAN
        series[f"gdp.{name}"], first[f"gdp.{name}"] = x, 1983 + k
        region[f"gdp.{name}"], lag[f"gdp.{name}"] = name, k
    series["gdp.b"][-3:-1] = NAN
    panel = panel_of(series, first, region=region, publication_lag=lag)
    everything = [(s, c) for s in range(len(panel)) for c in (2004, 2009, 2011)]
    own = [(s, c) for s, c in everything if panel.first[s] < c <= panel.last[s]]
    which = np.array([s for s, _ in own])
    end = np.array([panel.indptr[s] + c - panel.first[s] + 1 for s, c in own])
    windows = Windows.of(panel, which, panel.indptr[which], end, np.array([c for _, c in own]))
    windows = windows.from_first_observed()
    model = Share("gdp.{region}", driver_mode=mode, driver_role=role)
    found = model.look(windows, H, LEVELS, model.driver)
    width, told = int(windows.lengths.max()), 0
    for w in range(len(windows)):
        expected = twin(panel, windows, w, model.driver, mode, role, DampedLogGrowth(), H)
        if expected is None or np.isnan(expected[1][-H:]).any():
            assert w in found.refusals
            continue
        told += 1
        assert w not in found.refusals
        n = int(windows.lengths[w])
        np.testing.assert_allclose(found.seen[w, width - n :], expected[0])
        np.testing.assert_allclose(found.path[w, width - n :], expected[1])
        np.testing.assert_allclose(found.quantiles[w], expected[2])
        assert np.isnan(found.path[w, : width - n]).all()
    assert told > 25


def test_a_shared_driver_is_forecast_once_for_each_known_end(monkeypatch):
    seen = []
    compute = Drift.compute
    monkeypatch.setattr(
        Drift, "compute", lambda self, w, h, lv: seen.append(len(w)) or compute(self, w, h, lv)
    )
    series = {"gdp": growing(0, 20)} | {f"s{i}": growing(i, 20) for i in range(50)}
    wf.backtest(panel_of(series), Share("gdp", driver_model=Drift()), h=2, n_windows=4)
    assert seen == [4, 1, 1, 1, 1], "once for all series; then the probe, a window at a time"


def test_every_series_has_its_own_driver():
    regions = {f"{kind}.{r}": r for kind in ("y", "gdp") for r in ("CN-SN", "CN-GS")}
    series = {name: growing(k) for k, name in enumerate(regions)}
    panel = panel_of(series, region=regions)
    frozen = Share("gdp.{region}", driver_mode="frozen")
    found = frozen.forecast(Windows.of(panel, [0, 1]), 1)
    np.testing.assert_allclose(found.mean[:, 0], [panel.values[11], panel.values[23]])
    lonely = panel_of({"y": growing(1), "gdp.x": growing(2)})
    assert one(frozen, lonely).reason[0] == "no driver 'gdp.' in the panel, by 'gdp.{region}'."


# --- what cannot be done --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gdp", "status", "reason"),
    [
        ([NAN] * 10, Status.NO_DRIVER, "nothing of driver 'gdp' is known in period 2009"),
        (np.r_[growing(1, 9), 0.0], Status.OUT_OF_DOMAIN, "smallest value of driver 'gdp' is 0"),
        ([NAN] * 9 + [3.0], Status.NO_DRIVER, "no forecast by DampedLogGrowth: too_short"),
    ],
)
def test_drivers_that_cannot_be_used(gdp, status, reason):
    found = one(Share("gdp"), panel_of({"y": growing(1, 10), "gdp": gdp}))
    assert found.status[0] == status
    assert reason in found.reason[0]
    assert np.isnan(found.mean).all()


def test_a_driver_that_is_not_published_yet():
    panel = panel_of({"y": growing(1, 10), "gdp": growing(2, 3)}, {"gdp": 2015})
    found = one(Share("gdp"), panel, as_of=2011)
    assert found.status[0] == Status.NO_DRIVER
    assert found.reason[0] == "nothing of driver 'gdp' is known in period 2011"


def test_levels_at_or_below_zero_where_they_are_allowed():
    panel = panel_of({"y": growing(1, 10), "gdp": np.linspace(9, -9, 10)})
    model = Share("gdp", driver_model=Drift(), positive_driver=False)
    found = one(model, panel)
    np.testing.assert_allclose(
        found.mean[0], panel.value("y", 2009) / -9 * (-9 - 2 * np.arange(1, 5))
    )
    falls = panel_of({"y": growing(1, 10), "gdp": np.linspace(28, 1, 10)})
    assert one(replace(model, positive_driver=True), falls).reason[0] == (
        "smallest expected value of driver 'gdp' is -11, in period 2013; values above 0 needed "
        "(take a driver_model on the log scale)"
    )


@pytest.mark.parametrize(
    "template", ["gdp.{regon}", "gdp.{}", "gdp.{0}", "gdp.{region", "{region.name}", "{region[0]}"]
)
def test_a_misspelt_template_is_told_at_once(template):
    for told in (Share, check_template):
        with pytest.raises(UsageError, match="found"):
            told(template)


def test_the_likely_field_is_named_and_right_ones_pass():
    with pytest.raises(UsageError, match=r"no indicator has a field 'regon'. Did you mean 'reg"):
        Share("gdp.{regon}")
    for fine in ("gdp", "gdp}", "gdp.{region}", "{industry}.{region}", "{{x}}.{region}"):
        check_template(fine)


def test_reasons_name_the_series_of_a_template_and_its_period():
    regions = {f"{kind}.{r}": r for kind in ("y", "gdp") for r in "abc"}
    series = {name: growing(k, 10) for k, name in enumerate(regions)}
    series["gdp.a"][6], series["gdp.b"][:] = 0.0, NAN
    del series["gdp.c"]
    model = Share("gdp.{region}")
    found = model.forecast(Windows.of(panel_of(series, region=regions), range(3)), 2)
    assert found.reason == {
        0: "smallest value of driver 'gdp.a' is 0, in period 2006; values above 0 needed",
        1: "nothing of driver 'gdp.b' is known in period 2009",
        2: "no driver 'gdp.c' in the panel, by 'gdp.{region}'.",
    }


def test_periods_that_are_no_years_are_counted():
    """Quarters are numbered from year 0 inside; nobody knows period 8020 by that name."""

    def quarterly(gdp, **settings):
        panel = panel_of({"y": growing(1, 10), "gdp": gdp}, dict.fromkeys(("y", "gdp"), 8020))
        panel = replace(panel, calendar=Calendar("Q", "integer"))
        return one(Share("gdp", **settings), panel).reason[0]

    zero = growing(2, 10)
    zero[4] = 0.0
    assert quarterly(zero) == (
        "smallest value of driver 'gdp' is 0, at its value number 5; values above 0 needed"
    )
    assert quarterly([NAN] * 10) == "nothing of driver 'gdp' is known when the forecast is made"
    assert quarterly(growing(2, 10), driver_path={8030: 5.0}) == (
        "driver_path of 'gdp' has no level at step 2 ahead"
    )


def test_ex_post_is_the_same_model_with_what_came():
    model = Share("gdp", driver_path={2010: 1.0})
    assert model.ex_post() == Share("gdp", driver_mode="actual")


def test_the_manifest_says_which_models_are_ex_ante():
    models = {"a": Share("gdp"), "b": Share("gdp", driver_mode="actual"), "c": Naive()}
    result = wf.backtest(PANEL, models, h=2, cutoffs=[2007])
    assert result.manifest()["ex_ante"] == {"a": True, "b": False, "c": True}
    long = result.long()
    assert long[long.model == "b"].reason.str.startswith("ex post").sum() == 2
