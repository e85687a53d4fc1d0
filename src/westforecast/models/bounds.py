"""Series that cannot leave their bounds: a scale between two of them, and what is cut at one.

A share lies in 0 to 100 percent, a count above 0. Models that can work on the log odds between two
bounds (Hyndman & Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., section 13.3) never
leave them. What any other model gives beyond a bound is cut there, by `cut`, in `Model.forecast`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from westforecast.kernels.growth import from_log_odds, log_odds
from westforecast.kernels.quantiles import inner_half
from westforecast.models.forecast import CUT_INTERVAL, CUT_POINT, Forecast
from westforecast.models.windows import Windows
from westforecast.typing import FloatArray, IntArray

# What a way to the log odds and back may add to a bound, relative to it, and counts as no cut.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class LogOdds:
    """Windows whose series have two bounds, with values as log((y - low) / (high - y)).

    which: [P] their places among the windows given. windows: [P] the same without bounds.
    low, high: [P, 1].
    """

    which: IntArray
    windows: Windows
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, windows: Windows) -> "LogOdds":
        """Those of some windows that lie strictly between two bounds."""
        two = np.asarray(np.isfinite(windows.bounds).all(axis=1))  # [S]
        if not two[windows.series].any():
            none = np.empty((0, 1))
            return cls(np.empty(0, np.int64), windows.take(np.empty(0, np.int64)), none, none)
        lengths = np.diff(windows.indptr)
        low, high = (np.repeat(bound, lengths) for bound in windows.bounds.T)
        mine = np.repeat(two, lengths)

        def odds(y: FloatArray) -> FloatArray:
            inside = mine & (low < y) & (y < high)
            with np.errstate(all="ignore"):  # what lies on a bound or has none
                found = log_odds(y, low, high)
            return np.where(inside | np.isnan(y), found, np.inf)

        free = np.broadcast_to([-np.inf, np.inf], windows.bounds.shape)
        moved = replace(windows.with_values(odds), bounds=free)
        (outside,) = moved.count(np.isinf)
        which = np.flatnonzero(two[windows.series] & (outside == 0))
        own = windows.bounds[windows.series[which]]
        return cls(which, moved.take(which), own[:, :1], own[:, 1:])

    def back(self, forecast: Forecast) -> Forecast:
        """A forecast of log odds as one of values; what was a mean becomes a median."""

        return replace(
            forecast,
            mean=from_log_odds(forecast.mean, self.low, self.high),
            quantiles=from_log_odds(forecast.quantiles, self.low[..., None], self.high[..., None]),
        )


def cut(result: Forecast, windows: Windows, distribution: Callable[[IntArray], Forecast]) -> None:
    """Cut, in place, what forecasts [W, H] give beyond the bounds of their series.

    A point forecast is set to the bound, and so is an end of an interval. Where the point forecast
    itself lies beyond, an interval would shrink to the bound although something is known of the
    other side: there the half of the distribution towards the inside is what it gives if the bound
    holds (its probability inside, taken for the whole half). Both agree where the point forecast
    lies on the bound, so neither a step nor a level depends on others.

    distribution: for windows [P], the same forecasts at many fixed levels, whatever was asked for.
    """
    bounds = windows.bounds[windows.series]
    if not np.isfinite(bounds).any():
        return
    low, high = bounds[:, :1], bounds[:, 1:]  # [W, 1]
    # What a bound of 0 may be missed by is rounding of the data, not of the bound.
    size = windows.largest()[:, None]
    under = low - ROUNDING * np.maximum(np.abs(low), size)
    over = high + ROUNDING * np.maximum(np.abs(high), size)
    with np.errstate(invalid="ignore"):  # windows without a forecast
        below, above = result.mean < under, result.mean > over
        ends = (result.quantiles < under[..., None]).any(axis=2)
        ends |= (result.quantiles > over[..., None]).any(axis=2)
    result.cut[ends] = CUT_INTERVAL
    result.cut[below | above] = CUT_POINT
    if result.probs and (which := np.flatnonzero((below | above).any(axis=1))).size:
        whole = distribution(which)
        for k, w in enumerate(which):
            for h in np.flatnonzero(below[w] | above[w]):
                bound = low[w, 0] if below[w, h] else high[w, 0]
                inside = inner_half(
                    whole.quantiles[k, h], whole.probs, result.probs, float(bound),
                    upper=bool(below[w, h]),
                )  # fmt: skip
                if np.isfinite(inside).all():
                    result.quantiles[w, h] = inside
    np.clip(result.mean, low, high, out=result.mean)
    np.clip(result.quantiles, low[..., None], high[..., None], out=result.quantiles)


def in_words(low: float, high: float) -> str:
    """Bounds as they read in a sentence.

    >>> in_words(0, float("inf")), in_words(0, 100)
    ('0 and above', '0 to 100')
    """
    if np.isinf(high):
        return f"{low:g} and above"
    return f"{high:g} and below" if np.isinf(low) else f"{low:g} to {high:g}"
