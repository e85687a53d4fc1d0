"""The verb `compare`: data by any name become results, results become a comparison."""

from collections.abc import Mapping, Sequence
from inspect import signature
from os import PathLike, fspath
from pathlib import Path
from time import perf_counter
from typing import Any

from westforecast import api
from westforecast.api import ModelLike, Models
from westforecast.backtest import Result
from westforecast.comparison.comparison import Comparison
from westforecast.comparison.evidence import MIN_CUTOFFS, gather
from westforecast.errors import DataError, UsageError, check_options
from westforecast.metrics import Metric
from westforecast.models import Model
from westforecast.series import Panel, PanelLike
from westforecast.series.panel import is_path

Data = PanelLike | Result
ONE = "data"  # what a single panel or frame is called


def compare(
    data: Data | Sequence[str | PathLike[str]] | Mapping[str, Data],
    models: Models | None = None,
    *,
    h: int | None = None,
    baseline: ModelLike = "Naive",
    metric: str | Metric = "mase",
    levels: Sequence[float] = (),
    alpha: float = 0.05,
    independent: bool = False,
    n_boot: int = 1999,
    seed: int = 0,
    **schedule: Any,
) -> Comparison:
    """Backtest models on one or more data sets and say which differ from a baseline.

    data: a Panel, a long frame, the path of a CSV or Parquet file, the name of an installed data
        set, several such paths and names, or a mapping from names of your own to any of these or
        to results of `westforecast.backtest`. Where all are results, `models`, `h`, `levels` and
        the schedule are theirs. A text is a path where it has a folder or the ending of a file.
    models: as for `backtest`. baseline: a model's name or a Model, added where it is not among
        them.
    h: steps scored. metric: a name, also a plugin's, or a Metric that is one loss per cell, 0 at
        best. levels: for metrics of intervals, in percent.
    alpha: size of the tests after Holm's correction; bands and the confidence set hold 1 - alpha.
    independent: say so where series share no shock, as in a collection from many sources: they are
        then judged by, however few the cutoffs. Series of one economy are not independent.
    n_boot: resamples of every bootstrap. seed: theirs.
    schedule: which origins and series, as for `backtest`; also engine, progress and on_error.
        n_windows is 8 unless it or cutoffs is given.

    Models are compared on the cells that all of them have in a data set; a model without any is
    left out, with the reason. How verdicts come about: docs/explanation/comparing-models.md.

    Raises UsageError for arguments that cannot be meant and where there is nothing to compare.

    >>> import numpy as np, pandas as pd, westforecast as wf
    >>> df = pd.DataFrame({"unique_id": "a", "ds": range(1980, 2011), "y": np.arange(31.0) ** 1.5})
    >>> found = wf.compare(df, "Drift", h=1, n_windows=10)
    >>> found.leaderboard()["verdict"].tolist()
    ['better', 'baseline']
    """
    begun = perf_counter()
    _check_settings(alpha, n_boot, seed)
    named = _named(data)
    measure = metric if isinstance(metric, Metric) else api.metric(str(metric))
    if all(isinstance(given, Result) for given in named.values()):
        if models is not None or h is not None or levels or schedule:
            raise UsageError(
                "models, h, levels and the schedule belong to the results that are given; leave "
                "them out, or give panels."
            )
        if not isinstance(baseline, str):
            raise UsageError("baseline must be the name of a model that the results have.")
        results = {name: given for name, given in named.items() if isinstance(given, Result)}
        label = baseline
    else:
        label, results = _run(named, models, h, baseline, levels, schedule)
    settings = {
        "call": "compare", "datasets": list(results), "baseline": label, "metric": measure.name,
        "h": h, "levels": list(levels), "alpha": alpha,
        "independent": independent, "n_boot": n_boot, "seed": seed,
        **{name: _plain(value) for name, value in schedule.items()},
    }  # fmt: skip
    losses = gather(results, measure, label)
    return Comparison(
        results=results, losses=losses, baseline=label, metric=measure, alpha=float(alpha),
        independent=bool(independent), n_boot=n_boot, seed=seed, settings=settings,
        seconds=perf_counter() - begun,
    )  # fmt: skip


def _named(data: Any) -> dict[str, Data]:
    """The data sets by name, installed ones still by theirs; frames and files are panels."""
    if not isinstance(data, Mapping):
        data = _listed(data)
    if not data:
        raise UsageError("no data set given; give at least one.")
    return {str(name): _read(str(name), given) for name, given in data.items()}


def _read(name: str, given: Any) -> Data:
    """A result or the name of an installed data set as it is, all else as a panel."""
    if isinstance(given, Result) or (isinstance(given, str) and not is_path(given)):
        return given
    called = "data" if name == ONE else f"data set {name!r}"
    try:
        return Panel.of(given)
    except DataError as error:
        origin = called if error.origin == "the data" else error.origin
        raise DataError(error.problems, origin, error.advice) from None
    except UsageError as error:
        raise UsageError(str(error).replace("data is", f"{called} is")) from None


def _listed(data: Any) -> dict[str, Any]:
    """Data that came without names of their own, by the names they have in tables."""
    if isinstance(data, str | PathLike):
        data = [data]
    if not isinstance(data, list | tuple):
        return {ONE: data}
    if strange := [each for each in data if not isinstance(each, str | PathLike)]:
        raise UsageError(
            f"a list with a {type(strange[0]).__name__} found; only names can be listed, of "
            'data sets or files. Give a mapping with names of your own: {"west": df, "east": b}.'
        )
    names = [dataset_name(each) for each in data]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(
            f"data set {twice[0]!r} is given twice. Give each once; files need names that differ "
            "in more than folder and ending, or a mapping with names of your own."
        )
    return dict(zip(names, data, strict=True))


def dataset_name(given: str | PathLike[str]) -> str:
    """What tables call a data set: a file by its own name, less folder and ending."""
    return Path(fspath(given)).stem if is_path(given) else str(given)


def _run(
    named: Mapping[str, Data], models: Models | None, h: int | None, baseline: ModelLike,
    levels: Sequence[float], schedule: dict[str, Any],
) -> tuple[str, dict[str, Result]]:  # fmt: skip
    """The baseline's name, and the results of all data sets, backtested unless they are there."""
    known = [
        name for name in signature(api.backtest).parameters
        if name not in ("data", "models", "h", "levels", "fallback")
    ]  # fmt: skip
    check_options(schedule, known, "compare")
    if models is None or h is None:
        lacks = "models" if models is None else "h"
        example = {"models": 'models=["Drift", "DampedLogGrowth"]', "h": "h=3"}[lacks]
        raise UsageError(f"{lacks} is not given; panels need it: {example}.")
    every = api.named_models(models)
    if isinstance(baseline, str):
        label = baseline
        if label not in every:
            every[label] = api.model(baseline)
    elif isinstance(baseline, Model):
        label = baseline.name
        every = {**every, label: baseline} if label not in every else every
    else:
        raise UsageError(f"baseline={baseline!r} is neither a model's name nor a Model.")
    if len(every) == 1:
        raise UsageError(
            f"only the baseline {label!r} is given, so there is nothing to compare. Give at least "
            "one other model."
        )
    if schedule.get("n_windows") is None and schedule.get("cutoffs") is None:
        schedule["n_windows"] = MIN_CUTOFFS
    results = {}
    for name, given in named.items():
        if isinstance(given, str) and not is_path(given):
            given = api.dataset(given)
        results[name] = (
            given
            if isinstance(given, Result)
            else api.backtest(given, every, h=h, levels=levels, **schedule)
        )
    return label, results


def _check_settings(alpha: Any, n_boot: Any, seed: Any) -> None:
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < 0.5:
        raise UsageError(f"alpha={alpha!r} found, a number between 0 and 0.5 expected: alpha=0.05.")
    for name, value, least in (("n_boot", n_boot, 99), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise UsageError(
                f"{name}={value!r} found, a whole number of at least {least} expected."
            )


def _plain(value: Any) -> Any:
    """A setting as JSON has it."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return repr(value)
