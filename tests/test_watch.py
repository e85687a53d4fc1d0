"""`within`: an answer in time, an error as it was raised, or OutOfTime and a thread that ends."""

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


def test_without_time_nothing_begins():
    with pytest.raises(OutOfTime):
        within(0, lambda: pytest.fail("it began"))


def test_numpys_error_state_is_the_callers():
    with np.errstate(divide="raise"):
        assert within(10, np.geterr)["divide"] == "raise"
