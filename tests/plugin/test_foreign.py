"""What foreign code does to the process is put back, whichever thread it runs in."""

import sys
import threading
import time
import warnings

import pytest

from westforecast import UsageError
from westforecast.plugin.foreign import ForeignError, called, contained, told, watched
from westforecast.watch import OutOfTime


def test_what_is_called():
    assert called(lambda: 5) == 5
    with pytest.raises(ForeignError, match=r"^SystemExit: 3$") as caught:
        called(lambda: sys.exit(3))
    assert isinstance(caught.value.__cause__, SystemExit)

    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watched(10, lambda: called(interrupted))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("x"), "ValueError: x"),
        (ValueError(), "ValueError"),
        (ValueError("\n\nfirst\nsecond"), "ValueError: first ..."),
        (ValueError("y" * 301), f"ValueError: {'y' * 300} ..."),
        (UsageError("x=5 found, 6 expected."), "x=5 found, 6 expected."),
        (UsageError(), "UsageError"),
    ],
)
def test_errors_in_one_line(error, text):
    assert told(error) == text


def test_a_thread_that_does_not_come_back_takes_nothing_with_it(capsys):
    before, filters = (sys.stdout, sys.stderr), list(warnings.filters)

    def hangs():
        with contained():
            warnings.simplefilter("ignore")
            sys.stdout = None
            time.sleep(1)

    with pytest.raises(OutOfTime):
        watched(0.1, hangs)
    assert (sys.stdout, sys.stderr) == before
    assert list(warnings.filters) == filters


def test_the_last_of_several_threads_restores(capsys):
    before = sys.stdout
    entered, leave = threading.Event(), threading.Event()

    def waits():
        with contained():
            entered.set()
            leave.wait(5)

    thread = threading.Thread(target=waits)
    thread.start()
    entered.wait(5)
    with contained(), contained():
        leave.set()
        thread.join()
        assert sys.stdout is sys.stderr
    assert sys.stdout is before
