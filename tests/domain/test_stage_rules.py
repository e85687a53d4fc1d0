"""Rules beside the stage index: classes, bounds, three-valued tests, what is refused."""

import numpy as np
import pytest

from westforecast.domain import RULES, classify, industrialization_complete, late_stage
from westforecast.errors import UnknownNameError, UsageError


@pytest.mark.parametrize(
    ("ratio", "stage"),
    [
        (6, 1), (5, 1), (4, 1), (3.5, 2), (2.5, 2), (1.6, 2), (1.5, 3), (1.2, 3), (1.0, 3),
        (0.4, 4), (0.1, 4),
        (7, 1), (3.8, 1),  # decided: in no printed range
        (0.8, 4), (0.5, 4),  # decided: in the ranges of 3 and 4
    ],
)  # fmt: skip
def test_hoffmann(ratio, stage):
    assert classify("hoffmann", ratio) == stage


@pytest.mark.parametrize(
    ("rule", "values", "names"),
    [
        ("folk_income", [999, 1000, 2999, 3000, 5000], "before early early middle late"),
        ("folk_industrialization", [0.19, 0.2, 0.3535, 0.4, 0.6],
         "before early early semi-industrialized semi-industrialized"),
        ("folk_industrialization", [0.61], "industrialized"),
        ("northam", [0.29, 0.3, 0.4299, 0.7], "slow fast fast fast"),
        ("northam", [0.71], "slow again"),
    ],
)  # fmt: skip
def test_bands(rule, values, names):
    codes = classify(rule, values)
    assert " ".join(RULES[rule].name(code) for code in codes) == names


def test_world_bank_income_groups_of_2011():
    """Low up to 1,005; lower middle to 3,975; upper middle to 12,275; high from 12,276 (S)."""
    values = [1005, 1006, 3975, 3976, 12275, 12276]
    assert classify("world_bank_2011", values).tolist() == [1, 2, 2, 3, 3, 4]
    assert RULES["world_bank_2011"].name(4) == "high income"


@pytest.mark.parametrize("name", RULES)
def test_each_rule_is_complete_and_keeps_shapes(name):
    rule = RULES[name]
    assert len(rule.cuts) == len(rule.classes) - 1
    assert rule.source
    assert rule.mark in {"S", "C", "R", "?"}
    fine = np.linspace(0.001, 1 if rule.share else 20000, 4000).reshape(40, 100)
    small = np.linspace(0.01, 8, 4000).reshape(40, 100)
    values = small if name == "hoffmann" else fine
    codes = classify(name, values)
    assert codes.shape == (40, 100)
    assert set(codes.ravel().tolist()) == set(range(1, len(rule.classes) + 1))
    steps = np.diff(codes.ravel())
    assert (steps <= 0).all() if name == "hoffmann" else (steps >= 0).all()
    holes = values.copy()
    holes[3, 4] = np.nan
    assert classify(name, holes)[3, 4] == 0
    assert rule.name(0) == "-"


def test_the_exam_rule_of_the_late_stage():
    """A < 10 % and I > S (S): China 2010 yes; East 2005 yes; West 2005, China 2014 no."""
    a, i, s = np.array([[9.3, 46.5, 44.2], [7.9, 51.56, 40.55], [17.69, 42.79, 39.52],
                        [8.6, 43.1, 48.3]]).T / 100  # fmt: skip
    assert late_stage(a, i, s).tolist() == [1, 1, 0, 0]
    assert late_stage(0.10, 0.5, 0.4) == 0
    assert late_stage(0.05, 0.475, 0.475) == 0


def test_industrialization_complete():
    assert industrialization_complete(0.10, 0.15, 0.65) == 1
    failing = industrialization_complete([0.15, 0.1, 0.1], [0.1, 0.2, 0.1], [0.7, 0.7, 0.6])
    assert failing.tolist() == [0, 0, 0]
    # China 2005: agriculture 12.6 % of GDP, but 44.8 % of employment and 43 % urban.
    assert industrialization_complete(0.126, 0.448, 0.4299) == 0


def test_what_is_missing_is_open_unless_another_test_settles_it():
    nan = np.nan
    assert industrialization_complete(nan, 0.5, 0.65) == 0
    assert np.isnan(industrialization_complete(nan, 0.1, 0.65))
    assert late_stage(0.2, nan, nan) == 0
    assert np.isnan(late_stage(0.05, 0.5, nan))
    got = industrialization_complete(np.full((2, 1), 0.1), 0.1, np.array([0.5, 0.7, nan]))
    np.testing.assert_array_equal(got, [[0, 1, nan], [0, 1, nan]])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: classify("northam", 42.99), "Divide percent by 100: urban share of population="),
        (lambda: classify("hoffmann", -1), "numbers above 0 expected"),
        (lambda: late_stage(9.3, 46.5, 44.2), r"primary: 9\.3 found .* primary=0\.093"),
        (lambda: industrialization_complete(0.1, 20, 0.6), "primary_employment_share=0.2"),
    ],
)
def test_impossible_values_are_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()


def test_unknown_rules_name_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'hoffmann'"):
        classify("Hofmann", 2)
