"""ARIMA, its orders chosen by tests for unit roots and by AICc."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from westforecast.errors import UsageError
from westforecast.models import Context, SeriesModel
from westforecast.typing import FloatArray
from westforecast_statsforecast.bridge import forecast
from westforecast_statsforecast.catalogue import shortest


@dataclass(frozen=True)
class AutoARIMA(SeriesModel):
    """ARIMA(p, d, q)(P, D, Q): differences by KPSS and seasonal strength, the rest by AICc.

    season_length: periods per season; the data's unless set, 1 = no season.
    d, D: ordinary and seasonal differences; None lets tests choose up to max_d and max_D.
    max_p, max_q, max_P, max_Q: highest orders tried; max_order: their highest sum (only without
    stepwise). stationary: no differences at all.
    drift, mean: whether a drift (with one difference) or a mean (with none) may be estimated.
    stepwise: search from neighbour to neighbour; False tries all orders and takes far longer.

    Every candidate is estimated by maximum likelihood from a conditional start, without
    approximations. A constant series is forecast by its value.

    Hyndman & Khandakar (2008), Automatic time series forecasting: the forecast package for R,
    Journal of Statistical Software 27(3).

    Raises UsageError for a negative order, or for differences of a stationary or unseasonal model.
    """

    season_length: int | None = None
    d: int | None = None
    D: int | None = None
    max_p: int = 5
    max_q: int = 5
    max_P: int = 2
    max_Q: int = 2
    max_d: int = 2
    max_D: int = 1
    max_order: int = 5
    stationary: bool = False
    drift: bool = True
    mean: bool = True
    stepwise: bool = True

    def __post_init__(self) -> None:
        if self.season_length is not None and self.season_length < 1:
            raise UsageError(f"season_length {self.season_length} found, at least 1 expected.")
        for name in ("d", "D", "max_p", "max_q", "max_P", "max_Q", "max_d", "max_D", "max_order"):
            order = getattr(self, name)
            if order is not None and order < 0:
                raise UsageError(f"{name}={order} found, a whole number of at least 0 expected.")
        if self.stationary and (self.d or self.D):
            raise UsageError(f"stationary=True with d={self.d} and D={self.D}; it takes none.")
        if self.season_length == 1 and self.D:
            raise UsageError(f"D={self.D} with season_length=1, which has no season to difference.")

    def required(self, season_length: int) -> int:
        return shortest("AutoARIMA", self._arguments(season_length), season_length)

    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        return forecast("AutoARIMA", self._arguments(context.season_length), y, horizon, probs)

    def _arguments(self, season_length: int) -> dict[str, Any]:
        settings = asdict(self)
        settings["season_length"] = self.season_length or season_length
        settings["allowdrift"] = settings.pop("drift")
        settings["allowmean"] = settings.pop("mean")
        return {**settings, "ic": "aicc", "approximation": False}
