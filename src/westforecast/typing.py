"""Words every room shares: array aliases that name their axes, and closed choices.

Axes: S series, T time, W windows, H steps, Q quantiles, N all observations of a panel in one row.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

Frequency = Literal["Y", "Q", "M"]
Kind = Literal["level", "count", "share", "rate", "index", "price"]
FlowOrStock = Literal["flow", "stock"]
Gaps = Literal["raise", "keep"]
Align = Literal["calendar", "series"]
WindowShape = Literal["expanding", "sliding"]
OnError = Literal["record", "raise", "fallback"]
