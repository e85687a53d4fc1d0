"""Straight lines on a curve's own scale, and how likely each makes a ceiling that nobody has given.

A curve with ceiling M is a line z = a + b t in z = straighten(y, M). Under either noise model the
line is fitted in closed form, and with a, b and log sigma integrated out under flat priors the
marginal likelihood of M is, up to a constant,

    S(M)^(-(n - 2) / 2) * prod_t |dz_t / dy_t|,

S the sum of squares about the line. The Jacobian makes it a likelihood of the values themselves, so
that different M, each of which has a z of its own, compete honestly. Walking errors condition on
the first value: their product begins with the second.

The prior is flat in log M, from 0.1 % above the largest value to `FARTHEST` times it (or to the
bound that the series cannot pass): M is a scale, and nothing else is known of it. The posterior is
evaluated on grids that are even in u = log(M / largest - 1), each laid over what the one before it
found likely, and the forecast is the mixture over the last grid of Student-t laws of z with n - 2
degrees of freedom, its quantiles found on the scale of y.

All heights are above the curve's floor. Axes: W windows, N observed values, G ceilings, H steps,
Q quantiles, P points.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from westforecast.kernels.student import half, peak, student_scores
from westforecast.typing import FloatArray, IntArray

Anchor = Literal["last", "curve"]

NEAREST, FARTHEST = 1e-3, 50.0  # of ceilings: largest value x (1 + NEAREST) to largest x FARTHEST
GRID = 16  # ceilings of the mixture
SEARCH, ZOOMS = 12, 4  # ceilings of the grids before it, each over what is likely of the last
UNLIKELY = 7.0  # a density of exp(-UNLIKELY) of the highest is no more looked at
PRECISION = 1e-9  # noise of z below this is rounding
BLOCK = 1 << 16  # numbers [W, G, N] worked on at a time, so that they stay in the cache
SLACK = 1e-5  # error of P(Y <= y), relative to min(p, 1 - p), that one more step of Newton squares
PURE, MOST = 8, 80  # sweeps of Newton's steps alone; of all
NOTHING = np.zeros(1)


class Curve(Protocol):
    """A curve's own scale."""

    def straighten(self, height: FloatArray, ceiling: FloatArray | float) -> FloatArray:
        """z of heights below their ceilings."""

    def bend(self, z: FloatArray) -> FloatArray:
        """The height of z as a fraction of its ceiling."""

    def log_steepness(
        self, z: FloatArray, log_height: FloatArray, log_ceiling: FloatArray
    ) -> FloatArray:
        """log dz / dlog(height); linear, so that it takes sums and means as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """The observed values of W windows, moved together.

    height: [W, N] above the floor; windows with fewer values repeat the first one in front.
    time: [W, N] period of each, that of the window's end being 0. count: [W], at least 2.
    mean_time, stretch: [W] mean of the times, sum of squares about it.
    parts: [W, N, 2] what a value weighs in the mean and in the least-squares slope.
    pace: [W, N - 1] 1 / periods since the value before, 0 in front of the first.
    span: [W] periods from the first to the last. spread: [W] Var(slope) / sigma^2 of walking
    errors.
    """

    height: FloatArray
    time: FloatArray
    count: IntArray
    mean_time: FloatArray
    stretch: FloatArray
    parts: FloatArray
    pace: FloatArray
    span: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, heights: FloatArray) -> "Observed":
        """Of rows [W, T] that end in the last column, NaN = missing, two numbers or more each."""
        seen = np.isfinite(heights)
        count = seen.sum(axis=1)
        most = int(count.max(initial=2))
        column = np.argsort(seen, axis=1, kind="stable")[:, -most:]  # missing ones first
        own = np.arange(most) >= (most - count)[:, None]
        first = np.take_along_axis(column, (most - count)[:, None], axis=1)
        column = np.where(own, column, first)
        time = column - (heights.shape[1] - 1.0)
        mean_time = (time * own).sum(axis=1) / count
        away = np.where(own, time - mean_time[:, None], 0.0)
        stretch = (away**2).sum(axis=1)
        slope = away / stretch[:, None]
        elapsed = np.diff(time, axis=1)
        # A step's error moves all values from its end on: Var(slope) sums elapsed * (their
        # weights)^2.
        tail = np.cumsum(slope[:, ::-1], axis=1)[:, ::-1]
        return cls(
            height=np.take_along_axis(heights, column, axis=1),
            time=time,
            count=count,
            mean_time=mean_time,
            stretch=stretch,
            parts=np.stack([own / count[:, None], slope], axis=-1),
            pace=np.where(elapsed > 0, 1 / np.where(elapsed > 0, elapsed, 1.0), 0.0),
            span=time[:, -1] - time[:, 0],
            spread=(elapsed * tail[:, 1:] ** 2).sum(axis=1),
        )

    def take(self, which: IntArray) -> "Observed":
        """Some of the windows."""
        return Observed(*(getattr(self, name)[which] for name in self.__slots__))


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Lines z = level + slope * reach, [W, G] each.

    squares: S, what the likelihood sees. noise: the variance that the forecast uses, NaN where two
    values leave nothing to estimate it from. mean: of z, over the values the Jacobian runs over.
    """

    level: FloatArray
    slope: FloatArray
    squares: FloatArray
    noise: FloatArray
    mean: FloatArray


def fit(z: FloatArray, seen: Observed, anchor: Anchor) -> Lines:
    """Lines through z [W, G, N].

    "curve": least squares, independent errors; S about the line, noise S / (n - 2).
    "last": the least-squares slope from the last value on; errors that walk, steps of variance
    sigma^2 * elapsed. Their likelihood has its slope integrated out, S = sum(dz^2 / elapsed) -
    rise^2 / span; the noise is about the slope that is carried on, with n - 2 as well.
    """
    last = z[..., -1]
    away = z - last[..., None]  # what is squared stays small, and a constant is one
    mean, slope = np.moveaxis(away @ seen.parts, -1, 0)
    n, left = seen.count[:, None], np.maximum(seen.count - 2, 1)[:, None]
    enough = np.where(seen.count > 2, 0.0, np.nan)[:, None]
    if anchor == "curve":
        own = seen.parts[..., 0] * n
        squares = np.einsum("wgn,wgn,wn->wg", away, away, own)
        squares -= n * mean**2 + seen.stretch[:, None] * slope**2
        squares = np.maximum(squares, 0.0)
        return Lines(mean + last, slope, squares, squares / left + enough, mean + last)
    steps, span, rise = np.diff(away, axis=-1), seen.span[:, None], -away[..., 0]
    total = np.einsum("wgn,wgn,wn->wg", steps, steps, seen.pace)
    squares = np.maximum(total - rise**2 / span, 0.0)
    noise = np.maximum(total - 2 * slope * rise + slope**2 * span, 0.0) / left
    without_first = (n * mean + rise) / (n - 1)
    return Lines(last, slope, squares, noise + enough, without_first + last)


def carry_on(seen: Observed, horizon: int, anchor: Anchor) -> tuple[FloatArray, FloatArray]:
    """How far each step is from where `Lines.level` stands [W, H], and what multiplies the noise.

    "last": h periods from the last value, h + spread * h^2. "curve": from the mean of the times,
    1 + 1 / n + reach^2 / stretch.
    """
    ahead = np.arange(1, horizon + 1.0)
    if anchor == "last":
        reach = ahead - seen.time[:, -1:]
        return reach, reach + seen.spread[:, None] * reach**2
    reach = ahead - seen.mean_time[:, None]
    return reach, 1 + 1 / seen.count[:, None] + reach**2 / seen.stretch[:, None]


@dataclass(frozen=True, slots=True, eq=False)
class Posterior:
    """Ceilings [W, G] (rising heights above the floor) and what each weighs, adding up to 1."""

    ceiling: FloatArray
    weight: FloatArray
    lines: Lines

    def quantiles(self, probs: FloatArray) -> FloatArray:
        """Quantiles [W, Q] of the ceiling; between nodes the density is linear, and so is log M."""
        density = self.weight.copy()
        density[:, [0, -1]] *= 2
        total = np.cumsum((density[:, 1:] + density[:, :-1]) / 2, axis=1)
        total = np.column_stack([np.zeros(len(total)), total])
        logs, row = np.log(self.ceiling), np.arange(len(total))
        found = np.empty((len(total), len(probs)))
        for q, p in enumerate(probs):
            k = np.clip((total < p).sum(axis=1), 1, total.shape[1] - 1)
            rest = p - total[row, k - 1]
            low, rise = density[row, k - 1], density[row, k] - density[row, k - 1]
            root = np.sqrt(np.maximum(low**2 + 2 * rise * rest, 0.0))
            part = np.clip(2 * rest / np.maximum(low + root, 1e-300), 0, 1)
            found[:, q] = np.exp(logs[row, k - 1] * (1 - part) + logs[row, k] * part)
        return found


def estimate(curve: Curve, seen: Observed, limit: FloatArray, anchor: Anchor) -> Posterior:
    """What the values say of their ceiling. limit: [W] heights that no ceiling exceeds, or inf."""
    largest = seen.height.max(axis=1)
    high = np.log(np.minimum(FARTHEST, limit / largest) - 1)
    low = np.minimum(np.log(NEAREST), high - 1)  # a value may be close to its bound
    row = np.arange(len(largest))
    for _ in range(ZOOMS):
        u = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, SEARCH)
        log_density, _, _ = _density(curve, seen, largest, u, anchor)
        likely = log_density > log_density.max(axis=1, keepdims=True) - UNLIKELY
        first, last = likely.argmax(axis=1), SEARCH - 1 - likely[:, ::-1].argmax(axis=1)
        low, high = u[row, np.maximum(first - 1, 0)], u[row, np.minimum(last + 1, SEARCH - 1)]
    u = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, GRID)
    log_density, ceiling, lines = _density(curve, seen, largest, u, anchor)
    weight = np.exp(log_density - log_density.max(axis=1, keepdims=True))
    weight[:, [0, -1]] /= 2  # trapezoids
    return Posterior(ceiling, weight / weight.sum(axis=1, keepdims=True), lines)


def _density(
    curve: Curve, seen: Observed, largest: FloatArray, u: FloatArray, anchor: Anchor
) -> tuple[FloatArray, FloatArray, Lines]:
    """log p(u | values) [W, G] up to a constant, the ceilings themselves, and their lines."""
    excess = np.exp(u)
    ceiling = largest[:, None] * (1 + excess)
    lines = fit(curve.straighten(seen.height[:, None], ceiling[..., None]), seen, anchor)
    n = seen.count[:, None]
    squares = np.maximum(lines.squares, n * PRECISION**2)
    # The logs of the values themselves are the same for all ceilings.
    jacobian = (n - (anchor == "last")) * curve.log_steepness(lines.mean, NOTHING, np.log(ceiling))
    prior = u - np.log1p(excess)  # log dlog(M) / du
    return jacobian - (n - 2) / 2 * np.log(squares) + prior, ceiling, lines


def blocks(seen: Observed) -> Iterator[IntArray]:
    """Windows with equally many values, so many at a time that their grids stay in the cache."""
    for n in np.unique(seen.count):
        which = np.flatnonzero(seen.count == n)
        size = max(1, BLOCK // (GRID * int(n)))
        for begin in range(0, len(which), size):
            yield which[begin : begin + size]


def mixture_quantiles(
    curve: Curve,
    found: Posterior,
    center: FloatArray,
    scale: FloatArray,
    dof: int,
    probs: FloatArray,
) -> FloatArray:
    """Quantiles [W, H, Q], as heights, of z ~ center + scale * t(dof) under each ceiling.

    center, scale: [W, G, H]. P(Y <= y) = sum_g weight_g T((z_g(y) - center_g) / scale_g), where a
    ceiling below y counts in full. Newton's steps on the log odds of P, kept inside a bracket.
    """
    heavy = found.weight > 1e-9
    windows, _, steps = center.shape
    scores = student_scores(probs.tolist(), np.array([dof]))[0]
    shape = (windows, steps, len(probs))
    top = np.where(heavy, found.ceiling, 0.0).max(axis=1)  # [W]
    line = center[..., None] + scale[..., None] * scores  # [W, G, H, Q]
    own = curve.bend(line) * found.ceiling[:, :, None, None]
    # The unknown is z to the highest ceiling, in which the law is closest to a Student-t one.
    each = curve.straighten(
        np.minimum(own, top[:, None, None, None] * (1 - 1e-15)), top[:, None, None, None]
    )
    used = heavy[:, :, None, None]
    low = np.where(used, each, np.inf).min(axis=1).ravel()
    high = np.where(used, each, -np.inf).max(axis=1).ravel()
    # First guess: a law with the mixture's mean and spread, within and between its components.
    share = found.weight[:, :, None, None]
    middle = each[..., [int(np.abs(scores).argmin())]]
    mean = (share * middle).sum(axis=1)
    within = (share * (each - middle) ** 2).sum(axis=1)
    between = (share * (middle - mean[:, None]) ** 2).sum(axis=1)
    start = (mean + np.sign(scores) * np.sqrt(within + between * scores**2)).ravel()
    law = _Law(curve, found, center, scale, dof, top)
    p = np.broadcast_to(probs, shape).ravel()
    cell = np.repeat(np.arange(windows * steps), len(probs))
    _search(law, cell, p, np.clip(start, low, high), low, high)
    found_at: FloatArray = curve.bend(high) * top[cell // steps]
    return found_at.reshape(shape)


class _Law:
    """P(Y <= y) of cells (a step of a window) and its density in z to the highest ceiling."""

    def __init__(
        self,
        curve: Curve,
        found: Posterior,
        center: FloatArray,
        scale: FloatArray,
        dof: int,
        top: FloatArray,
    ) -> None:
        _, grid, steps = center.shape
        self.curve, self.dof, self.steps, self.top = curve, dof, steps, top
        self.ceiling, self.weight = found.ceiling, found.weight
        self.log_ceiling, self.log_top = np.log(found.ceiling), np.log(top)
        self.center = center.transpose(0, 2, 1).reshape(-1, grid)  # [W H, G]
        self.rate = 1 / (scale.transpose(0, 2, 1).reshape(-1, grid) * np.sqrt(dof))
        self.height = float(peak(np.array([float(dof)]))[0]) * np.sqrt(dof)

    def __call__(self, cell: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P(Y <= y) and its derivative [P] where z to the highest ceiling is x [P]."""
        window = cell // self.steps
        y = (self.curve.bend(x) * self.top[window])[:, None]
        ceiling, weight = self.ceiling.take(window, 0), self.weight.take(window, 0)  # [P, G]
        below = y < ceiling
        z = self.curve.straighten(y, np.where(below, ceiling, 2 * y))
        rate = self.rate.take(cell, 0)
        u = (z - self.center.take(cell, 0)) * rate
        square = 1 / (1 + u * u)
        total = np.where(below, half(u, square, self.dof), 0.5)
        # dz / dx, in which the steepness of log y cancels
        turn = self.curve.log_steepness(z, NOTHING, self.log_ceiling.take(window, 0))
        turn -= self.curve.log_steepness(x, NOTHING, self.log_top[window])[:, None]
        rate *= np.exp(turn + (self.dof + 1) / 2 * np.log(square))
        density = np.einsum("pg,pg,pg->p", weight, below, rate)
        return 0.5 + np.einsum("pg,pg->p", weight, total), self.height * density


def _search(
    law: _Law, cell: IntArray, p: FloatArray, x: FloatArray, low: FloatArray, high: FloatArray
) -> None:
    """Narrow the brackets [P] in place until `high` is the quantile; x: [P] first guesses."""
    at = np.flatnonzero(low < high)
    slack = SLACK * np.minimum(p, 1 - p)
    for sweep in range(MOST):
        now, target = x[at], p[at]
        total, density = law(cell[at], now)
        short = total < target
        below, above = np.where(short, now, low[at]), np.where(short, high[at], now)
        total = np.clip(total, 1e-15, 1 - 1e-15)
        gap = np.log(total / (1 - total) * (1 / target - 1)) * total * (1 - total)
        new = now - gap / np.maximum(density, 1e-300)
        inside = (below < new) & (new < above)
        if sweep > PURE and sweep % 2:
            inside[:] = False
        x[at] = new = np.where(inside, new, below / 2 + above / 2)
        done = (np.abs(total - target) <= slack[at]) & inside
        done |= above - below <= 1e-13 * np.maximum(np.abs(new), 1.0)
        low[at], high[at] = below, np.where(done, new, above)
        at = at[~done]
        if not at.size:
            return
