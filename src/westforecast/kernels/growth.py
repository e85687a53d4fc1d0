"""Growth of rows over time: changes over gaps, slopes, and the variance of what they leave.

Rows [W, T] are values, logarithms or logits, NaN = missing. Over k periods the error of a line
changes with variance k * sigma^2, so a gap costs information and nothing else. A line that is
carried on from the last observed value, `ahead` periods while its regressor moves by dx, has
variance

    sigma^2 * (ahead + spread * dx^2),    spread = Var(slope) / sigma^2.

Any slope that is a weighted sum of the values, sum_t w_t y_t, has

    spread = sum_k elapsed_k * (w_k + ... + w_T)^2.
"""

from typing import Literal

import numpy as np

from westforecast.kernels.windows import (
    first_observed,
    last_observed,
    observed_count,
    steps_between,
)
from westforecast.typing import FloatArray, IntArray

# What an elasticity is held against: the driver's log growth, each period's growth, or all of it.
Convention = Literal["log-log", "annual", "period"]


def periods(rows: FloatArray) -> FloatArray:
    """Time as a regressor [W, T]: the column of each observed value, NaN elsewhere."""
    return np.where(np.isfinite(rows), np.arange(rows.shape[1], dtype=float), np.nan)


def recent(rows: FloatArray, window: int | None) -> FloatArray:
    """Rows [W, T] with everything more than `window` periods before the last value left out."""
    if window is None:
        return rows
    _, back = last_observed(rows)
    begin = rows.shape[1] - 1 - back - window  # [W]
    return np.where(np.arange(rows.shape[1]) >= begin[:, None], rows, np.nan)


def rise(rows: FloatArray) -> FloatArray:
    """The last value less the first [W]."""
    (last, _), (first, _) = last_observed(rows), first_observed(rows)
    return last - first


def reach(rows: FloatArray) -> FloatArray:
    """The greatest value less the smallest [W]."""
    return np.asarray(np.fmax.reduce(rows, axis=1) - np.fmin.reduce(rows, axis=1))


def span(rows: FloatArray) -> FloatArray:
    """Periods from the first to the last value [W]; not positive where there are fewer than two."""
    _, back = last_observed(rows)
    _, at = first_observed(rows)
    return np.asarray(rows.shape[1] - 1.0 - back - at)


def mean(rows: FloatArray) -> FloatArray:
    """Mean of each row's numbers [W], NaN where it has none."""
    return np.asarray(np.nansum(rows, axis=1) / _nonzero(observed_count(rows).astype(float)))


def median(rows: FloatArray) -> FloatArray:
    """Median [...] of the numbers along the last axis of [..., T], NaN where there are none."""
    count = np.asarray(np.isfinite(rows).sum(axis=-1))
    rising = np.sort(rows, axis=-1)  # NaN last
    low, high = (
        np.take_along_axis(rising, np.maximum(at, 0)[..., None], axis=-1)[..., 0]
        for at in ((count - 1) // 2, count // 2)
    )
    return np.where(count > 0, (low + high) / 2, np.nan)


def log_odds(rows: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """log((y - low) / (high - y)) of values strictly between bounds that broadcast."""
    return np.asarray(np.log(rows - low) - np.log(high - rows))


def from_log_odds(z: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
    """The inverse of `log_odds`, never beyond the bounds."""
    with np.errstate(over="ignore"):
        inside = low + (high - low) / (1 + np.exp(-z))
    return np.asarray(np.clip(inside, low, high))


def steps_ahead(back: IntArray, horizon: int) -> FloatArray:
    """Periods from the last value, `back` periods before the end, to each step [W, H]."""
    return np.asarray(back[:, None] + np.arange(1, horizon + 1.0))


def damped_sum(ahead: FloatArray, damping: float) -> FloatArray:
    """sum_{i=1..ahead} damping^i; `ahead` itself where damping is 1, 0 where it is 0.

    >>> damped_sum(np.array([1.0, 2.0]), 0.5)
    array([0.5 , 0.75])
    """
    if damping == 1:
        return ahead
    return np.asarray(damping * (1 - damping**ahead) / (1 - damping))


def through_ends(y: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope of the line through the first and the last point, and its spread; both [W].

    y, x: [W, T], missing at the same places. NaN where x does not move.
    """
    run = _nonzero(rise(x))
    return rise(y) / run, span(x) / run**2


def least_squares(y: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Least-squares slope (with an intercept) over the observed points, and its spread; both [W].

    y, x: [W, T], missing at the same places. NaN where x does not move.
    """
    away = x - mean(x)[:, None]
    weight = away / _nonzero(np.nansum(away**2, axis=1))[:, None]  # [W, T]
    slope = np.where(np.isfinite(weight).any(axis=1), np.nansum(weight * y, axis=1), np.nan)
    _, elapsed = steps_between(x)
    tail = np.cumsum(np.nan_to_num(weight)[:, ::-1], axis=1)[:, ::-1]  # w_t + ... + w_T
    return slope, np.nansum(elapsed * tail[:, 1:] ** 2, axis=1)


def response(
    elasticity: FloatArray | float, change: FloatArray, elapsed: FloatArray, convention: Convention
) -> tuple[FloatArray, FloatArray]:
    """Log growth [..., K] of a series since the start, and its derivative by the elasticity.

    elasticity: [..., 1] or a number. change: [..., K] log changes of the driver, step after step.
    elapsed: [..., K] periods each step took. With g a step's growth a period and x the driver the
    series is multiplied by

        log-log   (x_K / x_0)^e
        annual    prod (1 + e * g)^elapsed
        period    1 + e * (x_K / x_0 - 1)

    NaN (or minus infinity) where nothing is left.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if convention == "log-log":
            total = np.cumsum(change, axis=-1)
            return elasticity * total, total
        if convention == "annual":
            growth = np.expm1(change / elapsed)
            grown = np.cumsum(elapsed * np.log1p(elasticity * growth), axis=-1)
            return grown, np.cumsum(elapsed * growth / (1 + elasticity * growth), axis=-1)
        growth = np.expm1(np.cumsum(change, axis=-1))
        return np.log1p(elasticity * growth), growth / (1 + elasticity * growth)


def walk_variance(error: FloatArray, elapsed: FloatArray, fitted: int) -> FloatArray:
    """sigma^2 per period [W] = sum(error^2 / elapsed) / (steps - fitted), NaN if nothing is left.

    error: [W, T-1] what steps between observed values differ from a line by, NaN = no step.
    elapsed: [W, T-1] periods each took. fitted: how many parameters the line took from them.
    """
    return mean_square(error / np.sqrt(elapsed), observed_count(error) - fitted)


def mean_square(errors: FloatArray, divisor: IntArray | FloatArray) -> FloatArray:
    """sum(e^2) / divisor per row [W]; NaN (no interval) where the divisor is not positive."""
    total = np.nansum(errors**2, axis=1)
    return np.asarray(total / np.where(divisor > 0, divisor, np.nan))


def together(one: FloatArray, other: FloatArray, side: FloatArray) -> FloatArray:
    """Deviations [W, H, Q] of two independent causes put together, quantile by quantile.

    one, other: [W, H, Q] deviations from the median at each quantile, in any order. side: [Q] -1
    for quantiles below the median, 1 above. Each cause's deviations are put in rising order, those
    on the wrong side of the median count as 0, and both add up in squares: exact for normal laws.
    """
    first, second = (np.maximum(side * np.sort(away, axis=-1), 0) for away in (one, other))
    return np.asarray(side * np.sqrt(first**2 + second**2))


def _nonzero(divisor: FloatArray) -> FloatArray:
    return np.where(divisor == 0, np.nan, divisor)
