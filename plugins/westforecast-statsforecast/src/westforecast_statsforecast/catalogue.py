"""What statsforecast offers, known without importing it, which takes seconds.

`SklearnModel` (it forecasts from regressors only) and `NaNModel` (it forecasts nothing) are left
out. The shortest lengths were found by running every class on growing prefixes of random walks,
noise and growth: from these lengths on, forecasts are finite and intervals have a width.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from westforecast.errors import UnknownNameError, nearest

Arguments = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Offer:
    """A forecasting class of statsforecast.

    shortest: fewest values it works with, or a function of its arguments and the season's length.
    needs: arguments without a default. season: whether it takes `season_length`.
    periodic: whether it is undefined without a season. intervals: whether it has some of its own,
        or some that are derived from it here (`intervals.OWN`).
    demand: whether it is undefined for values below zero.
    """

    summary: str
    shortest: int | Callable[[Arguments, int], int] = 1
    needs: tuple[str, ...] = ()
    season: bool = False
    periodic: bool = False
    intervals: bool = True
    demand: bool = False


def offer(kind: str) -> Offer:
    """What is known of a class. Raises UnknownNameError, suggesting the nearest name."""
    try:
        return OFFERS[kind]
    except KeyError:
        raise UnknownNameError(
            f"no forecasting class {kind!r} in statsforecast.models. {nearest(str(kind), OFFERS)}"
        ) from None


def shortest(kind: str, arguments: Arguments, season_length: int) -> int:
    """Fewest values with which a class works under these arguments.

    season_length: periods per season of the data, for a class that is not given its own.
    """
    length = offer(kind).shortest
    if isinstance(length, int):
        return length
    return length(arguments, longest_season(arguments, season_length))


def longest_season(arguments: Arguments, season_length: int) -> int:
    """The longest of the seasons a class is given; the data's where it is given none."""
    given = arguments.get("season_length") or season_length
    return max(given) if isinstance(given, list | tuple) else int(given)


def _window(arguments: Arguments, _: int) -> int:
    return int(arguments["window_size"])


def _seasonal_window(arguments: Arguments, m: int) -> int:
    return m * int(arguments["window_size"])


def _ets(arguments: Arguments, m: int) -> int:
    """Five values more than parameters, and enough for the AICc to be finite."""
    _, trend, season = arguments.get("model", "ZZZ")
    t, s = int(trend in "AM"), int(season in "AM")
    damped = int(bool(arguments.get("damped")))
    estimated = (1 + t + s + damped) + (1 + t + s * (m - 1)) + 1  # smoothing, states, variance
    return max(2 * (1 + t + s) + damped + 5, estimated + 2)


def _holt(arguments: Arguments, m: int) -> int:
    return _ets({"model": "AAN"}, m)


def _holt_winters(arguments: Arguments, m: int) -> int:
    return _ets({"model": "AAA"}, m)


def _arima(arguments: Arguments, m: int) -> int:
    """One value more than differences and coefficients."""
    p, d, q = arguments.get("order", (0, 0, 0))
    P, D, Q = arguments.get("seasonal_order", (0, 0, 0))
    constant = arguments.get("include_constant")
    if constant is None:
        level = arguments.get("include_mean", True) and d + D == 0
        constant = level or arguments.get("include_drift", False)
    return int(d + D * m + p + q + P + Q + bool(constant) + 1)


def _autoregressive(arguments: Arguments, m: int) -> int:
    lags = arguments["lags"]
    highest = lags if isinstance(lags, int) else max(lags)
    return _arima({**arguments, "order": (highest, 0, 0)}, m)


def _auto_arima(arguments: Arguments, m: int) -> int:
    return max(4, (arguments.get("d") or 0) + (arguments.get("D") or 0) * m + 2)


def _components(arguments: Arguments, _: int) -> int:
    return 2 + (arguments.get("seasonal") or 0) + (arguments.get("autoregressive") or 0)


def _volatility(arguments: Arguments, _: int) -> int:
    """As many values as parameters."""
    return int(1 + arguments.get("p", 1) + arguments.get("q", 1))


# For arguments without a default: what a class is shown and tried with.
EXAMPLES: dict[str, Any] = {
    "alpha": 0.3, "alpha_d": 0.3, "alpha_p": 0.3, "constant": 5.0, "lags": 2, "test_size": 5,
    "window_size": 3,
}  # fmt: skip

OFFERS: dict[str, Offer] = {
    # automatic selection
    "AutoARIMA": Offer("ARIMA, orders chosen by AICc", _auto_arima, season=True),
    "AutoETS": Offer("exponential smoothing, form chosen by AICc", _ets, season=True),
    "AutoCES": Offer("complex exponential smoothing, form chosen by AICc", 5, season=True),
    "AutoTheta": Offer("the best of four theta methods by squared error", 4, season=True),
    "AutoMFLES": Offer(
        "MFLES, settings chosen on the last values (needs scikit-learn)",
        lambda arguments, m: int(arguments["test_size"]) + 4,
        needs=("test_size",), season=True, intervals=False,
    ),
    "AutoTBATS": Offer(
        "TBATS, components chosen by AIC (seconds a series)",
        lambda arguments, m: max(3, m + 1), season=True,
    ),
    # ARIMA and exponential smoothing of a given form
    "ARIMA": Offer("ARIMA of given orders", _arima, season=True),
    "AutoRegressive": Offer("autoregression on given lags", _autoregressive, needs=("lags",)),
    "SimpleExponentialSmoothing": Offer(
        "exponential smoothing of the level, given alpha", needs=("alpha",), intervals=False
    ),
    "SimpleExponentialSmoothingOptimized": Offer(
        "exponential smoothing of the level", intervals=False
    ),
    "SeasonalExponentialSmoothing": Offer(
        "exponential smoothing of each season, given alpha",
        lambda arguments, m: m, needs=("alpha",), season=True, intervals=False,
    ),
    "SeasonalExponentialSmoothingOptimized": Offer(
        "exponential smoothing of each season",
        lambda arguments, m: m, season=True, intervals=False,
    ),
    "Holt": Offer("exponential smoothing of level and trend", _holt, season=True),
    "HoltWinters": Offer(
        "exponential smoothing of level, trend and season",
        _holt_winters, season=True, periodic=True,
    ),
    # baselines
    "HistoricAverage": Offer("the mean of all values", 2),
    "Naive": Offer("the last value", 2),
    "RandomWalkWithDrift": Offer("the line through the first and the last value", 3),
    "SeasonalNaive": Offer("the value one season ago", lambda arguments, m: m + 1, season=True),
    "ConformalSeasonalPool": Offer(
        "the median of a pool: past values, and the last with past errors",
        lambda arguments, m: max(4, m + 1), season=True,
    ),
    "WindowAverage": Offer(
        "the mean of the last values", _window, needs=("window_size",), intervals=False
    ),
    "SeasonalWindowAverage": Offer(
        "the mean of the last values of each season",
        _seasonal_window, needs=("window_size",), season=True, intervals=False,
    ),
    # intermittent demand
    "ADIDA": Offer("smoothed sums over stretches of intermittent demand", 2, demand=True),
    "CrostonClassic": Offer("smoothed demand over smoothed waiting time", 2, demand=True),
    "CrostonOptimized": Offer("Croston's method, smoothing optimized", 2, demand=True),
    "CrostonSBA": Offer("Croston's method, bias corrected", 2, demand=True),
    "IMAPA": Offer("ADIDA averaged over several stretches", 2, demand=True),
    "TSB": Offer(
        "smoothed demand times its smoothed probability", 2,
        needs=("alpha_d", "alpha_p"), demand=True,
    ),
    # several seasons
    "MSTL": Offer(
        "seasons taken out by loess, the rest by exponential smoothing",
        lambda arguments, m: max(7, m + 1), season=True, periodic=True,
    ),
    "MFLES": Offer(
        "boosted trend, seasons and level (needs scikit-learn)", 4, season=True, intervals=False
    ),
    "TBATS": Offer(
        "trigonometric seasons with Box-Cox and trend",
        lambda arguments, m: max(3, m + 1), season=True,
    ),
    # theta
    "Theta": Offer("the standard theta method", 4, season=True),
    "OptimizedTheta": Offer("the theta method, theta optimized", 4, season=True),
    "DynamicTheta": Offer("the dynamic theta method", 4, season=True),
    "DynamicOptimizedTheta": Offer("the dynamic theta method, theta optimized", 4, season=True),
    # volatility
    "GARCH": Offer("the mean of all values, with a conditional variance", _volatility),
    "ARCH": Offer(
        "the mean of all values, with a conditional variance of no memory",
        lambda arguments, m: _volatility({**arguments, "q": 0}, m),
    ),
    # components and constants
    "UCM": Offer("unobserved components: level, trend, season, cycle", _components),
    "ConstantModel": Offer("a given constant", needs=("constant",), intervals=False),
    "ZeroModel": Offer("zero", intervals=False),
}  # fmt: skip
