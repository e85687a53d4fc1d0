"""A share of a driver that goes on shifting, and stays a share."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

import numpy as np

from westforecast.kernels.growth import (
    damped_sum,
    periods,
    recent,
    steps_ahead,
    through_ends,
    together,
    walk_variance,
)
from westforecast.kernels.student import student_scores
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import DrivenModel, Forecast, OutOfDomain, Refusal, TooShort, Windows
from westforecast.models.driver import called, moment
from westforecast.typing import FloatArray, IntArray
from westforecast_growth.meaning import beyond, worth
from westforecast_growth.settings import check_damping, check_window


@dataclass(frozen=True)
class ShareShift(DrivenModel):
    """The share of the driver moves on as it did, less and less: yhat(h) = s(h) * x(T + h).

    z = log(s / (1 - s)),   z(h) = z_T + g * D(h),   D(h) = sum_{i=1..h} damping^i,

    s = y / x in plain units (both series' multipliers count), T the last period with both known,
    g = (z_T - z_b) / n, b the first of its last `window` periods; sigma^2 as for `DampedGrowth`.
    The share stays in (0, 1), whatever the horizon; linear shares of Chinese provinces left it in
    ten years.

    The point forecast is the median. z(h) follows Student's t with the degrees of freedom of
    sigma^2 and scale^2 = sigma^2 * (h + D(h)^2 / n); what it does to log y and what the driver's
    own forecast does are put together quantile by quantile
    (`westforecast.kernels.growth.together`).

    damping: 0 holds the share (`ConstantShare`, except for the interval), 1 goes on undamped.
    window: periods to look back for g, None for all.
    Both defaults come from the shares of 111 countries in the sum of their real output (Penn World
    Table 10.01, ten origins, the sum's outcome given): mean |log error| ten years ahead 0.162, with
    the share held 0.172, undamped 0.197; 0.168 with all years for g.
    driver and its future: see `westforecast.models.DrivenModel`.

    OUT_OF_DOMAIN where a share is 1 or more: the driver is no total of the series.
    """

    driver: str
    _: KW_ONLY
    damping: float = 0.8
    window: int | None = 10

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_damping(self.damping)
        check_window(self.window)

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        y = windows.rows()
        x = self.look(windows, horizon, levels, self.driver)
        unit = worth(windows, windows.partners(self.driver))
        share = unit[:, None] * y / x.seen  # [W, T]
        inside = np.where(share < 1, share, np.nan)
        z = np.log(inside) - np.log1p(-inside)
        base = recent(z, self.window)
        shift, spread = through_ends(base, periods(base))
        change, elapsed = steps_between(z)
        whole, _ = through_ends(z, periods(z))
        variance = walk_variance(change - whole[:, None] * elapsed, elapsed, fitted=1)
        now = unit[:, None] * y / x.path[:, : y.shape[1]]  # of a driver that is late: as expected
        last, back = last_observed(now)
        ahead = steps_ahead(back, horizon)
        weight = damped_sum(ahead, self.damping)
        center = (np.log(last) - np.log1p(-last))[:, None] + shift[:, None] * weight
        sd = np.sqrt(variance[:, None] * (ahead + spread[:, None] * weight**2))
        result = Forecast.empty(len(windows), horizon, levels)
        result.mean[:] = x.path[:, y.shape[1] :] / unit[:, None] / (1 + np.exp(-center))
        probs = np.array(result.probs)
        scores = student_scores(result.probs, observed_count(change) - 1)[:, None]
        noise = center[..., None] + sd[..., None] * scores  # [W, H, Q]
        own = np.logaddexp(0, -center)[..., None] - np.logaddexp(0, -noise)
        driver = np.log(x.quantiles / x.path[:, y.shape[1] :, None])
        away = together(driver, own, np.sign(probs - 0.5))
        result.quantiles[:] = result.mean[..., None] * np.exp(away)
        seen = observed_count(base)
        return self.explain(
            result, x.refusals, self._too_large(np.fmax(share, now), windows),
            self._few(seen, windows), beyond(result, windows),
        )  # fmt: skip

    def _too_large(self, share: FloatArray, windows: Windows) -> dict[int, Refusal]:
        refusals: dict[int, Refusal] = {}
        for w in np.flatnonzero((share >= 1).any(axis=1)).tolist():
            at = int(np.argmax(share[w] >= 1))
            when = moment(windows, w, at + 1 - share.shape[1], int(windows.series[w]))
            refusals[w] = OutOfDomain(
                f"{share[w, at]:.4g} of driver {called(windows, w, self.driver)!r} {when}; a share "
                "below 1 is needed, of a total in the same unit"
            )
        return refusals

    def _few(self, seen: IntArray, windows: Windows) -> dict[int, Refusal]:
        last = "" if self.window is None else f" in the last {self.window}"
        return {
            w: TooShort(
                f"{seen[w]} periods shared with driver {called(windows, w, self.driver)!r}{last}, "
                "2 needed"
            )
            for w in np.flatnonzero(seen < 2).tolist()
        }
