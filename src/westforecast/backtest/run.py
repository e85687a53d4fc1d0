"""Running models over a plan. Forecasts are costly and are made here; scoring them is apart."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """One model over some of the windows."""

    name: str
    model: Model
    windows: Windows
    horizon: int
    levels: tuple[float, ...]


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
    failed; rows then say so in `status` and `model_used`. progress: called with (done, total, what).
    """
    if on_error not in ("record", "raise"):
        raise UsageError(f'on_error={on_error!r} found, "record" or "raise" expected.')
    checked = check_levels(levels)
    started = time.perf_counter()
    tasks, places = _tasks(plan, models, checked)
    forecasts = {name: Forecast.empty(len(plan.windows), plan.horizon, checked) for name in models}
    answers = (engine or SerialEngine()).map(_forecast, tasks)
    for done, (task, place) in enumerate(zip(tasks, places, strict=True), start=1):
        _merge(forecasts[task.name], place, next(answers))
        if progress is not None:
            progress(done, len(tasks), task.name)
    if on_error == "raise":
        _raise_first(plan, forecasts)
    used = _fall_back(plan, forecasts, fallback, checked)
    return Result(
        plan=plan,
        forecasts=forecasts,
        models=models,
        levels=checked,
        used=used,
        fallback=None if fallback is None else fallback.name,
        settings=settings or {},
        seconds=time.perf_counter() - started,
    )


def _tasks(
    plan: Plan, models: Mapping[str, Model], levels: tuple[float, ...]
) -> tuple[list[Task], list[np.ndarray]]:
    tasks, places = [], []
    for name, model in models.items():
        size = CHUNK_SLOW if isinstance(model, SeriesModel) else CHUNK
        for begin in range(0, len(plan.windows), size):
            place = np.arange(begin, min(begin + size, len(plan.windows)))
            tasks.append(Task(name, model, plan.windows.take(place), plan.horizon, levels))
            places.append(place)
    return tasks, places


def _forecast(task: Task) -> Forecast:
    return task.model.forecast(task.windows, task.horizon, task.levels)


def _merge(whole: Forecast, place: np.ndarray, part: Forecast) -> None:
    whole.mean[place] = part.mean
    whole.quantiles[place] = part.quantiles
    whole.status[place] = part.status
    whole.reason.update({int(place[k]): why for k, why in part.reason.items()})
    whole.errors.update({int(place[k]): error for k, error in part.errors.items()})


def _raise_first(plan: Plan, forecasts: Mapping[str, Forecast]) -> None:
    windows = plan.windows
    for name, forecast in forecasts.items():
        for w in np.flatnonzero(forecast.status != Status.OK):
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

    Status and reason of the failure stay: whoever reads the row sees both what failed and who answered.
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
