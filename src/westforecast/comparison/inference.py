"""Tests of equal accuracy on arrays of losses: pure functions, each with its formula and source.

Losses are never negative and less is better. N observations (cutoffs, series), M models. SciPy is
imported where a distribution is needed, so that nobody else pays for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.models.forecast import SAME
from westforecast.typing import FloatArray, IntArray

Variance = Literal["acf", "bartlett", "overlap"]
Statistic = Literal["max", "range"]

ROUNDING = 1e-12  # what is smaller than this, relative to what it came from, is none
CHUNK = 2_000_000  # counts of resamples held at once


@dataclass(frozen=True, slots=True)
class Test:
    """A test's statistic and p-value. variance: how the variance was estimated in the end.

    Both are NaN where there are too few observations for it.
    """

    statistic: float
    p_value: float
    n: int
    variance: str = ""


def diebold_mariano(
    loss_a: Sequence[float] | FloatArray,
    loss_b: Sequence[float] | FloatArray,
    h: int = 1,
    *,
    variance: Variance = "acf",
) -> Test:
    """Are two sequences of losses equal in the mean? Two-sided; below 0, `a` is more accurate.

    loss_a, loss_b: [N] in the order of time. With d = loss_a - loss_b, autocovariances g_k
    (divisor N) and the mean d', the statistic d' / sqrt(V / N) takes V from

        acf       g_0 + 2 (g_1 + ... + g_{h-1})                        Diebold & Mariano (1995)
        bartlett  g_0 + 2 sum over k < h of (1 - k/h) g_k              Newey & West (1987)
        overlap   g (1'R1) / N,  g = sum (d_t - d')^2 / tr(MR),        Richardson & Smith (1991)
                  R_st = max(0, 1 - |s-t|/h),  M = I - 11'/N

    acf and bartlett are multiplied by sqrt((N + 1 - 2h + h(h-1)/N) / N) and read from Student's t
    with N - 1 degrees of freedom (Harvey, Leybourne & Newbold 1997). overlap does not estimate the
    autocorrelations but takes those of sums of h shocks, which overlapping forecasts errors are;
    its degrees of freedom are tr(MR)^2 / tr(MRMR) (Satterthwaite 1946). With h = 1 all three are
    the same test.

    h: observations this many places apart share no shock: the horizon, in one-period steps. Where
    the acf variance is not above 0, the Bartlett one is taken, which cannot be below it, and
    `variance` of what is returned says so. (R's forecast::dm.test takes h = 1 there.)

    NaN where N <= h or N < 2. Losses that never differ have p = 1; a difference that never varies
    an infinite statistic and p = 0. Raises UsageError for lengths that differ or an h below 1.
    """
    a, b = np.asarray(loss_a, float), np.asarray(loss_b, float)
    if a.ndim != 1 or a.shape != b.shape:
        raise UsageError(
            f"losses of shapes {a.shape} and {b.shape} found; two sequences of one length expected."
        )
    if variance not in get_args(Variance):
        raise UsageError(f"variance={variance!r} found; expected {', '.join(get_args(Variance))}.")
    if isinstance(h, bool) or h < 1:
        raise UsageError(f"h={h!r} found, a whole number of at least 1 expected.")
    d, n = a - b, len(a)
    if n <= h or n < 2:
        return Test(float("nan"), float("nan"), n, variance)
    mean = float(d.mean())
    g = np.array([(d[k:] - mean) @ (d[: n - k] - mean) / n for k in range(h)])
    if variance == "overlap":
        lost, dof, share = overlap_facts(n, h)
        of_mean = n * g[0] / lost * share
    else:
        falling = 1 - np.arange(h) / h
        sums = {"acf": 2 * g.sum() - g[0], "bartlett": 2 * falling @ g - g[0]}
        if variance == "acf" and sums["acf"] <= ROUNDING * g[0]:
            variance = "bartlett"
        dof = n - 1.0
        of_mean = sums[variance] * n / ((n - h) * (n - h + 1))  # V / N over the correction squared
    statistic = float(_standard(np.array(mean), np.sqrt(max(of_mean, 0)), np.abs(d).max()))
    from scipy import special

    return Test(statistic, float(2 * special.stdtr(dof, -abs(statistic))), n, variance)


def overlap_facts(n: int, h: int) -> tuple[float, float, float]:
    """tr(MR), degrees of freedom, and variance of the mean over that of one observation.

    >>> overlap_facts(10, 1)
    (9.0, 9.0, 0.1)
    """
    place = np.arange(n)
    r = np.maximum(0.0, 1 - np.abs(place[:, None] - place) / h)
    centred = r - r.mean(axis=0)  # MR
    lost = float(np.trace(centred))
    return lost, lost**2 / float((centred * centred.T).sum()), float(r.mean())


def overlap_reach(differences: FloatArray, h: int, sizes: FloatArray) -> FloatArray:
    """How far from 0 a mean must be for `diebold_mariano`, with the overlap variance, to find it.

    differences: [N, P] of P pairs, N > h. sizes: [P] of each test. The means no further than that
    from the one that is found are those that the test does not reject: an interval.
    """
    from scipy import special

    lost, dof, share = overlap_facts(len(differences), h)
    squares = ((differences - differences.mean(axis=0)) ** 2).sum(axis=0)
    reach: FloatArray = -special.stdtrit(dof, sizes / 2) * np.sqrt(squares / lost * share)
    return reach


def holm(p_values: Sequence[float] | FloatArray) -> FloatArray:
    """p-values adjusted for being several: sorted, p_(i) becomes max over j <= i of
    min(1, (K - j + 1) p_(j)) (Holm 1979). NaN stays and is not counted."""
    p = np.asarray(p_values, float)
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    rising = np.maximum.accumulate((len(order) - np.arange(len(order))) * p[order])
    adjusted[order] = np.minimum(rising, 1)
    return adjusted


def holm_sizes(p_values: Sequence[float] | FloatArray, alpha: float) -> FloatArray:
    """The size at which each of several tests is read: p is at most its size where `holm` of all p
    is at most alpha. Between alpha / K and alpha; NaN where p is.

    >>> holm_sizes([0.01, 0.04], 0.05)
    array([0.025, 0.05 ])
    """
    p = np.asarray(p_values, float)
    sizes = np.full(p.shape, np.nan)
    known = np.flatnonzero(np.isfinite(p))
    order = known[np.argsort(p[known], kind="stable")]
    rising = np.maximum.accumulate((len(order) - np.arange(len(order))) * p[order])
    share = np.where(
        rising > 0, p[order] / np.where(rising > 0, rising, 1.0), 1 / max(len(order), 1)
    )
    sizes[order] = alpha * share
    return sizes


def mean_ranks(losses: FloatArray) -> FloatArray:
    """Mean ranks [M] of models over rows, 1 is best, ties share their mean. losses: [N, M].

    Losses that differ by rounding alone are tied.
    """
    one, other = losses[:, :, None], losses[:, None, :]
    equal = np.abs(one - other) <= SAME * (np.abs(one) + np.abs(other))  # a model equals itself
    below = ((one > other) & ~equal).sum(axis=2)
    equal = equal.sum(axis=2)
    mean: FloatArray = (below + (equal + 1) / 2).mean(axis=0)
    return mean


# --- bootstrap ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Resamples:
    """`times` resamples of n rows with replacement, the same whenever they are gone through.

    Going through them gives counts [r, N], how often each row is in each of r resamples: means are
    then matrix products, and memory is bounded.
    block: mean length of a block; above 1 the stationary bootstrap of Politis & Romano (1994), in
    which each row follows its predecessor (the last is followed by the first) with probability
    1 - 1/block and is drawn anew otherwise.
    """

    n: int
    times: int
    seed: int = 0
    block: float = 1.0

    def __iter__(self) -> Iterator[FloatArray]:
        rng = np.random.default_rng(self.seed)
        most = max(1, CHUNK // max(self.n, 1))
        for done in range(0, self.times, most):
            yield counts(self._rows(min(most, self.times - done), rng))

    def _rows(self, times: int, rng: np.random.Generator) -> IntArray:
        drawn = rng.integers(self.n, size=(times, self.n))
        if self.block <= 1:
            return drawn
        fresh = rng.random((times, self.n)) < 1 / self.block
        fresh[:, 0] = True
        place = np.arange(self.n)
        begun = np.maximum.accumulate(np.where(fresh, place, 0), axis=1)
        return (np.take_along_axis(drawn, begun, axis=1) + place - begun) % self.n


def counts(drawn: IntArray) -> FloatArray:
    """How often each of N rows is among those drawn; drawn, counts: [R, N]."""
    times, n = drawn.shape
    flat = np.bincount((drawn + n * np.arange(times)[:, None]).ravel(), minlength=times * n)
    return flat.reshape(times, n).astype(float)


def bootstrap_means(losses: FloatArray, resamples: Iterable[FloatArray]) -> FloatArray:
    """Mean losses of each resample less those of the sample [R, M]. losses: [N, M]."""
    means = np.concatenate([drawn @ losses for drawn in resamples]) / len(losses)
    away: FloatArray = means - losses.mean(axis=0)
    return away


def student_means(
    losses: FloatArray, h: int, times: int, seed: int = 0
) -> tuple[FloatArray, FloatArray]:
    """Draws of mean losses less their expectation [R, M], and of the estimated spread over the true
    one [R]: together a multivariate Student's t. losses: [N, M] in the order of time, N > h.

    The covariance is that of `diebold_mariano` with the overlap variance, for all models at once.
    With few observations a bootstrap understates how wrong an estimated spread can be; this does
    not.
    """
    rng, (lost, dof, share) = np.random.default_rng(seed), overlap_facts(len(losses), h)
    centred = (losses - losses.mean(axis=0)) * np.sqrt(share / lost)
    draws: FloatArray = rng.standard_normal((times, len(losses))) @ centred
    return draws, np.sqrt(rng.chisquare(dof, times) / dof)


def model_confidence_set(
    mean: FloatArray,
    away: FloatArray,
    statistic: Statistic = "max",
    spread: FloatArray | None = None,
) -> FloatArray:
    """p-values [M] for being among the best (model confidence set; Hansen, Lunde & Nason 2011).

    The set of confidence 1 - alpha holds the models whose p-value is above alpha: it covers the
    best one with that confidence. The p-value of the last model left is 1.

    mean: [M] mean losses L. away: [R, M] draws of L less its expectation, from `bootstrap_means` or
    `student_means`, which gives the `spread` [R] too. The same draws serve every step.

        max    t_i  = (L_i - mean of L over the set) / sd,  statistic max over i of t_i
        range  t_ij = (L_i - L_j) / sd,                     statistic max over i, j of t_ij

    with sd that of the draws. Step by step the hypothesis that all models left are equal is tested
    by the share of draws whose statistic is larger, and the model behind the maximum leaves; its
    p-value is the largest so far. Models that tie for worst leave together, so equal copies fare
    alike; those that do not differ at all have p = 1.
    """
    p_values, left, largest = np.ones(len(mean)), np.arange(len(mean)), 0.0
    while len(left) > 1:
        if statistic == "max":
            gap = mean[left] - mean[left].mean()
            moves = away[:, left] - away[:, left].mean(axis=1, keepdims=True)
        else:
            gap = mean[left][:, None] - mean[left]
            moves = away[:, left, None] - away[:, None, left]
        sd = np.sqrt((moves**2).mean(axis=0))
        size = np.abs(mean[left]).max()
        t, simulated = _standard(gap, sd, size), _standard(moves, sd, size)
        worst = t.max()
        if worst <= 0:  # nothing tells those left apart
            break
        most = simulated.reshape(len(away), -1).max(axis=1)
        tail = float((most > worst * (1 if spread is None else spread)).mean())
        largest = max(largest, tail)
        leaving = np.unique(np.argwhere(t >= worst * (1 - ROUNDING))[:, 0])
        p_values[left[leaving]] = largest
        left = np.delete(left, leaving)
    return p_values


def _standard(gap: FloatArray, sd: FloatArray, size: FloatArray | float) -> FloatArray:
    """gap / sd; 0 where both are nothing beside `size`, infinite where sd alone is."""
    none = ROUNDING * size
    with np.errstate(divide="ignore", invalid="ignore"):
        found = gap / np.where(sd > none, sd, 0.0)
    return np.where((np.abs(gap) <= none) & (sd <= none), 0.0, found)


def paired_bootstrap(
    differences: FloatArray, resamples: Iterable[FloatArray]
) -> tuple[FloatArray, FloatArray]:
    """Studentized paired bootstrap: are mean differences 0? Two-sided, rows independent.

    differences: [N, P] of P pairs, N >= 2. resamples: counts [r, N] of each of R. Returns
    t = mean / se [P] and (1 + number of resamples with |t* of centred rows| >= |t|) / (R + 1) [P]
    (Davison & Hinkley 1997, 4.4). Differences that are all 0 have p = 1.
    """
    mean, se, size = _moments(differences)
    t = _standard(mean, se, size)
    beyond, times = np.zeros(len(t)), 0
    for drawn in _studentized(differences, resamples):
        beyond += (drawn >= np.abs(t) * (1 - ROUNDING)).sum(axis=0)
        times += len(drawn)
    return t, np.where(size == 0, 1.0, (1 + beyond) / (times + 1))


def bootstrap_reach(
    differences: FloatArray, resamples: Iterable[FloatArray], sizes: FloatArray
) -> FloatArray:
    """How far from 0 a mean must be for `paired_bootstrap` to find it, as `overlap_reach`.

    Infinite where the resamples are too few for the size.
    """
    _, se, size = _moments(differences)
    drawn = np.sort(np.concatenate(list(_studentized(differences, resamples))), axis=0)[::-1]
    allowed = np.floor(sizes * (len(drawn) + 1) * (1 + ROUNDING)).astype(int) - 1  # as extreme
    last = drawn[np.clip(allowed, 0, len(drawn) - 1), np.arange(len(sizes))]
    endless = (allowed < 0) | np.isinf(last)
    near = np.where(endless, 0.0, last) / (1 - ROUNDING) * se
    return np.where(size == 0, 0.0, np.where(endless, np.inf, near))


def _moments(differences: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Means, their standard errors and largest sizes [P] of differences [N, P]."""
    n, mean = len(differences), differences.mean(axis=0)
    se = np.sqrt(((differences - mean) ** 2).sum(axis=0) / n / (n - 1))
    return mean, se, np.abs(differences).max(axis=0)


def _studentized(differences: FloatArray, resamples: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """|t*| [r, P] of resamples of the centred differences [N, P]; infinite where one shows no
    spread, which is as extreme as can be."""
    n, (mean, _, size) = len(differences), _moments(differences)
    centred = differences - mean
    for drawn in resamples:
        moved, square = drawn @ centred / n, drawn @ centred**2 / n  # [r, P]
        spread = np.sqrt(np.maximum(square - moved**2, 0) / (n - 1))
        t = np.abs(_standard(moved, spread, size))
        yield np.where(spread <= ROUNDING * size, np.inf, t)


def log_ratio(loss: FloatArray, other: FloatArray, root: bool = False) -> FloatArray:
    """log(loss / other), half of it for roots; 0 where both are 0, infinite where one is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(loss) - np.log(other)
    ratio = np.where(loss == other, 0.0, ratio)
    return ratio / 2 if root else ratio


def common_shocks(
    differences: FloatArray, series: IntArray, cutoff: IntArray, overlap: int = 1
) -> FloatArray:
    """Do the series' differences move together from cutoff to cutoff? p-values [P]; small: yes.

    differences: [U, P] of P pairs in U units, each a series [U] at a cutoff [U], both numbered from
    0. overlap: cutoffs this many places apart share no shock. A two-way analysis of variance: the F
    ratio of the cutoffs is 1 on average where series are independent of each other, and is read
    with (O - 1) / overlap degrees of freedom above the line, at least 1, since overlapping horizons
    leave so many independent cutoffs of O. NaN where there are too few units to say.
    """
    s, o = int(series.max()) + 1, int(cutoff.max()) + 1
    above, below = o - 1, len(series) - s - o + 1
    if above < 1 or below < 1:
        return np.full(differences.shape[1], np.nan)
    left = differences - _means(differences, series, s)[series]
    left[:, np.abs(left).max(axis=0) <= ROUNDING * np.abs(differences).max(axis=0)] = 0
    shift = _means(left, cutoff, o)[cutoff]
    between, within = (shift**2).sum(axis=0) / above, ((left - shift) ** 2).sum(axis=0) / below
    ratio = _standard(between, within, np.maximum(between, within))
    from scipy import special

    found: FloatArray = special.fdtrc(max(above / overlap, 1), below / overlap, ratio)
    return found


def _means(values: FloatArray, code: IntArray, size: int) -> FloatArray:
    """Means [size, P] of the rows of each code."""
    n = np.bincount(code, minlength=size)
    return np.stack([np.bincount(code, v, size) for v in values.T], axis=1) / n[:, None]
