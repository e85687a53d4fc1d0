"""Mixtures of Student-t laws: distribution, quantiles and paths.

Axes: K components, W windows, H steps, Q quantiles, C cells (a step of a window), N points.
"""

import functools
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from westforecast.kernels.student import half, peak, student_quantile
from westforecast.typing import BoolArray, FloatArray, IntArray

SLACK = 1e-12  # error of P(X <= x) at a quantile, relative to the smaller of p and 1 - p
PURE = 8  # sweeps of Halley's steps alone; later every second one halves the bracket
TABLE = 4096  # dof from which on scores are not kept
LOT = 500  # windows worked on at a time, which bounds the memory
BLOCK = 12_000  # numbers [K, N] worked on at a time, so that they stay in the cache
FAR = 2.0**300  # stands for infinity: its square, reciprocal and root are exact
LEAST = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """Mixtures of K Student-t laws, for each of W windows and H steps.

    weight: [K, W], non-negative, adding up to 1 over K.
    location, scale: [K, H, W] of each law; a scale of 0 is a point mass.
    dof: [W] whole numbers >= 1. logarithmic: [K], True where a law is that of log x, not of x.
    Raises ValueError for other shapes and numbers. A window that has a NaN gives NaN throughout.

    >>> one = np.ones((1, 1, 1))
    >>> law = Mixture(one[0], 5 * one, 2 * one, np.array([1]), np.array([False]))
    >>> law.quantiles(np.array([0.25, 0.5, 0.75]))
    array([[[3., 5., 7.]]])
    """

    weight: FloatArray
    location: FloatArray
    scale: FloatArray
    dof: IntArray
    logarithmic: BoolArray

    def __post_init__(self) -> None:
        k, _, w = shape = self.location.shape
        found = [a.shape for a in (self.weight, self.scale, self.dof, self.logarithmic)]
        if found != (expected := [(k, w), shape, (w,), (k,)]):
            raise ValueError(f"shapes {found} found beside location {shape}, {expected} expected")
        if (self.weight < 0).any() or (np.abs(self.weight.sum(axis=0) - 1) > 1e-9).any():
            raise ValueError("weights must not be negative and must add up to 1 in each window")
        if (self.scale < 0).any():
            raise ValueError("a scale must not be negative")
        if not np.issubdtype(self.dof.dtype, np.integer) or (self.dof < 1).any():
            raise ValueError("degrees of freedom must be whole numbers of at least 1")

    def cdf(self, x: FloatArray) -> FloatArray:
        """P(X <= x) [..., H, W] at `x` of that shape; absolute error about 1e-14."""
        found = np.full(x.shape, np.nan)
        for windows, cells in self._lots():
            values = np.moveaxis(x[..., windows], (-1, -2), (0, 1))  # [W, H, ...]
            at = np.repeat(np.arange(len(cells.dof)), math.prod(x.shape[:-2]))
            total, _, _ = cells.slopes(at, values.ravel())
            found[..., windows] = np.moveaxis(total.reshape(values.shape), (0, 1), (-1, -2))
        return found

    def quantiles(self, probs: FloatArray) -> FloatArray:
        """Quantiles [W, H, Q] at `probs` [Q], rising numbers in (0, 1).

        The least x with P(X <= x) >= p, or one of many where P(X <= x) is level at p. It is found
        to |P(X <= x) - p| <= 1e-12 min(p, 1 - p), though not below 1e-14, or else to the last digit
        of x. Infinite only beyond the largest float.
        """
        probs = np.asarray(probs, np.float64)
        if not ((probs > 0) & (probs < 1)).all() or (np.diff(probs) < 0).any():
            raise ValueError(f"rising probabilities between 0 and 1 expected, {probs} found")
        if (top := int(self.dof.max(initial=1))) < TABLE:
            scores = _scores(tuple(probs.tolist()), 1 << top.bit_length())[self.dof]  # [W, Q]
        else:
            scores = student_quantile(probs, self.dof[:, None])
        found = np.full((*self.location.T.shape[:2], len(probs)), np.nan)  # [W, H, Q]
        for windows, cells in self._lots():
            each = np.repeat(scores[windows], found.shape[1], axis=0)  # [C, Q]
            found[windows] = cells.quantiles(probs, each).reshape(-1, *found.shape[1:])
        return np.maximum.accumulate(found, axis=-1)  # equal ones may differ by rounding

    def _lots(self) -> Iterator[tuple[IntArray, "_Cells"]]:
        """Windows without NaN in rising order of dof, a lot at a time, and their cells."""
        worst = self.location.max(axis=(0, 1)) + self.scale.max(axis=(0, 1)) + self.weight.max(0)
        known = np.flatnonzero(~np.isnan(worst))
        order = known[np.argsort(self.dof[known], kind="stable")]
        first, levels = np.argsort(self.logarithmic, kind="stable"), int(np.sum(~self.logarithmic))
        count, steps = len(first), self.location.shape[1]
        for at in range(0, len(order), LOT):
            windows = order[at : at + LOT]
            location, scale = (
                a[first[:, None], :, windows].reshape(count, -1)  # [K, W H]
                for a in (self.location, self.scale)
            )
            weight = np.repeat(self.weight[first[:, None], windows], steps, axis=1)
            yield (
                windows,
                _Cells.of(weight, location, scale, np.repeat(self.dof[windows], steps), levels),
            )


@functools.lru_cache(maxsize=32)
def _scores(probs: tuple[float, ...], count: int) -> FloatArray:
    """Quantiles [dof, Q] of Student's t for dof below `count`; those of dof 0 are never read."""
    return student_quantile(np.array(probs), np.maximum(np.arange(count), 1)[:, None])


def sample_paths(
    generator: np.random.Generator,
    weight: FloatArray,
    location: FloatArray,
    root: FloatArray,
    dof: float,
    logarithmic: BoolArray,
    size: int,
) -> FloatArray:
    """Paths [size, H] of one window from a mixture of multivariate Student-t laws.

    weight: [K], up to a factor. location: [K, H]. logarithmic: [K], True where a law is that of
    log x. root: [K, H, H], lower-triangular roots of the scale matrices. A path has one component
    and one chi-square number for all of its steps: location + root z sqrt(dof / chi2).
    """
    share = np.cumsum(weight)
    drawn = np.searchsorted(share / share[-1], generator.random(size), side="right")
    z = generator.standard_normal((size, location.shape[1]))
    z *= np.sqrt(dof / generator.chisquare(dof, size))[:, None]
    paths = np.empty_like(z)
    for k in np.unique(drawn):
        path = location[k] + z[drawn == k] @ root[k].T
        with np.errstate(over="ignore"):
            paths[drawn == k] = np.exp(path) if logarithmic[k] else path
    return paths


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """K components, the level ones first, at each of C cells in rising order of dof.

    weight, location, scale: [K, C]. dof: [C]. levels: how many components are of x, not log x.
    rate: [K, C], 1 / (scale sqrt(dof)), inf for a point mass; height: [K, C], weight times density
    at the location, 0 for a point mass.
    """

    weight: FloatArray
    location: FloatArray
    scale: FloatArray
    rate: FloatArray
    height: FloatArray
    dof: IntArray
    levels: int

    @classmethod
    def of(
        cls, weight: FloatArray, location: FloatArray, scale: FloatArray, dof: IntArray, levels: int
    ) -> "_Cells":
        root = np.sqrt(dof)
        with np.errstate(divide="ignore", over="ignore"):
            rate = 1 / (scale * root)
            height = weight * np.where(np.isinf(rate), 0.0, rate) * (root * peak(root**2))
        return cls(weight, location, scale, rate, height, dof, levels)

    def slopes(self, at: IntArray, x: FloatArray) -> FloatArray:
        """P(X <= x), the density and its derivative [3, N] at `x` [N] in the cells `at` [N]."""
        found = np.empty((3, len(at)))
        with np.errstate(all="ignore"):
            for part in self._parts(self.dof[at]):
                found[:, part] = self._slopes(at[part], x[part])
        return found

    def _parts(self, dof: IntArray) -> Iterator[slice]:
        """Stretches of points with the same dof that fit the cache."""
        size = max(1, BLOCK // len(self.weight))
        edges = [0, *(np.flatnonzero(np.diff(dof)) + 1).tolist(), len(dof)]
        for begin, end in itertools.pairwise(edges):
            for start in range(begin, end, size):
                yield slice(start, min(start + size, end))

    def _slopes(self, at: IntArray, x: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same for points that have their dof in common."""
        dof, logs = int(self.dof[at[0]]), slice(self.levels, None)
        weight, location = self.weight.take(at, axis=1), self.location.take(at, axis=1)
        rate, height = self.rate.take(at, axis=1), self.height.take(at, axis=1)
        u = x - location
        if self.levels < len(u):
            u[logs] = np.log(np.maximum(x, 0.0)) - location[logs]
        u *= rate
        np.fmin(u, FAR, out=u)  # NaN, 0 times inf, on a point mass: all of it is reached there
        np.fmax(u, -FAR, out=u)
        square = 1 / (1 + u * u)
        total = 0.5 + np.einsum("kn,kn->n", weight, half(u, square, dof))
        density = _power(square, dof + 1)
        density *= height
        u *= square
        u *= np.minimum(rate, FAR, out=rate)
        u *= -(dof + 1)
        if self.levels < len(u):
            each = 1 / np.where(x > 0, x, 1.0)
            density[logs] *= each
            u[logs] = (u[logs] - 1) * each
        return np.clip(total, 0, 1), density.sum(axis=0), np.einsum("kn,kn->n", density, u)

    def quantiles(self, probs: FloatArray, scores: FloatArray) -> FloatArray:
        """Quantiles [C, Q] at `probs` [Q]; scores: [C, Q] those of Student's t."""
        p = np.broadcast_to(probs, scores.shape).ravel()
        cell = np.repeat(np.arange(len(scores)), len(probs))
        slack = np.maximum(SLACK * np.minimum(p, 1 - p), 1e-14)
        with np.errstate(all="ignore"):  # a step that comes to nothing is replaced by a halving
            low, high = self._bracket(scores)
            self._jumps(cell, p - slack, low, high)
            self._search(cell, p, slack, self._guess(scores), low, high)
        return high.reshape(scores.shape)

    def _search(
        self,
        cell: IntArray,
        p: FloatArray,
        slack: FloatArray,
        x: FloatArray,
        low: FloatArray,
        high: FloatArray,
    ) -> None:
        """Narrow the brackets [N] in place until `high` is the quantile; x: [N] first guesses.

        Halley's steps on the log odds of P(X <= x), nearly linear in x for a single law. A point is
        done when P(X <= x) is as wanted, or when Taylor's remainder proves it for the next x.
        """
        at, rough = np.arange(len(p)), self._roughness()
        for sweep in itertools.count():
            middle = _middle(low[at], high[at])
            open_ = (low[at] < middle) & (middle < high[at])
            at, middle = at[open_], middle[open_]
            if not at.size:
                return
            below, above, now, target = low[at], high[at], x[at], p[at]
            now = np.where((below < now) & (now < above), now, below / 2 + above / 2)
            if sweep > PURE and sweep % 2:
                now = middle
            total, density, change = self.slopes(cell[at], now)
            short = total < target
            below, above = np.where(short, now, below), np.where(short, above, now)
            spread = total * (1 - total)
            gap = np.log(total / (1 - total) * (1 / target - 1)) * spread / density
            bend = gap / 2 * (change / density - density * (1 - 2 * total) / spread)
            x[at] = new = now - gap / np.maximum(1 - bend, 0.25)  # at most four of Newton's steps
            inside, step = (below < new) & (new < above), np.abs(new - now)
            level, log = rough[:, cell[at]]
            beyond = level + np.where(log > 0, log / np.fmax(now - step, 0.0) ** 3, 0.0)
            left = total - target + (new - now) * (density + change * (new - now) / 2)
            proven = inside & (np.abs(left) + beyond * step**3 / 6 <= slack[at])
            done = proven | (np.abs(total - target) <= slack[at])
            final = np.where(proven, new, now)
            low[at], high[at] = np.where(done, final, below), np.where(done, final, above)

    def _roughness(self) -> FloatArray:
        """Bounds [2, C] of the third derivative of P(X <= x): level part, log part times x^3.

        With r = rate sqrt(dof + 1), the density h (1 + u^2)^(-(dof + 1) / 2) of a component is at
        most h, its first derivative at most h r, and its second, greatest at u = 0, at most h r^2.
        """
        r = np.minimum(self.rate, FAR) * np.sqrt(self.dof + 1)
        level = self.height[: self.levels] * r[: self.levels] ** 2
        log = self.height[self.levels :] * (r[self.levels :] + 1) * (r[self.levels :] + 2)
        return np.stack([level.sum(axis=0), log.sum(axis=0)])

    def _bracket(self, scores: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The least and the greatest quantile [C Q] of the components, where they have weight."""
        location = np.where(self.weight > 0, self.location, np.nan)
        low, high = np.empty((2, *scores.shape))
        for q, score in enumerate(scores.T):
            each = location + self.scale * score
            each[self.levels :] = np.exp(each[self.levels :])
            low[:, q], high[:, q] = np.fmin.reduce(each), np.fmax.reduce(each)
        return low.ravel(), high.ravel()

    def _guess(self, scores: FloatArray) -> FloatArray:
        """Quantiles [C Q] of one law with the mixture's mean and spread, for each kind of law."""
        guess = np.zeros(scores.shape)
        levels, logs = slice(self.levels), slice(self.levels, None)
        for kind, outward in ((levels, np.positive), (logs, np.exp)):
            weight, location = self.weight[kind], self.location[kind]
            share = weight.sum(axis=0)
            weight = weight / np.where(share > 0, share, 1.0)
            mean = np.einsum("kc,kc->c", weight, location)
            square = (location - mean) ** 2 + self.scale[kind] ** 2
            variance = np.einsum("kc,kc->c", weight, square)
            own = mean[:, None] + np.sqrt(variance)[:, None] * scores
            guess += share[:, None] * outward(own)
        return guess.ravel()

    def _jumps(self, cell: IntArray, p: FloatArray, low: FloatArray, high: FloatArray) -> None:
        """Narrow the brackets [N] in place so that no point mass is left inside one."""
        mass = self.scale == 0
        for k in np.flatnonzero(mass.any(axis=1)):
            at = np.flatnonzero(mass[k, cell] & (low < high))
            own = self.location[k, cell[at]]
            wide = 1e-15 * np.maximum(np.abs(own), 1.0)  # what exp and log may lose
            sides = [np.nextafter(own, -np.inf), own]
            if k >= self.levels:
                sides = [np.exp(own - wide), np.exp(own + wide)]
            for x in sides:
                inside = (low[at] <= x) & (x <= high[at])
                here, x = at[inside], x[inside]
                short = self.slopes(cell[here], x)[0] < p[here]
                low[here[short]], high[here[~short]] = x[short], x[~short]


def _power(square: FloatArray, twice: int) -> FloatArray:
    """square^(twice / 2), by repeated squaring."""
    result = np.sqrt(square) if twice % 2 else np.ones_like(square)
    while twice := twice // 2:
        if twice % 2:
            result *= square
        square = square * square
    return result


def _middle(low: FloatArray, high: FloatArray) -> FloatArray:
    """The float half-way in the row of all floats: 64 halvings leave none between two."""
    a, b = (np.where(n < 0, LEAST - n, n) for n in (low.view(np.int64), high.view(np.int64)))
    row: IntArray = (a >> 1) + (b >> 1) + (a & b & 1)
    return np.where(row < 0, LEAST - row, row).view(np.float64)
