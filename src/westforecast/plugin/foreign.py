"""Foreign code: what a plugin does when it is imported or called stays with that plugin."""

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from contextvars import ContextVar
from threading import Lock
from types import TracebackType
from typing import TypeVar

from westforecast.errors import WestforecastError
from westforecast.watch import PASSES, within

T = TypeVar("T")

# Characters of an error's text that fit where one line tells of it.
_LONGEST = 300


class ForeignError(Exception):
    """Foreign code raised its cause; the text says in one line what."""


def called(function: Callable[[], T]) -> T:
    """What foreign code gives. Raises ForeignError for whatever it raises but KeyboardInterrupt.

    Also for what is no Exception: one that calls `sys.exit`, or panics in Rust.
    """
    try:
        return function()
    except PASSES:
        raise
    except BaseException as error:
        raise ForeignError(told(error)) from error


def watched(seconds: float, function: Callable[[], T], own: str = "") -> T:
    """As `called`, contained, and OutOfTime after so many seconds; `own` as in `watch.within`."""
    with contained():
        return within(seconds, lambda: called(function), own)


def told(error: BaseException) -> str:
    """Type and text of an error in one line, cut where it is long; errors of this library speak for
    themselves.
    """
    try:
        text = str(error).strip()
    except PASSES:
        raise
    except BaseException as second:
        text = f"(its text cannot be had: {type(second).__name__})"
    line, *more = text.splitlines() or [""]
    if more or len(line) > _LONGEST:
        line = f"{line[:_LONGEST].rstrip()} ..."
    if isinstance(error, WestforecastError) and line:
        return line
    return f"{type(error).__name__}: {line}" if line else type(error).__name__


@contextmanager
def restored() -> Iterator[None]:
    """Warning filters, standard output and standard error are afterwards what they were."""
    with warnings.catch_warnings(), redirect_stdout(sys.stdout), redirect_stderr(sys.stderr):
        yield


@contextmanager
def contained() -> Iterator[None]:
    """As `restored`; what is printed meanwhile, by whomever, goes to standard error.

    Standard output is for results: `--json` is read by programs.
    """
    if _INSIDE.get():  # also a watched thread, which may never come back to restore anything
        yield
        return
    inside = _INSIDE.set(True)
    try:
        with _CONTAINED:
            yield
    finally:
        _INSIDE.reset(inside)


class _Shared:
    """What belongs to all threads: set by the first that comes in, restored by the last out."""

    def __init__(self) -> None:
        self.lock, self.count, self.stack = Lock(), 0, ExitStack()

    def __enter__(self) -> None:
        with self.lock:
            if not self.count:
                self.stack.enter_context(restored())
                self.stack.enter_context(redirect_stdout(sys.stderr))
            self.count += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self.lock:
            self.count -= 1
            if not self.count:
                self.stack.close()


_INSIDE: ContextVar[bool] = ContextVar("westforecast_contained", default=False)
_CONTAINED = _Shared()
