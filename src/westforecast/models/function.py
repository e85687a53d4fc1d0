"""`series_model`: a function of one series becomes a model."""

from collections.abc import Callable, Sequence
from dataclasses import field, fields, make_dataclass
from inspect import Parameter, getdoc, isclass, signature
from typing import Any, cast, overload

import numpy as np

from westforecast.errors import UsageError, check_whole
from westforecast.models.base import Context, SeriesModel
from westforecast.typing import FloatArray

SHAPE = "def name(y, horizon, setting=default)"


Decorator = Callable[[Callable[..., Any]], type[SeriesModel]]


@overload
def series_model(function: Callable[..., Any], /) -> type[SeriesModel]: ...


@overload
def series_model(
    *,
    min_train: int = ...,
    positive: bool = ...,
    missing: bool = ...,
    scale_equivariant: bool = ...,
) -> Decorator: ...


def series_model(
    function: Callable[..., Any] | None = None,
    /,
    *,
    min_train: int = 1,
    positive: bool = False,
    missing: bool = False,
    scale_equivariant: bool = False,
) -> type[SeriesModel] | Decorator:
    """Decorator: a function of one series becomes a class of models of the same name.

    The function takes the values y [T], oldest first and read-only, and the number of steps H, and
    returns point forecasts [H]. Whatever else it takes, each with a default, becomes a setting.
    Such a model has no intervals; for them derive from `SeriesModel`.
    min_train, positive, missing, scale_equivariant: as on `Model`.

    Raises UsageError for a function of another shape.

    >>> import numpy as np
    >>> @series_model(min_train=2)
    ... def last_change(y, horizon, share=1.0):
    ...     return y[-1] + share * (y[-1] - y[-2]) * np.arange(1, horizon + 1)
    >>> last_change(share=0.5)
    last_change(share=0.5)
    """
    check_whole("min_train", min_train, least=1)
    told = {"min_train": min_train, "positive": positive, "missing": missing,
            "scale_equivariant": scale_equivariant, "intervals": False}  # fmt: skip

    def decorate(function: Callable[..., Any]) -> type[SeriesModel]:
        settings = _settings(function)

        def forecast_one(
            self: SeriesModel,
            y: FloatArray,
            horizon: int,
            probs: Sequence[float],
            context: Context,
        ) -> tuple[FloatArray, FloatArray]:
            given = {f.name: getattr(self, f.name) for f in fields(cast(Any, self))}
            mean = np.asarray(function(y, horizon, **given), float)
            if mean.ndim == 0 and np.isnan(mean):
                raise TypeError(f"{function.__name__} gave nothing; is a `return` missing?")
            if mean.shape != (horizon,):
                raise ValueError(
                    f"{function.__name__} gave an array of shape {mean.shape}; "
                    f"expected {(horizon,)}, a forecast a step"
                )
            return mean, np.full((horizon, len(probs)), np.nan)

        made = make_dataclass(
            function.__name__,
            settings,
            bases=(SeriesModel,),
            namespace={"forecast_one": forecast_one, "__doc__": getdoc(function), **told},
            frozen=True,
            kw_only=True,
        )
        # Where pickle looks for it: the decorated name.
        made.__module__, made.__qualname__ = function.__module__, function.__qualname__
        return cast(type[SeriesModel], made)

    return decorate if function is None else decorate(function)


def _settings(function: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Name, type and default of what the function takes by keyword."""
    name = getattr(function, "__name__", "")
    if not callable(function) or isclass(function):
        raise UsageError(f"{function!r} found; expected a function: {SHAPE}.")
    if not name.isidentifier():  # a lambda, a partial, an object that can be called
        raise UsageError(
            f"{function!r} found, which has no name, and the model is called as its function is: "
            f"write {SHAPE}."
        )
    try:
        parameters = list(signature(function).parameters.values())
    except ValueError:
        raise UsageError(f"{name} does not say what it takes; write {SHAPE}.") from None
    first, rest = parameters[:2], parameters[2:]
    plain = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    if len(first) < 2 or any(p.kind not in plain for p in first):
        raise UsageError(f"{name}{signature(function)} found; expected {SHAPE}.")
    for parameter in rest:
        by_name = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
        if parameter.kind not in by_name or parameter.default is Parameter.empty:
            raise UsageError(
                f"{name} takes {str(parameter)!r}; a setting is taken by name and has a default: "
                f"{SHAPE}. For more than that derive from SeriesModel."
            )
        if parameter.name in dir(SeriesModel):
            raise UsageError(
                f"{name} takes {str(parameter)!r}, but a model's `{parameter.name}` is something "
                "else; give the setting another name."
            )
        if type(parameter.default).__hash__ is None:
            raise UsageError(
                f"{name} takes {str(parameter)!r}; the default is a "
                f"{type(parameter.default).__name__}, which can be changed: use a tuple."
            )
    return [
        (p.name, Any if p.annotation is Parameter.empty else p.annotation, field(default=p.default))
        for p in rest
    ]
