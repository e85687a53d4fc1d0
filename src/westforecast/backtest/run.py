"""Running models over a plan. Forecasts are costly and are made here; scoring them is apart."""

import time
import warnings
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import get_args

import numpy as np

from westforecast.backtest.probe import (
    ONE_BY_ONE,
    ONLY_WINDOW,
    OUT_OF_TIME,
    Probe,
    compare,
    sample,
)
from westforecast.backtest.result import Result
from westforecast.backtest.schedule import Plan
from westforecast.backtest.work import Clock, Task, Work
from westforecast.engines import AutoEngine, Engine, SerialEngine, one_blas_thread
from westforecast.errors import ModelError, UsageError, WestforecastError, WestforecastWarning
from westforecast.kernels.quantiles import check_levels
from westforecast.models.base import Model
from westforecast.models.baselines import Naive
from westforecast.models.bounds import in_words
from westforecast.models.forecast import CUT_POINT, Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import BoolArray, IntArray, OnError

# A forecast this much smaller than the data is as good as 0 when two are compared.
NOTHING = 1e-5

Progress = Callable[[int, int, str], None]


def run(
    plan: Plan,
    models: Mapping[str, Model],
    levels: Sequence[float] = (),
    *,
    engine: Engine | None = None,
    on_error: OnError = "record",
    fallback: Model | None = None,
    time_budget: float | None = None,
    progress: Progress | None = None,
    settings: Mapping[str, object] | None = None,
) -> Result:
    """All models over all windows of a plan.

    engine: where the work runs, `AutoEngine` unless given. Numbers depend neither on it nor on the
    order of the panel's series: a batch model gets tiles of whole histories, cut without regard to
    either. A model whose batch answers differ from its answers to single windows (a few are tried)
    is run one by one, with a warning, and `Result.probes` says so.
    on_error: "record" keeps a failed window as a row with its status and reason, "raise" stops with
    a ModelError that names series, model and cutoff, "fallback" is "record" with `Naive` as the
    fallback unless another is given. fallback: a model that answers where another failed; rows then
    say so in `status` and `model_used`. progress: called with (done, total, what) after each piece
    of work.
    time_budget: seconds for all windows of a model, and for those of the fallback. What is not
    forecast by then has the status out_of_time. With processes, each of them has that much.
    """
    if on_error not in get_args(OnError):
        raise UsageError(f'on_error={on_error!r} found, "record", "raise" or "fallback" expected.')
    if on_error == "raise" and fallback is not None:
        raise UsageError('on_error="raise" stops at the first failure, so no fallback can answer.')
    if on_error == "fallback" and fallback is None:
        fallback = Naive()
    if time_budget is not None and not (isinstance(time_budget, int | float) and time_budget > 0):
        raise UsageError(f"time_budget={time_budget!r} found; seconds above 0 expected, or None.")
    checked = check_levels(levels)
    started = time.perf_counter()
    clocks = {} if time_budget is None else {name: Clock(time_budget) for name in models}
    work = Work(dict(models), plan.windows, plan.horizon, checked, clocks)
    used = {name: np.zeros(len(plan.windows), bool) for name in models}
    # Foreign models change warning filters; what they were before they are afterwards.
    with one_blas_thread(), warnings.catch_warnings():
        forecasts, probes = _forecasts(plan, work, engine or AutoEngine(), on_error, progress)
        if fallback is not None:
            probes |= _fall_back(plan, forecasts, used, fallback, checked, time_budget)
    for forecast in forecasts.values():
        _remark(plan, forecast)
    return Result(
        plan=plan,
        forecasts=forecasts,
        models=work.models,
        levels=checked,
        used=used,
        fallback=None if fallback is None else fallback.name,
        settings=settings or {},
        seconds=time.perf_counter() - started,
        probes=probes,
    )


def _forecasts(
    plan: Plan, work: Work, engine: Engine, on_error: OnError, progress: Progress | None
) -> tuple[dict[str, Forecast], dict[str, Probe]]:
    """Forecasts of every model, and how they were made."""
    count = len(work.windows)
    forecasts = {name: work.empty(count) for name in work.models}

    def collect(together: list[Task], apart: list[Task]) -> None:
        total = len(together) + len(apart)
        # Closed at once where something is raised, so that no worker goes on.
        with closing(_answers(work, engine, together, apart)) as answers:
            for done, ((name, which), part) in enumerate(answers, start=1):
                forecasts[name].put(which, part)
                if on_error == "raise":
                    _raise_first(plan, name, which, part)
                if progress is not None:
                    progress(done, total, name)

    order = _by_id(work.windows)
    collect(*work.tasks(order))
    probes = dict.fromkeys(work.models, ONE_BY_ONE)
    doubted: list[Task] = []
    for name in work.batch:
        probes[name] = _probed(plan, work, name, forecasts[name], order)
        if probes[name].path == "one by one":
            forecasts[name] = work.empty(count)
            doubted += [(name, np.array([w])) for w in range(count)]
    if doubted:
        collect([], doubted)
    return forecasts, probes


def _by_id(windows: Windows) -> IntArray:
    """Windows in the order of their series' ids [W], so that the panel's order does not matter."""
    rank = np.empty(len(windows.ids), np.int64)
    rank[sorted(range(len(rank)), key=windows.ids.__getitem__)] = np.arange(len(rank))
    return np.argsort(rank[windows.series], kind="stable")


def _answers(
    work: Work, engine: Engine, together: list[Task], apart: list[Task]
) -> Generator[tuple[Task, Forecast]]:
    """Tasks and their answers. together: those that may run side by side in one process."""
    careful = engine.alone()
    shares = [(engine, together), (careful, apart)]
    if careful is engine:  # one pool for all
        shares = [(engine, together + apart)]
    signed = _Signed(work)
    for worker, tasks in shares:
        if not isinstance(worker, Engine) or (found := worker.map(signed, tasks)) is None:
            raise _wrong(worker, None, 1, tasks)
        for k, (task, answer) in enumerate(zip_longest(tasks, found), start=1):
            if task is None or not isinstance(answer, tuple) or answer[:-1] != _signature(task):
                raise _wrong(worker, answer, k, tasks)
            yield task, answer[-1]


def _signature(task: Task) -> tuple[str, int, int]:
    """What tells a task from all others of a run."""
    name, which = task
    return name, int(which[0]), len(which)


@dataclass(frozen=True, slots=True)
class _Signed:
    """Does tasks and says whose answer it is: an engine may lose their order."""

    work: Work

    def __call__(self, task: Task) -> tuple[str, int, int, Forecast]:
        return *_signature(task), self.work(task)


def _wrong(engine: object, answer: object, place: int, tasks: Sequence[Task]) -> WestforecastError:
    other = isinstance(answer, tuple)
    told = "what belongs to another task" if other else type(answer).__name__
    return WestforecastError(
        f"engine {engine!r} gave {told} as answer {place} to {len(tasks)} tasks; what the function "
        "returns for each of them, in their order, expected. Use another engine "
        '(engine="serial") and tell its author.'
    )


def _probed(plan: Plan, work: Work, name: str, batch: Forecast, order: IntArray) -> Probe:
    """Whether a model's batch answers can be trusted; one warning where they cannot."""
    if len(batch) == 1:
        return ONLY_WINDOW
    which = sample(batch, order[np.argsort(plan.windows.lengths[order], kind="stable")])
    seen = [plan.windows.y(int(w)) for w in which]
    size = np.array([np.abs(y[np.isfinite(y)]).max(initial=0.0) for y in seen])
    alone = work.one_by_one(name, which)
    if Status.OUT_OF_TIME in alone.status:
        return OUT_OF_TIME
    probe, worst = compare(batch.take(which), alone, NOTHING * size)
    if probe.path == "one by one":
        warnings.warn(
            f"model {name!r} forecasts {_place(plan, which[worst])} differently among other "
            f"windows than alone ({probe.note}). All its windows are forecast one by one in this "
            "run, which is slow. Its `compute` is to be mended: "
            "westforecast.testing.check_model(model) shows what it breaks.",
            WestforecastWarning,
            stacklevel=6,  # where forecast or backtest was called
        )
    return probe


def _remark(plan: Plan, forecast: Forecast) -> None:
    """Say in `reason` where a forecast that is OK was cut at a bound or lacks an interval."""
    good = forecast.status == Status.OK
    bounds = plan.windows.bounds[plan.windows.series]
    cut = np.where(np.arange(1, plan.horizon + 1) <= plan.last_step[:, None], forecast.cut, 0)
    for w in np.flatnonzero(good & cut.any(axis=1)):
        kind = int(cut[w].max())
        what = "the point forecast" if kind == CUT_POINT else "an interval"
        told = (
            f"{what} is cut at the bounds ({in_words(*bounds[w])}) "
            f"from step {int(np.argmax(cut[w] == kind)) + 1} on"
        )
        said = forecast.reason.get(int(w))
        forecast.reason[int(w)] = f"{told}; {said}" if said else told
    for w in np.flatnonzero(good & np.isnan(forecast.quantiles).any(axis=(1, 2))):
        forecast.reason.setdefault(int(w), "forecast without an interval")


def _raise_first(plan: Plan, name: str, which: IntArray, part: Forecast) -> None:
    for k in np.flatnonzero(part.status != Status.OK):
        raise ModelError(
            f"model {name!r} failed on {_place(plan, which[k])}: "
            f"{Status(part.status[k]).label}: {part.reason.get(int(k), '')}. "
            'Pass on_error="record" to keep it as a row and go on.'
        ) from part.errors.get(int(k))


def _place(plan: Plan, window: int) -> str:
    windows = plan.windows
    label = plan.panel.calendar.label(int(windows.cutoff[window]))
    return f"series {windows.ids[windows.series[window]]!r} at cutoff {label}"


def _fall_back(
    plan: Plan,
    forecasts: Mapping[str, Forecast],
    used: Mapping[str, BoolArray],
    fallback: Model,
    levels: tuple[float, ...],
    time_budget: float | None,
) -> dict[str, Probe]:
    """Fill failed windows from the fallback, marking them in `used` [W]; how it was run.

    Status and reason of the failure stay: a row says both what failed and who answered.
    """
    failures = [forecast.status != Status.OK for forecast in forecasts.values()]
    failed = np.flatnonzero(np.any(failures, axis=0))
    if not len(failed):
        return {}
    rest = replace(plan, windows=plan.windows.take(failed), last_step=plan.last_step[failed])
    name = f"{fallback.name} (fallback)"
    clocks = {} if time_budget is None else {name: Clock(time_budget)}
    work = Work({name: fallback}, rest.windows, plan.horizon, levels, clocks)
    answers, probes = _forecasts(rest, work, SerialEngine(), "record", None)
    answer = answers[name]
    for model, forecast in forecasts.items():
        filled = (forecast.status[failed] != Status.OK) & (answer.status == Status.OK)
        forecast.mean[failed[filled]] = answer.mean[filled]
        forecast.quantiles[failed[filled]] = answer.quantiles[filled]
        forecast.cut[failed[filled]] = answer.cut[filled]
        used[model][failed[filled]] = True
    return probes
