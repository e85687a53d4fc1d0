"""The median of the last changes, carried on."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import median_variance
from westforecast.kernels.student import student_quantiles
from westforecast.models import Context, SeriesModel
from westforecast.typing import FloatArray


@dataclass(frozen=True)
class MedianChange(SeriesModel):
    """A random walk with the median change as its drift: yhat(h) = y_T + h * m.

    m is the median of the last `last` changes, n in number. y(h) follows Student's t with n - 1
    degrees of freedom and the variance s^2 * (h + v * h^2): s^2 is that of the same changes, v that
    of the median of n normal numbers.
    """

    last: int = 5

    min_train: ClassVar[int] = 3  # two changes: one for the drift, one more for the spread
    scale_equivariant: ClassVar[bool] = True  # ten times the data, ten times the forecast

    def __post_init__(self) -> None:
        if self.last < 2:
            raise UsageError(f"last={self.last} found, at least 2 changes expected.")

    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        changes = np.diff(y)[-self.last :]
        drift = np.median(changes)
        step = np.arange(1, horizon + 1)  # [H]
        mean = y[-1] + drift * step
        sd = changes.std(ddof=1) * np.sqrt(step + median_variance(len(changes)) * step**2)
        return mean, student_quantiles(mean, sd, probs, len(changes) - 1)
