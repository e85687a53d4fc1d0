"""Compound growth, carried on as it is or damped."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.kernels.growth import (
    damped_sum,
    periods,
    recent,
    steps_ahead,
    through_ends,
    walk_variance,
)
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import Forecast, Model, TooShort, Windows
from westforecast_growth.meaning import beyond
from westforecast_growth.settings import check_damping, check_window


@dataclass(frozen=True)
class DampedGrowth(Model):
    """Compound growth that fades: yhat(h) = y_T * exp(g * D(h)), D(h) = sum_{i=1..h} damping^i.

    g = log(y_T / y_b) / n with b the first observed period of the sample, or of its last `window`
    periods, and n = T - b. The point forecast is the median; log y(h) follows Student's t with
    m - 1 degrees of freedom and scale

        sqrt( sigma^2 * (h + D(h)^2 / n) ),   sigma^2 = sum(e^2 / k) / (m - 1),

    e the m log changes of the whole sample (each over k periods) less k times its mean growth. A
    short window pays through n; with two observed values there is no interval.
    0.95 is the one growth rule that never failed badly on ten-year forecasts of Chinese provinces'
    output (Gardner & McKenzie 1985 for damping itself).

    damping: 0 <= damping <= 1; 1 is `CompoundGrowth`. window: periods of growth to look back.
    """

    damping: float = 0.95
    window: int | None = None

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_damping(self.damping)
        check_window(self.window)

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = np.log(windows.rows())
        base = recent(rows, self.window)
        growth, spread = through_ends(base, periods(base))
        last, back = last_observed(rows)
        change, elapsed = steps_between(rows)
        whole, _ = through_ends(rows, periods(rows))
        variance = walk_variance(change - whole[:, None] * elapsed, elapsed, fitted=1)
        dof = observed_count(change) - 1
        ahead = steps_ahead(back, horizon)  # [W, H]
        weight = damped_sum(ahead, self.damping)
        mu = last[:, None] + growth[:, None] * weight
        sd = np.sqrt(variance[:, None] * (ahead + spread[:, None] * weight**2))
        result = Forecast.lognormal(mu, sd, levels, dof)
        for w in np.flatnonzero(observed_count(base) < 2).tolist():
            told = f"1 observed value in the last {self.window} periods, 2 needed"
            result.fail(w, TooShort(told))
        for w, refusal in beyond(result, windows).items():
            result.fail(w, refusal)
        return result


@dataclass(frozen=True)
class CompoundGrowth(Model):
    """The compound growth rate, carried on: yhat(h) = y_T * (y_T / y_b)^(h / n).

    `DampedGrowth` with damping 1. Evidence: M3 yearly, six years ahead, sMAPE 18.89 for the whole
    sample, 21.84 for window=5 and 22.44 for window=3, against 17.88 for no change and 17.66 for
    `DampedGrowth`.

    window: periods of growth to look back, all of them by default.
    """

    window: int | None = None

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        check_window(self.window)

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        return DampedGrowth(1.0, self.window).compute(windows, horizon, levels)
