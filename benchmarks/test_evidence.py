"""The rule of `compare` finds nothing where there is nothing, and what there is where it can."""

import pytest

from .evidence import Case, rates

RUNS = 300  # a rate of 5 % then has a standard error of 1.3 points


@pytest.mark.parametrize(
    "case",
    [Case(1, 8, 1), Case(1, 8, 3), Case(1, 20, 5), Case(30, 8, 3, 0.5), Case(30, 4, 3)],
    ids=str,
)
def test_false_differences_are_as_rare_as_they_should_be(case):
    found = rates(case, RUNS, resamples=199)
    assert found.false <= 0.1
    assert found.lost <= 0.1


def test_shared_shocks_do_not_pass_for_evidence():
    found = rates(Case(30, 4, 3, 0.5), RUNS, resamples=199)
    assert found.false <= 0.1
    assert found.unsure >= 0.7


def test_a_difference_is_found_where_there_is_much_to_see():
    assert rates(Case(200, 4, 3), 20, resamples=199).power == 1
    assert rates(Case(200, 1, 3, independent=True), 20, resamples=199).power == 1


def test_too_little_is_never_a_verdict():
    assert rates(Case(6, 4, 3), 20, resamples=199).unsure == 1
    assert rates(Case(30, 1, 3), 20, resamples=199).unsure == 1
