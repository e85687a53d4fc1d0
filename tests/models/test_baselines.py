"""Each baseline against a slow textbook twin, statsforecast, and by hand."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from westforecast import UsageError, Windows
from westforecast.kernels.quantiles import probabilities
from westforecast.models import (
    DampedLogGrowth,
    Drift,
    InSampleMean,
    Naive,
    SeasonalNaive,
    Status,
)

from ..builders import NAN, panel, walk

LEVELS = (50, 80, 95)
PROBS = probabilities(LEVELS)


# --- the twins: one series, one loop, straight from the book --------------------------------------
# y: values with NaN where missing. Each gives, for h = 1 .. horizon, a centre and a standard
# deviation (NaN where there is no interval), of the logarithm for DampedLogGrowth; and the degrees
# of freedom that the standard deviation was estimated with.


def changes(y):
    """(change, periods it took) between consecutive observed values."""
    at = [t for t, value in enumerate(y) if not math.isnan(value)]
    return [(y[b] - y[a], b - a) for a, b in itertools.pairwise(at)]


def mean_square(errors, divisor):
    return sum(e * e for e in errors) / divisor if divisor > 0 else NAN


def last_of(y):
    """The last observed value and how many periods ago it was."""
    t = max(t for t, value in enumerate(y) if not math.isnan(value))
    return y[t], len(y) - 1 - t


def naive(y, horizon):
    last, ago = last_of(y)
    errors = [change / math.sqrt(k) for change, k in changes(y)]
    variance = mean_square(errors, len(errors))
    return [(last, math.sqrt(variance * (ago + h))) for h in range(1, horizon + 1)], len(errors)


def drift(y, horizon):
    last, ago = last_of(y)
    steps = changes(y)
    span = sum(k for _, k in steps)
    slope = sum(change for change, _ in steps) / span
    errors = [(change - slope * k) / math.sqrt(k) for change, k in steps]
    variance = mean_square(errors, len(errors) - 1)
    ahead = [ago + h for h in range(1, horizon + 1)]
    path = [(last + slope * k, math.sqrt(variance * k * (1 + k / span))) for k in ahead]
    return path, len(errors) - 1


def seasonal_naive(y, horizon, m):
    errors = [b - a for a, b in zip(y, y[m:], strict=False)]
    variance = mean_square(errors, len(errors))
    return [
        (y[len(y) + h - m * ((h - 1) // m + 1) - 1], math.sqrt(variance * ((h - 1) // m + 1)))
        for h in range(1, horizon + 1)
    ], len(errors)


def in_sample_mean(y, horizon):
    seen = [value for value in y if not math.isnan(value)]
    centre = sum(seen) / len(seen)
    variance = mean_square([value - centre for value in seen], len(seen) - 1)
    return [(centre, math.sqrt(variance * (1 + 1 / len(seen))))] * horizon, len(seen) - 1


def damped_log_growth(y, horizon, damping=0.95, shrink=0.8):
    logs = [math.log(value) for value in y]
    last, ago = last_of(logs)
    steps = changes(logs)
    growth = sorted(change / k for change, k in steps)
    middle = len(growth) // 2
    median = growth[middle] if len(growth) % 2 else (growth[middle - 1] + growth[middle]) / 2
    mean = sum(change for change, _ in steps) / sum(k for _, k in steps)
    errors = [(change - mean * k) / math.sqrt(k) for change, k in steps]
    variance = mean_square(errors, len(errors) - 1)
    n = len(steps)
    doubt = math.pi / (2 * n + (1 if n % 2 else 2.6)) * sum(1 / k for _, k in steps) / n
    path = []
    for ahead in range(ago + 1, ago + horizon + 1):
        damped = sum(damping**i for i in range(1, ahead + 1))
        square = variance * (ahead + shrink * doubt * ahead * damped)
        path.append((last + shrink * median * damped, math.sqrt(square)))
    return path, n - 1


TWINS = {
    "Naive": (Naive(), naive),
    "Drift": (Drift(), drift),
    "SeasonalNaive": (SeasonalNaive(4), lambda y, h: seasonal_naive(y, h, 4)),
    "SeasonalNaive annual": (SeasonalNaive(), lambda y, h: seasonal_naive(y, h, 1)),
    "InSampleMean": (InSampleMean(), in_sample_mean),
    "DampedLogGrowth": (DampedLogGrowth(), damped_log_growth),
    "undamped": (DampedLogGrowth(1, 1), lambda y, h: damped_log_growth(y, h, 1, 1)),
}
SERIES = {
    "walk": walk(23),
    "short": [3.0, 4.0, 6.0, 5.0, 8.0],
    "constant": [7.0] * 6,
    "growing": [2.0**k for k in range(12)],
}
GAPPY = {
    "inside": [3.0, NAN, NAN, 6.0, 5.0, NAN, 9.0],
    "two values": [3.0, NAN, NAN, NAN, 6.0],
    "many": np.where(np.arange(30) % 3 == 1, NAN, walk(30)),
}


def check_against_twin(model, twin, windows, w, horizon=7):
    """Mean and every quantile of one window against the twin's."""
    found = model.forecast(windows, horizon, LEVELS)
    assert found.status[w] == Status.OK
    expected, dof = twin(windows.y(w).tolist(), horizon)
    centre, sd = np.array(expected).T
    quantiles = centre[:, None] + sd[:, None] * stats.t.ppf(PROBS, max(dof, 1))
    if isinstance(model, DampedLogGrowth):
        centre, quantiles = np.exp(centre), np.exp(quantiles)
    np.testing.assert_allclose(found.mean[w], centre, rtol=1e-12)
    np.testing.assert_allclose(found.quantiles[w], quantiles, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", TWINS)
def test_equals_the_textbook(name):
    model, twin = TWINS[name]
    windows = Windows.of(panel(*SERIES.values()))
    for w in range(len(windows)):
        check_against_twin(model, twin, windows, w)


@pytest.mark.parametrize("name", [n for n in TWINS if "Seasonal" not in n])
def test_equals_the_textbook_over_gaps(name):
    model, twin = TWINS[name]
    data = panel(*GAPPY.values())
    windows = Windows.of(data)
    for w in range(len(windows)):
        check_against_twin(model, twin, windows, w)
    # a window that ends in a gap: steps count from its last value
    end = windows.end.copy()
    end[0] = 6
    cut = Windows.of(data, windows.series, windows.start, end)
    assert np.isnan(cut.y(0)[-1])
    check_against_twin(model, twin, cut, 0)


def test_windows_that_begin_and_end_anywhere():
    data = panel(walk(40, 1), walk(30, 2))
    rng = np.random.default_rng(3)
    series = rng.integers(0, 2, 60)
    start = data.indptr[series] + rng.integers(0, 15, 60)
    end = start + rng.integers(5, 15, 60)
    windows = Windows.of(data, series, start, end)
    for model, twin in TWINS.values():
        for w in range(0, 60, 7):
            check_against_twin(model, twin, windows, w, horizon=5)


# --- by hand ----------------------------------------------------------------------------------


def test_naive_by_hand():
    found = Naive().forecast(Windows.of(panel([1, 3, 2])), 4, [80])
    assert found.mean.tolist() == [[2, 2, 2, 2]]
    z = 1.8856180831641267  # the 0.9 quantile of t with 2 degrees of freedom
    low, high = found.interval(80)
    sd = math.sqrt((4 + 1) / 2)  # changes +2, -1
    np.testing.assert_allclose(high[0] - 2, [z * sd, z * sd * 2**0.5, z * sd * 3**0.5, z * sd * 2])
    np.testing.assert_allclose(2 - low, high - 2)


def test_drift_by_hand():
    assert Drift().forecast(Windows.of(panel([1, 5, 3])), 3).mean.tolist() == [[4, 5, 6]]


def test_seasonal_naive_by_hand():
    found = SeasonalNaive().forecast(Windows.of(panel([9, 1, 2, 3, 4], freq="Q")), 6)
    assert found.mean.tolist() == [[1, 2, 3, 4, 1, 2]]


def test_damped_log_growth_by_hand():
    found = DampedLogGrowth(damping=0.5, shrink=1).forecast(Windows.of(panel([1, 2, 4])), 2)
    np.testing.assert_allclose(found.mean, [[4 * 2**0.5, 4 * 2**0.75]])


@pytest.mark.parametrize(
    ("model", "needed"),
    [
        (Naive(), 1),
        (InSampleMean(), 1),
        (Drift(), 2),
        (DampedLogGrowth(), 2),
        (SeasonalNaive(4), 4),
    ],
)
def test_the_fewest_values_a_baseline_takes(model, needed):
    enough, few = panel(range(1, needed + 1)), panel(range(1, needed) if needed > 1 else [NAN])
    assert model.forecast(Windows.of(enough), 2, [80]).status.tolist() == [Status.OK]
    assert model.forecast(Windows.of(few), 2, [80]).status.tolist() == [Status.TOO_SHORT]


@pytest.mark.parametrize(("model", "known_from"), [(Naive(), 2), (Drift(), 3), (InSampleMean(), 2),
                                                   (SeasonalNaive(4), 5),
                                                   (DampedLogGrowth(), 3)])  # fmt: skip
def test_there_is_no_interval_without_an_error_to_learn_from(model, known_from):
    for length in (known_from - 1, known_from):
        found = model.forecast(Windows.of(panel(range(1, length + 1))), 2, [80])
        assert np.isfinite(found.mean).all()
        assert np.isfinite(found.quantiles).all() == (length == known_from)


def test_two_values_give_a_forecast_and_no_interval():
    """One step is used up by the growth taken from it: nothing is left to measure its error by."""
    for model in (Drift(), DampedLogGrowth()):
        found = model.forecast(Windows.of(panel([100.0, 110.0])), 3, [80])
        assert np.isfinite(found.mean).all()
        assert np.isnan(found.quantiles).all()


def test_growth_needs_positive_values():
    found = DampedLogGrowth().forecast(Windows.of(panel([1, 0, 2], [1, 2, 3])), 1)
    assert found.status.tolist() == [Status.NOT_POSITIVE, Status.OK]


@pytest.mark.parametrize("settings", [{"damping": 0}, {"damping": 1.1}, {"shrink": -0.1},
                                      {"shrink": 2}, {"damping": NAN}])  # fmt: skip
def test_settings_of_growth_are_checked(settings):
    with pytest.raises(UsageError, match=r"expected 0 < damping <= 1 and 0 <= shrink <= 1"):
        DampedLogGrowth(**settings)


def test_season_length_is_checked():
    with pytest.raises(UsageError, match=r"season_length 0 found"):
        SeasonalNaive(0)


# --- statsforecast, the referee -----------------------------------------------------------------


def referee(name, *args):
    reason = "statsforecast is not installed"
    models = pytest.importorskip("statsforecast.models", reason=reason)
    return getattr(models, name)(*args)


@pytest.mark.parametrize("length", [9, 23, 40])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (Naive(), ("Naive",)),
        (Drift(), ("RandomWalkWithDrift",)),
        (SeasonalNaive(4), ("SeasonalNaive", 4)),
        (SeasonalNaive(1), ("SeasonalNaive", 1)),
        (InSampleMean(), ("HistoricAverage",)),
    ],
)
def test_equals_statsforecast(ours, theirs, length):
    y = walk(length, 5)
    expected = referee(*theirs).forecast(y, h=6, level=[80, 95])
    found = ours.forecast(Windows.of(panel(y)), 6, [80, 95])
    np.testing.assert_allclose(found.mean[0], expected["mean"], rtol=1e-10)
    for level in (80, 95):
        low, high = found.interval(level)
        # It takes the variance as known and multiplies by a normal score, we by one of Student's t.
        dof = {Drift: length - 2, InSampleMean: length - 1}.get(type(ours))
        if dof is None:
            dof = length - (ours.season_length if isinstance(ours, SeasonalNaive) else 1)
        p = 0.5 + level / 200
        widening = stats.t.ppf(p, dof) / stats.norm.ppf(p)
        if isinstance(ours, Drift):
            # We divide the squared errors by T - 2 (T - 1 differences less one parameter: FPP3
            # section 5.4 and R's rwf); statsforecast divides by T - 1 and is narrower.
            widening *= math.sqrt((length - 1) / (length - 2))
        width = expected[f"hi-{level}"] - expected["mean"]
        np.testing.assert_allclose(high[0] - found.mean[0], width * widening, rtol=1e-8)
        np.testing.assert_allclose(found.mean[0] - low[0], width * widening, rtol=1e-8)
