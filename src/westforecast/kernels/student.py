"""Student's t: distribution, density and quantiles, for any degrees of freedom."""

import functools
import itertools
import math
import operator
from collections.abc import Iterable

import numpy as np

from westforecast.kernels.quantiles import normal_scores
from westforecast.typing import FloatArray, IntArray

# Terms of the expansions in `_centre`, `_fraction` and `half`: what is left out is rounding.
NEAR_TERMS, FAR_TERMS, TERMS = 34, 28, 150
STEPS = 3  # of Halley in `student_quantile`, which triple the correct digits each


def student_cdf(t: FloatArray, dof: FloatArray | IntArray | int) -> FloatArray:
    """P(T <= t) of Student's t at `t` [...], for `dof` >= 1 that broadcast against it.

    Relative error below 1e-12 in the lower tail, down to the smallest floats; absolute below 2e-15.
    P is an incomplete beta function: near the median the series of Abramowitz & Stegun (1964)
    26.5.4 and 26.5.2 in t^2 / (dof + t^2), whose terms are all positive; beyond, the continued
    fraction of DiDonato & Morris (1992), ACM Transactions on Mathematical Software 18, eq. 9.

    >>> student_cdf(np.array([-1.0, 0.0, 1.0]), 1)
    array([0.25, 0.5 , 0.75])
    """
    t = np.asarray(t, np.float64)
    upper, _ = _upper(np.abs(t), np.asarray(dof, np.float64))
    return np.where(t < 0, upper, 1 - upper)


def student_pdf(t: FloatArray, dof: FloatArray | IntArray | int) -> FloatArray:
    """Density of Student's t at `t` [...], for `dof` >= 1 that broadcast against it."""
    t, dof = np.asarray(t, np.float64), np.asarray(dof, np.float64)
    return peak(dof) * np.exp(-(dof + 1) * _log_secant(np.abs(t) / np.sqrt(dof)))


def student_quantile(probs: FloatArray | float, dof: FloatArray | IntArray | int) -> FloatArray:
    """Quantiles of Student's t at `probs` [...] in (0, 1), for `dof` >= 1 that broadcast.

    Relative error below 1e-12, absolute below 1e-15 close to the median. Halley's steps on the log
    of the tail start from the normal score by Wallace (1959), Annals of Mathematical Statistics 30,
    or from the power law of the far tail where that is nearer.
    """
    probs, dof = np.asarray(probs, np.float64), np.asarray(dof, np.float64)
    tail = np.minimum(probs, 1 - probs)
    score = -np.reshape(normal_scores(tail.ravel()), tail.shape)
    with np.errstate(over="ignore"):
        wallace = np.sqrt(dof * np.expm1((score * (8 * dof + 3) / (8 * dof + 1)) ** 2 / dof))
    power = np.exp(np.log(peak(dof) / tail) / dof + (dof - 1) / (2 * dof) * np.log(dof))
    t = np.maximum(np.minimum(wallace, power), 1e-30)  # not 0, to be divided by
    for _ in range(STEPS):
        upper, mass = _upper(t, dof)
        excess, ratio = np.log(upper / tail), upper / mass
        bend = ratio * (dof + 1) / (1 + (np.sqrt(dof) / t) ** 2) - 1
        t = t + t * excess * ratio / (1 - excess * bend / 2)
    return np.sign(probs - 0.5) * t


def student_scores(probs: Iterable[float], dof: IntArray) -> FloatArray:
    """Quantiles [W, Q] of Student's t at `probs` [Q], for `dof` [W]; below 1 they are as for 1.

    What `normal_scores` is where a variance is known, this is where it was estimated. Few dof are
    different, so many rows cost hardly more than one.
    """
    known, which = np.unique(np.maximum(dof, 1), return_inverse=True)
    return np.array(_scores(tuple(probs), tuple(known.tolist())))[which.reshape(-1)]


def student_quantiles(
    location: FloatArray, scale: FloatArray, probs: Iterable[float], dof: IntArray | int
) -> FloatArray:
    """Quantiles [..., Q] of Student's t distributions with locations [...] and scales [...].

    What `normal_quantiles` is where a variance is known. dof: the degrees of freedom it was
    estimated with, one number or [W] of arrays [W, ...]; below 1 they are as for 1.
    """
    scores = student_scores(probs, np.atleast_1d(dof))  # [W or 1, Q]
    scores = scores.reshape(len(scores), *[1] * (location.ndim - 1), -1)
    return np.asarray(location[..., None] + scale[..., None] * scores)


@functools.lru_cache(maxsize=256)
def _scores(probs: tuple[float, ...], dof: tuple[int, ...]) -> list[list[float]]:
    """`student_quantile` [D, Q]: the same few are asked for again with each tile of windows."""
    found: list[list[float]] = student_quantile(np.array(probs), np.array(dof)[:, None]).tolist()
    return found


def half(u: FloatArray, square: FloatArray, dof: int) -> FloatArray:
    """P(T <= t) - 1/2 for whole dof, u = t / sqrt(dof) and square = 1 / (1 + u^2).

    The finite series of Abramowitz & Stegun (1964) 26.7.3 and 26.7.4 in the squared cosine of
    arctan u, two operations a term; for large dof the series of `_centre`, level from t = 9 on.
    Absolute error below 1e-14, all that a mixture needs.
    """
    if dof > 2 * TERMS:
        u = np.clip(u, -9 / math.sqrt(dof), 9 / math.sqrt(dof))
        log = np.log1p(u * u)
        total = _polynomial(_terms(dof), np.expm1(-log) * -(dof + 81) / 81)
        total *= u * np.exp(-(dof + 1) / 2 * log)
        total *= _gamma_ratio(dof / 2) / math.sqrt(math.pi)
        return total
    total = _polynomial(_terms(dof), square)
    if dof % 2 == 0:
        total *= u * np.sqrt(square) / 2
        return total
    total *= u * square * (dof > 1)
    total += np.arctan(u)
    total /= np.pi
    return total


def peak(dof: FloatArray) -> FloatArray:
    """The density of Student's t at 0, Gamma((dof + 1) / 2) / (Gamma(dof / 2) sqrt(pi dof))."""
    known, place = np.unique(dof, return_inverse=True)
    peaks = [_gamma_ratio(nu / 2) / math.sqrt(math.pi * nu) for nu in known.tolist()]
    return np.array(peaks)[place].reshape(dof.shape)


def _upper(t: FloatArray, dof: FloatArray) -> tuple[FloatArray, FloatArray]:
    """P(T > t), and t times the density, for t >= 0 and any dof >= 1."""
    u = np.minimum(t, 1e300) / np.sqrt(dof)
    secant = np.hypot(1.0, u)
    mass = peak(dof) * np.sqrt(dof) * (u / secant) * np.exp(-dof * _log_secant(u))
    near = t < np.sqrt(np.minimum(dof / 4, 7.0))
    x, y, mass, dof, near = np.broadcast_arrays(
        (1 / secant) ** 2, (u / secant) ** 2, mass, dof, near
    )
    upper, far = np.empty(mass.shape), ~near
    upper[near] = 0.5 - mass[near] * _centre(y[near], dof[near])
    upper[far] = 0.5 * mass[far] / _fraction(x[far], y[far], dof[far])
    return upper, mass


def _centre(y: FloatArray, dof: FloatArray) -> FloatArray:
    """The hypergeometric function F(1, (dof + 1) / 2; 3/2; y)."""
    total = np.ones_like(y)
    for j in range(NEAR_TERMS - 1, -1, -1):
        total = 1 + total * (dof + (2 * j + 1)) * y / (2 * j + 3)
    return total


def _fraction(x: FloatArray, y: FloatArray, dof: FloatArray) -> FloatArray:
    """x^a y^b / (B(a, b) I_x(a, b)) for a = dof / 2, b = 1/2 and x + y = 1, from the inside out."""
    a, below = dof / 2, np.ones_like(x)
    for n in range(FAR_TERMS, -1, -1):
        d = a + 2 * n
        numerator = (a + n) * (a + n + 0.5) * (n + 1) * (-0.5 - n) * (x / (d + 1)) ** 2
        own = n + (a + n) * (a * y - x / 2 + 1 + n * (2 - x)) / (d + 1)
        if n:
            own += n * (0.5 - n) * x / (d - 1)
        below = own + numerator / below
    return below


def _log_secant(u: FloatArray) -> FloatArray:
    """log sqrt(1 + u^2), for u >= 0, right for small u and for a square beyond the floats."""
    with np.errstate(over="ignore"):
        return np.where(u < 1e150, np.log1p(u * u) / 2, np.log(np.maximum(u, 1.0)))


def _gamma_ratio(z: float) -> float:
    """Gamma(z + 1/2) / Gamma(z); a difference of lgamma would lose digits of a large z."""
    if z < 150:
        return math.gamma(z + 0.5) / math.gamma(z)
    w = z - 0.25
    return math.sqrt(w) * (1 + 1 / (64 * w**2) - 19 / (8192 * w**4))


@functools.lru_cache(maxsize=512)
def _terms(dof: int) -> tuple[float, ...]:
    """Coefficients of the series in `half`; few dof are asked for, each of them many times."""
    if dof <= 2 * TERMS:
        ratios = [(j - 1) / j for j in range(2 + dof % 2, dof - 1, 2)]
    else:
        most = 81 / (dof + 81)
        ratios = [most * (dof + 1 + 2 * j) / (3 + 2 * j) for j in range(TERMS - 1)]
    return tuple(itertools.accumulate([1.0, *ratios], operator.mul))


def _polynomial(terms: tuple[float, ...], x: FloatArray) -> FloatArray:
    """The sum of terms[j] x^j."""
    total = np.full_like(x, terms[-1])
    for term in terms[-2::-1]:
        total *= x
        total += term
    return total
