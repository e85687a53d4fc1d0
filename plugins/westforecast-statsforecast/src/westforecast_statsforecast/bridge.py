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
from westforecast.models import quiet
from westforecast.typing import FloatArray
from westforecast_statsforecast.catalogue import offer

SEED = 1


def forecast(
    kind: str, arguments: Mapping[str, Any], y: FloatArray, horizon: int, probs: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    """Mean [H] and quantiles [H, Q] by `statsforecast.models.<kind>(**arguments)`.

    y: [T] values, oldest first. probs: [Q] probabilities, none of them 0.5. Quantiles are NaN where
    the class gives no intervals. `prediction_intervals` is a mapping: statsforecast's
    `ConformalIntervals` over this horizon. Raises whatever statsforecast raises.
    """
    ends = [("lo" if p < 0.5 else "hi", round(abs(1 - 2 * p) * 100, 10)) for p in probs]
    levels = sorted({level for _, level in ends})
    if not offer(kind).intervals and not arguments.get("prediction_intervals"):
        levels = []
    seen = np.flatnonzero(np.isfinite(y))
    with quiet():
        # A copy: statsforecast may write into what it is given. A window may begin inside a gap.
        answer = _answer(kind, arguments, np.array(y[seen[0] :], float), horizon, levels)
    quantiles = np.full((horizon, len(probs)), np.nan)
    for k, (end, level) in enumerate(ends if levels else []):
        quantiles[:, k] = answer[f"{end}-{level}"]
    return np.asarray(answer["mean"], float), quantiles


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
    kind: str, arguments: Mapping[str, Any], y: FloatArray, horizon: int, levels: list[float]
) -> dict[str, Any]:
    model = build(kind, arguments, horizon)
    if kind == "ConformalSeasonalPool":  # `forecast` draws its intervals from a fresh generator
        paths = model.simulate(horizon, model.n_samples, y=y, seed=SEED)
        drawn = model._intervals_from_samples(paths, levels) if levels else {}
        return {**model.forecast(y=y, h=horizon), **drawn}
    answer: dict[str, Any] = model.forecast(y=y, h=horizon, level=levels or None)
    return answer


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
