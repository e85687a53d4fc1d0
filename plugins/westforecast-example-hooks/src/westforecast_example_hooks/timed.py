"""An engine that says what is slow."""

import logging
import reprlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from westforecast.engines import Answer, Engine, Task

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TimedEngine(Engine):
    """One after the other, in this process; the seconds of each task are logged (level INFO).

    One at a time, because tasks side by side take each other's time. After the last task a line
    with the sum and the longest.
    """

    def map(self, function: Callable[[Task], Answer], tasks: Sequence[Task]) -> Iterator[Answer]:
        took = []
        for number, task in enumerate(tasks, start=1):
            begun = perf_counter()
            answer = function(task)
            took.append(perf_counter() - begun)
            # Not while the clock runs: whoever takes the answer works with it before going on.
            log.info("task %d of %d, %s: %.3f s", number, len(tasks), _named(task), took[-1])
            yield answer
        if took:
            longest = took.index(max(took))
            log.info(
                "%d tasks: %.3f s; the longest, %s: %.3f s",
                len(took), sum(took), _named(tasks[longest]), took[longest],
            )  # fmt: skip


def _named(task: object) -> str:
    """What a task is called in a line; one of a backtest begins with the model's name."""
    return " ".join(reprlib.repr(task).split())
