"""`within`: an answer in time, an error as it was raised, or OutOfTime and a thread that ends."""

import importlib
import sys
import threading
import time

import numpy as np
import pytest

from westforecast.watch import OutOfTime, within


def test_an_answer_in_time():
    assert within(10, lambda: 5) == 5
    assert within(10, lambda: None) is None


@pytest.mark.parametrize("error", [KeyError("x"), SystemExit(3), KeyboardInterrupt(), TimeoutError])
def test_what_is_raised_is_raised(error):
    def fail():
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        within(10, fail)


def test_a_loop_is_stopped():
    ended = threading.Event()

    def loop():
        try:
            while True:
                pass
        finally:
            ended.set()

    with pytest.raises(OutOfTime, match=r"not done within 0.1 s"):
        within(0.1, loop)
    assert ended.wait(5)


def test_what_cannot_be_stopped_is_left_alone():
    begun = time.perf_counter()
    with pytest.raises(OutOfTime):
        within(0.05, lambda: time.sleep(1))
    assert time.perf_counter() - begun < 0.8


@pytest.mark.parametrize(("own", "whole"), [("", True), ("other", True), ("slow_module", False)])
def test_an_import_is_let_finish_unless_it_may_be_cut_short(tmp_path, monkeypatch, own, whole):
    code = "import time\nend = time.monotonic() + 0.6\nwhile time.monotonic() < end: pass"
    (tmp_path / "slow_module.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    ended = threading.Event()

    def imports():
        try:
            importlib.import_module("slow_module")
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.2, imports, own)
    assert ended.wait(5)
    assert ("slow_module" in sys.modules) == whole
    sys.modules.pop("slow_module", None)


def test_without_time_nothing_begins():
    with pytest.raises(OutOfTime):
        within(0, lambda: pytest.fail("it began"))


def test_numpys_error_state_is_the_callers():
    with np.errstate(divide="raise"):
        assert within(10, np.geterr)["divide"] == "raise"
