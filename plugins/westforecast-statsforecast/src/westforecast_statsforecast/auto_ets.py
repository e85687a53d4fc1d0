"""Exponential smoothing in state space form, its form chosen by AICc."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from westforecast.errors import UsageError
from westforecast.models import Context, OutOfDomain, SeriesModel
from westforecast.typing import FloatArray
from westforecast_statsforecast.bridge import forecast
from westforecast_statsforecast.catalogue import shortest

_FORM = re.compile("[AMZ][NAMZ][NAMZ]")
# Their recursions divide by states that may come near zero, or their variance is infinite.
_UNSTABLE = re.compile("AM.|A.M|[MZ]MA")


@dataclass(frozen=True)
class AutoETS(SeriesModel):
    """Error, trend and season: the form with the smallest AICc, estimated by maximum likelihood.

    season_length: periods per season; the data's unless set, 1 = no season.
    model: three letters for error (A, M), trend (N, A, M) and season (N, A, M): none, additive or
    multiplicative; Z leaves one to the data (a trend is then N or A).
    damped: whether the trend fades; None leaves it to the data, True considers damped trends only.

    Multiplicative forms need values above zero and are left out of the choice where some are not.
    A constant series is forecast by its value.

    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, chapters 2, 5-7.

    Raises UsageError for a form that does not exist or is numerically unstable.
    """

    season_length: int | None = None
    model: str = "ZZZ"
    damped: bool | None = None

    def __post_init__(self) -> None:
        if self.season_length is not None and self.season_length < 1:
            raise UsageError(f"season_length {self.season_length} found, at least 1 expected.")
        if not _FORM.fullmatch(self.model):
            raise UsageError(
                f"model {self.model!r} found; expected three letters for error (A, M, Z), trend "
                '(N, A, M, Z) and season (N, A, M, Z), e.g. "ZZZ" or "AAN".'
            )
        if _UNSTABLE.fullmatch(self.model):
            raise UsageError(
                f"model {self.model!r} has no stable form. A multiplicative trend or season needs "
                "a multiplicative error, and a multiplicative trend no additive season."
            )
        if self.damped and self.model[1] == "N":
            raise UsageError(f"damped=True with model {self.model!r}, which has no trend to damp.")

    def required(self, season_length: int) -> int:
        return shortest("AutoETS", self._arguments(season_length), season_length)

    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        arguments = self._arguments(context.season_length)
        if self.model[2] in "AM" and arguments["season_length"] == 1:
            raise OutOfDomain(f"model {self.model!r} needs data with a season; season_length is 1")
        if "M" in self.model and not (y > 0).all():
            raise OutOfDomain(f"model {self.model!r} needs values above 0; {y.min():g} found")
        return forecast("AutoETS", arguments, y, horizon, probs)

    def _arguments(self, season_length: int) -> dict[str, Any]:
        return {
            "season_length": self.season_length or season_length,
            "model": self.model,
            "damped": self.damped,
        }
