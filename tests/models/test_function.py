"""A decorated function is a model: settings, statuses, pickles, words for what it gets wrong."""

import pickle
from functools import partial

import numpy as np
import pytest

import westforecast as wf
from westforecast import UsageError, series_model
from westforecast.models import OutOfDomain, Windows

from ..builders import panel

DATA = panel([1, 2, 4, 7, 11], [5, 4, 6, 5, 7])


@series_model(min_train=3, scale_equivariant=True)
def recent_change(y, horizon, *, k: int = 2):
    """The mean of the last k changes, carried on."""
    return y[-1] + np.diff(y)[-k:].mean() * np.arange(1, horizon + 1)


@series_model()
def peevish(y, horizon, mood="good"):
    if mood == "polite":
        raise OutOfDomain("not today")
    return np.zeros(horizon + (mood == "wrong"))


def test_it_is_a_class_of_models_with_settings():
    assert recent_change() == recent_change(k=2) != recent_change(k=3)
    assert repr(recent_change(k=3)) == "recent_change(k=3)"
    assert recent_change().name == "recent_change"
    assert recent_change.__doc__ == "The mean of the last k changes, carried on."
    assert recent_change().capabilities == {"scale_equivariant"}
    assert not recent_change().batch
    assert hash(recent_change()) == hash(recent_change())


def test_it_forecasts_under_its_name():
    frame = wf.forecast(DATA, [recent_change, recent_change(k=1)][:1], h=2).long()
    assert frame["yhat"].tolist() == [14.5, 18, 7.5, 8]  # last changes 3 and 4; -1 and 2
    assert set(frame["model"]) == {"recent_change"}
    both = wf.forecast(DATA, {"one": recent_change(k=1), "two": recent_change}, h=1).long()
    assert both["yhat"].tolist() == [15, 9, 14.5, 7.5]


def test_it_has_no_interval_and_says_so():
    frame = wf.forecast(DATA, recent_change, h=1, levels=(80,)).long()
    assert frame["lo-80"].isna().all()
    assert set(frame["reason"]) == {"forecast without an interval"}


def test_short_series_never_reach_it():
    frame = wf.backtest(DATA, recent_change, h=1, n_windows=3, levels=()).long()
    assert set(frame["status"]) == {"too_short", "ok"}


def test_it_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(recent_change(k=4))) == recent_change(k=4)


@pytest.mark.parametrize(
    ("mood", "status", "reason"),
    [
        ("polite", "out_of_domain", "not today"),
        (
            "wrong", "failed",
            "ValueError: peevish gave an array of shape (3,); expected (2,), a forecast a step",
        ),
    ],
)  # fmt: skip
def test_what_it_does_wrong_is_told_in_its_name(mood, status, reason):
    frame = wf.forecast(DATA, peevish(mood=mood), h=2).long()
    assert set(frame["status"]) == {status}
    assert set(frame["reason"]) == {reason}


SHAPE = r"def name\(y, horizon, setting=default\)"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda y, horizon: y, rf"<lambda> .* which has no name, .*: write {SHAPE}"),
        (partial(np.full, 1), rf"partial\(.* which has no name, .*: write {SHAPE}"),
        (max, rf"max does not say what it takes; write {SHAPE}"),
        (dict, rf"<class 'dict'> found; expected a function: {SHAPE}"),
        ("Drift", "'Drift' found; expected a function"),
    ],
)
def test_what_is_no_function(function, message):
    with pytest.raises(UsageError, match=message):
        series_model()(function)


def test_functions_of_another_shape():
    def alone(y): ...

    def starred(*y): ...

    def needs(y, horizon, k): ...

    def anything(y, horizon, **rest): ...

    for function, message in [
        (alone, rf"alone\(y\) found; expected {SHAPE}"),
        (starred, r"starred\(\*y\) found"),
        (needs, "needs takes 'k'; a setting is taken by name and has a default"),
        (anything, r"anything takes '\*\*rest'"),
    ]:
        with pytest.raises(UsageError, match=message):
            series_model()(function)


@pytest.mark.parametrize("taken", ["forecast", "required", "compute", "name", "min_train"])
def test_settings_do_not_hide_what_a_model_is(taken):
    made = {}
    exec(f"def ours(y, horizon, {taken}=1): ...", made)
    with pytest.raises(UsageError, match=f"ours takes '{taken}=1', .* another name"):
        series_model()(made["ours"])


def test_settings_that_hide_nothing():
    @series_model
    def ours(y, horizon, self=1, mro=2, context=3):
        return np.full(horizon, self + mro + context)

    assert wf.forecast(DATA, ours(mro=5), h=1).long()["yhat"].tolist() == [9, 9]


@pytest.mark.parametrize(
    ("default", "kind"), [([1, 2], "list"), ({}, "dict"), (np.zeros(2), "ndarray")]
)
def test_defaults_that_can_be_changed(default, kind):
    def ours(y, horizon, k=default): ...

    with pytest.raises(UsageError, match=rf"ours takes 'k=.* a {kind}, .*: use a tuple"):
        series_model()(ours)


@pytest.mark.parametrize("least", ["3", 3.5, -3, True])
def test_a_shortest_series_that_is_no_count(least):
    with pytest.raises(UsageError, match=f"min_train={least!r} found, a whole number"):
        series_model(min_train=least)


def test_without_parentheses_the_defaults_hold():
    @series_model
    def last(y, horizon):
        return np.full(horizon, y[-1])

    assert last().min_train == 1
    assert wf.forecast(DATA, last, h=1).long()["yhat"].tolist() == [11, 7]


def test_a_missing_return_is_named():
    @series_model
    def forgetful(y, horizon):
        y.mean()

    answer = forgetful().forecast(Windows.of(panel([1, 2, 3])), 2)
    assert answer.reason == {0: "TypeError: forgetful gave nothing; is a `return` missing?"}
