"""Two calls in two threads that take turns, line by line, so that they meet for certain.

Threads that run freely meet by luck. Here the second call follows the first: at every line of the
model's code that the first comes to for the first time, it waits until the second has come there,
too. What the first keeps anywhere that both can reach, the second has replaced before it is read.
"""

import dis
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from westforecast.models import Model

T = TypeVar("T")
Line = tuple[int, int]  # code, and line

_START: Line = (0, 0)
# How often a thread is looked at that waits for nothing of ours, before it counts as waiting for a
# lock; and how often where it may be asleep in somebody's code. A look every so many seconds.
_AT_A_LOCK, _ASLEEP, _LOOK = 10, 250, 0.02
# The instruction at which a thread enters a `with`: to Python 3.13, and since.
_WITH = {"BEFORE_WITH", "LOAD_SPECIAL"}
# Packages that are not the model's own, whatever its settings are made of.
_OTHERS = {"builtins", "numpy", "pandas", "scipy", "typing", "collections", "abc"}


def in_turns(model: Model, first: Callable[[], T], second: Callable[[], T]) -> tuple[T, T]:
    """What two calls of a model give that take turns. Raises what they raise."""
    turns, own = _Turns(), _own_files(model)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(turns.run, who, call, own) for who, call in enumerate((first, second))]
        return calls[0].result(), calls[1].result()


@dataclass
class _Look:
    """What was last seen of a thread."""

    place: object = None
    spent: float = 0.0
    times: int = 0


@dataclass
class _Turns:
    """Who may run: the leader (0), or the follower (1) as far as the leader has come."""

    change: threading.Condition = field(default_factory=threading.Condition)
    reached: set[Line] = field(default_factory=set)  # by the follower, on its way
    known: set[Line] | None = None  # the lines of its whole way, once it has come to its end
    goal: Line | None = None  # where the leader waits for it
    threads: list[int] = field(default_factory=lambda: [0, 0])
    over: list[bool] = field(default_factory=lambda: [False, False])
    idle: list[bool] = field(default_factory=lambda: [False, False])
    looks: list[_Look] = field(default_factory=lambda: [_Look(), _Look()])

    def run(self, who: int, call: Callable[[], T], own: Callable[[str], bool]) -> T:
        """One of the two calls, in this thread."""
        visit = (self._lead, self._follow)[who]
        self.threads[who] = threading.get_ident()
        try:
            while True:
                visit(_START)
                before = sys.gettrace()
                sys.settrace(_tracer(own, visit))
                try:
                    answer = call()
                finally:
                    sys.settrace(before)
                if who == 0 or not self._again():
                    return answer
        finally:
            with self.change:
                self.over[who] = True
                self.change.notify_all()

    def _again(self) -> bool:
        """Whether the follower, which took another way and missed the leader, is needed anew."""
        with self.change:
            self.known, self.reached = self.reached, set()
            self.change.notify_all()
            self._wait(1, lambda: self.goal in (self.known or ()))
            return not self.over[0]

    def _lead(self, line: Line) -> None:
        with self.change:
            if not self._awaited(line):
                return
            self.goal = line
            self.change.notify_all()
            self._wait(0, lambda: not self._awaited(line))
            self.goal = None

    def _awaited(self, line: Line) -> bool:
        """Whether the follower has yet to come to a line, as far as is known."""
        return line not in self.reached and (self.known is None or line in self.known)

    def _follow(self, line: Line) -> None:
        with self.change:
            self.reached.add(line)
            if self.goal not in (None, line):
                return  # the leader waits elsewhere
            self.goal = None
            self.change.notify_all()
            self._wait(1, lambda: self.goal is not None)

    def _wait(self, who: int, until: Callable[[], bool]) -> None:
        """Wait for the other one, unless it has ended or waits for what this one holds."""
        self.idle[who] = True
        while not (until() or self.over[1 - who] or self._stuck(1 - who)):
            self.change.wait(_LOOK)
        self.idle[who] = False

    def _stuck(self, who: int) -> bool:
        """Whether a thread has stood at one instruction, without computing, for too many looks."""
        frame = sys._current_frames().get(self.threads[who])
        if frame is None or self.idle[who]:
            return False
        look, place, spent = self.looks[who], (id(frame), frame.f_lasti), _spent(self.threads[who])
        if (look.place, look.spent) != (place, spent):
            look.place, look.spent, look.times = place, spent, 0
        look.times += 1
        return look.times > (_AT_A_LOCK if _at_a_lock(frame) else _ASLEEP)


def _spent(thread: int) -> float:
    """Seconds that a thread has computed, where the system says so."""
    if not hasattr(time, "pthread_getcpuclockid"):
        return 0.0
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _at_a_lock(frame: FrameType) -> bool:
    """Whether a thread that stands here enters a `with` block, or waits in Python's own rooms."""
    code = frame.f_code
    if code.co_filename in (threading.__file__, "<frozen importlib._bootstrap>"):
        return True
    return dis.opname[code.co_code[frame.f_lasti]] in _WITH


def _tracer(own: Callable[[str], bool], visit: Callable[[Line], None]) -> Any:
    """A trace function that visits every line of the model's code once."""
    seen: set[Line] = set()

    def local(frame: FrameType, event: str, _: object) -> Any:
        line = id(frame.f_code), frame.f_lineno
        if event == "line" and line not in seen:
            seen.add(line)
            visit(line)
        return local

    return lambda frame, event, _: local if own(frame.f_code.co_filename) else None


def _own_files(model: Model) -> Callable[[str], bool]:
    """Whether a file is the model's: of the package of its class or of what it is made of.

    Of this library only the files of the classes themselves.
    """
    files: set[str | None] = set()
    folders: set[str] = set()
    for name in {kind.__module__ for kind in _kinds(model)}:
        top = name.partition(".")[0]
        if top in _OTHERS:
            continue
        files.add(getattr(sys.modules.get(name), "__file__", None))
        if top != "westforecast":
            folders.update(getattr(sys.modules.get(top), "__path__", ()))
    within = tuple(str(Path(folder)) + "/" for folder in folders)
    return lambda file: file in files or file.startswith(within)


def _kinds(made: object) -> Iterable[type]:
    """The classes of an object and of its settings."""
    yield from type(made).__mro__
    if is_dataclass(made):
        for each in fields(made):
            yield from _kinds(getattr(made, each.name, None))
