"""ARIMA laws of many windows at once, averaged over moving averages, coefficients and sigma.

With z = (1 - B)^d y (for d = 0: y less its first value) a candidate (p, d, q, constant) says

    z_t = c + phi_1 z_{t-1} + .. + phi_p z_{t-p} + u_t,
    u_t = e_t + theta_1 e_{t-1} + .. + theta_q e_{t-q},   e_t ~ N(0, sigma^2),

for t > s, given y_1..y_s, with the same s = max(p + d) for all candidates (Box & Jenkins 1970).
For a given theta the innovations algorithm (Brockwell & Davis 1991, proposition 5.2.2) makes of u
uncorrelated innovations, by weights that do not depend on the data. So 1, z_{t-1}, .., z_{t-p} and
z_t are filtered alike, once for all origins, and c, phi follow from a regression of filtered on
filtered columns, whose Gram matrix is a sum over time, read where windows end. With the prior
beta ~ N(m, sigma^2 / Lambda), p(sigma) ~ 1 / sigma (Zellner 1971, section 3.2; for ARMA models
Monahan 1983) and nu = n - s values

    A = X'X + Lambda,   b = X'r + Lambda m,   S = r'r + m'Lambda m - b'A^-1 b,
    log marginal likelihood = (log|Lambda| - log|A| - sum log F_t - nu log S) / 2 + constant,

where F_t sigma^2 is the variance of an innovation. Eliminating the columns one by one gives this
for every p. Forecasts are Student-t laws with nu degrees of freedom.

Axes: E times t > s, C columns of a tile (histories), W windows, M points of theta, R values y_t,
y_{t-1}, .., K columns of a regression (constant if any, lags, response), H steps, G orders.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np

from westforecast.kernels.averaging import Average, average
from westforecast.typing import BoolArray, FloatArray, IntArray

# Points of theta times windows worked on at once: some thirty such arrays fit a core's cache.
PIECE = 1 << 13
# All partial autocorrelations of an autoregression are below this, or it has no weight.
STATIONARY = 0.99


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Orders, moving averages, and what is believed of coefficients before the data.

    orders: [G, 3] p, d, q; d and q up to 2. constant: [G] prior standard deviation of an order's
    constant in units of sigma, 0 without a constant. log_order: [G] log of an order's prior weight.
    theta: [M, 2] invertible moving averages. degree: [M] the q of each; q = 0 has the point (0, 0).
    log_theta: [M] logarithm of a point's prior probability among those of the same q.
    center, weight: [3, P] for d = 0, 1, 2 and each lag: prior mean of its coefficient, and how many
    values (with the mean square of z) the prior is worth.
    given: s, how many first values everything is conditional on; no p + d is higher.
    """

    orders: IntArray
    constant: FloatArray
    log_order: FloatArray
    theta: FloatArray
    degree: IntArray
    log_theta: FloatArray
    center: FloatArray
    weight: FloatArray
    given: int

    def __post_init__(self) -> None:
        p, d, q = self.orders.T
        if (p + d).max() > self.given or p.max() > self.weight.shape[1]:
            raise ValueError(
                f"orders with p up to {p.max()} and p + d up to {(p + d).max()} found; "
                f"expected at most {self.weight.shape[1]} and {self.given}."
            )
        if not {0, *q.tolist()} <= set(self.degree.tolist()):
            raise ValueError("moving averages for q = 0 and for each q of an order are expected.")


def laws(
    y: FloatArray,
    column: IntArray,
    n: IntArray,
    horizon: int,
    candidates: Candidates,
    floor: FloatArray,
    *,
    spread: bool = False,
) -> Average:
    """The forecast of each order, averaged over its moving averages.

    y: [T, C] histories that begin in the first row, without missing values before their ends.
    column, n: [W] window w is the first n values of that column, n > candidates.given.
    floor: [W] added to sums of squares, so that a perfect fit is not infinitely likely.

    Returns log_mass [G, W], prior included, mean [G, H, W] and, with `spread`, variance [G, H, W]:
    squared scales of t laws with n - given degrees of freedom, and the variance between points.
    """
    log_mass = np.empty((len(candidates.orders), len(n)))
    mean = np.empty((len(candidates.orders), horizon, len(n)))
    variance = np.empty_like(mean) if spread else None
    points = int(np.bincount(candidates.degree).max())
    for which in _pieces(column, n, -(-points * len(n) // PIECE)):
        used, at = np.unique(column[which], return_inverse=True)
        part = np.nan_to_num(y[: n[which[-1]], used])
        for setting in _settings(part, at, n[which], horizon, candidates, floor[which]):
            for g in setting.orders:
                law = _law(setting, int(candidates.orders[g, 0]), spread)
                log_mass[g, which] = law.log_mass + candidates.log_order[g]
                mean[g][:, which] = law.mean
                if variance is not None and law.variance is not None:
                    variance[g][:, which] = law.variance
    return Average(log_mass, mean, variance)


def _pieces(column: IntArray, n: IntArray, count: int) -> Iterator[IntArray]:
    """Positions of windows in pieces with few columns in common, in the order of their ends."""
    for which in np.array_split(np.argsort(column, kind="stable"), max(1, min(count, len(n)))):
        yield which[np.argsort(n[which], kind="stable")]


# Moving averages and innovations


@dataclass(frozen=True, slots=True, eq=False)
class Filters:
    """Moving averages theta [M, 2] of one degree and their weights at times t.

    The innovations of a column x, in units of sigma, are
    e_t = gain_t x_t - back_t1 e_{t-1} - back_t2 e_{t-2}; after t the expected u are
    ahead_t1 e_t + ahead_t2 e_{t-1} at t + 1 and ahead_t3 e_t at t + 2.
    gain: [E, M]. back: [E, 2, M]. ahead: [E, 3, M]. log_det: [E, M] sum of log F up to t.
    excess: [E, 3, M] what not knowing the last errors exactly adds, in units of sigma^2, to the
    variance of u at t + 1, to its covariance with t + 2 and to the variance at t + 2.
    ones: [E, M] innovations of the column 1. ones_ahead: [E, 2, M] what they let expect.
    """

    degree: int
    theta: FloatArray
    gain: FloatArray
    back: FloatArray
    ahead: FloatArray
    log_det: FloatArray
    excess: FloatArray
    ones: FloatArray
    ones_ahead: FloatArray


@lru_cache(maxsize=64)
def _filters(candidates: Candidates, degree: int, length: int) -> Filters:
    return moving_averages(candidates.theta[candidates.degree == degree], degree, length)


def moving_averages(theta: FloatArray, degree: int, length: int) -> Filters:
    """Weights of moving averages [M, 2] at the first `length` times."""
    weight, variance = _weights(theta, length + 2)
    root = np.sqrt(variance)
    back, ahead = np.zeros((length, 2, len(theta))), np.zeros((length, 3, len(theta)))
    back[1:, 0], back[2:, 1] = root[: length - 1], root[: max(0, length - 2)]
    ahead[:, 0], ahead[:, 2] = weight[1:-1, 0] * root[:-2], weight[2:, 1] * root[:-2]
    ahead[:, 1] = weight[1:-1, 1] * back[:, 0]
    back *= weight[:-2] / root[:-2, None]
    ones = 1 / root[:-2]
    for t in range(1, length):
        ones[t] -= (back[t] * ones[[t - 1, t - 2]]).sum(axis=0)
    earlier = np.concatenate([np.zeros_like(ones[:1]), ones[:-1]])
    across = weight[2:, 0] * variance[1:-1]
    at_two = variance[2:] + weight[2:, 0] * across
    return Filters(
        degree=degree,
        theta=theta,
        gain=1 / root[:-2],
        back=back,
        ahead=ahead,
        log_det=np.cumsum(np.log(variance[:-2]), axis=0),
        excess=np.stack(
            [variance[1:-1] - 1, across - theta[:, 0], at_two - 1 - theta[:, 0] ** 2], axis=1
        ),
        ones=ones,
        ones_ahead=np.stack(
            [ahead[:, 0] * ones + ahead[:, 1] * earlier, ahead[:, 2] * ones], axis=1
        ),
    )


def _weights(theta: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Weights [E, 2, M] of the last two innovations in what is expected; variances F [E, M]."""
    first, second = theta.T
    own, lag_one, lag_two = 1 + first**2 + second**2, first * (1 + second), second  # covariances
    weight, variance = np.zeros((length, 2, len(theta))), np.ones((length, len(theta)))
    variance[0] = own
    for t in range(1, length):
        if t > 1:
            weight[t, 1] = lag_two / variance[t - 2]
        shared = weight[t, 1] * weight[t - 1, 0] * variance[t - 2]
        weight[t, 0] = (lag_one - shared) / variance[t - 1]
        known = weight[t, 0] ** 2 * variance[t - 1] + weight[t, 1] ** 2 * variance[t - 2]
        variance[t] = own - known
    return weight, variance


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """What the innovations of y_t, y_{t-1}, .. and of 1 add up to at the end of every window.

    gram: for each d products of those of z_t, .., z_{t-p}, upper triangles row by row
    [(p+1)(p+2)/2, M, W]. sums: [R, M, W] products of those of y and of 1. expected: [q, R, M, W]
    what those of y let expect of the next u. For z the latter two are differences along R.
    ones, ones_expected: the same of 1 alone, [M, W] and [2, M, W]. log_det: [M, W]. excess:
    [3, M, W].
    """

    gram: list[FloatArray]
    sums: FloatArray
    expected: FloatArray
    ones: FloatArray
    ones_expected: FloatArray
    log_det: FloatArray
    excess: FloatArray


def scan(
    y: FloatArray, column: IntArray, n: IntArray, given: int, lags: Sequence[int], filters: Filters
) -> Moments:
    """Filter once over time and read at the end of every window.

    y: [T, C]. column, n: [W], n rising. lags: the highest p for d = 0, 1, .., -1 for none.
    """
    reach = max(p + d for d, p in enumerate(lags) if p >= 0)
    shape, degree = (len(filters.theta), y.shape[1]), filters.degree
    new, last, before, scratch = np.zeros((4, reach + 1, *shape))
    gram = [np.zeros(((p + 1) * (p + 2) // 2, *shape)) for p in lags]
    triangles = [triangle(flat, p + 1) for flat, p in zip(gram, lags, strict=True)]
    sums = np.zeros_like(new)
    totals = [*gram, sums]
    read = [np.empty((len(total), shape[0], len(n))) for total in totals]
    expected = np.empty((degree, reach + 1, shape[0], len(n)))
    ends = np.searchsorted(n, np.arange(given + 1, len(y) + 2))
    for t, (low, high) in enumerate(pairwise(ends)):
        x = y[given + t - reach : given + t + 1, None][::-1]  # [R, 1, C]
        np.multiply(x, filters.gain[t][:, None], out=new)
        for past, weight in zip((last, before)[:degree], filters.back[t, :, :, None], strict=False):
            new -= np.multiply(past, weight, out=scratch)
        sums += np.multiply(new, filters.ones[t][:, None], out=scratch)
        z = new
        for rows in triangles:
            for k, row in enumerate(rows):
                stop = k + len(row)
                row += np.multiply(z[k:stop], z[k], out=scratch[k:stop])
            z = z[:-1] - z[1:]
        if high > low:
            here = column[low:high]
            for to, total in zip(read, totals, strict=True):
                to[..., low:high] = total.take(here, axis=-1)
            one, two, three = filters.ahead[t][:, :, None]
            if degree > 0:
                both = one * new.take(here, axis=-1) + two * last.take(here, axis=-1)
                expected[0, ..., low:high] = both
            if degree > 1:
                expected[1, ..., low:high] = three * new.take(here, axis=-1)
        new, last, before = before, new, last
    tables = (
        np.cumsum(filters.ones**2, axis=0),
        filters.ones_ahead,
        filters.log_det,
        filters.excess,
    )
    at_ends = [np.ascontiguousarray(np.moveaxis(a[n - given - 1], 0, -1)) for a in tables]
    return Moments(read[:-1], read[-1], expected, *at_ends)


def triangle(flat: FloatArray, size: int) -> list[FloatArray]:
    """Rows of an upper triangle that is stored row by row, as views: [size - k, ...] for row k."""
    begins = [k * size - k * (k - 1) // 2 for k in range(size + 1)]
    return [flat[low:high] for low, high in pairwise(begins)]


def differences(values: FloatArray, d: int) -> FloatArray:
    """What holds for (1 - B)^d y where values [R, ...] hold for y_t, y_{t-1}, .."""
    for _ in range(d):
        values = values[:-1] - values[1:]
    return values


# Regression


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """A = U'DU with U unit upper triangular; the first k columns alone have its first k rows.

    rows: [K - 1 - k, M, W] of U to the right of the diagonal, the response last. pivots: D.
    squares: S with the first 0, 1, .. columns. ratio: |Lambda| / |A| of the first 0, 1, .. columns.
    """

    rows: list[FloatArray]
    pivots: list[FloatArray]
    squares: list[FloatArray]
    ratio: list[FloatArray]


def eliminate(
    rows: Sequence[FloatArray], precision: FloatArray, center: FloatArray, floor: FloatArray
) -> Regression:
    """Regressions on the first 0, 1, .. columns.

    rows: [K - k, M, W] of the upper triangle of X'X, the response last; they are used up.
    precision: [K - 1, W] Lambda. center: [K - 1] m. floor: [W] added to S.
    """
    response = rows[-1][0]
    found = Regression([], [], [response + floor], [np.ones_like(response)])
    for k, (weight, mean) in enumerate(zip(precision, center, strict=True)):
        row = rows[k]
        if mean:
            row[-1] += weight * mean
            response += weight * mean**2
        pivot = np.maximum(row[0] + weight, weight)  # rounding aside it is never below
        factor = row[1:] / pivot
        for i, below in enumerate(rows[k + 1 :]):
            below -= factor[i] * row[i + 1 :]
        found.rows.append(factor)
        found.pivots.append(pivot)
        found.squares.append(np.maximum(response, 0.0) + floor)
        found.ratio.append(found.ratio[-1] * (weight / pivot))
    return found


def coefficients(regression: Regression, k: int) -> list[FloatArray]:
    """Posterior means of the coefficients of the first k columns, k arrays [M, W]."""
    beta = [row[-1].copy() for row in regression.rows[:k]]
    for j in reversed(range(k)):
        for i in range(j):
            beta[i] -= regression.rows[i][j - i - 1] * beta[j]
    return beta


def uncertainty(regression: Regression, gradient: Sequence[FloatArray]) -> FloatArray:
    """g'A^-1 g of the first k columns for a gradient g, k arrays that broadcast to [M, W]."""
    total, solved = np.zeros(()), list[FloatArray]()  # of U'w = g
    for j, value in enumerate(gradient):
        for i, w in enumerate(solved):
            value = value - regression.rows[i][j - i - 1] * w
        solved.append(value)
        total = total + value * value / regression.pivots[j]
    return total


def stationary(phi: Sequence[FloatArray]) -> BoolArray:
    """Whether all partial autocorrelations of an AR(p) are below `STATIONARY` in size.

    phi: p arrays. The Durbin-Levinson recursion backwards (Barndorff-Nielsen & Schou 1973).
    """
    inside = np.ones(phi[0].shape, bool)
    while phi:
        *phi, last = phi
        inside &= np.abs(last) < STATIONARY
        if phi:
            share = 1 / np.where(inside, 1 - last**2, 1.0)
            phi = [(a + last * b) * share for a, b in zip(phi, phi[::-1], strict=True)]
    return inside


# Laws


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """What orders that differ only in p share.

    orders: their places. d: of all. constant: 0 or 1. seen: [W] degrees of freedom. theta: [M, q].
    moments: of this q. log_point: [M, W] log weight of a moving average before the regression.
    expected: for the next q steps what each column lets expect of u, [K, M, W].
    recent: [P, W] z_n, z_{n-1}, .. base: [H, W] the path of y if all z to come are 0.
    """

    orders: IntArray
    d: int
    constant: int
    seen: IntArray
    theta: FloatArray
    moments: Moments
    log_point: FloatArray
    regression: Regression
    expected: list[FloatArray]
    recent: FloatArray
    base: FloatArray


def _settings(
    y: FloatArray,
    column: IntArray,
    n: IntArray,
    horizon: int,
    candidates: Candidates,
    floor: FloatArray,
) -> Iterator[Setting]:
    """All settings, for the windows of a piece, n rising."""
    p, d, q = candidates.orders.T
    given, seen = candidates.given, n - candidates.given
    x = y - y[0]  # nothing depends on the level; without it less is rounded
    recent = x[n - 1 - np.arange(given + 1)[:, None], column]
    powers: dict[int, FloatArray] = {}
    for degree in sorted({0, *q.tolist()}):
        asked = (q == degree) | (degree == 0)  # without a moving average: the power of all lags
        lags = [int(p[asked & (d == k)].max(initial=-1)) for k in range(int(d[asked].max()) + 1)]
        filters = _filters(candidates, degree, max(16, 1 << int(seen[-1] - 1).bit_length()))
        moments = scan(x, column, n, given, lags, filters)
        powers = powers or {k: _power(moments, k, seen) for k, top in enumerate(lags) if top >= 0}
        log_theta = candidates.log_theta[candidates.degree == degree, None]
        log_point = log_theta - 0.5 * moments.log_det
        same = q == degree
        for k, sd in sorted(set(zip(d[same].tolist(), candidates.constant[same], strict=True))):
            constant = int(sd > 0)
            rows, expected = _regression(moments, k, lags[k], constant)
            prior = _prior(candidates, k, sd, lags[k], powers[k][constant] + floor)
            yield Setting(
                orders=np.flatnonzero(same & (d == k) & (candidates.constant == sd)),
                d=k,
                constant=constant,
                seen=seen,
                theta=filters.theta[:, :degree],
                moments=moments,
                log_point=log_point,
                regression=eliminate(rows, *prior, floor),
                expected=expected,
                recent=differences(recent, k),
                base=_base(y, column, n, k, horizon),
            )


def _regression(
    moments: Moments, d: int, p: int, constant: int
) -> tuple[list[FloatArray], list[FloatArray]]:
    """Rows [K - k, M, W] of X'X, and for q steps what each column lets expect [K, M, W].

    Columns come in the order constant (if any), lags 1..p, response.
    """
    response, *lags = triangle(moments.gram[d], p + 1)
    rows = [np.concatenate([row, response[[k]]]) for k, row in enumerate(lags, 1)]
    rows.append(response[:1].copy())
    expected = [_last_first(each, d, p) for each in moments.expected]
    if constant:
        rows.insert(0, np.concatenate([moments.ones[None], _last_first(moments.sums, d, p)]))
        pairs = zip(moments.ones_expected, expected, strict=False)
        expected = [np.concatenate([ones[None], each]) for ones, each in pairs]
    return rows, expected


def _last_first(values: FloatArray, d: int, p: int) -> FloatArray:
    """Of values [R, ...] for y_t, y_{t-1}, .. those for z_{t-1}, .., z_{t-p}, z_t."""
    z = differences(values, d)
    return np.concatenate([z[1 : p + 1], z[:1]])


def _power(moments: Moments, d: int, seen: IntArray) -> FloatArray:
    """Mean squares of the unfiltered response, [2, W]: as it is, and about its mean.

    Not of the lags: where nothing moved before the last value they are zero, and a prior worth
    some values of zero would let that value be multiplied by anything.
    """
    mean = differences(moments.sums, d)[0, 0] / seen
    raw = moments.gram[d][0, 0] / seen
    return np.stack([raw, np.maximum(raw - mean**2, 0.0)])


def _prior(
    candidates: Candidates, d: int, deviation: float, lags: int, power: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Lambda [K - 1, W] and m [K - 1]."""
    constant = int(deviation > 0)
    precision = np.empty((constant + lags, len(power)))
    precision[:constant] = deviation**-2.0 if constant else 0.0
    precision[constant:] = candidates.weight[d, :lags, None] * power
    return precision, np.concatenate([np.zeros(constant), candidates.center[d, :lags]])


def _base(y: FloatArray, column: IntArray, n: IntArray, d: int, horizon: int) -> FloatArray:
    """The path of y [H, W] if all z to come are 0."""
    steps = np.arange(1, horizon + 1)[:, None]
    last = y[n - 1, column]
    slope = last - y[n - 2, column]
    return (y[0, column] if d == 0 else last) + (slope if d == 2 else 0.0) * steps


def _law(setting: Setting, p: int, spread: bool) -> Average:
    """The forecast of one order, averaged over its moving averages."""
    k = setting.constant + p
    beta = coefficients(setting.regression, k)
    log_weight = np.log(setting.regression.ratio[k])
    log_weight -= setting.seen * np.log(setting.regression.squares[k])
    log_weight *= 0.5
    log_weight += setting.log_point
    if p:
        explosive = ~stationary(beta[setting.constant :])
        np.copyto(log_weight, -np.inf, where=explosive)
        for phi in beta[setting.constant :]:
            np.copyto(phi, 0.0, where=explosive)
    z = _path(setting, beta)
    path = np.empty((len(log_weight), *setting.base.shape))  # [M, H, W] of y less its base
    for h, value in enumerate(_summed(z, setting.d)):
        path[:, h] = value
    if not spread:
        law = average(log_weight, path)
        return Average(law.log_mass, law.mean + setting.base)
    within = np.empty_like(path)
    for h, value in enumerate(_squared_scales(setting, beta, z)):
        within[:, h] = value
    law = average(log_weight, path, within)
    return Average(law.log_mass, law.mean + setting.base, law.variance)


def _path(setting: Setting, beta: Sequence[FloatArray]) -> list[FloatArray]:
    """Expected z at each step, H arrays [M, W]."""
    constant, phi = beta[: setting.constant], beta[setting.constant :]
    inputs = [sum(constant, np.zeros(()))] * len(setting.base)
    for h, expected in enumerate(setting.expected[: len(inputs)]):
        inputs[h] = inputs[h] + expected[-1]
        for b, of_column in zip(beta, expected, strict=False):
            inputs[h] -= b * of_column
    return list(_responses(inputs, phi, setting.recent))


def _squared_scales(
    setting: Setting, beta: Sequence[FloatArray], z: Sequence[FloatArray]
) -> Iterator[FloatArray]:
    """Squared scale [M, W] of the t law of y at each step: from errors to come, and from not
    knowing the last errors and the coefficients (by the delta method, exact at the first step)."""
    phi = beta[setting.constant :]
    # What 1 more in z at the first step makes of y, and how y answers to each coefficient.
    pulses = _summed(_responses([np.ones(()), *[np.zeros(())] * (len(z) - 1)], phi), setting.d)
    gradients = [
        _summed(_responses(_gradient(setting, j, z), phi), setting.d) for j in range(len(beta))
    ]
    sigma = setting.regression.squares[len(beta)] / setting.seen
    noise, past = np.zeros(()), [np.zeros(())] * 2
    for pulse, *gradient in zip(pulses, *gradients, strict=True):
        shock = pulse
        for theta, before in zip(setting.theta.T[:, :, None], past, strict=False):
            shock = shock + theta * before
        noise = noise + shock**2
        total = noise + uncertainty(setting.regression, gradient)
        if len(setting.expected):
            own, across, before = setting.moments.excess
            total = total + own * pulse**2 + (2 * across * pulse + before * past[0]) * past[0]
        yield total * sigma
        past = [pulse, past[0]]


def _gradient(setting: Setting, j: int, z: Sequence[FloatArray]) -> Iterator[FloatArray]:
    """What coefficient j multiplies at each step, less what it explains of the last errors."""
    lag = j + 1 - setting.constant  # 0 is the constant
    for h in range(len(z)):
        value = np.ones(())
        if lag:
            value = z[h - lag] if h >= lag else setting.recent[lag - h - 1]
        yield value - setting.expected[h][j] if h < len(setting.expected) else value


def _responses(
    inputs: Iterable[FloatArray], phi: Sequence[FloatArray], recent: Iterable[FloatArray] = ()
) -> Iterator[FloatArray]:
    """z_h = input_h + phi_1 z_{h-1} + .., from recent z_0, z_{-1}, .. (0 unless given)."""
    past = list(recent)
    for value in inputs:
        for coefficient, z in zip(phi, past, strict=False):
            value = value + coefficient * z
        past = [value, *past[: len(phi) - 1]]
        yield value


def _summed(path: Iterable[FloatArray], times: int) -> Iterator[FloatArray]:
    """Running sums, `times` over."""
    for _ in range(times):
        path = accumulate(path)
    return iter(path)
