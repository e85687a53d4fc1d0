"""Weighted averages of candidates, in groups or pieces that keep the logarithm of their weight.

So nothing overflows or vanishes however unlikely a piece is beside another, and a grid is averaged
piece by piece. Axes: G candidates, K groups, M averaged quantities, W windows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.typing import FloatArray, IntArray


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


def average_by_group(
    log_weight: FloatArray,
    group: IntArray,
    values: FloatArray,
    within: FloatArray | None = None,
) -> Average:
    """As `average`, for each of K groups of candidates: results have the axes [K, W], [K, M, W].

    log_weight: [W, G], values, within: [W, M, G]: candidates last, whose sums over groups are then
    products with a matrix of zeros and ones. group: [G] from 0 to K - 1.
    """
    member = (group[:, None] == np.arange(group.max() + 1)).astype(float)  # [G, K]
    peak = log_weight.max(axis=1, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    share = log_weight - peak
    np.exp(share, out=share)
    mass = share @ member  # [W, K]
    total = np.where(mass > 0, mass, 1.0)[:, None]
    share = share[:, None]

    def summed(terms: FloatArray) -> FloatArray:
        """Over each group, [W, M, K]; one product, not one a window."""
        found: FloatArray = terms.reshape(-1, len(group)) @ member
        return found.reshape(*terms.shape[:2], -1)

    mean = summed(share * values) / total
    variance = None
    if within is not None:
        spread = values - mean[:, :, group]
        np.square(spread, out=spread)
        spread += within
        spread *= share
        variance = (summed(spread) / total).transpose(2, 1, 0)
    with np.errstate(divide="ignore"):
        log_mass = (np.log(mass) + peak).T
    return Average(log_mass, mean.transpose(2, 1, 0), variance)


def beside(parts: Sequence[Average]) -> Average:
    """Averages of different windows as one: the last axes W are put beside each other."""
    return _joined(parts, -1)


def stack(parts: Sequence[Average]) -> Average:
    """Averages of different groups of candidates as one: the first axes K follow each other."""
    return _joined(parts, 0)


def _joined(parts: Sequence[Average], axis: int) -> Average:
    variances = [part.variance for part in parts if part.variance is not None]
    return Average(
        np.concatenate([part.log_mass for part in parts], axis),
        np.concatenate([part.mean for part in parts], axis),
        np.concatenate(variances, axis) if variances else None,
    )


def _shares(log_weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Weights [G, W] that add up to one, or to zero where there are none; the log of their sum."""
    peak = _peak(log_weight)
    share = np.exp(log_weight - peak)
    total = share.sum(axis=0)
    with np.errstate(divide="ignore"):
        log_mass = np.log(total) + peak
    share /= np.where(total > 0, total, 1.0)
    return share, log_mass


def _peak(log_weight: FloatArray) -> FloatArray:
    """The largest logarithm of each window [W], 0 where there is no weight at all."""
    peak = log_weight.max(axis=0)
    return np.where(np.isfinite(peak), peak, 0.0)
