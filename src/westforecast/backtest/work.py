"""One piece of a run: a model over some of the windows, in the time that the model has."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from westforecast import watch
from westforecast.engines import one_blas_thread
from westforecast.models.base import Model
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import IntArray
from westforecast.watch import OutOfTime, within

# Windows a task of one-series models, which cost from a tenth of a millisecond up: enough to
# outweigh sending the task, few enough to spread over workers and to show progress.
CHUNK = 64

Task = tuple[str, IntArray]  # a model's name, and the windows [P] it is to see in one call


@dataclass(slots=True)
class Clock:
    """What a model has used of its seconds, and how many windows it forecast in them."""

    budget: float
    spent: float = 0.0
    done: int = 0

    @property
    def left(self) -> float:
        """Seconds that are left; 0 where none are."""
        return max(self.budget - self.spent, 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """What all tasks share; calling it does one task. Engines send it to a worker once."""

    models: Mapping[str, Model]
    windows: Windows
    horizon: int
    levels: tuple[float, ...]
    clocks: Mapping[str, Clock] = field(default_factory=dict)
    filters: Sequence[Any] = field(default_factory=lambda: tuple(warnings.filters))

    def __call__(self, task: Task) -> Forecast:
        name, which = task
        with one_blas_thread():  # here as well, because this may be another process
            try:
                return (self._in_time if name in self.clocks else self._forecast)(name, which)
            finally:
                self._put_filters_back()

    def __reduce__(self) -> tuple[type["Work"], tuple[Any, ...]]:
        return Work, (self.models, self.windows, self.horizon, self.levels, self.clocks)

    def _put_filters_back(self) -> None:
        """The warning filters belong to the process, and foreign models change them."""
        if tuple(warnings.filters) != self.filters:
            warnings.resetwarnings()  # so that Python forgets what it knows of the old ones
            warnings.filters[:] = self.filters  # type: ignore[index]

    def _forecast(self, name: str, which: IntArray) -> Forecast:
        return self.models[name].forecast(self.windows.take(which), self.horizon, self.levels)

    def _in_time(self, name: str, which: IntArray) -> Forecast:
        """Forecasts while there is time; the windows after that have a status that says so.

        A one-series model gets one window and then, where it is fast, more and more in a call:
        what a call that ran out of time had already forecast is lost.
        """
        clock, made, begin = self.clocks[name], self.empty(len(which)), 0
        size = len(which) if name in self.batch else 1
        while begin < len(which):
            piece = which[begin : begin + size]
            started = watch.clock.now()
            try:
                part = within(clock.left, partial(self._forecast, name, piece))
            except OutOfTime:
                why = f"the time budget of {clock.budget:g} s was spent after {clock.done} windows"
                for k in range(begin, len(which)):
                    made.refuse(k, Status.OUT_OF_TIME, why)
                return made
            finally:
                took = watch.clock.now() - started
                clock.spent += took
            made.put(np.arange(begin, begin + len(piece)), part)
            clock.done += len(piece)
            begin += len(piece)
            if took < clock.budget / 50:
                size *= 2
        return made

    @property
    def batch(self) -> list[str]:
        """Models that take many windows a call."""
        return [name for name, model in self.models.items() if _batch(model)]

    def tasks(self, order: IntArray) -> tuple[list[Task], list[Task]]:
        """Those that may run side by side in one process, and the others.

        A batch model gets tiles of whole histories, so that it sees all origins of a series
        together; a panel that one tile holds is not worth a pool of threads. One-series models are
        often foreign code, of which nothing is known. order: [W] windows as tiles take them.
        """
        pieces = self.windows.take(order).from_first_observed().pieces()
        tiles = [order[piece] for piece in pieces]
        every = np.arange(len(self.windows))
        chunks = np.split(every, every[CHUNK::CHUNK])
        series = [name for name in self.models if name not in self.batch]
        batches, rest = list(product(self.batch, tiles)), list(product(series, chunks))
        return (batches, rest) if len(tiles) > 1 else ([], batches + rest)

    def one_by_one(self, name: str, which: IntArray) -> Forecast:
        """Forecasts of some windows [P], each in a call of its own."""
        alone = self.empty(len(which))
        for k in range(len(which)):
            alone.put(np.array([k]), self((name, which[[k]])))
        return alone

    def empty(self, windows: int) -> Forecast:
        """A record to be filled."""
        return Forecast.empty(windows, self.horizon, self.levels)


def _batch(model: Model) -> bool:
    """Whether a model takes many windows a call; one that cannot even say gets one at a time."""
    try:
        return bool(model.batch)
    except Exception:
        return False
