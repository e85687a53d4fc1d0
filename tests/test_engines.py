"""Engines: answers in the order of the tasks, whoever works."""

import os
import threading
import time

import numpy as np
import pytest

import westforecast as wf
from westforecast import UsageError, WestforecastError
from westforecast.engines import ProcessEngine, SerialEngine, ThreadEngine

from .builders import panel, walk


def slow_first(task):
    time.sleep(0.05 if task == 0 else 0)
    return task, threading.get_ident()


@pytest.mark.parametrize("engine", [SerialEngine(), ThreadEngine(3), ThreadEngine()])
def test_answers_keep_the_order_of_tasks(engine):
    assert [task for task, _ in engine.map(slow_first, range(6))] == list(range(6))
    assert list(engine.map(slow_first, [])) == []


def test_threads_share_the_work():
    barrier = threading.Barrier(3, timeout=10)
    assert len(list(ThreadEngine(3).map(lambda _: barrier.wait(), range(3)))) == 3


@pytest.mark.parametrize("engine", [SerialEngine(), ThreadEngine(2)])
def test_what_a_task_raises_is_raised(engine):
    with pytest.raises(ZeroDivisionError):
        list(engine.map(lambda task: 1 / task, [1, 0]))


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker(workers):
    for engine in (ThreadEngine, ProcessEngine):
        with pytest.raises(UsageError, match=f"workers={workers} found, at least 1"):
            engine(workers)


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
