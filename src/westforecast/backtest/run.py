"""Running models over a plan. Forecasts are costly and are made here; scoring them is apart."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from westforecast.backtest.result import Result
from westforecast.backtest.schedule import Plan
from westforecast.engines import Engine, SerialEngine
from westforecast.errors import ModelError, UsageError
from westforecast.kernels.quantiles import check_levels
from westforecast.models.base import Model, SeriesModel
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import OnError

# Windows a task: large enough for batch models to share work, small enough to show progress.
CHUNK = 20_000
# One-series models cost from a tenth of a millisecond up; smaller tasks spread better over workers.
CHUNK_SLOW = 64

Progress = Callable[[int, int, str], None]


Task = tuple[str, int, int]  # a model's name, and the windows begin:end it is to forecast


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What all tasks share; calling it does one task. Engines send it to a worker once."""

    models: Mapping[str, Model]
    windows: Windows
    horizon: int
    levels: tuple[float, ...]

    def tasks(self) -> list[Task]:
        """All models over all windows, in pieces."""
        tasks = []
        for name, model in self.models.items():
            size = CHUNK_SLOW if isinstance(model, SeriesModel) else CHUNK
            for begin in range(0, len(self.windows), size):
                tasks.append((name, begin, min(begin + size, len(self.windows))))
        return tasks

    def __call__(self, task: Task) -> Forecast:
        name, begin, end = task
        windows = self.windows.take(np.arange(begin, end))
        return self.models[name].forecast(windows, self.horizon, self.levels)


def run(
    plan: Plan,
    models: Mapping[str, Model],
    levels: Sequence[float] = (),
    *,
    engine: Engine | None = None,
    on_error: OnError = "record",
    fallback: Model | None = None,
    progress: Progress | None = None,
    settings: Mapping[str, object] | None = None,
) -> Result:
    """All models over all windows of a plan.

    on_error: "record" keeps a failed window as a row with its status and reason, "raise" stops with
    a ModelError that names series, model and cutoff. fallback: a model that answers where another
    failed; rows then say so in `status` and `model_used`. progress: called with (done, total, what)
    after each piece of work.
    """
    if on_error not in get_args(OnError):
        raise UsageError(f'on_error={on_error!r} found, "record" or "raise" expected.')
    checked = check_levels(levels)
    started = time.perf_counter()
    work = Work(dict(models), plan.windows, plan.horizon, checked)
    tasks = work.tasks()
    forecasts = {name: Forecast.empty(len(plan.windows), plan.horizon, checked) for name in models}
    answers = (engine or SerialEngine()).map(work, tasks)
    for done, (task, part) in enumerate(zip(tasks, answers, strict=True), start=1):
        name, begin, end = task
        forecasts[name].put(np.arange(begin, end), part)
        if on_error == "raise":
            _raise_first(plan, name, forecasts[name], begin, end)
        if progress is not None:
            progress(done, len(tasks), name)
    used = _fall_back(plan, forecasts, fallback, checked)
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
    )


def _remark(plan: Plan, forecast: Forecast) -> None:
    """Say in `reason` where a forecast that is OK leaves its bounds or lacks an interval."""
    good = forecast.status == Status.OK
    bounds = plan.windows.bounds[plan.windows.series]
    low, high = bounds[:, :1], bounds[:, 1:]
    outside = (forecast.mean < low) | (forecast.mean > high)
    outside &= np.arange(1, plan.horizon + 1) <= plan.last_step[:, None]
    for w in np.flatnonzero(good & outside.any(axis=1)):
        step = int(np.argmax(outside[w])) + 1
        forecast.reason[int(w)] = (
            f"the point forecast leaves {low[w, 0]:g} to {high[w, 0]:g} from step {step} on"
        )
    for w in np.flatnonzero(good & np.isnan(forecast.quantiles).any(axis=(1, 2))):
        forecast.reason.setdefault(int(w), "forecast without an interval")


def _raise_first(plan: Plan, name: str, forecast: Forecast, begin: int, end: int) -> None:
    windows = plan.windows
    for w in begin + np.flatnonzero(forecast.status[begin:end] != Status.OK):
        label = plan.panel.calendar.label(int(windows.cutoff[w]))
        raise ModelError(
            f"model {name!r} failed on series {windows.ids[windows.series[w]]!r} at cutoff "
            f"{label}: {Status(forecast.status[w]).label}: {forecast.reason.get(int(w), '')}. "
            'Pass on_error="record" to keep it as a row and go on.'
        ) from forecast.errors.get(int(w))


def _fall_back(
    plan: Plan, forecasts: Mapping[str, Forecast], fallback: Model | None, levels: Sequence[float]
) -> dict[str, np.ndarray]:
    """Fill failed windows from the fallback; a mask [W] a model of windows it answered.

    Status and reason of the failure stay: a row says both what failed and who answered.
    """
    used = {}
    for name, forecast in forecasts.items():
        filled = np.zeros(len(forecast), bool)
        failed = np.flatnonzero(forecast.status != Status.OK)
        if fallback is not None and len(failed):
            part = fallback.forecast(plan.windows.take(failed), plan.horizon, levels)
            good = part.status == Status.OK
            forecast.mean[failed[good]] = part.mean[good]
            forecast.quantiles[failed[good]] = part.quantiles[good]
            filled[failed[good]] = True
        used[name] = filled
    return used
