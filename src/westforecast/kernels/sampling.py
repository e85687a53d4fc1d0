"""Sample paths: random numbers by name and step, and how far a figure read off paths is known.

Every quantity has a stream of its own, found by its name, and takes its numbers from it step by
step. So neither the order of quantities, nor which others there are, nor how far ahead the last
step lies decides any number.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from math import floor, isfinite, log10

import numpy as np

from westforecast.errors import UsageError, check_whole
from westforecast.kernels.quantiles import normal_scores
from westforecast.typing import FloatArray

# Paths beyond this many change no digit of a quantile that anybody writes down.
MOST = 1_000_000
# Bytes that all sample paths of a run may take.
MEMORY = 2**31


def check_paths(name: str, count: object, numbers: int, least: int = 2) -> int:
    """The number of sample paths asked for, as the setting `name`; numbers: that each path holds.

    Raises UsageError for what is no number of paths, and for more than memory holds.
    """
    paths = check_whole(name, count, least)
    most = min(MOST, MEMORY // (8 * numbers))
    if paths > most:
        size = 8 * numbers * paths / 2**30
        raise UsageError(
            f"{name}={paths} found, at most {most} expected here: so many paths of {numbers:,} "
            f"numbers take {size:,.1f} GiB of memory. A few thousand give two to three digits."
        )
    return paths


def stream(seed: int, *names: str) -> np.random.Generator:
    """The random numbers of what goes by some names, under a seed."""
    text = "\0".join(names).encode("utf-8", "surrogatepass")
    return np.random.default_rng([seed, int.from_bytes(sha256(text).digest()[:16], "big")])


def score_walks(
    correlation: FloatArray, paths: int, horizon: int, streams: Sequence[np.random.Generator]
) -> FloatArray:
    """Standard normal numbers [P, K, H] to read distributions with (`kernels.quantiles.at_scores`).

    correlation: [K, K]. streams: [K], one a part. Over steps the numbers are correlated as a random
    walk does: step h is (e_1 + ... + e_h) / sqrt(h); across parts e has the given correlation. Each
    step of each part is then replaced by the exact normal scores of its ranks, so that what is read
    with them has its own law up to 1 / P. The numbers of a step do not depend on the horizon.
    """
    values, vectors = np.linalg.eigh(correlation)  # a correlation may be singular
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    steps = np.stack([own.standard_normal((horizon, paths)) for own in streams], axis=-1)
    walk = np.cumsum(steps @ root, axis=0)  # [H, P, K]
    ranks = np.argsort(np.argsort(walk, axis=1), axis=1)  # a rank needs no sqrt(h)
    scores: FloatArray = normal_scores((np.arange(paths) + 0.5) / paths)[ranks]
    return np.moveaxis(scores, 0, -1)


def sampled(paths: FloatArray, probs: Iterable[float]) -> tuple[FloatArray, FloatArray]:
    """Quantiles [Q, ...] of sample paths [P, ...] and their standard errors from sampling.

    Of P paths a share sqrt(p (1 - p) / P) more or fewer than p may lie below the quantile of p: the
    error is half the distance of the quantiles there (David & Nagaraja, Order Statistics, 3rd ed.,
    section 7.1). 0 where all paths hold one value.
    """
    wanted = np.array(list(probs))
    slack = np.sqrt(wanted * (1 - wanted) / len(paths))
    asked = np.concatenate([wanted, wanted - slack, wanted + slack]).clip(0, 1)
    values, low, high = np.split(np.quantile(paths, asked, axis=0), 3)
    return values, (high - low) / 2


def rounded(value: float, error: float) -> float:
    """A sampled figure up to the digit that its standard error touches; all digits without one.

    >>> rounded(61987.3, 940.0), rounded(8.95, 0.0)
    (62000.0, 8.95)
    """
    if not isfinite(value):
        return value
    whole = float(f"{value:.12g}")  # what is beyond is the rounding of sums
    told = float(f"{error:.2g}")  # the error as it is written beside
    return round(whole, -floor(log10(told))) if 0 < told < float("inf") else whole
