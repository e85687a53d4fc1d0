"""Which classes of statsforecast follow the level and the unit of a series, as models.

As programs many do not: an optimizer starts from a fixed point and stops at a fixed tolerance,
paths are kept in single precision, a regression loses its digits at a high level. So a class that
searches is shown values in standard form, as far as its model is equivariant. Nothing of
statsforecast is imported here: `wf.adapt` and the package of its models both use this table.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.kernels.standard import Standard
from westforecast.typing import FloatArray

# Values that vary less than this beside their level tell no factor from a summand.
FLAT = 1e-5
_SMOOTHERS = frozenset({"AutoETS", "Holt", "HoltWinters"})

Arguments = Mapping[str, Any]
Condition = bool | Callable[[Arguments, int], bool]


@dataclass(frozen=True, slots=True)
class Equivariance:
    """How the forecasts of a class follow its data.

    location: whether y + c gives the forecasts + c; it may depend on the arguments and the season.
    scale: whether c * y gives the forecasts times c, for c > 0.
    searches: whether numbers come from a search or a test, which depend on level and size.
    unit_free: whether they follow the unit all the same, so that only a level is taken out.
    level, size: the standard form [level - size, level + size] in which the search goes best.
    """

    location: Condition = False
    scale: bool = True
    searches: bool = True
    unit_free: bool = False
    level: float = 0.0
    size: float = 1.0


def equivariance(kind: str, arguments: Arguments, season_length: int) -> tuple[bool, bool]:
    """Whether a class with these arguments is equivariant to location, and to scale.

    season_length: the longest of its seasons.
    """
    # Coefficients held fixed are in the data's unit; a Box-Cox power is tied to its level.
    if arguments.get("fixed") or arguments.get("blambda") is not None:
        return False, False
    found = EQUIVARIANCE[kind]
    location = found.location
    return (location(arguments, season_length) if callable(location) else location), found.scale


def standard(kind: str, arguments: Arguments, season_length: int, y: FloatArray) -> Standard:
    """How values `y` [T] are shown to a class: in standard form as far as its model allows."""
    found = EQUIVARIANCE[kind]
    location, scale = equivariance(kind, arguments, season_length)
    if not (found.searches and scale) or (found.unit_free and not location):
        return Standard()
    return Standard.of(y, location=location, level=found.level, size=found.size)


def make_additive(kind: str, model: Any, y: FloatArray) -> Arguments:
    """Make exponential smoothing in an object additive where values `y` [T] are flat.

    The likelihoods of both are then the same, and a multiplicative form loses its digits, from a
    level of 1e8 deviations on all of its variance. Gives the arguments that were changed.
    """
    smoother = model.trend_forecaster if kind == "MSTL" else model
    if type(smoother).__name__ not in _SMOOTHERS or not np.ptp(y) < FLAT * np.abs(y).max():
        return {}
    _, trend, season = smoother.model
    smoother.model = f"A{trend}{season}".replace("M", "A")
    if kind == "MSTL":
        return {"trend_forecaster": smoother}
    smoother.error_type = "A"  # what Holt and HoltWinters call it
    return {"model": smoother.model, "error_type": "A"}


def keeps_constants(kind: str, arguments: Arguments, season_length: int) -> bool:
    """Whether the forecast of a series of one value is that value, for certain.

    It follows from both: f(0) = f(2 * 0) = 2 f(0), so f(0) is 0 and f(0 + c) is c.
    """
    location, scale = equivariance(kind, arguments, season_length)
    return (location and scale) or kind in _CONSTANT_FORMS


def _arima(arguments: Arguments, _: int) -> bool:
    """With a mean, or differences that take it out."""
    d, D = (arguments.get(name, (0, 0, 0))[1] for name in ("order", "seasonal_order"))
    constant = arguments.get("include_constant")
    mean = arguments.get("include_mean", True) if constant is None else constant
    return bool(mean or d + D > 0)


def _auto_arima(arguments: Arguments, _: int) -> bool:
    differenced = (arguments.get("d") or 0) + (arguments.get("D") or 0) > 0
    return bool(arguments.get("allowmean", True) or differenced)


def _ets(arguments: Arguments, m: int) -> bool:
    """Additive throughout. Beside an additive error, a Z becomes none or additive."""
    error, trend, season = arguments.get("model", "ZZZ")
    return error == "A" and trend in "NAZ" and (season in "NAZ" or m == 1)


def _holt(arguments: Arguments, _: int) -> bool:
    return bool(arguments.get("error_type", "A") == "A")


def _mstl(arguments: Arguments, _: int) -> bool:
    """Seasons are taken out as a sum; what is left is smoothed."""
    trend = arguments.get("trend_forecaster")
    return type(trend).__name__ in _SMOOTHERS and _ets(vars(trend), 1)


def _theta(arguments: Arguments, m: int) -> bool:
    """Seasons of 4 and more are divided out unless they are to be subtracted."""
    return m < 4 or arguments.get("decomposition_type") == "additive"


def _ucm(arguments: Arguments, _: int) -> bool:
    return arguments.get("level", "local level") not in (False, "irregular", "ntrend")


# Far enough from 0 that models without a mean, which are among those compared, fit as badly as they
# do at any other level; near enough that its regression on a constant keeps its digits.
_ARIMA_SEARCH = Equivariance(_auto_arima, level=4.0)
_LINEAR = Equivariance(location=True, searches=False)
_DEMAND = Equivariance(searches=False)  # zeros stay zeros
_PROPORTIONAL = Equivariance(unit_free=True)
_BOX_COX = Equivariance(size=100.0)  # at 1 its search ends further from the optimum
# They start at half the first value and stop at a fixed tolerance of an error divided by the level;
# of levels 0 to 30 and sizes 1 to 2^20, in standard deviations, these come nearest to the optimum.
_THETA = Equivariance(location=_theta, level=32768.0, size=2048.0)
_RETURNS = Equivariance(
    location=True, size=2.0
)  # near the variance of 1 that its start is made for

# Not equivariant to location, but with a constant among the series they fit without an error.
_CONSTANT_FORMS = frozenset({
    "AutoCES", "AutoETS", "AutoMFLES", "AutoTBATS", "AutoTheta", "DynamicOptimizedTheta",
    "DynamicTheta", "Holt", "HoltWinters", "MFLES", "MSTL", "OptimizedTheta", "TBATS", "Theta",
})  # fmt: skip

EQUIVARIANCE: Mapping[str, Equivariance] = {
    "AutoARIMA": _ARIMA_SEARCH,
    "ARIMA": Equivariance(_arima),
    "AutoRegressive": Equivariance(_arima),
    "AutoETS": Equivariance(_ets, unit_free=True),
    "Holt": Equivariance(_holt, unit_free=True),
    "HoltWinters": Equivariance(_holt, unit_free=True),
    "UCM": Equivariance(_ucm),
    "AutoTheta": _THETA,
    "Theta": _THETA,
    "OptimizedTheta": _THETA,
    "DynamicTheta": _THETA,
    "DynamicOptimizedTheta": _THETA,
    "GARCH": _RETURNS,
    "ARCH": _RETURNS,
    # Complex smoothing weights need not sum to one; the others may multiply, or transform.
    "AutoCES": _PROPORTIONAL,
    "AutoMFLES": Equivariance(),
    "AutoTBATS": _BOX_COX,
    "MFLES": _PROPORTIONAL,
    "MSTL": Equivariance(_mstl, unit_free=True),
    "TBATS": _BOX_COX,
    "SimpleExponentialSmoothing": _LINEAR,
    "SimpleExponentialSmoothingOptimized": _LINEAR,
    "SeasonalExponentialSmoothing": _LINEAR,
    "SeasonalExponentialSmoothingOptimized": _LINEAR,
    "HistoricAverage": _LINEAR,
    "Naive": _LINEAR,
    "RandomWalkWithDrift": _LINEAR,
    "SeasonalNaive": _LINEAR,
    "ConformalSeasonalPool": _LINEAR,
    "WindowAverage": _LINEAR,
    "SeasonalWindowAverage": _LINEAR,
    "ADIDA": _DEMAND,
    "CrostonClassic": _DEMAND,
    "CrostonOptimized": _DEMAND,
    "CrostonSBA": _DEMAND,
    "IMAPA": _DEMAND,
    "TSB": _DEMAND,
    "ConstantModel": Equivariance(scale=False, searches=False),
    "ZeroModel": Equivariance(searches=False),
}
