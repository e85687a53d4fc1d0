"""ARIMA laws of many windows: against dense linear algebra and plain loops, and against itself."""

from dataclasses import replace

import numpy as np
import pytest

from westforecast.kernels import autoregression
from westforecast.kernels.autoregression import (
    STATIONARY,
    Candidates,
    coefficients,
    differences,
    eliminate,
    laws,
    moving_averages,
    scan,
    stationary,
    triangle,
    uncertainty,
)
from westforecast.kernels.averaging import average

POINTS = np.array(
    [(0, 0), (-0.9, 0), (-0.4, 0), (0.5, 0), (-1.5, 0.54), (-0.3, -0.18), (0.1, 0.5)], float
)
DEGREE = np.array([0, 1, 1, 1, 2, 2, 2])
ORDERS = np.array([  # p, d, q, prior standard deviation of the constant
    (1, 0, 0, 1), (1, 0, 1, 1), (1, 0, 2, 1), (2, 0, 0, 1), (2, 0, 1, 1), (3, 0, 0, 1),
    (0, 1, 0, 0), (0, 1, 1, 0), (0, 1, 2, 0), (1, 1, 0, 0), (1, 1, 1, 0), (2, 1, 1, 0),
    (0, 1, 0, 3), (0, 1, 1, 0.6), (0, 1, 2, 0.6), (1, 1, 0, 0.6), (1, 1, 2, 3), (2, 1, 0, 3),
    (0, 2, 0, 0), (0, 2, 1, 0), (0, 2, 2, 0), (1, 2, 0, 0), (1, 2, 2, 0),
])  # fmt: skip
HORIZON = 5


def candidates(orders=ORDERS, points=POINTS, degree=DEGREE, given=3, **change) -> Candidates:
    """Orders with weights 1, 2, ..; points of one degree with weights 1, 2, .."""
    orders = np.array(orders, float)
    rank = np.array([1.0 + (degree[:m] == degree[m]).sum() for m in range(len(degree))])
    total = np.array([rank[degree == q].sum() for q in degree])
    return replace(
        Candidates(
            orders=orders[:, :3].astype(int),
            constant=orders[:, 3],
            log_order=np.log(np.arange(1.0, len(orders) + 1)),
            theta=points,
            degree=degree,
            log_theta=np.log(rank / total),
            center=np.array([[0.8, 0.1, 0.0], [0.0, 0.0, 0.0], [-0.2, 0.0, 0.0]]),
            weight=np.array([[4.0, 8.0, 16.0], [3.0, 6.0, 12.0], [2.0, 5.0, 9.0]]),
            given=given,
        ),
        **change,
    )


def walks(length: int, count: int, seed: int = 0) -> np.ndarray:
    """Columns [T, C] that grow and wander."""
    generator = np.random.default_rng(seed)
    return 50 + np.cumsum(generator.normal(0.4, 1.0, (length, count)), axis=0)


def alone(y: np.ndarray, grid: Candidates, horizon=HORIZON, floor=0.0, spread=True):
    """The laws of one window that is the whole of one history."""
    one = np.array([0])
    return laws(y[:, None], one, one + len(y), horizon, grid, one + floor, spread=spread)


# The slow twin: one window, one order, one moving average, everything written out


def covariance(theta, count: int) -> np.ndarray:
    """Of u_1..u_count in units of sigma^2."""
    response = np.zeros((count, count + 2))
    for t in range(count):
        response[t, t : t + 3] = (theta[1], theta[0], 1.0)
    return response @ response.T


class Slow:
    """The regression and the forecast of one candidate, by dense matrices and loops."""

    def __init__(self, y, order, theta, grid: Candidates, floor=0.0):
        self.p, self.d, _ = (int(number) for number in order[:3])
        self.constant = int(order[3] > 0)
        self.y, self.theta = y, theta
        self.z = y - y[0] if self.d == 0 else np.diff(y, self.d, prepend=[np.nan] * self.d)
        times = range(grid.given, len(y))
        self.nu = len(times)
        self.X = np.array([self.row(self.z, t) for t in times]).reshape(self.nu, -1)
        self.r = self.z[grid.given :]
        self.m = np.r_[np.zeros(self.constant), grid.center[self.d, : self.p]]
        power = self.r.var() if self.constant else (self.r**2).mean()
        self.Lambda = np.diag(np.r_[
            np.full(self.constant, (order[3] or 1.0) ** -2.0),
            grid.weight[self.d, : self.p] * (power + floor),
        ])  # fmt: skip
        self.Gamma = covariance(theta, self.nu)
        self.A = self.X.T @ np.linalg.solve(self.Gamma, self.X) + self.Lambda
        b = self.X.T @ np.linalg.solve(self.Gamma, self.r) + self.Lambda @ self.m
        self.beta = np.linalg.solve(self.A, b)
        self.joint = self.Gamma + self.X @ np.linalg.pinv(self.Lambda) @ self.X.T
        off = self.r - self.X @ self.m
        self.S = off @ np.linalg.solve(self.joint, off) + floor

    def row(self, z, t):
        return np.r_[np.ones(self.constant), [z[t - i] for i in range(1, self.p + 1)]]

    def log_marginal(self):
        """The multivariate t density of the response, its constants left out."""
        return -0.5 * np.linalg.slogdet(self.joint)[1] - 0.5 * self.nu * np.log(self.S)

    def path(self, beta, horizon):
        """The recursion of an ARIMA forecast, in the units of y."""
        every = covariance(self.theta, self.nu + horizon)
        u = every[self.nu :, : self.nu] @ np.linalg.solve(self.Gamma, self.r - self.X @ beta)
        z = list(self.z)
        for h in range(horizon):
            z.append(self.row(z, len(z)) @ beta + u[h])
        y = list(self.y)
        for h in range(horizon):
            value = z[len(self.y) + h]
            y.append({0: y[0] + value, 1: y[-1] + value, 2: 2 * y[-1] - y[-2] + value}[self.d])
        return np.array(y[len(self.y) :])

    def squared_scales(self, horizon):
        """Errors to come, given the past and the coefficients; coefficients by the delta method."""
        every = covariance(self.theta, self.nu + horizon)
        cross = every[self.nu :, : self.nu]
        ahead = every[self.nu :, self.nu :] - cross @ np.linalg.solve(self.Gamma, cross.T)
        phi, response = self.beta[self.constant :], np.zeros((horizon, horizon))  # of y to u
        for first in range(horizon):
            z = np.zeros(horizon)
            for h in range(first, horizon):
                back = range(1, min(self.p, h) + 1)
                z[h] = float(h == first) + sum(phi[i - 1] * z[h - i] for i in back)
            for _ in range(self.d):
                z = np.cumsum(z)
            response[:, first] = z
        step = 1e-6
        gradient = np.array([
            (self.path(self.beta + e, horizon) - self.path(self.beta - e, horizon)) / (2 * step)
            for e in step * np.eye(len(self.beta))
        ]).reshape(len(self.beta), horizon)  # fmt: skip
        known = np.diag(response @ ahead @ response.T)
        unknown = np.einsum("kh,kh->h", gradient, np.linalg.solve(self.A, gradient))
        return self.S / self.nu * (known + unknown)


def slow_law(y, g, grid: Candidates, horizon=HORIZON, floor=0.0):
    """Log mass, mean and variance of one order."""
    order = (*grid.orders[g], grid.constant[g])
    weights, paths, scales = [], [], []
    for m in np.flatnonzero(grid.degree == order[2]):
        one = Slow(y, order, grid.theta[m], grid, floor)
        if one.p and not stationary([np.array(phi) for phi in one.beta[one.constant :]]):
            continue
        weights.append(one.log_marginal() + grid.log_theta[m])
        paths.append(one.path(one.beta, horizon))
        scales.append(one.squared_scales(horizon))
    if not weights:
        return -np.inf, None, None
    share = np.exp(np.array(weights) - max(weights))
    mass = share.sum()
    share = share / mass
    mean = share @ np.array(paths)
    variance = share @ (np.array(scales) + (np.array(paths) - mean) ** 2)
    return np.log(mass) + max(weights) + grid.log_order[g], mean, variance


# Moving averages


@pytest.mark.parametrize("length", [1, 2, 3, 12])
def test_innovations_are_those_of_the_cholesky_factor(length):
    found = moving_averages(POINTS, 2, length)
    for m, theta in enumerate(POINTS):
        gamma = covariance(theta, length + 2)
        factor = np.linalg.cholesky(gamma[:length, :length])
        diagonal = np.log(np.diag(factor))
        np.testing.assert_allclose(found.log_det[:, m], 2 * np.cumsum(diagonal), atol=1e-12)
        x = np.sin(np.arange(length) + m)
        ones = np.linalg.solve(factor, np.ones(length))
        np.testing.assert_allclose(found.ones[:, m], ones, atol=1e-12)
        e = np.zeros(length)
        for t in range(length):
            e[t] = found.gain[t, m] * x[t] - sum(
                found.back[t, i, m] * e[t - 1 - i] for i in range(min(2, t))
            )
        np.testing.assert_allclose(e, np.linalg.solve(factor, x), atol=1e-12)
        for t in range(length):
            past, future = slice(0, t + 1), slice(t + 1, t + 3)
            project = gamma[future, past] @ np.linalg.inv(gamma[past, past])
            one, two, three = found.ahead[t, :, m]
            np.testing.assert_allclose(
                [one * e[t] + (two * e[t - 1] if t else 0), three * e[t]], project @ x[past],
                atol=1e-12,
            )  # fmt: skip
            np.testing.assert_allclose(found.ones_ahead[t, :, m], project.sum(axis=1), atol=1e-12)
            left = gamma[future, future] - project @ gamma[past, future]
            sure = covariance(theta, 2) - [[theta @ theta, theta[0] * theta[1]],
                                           [theta[0] * theta[1], theta[1] ** 2]]  # fmt: skip
            extra = (left - sure)[[0, 0, 1], [0, 1, 1]]
            np.testing.assert_allclose(found.excess[t, :, m], extra, atol=1e-11)


@pytest.mark.parametrize(("degree", "lags"), [(0, [3, 2, 1]), (1, [2, -1, 0]), (2, [-1, 1])])
def test_moments_at_every_origin_are_those_of_filtered_columns(degree, lags):
    given, y = 3, walks(14, 4) - 50
    column = np.array([2, 0, 2, 1, 3, 0, 3])
    n = np.array([4, 5, 5, 9, 9, 14, 14])
    filters = moving_averages(POINTS[degree == DEGREE], degree, 16)
    found = scan(y, column, n, given, lags, filters)
    for w, m in np.ndindex(len(n), len(filters.theta)):
        x, count = y[: n[w], column[w]], n[w] - given
        gamma = covariance(filters.theta[m], count + degree)
        factor = np.linalg.cholesky(gamma[:count, :count])
        reach = len(found.sums)
        columns = np.stack([x[given - i : n[w] - i] for i in range(reach)], axis=1)  # [E, R]
        e = np.linalg.solve(factor, columns)
        ones = np.linalg.solve(factor, np.ones(count))
        np.testing.assert_allclose(found.sums[:, m, w], e.T @ ones, rtol=1e-9, atol=1e-9)
        ahead = gamma[count:, :count] @ np.linalg.solve(gamma[:count, :count], columns)
        np.testing.assert_allclose(found.expected[:, :, m, w], ahead, rtol=1e-9, atol=1e-9)
        for d, p in enumerate(lags):
            of_z = differences(e.T, d)[: p + 1]
            upper = np.triu_indices(p + 1)
            np.testing.assert_allclose(
                found.gram[d][:, m, w], (of_z @ of_z.T)[upper], rtol=1e-9, atol=1e-9
            )


def test_a_triangle_is_read_row_by_row():
    rows = triangle(np.arange(6), 3)
    assert [row.tolist() for row in rows] == [[0, 1, 2], [3, 4], [5]]
    assert triangle(np.arange(0), 0) == []


# Regression


def test_elimination_gives_every_nested_regression():
    generator = np.random.default_rng(3)
    columns, windows, floor = 4, 5, 0.3
    X = generator.normal(size=(windows, 9, columns))
    r = generator.normal(size=(windows, 9))
    precision, center = generator.uniform(0.5, 2, (columns, windows)), np.array([0, 0.8, 0, -1.0])
    both = np.concatenate([X, r[:, :, None]], axis=2)
    gram = np.einsum("wek,wej->kjw", both, both)
    rows = [gram[k, k:, None].copy() for k in range(columns + 1)]
    found = eliminate(rows, precision, center, np.full(windows, floor))
    for w in range(windows):
        for k in range(columns + 1):
            x, m, prior = X[w, :, :k], center[:k], np.diag(precision[:k, w])
            A, b = x.T @ x + prior, x.T @ r[w] + prior @ m
            beta = np.linalg.solve(A, b)
            S = r[w] @ r[w] + m @ prior @ m - b @ beta
            np.testing.assert_allclose(found.squares[k][0, w], S + floor)
            ratio = np.linalg.det(prior) / np.linalg.det(A)
            np.testing.assert_allclose(found.ratio[k][0, w], ratio)
            np.testing.assert_allclose([c[0, w] for c in coefficients(found, k)], beta)
            g = generator.normal(size=k)
            spread = np.broadcast_to(uncertainty(found, list(g)), (1, windows))
            np.testing.assert_allclose(spread[0, w], g @ np.linalg.solve(A, g))


@pytest.mark.parametrize("p", [1, 2, 3, 4])
def test_stationarity_agrees_with_the_roots(p):
    phi = np.random.default_rng(p).uniform(-1.2, 1.2, (p, 3000)) * np.linspace(1.5, 0.6, p)[:, None]
    found = stationary(list(phi))
    largest = np.array([np.abs(np.roots(np.r_[1.0, -column])).max() for column in phi.T])
    assert 50 < found.sum() < 2950
    assert (largest[found] < 1).all()  # partial autocorrelations below 1: roots inside the circle
    inside = np.abs(partial_autocorrelations(phi)).max(axis=0) < STATIONARY
    np.testing.assert_array_equal(found, inside & (largest < 1))


def partial_autocorrelations(phi):
    """Of AR(p) processes [p, N] that are stationary, from their autocovariances."""
    p, count = phi.shape
    result = np.full((p, count), np.inf)
    for i, column in enumerate(phi.T):
        companion = np.vstack([column, np.eye(p - 1, p)])
        if np.abs(np.linalg.eigvals(companion)).max() >= 1:
            continue
        noise = np.zeros(p * p)
        noise[0] = 1.0
        state = np.linalg.solve(np.eye(p * p) - np.kron(companion, companion), noise)
        gamma = np.r_[state.reshape(p, p)[0], column @ state.reshape(p, p)[0][::-1]]
        for k in range(1, p + 1):
            toeplitz = gamma[np.abs(np.subtract.outer(np.arange(k), np.arange(k)))]
            result[k - 1, i] = np.linalg.solve(toeplitz, gamma[1 : k + 1])[-1]
    return result


# Laws


@pytest.mark.parametrize("g", range(len(ORDERS)), ids=lambda g: str(ORDERS[g].tolist()))
@pytest.mark.parametrize("length", [5, 12, 25])
def test_every_order_is_what_the_slow_twin_says(g, length):
    grid, y = candidates(), walks(25, 1, seed=4)[:length, 0]
    found = alone(y, grid)
    mass, mean, variance = slow_law(y, g, grid)
    np.testing.assert_allclose(found.log_mass[g, 0], mass, rtol=1e-9)
    if np.isfinite(mass):
        np.testing.assert_allclose(found.mean[g, :, 0], mean, rtol=1e-8)
        np.testing.assert_allclose(found.variance[g, :, 0], variance, rtol=1e-6)


@pytest.mark.parametrize("order", [(0, 1, 2, 1), (2, 0, 1, 1), (1, 1, 2, 0), (1, 2, 1, 0)])
def test_the_first_step_is_exactly_the_conditional_t_law(order):
    """By the joint multivariate t of the response and the value after it."""
    for point in np.flatnonzero(order[2] == DEGREE):
        degree = np.array([0, order[2]])
        points = np.array([POINTS[0], POINTS[point]])
        grid, y = candidates([order], points, degree), walks(15, 1, seed=2)[:, 0]
        found, one = alone(y, grid, horizon=1), Slow(y, order, POINTS[point], grid)
        new = one.row(one.z, len(y))
        X = np.vstack([one.X, new])
        joint = covariance(one.theta, one.nu + 1) + X @ np.linalg.inv(one.Lambda) @ X.T
        project = np.linalg.solve(joint[:-1, :-1], joint[:-1, -1])
        mean = new @ one.m + project @ (one.r - one.X @ one.m)
        scale = one.S / one.nu * (joint[-1, -1] - project @ joint[:-1, -1])
        start = {0: y[0], 1: y[-1], 2: 2 * y[-1] - y[-2]}[order[1]]
        np.testing.assert_allclose(found.mean[0, 0, 0], start + mean, rtol=1e-10)
        np.testing.assert_allclose(found.variance[0, 0, 0], scale, rtol=1e-9)


def test_all_orders_together_are_the_average_of_slow_twins():
    grid, y = candidates(), walks(13, 1, seed=9)[:, 0]
    found = alone(y, grid)
    parts = [slow_law(y, g, grid) for g in range(len(ORDERS))]
    mass = np.array([part[0] for part in parts])
    weight = np.exp(mass - mass.max())
    expected = sum(w * part[1] for w, part in zip(weight, parts, strict=True) if w) / weight.sum()
    together = average(found.log_mass, found.mean)
    np.testing.assert_allclose(together.mean[:, 0], expected, rtol=1e-9)


@pytest.mark.parametrize("theta", [-0.9, -0.5, 0.3])
def test_one_difference_and_one_error_is_exponential_smoothing(theta):
    """ARIMA(0, 1, 1) given y_1 is the Kalman filter of a level that moves by alpha e_t."""
    y = walks(20, 1, seed=5)[:, 0]
    grid = candidates([(0, 1, 1, 0)], np.array([(0, 0), (theta, 0)], float), np.array([0, 1]), 1)
    alpha, level = 1 + theta, y[0]
    uncertain = theta**2  # of the level after y_1, in units of sigma^2
    squares, log_variance = 0.0, 0.0
    for value in y[1:]:
        variance = uncertain + 1
        gain = (uncertain + alpha) / variance
        squares += (value - level) ** 2 / variance
        log_variance += np.log(variance)
        level += gain * (value - level)
        uncertain += alpha**2 - gain**2 * variance
    found, nu = alone(y, grid), len(y) - 1
    np.testing.assert_allclose(found.mean[0, :, 0], level, rtol=1e-12)
    mass = -0.5 * (nu * np.log(squares) + log_variance)
    np.testing.assert_allclose(found.log_mass[0, 0], mass, rtol=1e-12)
    steps = np.arange(HORIZON)
    np.testing.assert_allclose(
        found.variance[0, :, 0], squares / nu * (uncertain + 1 + steps * alpha**2), rtol=1e-10
    )


def test_explosive_estimates_have_no_weight_and_no_influence():
    y = 2.0 ** np.arange(12)
    grid = candidates([(1, 1, 0, 0), (0, 1, 0, 0)], weight=np.full((3, 3), 1e-6))
    found = alone(y, grid)
    assert found.log_mass[:, 0].tolist() == [-np.inf, pytest.approx(found.log_mass[1, 0])]
    assert found.mean[0].tolist() == [[y[-1]]] * HORIZON  # without weight only where y goes on from
    assert np.isfinite(found.mean).all()


# Windows


def test_windows_do_not_depend_on_what_else_is_asked(monkeypatch):
    grid, y = candidates(), walks(30, 6, seed=6)
    generator = np.random.default_rng(0)
    column, n = generator.integers(0, 6, 40), generator.integers(4, 31, 40)
    floor = np.full(40, 1e-12)
    whole = laws(y, column, n, HORIZON, grid, floor, spread=True)
    monkeypatch.setattr(autoregression, "PIECE", 20)
    pieces = laws(y, column, n, HORIZON, grid, floor, spread=True)
    for field in ("log_mass", "mean", "variance"):
        np.testing.assert_array_equal(getattr(whole, field), getattr(pieces, field))
    for w in range(len(n)):
        single = alone(y[: n[w], column[w]], grid, floor=1e-12)
        for field in ("log_mass", "mean", "variance"):
            np.testing.assert_array_equal(getattr(whole, field)[..., [w]], getattr(single, field))


def test_values_after_a_window_do_not_matter():
    grid, y = candidates(), walks(30, 2)
    spoilt = y.copy()
    spoilt[20:, 0], spoilt[20:, 1] = 1e9, np.nan
    column, n, floor = np.array([0, 1, 0]), np.array([20, 20, 11]), np.zeros(3)
    before, after = (laws(x, column, n, HORIZON, grid, floor, spread=True) for x in (y, spoilt))
    for field in ("log_mass", "mean", "variance"):
        np.testing.assert_array_equal(getattr(before, field), getattr(after, field))


def test_the_mean_is_the_same_without_spread_and_for_fewer_steps():
    grid, y = candidates(), walks(22, 1)[:, 0]
    full, bare = alone(y, grid), alone(y, grid, horizon=2, spread=False)
    assert bare.variance is None
    np.testing.assert_array_equal(full.log_mass, bare.log_mass)
    np.testing.assert_allclose(full.mean[:, :2], bare.mean, rtol=1e-13)


@pytest.mark.parametrize("horizon", [1, 2, 30])
def test_any_horizon(horizon):
    found = alone(walks(12, 1)[:, 0], candidates(), horizon=horizon)
    assert found.mean.shape == (len(ORDERS), horizon, 1)
    assert (found.variance[np.isfinite(found.log_mass[:, 0])] > 0).all()
    whole = alone(walks(12, 1)[:, 0], candidates(), horizon=30)
    np.testing.assert_allclose(found.variance, whole.variance[:, :horizon], rtol=1e-13)


@pytest.mark.parametrize("orders", [
    [(0, 1, 0, 0)], [(0, 1, 1, 0.6)], [(0, 2, 2, 0)], [(3, 0, 0, 1)], [(1, 1, 2, 3), (0, 2, 1, 0)],
])  # fmt: skip
def test_an_order_does_not_need_the_others(orders):
    y = walks(16, 1, seed=8)[:, 0]
    few, all_ = candidates(orders, log_order=np.zeros(len(orders))), candidates()
    found, full = alone(y, few), alone(y, all_)
    for k, order in enumerate(orders):
        g = ORDERS.tolist().index(list(order))
        np.testing.assert_allclose(
            found.log_mass[k], full.log_mass[g] - all_.log_order[g], rtol=1e-12
        )
        np.testing.assert_allclose(found.mean[k], full.mean[g], rtol=1e-12)
        np.testing.assert_allclose(found.variance[k], full.variance[g], rtol=1e-12)


def test_a_long_series():
    grid, y = candidates(), walks(300, 1, seed=7)[:, 0]
    found = alone(y, grid)
    for g in (8, 11, 16, 22):
        mass, mean, variance = slow_law(y, g, grid)
        np.testing.assert_allclose(found.log_mass[g, 0], mass, rtol=1e-9)
        np.testing.assert_allclose(found.mean[g, :, 0], mean, rtol=1e-8)
        np.testing.assert_allclose(found.variance[g, :, 0], variance, rtol=1e-5)


# Numbers of every kind


@pytest.mark.parametrize("power", [-90, -30, 40, 120])
def test_scale_is_passed_on(power):
    y, scale, floor = walks(18, 1)[:, 0], 2.0**power, 1e-14
    one, other = alone(y, candidates(), floor=floor), alone(
        scale * y, candidates(), floor=scale**2 * floor
    )  # fmt: skip
    np.testing.assert_allclose(scale * one.mean, other.mean, rtol=1e-13)
    np.testing.assert_allclose(scale**2 * one.variance, other.variance, rtol=1e-13)
    np.testing.assert_allclose(one.log_mass - 15 * np.log(scale), other.log_mass, rtol=1e-12)


@pytest.mark.parametrize("scale", [1e12, 1e-9])
def test_a_level_far_above_the_changes(scale):
    y = walks(18, 1)[:, 0]
    near, far = alone(scale * y, candidates()), alone(scale * (y + 1e5), candidates())
    np.testing.assert_allclose(far.mean - scale * 1e5, near.mean, rtol=1e-7)
    np.testing.assert_allclose(far.log_mass, near.log_mass, rtol=1e-7)


@pytest.mark.parametrize("value", [0.0, 7.0, -1e12, 1e-9])
@pytest.mark.parametrize("length", [4, 6, 20])
def test_a_constant_series_is_forecast_by_its_value(value, length):
    floor = (1e-9 * value) ** 2 + 1e-300
    found = alone(np.full(length, value), candidates(), floor=floor)
    weighty = np.isfinite(found.log_mass[:, 0])
    assert weighty.sum() >= len(ORDERS) - 2
    np.testing.assert_allclose(found.mean[weighty], value, rtol=1e-12)
    assert np.isfinite(found.variance).all()
    assert (found.variance <= 1e-9 * value**2 + 1e-250).all()


def test_a_straight_line_goes_on():
    y = 5 + 0.3 * np.arange(20)
    found = alone(y, candidates(), floor=1e-18)
    best = int(np.argmax(found.log_mass[:, 0]))
    assert ORDERS[best, 1] == 2
    np.testing.assert_allclose(found.mean[best, :, 0], 5 + 0.3 * np.arange(20, 25), rtol=1e-6)


@pytest.mark.parametrize("kind", ["outlier", "zeros first", "jump", "alternating", "explosive"])
def test_unpleasant_series_give_finite_numbers(kind):
    y = {
        "outlier": np.r_[np.ones(9), 1e6, np.ones(5)],
        "zeros first": np.r_[np.zeros(10), 1e15],
        "jump": np.r_[np.full(8, 3.0), np.full(8, 4.0)],
        "alternating": np.tile([1.0, -1.0], 9),
        "explosive": 10.0 ** np.arange(16),
    }[kind]
    for n in range(4, len(y) + 1):
        floor = (1e-9 * np.abs(y[:n]).max()) ** 2 + 1e-300
        found = alone(y[:n], candidates(), floor=floor)
        assert np.isfinite(found.mean).all()
        assert np.isfinite(found.variance).all()
        assert np.isfinite(found.log_mass[ORDERS[:, 0] == 0]).all()
        assert not np.isnan(found.log_mass).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"given": 2}, "p \\+ d up to 3"),
        ({"weight": np.ones((3, 2))}, "p up to 3"),
        ({"degree": np.array([0, 1, 1, 1, 1, 1, 1])}, "for each q"),
        ({"degree": np.array([1, 1, 1, 1, 2, 2, 2])}, "q = 0"),
    ],
)
def test_candidates_that_do_not_fit_together_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(candidates(), **change)
