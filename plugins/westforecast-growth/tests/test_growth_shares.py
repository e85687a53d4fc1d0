"""ShareShift, IntensityOfUse, EndUse, DriverRegression: slow twins, values by hand, refusals."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from westforecast.errors import UsageError
from westforecast.kernels.student import student_quantile
from westforecast.models import DampedLogGrowth, Drift, Status, Windows
from westforecast.series import Calendar, Indicator, Panel
from westforecast_growth import (
    ConstantShare,
    DriverRegression,
    Elasticity,
    EndUse,
    GrowthRatio,
    IntensityOfUse,
    ShareShift,
)

NAN = math.nan
HORIZON, LEVELS = 5, (50, 80, 95)
PROBS = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)


def scores(dof):
    """Student-t quantiles at PROBS."""
    return student_quantile(np.array(PROBS), dof).tolist()


def panel_with(series, first=None, **fields):
    """A panel from id -> values; `first` id -> first year, 2000 by default."""
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


def one(model, panel, horizon=HORIZON, levels=LEVELS, name="y"):
    windows = Windows.of(panel, [panel.index(name)])
    return model.forecast(windows, horizon, levels)


def growing(seed, n=20, rate=0.06, noise=0.03, level=100.0):
    return level * np.exp(np.random.default_rng(seed).normal(rate, noise, n).cumsum())


def path_from(year, *levels):
    return {year + k: float(level) for k, level in enumerate(levels)}


def ragged(seed):
    """Twelve series with gaps that end in 2019, and drivers of 30 years that end with them."""
    generator = np.random.default_rng(seed)
    drivers = {"gdp": 1e5 * growing(1, 30, 0.06), "income": growing(2, 30, 0.05)}
    first = dict.fromkeys(drivers, 1990)
    series = dict(drivers)
    for i in range(12):
        n = int(generator.integers(8, 28))
        y = growing(100 + i, n, rate=generator.uniform(-0.03, 0.12))
        y[1:-1][generator.random(n - 2) < 0.2] = NAN
        series[f"s{i}"], first[f"s{i}"] = y, 2020 - n
    return panel_with(series, first)


def ahead(panel, driver, model=None):
    """The forecast of a driver alone: mean [H], quantiles [H][Q]."""
    result = one(model or DampedLogGrowth(), panel, name=driver)
    return list(result.mean[0]), result.quantiles[0].tolist()


def points(panel, name, *drivers):
    """(year, own value, drivers' values) of the years in which all are known."""
    years, y = panel.series(name)
    found = [(int(t), v, *(panel.value(d, int(t)) for d in drivers))
             for t, v in zip(years, y, strict=True)]  # fmt: skip
    return [p for p in found if not any(math.isnan(v) for v in p)]


def joined(driver, noise):
    """Two lists of deviations, one per probability, put together."""
    side = [1 if p > 0.5 else -1 for p in PROBS]
    first, second = sorted(driver), sorted(noise)
    return [
        s * math.hypot(max(s * a, 0), max(s * b, 0))
        for s, a, b in zip(side, first, second, strict=True)
    ]


def check(model, panel, twin):
    whole = model.forecast(Windows.of(panel), HORIZON, LEVELS)
    for i in range(12):
        w = panel.index(f"s{i}")
        assert whole.status[w] == Status.OK, whole.reason[w]
        mean, quantiles = twin(f"s{i}")
        np.testing.assert_allclose(whole.mean[w], mean, rtol=1e-9)
        np.testing.assert_allclose(whole.quantiles[w], quantiles, rtol=1e-7)


# --- ShareShift -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("damping", "window"), [(0.8, 10), (1.0, None), (0.0, 4)])
def test_share_shift_equals_its_slow_twin(damping, window):
    panel = ragged(3)
    mean_x, laws_x = ahead(panel, "gdp")

    def twin(name):
        z = [(t, math.log(y / x / (1 - y / x))) for t, y, x in points(panel, name, "gdp")]
        last = z[-1][0]
        used = [p for p in z if window is None or p[0] >= last - window]
        n = last - used[0][0]
        g = (used[-1][1] - used[0][1]) / n
        all_ = (z[-1][1] - z[0][1]) / (last - z[0][0])
        errors = [(b[1] - a[1] - all_ * (b[0] - a[0])) ** 2 / (b[0] - a[0]) for a, b in pairwise(z)]
        sigma2 = sum(errors) / (len(errors) - 1)
        mean, quantiles = [], []
        for h in range(1, HORIZON + 1):
            weight = sum(damping**i for i in range(1, h + 1))
            center = z[-1][1] + g * weight
            sd = math.sqrt(sigma2 * (h + weight**2 / n))
            share = 1 / (1 + math.exp(-center))
            mean.append(mean_x[h - 1] * share)
            noise = [math.log(1 / (1 + math.exp(-center - sd * t)) / share)
                     for t in scores(len(errors) - 1)]  # fmt: skip
            driver = [math.log(q / mean_x[h - 1]) for q in laws_x[h - 1]]
            quantiles.append([mean[-1] * math.exp(d) for d in joined(driver, noise)])
        return mean, quantiles

    check(ShareShift("gdp", damping=damping, window=window), panel, twin)


def test_a_share_stays_a_share():
    """Up by half a logit a year for thirty more years, and always below the whole."""
    z = np.linspace(-3, 2, 11)
    gdp = np.full(11, 100.0)
    panel = panel_with({"y": gdp / (1 + np.exp(-z)), "gdp": gdp})
    model = ShareShift("gdp", damping=1.0, driver_mode="frozen")
    found = one(model, panel, 30)
    np.testing.assert_allclose(found.mean[0], 100 / (1 + np.exp(-2 - 0.5 * np.arange(1, 31))))
    assert (found.quantiles <= 100).all()
    assert (found.quantiles > 0).all()


def test_units_count():
    """The region in 100 million, the nation in trillions; percent of a number is a share too."""
    gdp, share = growing(1), 0.2 + 0.01 * np.sin(np.arange(20))
    plain = one(ShareShift("gdp"), panel_with({"y": share * gdp, "gdp": gdp}))
    panel = panel_with({"y": 1e4 * share * gdp, "gdp": gdp}, multiplier={"y": 1e8, "gdp": 1e12})
    found = one(ShareShift("gdp"), panel)
    np.testing.assert_allclose(found.mean, 1e4 * plain.mean)
    np.testing.assert_allclose(found.quantiles, 1e4 * plain.quantiles)


def test_more_than_all_is_no_share():
    y, gdp = growing(1), 3 * growing(1)
    y[7] = gdp[7] * 1.2
    found = one(ShareShift("gdp"), panel_with({"y": y, "gdp": gdp}))
    assert found.status[0] == Status.OUT_OF_DOMAIN
    assert found.reason[0].startswith("1.2 of driver 'gdp' in period 2007; a share below 1")
    zero = one(ShareShift("gdp"), panel_with({"y": y, "gdp": np.r_[gdp[:-1], 0]}))
    assert zero.status[0] == Status.OUT_OF_DOMAIN
    lonely = panel_with({"y": [NAN] * 8 + [1.0, 2.0], "gdp": gdp[:9]})
    assert one(ShareShift("gdp"), lonely).status[0] == Status.TOO_SHORT
    assert one(ShareShift("gdp"), lonely).reason[0] == (
        "1 periods shared with driver 'gdp' in the last 10, 2 needed"
    )


# --- IntensityOfUse -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "settings", [{}, {"slope": 5.0, "bend": 9.0}, {"slope": math.inf, "bend": math.inf}]
)
def test_intensity_equals_its_slow_twin(settings):
    panel = ragged(4)
    model = IntensityOfUse("gdp", "income", **settings)
    (mean_a, laws_a), (mean_l, laws_l) = ahead(panel, "gdp"), ahead(panel, "income")

    def twin(name):
        seen = [(t, math.log(y / a), math.log(i))
                for t, y, a, i in points(panel, name, "gdp", "income")]  # fmt: skip
        today = seen[-1][2]
        rows, changes = [], []
        for (s, u, k), (t, v, m) in pairwise(seen):
            root = math.sqrt(t - s)
            rows.append([(m - k) / root, ((m - today) ** 2 - (k - today) ** 2) / root])
            changes.append((v - u) / root)
        design, changes = np.array(rows), np.array(changes)
        rest = changes - design @ np.linalg.lstsq(design, changes, rcond=None)[0]
        prior = rest @ rest / (len(rest) - 2) * np.diag([model.slope**-2.0, model.bend**-2.0])
        cov = np.linalg.inv(design.T @ design + prior)
        beta = cov @ design.T @ changes
        error = changes - design @ beta
        left = len(error) - 2 + np.trace(cov @ prior)  # two, less what the prior knows of them
        sigma2 = error @ error / left
        y = points(panel, name, "gdp", "income")[-1]

        def at(a, i):
            d = math.log(i) - today
            return math.log(y[1] * a / y[2]) + beta @ [d, d * d], np.array([d, d * d])

        mean, quantiles = [], []
        for h in range(HORIZON):
            mu, f = at(mean_a[h], mean_l[h])
            sd = math.sqrt(sigma2 * (h + 1 + f @ cov @ f))
            driver = [at(a, i)[0] - mu for a, i in zip(laws_a[h], laws_l[h], strict=True)]
            mean.append(math.exp(mu))
            noise = [t * sd for t in scores(math.floor(left))]
            quantiles.append([math.exp(mu + d) for d in joined(driver, noise)])
        return mean, quantiles

    check(model, panel, twin)


def curve(income, b=4.0, c=-0.25, peak=None):
    low = np.log(income)
    return np.exp(b * low + c * low**2) if peak is None else np.exp(c * (low - np.log(peak)) ** 2)


def test_an_inverted_u_is_found_again():
    """Peak exp(-b / 2c) = exp(8), passed on the way; least squares gives back the curve."""
    income, gdp = np.exp(np.linspace(6, 9, 20)), growing(1)
    panel = panel_with({"y": gdp * curve(income), "gdp": gdp, "income": income})
    path = {"gdp": path_from(2020, 900, 950), "income": path_from(2020, 9000, 12000)}
    model = IntensityOfUse("gdp", "income", slope=1e6, bend=1e6, driver_path=path)
    expected = np.array([900, 950]) * curve(np.array([9000, 12000]))
    np.testing.assert_allclose(one(model, panel, 2).mean[0], expected, rtol=1e-5)
    # exact data leave no noise, and a prior has nothing to pull at
    default = IntensityOfUse("gdp", "income", driver_path=path)
    np.testing.assert_allclose(one(default, panel, 2).mean[0], expected, rtol=1e-5)


def test_noise_draws_the_intensity_to_where_it_is():
    income, gdp = growing(2, rate=0.05, noise=0.01), growing(1)
    noise = np.exp(np.random.default_rng(5).normal(0, 0.3, 20).cumsum())
    panel = panel_with({"y": gdp * curve(income) * noise, "gdp": gdp, "income": income})
    path = {"gdp": path_from(2020, 900), "income": path_from(2020, 2 * income[-1])}
    held = panel.value("y", 2019) / gdp[-1] * 900
    shrunk, free, fixed = (
        one(IntensityOfUse("gdp", "income", driver_path=path, **s), panel, 1).mean[0, 0] / held
        for s in ({}, {"slope": math.inf, "bend": math.inf}, {"slope": 1e-9, "bend": 1e-9})
    )
    assert fixed == pytest.approx(1)
    assert abs(math.log(shrunk)) < 0.3 * abs(math.log(free))


def test_a_given_peak():
    income, gdp = np.exp(np.linspace(6, 7.5, 20)), growing(1)
    panel = panel_with({"y": gdp * curve(income, peak=3000), "gdp": gdp, "income": income})
    path = {"gdp": path_from(2020, 900, 950), "income": path_from(2020, 2500, 9000)}
    settings = {"peak": 3000, "driver_path": path}
    found = one(IntensityOfUse("gdp", "income", **settings), panel, 2)
    expected = np.array([900, 950]) * curve(np.array([2500, 9000]), peak=3000)
    np.testing.assert_allclose(found.mean[0], expected, rtol=1e-5)
    trough = panel_with({"y": gdp / curve(income, peak=3000), "gdp": gdp, "income": income})
    refused = one(IntensityOfUse("gdp", "income", **settings), trough, 2)
    assert refused.status[0] == Status.OUT_OF_DOMAIN
    assert "a trough, no peak, at income 3000" in refused.reason[0]


def test_intensity_needs_four_periods_and_takes_an_income_that_stays():
    gdp = growing(1)
    short = panel_with({"y": growing(2, 3), "gdp": gdp[:3], "income": growing(3, 3)})
    assert one(IntensityOfUse("gdp", "income"), short).status[0] == Status.TOO_SHORT
    flat = panel_with({"y": growing(2), "gdp": gdp, "income": np.full(20, 7.0)})
    model = IntensityOfUse("gdp", "income", driver_path={"income": path_from(2020, *[7.0] * 5)})
    found = one(model, flat)
    share = flat.value("y", 2019) / gdp[-1]
    np.testing.assert_allclose(found.mean[0], share * np.array(ahead(flat, "gdp")[0]))


# --- EndUse ---------------------------------------------------------------------------------------


def test_end_use_equals_its_slow_twin():
    panel = ragged(5)
    coefficients = (0.3, 200.0)
    model = EndUse(["gdp", "income"], coefficients=coefficients)
    parts = [ahead(panel, d) for d in model.sectors]

    def need(*levels):
        return sum(e * x for e, x in zip(coefficients, levels, strict=True))

    def twin(name):
        seen = [(t, math.log(y / need(a, b))) for t, y, a, b in points(panel, name, *model.sectors)]
        errors = [(b[1] - a[1]) ** 2 / (b[0] - a[0]) for a, b in pairwise(seen)]
        sigma2 = sum(errors) / len(errors)
        mean, quantiles = [], []
        for h in range(HORIZON):
            center = need(*(part[0][h] for part in parts))
            mean.append(math.exp(seen[-1][1]) * center)
            driver = [
                math.log(need(*(part[1][h][q] for part in parts)) / center)
                for q in range(len(PROBS))
            ]
            noise = [t * math.sqrt(sigma2 * (h + 1)) for t in scores(len(errors))]
            quantiles.append([mean[-1] * math.exp(d) for d in joined(driver, noise)])
        return mean, quantiles

    check(model, panel, twin)


def test_coefficients_of_the_last_year_that_is_known():
    """Uses are published a year late; today's coefficients are last year's."""
    panel = panel_with(
        {"y": [10.0, 12.0, 15.0], "cars": [5.0, 6.0, 8.0], "bikes": [20.0, 20.0, 25.0],
         "by cars": [4.0, 6.0], "by bikes": [6.0, 5.0, 7.5]},
    )  # fmt: skip
    path = {"cars": path_from(2003, 10), "bikes": path_from(2003, 30)}
    model = EndUse(("cars", "bikes"), uses=("by cars", "by bikes"), driver_path=path)
    found = one(model, panel, 1)
    # 1 a car and 0.3 a bike: 15.5 now and 19 then; the series is 15 now
    assert found.mean[0, 0] == pytest.approx(15 * (10 + 0.3 * 30) / (8 + 0.3 * 25))


def stated(unit="kWh", other="kWh"):
    """Electricity, in 亿 kWh of which two sectors used 200 亿 and 500,000 万; activities double."""
    series = {"y": [240.0, 250.0], "industry": [990.0, 1000.0], "farms": [49.0, 50.0],
              "by industry": [198.0, 200.0], "by farms": [490_000.0, 500_000.0]}  # fmt: skip
    panel = panel_with(series, multiplier={"y": 1e8, "by industry": 1e8, "by farms": 1e4},
                       unit={"y": unit, "by industry": unit, "by farms": other})  # fmt: skip
    path = {"industry": path_from(2002, 1500), "farms": path_from(2002, 51)}
    uses = ("by industry", "by farms")
    return panel, EndUse(("industry", "farms"), uses=uses, driver_path=path)


def test_uses_in_other_multiples_of_the_unit():
    """200 + 50 (亿) now; 0.2 of industry's 1500 and 1 of the farms' 51 then."""
    panel, model = stated()
    assert one(model, panel, 1).mean[0, 0] == pytest.approx(0.2 * 1500 + 1.0 * 51)
    plain = panel_with({"y": [240.0, 250.0], "industry": [990.0, 1000.0], "farms": [49.0, 50.0],
                        "by industry": [198.0, 200.0], "by farms": [49.0, 50.0]})  # fmt: skip
    alike = one(model, plain, 1)
    np.testing.assert_allclose(one(model, panel, 1).mean, alike.mean)
    np.testing.assert_allclose(one(model, panel, 1).quantiles, alike.quantiles)


@pytest.mark.parametrize(("unit", "other", "fine"), [
    ("kWh", "t", False), ("", "", True), ("kWh", "", True), ("kWh", "persons", False),
])  # fmt: skip
def test_uses_of_unlike_units_are_refused(unit, other, fine):
    panel, model = stated(unit, other)
    found = one(model, panel, 1)
    assert (found.status[0] == Status.OK) == fine
    if not fine:
        assert found.status[0] == Status.OUT_OF_DOMAIN
        assert "'by farms'" in found.reason[0]
        assert "unlike units" in found.reason[0] or "is stated in" in found.reason[0]


def test_each_region_has_its_own_sectors_and_its_own_units():
    regions = {f"{name}.{r}": r for name in ("y", "x", "use") for r in "ab"}
    series = {name: [3.0, 4.0] for name in regions}
    panel = panel_with(series, region=regions, unit={"y.b": "kWh", "use.b": "t", "y.a": "kWh",
                                                     "use.a": "kWh"})  # fmt: skip
    path = {"x.{region}": path_from(2002, 8)}
    model = EndUse(("x.{region}",), uses=("use.{region}",), driver_path=path)
    found = model.forecast(Windows.of(panel, [0, 1]), 1)
    assert found.status.tolist() == [Status.OK, Status.OUT_OF_DOMAIN]
    assert found.mean[0, 0] == pytest.approx(8.0)


def test_sectors_that_are_missing():
    panel = panel_with({"y": growing(1), "cars": growing(2), "late": [3.0]}, {"late": 2030})
    for uses, reason in (
        (("bikes",), "no driver 'bikes'"),
        (("late",), "nothing of driver 'late'"),
    ):
        found = one(EndUse(("cars",), uses=uses), panel)
        assert found.status[0] == Status.NO_DRIVER
        assert reason in found.reason[0]
    apart = panel_with({"y": growing(1), "cars": growing(2), "use": [NAN, 3.0]}, {"use": 1998})
    found = one(EndUse(("cars",), uses=("use",)), apart)
    assert "no period in which both driver 'cars' and its use 'use'" in found.reason[0]


# --- DriverRegression -----------------------------------------------------------------------------


def test_regression_equals_its_slow_twin():
    panel = ragged(6)
    mean_x, laws_x = ahead(panel, "gdp", Drift())

    def twin(name):
        seen = points(panel, name, "gdp")
        n = len(seen)
        y, x = [p[1] for p in seen], [p[2] for p in seen]
        b, a = np.polyfit(x, y, 1)
        center = sum(x) / n
        sxx = sum((v - center) ** 2 for v in x)
        s = math.sqrt(sum((v - a - b * u) ** 2 for u, v in zip(x, y, strict=True)) / (n - 2))
        t = student_quantile(np.array(PROBS), n - 2)
        mean, quantiles = [], []
        for h in range(HORIZON):
            s0 = s * math.sqrt(1 + 1 / n + (mean_x[h] - center) ** 2 / sxx)
            driver = [b * (q - mean_x[h]) for q in laws_x[h]]
            mean.append(a + b * mean_x[h])
            quantiles.append([mean[-1] + d for d in joined(driver, [v * s0 for v in t])])
        return mean, quantiles

    check(DriverRegression("gdp", driver_model=Drift()), panel, twin)


def test_regression_takes_negative_numbers_and_refuses_a_driver_that_stays():
    x = np.linspace(-5, 5, 9)
    path = path_from(2009, 7.0)
    exact = one(DriverRegression("x", driver_path=path), panel_with({"y": 3 - 2 * x, "x": x}), 1)
    assert exact.mean[0, 0] == pytest.approx(-11)
    for level in (0.0, 7.0, 0.1):
        flat = panel_with({"y": growing(1, 9), "x": np.full(9, level)})
        found = one(DriverRegression("x", driver_path=path), flat, 1)
        assert found.status[0] == Status.OUT_OF_DOMAIN
        assert found.reason[0] == "driver 'x' does not move; no slope can be told"
    short = panel_with({"y": growing(1, 2), "x": growing(2, 2)})
    assert one(DriverRegression("x"), short).status[0] == Status.TOO_SHORT
    few = panel_with({"y": growing(1, 5), "x": growing(2, 5)}, {"y": 2003})
    assert one(DriverRegression("x"), few).reason[0] == "2 periods shared with driver 'x', 3 needed"


# --- all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [ShareShift("gdp"), IntensityOfUse("gdp", "income"), DriverRegression("gdp"),
     EndUse(("gdp", "income"), coefficients=(1, 1))],
    ids=lambda m: m.name,
)  # fmt: skip
def test_the_driver_adds_uncertainty(model):
    """Against the same path as an assumption."""
    panel = ragged(7)
    paths = {name: path_from(2020, *ahead(panel, name)[0]) for name in model.drivers}
    forecast = one(model, panel, name="s3")
    assumed = one(replace(model, driver_path=paths), panel, name="s3")
    np.testing.assert_allclose(forecast.mean, assumed.mean)
    assert (forecast.quantiles[0, :, -1] > assumed.quantiles[0, :, -1]).all()
    assert (forecast.quantiles[0, :, 0] < assumed.quantiles[0, :, 0]).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ShareShift("gdp", damping=1.1), "damping"),
        (lambda: ShareShift("gdp", window=0), "window"),
        (lambda: IntensityOfUse("gdp", "income", peak=0), "peak"),
        (lambda: IntensityOfUse("gdp", "income", slope=0), "slope"),
        (lambda: IntensityOfUse("gdp", ""), "unique_id"),
        (lambda: IntensityOfUse("gdp", "income", driver_path={2011: 1.0}), "say whose"),
        (lambda: EndUse(("a", "b"), coefficients=(1.0,)), "one coefficient"),
        (lambda: EndUse(("a",)), "one coefficient"),
        (lambda: EndUse(("a",), coefficients=(1.0,), uses=("b",)), "one coefficient"),
        (lambda: EndUse((), coefficients=()), "one coefficient"),
        (lambda: EndUse(("a",), uses=(3,)), "unique_id"),
        (lambda: EndUse(("a",), uses=("use.{regon}",)), "Did you mean 'region'"),
        (lambda: EndUse("a", coefficients=(1.0,)), "one per using sector"),
        (lambda: EndUse(("a",), coefficients=(-1.0,)), "above 0"),
    ],
)
def test_settings_that_cannot_be_meant(make, message):
    with pytest.raises(UsageError, match=message):
        make()


def test_results_outside_the_bounds_of_a_share_are_no_forecast():
    """A regression line through shares, a count that would turn negative, a share of a total."""
    x = np.linspace(1, 9, 9)
    path = path_from(2009, 9.5, 30)
    percent = {"kind": {"y": "share"}, "unit": {"y": "percent"}}
    for y, about, reason in (
        (10 * x, percent, "300 at step 2 leaves the bounds of the series, 0 to 100"),
        (100 - 10 * x, {"kind": {"y": "count"}}, "-200 at step 2 leaves the bounds of the series"),
    ):
        panel = panel_with({"y": y, "x": x}, **about)
        found = one(DriverRegression("x", driver_path=path), panel, 2)
        assert found.status[0] == Status.OUT_OF_DOMAIN
        assert found.reason[0].startswith(reason)
    panel = panel_with({"y": 5 * x, "x": 10 * x}, **percent)
    shifted = one(ShareShift("x", driver_path=path_from(2009, 95, 300)), panel, 2)
    assert shifted.reason[0].startswith("150 at step 2 leaves")
    used = EndUse(("x",), coefficients=(1.0,), driver_path=path_from(2009, 95, 300))
    assert one(used, panel, 2).reason[0].startswith("150 at step 2 leaves")


def simulated(y, x, n):
    """Series y.k and drivers x.k of the first n columns, k their region."""
    series = {f"{name}.{k}": row[:n] for name, rows in (("y", y), ("x", x))
              for k, row in enumerate(rows)}  # fmt: skip
    return panel_with(series, region={name: name.split(".")[1] for name in series})


def covered(model, panel, outcomes):
    count, h = outcomes.shape
    result = model.forecast(Windows.of(panel, range(count)), h, (80,))
    low, high = result.interval(80)
    return ((low <= outcomes) & (outcomes <= high)).mean(axis=0)


def test_the_interval_of_a_share_covers_what_it_says():
    """Share (in logits) and driver (in logs) are random walks with drift."""
    n, h, count = 25, 5, 2000
    generator = np.random.default_rng(11)
    x = np.exp(generator.normal(0.06, 0.03, (count, n + h)).cumsum(axis=1))
    y = x / (1 + np.exp(1 - generator.normal(0.03, 0.06, (count, n + h)).cumsum(axis=1)))
    own = DampedLogGrowth(damping=1.0, shrink=1.0)
    model = ShareShift("x.{region}", damping=1.0, window=None, driver_model=own)
    inside = covered(model, simulated(y, x, n), y[:, n:])
    assert inside == pytest.approx([0.78] * h, abs=0.04)


@pytest.mark.parametrize("n", [6, 8, 12])
def test_the_interval_of_a_share_covers_short_series_of_a_known_whole(n):
    """Normal quantiles held 0.88, 0.90 and 0.92 of 0.95."""
    h, count = 3, 2500
    generator = np.random.default_rng(n)
    x = np.exp(generator.normal(0.06, 0.03, (count, n + h)).cumsum(axis=1))
    y = x / (1 + np.exp(1 - generator.normal(0.03, 0.06, (count, n + h)).cumsum(axis=1)))
    windows = Windows.of(simulated(y, x, n + h), range(count))
    windows = replace(windows, end=windows.start + n)
    model = ShareShift("x.{region}", damping=1.0, window=None, driver_role="known")
    low, high = model.forecast(windows, h, (95,)).interval(95)
    inside = ((low <= y[:, n:]) & (y[:, n:] <= high)).mean(axis=0)
    assert inside == pytest.approx([0.95] * h, abs=0.018)  # four standard errors


def test_the_interval_of_a_regression_is_exact_where_errors_are_independent():
    n, h, count = 8, 3, 4000
    generator = np.random.default_rng(12)
    x = generator.uniform(1, 9, (count, n + h))
    y = 3 - 2 * x + generator.normal(0, 1, (count, n + h))
    whole = simulated(y, x, n + h)  # the drivers are known, the outcomes are not
    windows = Windows.of(whole, range(count))
    model = DriverRegression("x.{region}", driver_role="known")
    result = model.forecast(replace(windows, end=windows.start + n), h, (80,))
    low, high = result.interval(80)
    inside = ((low <= y[:, n:]) & (y[:, n:] <= high)).mean(axis=0)
    assert inside == pytest.approx([0.80] * h, abs=0.02)


FOLLOWERS = [
    GrowthRatio("gdp"), GrowthRatio("gdp", window=5, shrink=0.5), Elasticity("gdp"),
    Elasticity("gdp", "annual"), Elasticity("gdp", "period", population="income"),
    ConstantShare("gdp"), ShareShift("gdp"), IntensityOfUse("gdp", "income"),
    EndUse(("gdp", "income"), coefficients=(1, 1)), EndUse(("gdp",), uses=("income",)),
    DriverRegression("gdp"),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["forecast", "frozen", "actual"])
@pytest.mark.parametrize("model", FOLLOWERS, ids=lambda m: f"{m.name}({', '.join(m.drivers)})")
def test_only_actual_drivers_see_what_comes_later(model, mode):
    """Everything after 2014 changes, in all series; the forecast is made in 2014."""
    model = replace(model, driver_mode=mode)
    panel, changed = ragged(8), ragged(8)
    values = changed.values.copy()
    for s in range(len(changed)):
        values[changed.indptr[s] + max(2015 - changed.first[s], 0) : changed.indptr[s + 1]] *= 1.7
    changed = replace(changed, values=values)
    which = np.arange(2, 14)  # not the drivers themselves
    end = panel.indptr[which] + 2015 - panel.first[which]
    long = end - panel.indptr[which] > 5
    told = []
    for data in (panel, changed):
        windows = Windows.of(data, which[long], data.indptr[which[long]], end[long],
                             np.full(long.sum(), 2014))  # fmt: skip
        told.append(model.forecast(windows, HORIZON, LEVELS))
    assert (told[0].status == Status.OK).all()
    same = (told[0].difference(told[1]) == 0).all()
    assert same == (mode != "actual")
    assert model.ex_ante == (mode != "actual")
