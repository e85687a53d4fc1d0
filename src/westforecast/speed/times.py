"""Times of calls that take turns, and the ratio of two."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of repeated calls, each of the same work on so many series."""

    name: str
    series: int
    seconds: tuple[float, ...]

    @property
    def best(self) -> float:
        """The shortest time."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The median time."""
        return median(self.seconds)

    @property
    def worst(self) -> float:
        """The longest time."""
        return max(self.seconds)

    def record(self) -> dict[str, Any]:
        """For JSON."""
        return {"name": self.name, "series": self.series, "seconds": list(self.seconds)}


@dataclass(frozen=True, slots=True)
class Duel:
    """The same work by two hands. Ratios say how many times faster ours is, per series.

    Where `theirs` ran on a sample, its time per series is taken for all.
    """

    ours: Times
    theirs: Times

    @property
    def ratio(self) -> float:
        """Of the median times."""
        return self._per_series(self.theirs.median, self.ours.median)

    @property
    def surest(self) -> float:
        """Of their best time to our worst."""
        return self._per_series(self.theirs.best, self.ours.worst)

    @property
    def likeliest(self) -> float:
        """Of the best times, which noise from elsewhere touches least."""
        return self._per_series(self.theirs.best, self.ours.best)

    def _per_series(self, theirs: float, ours: float) -> float:
        return (theirs / self.theirs.series) / (ours / self.ours.series)

    def record(self) -> dict[str, Any]:
        """Both sides and the ratios, for JSON."""
        return {
            "ours": self.ours.record(),
            "theirs": self.theirs.record(),
            "ratio": self.ratio,
            "best_to_worst": self.surest,
            "best_to_best": self.likeliest,
        }


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def take_turns(works: Sequence[Callable[[], object]], repeats: int) -> list[tuple[float, ...]]:
    """Times of each work, called in turns so that a slow moment of the machine meets all."""
    rounds = [[seconds(work) for work in works] for _ in range(repeats)]
    return list(zip(*rounds, strict=True))
