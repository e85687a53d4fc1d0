"""What foreign code does to the process is put back, whichever thread it runs in."""

import sys
import threading
import warnings

import pytest

from westforecast import UsageError
from westforecast.plugin.foreign import ForeignError, called, contained, told, watched
from westforecast.watch import OutOfTime

from ..hand_clock import PATIENCE


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


def test_a_thread_that_does_not_come_back_takes_nothing_with_it(capsys, clock):
    before, filters = (sys.stdout, sys.stderr), list(warnings.filters)
    release = threading.Event()

    def hangs():
        with contained():
            warnings.simplefilter("ignore")
            sys.stdout = None
            clock.time += 1
            release.wait()

    with pytest.raises(OutOfTime):
        watched(0.1, hangs)
    assert (sys.stdout, sys.stderr) == before
    assert list(warnings.filters) == filters
    release.set()


def test_the_last_of_several_threads_restores(capsys):
    before = sys.stdout
    entered, leave = threading.Event(), threading.Event()

    def waits():
        with contained():
            entered.set()
            leave.wait()

    thread = threading.Thread(target=waits)
    thread.start()
    assert entered.wait(PATIENCE)
    with contained(), contained():
        leave.set()
        thread.join()
        assert sys.stdout is sys.stderr
    assert sys.stdout is before
