"""Any forecasting class of statsforecast as a model, by the name of its class."""

from ast import literal_eval
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.models import Capability, Context, OutOfDomain, SeriesModel, TooShort, quiet
from westforecast.typing import FloatArray
from westforecast_statsforecast.bridge import build, forecast, signature_of
from westforecast_statsforecast.catalogue import longest_season, offer, shortest

# Arguments of statsforecast that have no meaning here, or that plain values cannot express.
WITHHELD = frozenset({"alias", "trend_forecaster"})
# Conformal intervals of statsforecast would lie about the random path that is its point forecast.
RANDOM = frozenset({"GARCH", "ARCH"})


@dataclass(frozen=True, init=False, repr=False)
class StatsForecastModel(SeriesModel):
    """A class of `statsforecast.models` with its arguments.

    kind: the name of the class. Further arguments are those of the class, as plain values: numbers,
    text, None, and lists, tuples and dicts of these. `season_length` is the data's unless given.
    `prediction_intervals={"n_windows": 4}` asks for statsforecast's conformal intervals over the
    horizon that is forecast; without it, a class that has no intervals of its own gives none (NaN).

    Raises UsageError for an unknown class (suggesting the nearest) and for arguments the class
    does not take.

    >>> StatsForecastModel("WindowAverage", window_size=3)
    StatsForecastModel('WindowAverage', window_size=3)
    """

    kind: str
    arguments: tuple[tuple[str, str], ...]  # name and literal, sorted: a record that can be hashed

    def __init__(self, kind: str, **arguments: Any) -> None:
        object.__setattr__(self, "kind", kind)
        literals = {name: _literal(name, value) for name, value in arguments.items()}
        object.__setattr__(self, "arguments", tuple(sorted(literals.items())))
        missing = [name for name in offer(kind).needs if name not in arguments]
        if missing:
            example = ", ".join(f"{name}=..." for name in missing)
            raise UsageError(f"{kind} needs {' and '.join(missing)}: pass {example}.")
        if arguments:
            _check(kind, self.settings)

    def __repr__(self) -> str:
        given = "".join(f", {name}={literal}" for name, literal in self.arguments)
        return f"{type(self).__name__}({self.kind!r}{given})"

    @property
    def name(self) -> str:
        return f"statsforecast.{self.kind}"

    @property
    def settings(self) -> dict[str, Any]:
        """The arguments as values."""
        return {name: literal_eval(literal) for name, literal in self.arguments}

    @property
    def capabilities(self) -> frozenset[Capability]:
        conformal = any(name == "prediction_intervals" for name, _ in self.arguments)
        return frozenset({"intervals"} if conformal or offer(self.kind).intervals else ())

    def required(self, season_length: int) -> int:
        return shortest(self.kind, self.settings, season_length)

    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        offered, settings = offer(self.kind), self.settings
        if offered.season:
            settings.setdefault("season_length", context.season_length)
        if offered.periodic and longest_season(settings, context.season_length) < 2:
            raise OutOfDomain(f"{self.kind} needs data with a season; season_length is 1")
        self._check_length(len(y), horizon, settings, context)
        try:
            return forecast(self.kind, settings, y, horizon, probs)
        except ValueError as error:
            # What Arima of statsforecast comes to when its conditional start is not stationary.
            if self.kind in ("ARIMA", "AutoRegressive") and "zero-size array" in str(error):
                raise OutOfDomain(
                    f"{self.kind} finds no stationary start for its autoregression in these "
                    "values; they may want differences"
                ) from error
            raise

    def _check_length(
        self, length: int, horizon: int, settings: Mapping[str, Any], context: Context
    ) -> None:
        """Conformal intervals hold back whole horizons; statsforecast would use fewer unasked."""
        conformal = settings.get("prediction_intervals")
        if conformal is None:
            return
        held_back = conformal.get("n_windows", 2) * horizon
        needed = self.required(context.season_length) + held_back
        if length < needed:
            raise TooShort(
                f"{length} observed values, {needed} needed: {held_back} are held back for "
                "conformal intervals"
            )


def _literal(name: str, value: Any) -> str:
    """A plain value as Python text. Raises UsageError for any other."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    try:
        if literal_eval(text) == value:
            return text
    except (ValueError, SyntaxError):
        pass
    raise UsageError(
        f"{name}={value!r} found; expected a plain value: a number, text, None, or a list, tuple "
        "or dict of these."
    )


def _check(kind: str, settings: Mapping[str, Any]) -> None:
    withheld = WITHHELD | {"prediction_intervals"} if kind in RANDOM else WITHHELD
    accepted = [name for name in signature_of(kind).parameters if name not in withheld]
    for name in settings:
        if name not in accepted:
            raise UsageError(
                f"{kind} takes no argument {name!r}. {nearest(name, accepted)} "
                f"It takes {', '.join(accepted)}."
            )
    season = {"season_length": 1} if offer(kind).season else {}
    try:
        with quiet():
            build(kind, {**season, **settings}, horizon=1)
        shortest(kind, settings, 1)
    except Exception as error:  # a foreign constructor may raise anything
        told = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        raise UsageError(f"{kind}({told}) cannot be made: {error}") from error
