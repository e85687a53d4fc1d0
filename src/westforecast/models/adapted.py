"""`adapt`: objects of statsforecast, sktime and scikit-learn as models.

Nothing of theirs is imported here: the object is at hand, and its own class says whose it is.
"""

from abc import abstractmethod
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from inspect import getmro
from typing import Any

import numpy as np

from westforecast.errors import UsageError
from westforecast.models.base import Capability, Context, SeriesModel
from westforecast.models.silence import quiet
from westforecast.models.status import TooShort
from westforecast.typing import FloatArray

# What an object is tried on when it is adapted, to see whether it gives intervals.
_TRIAL = 20.0 + np.arange(24) + np.sin(np.arange(24))


def adapt(
    wrapped: Any, *, lags: int | None = None, differences: int | None = None, min_train: int = 4
) -> "AdaptedModel":
    """A model of another library as a model of this one, fitted anew to every window.

    wrapped: an object of `statsforecast.models`, an sktime forecaster, or a regressor in the style
        of scikit-learn (anything with `fit(X, y)`, `predict(X)` and `get_params`).
    lags, differences: of a regressor, which forecasts the next value of the series, differenced so
        many times, from its last `lags` values, and goes on from its own forecasts; 3 and 1 unless
        set. Differences let it follow a trend that lies outside of what it was fitted to.
    min_train: fewest observed values it is given.

    A statsforecast or sktime object gives intervals where its class does, a regressor none. Series
    with gaps are declined. Raises UsageError for any other object, or arguments it does not take.

    >>> from sklearn.linear_model import LinearRegression
    >>> adapt(LinearRegression(), lags=2)
    AdaptedRegressor(LinearRegression(), lags=2, differences=1, min_train=5)
    """
    home = {kind.__module__.partition(".")[0] for kind in getmro(type(wrapped))}
    made: AdaptedModel
    if "statsforecast" in home and hasattr(wrapped, "forecast"):
        made = AdaptedStatsForecast(wrapped, min_train, _gives_intervals(wrapped))
    elif "sktime" in home and hasattr(wrapped, "update_predict"):  # sktime: forecasters alone
        tag = wrapped.get_tag("capability:pred_int", tag_value_default=False)
        made = AdaptedSktime(wrapped, min_train, bool(tag))
    elif all(hasattr(wrapped, name) for name in ("fit", "predict", "get_params")):
        k, d = 3 if lags is None else lags, 1 if differences is None else differences
        if k < 1 or d < 0:
            raise UsageError(
                f"lags={k}, differences={d} found; at least 1 lag and 0 differences expected."
            )
        # Two rows to fit are the fewest there can be.
        return AdaptedRegressor(wrapped, max(min_train, k + d + 2), False, k, d)
    else:
        kind = "a class" if isinstance(wrapped, type) else f"a {type(wrapped).__name__}"
        raise UsageError(
            f"adapt({wrapped!r}) got {kind}; expected an object of statsforecast.models, an sktime "
            "forecaster, or a regressor with fit, predict and get_params. A function becomes a "
            "model with @westforecast.series_model()."
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
        answer = own.forecast(y=y, h=horizon, level=levels or None)
        quantiles = np.empty((horizon, len(probs)))
        for k, (end, level) in enumerate(ends):
            quantiles[:, k] = answer[f"{end}-{level}"]
        return answer["mean"], quantiles


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


def _gives_intervals(wrapped: Any) -> bool:
    """Whether a statsforecast object answers when it is asked for an interval; some raise."""
    try:
        with quiet():
            return "lo-80" in deepcopy(wrapped).forecast(y=_TRIAL.copy(), h=2, level=[80])
    except Exception:  # whatever it raises: then it is used without
        return False


def _told(wrapped: Any) -> str:
    """The object with its settings; statsforecast's say only their names."""
    told = repr(wrapped)
    if "(" in told and " at 0x" not in told:
        return " ".join(told.split())
    plain = (int, float, str, bool, type(None), tuple, list, dict)
    settings = ", ".join(f"{k}={v!r}" for k, v in vars(wrapped).items() if isinstance(v, plain))
    return f"{type(wrapped).__name__}({settings})"
