"""Baselines: what any model has to beat. All windows at once; gaps are taken as they are.

Between two observed values that are k periods apart a random walk changes with variance
k * sigma^2; all variances below are estimated that way, so a gap costs nothing but information.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.growth import (
    damped_sum,
    mean,
    mean_square,
    median,
    periods,
    steps_ahead,
    through_ends,
    walk_variance,
)
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models.base import Model
from westforecast.models.forecast import Forecast
from westforecast.models.windows import Windows


@dataclass(frozen=True)
class Naive(Model):
    """The last observed value: yhat(h) = y_T, Var(h) = h * mean(e^2).

    e are first differences (a step over a gap counts per period). Hyndman & Athanasopoulos,
    Forecasting: Principles and Practice (3rd ed.), sections 5.2 and 5.5. One value is enough for
    the point forecast; intervals need two.
    """

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = windows.rows()
        last, back = last_observed(rows)
        change, elapsed = steps_between(rows)
        variance = walk_variance(change, elapsed, fitted=0)
        ahead = steps_ahead(back, horizon)  # [W, H]
        center = np.repeat(last[:, None], horizon, axis=1)
        return Forecast.normal(center, np.sqrt(variance[:, None] * ahead), levels)


@dataclass(frozen=True)
class Drift(Model):
    """The line through the first and the last value: yhat(h) = y_T + h * (y_T - y_1) / (T - 1).

    Var(h) = sigma^2 * h * (1 + h / (T - 1)) with sigma^2 = sum(e^2) / (T - 2), e the differences
    less the drift (FPP3, section 5.5).
    """

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = windows.rows()
        last, back = last_observed(rows)
        slope, spread = through_ends(rows, periods(rows))
        change, elapsed = steps_between(rows)
        variance = walk_variance(change - slope[:, None] * elapsed, elapsed, fitted=1)
        ahead = steps_ahead(back, horizon)
        center = last[:, None] + slope[:, None] * ahead
        sd = np.sqrt(variance[:, None] * (ahead + spread[:, None] * ahead**2))
        return Forecast.normal(center, sd, levels)


@dataclass(frozen=True)
class SeasonalNaive(Model):
    """The value one season ago: yhat(h) = y_{T + h - m (k + 1)}, Var(h) = (k + 1) * mean(e^2).

    m is the season's length (the calendar's unless set), k = floor((h - 1) / m), e the differences
    over one season (FPP3, section 5.5). For annual data this is `Naive`.
    """

    season_length: int | None = None

    scale_equivariant: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.season_length is not None and self.season_length < 1:
            raise UsageError(f"season_length {self.season_length} found, at least 1 expected.")

    def required(self, season_length: int) -> int:
        return self.season_length or season_length

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        m = self.required(windows.season_length)
        rows = windows.rows()
        season = rows[:, -m:]  # [W, m]
        step = np.arange(horizon)
        errors = rows[:, m:] - rows[:, :-m]
        variance = mean_square(errors, np.isfinite(errors).sum(axis=1))
        sd = np.sqrt(variance[:, None] * (1 + step // m))
        return Forecast.normal(season[:, step % m], sd, levels)


@dataclass(frozen=True)
class InSampleMean(Model):
    """The mean of all values: Var(h) = s^2 * (1 + 1 / T), s^2 with T - 1 (FPP3, section 5.5)."""

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = windows.rows()
        count = observed_count(rows)
        center = mean(rows)
        variance = mean_square(rows - center[:, None], count - 1) * (1 + 1 / count)
        shape = (len(rows), horizon)
        return Forecast.normal(
            np.broadcast_to(center[:, None], shape).copy(),
            np.broadcast_to(np.sqrt(variance)[:, None], shape).copy(),
            levels,
        )


@dataclass(frozen=True)
class DampedLogGrowth(Model):
    """Median log growth, shrunk and damped.

    yhat(h) = y_T * exp(shrink * g * sum_{i=1..h} damping^i), g = median log growth per period.
    Intervals are lognormal around it with Var(h) = h * sum(e^2) / (n - 1), e = log growth - g over
    n steps; two values give no interval. The point forecast is the median.
    shrink 0.8 and damping 0.95 are set by hand after the evidence that undamped growth ratios
    over-forecast everywhere (Gardner & McKenzie 1985 for damping).
    """

    damping: float = 0.95
    shrink: float = 0.8

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if not 0 < self.damping <= 1 or not 0 <= self.shrink <= 1:
            raise UsageError(
                f"damping {self.damping} and shrink {self.shrink} found; expected "
                "0 < damping <= 1 and 0 <= shrink <= 1."
            )

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = np.log(windows.rows())
        last, back = last_observed(rows)
        change, elapsed = steps_between(rows)
        growth = median(change / elapsed)
        variance = walk_variance(change - growth[:, None] * elapsed, elapsed, fitted=1)
        ahead = steps_ahead(back, horizon)
        mu = last[:, None] + self.shrink * growth[:, None] * damped_sum(ahead, self.damping)
        return Forecast.lognormal(mu, np.sqrt(variance[:, None] * ahead), levels)
