"""The verbs `forecast`, `backtest` and `split_errors`: names become models here."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from inspect import signature
from typing import Any

from westforecast.backtest import ErrorSplit, Plan, Result, ahead, origins, run
from westforecast.backtest import split_errors as split
from westforecast.backtest.result import warn_of_cuts
from westforecast.backtest.run import Progress
from westforecast.engines import Engine
from westforecast.errors import UsageError, check_options
from westforecast.metrics import Metric
from westforecast.models import Model
from westforecast.plugin import registry, settings_of
from westforecast.series import Panel, PanelLike
from westforecast.series.cells import id_text
from westforecast.series.frame import RESERVED
from westforecast.text import unseen, visible
from westforecast.typing import Align, OnError, WindowShape

ModelLike = str | Model | type[Model]
Models = ModelLike | Sequence[ModelLike] | Mapping[str, ModelLike]


def model(name: str, **settings: Any) -> Model:
    """A model by name, with settings.

    name: "Drift", or "distribution:Drift" where two packages offer the name.
    Raises UnknownNameError (suggesting the nearest name), UsageError for settings it does not take,
    PluginError where its package cannot be imported.
    """
    made = registry().model(name, **settings)
    if not isinstance(made, Model):
        raise UsageError(f"{name!r} gave a {type(made).__name__}, not a westforecast Model.")
    return made


def metric(name: str) -> Metric:
    """A metric by name, also from plugins.

    Raises UnknownNameError (suggesting the nearest name), PluginError where its package is broken.
    """
    found: Metric = registry().get("metric", name, Metric)
    return found


def dataset(name: str) -> Panel:
    """A data set that an installed package ships, by name.

    Raises UnknownNameError (suggesting the nearest name), PluginError where its package is broken.
    """
    found: Panel = registry().made("dataset", name, Panel)
    return found


def named_models(models: Models, columns: Iterable[str] = ()) -> dict[str, Model]:
    """Models by the name they carry in results.

    models: a name or Model, several of them, or a mapping from a name of your own to one.
    columns: names that frames have for something else, besides their own.
    Raises UsageError for no model, two of the same name, a name that frames reserve, and one that
    is empty or holds characters that cannot be seen.
    """
    if isinstance(models, Mapping):
        pairs = [(str(name), _object(given)) for name, given in models.items()]
    elif isinstance(models, str | Model | type) or not isinstance(models, Iterable):
        return named_models([models], columns)
    else:
        objects = [(given, _object(given)) for given in models]
        pairs = [(given if isinstance(given, str) else made.name, made) for given, made in objects]
    if not pairs:
        raise UsageError("no model given. `westforecast models list` shows what there is.")
    named: dict[str, Model] = {}
    reserved = {*RESERVED, "scenario", *columns}
    for name, made in pairs:
        if name in named:
            raise UsageError(
                f"two models are called {name!r}. Give a mapping with names of your own: "
                f'models={{"{name} a": ..., "{name} b": ...}}.'
            )
        if name in reserved or "-lo-" in name or "-hi-" in name:
            raise UsageError(f"a model cannot be called {name!r}: frames use that as a column.")
        if (char := unseen(name)) or not name.strip():
            found = f"holds {char}, which cannot be seen" if char else "is empty"
            raise UsageError(f"models: the name {name!r} {found}. Give the model a plain name.")
        named[name] = made
    return named


def _object(given: ModelLike) -> Model:
    if isinstance(given, str):
        return model(given)
    if isinstance(given, Model):
        return given
    if isinstance(given, type) and issubclass(given, Model):
        return _with_defaults(given)
    raise UsageError(
        f"{given!r} is neither a model's name nor a westforecast Model. Adapt a model of "
        "statsforecast, sktime or scikit-learn with westforecast.adapt(...); make a function one "
        "with @westforecast.series_model()."
    )


def _with_defaults(kind: type[Model]) -> Model:
    """A class of models stands for the one with default settings, as a name does."""
    declared = settings_of(kind) or {}
    missing = [key for key, p in declared.items() if p.default is p.empty]
    if missing:
        example = ", ".join(f"{key}=..." for key in missing)
        raise UsageError(
            f"{kind.__name__} needs {' and '.join(missing)}: pass {kind.__name__}({example})."
        )
    return kind()


def forecast(
    data: PanelLike,
    models: Models = "DampedLogGrowth",
    *,
    h: int | None = None,
    until: Any = None,
    series: str | Iterable[str] | None = None,
    levels: Sequence[float] = (),
    on_error: OnError = "record",
    fallback: ModelLike | None = None,
    time_budget: float | None = None,
    engine: str | Engine = "auto",
    progress: bool | Progress | None = None,
) -> Result:
    """Forecast series.

    data: a long frame (pandas, polars or pyarrow: unique_id, ds, y), the path of a CSV or Parquet
        file of that form, or a Panel, which options of reading (freq, gaps, id_col ...) need:
        `Panel.of(df, freq="Q")`.
    models: a name, a Model, several of them, or a mapping from names of your own.
    h: steps ahead, or until: the last period wanted (2020); exactly one.
    series: ids of the series to forecast, all unless given. The others of the panel are there as
        drivers.
    levels: interval coverages in percent, e.g. (80, 95).
    on_error: "record" keeps failures as rows with a status, "raise" stops at the first, "fallback"
        lets `fallback` answer, or Naive.
    fallback: a model that answers where another failed; `model_used` says so.
    time_budget: seconds each model has for all its windows; those it does not come to have the
        status out_of_time.
    engine: where the work runs, which no number depends on. "auto" gives batch models threads
        where there is enough to share, and runs one-series models one after the other; "serial",
        "threads" and "processes" treat all alike; also any installed one, or an Engine.
    progress: True for a bar on standard error, a function of (done, total, what), or None: a bar
        where standard error is a terminal.

    Raises UsageError for arguments that cannot be meant, UnknownNameError for a name or id that
    nothing answers to, ModelError with `on_error="raise"`.

    >>> import pandas as pd, westforecast as wf
    >>> df = pd.DataFrame({"unique_id": "a", "ds": [2008, 2009, 2010], "y": [1.0, 2.0, 3.0]})
    >>> wf.forecast(df, "Drift", until=2012).long()["yhat"].tolist()
    [4.0, 5.0]
    """
    panel = Panel.of(data)
    series = _ids(series)
    settings = {"call": "forecast", "h": h, "until": until, "series": series}
    plan = ahead(panel, h, until, series=series)
    return _run(plan, models, levels, on_error, fallback, time_budget, engine, progress, settings)


def backtest(
    data: PanelLike,
    models: Models = "DampedLogGrowth",
    *,
    h: int,
    n_windows: int | None = None,
    cutoffs: Sequence[Any] | None = None,
    step_size: int = 1,
    window: WindowShape | None = None,
    input_size: int | None = None,
    min_train_size: int = 1,
    gap: int = 0,
    align: Align = "calendar",
    allow_partial: bool = False,
    series: str | Iterable[str] | None = None,
    levels: Sequence[float] = (),
    on_error: OnError = "record",
    fallback: ModelLike | None = None,
    time_budget: float | None = None,
    engine: str | Engine = "auto",
    progress: bool | Progress | None = None,
) -> Result:
    """Forecast a past that is known, from rolling origins, every model estimated anew at each.

    data: a frame, a path or a Panel, as for `forecast`.
    h: steps scored. n_windows: how many origins (1 unless set), or cutoffs: the last in-sample
        periods themselves (years). step_size: periods between origins (mlforecast's default is h).
    window, input_size: "expanding", or "sliding" over the last input_size periods, which is what
        an input_size alone means.
    min_train_size: fewest observed values a window must hold. gap: periods left out between the
        cutoff and the first scored step; with gap=1 the first horizon is 2.
    align: "calendar" puts cutoffs at the same periods for all series, "series" counts from each
        end.
    allow_partial: keep windows whose outcomes are known for fewer than h steps.
    series: ids of the series to forecast and score, all unless given. The others of the panel are
        there as drivers, and have no say in where the cutoffs are.
    Others as for `forecast`.

    Windows that cannot be evaluated are rows of the ledger with a reason. Raises UsageError where
    none can.
    """
    panel = Panel.of(data)
    series = _ids(series)
    plan = origins(
        panel, h, n_windows=n_windows, cutoffs=cutoffs, step_size=step_size, window=window,
        input_size=input_size, min_train_size=min_train_size, gap=gap, align=align,
        allow_partial=allow_partial, series=series,
    )  # fmt: skip
    settings = {
        "call": "backtest", "h": h, "n_windows": n_windows,
        "cutoffs": None if cutoffs is None else [str(c) for c in cutoffs],
        "step_size": step_size, "window": window, "input_size": input_size,
        "min_train_size": min_train_size, "gap": gap, "align": align,
        "allow_partial": allow_partial, "series": series,
    }  # fmt: skip
    return _run(plan, models, levels, on_error, fallback, time_budget, engine, progress, settings)


def split_errors(
    data: PanelLike, model: ModelLike, h: int, *, log: bool | None = None,
    engine: str | Engine = "auto", **schedule: Any,
) -> ErrorSplit:  # fmt: skip
    """Backtest a model with drivers twice, ex ante as it is and ex post with its drivers' outcomes.

    data: a frame, a path or a Panel, as for `forecast`.
    model: a name or a Model whose future of the drivers is not what came (driver_mode "forecast" or
        "frozen", or a driver_path). h: steps.
    log: whether errors are differences of logarithms; by default for models of positive series.
    schedule: which origins and series, as for `backtest` (n_windows, cutoffs, align, series ...).

    A driver with driver_role="known" is read ahead in both runs: where the panel holds its
    outcomes, the drivers' part is nothing. Only series that have their drivers are in the frames'
    sums; those that failed count as n_excluded.

    Raises UsageError for a model without drivers or one that is ex post already, and as `backtest`.
    """
    panel = Panel.of(data)
    known = [name for name in signature(origins).parameters if name not in ("panel", "h")]
    check_options(schedule, ["log", "engine", *known], "split_errors")
    if "series" in schedule:
        schedule["series"] = _ids(schedule["series"])
    return split(panel, _object(model), h, log=log, engine=_engine(engine), **schedule)


def _ids(series: str | Iterable[str] | None) -> list[str] | None:
    """Ids as a list of texts, which manifests keep."""
    if series is None:
        return None
    single = isinstance(series, str) or not isinstance(series, Iterable)
    return [id_text(unique_id) for unique_id in ([series] if single else series)]


def _engine(engine: str | Engine) -> Engine:
    if isinstance(engine, str):
        engine = registry().made("engine", engine, Engine)
    if not isinstance(engine, Engine):
        raise UsageError(f"engine={engine!r} is neither an engine's name nor an Engine object.")
    return engine


def _run(
    plan: Plan, models: Models, levels: Sequence[float], on_error: OnError,
    fallback: ModelLike | None, time_budget: float | None, engine: str | Engine,
    progress: bool | Progress | None, settings: Mapping[str, object],
) -> Result:  # fmt: skip
    named = named_models(models, plan.panel.columns)
    runner = _engine(engine)
    second = None if fallback is None else _object(fallback)
    told = {**settings, "on_error": on_error, "time_budget": time_budget, "engine": repr(runner)}
    with _progress(progress) as report:
        result = run(
            plan, named, levels, engine=runner, on_error=on_error, fallback=second,
            time_budget=time_budget, progress=report, settings=told,
        )  # fmt: skip
    warn_of_cuts(result.cut)
    return result


@contextmanager
def _progress(wanted: bool | Progress | None) -> Iterator[Progress | None]:
    """The caller's progress function, that of a bar, or None where nobody watches."""
    if wanted is None:
        wanted = sys.stderr.isatty()
    if not isinstance(wanted, bool):
        yield wanted
        return
    if not wanted:
        yield None
        return
    from rich.console import Console  # only where a bar is drawn
    from rich.markup import escape
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True, emoji=False), transient=True) as bar:
        task = bar.add_task("forecasting")

        def report(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=escape(visible(what)))

        yield report
