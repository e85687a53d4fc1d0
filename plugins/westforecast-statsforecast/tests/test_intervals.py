"""Predictive distributions of our own, held against simulation of the model that is assumed."""

import numpy as np
import pytest

from westforecast.kernels.quantiles import normal_scores
from westforecast.models import quiet
from westforecast_statsforecast.bridge import build, forecast
from westforecast_statsforecast.intervals import ces, garch, theta

PROBS = (0.025, 0.1, 0.9, 0.975)
GENERATOR = np.random.default_rng(7)
WALK = 50 + np.cumsum(GENERATOR.normal(0.5, 2, 30))
QUARTERS = WALK[:28] + np.tile([9.0, -7, 5, -7], 7)


def sd_of(quantiles: np.ndarray) -> np.ndarray:
    """Standard deviation [H] of a normal distribution by two of its quantiles."""
    low, high = normal_scores([0.1, 0.9])
    return (quantiles[:, 2] - quantiles[:, 1]) / (high - low)


@pytest.mark.parametrize("kind", ["DynamicTheta", "DynamicOptimizedTheta"])
def test_theta_has_the_deviation_of_its_own_paths(kind):
    with quiet():
        model = build(kind, {"season_length": 1}, 6)
        _, quantiles = theta(model, WALK, 6, PROBS)
        paths = model.simulate(6, 20_000, seed=1)
    np.testing.assert_allclose(sd_of(quantiles), paths.std(axis=0), rtol=0.03)


def test_a_dynamic_line_is_the_least_squares_line_of_all_values_so_far():
    """Responses by moving one error: the recursion with its line fitted by polyfit each time."""
    short, horizon, step = WALK[:5], 12, 1e-3
    with quiet():
        model = build("DynamicTheta", {"season_length": 1}, horizon)
        _, quantiles = theta(model, short, horizon, PROBS)
    fitted = model.model_
    alpha, theta_, n = fitted["par"]["alpha"], fitted["par"]["theta"], fitted["n"]

    def path(errors):
        values, level = list(short), 0.0
        for h, error in enumerate(errors):
            slope, intercept = np.polyfit(np.arange(1, n + h + 1), values, 1)
            decay = (1 - alpha) ** (n + h)
            line = intercept * decay + slope * (1 - decay * (1 - alpha)) / alpha
            values.append(level + (1 - 1 / theta_) * line + error)
            level = alpha * values[-1] + (1 - alpha) * level
        return np.array(values[n:])

    still = path(np.zeros(horizon))
    moves = np.array([(path(step * row) - still) / step for row in np.eye(horizon)])
    residuals = fitted["residuals"]
    seen = residuals[3:] if len(residuals) > 4 else residuals
    expected = np.std(seen, ddof=1) * np.sqrt((moves**2).sum(axis=0))
    np.testing.assert_allclose(sd_of(quantiles), expected, rtol=1e-6)


def test_the_line_of_a_static_theta_stays_so_only_the_level_moves():
    with quiet():
        model = build("Theta", {"season_length": 1}, 5)
        _, quantiles = theta(model, WALK, 5, PROBS)
    alpha, residuals = model.model_["par"]["alpha"], model.model_["residuals"][3:]
    expected = residuals.std(ddof=1) * np.sqrt(1 + alpha**2 * np.arange(5))
    np.testing.assert_allclose(sd_of(quantiles), expected, rtol=1e-9)


@pytest.mark.parametrize("decomposition", ["additive", "multiplicative"])
def test_a_season_is_no_error_of_theta(decomposition):
    arguments = {"season_length": 4, "decomposition_type": decomposition}
    _, seasonal = forecast("Theta", arguments, QUARTERS, 1, PROBS)
    _, plain = forecast("Theta", {"season_length": 1}, WALK[:28], 1, PROBS)
    assert sd_of(seasonal)[0] < 1.3 * sd_of(plain)[0]  # statsforecast, additive: 4 times


@pytest.mark.parametrize("form", ["N", "S", "P", "F"])
def test_ces_has_the_deviation_of_paths_through_its_own_recursion(form):
    """Each path: draw an error, add it to the value, carry the states on by the equations."""
    horizon = 8
    with quiet():
        model = build("AutoCES", {"season_length": 4, "model": form}, horizon)
        mean, quantiles = ces(model, QUARTERS, horizon, PROBS)
    fitted = model.model_
    p, lag, sigma = fitted["par"], fitted["m"], np.sqrt(fitted["sigma2"])
    paths = 20_000
    end = fitted["n"] + lag
    past = [np.tile(s, (paths, 1)) for s in fitted["states"][end - max(lag, 1) : end]]
    drawn = np.empty((paths, horizon))
    for step in range(horizon):
        smooth = past[-lag] if form == "S" else past[-1]
        season = past[-lag]
        error = np.random.default_rng(step).normal(0, sigma, paths)
        level, potential = smooth[:, 0], smooth[:, 1]
        drawn[:, step] = level + error
        new = np.empty_like(past[-1])
        new[:, 0] = level - (1 - p["alpha_1"]) * potential + (p["alpha_0"] - p["alpha_1"]) * error
        new[:, 1] = level + (1 - p["alpha_0"]) * potential + (p["alpha_0"] + p["alpha_1"]) * error
        if form == "P":
            drawn[:, step] += season[:, 2]
            new[:, 2] = season[:, 2] + p["beta_0"] * error
        if form == "F":
            drawn[:, step] += season[:, 2]
            b0, b1 = p["beta_0"], p["beta_1"]
            new[:, 2] = season[:, 2] - (1 - b1) * season[:, 3] + (b0 - b1) * error
            new[:, 3] = season[:, 2] + (1 - b0) * season[:, 3] + (b0 + b1) * error
        past.append(new)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=0.1 * sigma)
    np.testing.assert_allclose(sd_of(quantiles), drawn.std(axis=0), rtol=0.03)


def returns(length: int, seed: int) -> np.ndarray:
    """GARCH(1, 1) with a variance of 1: omega .1, alpha .2, beta .7."""
    generator = np.random.default_rng(seed)
    variance, series = 1.0, []
    for _ in range(length + 50):
        series.append(np.sqrt(variance) * generator.standard_normal())
        variance = 0.1 + 0.2 * series[-1] ** 2 + 0.7 * variance
    return np.array(series[50:])


def test_garch_has_the_deviation_of_its_own_paths():
    y = returns(400, 0)
    with quiet():
        model = build("GARCH", {}, 5)
        mean, quantiles = garch(model, y, 5, PROBS)
    omega, alpha, beta = model.model_["coeff"]
    generator, paths = np.random.default_rng(2), 40_000
    before, variance = np.full(paths, y[-1] - y.mean()), model.model_["sigma2_vals"][-1]
    for step in range(5):
        variance = omega + alpha * before**2 + beta * variance
        before = np.sqrt(variance) * generator.standard_normal(paths)
        np.testing.assert_allclose(sd_of(quantiles)[step], before.std(), rtol=0.03)
    np.testing.assert_array_equal(mean, y.mean())


@pytest.mark.parametrize("kind", ["GARCH", "ARCH"])
def test_the_next_value_lies_inside_as_often_as_asked(kind):
    inside = []
    for seed in range(100):
        y = returns(121, seed)
        _, quantiles = forecast(kind, {}, y[:-1], 1, PROBS)
        inside.append(quantiles[0, 1] <= y[-1] <= quantiles[0, 2])
    assert 0.7 < np.mean(inside) < 0.9  # 80 %, within 2.5 standard errors of 4


def test_below_the_box_cox_scale_quantiles_still_rise():
    """statsforecast leaves such an end on the transformed scale, perhaps above a higher one."""
    y = np.array([4, 30, 1, 12, 2, 45, 1, 9, 3, 60, 2, 16], float)
    mean, quantiles = forecast("TBATS", {"season_length": 1}, y, 3, PROBS)
    assert (quantiles[:, 0] > -1).all()
    assert (np.diff(quantiles, axis=1) > 0).all()
    assert (quantiles[:, 0] <= mean).all()
    assert (mean <= quantiles[:, 3]).all()


def test_the_pool_is_drawn_alike_and_its_median_is_the_point():
    rise = np.arange(1.0, 13) + np.array([0, 0.3] * 6)
    mean, quantiles = forecast("ConformalSeasonalPool", {"season_length": 1}, rise, 3, (0.4, 0.6))
    assert (quantiles[:, 0] <= mean).all()
    assert (mean <= quantiles[:, 1]).all()
    assert (mean > rise[-1]).all()  # all errors of the last value were positive
