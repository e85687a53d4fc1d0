"""Whether forecasts know which way it goes."""

import numpy as np

from westforecast.metrics import Cells, Metric
from westforecast.typing import FloatArray

# Moves smaller than this share of the last value are rounding: models on the log scale give back
# the last value with an error in its last digits.
_ROUNDING = 1e-9


def _side(values: FloatArray, cells: Cells) -> FloatArray:
    """[C] 1 above the last value, -1 below it, 0 at it, NaN where one is missing."""
    move = values - cells.last
    same = np.abs(move) <= np.maximum(_ROUNDING * np.abs(cells.last), cells.rounding)
    side: FloatArray = np.where(same, 0.0, np.sign(move))
    return side


def _wrong_side(cells: Cells) -> FloatArray:
    """[C] 0 on the side of the outcome, 100 on the other, 50 for a forecast of no change.

    NaN, which is left out, where the outcome is the last value itself (there is no side to be on)
    and where outcome, forecast or last value are missing.
    """
    came = _side(cells.actual, cells)  # [C]
    told = _side(cells.forecast, cells)
    return np.where(came == 0, np.nan, 50 * np.abs(came - told))


DIRECTION = Metric(
    "direction",
    "mean of 0 on the outcome's side of the last known value, 100 on the other, 50 for a forecast "
    "of no change; percent, 0 to 100, 0 is best, Naive has 50; cells without a change left out",
    _wrong_side,
)
