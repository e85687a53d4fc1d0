"""Foreign code with a time limit: a plugin that hangs costs so many seconds and nothing more."""

import contextvars
import ctypes
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(TimeoutError):
    """What was watched did not end in time."""


class Stop(BaseException):
    """Raised inside a thread that is no longer waited for; foreign code rarely catches it."""


def within(seconds: float, function: Callable[[], T]) -> T:
    """What the function returns, or raises, if it does so within so many seconds.

    It runs in a thread of its own. Raises OutOfTime where it takes longer, and tells that thread to
    stop, which it does at its next Python instruction: compiled code and `sleep` are left to end by
    themselves, and do not keep the program from ending. Compiled code that holds the interpreter
    all the while cannot be watched at all.
    """
    if seconds <= 0:
        raise OutOfTime("no time is left")
    answers: list[tuple[bool, T | BaseException]] = []
    context = contextvars.copy_context()  # NumPy's error state is part of it

    def work() -> None:
        try:
            answers.append((True, context.run(function)))
        except Stop:
            pass
        except BaseException as error:  # raised again where it was asked for
            answers.append((False, error))

    thread = threading.Thread(target=work, daemon=True, name="westforecast watched")
    thread.start()
    try:
        thread.join(None if seconds > threading.TIMEOUT_MAX else seconds)
    finally:  # also where the user stops the program meanwhile
        if thread.is_alive():
            _stop(thread)
    if not answers:
        raise OutOfTime(f"not done within {seconds:g} s")
    fine, answer = answers[0]
    if not fine:
        assert isinstance(answer, BaseException)
        raise answer
    return answer  # type: ignore[return-value]


def _stop(thread: threading.Thread) -> None:
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(thread.ident), ctypes.py_object(Stop)
        )
