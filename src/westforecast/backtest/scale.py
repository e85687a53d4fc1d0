"""What a window's training values say of a loss: scales, and what is no more than rounding."""

from dataclasses import dataclass

import numpy as np

from westforecast.models.windows import Windows
from westforecast.typing import FloatArray, IntArray

# What long sums of doubles leave of nothing, relative to the level: thousands of roundings. Figures
# that are published have fewer digits, so no change that is real is as small.
ROUNDING = 1e-11
# The same of single precision: a few roundings only, so that one in a million is still a change.
SINGLE = 4 * float(np.finfo(np.float32).eps)
WHOLE = 2.0**24  # whole numbers below are exact in single precision too


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Of each window [W], from nothing after its cutoff: mean |y_t - y_{t-m}| and mean of its
    square, both 0 where the first is no larger than rounding; what rounding leaves of nothing; the
    last observed value, and how many periods before the cutoff that stands."""

    scale: FloatArray
    scale2: FloatArray
    rounding: FloatArray
    last: FloatArray
    back: IntArray


def training_facts(windows: Windows) -> Facts:
    scale, scale2, rounding, last = (np.full(len(windows), np.nan) for _ in range(4))
    back = np.zeros(len(windows), np.int64)
    m = windows.season_length
    for piece, y, column in windows.tiles():
        n = windows.lengths[piece]
        change = np.full((len(y) + 1, y.shape[1]), np.nan)  # up to so many values
        change[m + 1 :] = np.abs(y[m:] - y[: max(len(y) - m, 0)])
        count = np.cumsum(np.isfinite(change), axis=0)[n, column]
        size = np.nan_to_num(change)
        with np.errstate(invalid="ignore", over="ignore"):  # no pair of values: no scale
            scale[piece] = np.cumsum(size, axis=0)[n, column] / count
            scale2[piece] = np.cumsum(size**2, axis=0)[n, column] / count
        rounding[piece] = _rounding(y)[n, column]
        place = np.arange(1, len(y) + 1)[:, None] * np.isfinite(y)
        latest = np.zeros_like(change, dtype=np.int64)  # place of the last value, from 1; 0: none
        np.maximum.accumulate(place, axis=0, out=latest[1:])
        at = latest[n, column]
        last[piece] = np.where(at > 0, y[at - 1, column], np.nan) if len(y) else np.nan
        back[piece] = n - at
    flat = scale <= rounding
    scale[flat] = scale2[flat] = 0.0
    return Facts(scale, scale2, rounding, last, back)


def _rounding(y: FloatArray) -> FloatArray:
    """What rounding leaves of nothing in the first n of T values [T + 1, C]: a share of max |y|.

    y: [T, C], NaN missing. The share is larger where all values are numbers of single precision and
    not because they are whole.
    """
    size = np.abs(np.nan_to_num(y))
    with np.errstate(over="ignore"):
        single = size.astype(np.float32) == size
    whole = (np.rint(size) == size) & (size < WHOLE)
    found = np.zeros((len(y) + 1, y.shape[1]))
    level = np.maximum.accumulate(size, axis=0)
    coarse = np.logical_and.accumulate(single, axis=0) & ~np.logical_and.accumulate(whole, axis=0)
    found[1:] = level * np.where(coarse, SINGLE, ROUNDING)
    return found
