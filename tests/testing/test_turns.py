"""Two calls in turns: what they share is found for certain, and nothing else is."""

import threading
import time
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from westforecast.testing import conformance, registered, trial
from westforecast.testing.turns import in_turns

from .mutants import Sound


@dataclass(frozen=True)
class Steps(Sound):
    """Runs a function of a name and a list that all share."""

    def run(self, body, name, shared):
        return body(name, shared)


def both(body, shared):
    model = Steps()
    return in_turns(
        model, lambda: model.run(body, "a", shared), lambda: model.run(body, "b", shared)
    )


def slate(name, shared):
    shared["x"] = name
    time.sleep(0)
    return shared["x"]


def own(name, shared):
    mine = {"x": name}
    time.sleep(0)
    return mine["x"]


LOCK = threading.Lock()


def locked(name, shared):
    with LOCK:
        shared["x"] = name
        time.sleep(0)
        return shared["x"]


def other_ways(name, shared):
    if name == "a":
        for _ in range(3):
            shared["a"] = name
    else:
        shared["b"] = name
    shared["x"] = name
    time.sleep(0)
    return shared["x"]


def sleeps(name, shared):
    time.sleep(0.3)
    shared["x"] = name
    return shared["x"]


def parts(name, shared):
    """The second takes another way before, between and after."""
    more = [name]
    if name == "a":
        more.append(1)
    shared["x"] = name
    if name == "a":
        more.append(2)
    elif name == "b":
        more.append(3)
    return shared["x"]


def in_loops(name, shared):
    found = []
    for k in range(50):
        shared[k] = name
        found.append(shared[k])
    return "".join(dict.fromkeys(found))


@pytest.mark.parametrize("times", range(3))
@pytest.mark.parametrize("body", [slate, other_ways, sleeps, parts, in_loops])
def test_what_the_first_wrote_is_replaced_before_it_reads(body, times):
    found, _ = both(body, {})
    assert "b" in found


@pytest.mark.parametrize("body", [own, locked])
def test_what_is_not_shared_or_behind_a_lock_is_as_alone(body):
    assert both(body, {}) == ("a", "b")


@pytest.mark.parametrize("first", ["a", "b"])
def test_what_one_raises_is_raised_and_the_other_ends(first):
    ended = []

    def fails(name, shared):
        if name == first:
            raise LookupError(name)
        ended.append(name)

    with pytest.raises(LookupError, match=first):
        both(fails, {})
    assert ended


@dataclass(frozen=True)
class Local(Sound):
    """Keeps a slate for each thread."""

    slate: ClassVar[threading.local] = threading.local()

    def forecast_one(self, y, horizon, probs, context):
        self.slate.mean = float(np.nanmean(y))
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean + self.slate.mean, quantiles + self.slate.mean


@dataclass(frozen=True)
class Held(Sound):
    """Keeps one slate, and lets one thread at a time have it."""

    slate: ClassVar[list[float]] = [0.0]
    turn: ClassVar[threading.RLock] = threading.RLock()

    def forecast_one(self, y, horizon, probs, context):
        with self.turn:
            self.slate[0] = float(np.nanmean(y))
            mean, quantiles = super().forecast_one(y, horizon, probs, context)
            return mean + self.slate[0], quantiles + self.slate[0]


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("model", [Local(), Held()], ids=repr)
def test_models_that_keep_threads_apart_keep_the_promise(model, slow, monkeypatch, clock):
    monkeypatch.setattr(trial, "SLOW", -1.0 if slow else 1e9)
    found = conformance.conclude(registered()["threads"], trial.Trial(model, tier="full"), {})
    assert (found.outcome, found.detail) == ("passed", "")
