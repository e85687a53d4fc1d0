"""Engines: answers in the order of the tasks, whoever works."""

import os
import threading
import time
from dataclasses import dataclass
from importlib import import_module

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import westforecast as wf
from westforecast import Forecast, Model, UsageError, WestforecastError
from westforecast.engines import (
    AutoEngine,
    ProcessEngine,
    SerialEngine,
    ThreadEngine,
    one_blas_thread,
)

from .builders import panel, walk


def slow_first(task):
    time.sleep(0.05 if task == 0 else 0)
    return task, threading.get_ident()


@pytest.mark.parametrize(
    "engine", [SerialEngine(), ThreadEngine(3), ThreadEngine(), AutoEngine(3), AutoEngine()]
)
def test_answers_keep_the_order_of_tasks(engine):
    assert [task for task, _ in engine.map(slow_first, range(6))] == list(range(6))
    assert list(engine.map(slow_first, [])) == []


def test_threads_share_the_work():
    barrier = threading.Barrier(3, timeout=10)
    assert len(list(ThreadEngine(3).map(lambda _: barrier.wait(), range(3)))) == 3


@pytest.mark.parametrize("engine", [SerialEngine(), ThreadEngine(2), AutoEngine(2)])
def test_what_a_task_raises_is_raised(engine):
    with pytest.raises(ZeroDivisionError):
        list(engine.map(lambda task: 1 / task, [1, 0]))


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(workers):
    for engine in (ThreadEngine, ProcessEngine, AutoEngine):
        with pytest.raises(UsageError, match=f"workers={workers} found, at least 1"):
            engine(workers)


class TestAuto:
    def test_a_single_task_stays_here(self):
        here = threading.get_ident()
        assert list(AutoEngine(3).map(lambda _: threading.get_ident(), [0])) == [here]

    def test_several_share_threads(self):
        barrier = threading.Barrier(3, timeout=10)
        assert len(list(AutoEngine(3).map(lambda _: barrier.wait(), range(3)))) == 3

    def test_tasks_that_do_not_bear_others_beside_them_run_one_after_the_other(self):
        assert AutoEngine(3).alone() == SerialEngine()
        for engine in (SerialEngine(), ThreadEngine(3), ProcessEngine(3)):
            assert engine.alone() is engine


def blas_threads():
    """How many threads each loaded BLAS may use."""
    return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    with threadpool_limits(2, "blas"):
        if blas_threads() != {2}:
            pytest.skip("no BLAS whose threads can be set")
        yield


@dataclass(frozen=True)
class Counts(Model):
    """Forecasts the number of BLAS threads of its calls; calls of several windows may fail."""

    fails: bool = False

    def compute(self, windows, horizon, levels):
        (found,) = blas_threads()
        if self.fails:
            raise LookupError("not today")
        return Forecast.normal(np.full((len(windows), horizon), found), np.zeros((1, 1)), levels)


@pytest.mark.usefixtures("two_threads")
class TestOneBlasThread:
    @pytest.mark.parametrize("engine", ["auto", "serial", "threads"])
    def test_a_run_computes_with_one_and_puts_two_back(self, engine):
        data = panel(walk(20, 1), walk(15, 2))
        result = wf.backtest(data, {"n": Counts(), "m": Counts()}, h=2, n_windows=2, engine=engine)
        assert (result.forecasts["n"].mean == 1).all()
        assert blas_threads() == {2}

    @pytest.mark.parametrize("engine", ["auto", "serial", "threads"])
    def test_two_are_back_after_an_error(self, engine):
        data = panel(*[walk(20, 1)] * 9)
        with pytest.raises(wf.ModelError):
            wf.forecast(data, Counts(fails=True), h=1, engine=engine, on_error="raise")
        assert blas_threads() == {2}
        with pytest.raises(ZeroDivisionError), one_blas_thread():
            _ = 1 / 0
        assert blas_threads() == {2}

    def test_the_outermost_alone_changes_it_and_puts_it_back(self):
        with one_blas_thread():
            with one_blas_thread():
                assert blas_threads() == {1}
            assert blas_threads() == {1}
        assert blas_threads() == {2}

    def test_runs_beside_each_other_leave_it_as_it_was(self):
        inside, leave = threading.Event(), threading.Event()

        def other():
            with one_blas_thread():
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=other)
        with one_blas_thread():
            thread.start()
            assert inside.wait(10)
        leave.set()
        thread.join()
        assert blas_threads() == {2}
        with one_blas_thread():
            assert blas_threads() == {1}, "and the next can change it again"

    def test_it_holds_in_worker_processes(self, tmp_path, monkeypatch):
        (tmp_path / "counting.py").write_text(COUNTING)
        monkeypatch.syspath_prepend(tmp_path)
        counting = import_module("counting")
        data = panel(walk(20, 1), walk(15, 2))
        result = wf.forecast(data, {"n": counting.Counts()}, h=1, engine=ProcessEngine(1))
        assert (result.forecasts["n"].mean == 1).all()


# A module, because a worker process cannot import a class of a test.
COUNTING = """
from dataclasses import dataclass
import numpy as np
from threadpoolctl import threadpool_info
from westforecast import Forecast, Model

@dataclass(frozen=True)
class Counts(Model):
    def compute(self, windows, horizon, levels):
        (found,) = {o["num_threads"] for o in threadpool_info() if o["user_api"] == "blas"}
        return Forecast.normal(np.full((len(windows), horizon), found), np.zeros((1, 1)), levels)
"""


class TestProcesses:
    def test_they_give_the_same_numbers(self):
        data = panel(walk(20, 1), walk(15, 2), [1.0])
        arguments = {"h": 2, "n_windows": 2, "align": "series", "levels": [80]}
        models = ["Drift", "DampedLogGrowth"]
        here = wf.backtest(data, models, **arguments)
        there = wf.backtest(data, models, engine=ProcessEngine(1), **arguments)
        for name in models:
            for field in ("mean", "quantiles", "status"):
                np.testing.assert_array_equal(
                    getattr(here.forecasts[name], field), getattr(there.forecasts[name], field)
                )
            assert here.forecasts[name].reason == there.forecasts[name].reason

    def test_what_cannot_be_sent_is_told_before_anything_starts(self):
        with pytest.raises(UsageError, match=r'cannot be sent to other processes.*"threads"'):
            list(ProcessEngine(1).map(lambda task: task, [1]))

    def test_a_worker_that_dies_is_told(self):
        with pytest.raises(WestforecastError, match=r"a worker process ended before its work"):
            list(ProcessEngine(1).map(os._exit, [1]))
