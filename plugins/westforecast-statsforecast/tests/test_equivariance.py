"""What the table says of level and unit, held against the numbers that come out."""

import numpy as np
import pytest

from westforecast.models import quiet
from westforecast.models.equivariance import (
    EQUIVARIANCE,
    equivariance,
    keeps_constants,
    standard,
)
from westforecast_statsforecast.bridge import build, forecast
from westforecast_statsforecast.catalogue import EXAMPLES, OFFERS, offer

PROBS = (0.025, 0.1, 0.25, 0.75, 0.9, 0.975)
RISE = np.array([1.0, 2, 4, 3, 5, 6, 5, 7, 8, 9])
GENERATOR = np.random.default_rng(3)
WALK = 50 + np.cumsum(GENERATOR.normal(1, 3, 24))
NOISE = 20 + GENERATOR.normal(0, 2, 24)
SEASON = 100 + 10 * np.tile([1.0, -1, 2, -2], 7) + GENERATOR.normal(0, 1, 28)
DEMAND = np.array([0, 0, 3, 0, 0, 0, 2, 0, 0, 4, 0, 0, 0, 1, 0, 0, 2, 0, 0, 0], float)
SLOW = {
    "AutoTBATS": (RISE,), "AutoMFLES": (RISE,), "AutoCES": (RISE,), "AutoARIMA": (RISE,),
    "TBATS": (RISE,), "ADIDA": (DEMAND,), "IMAPA": (DEMAND,),
}  # fmt: skip

KINDS = sorted(set(OFFERS) - {"ConstantModel"})
BOTH = [kind for kind in KINDS if equivariance(kind, {}, 1)[0]]
FORMS = [
    ("AutoETS", {"model": "AAN", "damped": False}),
    ("AutoETS", {"model": "ANN"}),
    ("ARIMA", {"order": (0, 1, 1), "include_drift": True}),
    ("ARIMA", {"order": (0, 2, 1)}),
    ("AutoARIMA", {"d": 1, "allowmean": False}),
    ("UCM", {"level": "local linear trend"}),
    ("UCM", {"level": "random walk with drift", "autoregressive": 1}),
    ("UCM", {"level": "deterministic trend"}),
    ("AutoTheta", {"season_length": 4, "decomposition_type": "additive"}),
    ("Naive", {"prediction_intervals": {"n_windows": 2}}),
    ("Theta", {"prediction_intervals": {"n_windows": 2}}),
    ("ARIMA", {"prediction_intervals": {"n_windows": 2, "method": "conformal_error"}}),
    ("GARCH", {"p": 2, "q": 0}),
    ("HoltWinters", {"season_length": 4}),
    ("MSTL", {"season_length": 4}),
]


def series_for(kind: str, arguments: dict) -> list[np.ndarray]:
    if offer(kind).periodic or arguments.get("season_length", 1) > 1:
        return [SEASON]
    return list(SLOW.get(kind, (RISE, WALK, NOISE, DEMAND)))


def numbers(kind: str, arguments: dict, y: np.ndarray) -> np.ndarray:
    """Point forecasts and quantiles [3, 1 + Q], NaN where there are none."""
    needed = {name: EXAMPLES[name] for name in offer(kind).needs}
    if kind == "AutoTBATS":  # its whole search takes seconds a series
        needed |= {"use_trend": True, "use_damped_trend": False, "use_arma_errors": False}
    if offer(kind).season:
        needed["season_length"] = 4 if len(y) == len(SEASON) else 1
    mean, quantiles = forecast(kind, {**needed, **arguments}, y, 3, PROBS)
    return np.c_[mean, quantiles]


def distance(kind, arguments, y, *, plus=(0.0,), times=(1.0,)) -> float:
    """How far changed data's numbers, carried back, are from the data's, in standard deviations."""
    own = numbers(kind, arguments, y)
    changed = [(numbers(kind, arguments, y * by + c) - c) / by - own for by in times for c in plus]
    return float(np.nanmax(np.abs(changed)) / y.std())


def test_every_class_has_its_line():
    assert sorted(EQUIVARIANCE) == sorted(OFFERS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_of_a_series_changes_nothing_but_the_unit(kind):
    assert equivariance(kind, {}, 1)[1]
    for y in series_for(kind, {}):
        # SES of statsforecast searches in the data's own unit, to 1e-8.
        assert distance(kind, {}, y, times=(1e-6,) if kind in SLOW else (1e-6, 1e-3, 1e8)) < 1e-7


@pytest.mark.parametrize("kind", BOTH)
def test_the_level_of_a_series_changes_nothing_but_the_level(kind):
    for y in series_for(kind, {}):
        # At 1e6 the data have ten digits left, and optimizers stop where they find no descent.
        assert distance(kind, {}, y, plus=(1e3, 1e6)) < 1e-4


@pytest.mark.parametrize(("kind", "arguments"), FORMS)
def test_forms_follow_as_their_arguments_say(kind, arguments):
    location, scale = equivariance(kind, arguments, arguments.get("season_length", 1))
    assert scale
    for y in series_for(kind, arguments)[:2]:
        assert distance(kind, arguments, y, times=(1e-5,)) < 1e-7
        if location:
            assert distance(kind, arguments, y, plus=(1e5,)) < 1e-4


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("AutoETS", {}),
        ("AutoCES", {}),
        ("MFLES", {}),
        ("TBATS", {}),
        ("CrostonSBA", {}),
        ("TSB", {}),
        ("ZeroModel", {}),
        ("ARIMA", {"order": (0, 0, 1), "include_mean": False}),
        ("ARIMA", {"include_constant": False}),
        ("Theta", {"season_length": 4}),
        ("Holt", {"error_type": "M"}),
    ],
)
def test_what_is_not_said_to_follow_the_level_does_not(kind, arguments):
    assert not equivariance(kind, arguments, arguments.get("season_length", 1))[0]
    (y, *_) = [SEASON] if "season_length" in arguments else [RISE]
    assert distance(kind, arguments, y, plus=(1e3,)) > 1e-5


@pytest.mark.parametrize(
    ("kind", "tolerance"),
    [
        ("AutoARIMA", 1e-4), ("ARIMA", 1e-6), ("AutoRegressive", 1e-5), ("AutoETS", 1e-9),
        ("UCM", 1e-3), ("MFLES", 1e-9), ("Holt", 0.02), ("HoltWinters", 0.02), ("MSTL", 1e-9),
    ],
)  # fmt: skip
def test_at_a_benign_level_the_numbers_are_those_of_statsforecast(kind, tolerance):
    """Holt's optimizer stops elsewhere: by up to 0.02 standard deviations."""
    for y in [SEASON] if offer(kind).periodic else [WALK, NOISE]:
        needed = {name: EXAMPLES[name] for name in offer(kind).needs}
        if offer(kind).season:
            needed["season_length"] = 4 if y is SEASON else 1
        levels = [95] if offer(kind).intervals else None
        with quiet():
            direct = build(kind, needed, 3).forecast(y=y.copy(), h=3, level=levels)
        ends = [direct["lo-95"], direct["hi-95"]] if levels else []
        ours = numbers(kind, {}, y)[:, [0, 1, 6]]
        for k, theirs in enumerate([direct["mean"], *ends]):
            assert np.abs(ours[:, k] - theirs).max() < tolerance * y.std()


@pytest.mark.parametrize("kind", ["Theta", "OptimizedTheta", "DynamicTheta", "AutoTheta"])
def test_the_point_forecasts_of_theta_are_those_of_statsforecast(kind):
    with quiet():
        direct = build(kind, {"season_length": 1}, 3).forecast(y=WALK.copy(), h=3)["mean"]
    assert np.abs(numbers(kind, {}, WALK)[:, 0] - direct).max() < 1e-3 * WALK.std()


@pytest.mark.parametrize("kind", sorted(OFFERS))
def test_quantiles_rise_around_the_point_forecast_and_have_a_width(kind):
    for y in series_for(kind, {}):
        found = numbers(kind, {}, y)
        if not offer(kind).intervals:
            assert np.isnan(found[:, 1:]).all()
            continue
        assert (np.diff(found[:, 1:], axis=1) >= 0).all()
        assert (found[:, 6] > found[:, 1]).all()
        assert (found[:, 3] <= found[:, 0]).all()  # 50 % and wider hold the point forecast
        assert (found[:, 4] >= found[:, 0]).all()


FORECASTS_ITS_OWN = {"ConstantModel", "ZeroModel", "CrostonSBA"}


@pytest.mark.parametrize("kind", sorted(set(OFFERS) - FORECASTS_ITS_OWN))
@pytest.mark.parametrize("value", [7.0, 0.1, 1e9, 0.0])
def test_b32_a_constant_series_is_forecast_by_its_value_for_certain(kind, value):
    found = numbers(kind, {}, np.full(28, value))
    np.testing.assert_allclose(found[:, 0], value, rtol=1e-12)
    if offer(kind).intervals:
        np.testing.assert_allclose(found[:, 1:], value, rtol=1e-12)


def test_a_constant_is_for_certain_only_with_a_level_that_can_be_it():
    assert keeps_constants("ARIMA", {}, 1)
    assert not keeps_constants("ARIMA", {"include_mean": False}, 1)
    assert not keeps_constants("CrostonSBA", {}, 1)


def test_what_needs_no_search_is_given_as_it_is():
    assert standard("Naive", {}, 1, RISE).into(RISE) is RISE
    assert numbers("Naive", {}, np.array([0.1, 0.3, 0.7]))[0, 0] == 0.7
