"""One forecast by one object of statsforecast: quiet, repeatable, and nothing left behind.

`forecast` is the whole interface; packages that build on statsforecast call it and nothing else.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from importlib import import_module
from importlib.metadata import version
from inspect import Signature, signature
from typing import Any

import numpy as np

from westforecast.errors import UsageError
from westforecast.models import OutOfDomain, quiet
from westforecast.models.equivariance import keeps_constants, make_additive, standard
from westforecast.typing import FloatArray
from westforecast_statsforecast.catalogue import longest_season, offer
from westforecast_statsforecast.intervals import OWN


def forecast(
    kind: str, arguments: Mapping[str, Any], y: FloatArray, horizon: int, probs: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Mean [H] and quantiles [H, Q] by `statsforecast.models.<kind>(**arguments)`.

    y: [T] values, oldest first. probs: [Q] probabilities, none of them 0.5. Quantiles are NaN where
    the class gives no intervals. `prediction_intervals` is a mapping: statsforecast's
    `ConformalIntervals` over this horizon. Raises OutOfDomain for demand below 0, and whatever
    statsforecast raises.

    Numbers follow the level and the unit of the series as the class does (`equivariance`); what
    statsforecast has no sound distribution for has one of `intervals`.
    """
    seen = np.flatnonzero(np.isfinite(y))
    # A copy: statsforecast may write into what it is given. A window may begin inside a gap.
    own = np.array(y[seen[0] :], float)
    if offer(kind).demand and (own < 0).any():
        raise OutOfDomain(f"{kind} needs values of 0 or more; {np.nanmin(own):g} found")
    season_length = longest_season(arguments, 1)
    if not np.ptp(own) and keeps_constants(kind, arguments, season_length):
        width = 0.0 if _has_intervals(kind, arguments) else np.nan
        return np.full(horizon, own[0]), np.full((horizon, len(probs)), own[0] + width)
    with quiet():
        model = build(kind, arguments, horizon)
        settings = {**arguments, **make_additive(kind, model, own)}
        form = standard(kind, settings, season_length, own)
        mean, quantiles = _answer(kind, arguments, model, form.into(own), horizon, probs)
    return form.back(mean), form.back(quantiles)


def build(kind: str, arguments: Mapping[str, Any], horizon: int) -> Any:
    """`statsforecast.models.<kind>(**arguments)` that shares nothing with other objects.

    Raises UsageError where the installed statsforecast has no such class, and whatever the class
    raises.
    """
    bound = signature_of(kind).bind(**arguments)
    # Copied, defaults included: MSTL writes into its default trend forecaster.
    bound.apply_defaults()
    own = deepcopy(dict(bound.arguments))
    if own.get("prediction_intervals") is not None:
        conformal = import_module("statsforecast.utils").ConformalIntervals
        own["prediction_intervals"] = conformal(h=horizon, **own["prediction_intervals"])
    return _library(kind)(**own)


@cache
def signature_of(kind: str) -> Signature:
    """What a class takes. Imports statsforecast."""
    return signature(_library(kind))


def _answer(
    kind: str,
    arguments: Mapping[str, Any],
    model: Any,
    y: FloatArray,
    horizon: int,
    probs: Sequence[float],
) -> tuple[FloatArray, FloatArray]:
    normal = arguments.get("distribution", "normal") == "normal"
    if kind in OWN and normal and not arguments.get("prediction_intervals"):
        return OWN[kind](model, y, horizon, probs)
    ends = [("lo" if p < 0.5 else "hi", round(abs(1 - 2 * p) * 100, 10)) for p in probs]
    levels = sorted({level for _, level in ends}) if _has_intervals(kind, arguments) else []
    answer = model.forecast(y=y, h=horizon, level=levels or None)
    quantiles = np.full((horizon, len(probs)), np.nan)
    for k, (end, level) in enumerate(ends if levels else []):
        quantiles[:, k] = answer[f"{end}-{level}"]
    return np.asarray(answer["mean"], float), quantiles


def _has_intervals(kind: str, arguments: Mapping[str, Any]) -> bool:
    return offer(kind).intervals or bool(arguments.get("prediction_intervals"))


@cache
def _library(kind: str) -> Any:
    with quiet():  # the import sets warning filters
        models = import_module("statsforecast.models")
    try:
        return getattr(models, kind)
    except AttributeError:
        raise UsageError(
            f"statsforecast {version('statsforecast')} has no class {kind!r}. Update it: "
            "pip install --upgrade statsforecast."
        ) from None
