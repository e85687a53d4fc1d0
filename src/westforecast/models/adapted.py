"""`adapt`: objects of statsforecast, sktime and scikit-learn as models.

Nothing of theirs is imported here: the object is at hand, and its own class says whose it is.
"""

import sys
from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from inspect import getmro, signature
from typing import Any

import numpy as np

from westforecast.errors import UsageError, check_whole
from westforecast.kernels.standard import Standard
from westforecast.models.base import Capability, Context, SeriesModel
from westforecast.models.equivariance import EQUIVARIANCE, make_additive, standard
from westforecast.models.silence import quiet
from westforecast.models.status import TooShort
from westforecast.typing import FloatArray

# Where the classes of `statsforecast.models` are at home.
_STATSFORECAST = frozenset({"statsforecast.models", "statsforecast.ucm"})

# Classes of statsforecast 2 whose intervals are no predictive distribution: about one random path
# and as wide as a variance, or drawn anew each time and beside the point (conformal ones too);
# the same at every step, left on a transformed scale, or read from 200 paths.
_RANDOM = frozenset({"ARCH", "ConformalSeasonalPool", "GARCH"})
_UNSOUND = _RANDOM | {
    "AutoCES", "AutoTBATS", "AutoTheta", "DynamicOptimizedTheta", "DynamicTheta", "OptimizedTheta",
    "TBATS", "Theta",
}  # fmt: skip

# What an object is tried on when it is adapted, to see whether it gives intervals.
_TRIAL = 20.0 + np.arange(24) + np.sin(np.arange(24))


def adapt(
    wrapped: Any, *, lags: int | None = None, differences: int | None = None, min_train: int = 4
) -> "AdaptedModel":
    """A model of another library as a model of this one, fitted anew to every window.

    What the object was fitted to before is not used: its settings alone are taken.

    wrapped: an object of `statsforecast.models`, an sktime forecaster, or a regressor in the style
        of scikit-learn (anything with `fit(X, y)`, `predict(X)` and `get_params`).
    lags, differences: of a regressor, which forecasts the next value of the series, differenced so
        many times, from its last `lags` values, and goes on from its own forecasts; 3 and 1 unless
        set. Differences let it follow a trend that lies outside of what it was fitted to.
    min_train: fewest observed values it is given.

    A statsforecast or sktime object gives intervals where its class does, a regressor none. Those
    of statsforecast's GARCH, ARCH and ConformalSeasonalPool are wrong and left out, and so are
    those of its AutoCES, Theta and TBATS families unless they are conformal. A class of
    statsforecast is shown values in standard form, as far as its model follows their level and unit
    (`models.equivariance`), so that its numbers do. Series with gaps are declined. Raises
    UsageError for any other object, or arguments it does not take.

    >>> from sklearn.linear_model import LinearRegression
    >>> adapt(LinearRegression(), lags=2)
    AdaptedRegressor(LinearRegression(), lags=2, differences=1, min_train=5)
    """
    if isinstance(wrapped, type):
        name = wrapped.__name__
        raise UsageError(f"adapt({name}) got a class; expected an object: adapt({name}(...)).")
    shortest = check_whole("min_train", min_train, least=1)
    modules = {kind.__module__ for kind in getmro(type(wrapped))}
    home = {module.partition(".")[0] for module in modules}
    made: AdaptedModel
    if modules & _STATSFORECAST:
        made = AdaptedStatsForecast(deepcopy(wrapped), shortest, _gives_intervals(wrapped))
    elif "sktime" in home and hasattr(wrapped, "update_predict"):  # sktime: forecasters alone
        tag = wrapped.get_tag("capability:pred_int", tag_value_default=False)
        with quiet():
            made = AdaptedSktime(wrapped.clone(), shortest, bool(tag))
    elif home.isdisjoint({"sktime", "statsforecast"}) and _trade(wrapped) == "regressor":
        k = check_whole("lags", 3 if lags is None else lags, least=1)
        d = check_whole("differences", 1 if differences is None else differences, least=0)
        # Two rows to fit are the fewest there can be.
        return AdaptedRegressor(_unfitted(wrapped), max(shortest, k + d + 2), False, k, d)
    else:
        trade = "" if _trade(wrapped) in ("", "regressor") else f", a {_trade(wrapped)}"
        remedy = ""
        if callable(wrapped):
            remedy = " A function becomes a model with @westforecast.series_model()."
        elif "statsforecast" in home and hasattr(wrapped, "models"):
            remedy = " It holds several: adapt each of its `models`."
        raise UsageError(
            f"adapt({wrapped!r}) got a {type(wrapped).__name__}{trade}; expected an object of "
            "statsforecast.models, an sktime forecaster, or a regressor of scikit-learn's kind, "
            f"with fit, predict and get_params.{remedy}"
        )
    if (lags, differences) != (None, None):
        raise UsageError(
            f"{type(wrapped).__name__} is a forecaster itself; lags and differences are for "
            "regressors."
        )
    return made


@dataclass(frozen=True, repr=False, eq=False)
class AdaptedModel(SeriesModel):
    """An object of another library. It is copied for every window and never fitted itself."""

    wrapped: Any
    shortest: int
    gives_intervals: bool

    def __post_init__(self) -> None:
        _told(self.wrapped)  # refuses settings of which nobody can say whether they are the same

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self._settings.items())
        return f"{type(self).__name__}({_told(self.wrapped)}{settings})"

    # Objects of other libraries are equal only to themselves; these models where they say the same.
    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._said == other._said

    def __hash__(self) -> int:
        return hash(self._said)

    @property
    def _said(self) -> tuple[type, str, bool]:
        return type(self.wrapped), repr(self), self.gives_intervals

    @property
    def _settings(self) -> dict[str, object]:
        return {"min_train": self.shortest}

    @property
    def name(self) -> str:
        return type(self.wrapped).__name__

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({"intervals"} if self.gives_intervals else ())

    def required(self, season_length: int) -> int:
        return self.shortest

    def forecast_one(
        self, y: FloatArray, horizon: int, probs: Sequence[float], context: Context
    ) -> tuple[FloatArray, FloatArray]:
        with quiet():
            mean, quantiles = self._forecast(
                deepcopy(self.wrapped), np.array(y), horizon, probs if self.gives_intervals else ()
            )
        if not self.gives_intervals:
            quantiles = np.full((horizon, len(probs)), np.nan)
        return np.asarray(mean, float), quantiles

    @abstractmethod
    def _forecast(
        self, own: Any, y: FloatArray, horizon: int, probs: Sequence[float]
    ) -> tuple[FloatArray, FloatArray]:
        """Point forecasts [H] and quantiles [H, Q] by a copy of the object, for values of ours."""


@dataclass(frozen=True, repr=False, eq=False)
class AdaptedStatsForecast(AdaptedModel):
    """An object of `statsforecast.models`, or of a class derived from one."""

    def _forecast(
        self, own: Any, y: FloatArray, horizon: int, probs: Sequence[float]
    ) -> tuple[FloatArray, FloatArray]:
        ends = [("lo" if p < 0.5 else "hi", round(abs(1 - 2 * p) * 100, 10)) for p in probs]
        levels = sorted({level for _, level in ends})
        form = _form(own, y)
        answer = own.forecast(y=form.into(y), h=horizon, level=levels or None)
        quantiles = np.empty((horizon, len(probs)))
        for k, (end, level) in enumerate(ends):
            quantiles[:, k] = answer[f"{end}-{level}"]
        return form.back(np.asarray(answer["mean"], float)), form.back(quantiles)


@dataclass(frozen=True, repr=False, eq=False)
class AdaptedSktime(AdaptedModel):
    """An sktime forecaster. It sees a series with the index 0 to T - 1."""

    def _forecast(
        self, own: Any, y: FloatArray, horizon: int, probs: Sequence[float]
    ) -> tuple[FloatArray, FloatArray]:
        import pandas as pd

        steps = np.arange(1, horizon + 1)
        own.fit(pd.Series(y), fh=steps)
        mean = np.asarray(own.predict(), float).reshape(horizon)
        if not len(probs):
            return mean, np.empty((horizon, 0))
        return mean, np.asarray(own.predict_quantiles(alpha=list(probs)), float)


@dataclass(frozen=True, repr=False, eq=False)
class AdaptedRegressor(AdaptedModel):
    """A regressor of the next value on the last ones, carried on from its own forecasts."""

    lags: int
    differences: int

    @property
    def _settings(self) -> dict[str, object]:
        return {"lags": self.lags, "differences": self.differences, **super()._settings}

    def _forecast(
        self, own: Any, y: FloatArray, horizon: int, probs: Sequence[float]
    ) -> tuple[FloatArray, FloatArray]:
        changes = [y]
        for _ in range(self.differences):
            changes.append(np.diff(changes[-1]))
        seen = changes[-1]
        if len(seen) < self.lags + 2:
            raise TooShort(f"{len(y)} values leave {len(seen)}, {self.lags + 2} needed")
        rows = np.lib.stride_tricks.sliding_window_view(seen, self.lags)  # [T - lags + 1, lags]
        own.fit(rows[:-1], seen[self.lags :])
        recent, ahead = list(rows[-1]), np.empty(horizon)
        for step in range(horizon):
            ahead[step] = np.ravel(own.predict(np.array([recent])))[0]
            recent = [*recent[1:], ahead[step]]
        for before in reversed(changes[:-1]):
            ahead = before[-1] + np.cumsum(ahead)
        return ahead, np.empty((horizon, 0))


def _form(wrapped: Any, y: FloatArray) -> Standard:
    """How a statsforecast object is shown values; one of a derived class as they are.

    `wrapped` is a copy for these values alone, and made additive where they are flat.
    """
    kind = type(wrapped)
    if kind.__module__ not in _STATSFORECAST or kind.__name__ not in EQUIVARIANCE:
        return Standard()
    make_additive(kind.__name__, wrapped, y)
    settings = vars(wrapped)
    seasons = np.ravel(settings.get("season_length") or 1)
    return standard(kind.__name__, settings, int(seasons.max()), y)


def _gives_intervals(wrapped: Any) -> bool:
    """Whether a statsforecast object answers when it is asked for an interval; some raise."""
    conformal = getattr(wrapped, "prediction_intervals", None) is not None
    for kind in getmro(type(wrapped)):
        if kind.__module__ == "statsforecast.models" and kind.__name__ in _UNSOUND:
            return conformal and kind.__name__ not in _RANDOM
    try:
        with quiet():
            return "lo-80" in deepcopy(wrapped).forecast(y=_TRIAL.copy(), h=2, level=[80])
    except Exception:  # whatever it raises: then it is used without
        return False


def _trade(wrapped: Any) -> str:
    """What an object with a regressor's methods says it is: a regressor unless told; else ''."""
    if not all(hasattr(wrapped, name) for name in ("fit", "predict", "get_params")):
        return ""
    if hasattr(wrapped, "__sklearn_tags__"):  # also through pipelines and searches
        return wrapped.__sklearn_tags__().estimator_type or "regressor"
    return getattr(wrapped, "_estimator_type", None) or "regressor"


def _unfitted(wrapped: Any) -> Any:
    """The regressor by its settings alone: what it was fitted to may lie after a window."""
    base = sys.modules.get("sklearn.base")  # at hand where the object is one of its own
    try:
        if base and isinstance(wrapped, base.BaseEstimator):
            made = base.clone(wrapped)
        else:
            made = type(wrapped)(**deepcopy(wrapped.get_params(deep=False)))
    except Exception as error:  # whatever its constructor raises
        raise UsageError(
            f"adapt({wrapped!r}) cannot make the object anew from its get_params: "
            f"{type(error).__name__}: {error}"
        ) from error
    if made is wrapped:
        raise UsageError(f"adapt({wrapped!r}) got an object that is fitted for good; unfreeze it.")
    return made


def _told(value: Any) -> str:
    """A value with its settings, those left out that are a constructor's own."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_told(k)}: {_told(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_told, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner}{',' * (len(value) == 1)})"
    if isinstance(value, np.ndarray):
        return f"array({value.tolist()})"  # NumPy leaves out the middle
    name = getattr(value, "__qualname__", "<")
    if "<" not in name:  # a class, or a function that can be found by its name
        return f"{value.__module__}.{name}"
    settings = _settings(value)
    if settings is None:
        return repr(value)
    for setting, given in settings.items():
        if isinstance(given, np.random.RandomState | np.random.Generator):
            raise UsageError(
                f"{type(value).__name__} has {setting}={given!r}, which does not say what it will "
                "draw; give an integer."
            )
    own = signature(type(value)).parameters
    told = {k: _told(v) for k, v in settings.items()}
    defaults = {k: _told(own[k].default) if k in own else "None" for k in told}
    changed = ", ".join(f"{k}={v}" for k, v in told.items() if v != defaults[k])
    return f"{type(value).__name__}({changed})"


def _settings(value: Any) -> dict[str, Any] | None:
    """What its constructor was given; None for a value that has no settings."""
    if hasattr(value, "get_params"):
        return dict(value.get_params(deep=False))
    if not any(kind.__module__.startswith("statsforecast.") for kind in getmro(type(value))):
        return None
    kept, own = vars(value), signature(type(value)).parameters
    # Where all arguments are kept by name, the rest is what it made of them, or of data.
    names = own if own.keys() <= kept.keys() else [k for k in kept if not k.endswith("_")]
    return {k: kept[k] for k in names}
