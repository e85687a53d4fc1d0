"""The forecasting interface: a model turns windows into forecasts.

`Model.forecast` is the one contract; a forecast and a backtest are the same call. Authors decorate
a function of one series (`series_model`), derive from `SeriesModel` and write one method of one
series, and where work can be shared implement `compute`, which sees all windows at once.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import ClassVar, Literal, final, get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import LAW, check_levels, probabilities
from westforecast.models.bounds import cut
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import FloatArray, IntArray
from westforecast.watch import PASSES

NO_REASON = "the model gave no reason"
CROSSED = "quantiles do not rise with their probability"
# Quantiles may fall by so much of the largest of their step.
ROUNDING = 1e-9

Capability = Literal["intervals", "missing", "batch", "driver", "scale_equivariant"]


class Model(ABC):
    """A forecasting model: a frozen record of settings with one method, `forecast`.

    Subclasses are frozen dataclasses. Class attributes say what a model can take:
    min_train: fewest observed values it needs. positive: whether all values must be above zero.
    missing: whether it takes gaps inside a window. intervals: whether it gives any.
    scale_equivariant: whether ten times the data gives ten times the forecast.
    """

    min_train: ClassVar[int] = 1
    positive: ClassVar[bool] = False
    missing: ClassVar[bool] = False
    intervals: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = False

    @property
    def name(self) -> str:
        """What the model is called in results unless the caller names it."""
        return type(self).__name__

    @property
    def ex_ante(self) -> bool:
        """Whether it uses nothing that was unknown when a forecast is made; else it is ex post."""
        return True

    @property
    def batch(self) -> bool:
        """Whether it shares work between windows, so that many are given to it in one call."""
        return True

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What it says it can do; `westforecast.testing` holds it to that in both directions.

        Overridden where it depends on the settings.
        """
        able = {"intervals": self.intervals, "missing": self.missing, "batch": self.batch,
                "scale_equivariant": self.scale_equivariant}  # fmt: skip
        return frozenset(word for word in get_args(Capability) if able.get(word))

    def required(self, season_length: int) -> int:
        """Observed values needed in data with so many periods a season; `min_train` by default."""
        return self.min_train

    @abstractmethod
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        """Forecasts of windows that meet the model's requirements.

        Called with at least one window, and perhaps from several threads at once, so keep no state.
        What a window gets must not depend on the others: every run tries a few windows alone.
        Anything it raises is recorded against the one window that caused it, after the others were
        tried without it; a `Refusal` keeps its status.
        """

    @final
    def forecast(self, windows: Windows, horizon: int, levels: Sequence[float] = ()) -> Forecast:
        """Forecasts [W, H] of all windows; a window that fails has a status and a reason, and NaN.

        windows: what may be seen. horizon: H >= 1 steps. levels: interval coverages in percent.
        What leaves the bounds of a series is cut there, and `Forecast.cut` says where.
        Raises UsageError for a horizon below 1 or a level outside (0, 100); never for data.
        """
        if horizon < 1:
            raise UsageError(f"horizon {horizon} found, at least 1 step expected.")
        levels = check_levels(levels)
        result = Forecast.empty(len(windows), horizon, levels)
        windows = windows.from_first_observed()
        try:
            able = self._screen(result, windows)
        except PASSES:
            raise
        except BaseException as error:  # in what the model says of itself
            for w in range(len(windows)):
                result.fail(w, error)
            return result
        for piece in windows.take(able).pieces():
            self._fill(result, windows, able[piece], levels)
        cut(result, windows, lambda which: self._distribution(windows.take(which), horizon))
        return result

    def _distribution(self, windows: Windows, horizon: int) -> Forecast:
        """Forecasts at so many levels that their distributions can be read."""
        whole = Forecast.empty(len(windows), horizon, LAW)
        self._fill(whole, windows, np.arange(len(windows)), LAW)
        return whole

    def _screen(self, result: Forecast, windows: Windows) -> IntArray:
        """The windows that meet the requirements; others get their status and reason."""
        needed = self.required(windows.season_length)
        if not isinstance(needed, Integral):
            raise TypeError(f"{self.name}.required gave {needed!r}; a whole number expected")
        seen, nonpositive = windows.count(np.isfinite, lambda y: y <= 0)
        for w in np.flatnonzero(short := seen < needed).tolist():
            result.refuse(w, Status.TOO_SHORT, f"{seen[w]} observed values, {needed} needed")
        # Windows begin with an observed value, so whatever is missing is missing inside.
        gaps = ~short & (seen < windows.lengths) & (not self.missing)
        for w in np.flatnonzero(gaps).tolist():
            reason = (
                f"{windows.lengths[w] - seen[w]} missing inside; the model needs an unbroken series"
            )
            result.refuse(w, Status.MISSING_VALUES, reason)
        outside = ~short & ~gaps & (nonpositive > 0) & self.positive
        for w in np.flatnonzero(outside).tolist():
            reason = f"smallest value {np.nanmin(windows.y(w)):g}; the model needs values above 0"
            result.refuse(w, Status.NOT_POSITIVE, reason)
        return np.flatnonzero(~(short | gaps | outside))

    def _fill(
        self, result: Forecast, windows: Windows, which: IntArray, levels: Sequence[float]
    ) -> None:
        if not len(which):
            return
        horizon = result.mean.shape[1]
        try:
            result.put(which, self._computed(windows.take(which), horizon, levels))
        except PASSES:
            raise
        except BaseException as error:  # a plugin may raise anything; its neighbours go on
            if len(which) == 1:
                result.fail(which[0], error)
                return
            for half in np.array_split(which, 2):
                self._fill(result, windows, half, levels)
            return
        for w in which[result.status[which] != Status.OK]:
            reason = result.reason.get(int(w)) or NO_REASON
            result.refuse(w, Status(result.status[w]), reason)
        infinite = ~np.isfinite(result.mean[which]).all(axis=1)
        infinite |= np.isinf(result.quantiles[which]).any(axis=(1, 2))
        for w in which[infinite & (result.status[which] == Status.OK)]:
            result.refuse(w, Status.FAILED, "the forecast is not a finite number")
        quantiles = result.quantiles[which]
        size = np.abs(quantiles).max(axis=2, keepdims=True, initial=0.0)
        falls = (np.diff(quantiles) < -ROUNDING * size).any(axis=(1, 2))  # NaN are no fall
        for w in which[falls & (result.status[which] == Status.OK)]:
            result.refuse(w, Status.FAILED, CROSSED)

    def _computed(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        # Whatever overflows is caught afterwards, as a number that is not finite.
        with np.errstate(all="ignore"):
            part = self.compute(windows, horizon, levels)
        if not isinstance(part, Forecast):
            raise TypeError(f"{self.name}.compute gave {_told(part)}; a Forecast expected")
        found = (part.mean.shape, part.quantiles.shape, part.status.shape)
        wanted = (len(windows), horizon)
        expected = (wanted, (*wanted, len(probabilities(levels))), wanted[:1])
        if found != expected:
            raise ValueError(
                f"{self.name}.compute gave mean, quantiles and status of shapes {found}; "
                f"expected {expected}"
            )
        if not set(part.status.tolist()) <= set(Status):
            raise ValueError(f"{self.name}.compute gave a status that is none of {list(Status)}")
        return part


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
    """For authors of one-series methods: implement `forecast_one`; the loop is here for all.

    A subclass that overrides `compute` as well is fast over many windows, and `forecast_one` is
    what its answers are held against.
    """

    @property
    def batch(self) -> bool:
        return type(self).compute is not SeriesModel.compute

    @abstractmethod
    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray] | FloatArray:
        """Point forecasts [H] and quantiles [H, Q] at `probs` [Q] for one series.

        y: [T] values, oldest first, read-only. Raise `TooShort` or `OutOfDomain` to decline. Where
        the class says `intervals = False`, the point forecasts alone are enough.
        """

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        """Windows one after the other."""
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
            try:
                answer = self.forecast_one(windows.y(w), horizon, result.probs, context)
                if not self.intervals and isinstance(answer, np.ndarray):
                    answer = answer, result.quantiles[w]  # all NaN: none
                if not isinstance(answer, tuple | list) or len(answer) != 2:
                    raise TypeError(
                        f"{self.name}.forecast_one gave {_told(answer)}; point forecasts "
                        f"[{horizon}] and quantiles [{horizon}, {len(result.probs)}] expected, or "
                        "`intervals = False` and point forecasts alone"
                    )
                mean, quantiles = (np.asarray(part, float) for part in answer)
                found, expected = (mean.shape, quantiles.shape), (horizon, len(result.probs))
                if found != (expected[:1], expected):
                    raise ValueError(
                        f"{self.name}.forecast_one gave mean and quantiles of shapes {found}; "
                        f"expected {expected[:1]} and {expected}"
                    )
                result.mean[w], result.quantiles[w] = mean, quantiles
            except PASSES:
                raise
            except BaseException as error:  # one series never costs the others
                result.fail(w, error)
        return result


def _told(answer: object) -> str:
    """A wrong answer in words."""
    if isinstance(answer, np.ndarray):
        return f"an array of shape {answer.shape}"
    return "nothing" if answer is None else f"a {type(answer).__name__}"
