"""The forecasting interface: a model turns windows into forecasts.

`Model.forecast` is the one contract; a forecast and a backtest are the same call. Authors implement
`compute` (all windows at once) or derive from `SeriesModel` and write one function of one series.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import check_levels, probabilities
from westforecast.kernels.windows import has_gap, observed_count, tiles
from westforecast.models.forecast import Forecast
from westforecast.models.status import Refusal, Status
from westforecast.models.windows import Windows
from westforecast.typing import FloatArray, IntArray


class Model(ABC):
    """A forecasting model: a frozen record of settings with one method, `forecast`.

    Subclasses are frozen dataclasses. Class attributes say what a model can take:
    min_train: fewest observed values it needs. positive: whether all values must be above zero.
    missing: whether it takes gaps inside a window.
    """

    min_train: ClassVar[int] = 1
    positive: ClassVar[bool] = False
    missing: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What the model is called in results unless the caller names it."""
        return type(self).__name__

    def required(self, season_length: int) -> int:
        """Observed values needed in data with so many periods per season; `min_train` by default."""
        return self.min_train

    @abstractmethod
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        """Forecasts of windows that meet the model's requirements.

        Called with at least one window. Anything it raises is recorded against the one window that
        caused it; a `Refusal` keeps its status.
        """

    @final
    def forecast(self, windows: Windows, horizon: int, levels: Sequence[float] = ()) -> Forecast:
        """Forecasts [W, H] of all windows; a window that fails has a status and a reason, and NaN.

        windows: what may be seen. horizon: H >= 1 steps. levels: interval coverages in percent.
        Raises UsageError for a horizon below 1 or a level outside (0, 100); never for data.
        """
        if horizon < 1:
            raise UsageError(f"horizon {horizon} found, at least 1 step expected.")
        levels = check_levels(levels)
        result = Forecast.empty(len(windows), horizon, levels)
        eligible = self._screen(windows, result)
        for tile in tiles(windows.lengths[eligible]):
            self._fill(result, windows, eligible[tile], horizon, levels)
        return result

    def _screen(self, windows: Windows, result: Forecast) -> IntArray:
        """Windows that meet the requirements; the others get their status and reason."""
        needed = self.required(windows.season_length)
        for tile in tiles(windows.lengths):
            rows = windows.take(tile).rows()
            seen = observed_count(rows)
            gaps = has_gap(rows) & (not self.missing)
            nonpositive = ((rows <= 0).sum(axis=1) > 0) & self.positive
            for w in np.flatnonzero(seen < needed):
                self._refuse(result, tile[w], Status.TOO_SHORT,
                             f"{seen[w]} observed values, {needed} needed")  # fmt: skip
            for w in np.flatnonzero((seen >= needed) & gaps):
                absent = int(np.isnan(windows.y(int(tile[w]))).sum())
                self._refuse(result, tile[w], Status.MISSING_VALUES,
                             f"{absent} missing inside; the model needs an unbroken series")  # fmt: skip
            for w in np.flatnonzero((seen >= needed) & ~gaps & nonpositive):
                self._refuse(result, tile[w], Status.NOT_POSITIVE,
                             f"smallest value {np.nanmin(rows[w]):g}; the model needs values above 0")  # fmt: skip
        return np.flatnonzero(result.status == Status.OK)

    def _fill(
        self, result: Forecast, windows: Windows, which: IntArray, horizon: int,
        levels: Sequence[float],
    ) -> None:  # fmt: skip
        try:
            part = self._computed(windows.take(which), horizon, levels)
        except Exception as error:  # a plugin may raise anything; it must not cost its neighbours
            if len(which) == 1:
                status = error.status if isinstance(error, Refusal) else Status.FAILED
                told = (
                    str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}"
                )
                self._refuse(result, which[0], status, told, error)
                return
            for w in which:
                self._fill(result, windows, np.array([w]), horizon, levels)
            return
        result.mean[which] = part.mean
        result.quantiles[which] = part.quantiles
        for k, w in enumerate(which):
            if part.status[k] != Status.OK:
                self._refuse(result, w, Status(part.status[k]), part.reason.get(k, ""),
                             part.errors.get(k))  # fmt: skip
        infinite = ~np.isfinite(result.mean[which]).all(axis=1) & (part.status == Status.OK)
        infinite |= np.isinf(result.quantiles[which]).any(axis=(1, 2)) & (part.status == Status.OK)
        for w in which[infinite]:
            self._refuse(result, w, Status.FAILED, "the forecast is not a finite number")

    def _computed(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        part = self.compute(windows, horizon, levels)
        wanted = (len(windows), horizon)
        count = len(probabilities(levels))
        if part.mean.shape != wanted or part.quantiles.shape != (*wanted, count):
            raise ValueError(
                f"{self.name}.compute gave mean {part.mean.shape} and quantiles "
                f"{part.quantiles.shape}; expected {wanted} and {(*wanted, count)}"
            )
        return part

    def _refuse(
        self, result: Forecast, window: int, status: Status, reason: str,
        error: Exception | None = None,
    ) -> None:  # fmt: skip
        result.status[window] = status
        result.mean[window] = np.nan
        result.quantiles[window] = np.nan
        result.reason[int(window)] = reason
        if error is not None:
            result.errors[int(window)] = error


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """What a one-series function may know besides the values.

    unique_id: the series. period: period of the first value. season_length: periods per season.
    bounds: what the series cannot leave. windows, window: for `companion` series of the panel.
    """

    unique_id: str
    period: int
    season_length: int
    bounds: tuple[float, float]
    windows: Windows
    window: int

    def companion(self, unique_id: str) -> FloatArray | None:
        """Another series over the same periods, nothing after the cutoff; None if there is none."""
        return self.windows.companion(unique_id, self.window)


class SeriesModel(Model):
    """For authors of one-series functions: implement `forecast_one`; the loop is here, for everybody."""

    @abstractmethod
    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        """Point forecasts [H] and quantiles [H, Q] at `probs` [Q] for one series.

        y: [T] values, oldest first, read-only. Raise `TooShort` or `OutOfDomain` to decline.
        """

    @final
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        for w in range(len(windows)):
            s = int(windows.series[w])
            context = Context(
                unique_id=windows.ids[s],
                period=int(windows.first_period[w]),
                season_length=windows.season_length,
                bounds=(float(windows.bounds[s, 0]), float(windows.bounds[s, 1])),
                windows=windows,
                window=w,
            )
            mean, quantiles = self.forecast_one(windows.y(w), horizon, result.probs, context)
            result.mean[w] = np.asarray(mean, float)
            result.quantiles[w] = np.asarray(quantiles, float).reshape(horizon, len(result.probs))
        return result
