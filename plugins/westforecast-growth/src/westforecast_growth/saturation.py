"""Curves that level off at a known ceiling: for shares, ratios and rates, not for money values.

A ceiling M is given, never estimated: before half of a curve is seen, M is close to free (35,000
simulated logistic fits, Debecker & Modis 1994), and a Gompertz ceiling fitted to logistic data is
too high (Satoh & Matsumura). With M known each curve is a straight line in time on its own scale,
z = a + b t, fitted by least squares on the observed periods only.

anchor="last" (the default) carries the fitted slope on from the last observed value,
z(h) = z_T + b h: what annual ratios leave of a curve drifts slowly, and a forecast on the fitted
curve begins with a jump back to it. The noise is a random walk (`westforecast_growth.walk`) with
Var z(h) = sigma^2 * (h + v h^2), v = Var(b) / sigma^2. On 8,065 annual percentages of countries
(World Bank, Gapminder), five years ahead, the logistic from the last value is off by 1.7 points on
average and its 80 % interval covers 70 %; on the curve it is 2.9 points and 47 %.
anchor="curve" is the textbook's forecast on the curve itself with independent errors,
Var z(h) = s^2 * (1 + 1/n + (t - mean t)^2 / S_tt), s^2 with n - 2.

Quantiles are normal on the scale of z and carried back, so they stay within the bounds, and the
point forecast is the median.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal, final

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import normal_quantiles
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import Forecast, Model, OutOfDomain, Windows
from westforecast.typing import FloatArray
from westforecast_growth.walk import least_squares, mean, periods, steps_ahead, walk_variance

Anchor = Literal["last", "curve"]


@dataclass(frozen=True)
class AbstractSaturation(Model):
    """What curves with a known ceiling share.

    upper: the ceiling M; by default the series' own upper bound (100 for a share in percent).
    anchor: "last" carries on from the last observed value, "curve" stays on the fitted curve.

    OUT_OF_DOMAIN where there is no ceiling, it lies beyond the series' own bound, or a value is not
    strictly inside.
    """

    upper: float | None = None
    anchor: Anchor = "last"

    missing: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.anchor not in ("last", "curve"):
            raise UsageError(f"anchor={self.anchor!r} found, 'last' or 'curve' expected.")
        if self.upper is not None and not isfinite(self.upper):
            raise UsageError(f"upper={self.upper!r} found, a finite ceiling expected.")

    @abstractmethod
    def straighten(self, share: FloatArray) -> FloatArray:
        """The scale on which the curve is a line, of shares in (0, 1) of the way to the ceiling."""

    @abstractmethod
    def bend(self, z: FloatArray) -> FloatArray:
        """The inverse of `straighten`, in [0, 1]."""

    def floor(self, windows: Windows) -> FloatArray:
        """Where each window's curve begins, [W]."""
        return np.zeros(len(windows))

    @final
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        rows = windows.rows()
        low, high = self.floor(windows), self._ceiling(windows)
        share = (rows - low[:, None]) / (high - low)[:, None]  # [W, T]
        inside = (share > 0) & (share < 1)
        z = self.straighten(np.where(inside, share, np.nan))
        carried_on = self._from_last if self.anchor == "last" else self._on_curve
        center, sd = carried_on(z, horizon)  # [W, H]
        result = Forecast.empty(len(windows), horizon, levels)
        straight = normal_quantiles(center, sd, result.probs)  # [W, H, Q]
        for values, line in ((result.mean, center), (result.quantiles, straight)):
            # clipped: low + (high - low) may round to a hair above high
            values[:] = np.clip(low + (high - low) * self.bend(line).T, low, high).T
        outside = np.isfinite(rows) & ~inside
        for w in range(len(windows)):
            refusal = self._objection(windows, w, low[w], high[w], rows[w, outside[w]])
            if refusal is not None:
                result.fail(w, refusal)
        return result

    def _ceiling(self, windows: Windows) -> FloatArray:
        if self.upper is not None:
            return np.full(len(windows), float(self.upper))
        return np.take(windows.bounds[:, 1], windows.series)

    def _objection(
        self, windows: Windows, w: int, low: float, high: float, outside: FloatArray
    ) -> OutOfDomain | None:
        own_low, own_high = windows.bounds[windows.series[w]]
        if not isfinite(high):
            return OutOfDomain(
                f"no ceiling is known: give {self.name}(upper=...), or the series an upper bound "
                "(a share has one); data cannot tell a ceiling before half of the curve is seen"
            )
        if low >= high or low < own_low or high > own_high:
            return OutOfDomain(
                f"a curve from {low:g} to {high:g} leaves the bounds of the series, {own_low:g} to "
                f"{own_high:g}"
            )
        if len(outside):
            return OutOfDomain(
                f"value {outside[0]:g} is not inside the bounds {low:g} to {high:g} of the curve"
            )
        return None

    def _from_last(self, z: FloatArray, horizon: int) -> tuple[FloatArray, FloatArray]:
        slope, spread = least_squares(z, periods(z))
        last, back = last_observed(z)
        change, elapsed = steps_between(z)
        sigma2 = walk_variance(change - slope[:, None] * elapsed, elapsed, fitted=1)
        ahead = steps_ahead(back, horizon)  # [W, H]
        variance = sigma2[:, None] * (ahead + spread[:, None] * ahead**2)
        return last[:, None] + slope[:, None] * ahead, np.sqrt(variance)

    def _on_curve(self, z: FloatArray, horizon: int) -> tuple[FloatArray, FloatArray]:
        time = periods(z)
        slope, _ = least_squares(z, time)
        count, middle = observed_count(z), mean(time)
        residual = z - mean(z)[:, None] - slope[:, None] * (time - middle[:, None])
        left = count - 2
        s2 = np.where(left > 0, np.nansum(residual**2, axis=1) / np.maximum(left, 1), np.nan)
        away = z.shape[1] + np.arange(horizon) - middle[:, None]  # [W, H]
        stretch = np.nansum((time - middle[:, None]) ** 2, axis=1)
        leverage = 1 + (1 / np.maximum(count, 1) + away.T**2 / np.maximum(stretch, 1)).T
        return mean(z)[:, None] + slope[:, None] * away, np.sqrt(s2[:, None] * leverage)


@dataclass(frozen=True)
class Logistic(AbstractSaturation):
    """Logistic curve to a known ceiling: y = L + (M - L) / (1 + exp(-b (t - t0))).

    A line in z = log((y - L) / (M - y)); steepest half-way. How it is fitted, carried on and
    bounded: see `westforecast_growth.saturation`.

    upper, anchor: see `AbstractSaturation`.
    lower: the floor L; by default the series' own lower bound, 0 where it has none.
    """

    lower: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lower is not None and not isfinite(self.lower):
            raise UsageError(f"lower={self.lower!r} found, a finite floor expected.")
        if self.lower is not None and self.upper is not None and self.lower >= self.upper:
            raise UsageError(f"lower={self.lower!r} is not below upper={self.upper!r}.")

    def floor(self, windows: Windows) -> FloatArray:
        if self.lower is not None:
            return np.full(len(windows), float(self.lower))
        own = windows.bounds[windows.series, 0]
        return np.where(np.isfinite(own), own, 0.0)

    def straighten(self, share: FloatArray) -> FloatArray:
        return np.log(share) - np.log1p(-share)

    def bend(self, z: FloatArray) -> FloatArray:
        return 1 / (1 + np.exp(-z))


@dataclass(frozen=True)
class Gompertz(AbstractSaturation):
    """Gompertz curve to a known ceiling: y = M exp(-exp(-(a + b t))), from zero.

    A line in z = -log(-log(y / M)); steepest early, at 0.368 M. How it is fitted, carried on and
    bounded: see `westforecast_growth.saturation`.

    upper, anchor: see `AbstractSaturation`.
    """

    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.upper is not None and self.upper <= 0:
            raise UsageError(f"upper={self.upper!r} found, a ceiling above 0 expected.")

    def straighten(self, share: FloatArray) -> FloatArray:
        return -np.log(-np.log(share))

    def bend(self, z: FloatArray) -> FloatArray:
        return np.exp(-np.exp(-z))
