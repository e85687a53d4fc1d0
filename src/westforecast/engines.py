"""Where work runs: one `map` over picklable tasks, results in order. Engines know no forecasting."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import TypeVar

from westforecast.errors import UsageError

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class Engine(ABC):
    """Runs a function over tasks."""

    @abstractmethod
    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        """Answers in the order of the tasks, each as soon as it and those before it are there."""


@dataclass(frozen=True)
class SerialEngine(Engine):
    """One after the other, in this process."""

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        yield from map(function, tasks)


@dataclass(frozen=True)
class _PoolEngine(Engine):
    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"workers={self.workers} found, at least 1 expected.")

    @abstractmethod
    def _pool(self, workers: int) -> Executor: ...

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        with self._pool(min(self.workers or os.cpu_count() or 1, max(len(tasks), 1))) as pool:
            yield from pool.map(function, tasks)


@dataclass(frozen=True)
class ThreadEngine(_PoolEngine):
    """Threads of this process; helps where models leave the interpreter (NumPy, C++)."""

    def _pool(self, workers: int) -> Executor:
        return ThreadPoolExecutor(workers)


@dataclass(frozen=True)
class ProcessEngine(_PoolEngine):
    """Fresh processes (spawned, so that no lock is inherited); pays off from seconds of work on."""

    def _pool(self, workers: int) -> Executor:
        return ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
