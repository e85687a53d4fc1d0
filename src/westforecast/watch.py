"""Foreign code with a time limit: a plugin that hangs costs so many seconds and nothing more."""

import ctypes
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class WallClock:
    """Seconds as they pass: what every time limit of the library is counted in."""

    def now(self) -> float:
        """Seconds since some moment; it never goes back."""
        return time.monotonic()

    def limit(self, seconds: float) -> Callable[[threading.Thread], None]:
        """What waits until a thread has ended or so many seconds have passed from now on."""
        end = self.now() + seconds
        return lambda thread: thread.join(min(max(end - self.now(), 0), threading.TIMEOUT_MAX))


# The one clock. Tests put another in its place, which they move by hand.
clock = WallClock()


class OutOfTime(TimeoutError):
    """What was watched did not end in time."""


class Stop(BaseException):
    """Raised inside a thread that is no longer waited for; foreign code rarely catches it."""


# Seconds that a thread told to stop has to put back what it changed, before others go on.
_GRACE = 0.2
# What code that guards against foreign code lets pass: it is not that code's doing.
PASSES = (KeyboardInterrupt, Stop)


@dataclass(eq=False, slots=True)
class _Watched:
    """A call that is waited for, and what is to be put back when it no longer is."""

    undo: list[Callable[[], object]] = field(default_factory=list)
    over: bool = False
    whole: bool = False  # it is in the midst of what must be done whole


_watched: ContextVar[_Watched | None] = ContextVar("watched", default=None)


def within(seconds: float, function: Callable[[], T], own: str = "") -> T:
    """What the function returns, or raises, if it does so within so many seconds.

    It runs in a thread of its own. Raises OutOfTime where it takes longer, puts back what is marked
    with `undone`, and tells that thread to stop, which it does at its next Python instruction:
    compiled code and `sleep` are left to end by themselves, and do not keep the program from
    ending. Compiled code that holds the interpreter all the while cannot be watched at all.

    own: the package whose import may be cut short. Any other import that is under way is let finish
    before, as half a NumPy would be everybody's; who needs it meanwhile waits for it.
    """
    if seconds <= 0:
        raise OutOfTime("no time is left")
    answers: list[tuple[bool, T | BaseException]] = []
    context = copy_context()  # NumPy's error state is part of it
    watched, ending = _Watched(), threading.Lock()
    context.run(_watched.set, watched)

    def work() -> None:
        with suppress(Stop):  # it may also come at the very end
            try:
                answers.append((True, context.run(function)))
            except Stop:
                pass
            except BaseException as error:  # raised again where it was asked for
                answers.append((False, error))
            with ending:
                watched.whole = True

    thread = threading.Thread(target=work, daemon=True, name="westforecast watched")

    def leave() -> None:
        if watched.over or not thread.is_alive():
            return
        watched.over = True
        for undo in reversed(watched.undo.copy()):
            undo()
        # Last: until then nothing cuts the thread's own undoing short.
        threading.Thread(target=stop, daemon=True).start()
        thread.join(_GRACE)

    def stop() -> None:
        while True:
            with ending:  # once it has ended, another thread may go by its number
                if watched.whole:  # or it sees by itself, at the end of that, that it is over
                    return
                assert thread.ident is not None
                if not _imports_others(thread.ident, own):
                    number = ctypes.c_ulong(thread.ident)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object(Stop))
                    return
            time.sleep(0.01)

    wait = clock.limit(seconds)
    thread.start()
    try:
        with undone(leave):  # where this thread is watched itself
            wait(thread)
    finally:  # also where the user stops the program meanwhile
        leave()
    if not answers:
        raise OutOfTime(f"not done within {seconds:g} s")
    fine, answer = answers[0]
    if not fine:
        assert isinstance(answer, BaseException)
        raise answer
    return answer  # type: ignore[return-value]


@contextmanager
def undone(undo: Callable[[], object]) -> Iterator[None]:
    """A block that changes more than its own: `undo` is called when `within` stops waiting for it.

    The thread that waited calls it while the block may still run, and even end; so `undo` must
    stand being called beside the block's own end. Nothing is called where the block ends in time.
    """
    watched = _watched.get()
    if watched is None:
        yield
        return
    watched.undo.append(undo)
    try:
        if watched.over:  # asked after, so that either this or `leave` sees the other
            raise Stop
        yield
    finally:
        watched.undo.remove(undo)


@contextmanager
def whole() -> Iterator[None]:
    """A short block that is done whole or not at all by a thread that is told to stop.

    An exception from outside may come between taking a lock and knowing that it is taken.
    """
    watched = _watched.get()
    if watched is None:
        yield
        return
    watched.whole = True
    try:
        if watched.over:  # asked after, as in `undone`
            raise Stop
        yield
    finally:
        watched.whole = False
        if watched.over:
            raise Stop


def _imports_others(thread: int, own: str) -> bool:
    """Whether a thread is importing a package other than `own`, or one of this library."""
    frame = sys._current_frames().get(thread)
    while frame is not None:
        if frame.f_code.co_name == "_find_and_load" and "importlib" in frame.f_code.co_filename:
            package = str(frame.f_locals.get("name")).partition(".")[0]
            if package != own or package == "westforecast":
                return True
        frame = frame.f_back
    return False
