"""Baselines: what any model has to beat. All windows at once; gaps are taken as they are.

Between two observed values that are k periods apart a random walk changes with variance
k * sigma^2; all variances below are estimated that way, so a gap costs nothing but information.

Variances are estimated from few errors, so quantiles are those of Student's t with as many degrees
of freedom as errors are left after what was fitted. Textbooks take the variance as known and
multiply the same standard deviation by 1.96 (FPP3, section 5.5), which on four values holds 79 % of
what a 95 % interval should. One degree of freedom (`Drift` on three values) makes an interval wide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.growth import (
    damped_sum,
    from_log_odds,
    log_odds,
    mean,
    mean_square,
    median,
    periods,
    steps_ahead,
    through_ends,
    walk_variance,
)
from westforecast.kernels.quantiles import exp_quantiles, median_variance
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models.base import Model
from westforecast.models.forecast import Forecast
from westforecast.models.windows import Windows
from westforecast.typing import FloatArray


@dataclass(frozen=True)
class Naive(Model):
    """The last observed value: yhat(h) = y_T, Var(h) = h * mean(e^2), a random walk.

    e are the T - 1 first differences (a step over a gap counts per period), so many are the degrees
    of freedom. Hyndman & Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), sections
    5.2 and 5.5. One value is enough for the point forecast; intervals need two.
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
        sd = np.sqrt(variance[:, None] * ahead)
        return Forecast.normal(center, sd, levels, observed_count(change))


@dataclass(frozen=True)
class Drift(Model):
    """The line through the first and the last value: yhat(h) = y_T + h * (y_T - y_1) / (T - 1).

    Var(h) = sigma^2 * h * (1 + h / (T - 1)) with sigma^2 = sum(e^2) / (T - 2), e the differences
    less the drift (FPP3, section 5.5), and T - 2 degrees of freedom: exact for a random walk with
    drift and normal steps.
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
        return Forecast.normal(center, sd, levels, observed_count(change) - 1)


@dataclass(frozen=True)
class SeasonalNaive(Model):
    """The value one season ago: yhat(h) = y_{T + h - m (k + 1)}, Var(h) = (k + 1) * mean(e^2).

    m is the season's length (the calendar's unless set), k = floor((h - 1) / m), e the differences
    over one season (FPP3, section 5.5), T - m of them. For annual data this is `Naive`.
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
        count = observed_count(errors)
        variance = mean_square(errors, count)
        sd = np.sqrt(variance[:, None] * (1 + step // m))
        return Forecast.normal(season[:, step % m], sd, levels, count)


@dataclass(frozen=True)
class InSampleMean(Model):
    """The mean of all values: Var(h) = s^2 * (1 + 1 / T), s^2 with T - 1 degrees of freedom.

    Exact for independent normal values (FPP3, section 5.5).
    """

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
            count - 1,
        )


@dataclass(frozen=True)
class DampedLogGrowth(Model):
    """Median log growth, shrunk and damped.

    yhat(h) = y_T * exp(shrink * g * D(h)), g = median log growth per period, D(h) = sum_{i=1..h}
    damping^i. The point forecast is the median. log y(h) follows Student's t with n - 1 degrees of
    freedom, n the steps between observed values, and scale

        sqrt( sigma^2 * (h + shrink * v * h * D(h)) ),   v = Var(g) / sigma^2,

    sigma^2 the variance of log growth a period about its mean (n - 1). Three values give one degree
    of freedom and so a wide interval, two values none.

    The process behind it: log y is a random walk with normal steps, whose drift lies around 0 as
    widely as makes shrink * g its expectation and shrink * Var(g) its variance, given g. Whether it
    fades is not known: h * D(h) lies between growth that fades, D(h)^2, and growth that stays, h^2.
    shrink 0.8 and damping 0.95 are set by hand after the evidence that undamped growth ratios
    over-forecast everywhere (Gardner & McKenzie 1985 for damping).

    Where a series has both bounds (a share) and all values lie strictly between them, logs are log
    odds, log((y - lower) / (upper - y)): the same for small shares, and the forecast stays inside.
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
        rows = windows.rows()
        low, high = windows.bounds[windows.series].T[..., None]  # [W, 1] each
        between = np.isfinite(high - low) & ~((rows <= low) | (rows >= high)).any(axis=1)[:, None]
        odds = between[:, 0]
        rows = np.where(between, log_odds(rows, low, high), np.log(rows))
        last, back = last_observed(rows)
        change, elapsed = steps_between(rows)
        growth, spread = _median_growth(change, elapsed)
        slope, _ = through_ends(rows, periods(rows))
        variance = walk_variance(change - slope[:, None] * elapsed, elapsed, fitted=1)
        ahead = steps_ahead(back, horizon)
        moved = self.shrink * damped_sum(ahead, self.damping)
        mu = last[:, None] + growth[:, None] * moved
        sd = np.sqrt(variance[:, None] * (ahead + spread[:, None] * ahead * moved))
        dof = observed_count(change) - 1
        if not odds.any():
            return Forecast.lognormal(mu, sd, levels, dof)
        made = Forecast.normal(mu, sd, levels, dof)
        return replace(
            made,
            mean=np.where(between, from_log_odds(mu, low, high), np.exp(mu)),
            quantiles=np.where(
                between[..., None],
                from_log_odds(made.quantiles, low[..., None], high[..., None]),
                exp_quantiles(made.quantiles),
            ),
        )


def _median_growth(change: FloatArray, elapsed: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median growth per period [W], and its variance / sigma^2 [W].

    change, elapsed: [W, T-1], of which a rate has variance sigma^2 / elapsed; the median of unlike
    rates is taken to lose as much beside their mean as that of like ones does.
    """
    count = np.maximum(observed_count(change), 1)
    return median(change / elapsed), median_variance(count) * np.nansum(1 / elapsed, axis=1) / count
