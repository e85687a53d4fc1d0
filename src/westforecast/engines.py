"""Where work runs: one `map` over picklable tasks, results in order.

Engines know nothing of forecasting.
"""

import multiprocessing
import os
import pickle
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures  # which imports its pools when they are first asked for
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from westforecast.errors import UsageError, WestforecastError

Task = TypeVar("Task")
Answer = TypeVar("Answer")


class Engine(ABC):
    """Runs a function over tasks. The function holds what tasks share and may be large."""

    @abstractmethod
    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        """Answers in the order of the tasks, each as soon as it and those before it are there."""

    def alone(self) -> "Engine":
        """The engine for tasks that are not known to be safe side by side in one process.

        This one, unless it is one that chooses.
        """
        return self


@dataclass(frozen=True)
class SerialEngine(Engine):
    """One after the other, in this process."""

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        yield from map(function, tasks)


@dataclass(frozen=True)
class _PoolEngine(Engine):
    """workers: how many at a time; as many as there are cores unless set."""

    workers: int | None = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 1:
            raise UsageError(f"workers={self.workers} found, at least 1 expected.")

    def _count(self, tasks: Sequence[Any]) -> int:
        return min(self.workers or os.cpu_count() or 1, max(len(tasks), 1))


@dataclass(frozen=True)
class ThreadEngine(_PoolEngine):
    """Threads of this process; helps where models leave the interpreter (NumPy, C++)."""

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        # In some libraries (MKL) the number of BLAS threads belongs to each thread, so that those
        # of the pool set their own, which ends with them.
        crew = self._count(tasks)
        with one_blas_thread(), futures.ThreadPoolExecutor(crew, initializer=_limit) as pool:
            yield from pool.map(function, tasks)


@dataclass(frozen=True)
class AutoEngine(_PoolEngine):
    """Threads of this process; one after the other what is not known to be safe side by side."""

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        engine: Engine = ThreadEngine(self.workers) if len(tasks) > 1 else SerialEngine()
        yield from engine.map(function, tasks)

    def alone(self) -> Engine:
        return SerialEngine()


@dataclass(frozen=True)
class ProcessEngine(_PoolEngine):
    """Fresh processes (spawned, so that no lock is inherited); pays off from seconds of work on.

    Raises UsageError for a function that cannot be pickled, WestforecastError where a process dies.
    """

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        try:
            packed = pickle.dumps(function)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise UsageError(
                f"this work cannot be sent to other processes: {error}. Define models at the top "
                'level of a module, or use engine="threads".'
            ) from error
        pool = futures.ProcessPoolExecutor(
            self._count(tasks),
            multiprocessing.get_context("spawn"),
            initializer=_keep,
            initargs=(packed,),
        )
        try:
            with pool:
                yield from pool.map(_apply, tasks)
        except futures.BrokenExecutor as error:
            raise WestforecastError(
                "a worker process ended before its work was done. A script that uses processes "
                'needs `if __name__ == "__main__":`, models must be defined in a module (not in a '
                "notebook), and memory must suffice for `workers` of them."
            ) from error


# Set once in each worker process, so that what tasks share is sent to it once and not per task.
_kept: list[Callable[[Any], Any]] = []


def _keep(packed: bytes) -> None:
    _kept[:] = [pickle.loads(packed)]


def _apply(task: Any) -> Any:
    return _kept[0](task)


_LIMITED = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Matrix products inside use the thread that asks for them and start no other.

    Side by side, products with threads of their own fight over the cores, and how a product is
    split changes its last digits. The setting belongs to the process: only the outermost caller
    changes it and puts it back, also after an error; callers inside or beside it leave it alone.
    """
    if not _LIMITED.acquire(blocking=False):
        yield
        return
    try:
        with _limit():
            yield
    finally:
        _LIMITED.release()


def _limit() -> AbstractContextManager[Any]:
    """One BLAS thread from now on; leaving the context puts the old number back."""
    # Imported here: 5 ms, which only a run is to pay. The cached controller takes 1 ms to make
    # and 1 µs to get, and is made anew where an import may have brought another BLAS.
    from threadpoolctl import get_cached_controller

    limiter: AbstractContextManager[Any] = get_cached_controller().limit(limits=1, user_api="blas")
    return limiter
