"""Levels, probabilities and quantiles."""

from collections.abc import Iterable
from itertools import pairwise
from statistics import NormalDist

import numpy as np

from westforecast.errors import UsageError
from westforecast.typing import FloatArray, IntArray

# Interval coverages asked of a model so that a whole law can be drawn from its quantiles.
LAW = (10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0)

# An end of an interval that is larger than all that can be computed with.
LARGEST = 1e300


def check_levels(levels: Iterable[float]) -> tuple[float, ...]:
    """Interval coverages in percent, sorted and distinct.

    Raises UsageError for a level outside (0, 100), with a hint where a fraction was meant, for one
    so near 100 that no tail is left, and for two that columns would have the same name for.

    >>> check_levels([95, 80])
    (80.0, 95.0)
    """
    checked = []
    for level in [levels] if isinstance(levels, int | float | np.number) else list(levels):
        if isinstance(level, bool) or not isinstance(level, int | float | np.number):
            raise UsageError(f"level {level!r} found, a number in percent expected, e.g. 80.")
        if 0 < level < 1:
            meant = f"{100 * level:g}"
            raise UsageError(
                f"level {level:g} is a fraction; levels are in percent. Did you mean {meant}?"
            )
        if not 0 < level < 100:
            raise UsageError(f"level {level:g} found, a percentage between 1 and 100 expected.")
        if not probabilities([float(level)])[0] > 0:
            raise UsageError(
                f"level {level!r} found, which leaves no tail; at most 99.9999 is meant."
            )
        checked.append(float(level))
    distinct = sorted(set(checked))
    for low, high in pairwise(distinct):
        if f"{low:g}" == f"{high:g}":
            raise UsageError(
                f"levels {low!r} and {high!r} found, both {low:g} as columns are called; one of "
                "them expected."
            )
    return tuple(distinct)


def probabilities(levels: Iterable[float]) -> tuple[float, ...]:
    """Lower and upper probability of each central interval, in rising order.

    >>> probabilities([80])
    (0.1, 0.9)
    """
    tails = [round((100 - level) / 200, 12) for level in levels]
    return tuple(sorted({*tails, *(round(1 - tail, 12) for tail in tails)}))


def normal_scores(probs: Iterable[float]) -> FloatArray:
    """Standard normal quantiles [Q]."""
    standard = NormalDist()
    return np.array([standard.inv_cdf(p) for p in probs])


def normal_quantiles(mean: FloatArray, sd: FloatArray, probs: Iterable[float]) -> FloatArray:
    """Quantiles [..., Q] of normal laws with means [...] and standard deviations [...]."""
    return mean[..., None] + sd[..., None] * normal_scores(probs)


def median_variance(count: IntArray | int) -> FloatArray:
    """Variance of the median of `count` [...] independent normal values, in units of theirs.

    pi / (2 count) for many (Kenney & Keeping 1962, section 13.13); what is added to the count makes
    it right to 5 % from 2 on.
    """
    count = np.asarray(count, float)
    return np.asarray(np.pi / (2 * count + np.where(count % 2 == 1, 1.0, 2.6)))


def exp_quantiles(logs: FloatArray) -> FloatArray:
    """exp of quantiles of logarithms; what would overflow is `LARGEST`.

    A variance of one degree of freedom says so little that an end may be beyond all numbers. It is
    no reason to lose the point forecast, nor for step 1 to depend on step 50.
    """
    return np.asarray(np.exp(np.minimum(logs, np.log(LARGEST))))


def at_scores(quantiles: FloatArray, probs: Iterable[float], scores: FloatArray) -> FloatArray:
    """Values of quantile functions at normal scores, steps first.

    quantiles: [H, Q] in rising order of `probs`. scores: [P, H] standard normal numbers.
    Returns [P, H]. Between known quantiles the value is linear in the normal score, beyond them it
    goes on with the slope of the last piece: exact for a normal law, and a law close to it in
    the middle keeps normal-like tails.
    """
    knots = normal_scores(probs)
    values = np.empty_like(scores)
    for step in range(scores.shape[1]):
        z, q = scores[:, step], quantiles[step]
        piece = np.clip(np.searchsorted(knots, z) - 1, 0, len(knots) - 2)
        slope = (q[piece + 1] - q[piece]) / (knots[piece + 1] - knots[piece])
        values[:, step] = q[piece] + slope * (z - knots[piece])
    return values


def reading(probs: Iterable[float], at: Iterable[float]) -> FloatArray:
    """A matrix [A, Q] that reads quantile functions known at `probs` [Q] at probabilities `at` [A].

    `quantiles @ reading(probs, at).T` is what `at_scores` gives at those normal scores, for any
    number of laws at once.
    """
    knots, scores = normal_scores(probs), normal_scores(at)
    piece = np.clip(np.searchsorted(knots, scores) - 1, 0, len(knots) - 2)
    weight = (scores - knots[piece]) / (knots[piece + 1] - knots[piece])
    matrix = np.zeros((len(scores), len(knots)))
    rows = np.arange(len(scores))
    matrix[rows, piece], matrix[rows, piece + 1] = 1 - weight, weight
    return matrix


def inner_half(
    quantiles: FloatArray, probs: Iterable[float], wanted: Iterable[float], bound: float, *,
    upper: bool,
) -> FloatArray:  # fmt: skip
    """Quantiles [A] of a distribution whose middle lies beyond a bound that it cannot pass.

    quantiles: [Q] rising, at `probs`. wanted: [A] probabilities. upper: does the upper half lie
    inside (the bound is a lower one)? One half stands on the bound; the other is what the
    distribution gives inside: with S its probability there, at most one half, the quantile of p is
    where P(X > x) = 2 (1 - p) S. Between known quantiles as in `at_scores`. Where even the last
    one lies beyond the bound, what comes after that one is taken for what comes inside. NaN where a
    quantile is missing, and the bound where the distribution is a point.
    """
    asked = np.array(list(wanted))
    if not np.isfinite(quantiles).all():
        return np.full(len(asked), np.nan)
    if not upper:  # seen from the other side, an upper bound is a lower one
        mirrored = [1 - p for p in reversed(list(probs))]
        return -inner_half(-quantiles[::-1], mirrored, 1 - asked, -bound, upper=True)
    knots = normal_scores(probs)
    distinct = np.append(True, np.diff(quantiles) > 0)
    if distinct.sum() < 2:
        return np.full(len(asked), bound)
    q, z = quantiles[distinct], knots[distinct]
    k = int(np.clip(np.searchsorted(q, bound) - 1, 0, len(q) - 2))
    shift = max(bound - q[-1], 0.0)
    edge = z[k] + (bound - shift - q[k]) / (q[k + 1] - q[k]) * (z[k + 1] - z[k])
    standard = NormalDist()
    inside = min(0.5, 1 - standard.cdf(float(edge)))
    outer = asked <= 0.5
    tails = 2 * (1 - np.where(outer, 0.5, asked)) * inside
    scores = np.array([-standard.inv_cdf(tail) for tail in tails])
    found = shift + at_scores(quantiles[None], probs, scores[:, None])[:, 0]
    return np.where(outer, bound, np.maximum(found, bound))


def pool(
    quantiles: FloatArray, probs: Iterable[float], at: Iterable[float] | None = None
) -> FloatArray:
    """Quantiles of the linear pool (the mixture with equal weights) of K laws.

    quantiles: [K, ..., Q] of each law at `probs`. Returns [..., A] at the probabilities `at`
    (default: `probs`). Each law is read at a fine even grid of probabilities, in normal scores as
    in `at_scores`; the pool's quantiles are those of all points together.
    """
    probs = tuple(probs)
    wanted = probs if at is None else tuple(at)
    count = 512
    even = (np.arange(count) + 0.5) / count
    points = quantiles @ reading(probs, even).T  # [K, ..., count]
    together = np.moveaxis(points, 0, -2).reshape(*points.shape[1:-1], -1)
    return np.moveaxis(np.quantile(together, wanted, axis=-1), 0, -1)
