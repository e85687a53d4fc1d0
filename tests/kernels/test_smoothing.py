"""Exponential smoothing for a grid: against the Gaussian law written out, and against itself."""

import numpy as np
import pytest

from westforecast.kernels.smoothing import BLOCK, Fit, Grid, fit, laws, scan

from ..builders import NAN


def grid(rows, season_length=1, group=None) -> Grid:
    """Candidates from rows of alpha, beta, gamma, phi, kappa, season scale, prior."""
    alpha, beta, gamma, phi, kappa, scale, prior = np.array(rows, float).T
    groups = np.arange(len(rows)) if group is None else np.array(group)
    return Grid(alpha, beta, gamma, phi, kappa, scale, np.log(prior), groups, season_length)


ANNUAL = grid([
    (0.3, 0.0, 0, 1.0, 0.0, 0, 0.2), (1.0, 0.0, 0, 1.0, 0.7, 0, 0.3),
    (0.6, 0.2, 0, 0.9, 1.5, 0, 0.1), (0.9, 0.9, 0, 1.0, 0.3, 0, 0.2),
    (0.2, 0.1, 0, 0.8, 3.0, 0, 0.2),
])  # fmt: skip
QUARTERLY = grid([
    (0.4, 0.1, 0.2, 0.9, 0.7, 3.0, 0.5), (0.7, 0.0, 0.0, 1.0, 0.5, 1.0, 0.3),
    (0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.2),
], season_length=4)  # fmt: skip


def walks(length: int, count: int, seed: int = 0) -> np.ndarray:
    """Columns [T, C] that grow and wander."""
    generator = np.random.default_rng(seed)
    return 50 + np.cumsum(generator.normal(0.4, 1.0, (length, count)), axis=0)


def alone(y: np.ndarray, points: Grid, path=fit) -> Fit:
    """One window that is the whole of one history."""
    (done,) = path(y[:, None], np.array([0]), np.array([len(y)]), np.array([0.0]), points)
    return done


def whole(fits, name: str) -> np.ndarray:
    """A field of all windows; covariances one a window."""
    if name == "covariance":
        return np.concatenate([done.covariance[done.kind] for done in fits])
    return np.concatenate([getattr(done, name) for done in fits])


def laws_of(y, points, horizon, spread=True):
    return laws([alone(y, points)], horizon, points, spread=spread)[0]


def written_out(points: Grid, g: int, length: int) -> np.ndarray:
    """Coefficients of y_1..y_T [T, 1 + 1 + m + T] in (l_0, b_0, first season, e_1..e_T).

    The recursions of Hyndman et al. (2008), table 2.1, run on symbols.
    """
    m = points.season_length if points.season_length > 1 else 0
    unit = np.eye(2 + m + length)
    level, slope = unit[0], unit[1]
    season = [unit[2 + j] for j in range(m)]
    a, b, c, phi = (x[g] for x in (points.alpha, points.beta, points.gamma, points.phi))
    rows = []
    for t in range(length):
        error = unit[2 + m + t]
        now = season[t] if m else 0
        rows.append(level + phi * slope + now + error)
        level, slope = level + phi * slope + a * error, phi * slope + b * error
        if m:
            season.append(now + c * error)
    return np.array(rows)


def law(points: Grid, g: int, y: np.ndarray, horizon: int):
    """S_n, log determinant, mean and variance (in sigma^2) of the next values, by conditioning the
    joint normal law of all y_t - y_1, in which the diffuse level drops out."""
    coefficients = written_out(points, g, len(y) + horizon)
    m = points.season_length if points.season_length > 1 else 0
    differences = (coefficients[1:] - coefficients[0])[:, 1:]  # the level's column is zero
    prior = np.eye(differences.shape[1])
    prior[0, 0] = points.kappa[g] ** 2
    prior[1 : 1 + m, 1 : 1 + m] = points.season_scale[g] ** 2 * (np.eye(m) - 1 / max(m, 1))
    joint = differences @ prior @ differences.T
    past = np.flatnonzero(np.isfinite(y[1:]))
    future = np.arange(len(y) - 1, len(y) - 1 + horizon)
    data = (y[1:] - y[0])[past]
    known = joint[np.ix_(past, past)]
    cross = joint[np.ix_(future, past)]
    mean = y[0] + cross @ np.linalg.solve(known, data)
    variance = joint[np.ix_(future, future)] - cross @ np.linalg.solve(known, cross.T)
    return data @ np.linalg.solve(known, data), np.linalg.slogdet(known)[1], mean, np.diag(variance)


def gappy(y: np.ndarray) -> np.ndarray:
    y = y.copy()
    y[[3, 4, 9]] = NAN
    return y


@pytest.mark.parametrize(
    ("points", "path", "y"),
    [
        (ANNUAL, fit, walks(15, 1)[:, 0]),
        (ANNUAL, scan, walks(15, 1)[:, 0]),
        (ANNUAL, scan, gappy(walks(15, 1)[:, 0])),
        (ANNUAL, scan, np.append(walks(12, 1)[:, 0], [NAN, NAN])),
        (ANNUAL, fit, walks(BLOCK + 9, 1)[:, 0]),
        (QUARTERLY, fit, walks(14, 1)[:, 0]),
        (QUARTERLY, scan, walks(14, 1)[:, 0]),
        (QUARTERLY, scan, gappy(walks(14, 1)[:, 0])),
        (QUARTERLY, fit, walks(BLOCK + 3, 1)[:, 0]),
    ],
    ids=["annual", "annual, scan", "gaps", "gap at the end", "two blocks", "quarterly",
         "quarterly, scan", "quarterly, gaps", "quarterly, two blocks"],
)  # fmt: skip
def test_it_is_the_normal_law_conditioned_on_the_first_value(points, path, y):
    horizon = 6
    done = alone(y, points, path)
    found, left = laws([done], horizon, points, spread=True)
    degrees = np.isfinite(y).sum() - 1
    assert left.tolist() == done.degrees.tolist() == [degrees]
    for g in range(len(points)):
        squares, log_determinant, mean, variance = law(points, g, y, horizon)
        np.testing.assert_allclose(done.squares[0, g], squares, rtol=1e-9)
        likelihood = -0.5 * (degrees * np.log(squares) + log_determinant)
        np.testing.assert_allclose(done.log_likelihood[0, g], likelihood, rtol=1e-9)
        np.testing.assert_allclose(found.log_mass[g], points.log_prior[g] + likelihood, rtol=1e-9)
        np.testing.assert_allclose(found.mean[g, :, 0], mean, rtol=1e-10)
        np.testing.assert_allclose(
            found.variance[g, :, 0], squares / degrees * variance, rtol=1e-8
        )  # fmt: skip


@pytest.mark.parametrize("length", [5, BLOCK, BLOCK + 1, 3 * BLOCK - 7])
def test_matrices_and_steps_agree_at_every_origin(length):
    y = walks(length, 3, seed=length)
    n, column = (a.ravel() for a in np.mgrid[1 : length + 1, 0:3])
    one, two = (list(path(y, column, n, np.full(len(n), 1e-9), ANNUAL)) for path in (fit, scan))
    for name in ("squares", "degrees", "log_likelihood", "state", "covariance"):
        np.testing.assert_allclose(whole(one, name), whole(two, name), rtol=1e-8, atol=1e-8)


def test_a_window_alone_gives_what_it_gives_among_others():
    """Neither other series, nor what comes after the end, nor other origins matter."""
    y = walks(90, 37, seed=4)
    ends = np.sort(np.random.default_rng(1).integers(2, 91, 60))
    column = np.random.default_rng(2).integers(0, 37, 60)
    among = list(fit(y, column, ends, np.zeros(60), ANNUAL))
    for w in range(60):
        one = alone(y[: ends[w], column[w]], ANNUAL)
        np.testing.assert_allclose(
            one.squares[0], whole(among, "squares")[w], rtol=1e-11, atol=1e-11
        )
        np.testing.assert_allclose(one.state[0], whole(among, "state")[w], rtol=1e-11, atol=1e-11)
        np.testing.assert_allclose(
            one.log_likelihood[0], whole(among, "log_likelihood")[w], rtol=1e-11, atol=1e-11
        )


def test_corners_of_the_grid_are_the_textbook_methods():
    """Naive, drift, simple smoothing, Holt: each a loop."""
    y = walks(20, 1)[:, 0]
    corners = grid([(1, 0, 0, 1, 0, 0, 1), (1, 0, 0, 1, 1e6, 0, 1), (0.4, 0, 0, 1, 0, 0, 1)])
    paths = laws_of(y, corners, 3, spread=False).mean[:, :, 0]
    np.testing.assert_allclose(paths[0], y[-1])
    np.testing.assert_allclose(paths[1], y[-1] + np.arange(1, 4) * (y[-1] - y[0]) / 19, rtol=1e-9)
    # With a diffuse level the first error has mean zero, so smoothing starts at the first value.
    level = y[0]
    gains = []
    spread = 0.6**2  # variance of the first level in units of sigma^2
    for value in y[1:]:
        gain = (spread + 0.4) / (spread + 1)
        level += gain * (value - level)
        spread = spread + 0.16 - gain**2 * (spread + 1)
        gains.append(gain)
    np.testing.assert_allclose(paths[2], level)
    np.testing.assert_allclose(gains[-1], 0.4, atol=1e-4)  # in the end simple smoothing


def test_groups_are_averages_of_their_candidates():
    group = [0, 1, 1, 0, 1]
    points = grid(np.column_stack([
        ANNUAL.alpha, ANNUAL.beta, ANNUAL.gamma, np.ones(5), ANNUAL.kappa, ANNUAL.season_scale,
        np.exp(ANNUAL.log_prior),
    ]), group=group)  # fmt: skip
    single = grid(np.column_stack([
        points.alpha, points.beta, points.gamma, points.phi, points.kappa, points.season_scale,
        np.exp(points.log_prior),
    ]))  # fmt: skip
    y = walks(12, 2)
    column, n = np.array([0, 1, 0]), np.array([4, 9, 12])
    floor = np.zeros(3)
    found, _ = laws(fit(y, column, n, floor, points), 4, points, spread=True)
    each, _ = laws(fit(y, column, n, floor, single), 4, single, spread=True)
    short, _ = laws(fit(y, column, n, floor, points), 4, points, spread=False)
    for k in range(2):
        inside = np.flatnonzero(np.array(group) == k)
        weight = np.exp(each.log_mass[inside])  # [g, W]
        total = weight.sum(axis=0)
        mean = (weight[:, None] * each.mean[inside]).sum(axis=0) / total
        second = each.variance[inside] + (each.mean[inside] - mean) ** 2
        variance = (weight[:, None] * second).sum(axis=0) / total
        np.testing.assert_allclose(found.log_mass[k], np.log(total), rtol=1e-10)
        np.testing.assert_allclose(found.mean[k], mean, rtol=1e-10)
        np.testing.assert_allclose(found.variance[k], variance, rtol=1e-9)
    np.testing.assert_allclose(short.mean, found.mean, rtol=1e-12)
    assert short.variance is None


def test_a_perfect_fit_is_as_likely_as_the_floor_allows():
    (done,) = fit(np.full((8, 1), 5.0), np.array([0]), np.array([8]), np.array([1e-12]), ANNUAL)
    assert np.isfinite(done.log_likelihood).all()
    np.testing.assert_array_equal(done.squares, 1e-12)
    np.testing.assert_array_equal(done.state[0, 0], 5.0)
