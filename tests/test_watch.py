"""`within`: an answer in time, an error as it was raised, or OutOfTime and a thread that ends."""

import importlib
import sys
import threading
from functools import partial

import numpy as np
import pytest

from westforecast import watch
from westforecast.watch import OutOfTime, undone, within

from .hand_clock import PATIENCE


def test_seconds_are_those_of_the_wall():
    """All other tests that wait for the end of a time move the clock by hand."""
    never = threading.Event()
    with pytest.raises(OutOfTime, match=r"not done within 0.05 s"):
        within(0.05, never.wait)
    never.set()


def test_an_answer_in_time():
    assert within(10, lambda: 5) == 5
    assert within(10, lambda: None) is None
    assert within(1e300, lambda: 5) == within(float("inf"), lambda: 5) == 5


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt(), TimeoutError])
def test_what_is_raised_is_raised(error):
    def fail():
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        within(10, fail)


def ended(threads):
    """Whether one thread, which wrote itself down, has come to its end.

    Not told by a `finally` of the loop's own function: some releases of Python leave it out where
    an exception from outside comes at the very jump back.
    """
    (thread,) = threads
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_a_loop_is_stopped(clock):
    threads = []

    def loop():
        threads.append(threading.current_thread())
        clock.time += 1
        while True:
            pass

    with pytest.raises(OutOfTime, match=r"not done within 0.1 s"):
        within(0.1, loop)
    assert ended(threads)


def test_what_cannot_be_stopped_is_left_alone(clock):
    release = threading.Event()

    def sleep():
        clock.time += 1
        release.wait()  # in C all the while

    with pytest.raises(OutOfTime):
        within(0.05, sleep)
    release.set()


@pytest.mark.parametrize(("own", "whole"), [("", True), ("other", True), ("slow_module", False)])
def test_an_import_is_let_finish_unless_it_may_be_cut_short(
    tmp_path, monkeypatch, clock, own, whole
):
    code = "from westforecast.watch import clock\nclock.time += 1\nwhile not clock.released: pass"
    (tmp_path / "slow_module.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    ended, clock.released = threading.Event(), False

    def imports():
        try:
            importlib.import_module("slow_module")
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.2, imports, own)
    if whole:
        assert not ended.wait(0.1), "it is let go on"
        clock.released = True
    assert ended.wait(PATIENCE)
    assert ("slow_module" in sys.modules) == whole
    sys.modules.pop("slow_module", None)


def test_without_time_nothing_begins():
    with pytest.raises(OutOfTime):
        within(0, lambda: pytest.fail("it began"))


def test_numpys_error_state_is_the_callers():
    with np.errstate(divide="raise"):
        assert within(10, np.geterr)["divide"] == "raise"


def test_what_is_left_is_undone_last_first(clock):
    undone_, release = [], threading.Event()

    def hang():
        with undone(lambda: undone_.append("early")):
            pass
        with undone(lambda: undone_.append(1)), undone(lambda: undone_.append(2)):
            clock.time += 1
            release.wait()

    with pytest.raises(OutOfTime):
        within(0.05, hang)
    assert undone_ == [2, 1]
    release.set()


def test_what_ends_in_time_or_is_not_watched_undoes_nothing():
    def block():
        with undone(lambda: pytest.fail("undone")):
            return 5

    assert block() == within(10, block) == 5


def test_what_is_watched_inside_is_left_as_well(clock):
    undone_, threads = [], []

    def outside():
        outer = watch._watched.get()
        within(float("inf"), partial(hang, outer))

    def hang(outer):
        threads.append(threading.current_thread())
        with undone(lambda: undone_.append(True)):
            while not outer.undo:  # until that one knows of this one
                pass
            clock.time += 1
            while True:
                pass

    with pytest.raises(OutOfTime):
        within(0.1, outside)
    assert undone_ == [True]
    assert ended(threads), "it was told to stop"
