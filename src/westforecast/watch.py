"""Foreign code with a time limit: a plugin that hangs costs so many seconds and nothing more."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(TimeoutError):
    """What was watched did not end in time."""


class _Stop(BaseException):
    """Raised inside a thread that is no longer waited for; foreign code rarely catches it."""


@dataclass(eq=False, slots=True)
class _Watched:
    """A call that is waited for, and what is to be put back when it no longer is."""

    undo: list[Callable[[], object]] = field(default_factory=list)
    over: bool = False
    whole: bool = False  # it is in the midst of what must be done whole


_watched: ContextVar[_Watched | None] = ContextVar("watched", default=None)


def within(seconds: float, function: Callable[[], T]) -> T:
    """What the function returns, or raises, if it does so within so many seconds.

    It runs in a thread of its own. Raises OutOfTime where it takes longer, puts back what is marked
    with `undone`, and tells that thread to stop, which it does at its next Python instruction:
    compiled code and `sleep` are left to end by themselves, and do not keep the program from
    ending. Compiled code that holds the interpreter all the while cannot be watched at all.
    """
    if seconds <= 0:
        raise OutOfTime("no time is left")
    answers: list[tuple[bool, T | BaseException]] = []
    context = copy_context()  # NumPy's error state is part of it
    watched, ending = _Watched(), threading.Lock()
    context.run(_watched.set, watched)

    def work() -> None:
        with suppress(_Stop):  # it may also come at the very end
            try:
                answers.append((True, context.run(function)))
            except _Stop:
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
        with ending:  # once it has ended, another thread may go by its number
            if not watched.whole:  # else it sees by itself, at the end of that, that it is over
                _stop(thread)

    thread.start()
    try:
        with undone(leave):  # where this thread is watched itself
            thread.join(min(seconds, threading.TIMEOUT_MAX))
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
            raise _Stop
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
            raise _Stop
        yield
    finally:
        watched.whole = False
        if watched.over:
            raise _Stop


def _stop(thread: threading.Thread) -> None:
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop)
        )
