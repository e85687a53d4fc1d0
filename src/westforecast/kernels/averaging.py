"""Weighted averages of candidates, in groups or pieces that keep the logarithm of their weight.

So nothing overflows or vanishes however unlikely a piece is beside another, and a grid is averaged
piece by piece. Axes: G candidates, K groups, M averaged quantities, W windows.
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


def average_by_group(
    log_weight: FloatArray,
    member: FloatArray,
    values: FloatArray,
    within: FloatArray | None = None,
) -> Average:
    """As `average`, for each of K groups of candidates, with windows first: [W, K], [W, M, K].

    log_weight: [W, G], used up. values, within: [W, M, G]. member: [G, K] ones where a candidate
    belongs to a group, zeros elsewhere: sums over groups are products with it.
    """
    peak = log_weight.max(axis=1, keepdims=True)
    if not np.isfinite(peak).all():
        peak = np.where(np.isfinite(peak), peak, 0.0)
    share = np.exp(np.subtract(log_weight, peak, out=log_weight), out=log_weight)
    mass = share @ member  # [W, K]
    total = np.where(mass > 0, mass, 1.0)[:, None]
    share = share[:, None]

    def summed(terms: FloatArray) -> FloatArray:
        """Over each group, [W, M, K]; one product, not one a window."""
        found: FloatArray = terms.reshape(-1, len(member)) @ member
        return found.reshape(*terms.shape[:2], -1)

    mean = summed(share * values)
    mean /= total
    variance = None
    if within is not None:
        spread = values - mean @ member.T
        np.square(spread, out=spread)
        spread += within
        spread *= share
        variance = summed(spread)
        variance /= total
    with np.errstate(divide="ignore"):
        log_mass = np.log(mass) + peak
    return Average(log_mass, mean, variance)


def stack(parts: Sequence[Average]) -> Average:
    """Averages of different groups of candidates as one: their first axes follow each other."""
    variances = [part.variance for part in parts if part.variance is not None]
    return Average(
        np.concatenate([part.log_mass for part in parts]),
        np.concatenate([part.mean for part in parts]),
        np.concatenate(variances) if variances else None,
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
