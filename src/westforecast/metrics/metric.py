"""The catalogue of metrics: a loss per cell, averaged over a group, perhaps with a root.

Because every metric is a mean of cell losses, scores are sums and counts: they add up over any
grouping. A cell is one step of one window. Errors are actual - forecast.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import probabilities, reading
from westforecast.typing import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """All cells of one model: C cells, each with its window's training facts.

    actual, forecast: [C]. quantiles: [C, Q] at `probs`. last: [C] last in-sample value.
    scale: [C] in-sample mean |y_t - y_{t-m}| and scale2: [C] mean (y_t - y_{t-m})^2 over the
    training part only, m = season length; both 0 where the first is 0 up to rounding, so that a
    scaled loss is undefined. steps: [C] periods from the last in-sample value, more than the
    horizon where a series has a gap at its cutoff. rounding: [C] what is not larger is 0 up to
    rounding: a tiny share of the largest in-sample |y|.
    """

    actual: FloatArray
    forecast: FloatArray
    quantiles: FloatArray
    probs: tuple[float, ...]
    last: FloatArray
    scale: FloatArray
    scale2: FloatArray
    steps: FloatArray
    rounding: FloatArray | float = 0.0

    @property
    def error(self) -> FloatArray:
        """actual - forecast, [C]."""
        return self.actual - self.forecast

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [C] of a level's interval; UsageError where it was not forecast."""
        low, high = probabilities([level])
        if low not in self.probs or high not in self.probs:
            raise UsageError(
                f"no interval of level {level:g} in these forecasts. "
                f"Ask for it: levels=({level:g}, ...)."
            )
        return self.quantiles[:, self.probs.index(low)], self.quantiles[:, self.probs.index(high)]


Loss = Callable[[Cells], FloatArray]
LevelLoss = Callable[[Cells, float], FloatArray]


@dataclass(frozen=True, slots=True)
class Metric:
    """A named loss per cell.

    summary: sign, factor and range in words. loss: [C] losses of cells, NaN where undefined, which
    leaves the cell out of this metric alone, infinite where a loss is; or per_level: losses that
    need an interval; such a metric gives one score per level, named `name-80`. root: whether the
    group's mean loss is square-rooted.

    Raises UsageError unless exactly one of loss and per_level is given.
    """

    name: str
    summary: str
    loss: Loss | None = None
    per_level: LevelLoss | None = None
    root: bool = False

    def __post_init__(self) -> None:
        if (self.loss is None) == (self.per_level is None):
            raise UsageError(f"metric {self.name!r} needs either a loss or a per_level, not both.")

    def columns(self, levels: tuple[float, ...]) -> dict[str, Loss]:
        """Score column -> loss, for the levels at hand."""
        if self.loss is not None:
            return {self.name: self.loss}
        return {f"{self.name}-{level:g}": self._at(level) for level in levels}

    def _at(self, level: float) -> Loss:
        per_level = self.per_level
        assert per_level is not None
        return lambda cells: per_level(cells, level)


def _percent(cells: Cells) -> FloatArray:
    defined = np.abs(cells.actual) > cells.rounding
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(defined, 100 * np.abs(cells.error / cells.actual), np.nan)


def _symmetric(cells: Cells) -> FloatArray:
    # A 0 that was forecast is no error. Were it undefined, the model that is right would lose the
    # cell for those that are not.
    total = np.abs(cells.actual) + np.abs(cells.forecast)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(total <= cells.rounding, 0.0, 200 * np.abs(cells.error / total))


def _over(size: FloatArray, scale: FloatArray) -> FloatArray:
    """size / scale; undefined where there is no scale, infinite where the scale is."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return np.where(scale > 0, np.where(np.isinf(scale), np.inf, size / scale), np.nan)


def _cagr(cells: Cells) -> FloatArray:
    least = cells.rounding
    positive = (cells.last > least) & (cells.actual > least) & np.isfinite(cells.forecast)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        power = 1 / cells.steps
        found = (cells.actual / cells.last) ** power
        # A forecast of nothing, or less, of what is positive is a growth of -100 percent.
        told = (np.maximum(cells.forecast, 0) / cells.last) ** power
        return np.where(positive, 100 * np.abs(found - told), np.nan)


def _covered(cells: Cells, level: float) -> FloatArray:
    low, high = cells.interval(level)
    above, below = cells.actual >= low - cells.rounding, cells.actual <= high + cells.rounding
    inside = (above & below).astype(float)
    return np.where(np.isfinite(low) & np.isfinite(high), 100 * inside, np.nan)


def _interval_score(cells: Cells, level: float) -> FloatArray:
    low, high = cells.interval(level)
    alpha = 1 - level / 100
    below, above = np.maximum(low - cells.actual, 0), np.maximum(cells.actual - high, 0)
    return (high - low) + 2 / alpha * (below + above)


def _expect_quantiles(cells: Cells) -> None:
    if not cells.probs:
        raise UsageError("pinball and crps need intervals. Ask for some: levels=[80, 95].")


def _pinball(cells: Cells) -> FloatArray:
    _expect_quantiles(cells)
    miss = cells.actual[:, None] - cells.quantiles
    p = np.array(cells.probs)
    mean: FloatArray = np.maximum(p * miss, (p - 1) * miss).mean(axis=1)
    return mean


def _crps(cells: Cells) -> FloatArray:
    """2 * mean quantile loss at evenly spaced probabilities, quantiles read between those known."""
    _expect_quantiles(cells)
    p = (np.arange(64) + 0.5) / 64
    read = reading(cells.probs, p)
    whole = np.empty(len(cells.actual))
    for begin in range(0, len(whole), 20_000):  # 64 numbers a cell: bounded memory
        part = slice(begin, begin + 20_000)
        miss = cells.actual[part, None] - cells.quantiles[part] @ read.T  # [C, 64]
        whole[part] = 2 * np.maximum(p * miss, (p - 1) * miss).mean(axis=1)
    return whole


MAE = Metric("mae", "mean |e|; in units, 0 is best", lambda c: np.abs(c.error))
RMSE = Metric(
    "rmse",
    "root of mean e^2 over the group's cells; in units, 0 is best",
    lambda c: c.error**2,
    root=True,
)
MAPE = Metric(
    "mape",
    "mean 100 |e / y|; percent, 0 is best; cells with y = 0 up to rounding left out",
    _percent,
)
SMAPE = Metric(
    "smape", "mean 200 |e| / (|y| + |yhat|); 0 to 200, 0 is best; 0 where both are 0", _symmetric
)
MASE = Metric(
    "mase",
    "mean |e| / in-sample mean |y_t - y_{t-m}|; 0 is best; cells of flat series left out",
    lambda c: _over(np.abs(c.error), c.scale),
)
RMSSE = Metric(
    "rmsse",
    "root of mean e^2 / in-sample mean (y_t - y_{t-m})^2 over the group's cells; 0 is best",
    lambda c: _over(np.abs(c.error), np.sqrt(c.scale2)) ** 2,
    root=True,
)
BIAS = Metric(
    "bias", "mean e = actual - forecast; in units, 0 is best; above 0: too low", lambda c: c.error
)
CAGR_ERROR = Metric(
    "cagr_error",
    "mean |difference of compound annual growth since the cutoff|; percentage points, 0 is best; "
    "positive values only",
    _cagr,
)
COVERAGE = Metric(
    "coverage", "share of outcomes inside the interval; percent, the level is best",
    per_level=_covered,
)  # fmt: skip
INTERVAL_SCORE = Metric(
    "interval_score",
    "mean width + 2 / a * miss with a = 1 - level (Gneiting & Raftery 2007); in units, 0 is best",
    per_level=_interval_score,
)
PINBALL = Metric(
    "pinball", "mean quantile loss over the forecast quantiles; in units, 0 is best", _pinball
)
CRPS = Metric(
    "crps",
    "2 * integral of the quantile loss over all probabilities, the quantiles read between those "
    "forecast, linear in the normal score (Laio & Tamea 2007); in units, 0 is best",
    _crps,
)

METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        MAE, RMSE, MAPE, SMAPE, MASE, RMSSE, BIAS, CAGR_ERROR, COVERAGE, INTERVAL_SCORE, PINBALL,
        CRPS,
    )
}  # fmt: skip
