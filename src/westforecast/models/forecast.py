"""What a model gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from westforecast.kernels.quantiles import normal_quantiles, probabilities
from westforecast.models.status import Status
from westforecast.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Forecasts of W windows over H steps.

    mean: [W, H] point forecasts. quantiles: [W, H, Q] at `probs` [Q], rising; Q may be 0.
    status: [W] `Status` values. reason: window -> why, for every window that is not OK.
    errors: window -> the exception behind a FAILED window.
    Windows that are not OK hold NaN.
    """

    mean: FloatArray
    quantiles: FloatArray
    probs: tuple[float, ...]
    status: IntArray
    reason: dict[int, str] = field(default_factory=dict)
    errors: dict[int, Exception] = field(default_factory=dict)

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
    def normal(cls, mean: FloatArray, sd: FloatArray, levels: Sequence[float]) -> "Forecast":
        """Normal laws: mean [W, H] and standard deviation [W, H]."""
        return cls._of(mean, normal_quantiles(mean, sd, probabilities(levels)), levels)

    @classmethod
    def lognormal(cls, mu: FloatArray, sigma: FloatArray, levels: Sequence[float]) -> "Forecast":
        """Normal laws of the logarithm: the point forecast is the median exp(mu)."""
        logs = normal_quantiles(mu, sigma, probabilities(levels))
        with np.errstate(over="ignore"):
            return cls._of(np.exp(mu), np.exp(logs), levels)

    @classmethod
    def _of(cls, mean: FloatArray, quantiles: FloatArray, levels: Sequence[float]) -> "Forecast":
        status = np.full(len(mean), Status.OK, np.int64)
        return cls(mean, quantiles, probabilities(levels), status)

    def __len__(self) -> int:
        return len(self.mean)

    def interval(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Lower and upper end [W, H] of the central interval of a level in percent."""
        low, high = probabilities([level])
        return (
            self.quantiles[..., self.probs.index(low)],
            self.quantiles[..., self.probs.index(high)],
        )
