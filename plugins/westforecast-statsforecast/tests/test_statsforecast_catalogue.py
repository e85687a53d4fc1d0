"""The table of classes against the installed statsforecast: names, arguments, lengths, bands."""

from importlib.util import find_spec
from inspect import Parameter

import numpy as np
import pytest

from westforecast.errors import UnknownNameError
from westforecast.models import Status, Windows, quiet
from westforecast.series import Calendar, Indicator, Panel
from westforecast_statsforecast.bridge import build, signature_of
from westforecast_statsforecast.catalogue import OFFERS, longest_season, offer, shortest
from westforecast_statsforecast.model import StatsForecastModel

LEFT_OUT = {"SklearnModel": "needs regressors", "NaNModel": "forecasts nothing"}
ARGUMENTS = {
    "AutoMFLES": {"test_size": 2},
    "AutoRegressive": {"lags": 1},
    "ConstantModel": {"constant": 3.0},
    "SeasonalExponentialSmoothing": {"alpha": 0.5},
    "SeasonalWindowAverage": {"window_size": 2},
    "SimpleExponentialSmoothing": {"alpha": 0.5},
    "TSB": {"alpha_d": 0.2, "alpha_p": 0.2},
    "WindowAverage": {"window_size": 3},
}
SECONDS_A_SERIES = {"AutoTBATS"}


def runnable() -> list[str]:
    without = SECONDS_A_SERIES | ({"MFLES", "AutoMFLES"} if find_spec("sklearn") is None else set())
    return sorted(set(OFFERS) - without)


def windows_over(values: np.ndarray, quarterly: bool) -> Windows:
    calendar = Calendar("Q", "period") if quarterly else Calendar("Y", "integer")
    indptr = np.array([0, len(values)], np.int64)
    return Windows.of(Panel(values, indptr, np.array([8000]), (Indicator(id="a"),), calendar))


@pytest.fixture(scope="module")
def growth() -> np.ndarray:
    generator = np.random.default_rng(5)
    return 100 * np.exp(np.cumsum(0.03 + 0.05 * generator.standard_normal(40)))


def test_every_class_of_the_installed_library_is_offered_or_left_out_for_a_reason():
    with quiet():
        from statsforecast import models
    assert sorted(models.__all__) == sorted({*OFFERS, *LEFT_OUT})


@pytest.mark.parametrize("kind", sorted(OFFERS))
def test_season_and_needed_arguments_are_those_of_the_signature(kind):
    parameters = signature_of(kind).parameters
    required = {n for n, p in parameters.items() if p.default is Parameter.empty}
    assert offer(kind).season == ("season_length" in parameters)
    assert set(offer(kind).needs) == required - {"season_length"}
    assert "kind" not in parameters, "it would clash with the first argument of StatsForecastModel"


@pytest.mark.parametrize("kind", sorted(OFFERS))
def test_a_summary_is_one_line(kind):
    assert 0 < len(offer(kind).summary) < 70
    assert "\n" not in offer(kind).summary


@pytest.mark.parametrize("kind", runnable())
def test_intervals_are_declared_where_there_are_some(kind, growth):
    model = StatsForecastModel(kind, **ARGUMENTS.get(kind, {}))
    forecast = model.forecast(windows_over(growth[:24], quarterly=True), 2, (80,))
    assert forecast.status[0] == Status.OK, forecast.reason
    assert np.isfinite(forecast.quantiles).all() == offer(kind).intervals


FORMS = [
    *((kind, ARGUMENTS.get(kind, {})) for kind in runnable()),
    ("AutoETS", {"model": "ANN"}),
    ("AutoETS", {"model": "MAN", "damped": True}),
    ("AutoETS", {"model": "AAA"}),
    ("AutoETS", {"model": "MAM", "damped": True}),
    ("ARIMA", {"order": (0, 2, 1)}),
    ("ARIMA", {"order": (0, 1, 1), "seasonal_order": (0, 1, 1)}),
    ("AutoARIMA", {"d": 2, "D": 1}),
    ("UCM", {"level": "local linear trend", "seasonal": 4}),
]


def seasonal(kind: str, arguments: dict) -> bool:
    return offer(kind).periodic or arguments.get("model", "ZZN")[2] in "AM"


@pytest.mark.parametrize(
    ("kind", "arguments", "quarterly"),
    [(k, a, q) for k, a in FORMS for q in (False, True) if q or not seasonal(k, a)],
)
def test_the_shortest_series_is_forecast_with_a_width_and_a_shorter_one_declined(
    kind, arguments, quarterly, growth
):
    model = StatsForecastModel(kind, **arguments)
    n = model.required(4 if quarterly else 1)
    fits = model.forecast(windows_over(growth[:n], quarterly), 3, (80, 95))
    short = model.forecast(windows_over(growth[: n - 1], quarterly), 3, (80, 95))
    assert fits.status[0] == Status.OK, fits.reason
    assert np.isfinite(fits.mean).all()
    assert short.status[0] == Status.TOO_SHORT
    if offer(kind).intervals:
        low, high = fits.interval(80)
        assert (high > low).all()


# Where one value fewer is refused by statsforecast itself, or gives nothing or no width.
SHARP = [
    ("AutoETS", {"season_length": 1}, 7),
    ("AutoETS", {"season_length": 1, "model": "AAN", "damped": True}, 10),
    ("AutoETS", {"season_length": 12, "model": "AAA"}, 19),
    ("AutoETS", {"season_length": 12, "model": "ZZA"}, 17),
    ("AutoCES", {"season_length": 1}, 5),
    ("AutoTheta", {"season_length": 1}, 4),
    ("Holt", {"season_length": 1}, 9),
    ("HoltWinters", {"season_length": 4}, 11),
    ("ARIMA", {"order": (2, 1, 2), "method": "ML"}, 6),
    ("ARIMA", {"order": (0, 1, 1), "seasonal_order": (0, 1, 1), "season_length": 4}, 8),
    ("Naive", {}, 2),
    ("RandomWalkWithDrift", {}, 3),
    ("SeasonalNaive", {"season_length": 4}, 5),
    ("SeasonalWindowAverage", {"season_length": 4, "window_size": 2}, 8),
    ("UCM", {}, 2),
]


@pytest.mark.parametrize(("kind", "arguments", "length"), SHARP)
def test_shortest_lengths_are_those_of_statsforecast_itself(kind, arguments, length, growth):
    assert shortest(kind, arguments, 1) == length
    assert works(kind, arguments, growth[:length])
    assert not works(kind, arguments, growth[: length - 1])


def works(kind: str, arguments: dict, y: np.ndarray) -> bool:
    """Whether statsforecast, asked directly, gives finite forecasts and intervals with a width."""
    levels = [80.0] if offer(kind).intervals else None
    try:
        with quiet():
            answer = build(kind, arguments, 1).forecast(y=y.copy(), h=4, level=levels)
    except Exception:
        return False
    width = answer["hi-80.0"] - answer["lo-80.0"] if levels else np.ones(4)
    return bool(
        np.isfinite(answer["mean"]).all() and (width > 0).all() and np.isfinite(width).all()
    )


def test_the_longest_of_several_seasons_counts():
    assert longest_season({"season_length": [4, 12]}, 1) == 12
    assert longest_season({"season_length": 7}, 1) == 7
    assert longest_season({}, 4) == 4
    assert longest_season({"season_length": None}, 4) == 4


def test_an_unknown_class_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no forecasting class 'AutoTeta'.*'AutoTheta'"):
        offer("AutoTeta")
