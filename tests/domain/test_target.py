"""Target attainment: probabilities, paces, and how often history kept them, against slow twins."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from westforecast import Panel
from westforecast.domain import Goal, attainment, chance, chance_of_quantiles, precedents
from westforecast.domain.target import pace
from westforecast.errors import UsageError

from ..builders import NAN, panel

GOAL = Goal(quantity="q", year=2020, value=200.0, unit="units")
PROBS = (0.025, 0.1, 0.5, 0.9, 0.975)
LAW = NormalDist(100, 20)
QUANTILES = np.array([LAW.inv_cdf(p) for p in PROBS])


def test_probability_is_the_share_of_paths_with_its_error():
    draws = np.random.default_rng(1).normal(0, 1, (2000, 3))
    probability, error = chance(draws, np.array([-1.0, 0.0, 9.0]))
    assert probability.tolist() == [(draws[:, k] >= v).mean() for k, v in enumerate((-1, 0, 9))]
    assert error[1] == pytest.approx(np.sqrt(0.25 / 2000), rel=0.01)
    assert 0 < error[2] < 0.001, "no hit in 2000 is no certainty"
    below, _ = chance(draws, 0.0, at_least=False)
    np.testing.assert_allclose(below, 1 - chance(draws, 0.0)[0])


def test_the_stated_error_is_the_spread_over_repetitions():
    rng = np.random.default_rng(2)
    found = [chance(rng.random(400), 0.8) for _ in range(400)]
    spread = np.std([float(p) for p, _ in found])
    assert spread == pytest.approx(float(found[0][1]), rel=0.15)


def test_quantiles_of_a_normal_law_give_its_probabilities():
    for value in (40.0, 95.0, 100.0, 131.0, 170.0):
        above = chance_of_quantiles(QUANTILES, PROBS, value)
        assert above == pytest.approx(1 - LAW.cdf(value), abs=1e-9)
        below = chance_of_quantiles(QUANTILES, PROBS, value, at_least=False)
        assert below == pytest.approx(LAW.cdf(value), abs=1e-9)


def test_quantiles_with_mass_at_an_end_and_unknown_ones():
    many = np.array([[0.0, 0.0, 0.0, 5.0, 9.0], [3.0] * 5, [NAN] * 5])
    np.testing.assert_array_equal(chance_of_quantiles(many, PROBS, 0.0), [1, 1, NAN])
    np.testing.assert_array_equal(chance_of_quantiles(many, PROBS, 3.0)[1:], [1, NAN])
    np.testing.assert_array_equal(chance_of_quantiles(many, PROBS, 3.1)[1:], [0, NAN])
    at_most = chance_of_quantiles(many, PROBS, 3.0, at_least=False)
    np.testing.assert_array_equal(at_most[1:], [1, NAN])
    assert chance_of_quantiles(many, PROBS, 0.0, at_least=False)[0] == pytest.approx(0.5)
    with pytest.raises(UsageError, match="at least 2 expected"):
        chance_of_quantiles(np.array([1.0]), (0.5,), 1.0)


def slow(many: Panel, years, required, at_least, measure):
    """Windows counted one by one; without overlap by trying every choice of a series."""
    counts = np.zeros(4, int)
    best = {}
    for name, indicator in zip(many.ids, many.indicators, strict=True):
        periods, values = many.series(name)
        seen = {int(t): v for t, v in zip(periods, values, strict=True) if np.isfinite(v)}
        valid, kept = [], []
        for t, v in sorted(seen.items()):
            end = seen.get(t + years)
            if end is None or any(t < b <= t + years for b in indicator.breaks):
                continue
            if measure == "change":
                rate = (end - v) / years
            elif v > 0 and end >= 0:
                rate = (end / v) ** (1 / years) - 1
            else:
                continue
            valid.append(t)
            if rate >= required if at_least else rate <= required:
                kept.append(t)
                if name not in best or (rate > best[name] if at_least else rate < best[name]):
                    best[name] = rate
        counts += [len(valid), len(kept), most(valid, years), most(kept, years)]
    return counts.tolist(), sorted(best.values(), reverse=at_least)[:3]


def most(starts, years):
    """The largest set of windows that do not overlap, by dynamic programming."""
    if not starts:
        return 0
    first, rest = starts[0], starts[1:]
    return max(1 + most([t for t in rest if t >= first + years], years), most(rest, years))


@pytest.mark.parametrize("measure", ["growth", "change"])
@pytest.mark.parametrize("at_least", [True, False])
@pytest.mark.parametrize("years", [1, 3, 7])
def test_precedents_equal_a_slow_count(measure, at_least, years):
    rng = np.random.default_rng(years)
    series = []
    for k in range(8):
        y = 100 * np.exp(np.cumsum(rng.normal(0.04, 0.1, rng.integers(4, 22))))
        y[rng.random(len(y)) < 0.1] = NAN
        y[0], y[-1] = 50.0, -3.0 if k == 2 else 0.0 if k == 3 else 120.0
        series.append(y)
    many = panel(*series, first=[1990 + k for k in range(8)])
    broken = tuple(i.with_(breaks=(1998,) if k == 5 else ()) for k, i in enumerate(many.indicators))
    many = Panel(many.values, many.indptr, many.first, broken, many.calendar)
    required = 0.05 if measure == "growth" else 4.0
    found = precedents(many, years, required, at_least=at_least, measure=measure)
    counts, best = slow(many, years, required, at_least, measure)
    assert [found.windows, found.reached, found.apart, found.reached_apart] == counts
    assert [b.pace for b in found.best] == pytest.approx(best)
    assert counts[0] > counts[1] > 0, "a case that cannot tell is no test"
    for b in found.best:
        assert b.end - b.start == years
        assert many.value(b.series, b.start) == pytest.approx(many.value(b.series, b.start))


def test_a_pace_stated_from_the_same_figures_counts():
    many = panel([100.0, 110.0, 121.0, 150.0])
    required = float(pace(np.array(100.0), np.array(121.0), 2))
    assert precedents(many, 2, required).reached == 2


def test_a_goal_in_a_sentence():
    many = panel(100 * 1.02 ** np.arange(16), 100 * 1.09 ** np.arange(11))
    told = attainment(GOAL, np.linspace(100, 300, 1001), (2010, 100.0), panel=many)
    assert told.probability == pytest.approx(0.5, abs=0.001)
    assert told.required == pytest.approx(2**0.1 - 1)
    assert told.expected == pytest.approx(2**0.1 - 1)
    p = told.precedents
    assert (p.length, p.windows, p.reached, p.apart, p.reached_apart) == (10, 7, 1, 2, 1)
    assert (p.best[0].series, p.best[0].start, p.best[0].end) == ("b", 2000, 2010)
    assert told.sentence == (
        "At least 200 units in 2020: probability 50 % (standard error 1.6). From 100 in 2010 it "
        "takes +7.2 % a year; the median forecast, 200, takes +7.2 %. Such growth was kept in 1 of "
        "7 windows of 10 years (1 of 2 without overlap), in b 2000-2010 +9.0 %."
    )


def test_never_and_nowhere_are_said():
    slow_growth = panel(100 * 1.02 ** np.arange(22))
    told = attainment(GOAL, np.full(100, 120.0), (2010, 100.0), panel=slow_growth)
    assert told.past == "such growth was kept in none of 12 windows of 10 years (2 without overlap)"
    short = attainment(GOAL, np.full(100, 120.0), (2010, 100.0), panel=panel([1.0, 2.0]))
    assert short.past == "history holds no window of 10 years"
    assert "history says nothing of it" in attainment(GOAL, np.ones(9), (2010, 9.0)).past
    empty = panel([NAN, NAN])
    assert precedents(empty, 2, 0.1).windows == 0


@pytest.mark.parametrize("last", [0.0, -5.0])
def test_growth_from_nothing_is_not_defined(last):
    told = attainment(GOAL, np.full(10, 300.0), (2010, last), panel=panel([1.0, 2.0, 3.0]))
    assert told.probability == 1.0
    assert np.isnan(told.required)
    assert told.precedents is None
    assert "is not defined" in told.sentence
    from dataclasses import replace

    change = replace(GOAL, measure="change")
    told = attainment(change, np.full(10, 300.0), (2010, last), panel=panel([0.0] * 12))
    assert told.required == pytest.approx((200 - last) / 10)
    assert told.precedents.windows == 2


def test_an_upper_limit_asks_for_slow_growth():
    goal = Goal(quantity="q", year=2012, value=104.04, at_least=False)
    many = panel(100 * 1.01 ** np.arange(5), 100 * 1.05 ** np.arange(5))
    told = attainment(goal, np.array([90.0, 100.0, 110.0, 120.0]), (2010, 100.0), panel=many)
    assert told.probability == 0.5
    assert (told.precedents.windows, told.precedents.reached) == (6, 3)
    assert told.precedents.best[0].series == "a"


def test_a_forecasts_quantiles_will_do():
    goal = Goal(quantity="q", year=2012, value=110.0)
    told = attainment(goal, QUANTILES, (2010, 100.0), probs=PROBS)
    assert told.probability == pytest.approx(1 - LAW.cdf(110.0))
    assert (told.error, told.median) == (0.0, pytest.approx(100.0))
    assert "standard error" not in told.sentence


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(UsageError, match="after the last observation, 2020"):
        attainment(GOAL, np.ones(5), (2020, 1.0))
    quarters = Panel.from_frame(
        __import__("pandas").DataFrame(
            {"unique_id": "a", "ds": ["2010Q1", "2010Q2"], "y": [1.0, 2.0]}
        )
    )
    with pytest.raises(UsageError, match="an annual panel expected"):
        precedents(quarters, 1, 0.1)
    two = panel([1.0, 2.0], [1.0, 2.0])
    mixed = tuple(i.with_(unit=u) for i, u in zip(two.indicators, ("t", "kg"), strict=True))
    two = Panel(two.values, two.indptr, two.first, mixed, two.calendar)
    with pytest.raises(UsageError, match="different units"):
        precedents(two, 1, 1.0, measure="change")


def test_a_skewed_law_known_by_one_interval_needs_its_point():
    """A lognormal law of 80 % from 1 to 20: its median is sqrt(20), not the middle of both."""
    goal = Goal(quantity="y", year=2020, value=5.0)
    law = NormalDist(0.5 * math.log(20), math.log(20) / 2 / NormalDist().inv_cdf(0.9))
    told = attainment(goal, np.array([1.0, 20.0]), (2010, 2.0), probs=(0.1, 0.9), point=20**0.5)
    assert told.median == pytest.approx(20**0.5)
    assert told.probability == pytest.approx(1 - law.cdf(math.log(5)), abs=0.03)
    assert attainment(goal, np.array([1.0, 20.0]), (2010, 2.0), probs=(0.1, 0.9)).median == 10.5


def test_paths_that_are_none_are_refused():
    goal = Goal(quantity="y", year=2020, value=5.0)
    with pytest.raises(UsageError, match="1 values of the forecast are NaN"):
        attainment(goal, np.array([1.0, float("nan")]), (2010, 2.0))
