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

from westforecast.models import quiet
from westforecast.watch import OutOfTime, within


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


def test_nothing_gets_out(capsys):
    assert noisy() == noisy()
    assert capsys.readouterr() == ("", "")


def test_a_block_inside_a_block_draws_the_same():
    with quiet():
        np.random.random()
        before = process()
        assert noisy() == within(10, noisy)  # also in a thread that the block waits for
        assert process() == before


def test_blocks_of_other_threads_wait():
    order = []

    def second():
        with quiet():
            order.append("second")

    thread = threading.Thread(target=second)
    with quiet():
        thread.start()
        time.sleep(0.05)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


@pytest.mark.parametrize("nested", [False, True])
def test_a_block_that_is_left_is_put_back_at_once(nested):
    before, go, ended = process(), threading.Event(), threading.Event()

    def hang():
        try:
            with quiet(), quiet() if nested else nullcontext():
                while not go.is_set():
                    with suppress(BaseException):  # it does not let itself be stopped
                        time.sleep(0.01)
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.05, hang)
    assert process() == before
    begun = time.perf_counter()
    with quiet():
        inside = process()
        go.set()
        assert ended.wait(10)
        assert process() == inside, "its end is not this block's"
    assert time.perf_counter() - begun < 5


def test_one_that_is_left_while_it_waits_never_begins():
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
            release.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(10)
    with pytest.raises(OutOfTime):
        within(0.05, wait)
    assert ended.wait(10), "it waits for its turn no longer"
    release.set()
    holder.join(10)
    assert not began


def test_after_it_is_left_a_thread_opens_no_block():
    left, ended, opened = threading.Event(), threading.Event(), []

    def stubborn():
        try:
            while not left.is_set():
                with suppress(BaseException):
                    time.sleep(0.01)
            with quiet():
                opened.append(True)
        finally:
            ended.set()

    with pytest.raises(OutOfTime):
        within(0.05, stubborn)
    left.set()
    assert ended.wait(10)
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
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert within(10, noisy) == noisy()
