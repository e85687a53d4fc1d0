"""`quiet`: foreign code that leaves warnings, prints and random draws as they were."""

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from contextvars import ContextVar

import numpy as np

from westforecast.watch import OutOfTime, undone, whole

_SEED = 1


@contextmanager
def quiet() -> Iterator[None]:
    """Foreign code inside: no warning, print or random draw gets out, draws are always the same.

    Filters, standard output and NumPy's generator belong to the process, so one block at a time is
    open, and those inside it. Where `watch.within` no longer waits for a block, everything is put
    back and the next may begin, though its code may still run: what it then prints, warns of or
    draws, should it survive being told to stop, gets out.
    """
    turn = _Turn()
    with undone(turn.end):
        try:
            with whole():
                turn.begin()
            _inside.set(turn)
            yield
        finally:
            _inside.set(turn.outer)
            with whole():
                turn.end()


class _Turn:
    """One block's hold on the process. It may be ended by another thread, and more than once."""

    def __init__(self) -> None:
        self.outer = _inside.get()  # also in a thread that `within` began inside a block
        self.over = False
        self.undo = ExitStack()

    def begin(self) -> None:
        with _change:
            _change.wait_for(lambda: self.over or not _open or _open[-1] is self.outer)
            if self.over:
                raise OutOfTime("no longer waited for")
            _open.append(self)
            self.undo.callback(_open.remove, self)
            self.undo.enter_context(warnings.catch_warnings())
            self.undo.enter_context(redirect_stdout(io.StringIO()))
            warnings.simplefilter("ignore")
            self.undo.callback(np.random.set_state, np.random.get_state())  # noqa: NPY002
            np.random.seed(_SEED)  # noqa: NPY002 - what foreign code draws from

    def end(self) -> None:
        with _change:
            self.over = True
            self.undo.close()
            _change.notify_all()  # all: one that is told to stop would lose the call


_change = threading.Condition()
_open: list[_Turn] = []  # each inside the one before
_inside: ContextVar[_Turn | None] = ContextVar("inside", default=None)
