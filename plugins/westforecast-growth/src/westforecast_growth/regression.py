"""The textbook's regression on one driver."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.kernels.growth import mean, together
from westforecast.kernels.student import student_scores
from westforecast.kernels.windows import observed_count
from westforecast.models import DrivenModel, Forecast, OutOfDomain, Refusal, TooShort, Windows
from westforecast.models.driver import called
from westforecast.typing import BoolArray, IntArray
from westforecast_growth.meaning import beyond


@dataclass(frozen=True)
class DriverRegression(DrivenModel):
    """Least squares on one driver, with its prediction interval: yhat(h) = a + b x(T + h),

        yhat(h) +- t(alpha/2, n - 2) S0,   S0 = s sqrt(1 + 1/n + (x - mean x)^2 / Sxx),

    over the n periods with both known, s^2 = sum(e^2) / (n - 2). The forecast lies on the fitted
    line, and errors count as independent; where they drift, as those of annual levels do, the
    interval is too narrow and the forecast begins with a jump back to the line; `Elasticity` starts
    from the last value. The driver's own forecast, times b, is added in squares, quantile by
    quantile (`westforecast.kernels.growth.together`).

    driver and its future: see `westforecast.models.DrivenModel`. OUT_OF_DOMAIN where the driver
    does not move.
    """

    driver: str

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    min_train: ClassVar[int] = 3

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = windows.rows()
        driver = self.look(windows, horizon, levels, self.driver, positive=False)
        both = np.isfinite(rows + driver.seen)
        y, x = np.where(both, rows, np.nan), np.where(both, driver.seen, np.nan)
        n, center = observed_count(x), mean(x)
        away = x - center[:, None]
        size = np.nansum(away**2, axis=1)
        # relative to the driver's size: a constant leaves only what rounding does
        moves = size > (1e-12 * np.nansum(x**2, axis=1))
        size = np.where(moves, size, np.nan)
        b = np.nansum(away * (y - mean(y)[:, None]), axis=1) / size
        error = y - mean(y)[:, None] - b[:, None] * away
        left = np.maximum(n - 2, 1)
        s2 = np.nansum(error**2, axis=1) / left
        ahead = driver.path[:, rows.shape[1] :] - center[:, None]  # [W, H]
        result = Forecast.empty(len(windows), horizon, levels)
        result.mean[:] = mean(y)[:, None] + b[:, None] * ahead
        s0 = np.sqrt(s2[:, None] * (1 + 1 / np.maximum(n, 1)[:, None] + ahead**2 / size[:, None]))
        probs = np.array(result.probs)
        moved = b[:, None, None] * (driver.quantiles - driver.path[:, rows.shape[1] :, None])
        noise = s0[..., None] * student_scores(result.probs, n - 2)[:, None]
        result.quantiles[:] = result.mean[..., None] + together(moved, noise, np.sign(probs - 0.5))
        objections = self._objections(n, moves, windows)
        return self.explain(result, driver.refusals, objections, beyond(result, windows))

    def _objections(self, n: IntArray, moves: BoolArray, windows: Windows) -> dict[int, Refusal]:
        refusals: dict[int, Refusal] = {}
        for w in np.flatnonzero(~moves | (n < 3)).tolist():
            driver = f"driver {called(windows, w, self.driver)!r}"
            few = TooShort(f"{n[w]} periods shared with {driver}, 3 needed")
            flat = OutOfDomain(f"{driver} does not move; no slope can be told")
            refusals[w] = few if n[w] < 3 else flat
        return refusals
