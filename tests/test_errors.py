"""Errors say what was found, where, what was expected and what to do."""

import pickle

import pytest

from westforecast import errors
from westforecast.errors import DataError, Problem, UnknownNameError, WestforecastError, nearest

ONE = Problem("row 3", "y = 'x'", "a number", "Correct it.")


def test_every_error_has_one_base_and_a_builtin_one():
    builtin = {
        errors.UsageError: ValueError, errors.UnknownNameError: LookupError,
        errors.DataError: ValueError, errors.ModelError: RuntimeError,
        errors.PluginError: RuntimeError,
    }  # fmt: skip
    for kind, base in builtin.items():
        assert issubclass(kind, WestforecastError)
        assert issubclass(kind, base)
    assert issubclass(errors.WestforecastWarning, UserWarning)


def test_a_message_lists_the_problems():
    assert str(DataError([ONE], "data.csv")) == (
        "1 problem in data.csv:\n  - row 3: y = 'x'; expected a number. Correct it."
    )


def test_many_problems_are_counted_and_kept():
    error = DataError([ONE] * 25)
    assert str(error).count("\n  - ") == 20
    assert str(error).endswith("... and 5 more (see `.problems` of this error)")
    assert len(error.problems) == 25


def test_errors_cross_process_borders():
    error = pickle.loads(pickle.dumps(DataError([ONE], "data.csv")))
    assert error.problems == (ONE,)
    assert str(error) == str(DataError([ONE], "data.csv"))
    assert str(pickle.loads(pickle.dumps(UnknownNameError("no such")))) == "no such"


@pytest.mark.parametrize(
    ("name", "known", "sentence"),
    [
        ("naive", ["Naive", "Drift"], "Did you mean 'Naive'?"),
        ("Drfit", ["Naive", "Drift"], "Did you mean 'Drift'?"),
        ("xyz", ["b", "a", "b"], "Known: a, b."),
        ("xyz", [], "None is known."),
        (5, [1, 2], "Known: 1, 2."),
        (None, ["a"], "Known: a."),
    ],
)
def test_nearest(name, known, sentence):
    assert nearest(name, known) == sentence


def test_nearest_lists_only_some_of_many():
    assert nearest("xyz", map(str, range(1000, 3000))).endswith("1019 and 1,980 more.")
