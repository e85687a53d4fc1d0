"""What series mean to a model: what their stored units are worth, and what they cannot be."""

import numpy as np

from westforecast.models import Forecast, OutOfDomain, Refusal, Windows
from westforecast.typing import FloatArray, IntArray

ROUNDING = 1e-9  # relative; log and exp of a share of 100 % come back a hair above it


def worth(windows: Windows, partners: IntArray) -> FloatArray:
    """What one stored unit of each window's series is worth in stored units of another [W].

    partners: [W] positions of the other series, as from `Windows.partners`.
    """
    if not windows.indicators:
        return np.ones(len(windows))
    factor = np.array([indicator.factor for indicator in windows.indicators])
    return np.asarray(factor[windows.series] / factor[partners])


def beyond(result: Forecast, windows: Windows) -> dict[int, Refusal]:
    """Windows whose point forecast leaves the bounds of its series, as a share of 113 % does.

    For models of levels, which know no bounds: what they say of such a series is no forecast.
    """
    low, high = windows.bounds[windows.series].T[..., None]  # [W, 1] each
    outside = result.mean < low - ROUNDING * np.abs(low)
    outside |= result.mean > high + ROUNDING * np.abs(high)
    refusals: dict[int, Refusal] = {}
    for w in np.flatnonzero(outside.any(axis=1)).tolist():
        step = int(np.argmax(outside[w]))
        refusals[w] = OutOfDomain(
            f"{result.mean[w, step]:.4g} at step {step + 1} leaves the bounds of the series, "
            f"{low[w, 0]:g} to {high[w, 0]:g}; take a model that keeps them: Logistic, or "
            "ShareShift of a total"
        )
    return refusals
