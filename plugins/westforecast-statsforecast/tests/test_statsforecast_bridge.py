"""The bridge: the numbers of statsforecast, and no trace of it."""

import os
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from westforecast.errors import UsageError
from westforecast.models import OutOfDomain, quiet
from westforecast_statsforecast.bridge import build, forecast, signature_of

PROBS = (0.0025, 0.1, 0.9, 0.9975)  # levels 80 and 99.5
Y = 50 + np.cumsum(np.random.default_rng(2).normal(1, 3, 30))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("AutoETS", {}),
        ("ARIMA", {"order": (0, 1, 1)}),
        ("RandomWalkWithDrift", {}),
        ("AutoCES", {"prediction_intervals": {"n_windows": 2}}),
        ("UCM", {"level": "random walk with drift"}),
        ("MSTL", {"season_length": [4]}),
    ],
)
def test_mean_and_intervals_are_those_of_statsforecast(kind, arguments):
    mean, quantiles = forecast(kind, arguments, Y, 5, PROBS)
    with quiet():
        direct = build(kind, arguments, 5).forecast(y=Y.copy(), h=5, level=[80, 99.5])
    ends = [direct["lo-99.5"], direct["lo-80"], direct["hi-80"], direct["hi-99.5"]]
    # Shown in another unit, their optimizers stop within their tolerance elsewhere.
    np.testing.assert_allclose(mean, direct["mean"], rtol=1e-3)
    np.testing.assert_allclose(quantiles, np.stack(ends, axis=1), rtol=1e-3)


def test_demand_below_zero_is_refused():
    with pytest.raises(OutOfDomain, match="TSB needs values of 0 or more; -1 found"):
        forecast("TSB", {"alpha_d": 0.3, "alpha_p": 0.3}, np.array([0.0, 3, -1, 2]), 2, PROBS)


def test_a_class_without_intervals_gives_nan_quantiles():
    mean, quantiles = forecast("WindowAverage", {"window_size": 3}, Y, 2, PROBS)
    np.testing.assert_allclose(mean, Y[-3:].mean())
    assert quantiles.shape == (2, 4)
    assert np.isnan(quantiles).all()


def test_conformal_intervals_cover_the_horizon_that_is_asked_for():
    arguments = {"window_size": 3, "prediction_intervals": {"n_windows": 4}}
    _, quantiles = forecast("WindowAverage", arguments, Y, 5, PROBS)
    with quiet():
        from statsforecast.models import WindowAverage
        from statsforecast.utils import ConformalIntervals

        model = WindowAverage(3, prediction_intervals=ConformalIntervals(n_windows=4, h=5))
        direct = model.forecast(y=Y.copy(), h=5, level=[80, 99.5])
    np.testing.assert_array_equal(quantiles[:, 1], direct["lo-80"])
    np.testing.assert_array_equal(quantiles[:, 3], direct["hi-99.5"])


def test_the_default_forecaster_that_mstl_objects_share_stays_as_it_is():
    arguments = {"season_length": 4, "prediction_intervals": {"n_windows": 2}}
    forecast("MSTL", arguments, Y, 2, PROBS)
    shared = signature_of("MSTL").parameters["trend_forecaster"].default
    assert shared.prediction_intervals is None


def test_values_missing_before_the_first_are_no_part_of_the_series():
    begun_in_a_gap = np.r_[np.nan, np.nan, Y]
    for a, b in zip(
        forecast("AutoETS", {}, Y, 3, PROBS),
        forecast("AutoETS", {}, begun_in_a_gap, 3, PROBS),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_intervals_that_statsforecast_draws_unseeded_are_the_same_each_time():
    first = forecast("ConformalSeasonalPool", {"season_length": 4}, Y, 5, PROBS)
    again = forecast("ConformalSeasonalPool", {"season_length": 4}, Y, 5, PROBS)
    np.testing.assert_array_equal(first[1], again[1])
    assert (np.diff(first[1], axis=1) >= 0).all()


def traces() -> tuple:
    """What belongs to the process and could be left changed."""
    random = np.random.get_state()[1].tobytes()
    return warnings.filters[:], random, sys.stdout, os.getcwd(), dict(os.environ)


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [("AutoARIMA", {"trace": True}), ("GARCH", {}), ("UCM", {"cycle": True})],
    ids=["prints", "seeds the global generator", "warns"],
)
def test_no_print_warning_or_random_draw_gets_out(kind, arguments, capfd):
    signature_of(kind)  # the import itself sets environment variables
    before = traces()
    forecast(kind, arguments, Y[:12], 2, PROBS)
    assert traces() == before
    assert capfd.readouterr() == ("", "")


def test_everything_is_put_back_after_an_error():
    signature_of("AutoETS")
    before = traces()
    with pytest.raises(NotImplementedError, match="tiny"):
        forecast("AutoETS", {}, Y[:4], 2, PROBS)
    assert traces() == before


def test_threads_give_the_numbers_of_one_thread_and_leave_no_trace():
    def one(_):
        return np.c_[forecast("GARCH", {}, Y, 3, PROBS)]

    signature_of("GARCH")
    before = traces()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(one, range(16)))
    for answer in found:
        np.testing.assert_array_equal(answer, found[0])
    assert traces() == before


def test_the_series_is_not_written_to():
    frozen = Y.copy()
    frozen.flags.writeable = False
    forecast("AutoARIMA", {}, frozen, 2, PROBS)
    np.testing.assert_array_equal(frozen, Y)


def test_a_class_that_the_installed_version_lacks_is_named():
    with pytest.raises(UsageError, match=r"statsforecast 2\..* has no class 'Tomorrow'"):
        build("Tomorrow", {}, 1)
