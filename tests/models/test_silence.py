"""`quiet`: one block at a time, blocks inside blocks, and none that outlives who waited for it."""

import random
import sys
import threading
import time
import warnings
from contextlib import nullcontext, suppress
from functools import partial

import numpy as np
import pytest

from westforecast.models import quiet, silence
from westforecast.watch import OutOfTime, within

from ..hand_clock import PATIENCE


def process():
    """What a block changes for everybody."""
    return sys.stdout, list(warnings.filters), np.random.get_state()[1].tolist()


@pytest.fixture(autouse=True)
def unchanged():
    before = process()
    yield
    assert process() == before


def noisy():
    with quiet():
        print("noise")
        warnings.warn("noise", stacklevel=1)
        return np.random.random()


def wait_for_a_second():
    """Until another thread waits for the block that is open."""
    while not silence._change._waiters:
        time.sleep(1e-3)


def test_nothing_gets_out(capsys):
    assert noisy() == noisy()
    assert capsys.readouterr() == ("", "")


def test_a_block_inside_a_block_draws_the_same():
    with quiet():
        np.random.random()
        before = process()
        assert noisy() == within(PATIENCE, noisy)  # also in a thread that the block waits for
        assert process() == before


def test_blocks_of_other_threads_wait():
    order = []

    def second():
        with quiet():
            order.append("second")

    thread = threading.Thread(target=second)
    with quiet():
        thread.start()
        wait_for_a_second()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_block_that_is_left_is_put_back_at_once(clock, nested):
    before, go, ended = process(), threading.Event(), threading.Event()

    def hang():
        try:
            with quiet(), quiet() if nested else nullcontext():
                clock.time += 1
                while not go.is_set():
                    with suppress(BaseException):  # it does not let itself be stopped
                        time.sleep(0.01)
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.05, hang)
    assert process() == before
    with quiet():  # though that one goes on
        inside = process()
        go.set()
        assert ended.wait(PATIENCE)
        assert process() == inside, "its end is not this block's"


def test_one_that_is_left_while_it_waits_never_begins(clock):
    began, ended = [], threading.Event()

    def wait():
        try:
            with quiet():
                began.append(True)
        finally:
            ended.set()

    release, held = threading.Event(), threading.Event()

    def hold():
        with quiet():
            held.set()
            release.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(PATIENCE)
    late = threading.Thread(target=lambda: (wait_for_a_second(), clock.spend(1)))
    late.start()
    with pytest.raises(OutOfTime):
        within(0.05, wait)
    assert ended.wait(PATIENCE), "it waits for its turn no longer"
    release.set()
    holder.join()
    assert not began


def test_after_it_is_left_a_thread_opens_no_block(clock):
    left, ended, opened = threading.Event(), threading.Event(), []

    def stubborn():
        try:
            while not left.is_set():
                with suppress(BaseException):
                    clock.time += 1
                    time.sleep(0.01)
            with quiet():
                opened.append(True)
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.05, stubborn)
    left.set()
    assert ended.wait(PATIENCE)
    assert not opened


def test_many_that_are_left_at_any_moment_leave_nothing_locked():
    def busy(seconds):
        with quiet(), quiet():
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                np.random.random()

    def run(seed):
        draw = random.Random(seed)
        for _ in range(60):
            with suppress(OutOfTime):
                within(draw.choice([5e-4, 1e-3, 2e-3]), partial(busy, draw.choice([0, 5e-4, 1e-3])))

    threads = [threading.Thread(target=run, args=(k,), daemon=True) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert not any(thread.is_alive() for thread in threads)
    assert within(PATIENCE, noisy) == noisy()
