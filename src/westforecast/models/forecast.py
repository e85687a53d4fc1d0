"""What a model gives back."""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from westforecast.kernels.quantiles import exp_quantiles, normal_quantiles, probabilities
from westforecast.kernels.student import student_quantiles
from westforecast.models.status import Refusal, Status
from westforecast.typing import FloatArray, IntArray

# Two ways to the same forecast may sum in another order, and nothing else may differ: a difference
# up to SAME, relative to the value, is none. Values far below TINY are as good as 0, where nothing
# else is known of the data's size.
SAME = 1e-7
TINY = 1e-2

# What was cut at a bound of the series in one step.
CUT_INTERVAL, CUT_POINT = 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Forecasts of W windows over H steps.

    mean: [W, H] point forecasts. quantiles: [W, H, Q] at `probs` [Q], rising; Q may be 0.
    status: [W] `Status` values. reason: window -> why, for every window that is not OK.
    errors: window -> the exception behind a FAILED window.
    cut: [W, H] what was cut at a bound of the series: nothing, `CUT_INTERVAL` (an end of an
    interval) or `CUT_POINT` (the point forecast).
    Windows that are not OK hold NaN.
    """

    mean: FloatArray
    quantiles: FloatArray
    probs: tuple[float, ...]
    status: IntArray
    reason: dict[int, str] = field(default_factory=dict)
    errors: dict[int, BaseException] = field(default_factory=dict)
    cut: IntArray = field(default_factory=lambda: np.zeros((), np.int64))

    def __post_init__(self) -> None:
        if self.cut.shape != self.mean.shape:  # nothing, unless given
            object.__setattr__(self, "cut", np.zeros(self.mean.shape, np.int64))

    @classmethod
    def empty(cls, windows: int, horizon: int, levels: Sequence[float]) -> "Forecast":
        """All NaN, all OK: to be filled."""
        probs = probabilities(levels)
        return cls(
            mean=np.full((windows, horizon), np.nan),
            quantiles=np.full((windows, horizon, len(probs)), np.nan),
            probs=probs,
            status=np.full(windows, Status.OK, np.int64),
            reason={},
            errors={},
        )

    @classmethod
    def normal(
        cls,
        mean: FloatArray,
        sd: FloatArray,
        levels: Sequence[float],
        dof: IntArray | None = None,
    ) -> "Forecast":
        """Normal distributions: mean [W, H] and standard deviation [W, H].

        dof: [W] degrees of freedom that sd was estimated with; they are then Student's t.
        """
        return cls._of(mean, _quantiles(mean, sd, levels, dof), levels)

    @classmethod
    def lognormal(
        cls,
        mu: FloatArray,
        sigma: FloatArray,
        levels: Sequence[float],
        dof: IntArray | None = None,
    ) -> "Forecast":
        """Normal distributions of the logarithm: the point forecast is the median exp(mu).

        dof: as for `normal`.
        """
        logs = _quantiles(mu, sigma, levels, dof)
        with np.errstate(over="ignore"):
            return cls._of(np.exp(mu), exp_quantiles(logs), levels)

    @classmethod
    def _of(cls, mean: FloatArray, quantiles: FloatArray, levels: Sequence[float]) -> "Forecast":
        status = np.full(len(mean), Status.OK, np.int64)
        return cls(mean, quantiles, probabilities(levels), status)

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, which: IntArray) -> "Forecast":
        """The numbers and statuses of some of the windows."""
        return Forecast(
            self.mean[which], self.quantiles[which], self.probs, self.status[which],
            cut=self.cut[which],
        )  # fmt: skip

    def difference(self, other: "Forecast", size: FloatArray | float = TINY) -> FloatArray:
        """How far each window is from the same window of another record [W]; up to `SAME` is equal.

        The largest |a - b| / (|b| + size) of its numbers; infinite where statuses differ or a
        number is missing from one alone. size: [W], below it numbers are as good as 0.
        """
        a, b = (np.concatenate([f.mean[..., None], f.quantiles], axis=2) for f in (self, other))
        near = np.broadcast_to(size, len(self))[:, None, None]
        with np.errstate(invalid="ignore"):  # data and forecasts of nothing but zeros
            apart = np.abs(a - b) / (np.abs(b) + near)  # [W, H, 1 + Q]
        apart = np.where((a == b) | np.isnan(a) & np.isnan(b), 0.0, apart)
        apart = np.where(np.isnan(apart), np.inf, apart)
        return np.where(self.status == other.status, apart.max(axis=(1, 2)), np.inf)

    def put(self, place: IntArray, part: "Forecast") -> None:
        """Write the forecasts of some windows, at places [P], into this record of all of them."""
        self.mean[place] = part.mean
        self.quantiles[place] = part.quantiles
        self.status[place] = part.status
        self.cut[place] = part.cut
        self.reason.update({int(place[k]): why for k, why in part.reason.items()})
        self.errors.update({int(place[k]): error for k, error in part.errors.items()})

    def refuse(self, window: int, status: Status, reason: str) -> None:
        """Take a window's forecast away and say why."""
        self.mean[window] = np.nan
        self.quantiles[window] = np.nan
        self.cut[window] = 0
        self.status[window] = status
        self.reason[int(window)] = reason

    def fail(self, window: int, error: BaseException) -> None:
        """Take a window's forecast away for what a model raised; a `Refusal` keeps its status."""
        if isinstance(error, Refusal):
            self.refuse(window, error.status, str(error))
        else:
            self.refuse(window, Status.FAILED, f"{type(error).__name__}: {error}")
        self.errors[int(window)] = error

    def hold_points(self) -> None:
        """Widen intervals of 50 % and more until they hold the point forecast.

        Where that is no quantile of the distribution, few windows: those whose candidates, or
        paths, are far apart.
        """
        probs, point = np.array(self.probs), self.mean[..., None]
        low, high = probs <= 0.25, probs >= 0.75
        self.quantiles[..., low] = np.minimum(self.quantiles[..., low], point)
        self.quantiles[..., high] = np.maximum(self.quantiles[..., high], point)

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [W, H] of the central interval of a level in percent."""
        low, high = probabilities([level])
        return (
            self.quantiles[..., self.probs.index(low)],
            self.quantiles[..., self.probs.index(high)],
        )

    # Results cross process borders; an exception that cannot (and they are anybody's) goes as text.
    def __reduce__(self) -> tuple[type["Forecast"], tuple[Any, ...]]:
        errors = {window: _portable(error) for window, error in self.errors.items()}
        return Forecast, (
            self.mean, self.quantiles, self.probs, self.status, self.reason, errors, self.cut
        )  # fmt: skip


def _quantiles(
    mean: FloatArray, sd: FloatArray, levels: Sequence[float], dof: IntArray | None
) -> FloatArray:
    """Quantiles [W, H, Q] of normal distributions, or Student's t if variances are estimated."""
    probs = probabilities(levels)
    if dof is None:
        return normal_quantiles(mean, sd, probs)
    return student_quantiles(mean, sd, probs, dof)


def _portable(error: BaseException) -> BaseException:
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a foreign exception's own methods raise
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error
