"""Weighted averages that can be merged, so that a grid of candidates is averaged piece by piece.

A piece keeps the logarithm of its total weight, so nothing overflows or vanishes, and memory does
not grow with the number of pieces. Axes: G candidates, M averaged quantities, W windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.typing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """Averages of M quantities in W windows.

    log_mass: [W] log of the sum of weights; -inf where no candidate has any.
    mean: [M, W], 0 where there is no weight.
    variance: [M, W] of the mixture: the average variance within candidates and the variance between
    them; None where it was not asked for.
    """

    log_mass: FloatArray
    mean: FloatArray
    variance: FloatArray | None = None


def average(
    log_weight: FloatArray, values: FloatArray, within: FloatArray | None = None
) -> Average:
    """The average of candidates.

    log_weight: [G, W], -inf for none, any common offset. values: [G, M, W], finite.
    within: [G, M, W] variances inside the candidates; without them no variance is computed.
    """
    share, log_mass = _shares(log_weight)
    mean = np.einsum("gw,gmw->mw", share, values)
    if within is None:
        return Average(log_mass, mean)
    spread = values - mean
    np.square(spread, out=spread)
    spread += within
    return Average(log_mass, mean, np.einsum("gw,gmw->mw", share, spread))


def merge(parts: Sequence[Average]) -> Average:
    """One average of several: what `average` would have given for all candidates together.

    >>> import numpy as np
    >>> a = average(np.log([[1.0]]), np.array([[[4.0]]]))
    >>> b = average(np.log([[3.0]]), np.array([[[8.0]]]))
    >>> merge([a, b]).mean
    array([[7.]])
    """
    means = np.stack([part.mean for part in parts])  # [G, M, W], one candidate a part
    within = [part.variance for part in parts if part.variance is not None]
    if within and len(within) < len(parts):
        raise ValueError("either all parts have variances or none")
    return average(
        np.stack([part.log_mass for part in parts]), means, np.stack(within) if within else None
    )


def _shares(log_weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights [G, W] that add up to one, or to zero where there are none; the log of their sum."""
    peak = log_weight.max(axis=0)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    share = np.exp(log_weight - peak)
    total = share.sum(axis=0)
    with np.errstate(divide="ignore"):
        log_mass = np.log(total) + peak
    share /= np.where(total > 0, total, 1.0)
    return share, log_mass
