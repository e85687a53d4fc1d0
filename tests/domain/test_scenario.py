"""Scenarios: phases, operators, stacks, differences, the audit trail, exact decompositions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from westforecast.domain import (
    OPERATORS,
    Band,
    Cases,
    DeepProcessing,
    Elasticity,
    Growth,
    Multiply,
    Outlook,
    Override,
    Scenario,
    ShareShift,
    Target,
    decompose,
    divisia,
    shift_share,
)
from westforecast.domain.change import phase
from westforecast.domain.decomposition import log_mean
from westforecast.errors import UsageError
from westforecast.series import Indicator

YEARS = np.arange(2010, 2021)
PERCENT = Indicator(id="s", kind="share", unit="percent")
FRACTION = Indicator(id="s", kind="share", unit="fraction")


def test_a_change_is_phased_in_over_five_years():
    assert phase(YEARS, 2010, 5).tolist() == [0, 0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1, 1, 1]


def test_share_shift_moves_the_share_by_points_and_leaves_the_origin():
    share = np.full((3, 11), 8.95)
    moved = ShareShift(series="share", points=3).apply(share, YEARS, 2010, PERCENT)
    assert moved[0, 0] == 8.95
    np.testing.assert_allclose(moved[:, -1], 11.95)
    np.testing.assert_allclose(moved[:, 2], 8.95 + 3 * 0.4)
    assert share[0, -1] == 8.95, "the given values are left as they were"


def test_deep_processing_to_the_nation_and_to_the_east():
    west, east = 27.12 / 33.54, 45.70 / 34.56
    assert west == pytest.approx(0.8086, abs=5e-5)
    assert east == pytest.approx(1.3223, abs=5e-5)
    share = np.full(11, 8.95)
    nation = DeepProcessing(series="s", coefficient=west, over=10).apply(
        share, YEARS, 2010, PERCENT
    )
    assert nation[-1] / 8.95 == pytest.approx(1.2367, abs=5e-5)
    far = DeepProcessing(series="s", coefficient=west, target=east, over=10)
    assert far.apply(share, YEARS, 2010, PERCENT)[-1] / 8.95 == pytest.approx(1.6354, abs=1e-4)


def test_changes_of_a_scenario_follow_each_other():
    scenario = Scenario(
        "both",
        "why",
        (ShareShift(series="s", points=2, over=1), Multiply(series="s", factor=2.0, over=1)),
    )
    changed = scenario.apply(
        {"s": np.full(11, 10.0), "t": np.ones(11)}, YEARS, 2010, {"s": PERCENT}
    )
    assert changed["s"].tolist() == [10.0] + [24.0] * 10
    assert changed["t"].tolist() == [1.0] * 11


def test_points_of_a_share_stored_as_a_fraction():
    share = np.full(11, 0.0895)
    moved = ShareShift(series="s", points=3).apply(share, YEARS, 2010, FRACTION)
    assert moved[-1] == pytest.approx(0.1195)


@pytest.mark.parametrize(
    "change",
    [
        ShareShift(series="s", points=95),
        ShareShift(series="s", points=-20),
        Multiply(series="s", factor=20),
        DeepProcessing(series="s", coefficient=0.01),
    ],
)
def test_no_operator_takes_a_share_out_of_its_bounds(change):
    scenario = Scenario("too far", "why", (change,))
    with pytest.raises(UsageError, match=r"leaves 0 to 100 .*smaller change"):
        scenario.apply({"s": np.full((5, 11), 8.95)}, YEARS, 2010, {"s": PERCENT})


def test_a_single_path_at_the_edge_does_not_stop_a_scenario():
    paths = np.full((9, 11), 50.0)
    paths[0] = 99.9
    scenario = Scenario("up", "why", (ShareShift(series="s", points=1),))
    moved = scenario.apply({"s": paths}, YEARS, 2010, {"s": PERCENT})["s"]
    assert moved.max() == 100
    assert moved[1, -1] == 51


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ShareShift(series="s", points=1, over=0), "over=0"),
        (lambda: Multiply(series="s", factor=0), "factor=0"),
        (lambda: DeepProcessing(series="s", coefficient=-1), "coefficient=-1"),
    ],
)
def test_impossible_settings_are_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()


def test_the_source_texts_own_sum():
    """3 to 5 points with a market that grows 20 percent a year: domain.md, section 4."""
    base, market = 60.0, 60.0 * 1.2**5
    low = decompose(base, market, 0.0895, 0.1195)
    high = decompose(base, market, 0.0895, 0.1395)
    assert low.total == pytest.approx(12.47, abs=0.01)
    assert high.total == pytest.approx(15.46, abs=0.01)
    assert (low.market, low.share, low.interaction) == pytest.approx((7.99, 1.8, 2.68), abs=0.01)
    assert (high.share, high.interaction) == pytest.approx((3.0, 4.46), abs=0.01)


def test_the_source_texts_implied_base():
    """+2 bn for 3 points, +3 bn for 5: 66.7 and 60 bn; +33.5 to +55.9 % on a share of 8.95."""
    assert pytest.approx((66.7, 60.0), abs=0.04) == (2 / 0.03, 3 / 0.05)
    assert pytest.approx((33.5, 55.9), abs=0.04) == (100 * 3 / 8.95, 100 * 5 / 8.95)


numbers = st.floats(0.01, 1e6)
shares = st.floats(0.0, 1.0)


@settings(derandomize=True, max_examples=200)
@given(numbers, numbers, shares, shares)
def test_parts_add_up(market0, market1, share0, share1):
    parts = decompose(market0, market1, share0, share1)
    scale = max(market0, market1)
    assert abs(parts.market + parts.share + parts.interaction - parts.total) <= 1e-12 * scale
    assert parts.total == pytest.approx(share1 * market1 - share0 * market0, abs=1e-12 * scale)


# --- operators, all of them ----------------------------------------------------------------------

LEVEL = Indicator(id="y", unit="units")
DRIVER = Indicator(id="x", unit="CNY")
KNOWN = {"y": LEVEL, "x": DRIVER, "s": PERCENT}


def fan(seed=0, paths=201):
    """Paths that grow, with a spread that grows: the same origin, as an observed value has."""
    steps = np.random.default_rng(seed).normal(0.08, 0.1, (paths, 10))
    return 100 * np.exp(np.cumsum(np.c_[np.zeros(paths), steps], axis=1))


def world(seed=0):
    return {"y": fan(seed), "x": fan(seed + 1), "s": np.clip(fan(seed + 2) / 4, 0, 100)}


def moved(*changes, values=None, origin=2010):
    values = world() if values is None else values
    return Scenario("t", "why", changes).apply(values, YEARS, origin, KNOWN)


def middle(paths):
    return np.median(paths, axis=0)


EVERY = [
    ShareShift(series="s", points=3),
    Multiply(series="y", factor=1.5, shape="logistic"),
    DeepProcessing(series="y", coefficient=0.8086, start=2012),
    Override(series="y", values={2012: 150.0, 2015: 200.0}),
    Override(series="y", values={2012: 150.0, 2015: 200.0}, fill="linear"),
    Target(series="y", year=2018, value=300.0),
    Target(series="y", year=2018, value=300.0, path="growth", start=2012),
    Target(series="s", year=2018, value=60.0, path="share", shape="logistic"),
    Growth(series="y", rate=0.03),
    Growth(series="y", rate={2013: 0.01, 2014: -0.2}, mode="add", over=3),
]


@pytest.mark.parametrize("change", EVERY, ids=lambda c: c.describe())
def test_every_operator_leaves_the_origin_the_past_and_other_series(change):
    before = world()
    kept = {name: paths.copy() for name, paths in before.items()}
    for origin in (2010, 2011):
        after = moved(change, values=before, origin=origin)
        upto = origin - 2010 + 1
        np.testing.assert_array_equal(after[change.series][:, :upto],
                                      before[change.series][:, :upto])  # fmt: skip
        assert (after[change.series] != before[change.series]).any()
        assert all(after[n] is before[n] for n in before if n != change.series)
    for name, paths in before.items():
        np.testing.assert_array_equal(paths, kept[name])


def test_every_operator_is_registered_and_tested():
    tested = {change.op for change in EVERY} | {"elasticity"}
    assert tested == set(OPERATORS)


@pytest.mark.parametrize("shape", ["linear", "logistic", "step"])
def test_phases_begin_and_end_alike(shape):
    share = phase(YEARS, 2012, 5, shape)
    assert share[:3].tolist() == [0, 0, 0]
    assert share[7:].tolist() == [1, 1, 1, 1]
    assert (np.diff(share) >= 0).all()


def test_phases_differ_between():
    assert phase(YEARS, 2010, 4, "step")[:5].tolist() == [0, 0, 0, 0, 1]
    curve = phase(YEARS, 2010, 4, "logistic")
    assert curve[2] == pytest.approx(0.5)
    assert curve[1] < 0.25
    assert curve[1] + curve[3] == pytest.approx(1)


@pytest.mark.parametrize("path", ["level", "growth"])
def test_a_target_is_reached_by_the_median_and_relative_widths_stay(path):
    before = world()["y"]
    after = moved(Target(series="y", year=2018, value=300.0, path=path))["y"]
    assert middle(after)[8] == pytest.approx(300.0, rel=1e-12)
    for q in (0.05, 0.9):
        np.testing.assert_allclose(
            np.quantile(after, q, axis=0) / middle(after),
            np.quantile(before, q, axis=0) / middle(before), rtol=1e-12,
        )  # fmt: skip
    # What comes after the target year grows as it did.
    np.testing.assert_allclose(after[:, 10] / after[:, 8], before[:, 10] / before[:, 8])


def test_a_target_by_growth_grows_steadily():
    steady = Target(series="y", year=2018, value=300.0, path="growth", start=2012)
    after = middle(moved(steady)["y"])
    steps = after[3:9] / after[2:8]
    np.testing.assert_allclose(steps, steps[0], rtol=1e-12)
    np.testing.assert_array_equal(after[:3], middle(world()["y"])[:3])


def test_a_target_of_a_share_keeps_odds_ratios_and_bounds():
    before = np.tile(np.array([[0.0], [20.0], [40.0], [99.0], [100.0]]), 11)
    after = moved(Target(series="s", year=2015, value=70.0, path="share"),
                  values={"s": before})["s"]  # fmt: skip
    assert after[2, 5] == pytest.approx(70.0)
    assert after[[0, 4]].tolist() == before[[0, 4]].tolist(), "a path at a bound stays there"
    odds = lambda s: s / (100 - s)  # noqa: E731
    ratio = odds(after[1:4, 5]) / odds(before[1:4, 5])
    np.testing.assert_allclose(ratio, ratio[0])


def test_growth_is_replaced_or_raised_on_the_median():
    before = middle(world()["y"])
    growth = before[1:] / before[:-1] - 1
    replaced = middle(moved(Growth(series="y", rate=0.03))["y"])
    np.testing.assert_allclose(replaced[1:] / replaced[:-1] - 1, 0.03)
    raised = middle(moved(Growth(series="y", rate=0.02, mode="add", over=2))["y"])
    wanted = growth + 0.02 * np.array([0.5, *[1.0] * 9])
    np.testing.assert_allclose(raised[1:] / raised[:-1] - 1, wanted)
    one_year = middle(moved(Growth(series="y", rate={2013: 0.5}))["y"])
    wanted = np.where(np.arange(2011, 2021) == 2013, 0.5, growth)
    np.testing.assert_allclose(one_year[1:] / one_year[:-1] - 1, wanted)


def test_override_sets_years_or_draws_lines():
    values = {2012: 150.0, 2015: 210.0}
    plain = moved(Override(series="y", values=values))["y"]
    assert set(plain[:, 2]) == {150.0}
    assert set(plain[:, 5]) == {210.0}
    np.testing.assert_array_equal(plain[:, 3], world()["y"][:, 3])
    lines = moved(Override(series="y", values=values, fill="linear"))["y"]
    assert lines[0].tolist() == pytest.approx([100, 125, 150, 170, 190, *[210] * 6])


@pytest.mark.parametrize("convention", ["log-log", "annual", "period"])
def test_an_elasticity_carries_the_drivers_change_over(convention):
    """The textbook case: +75 % in five years at e = 0.325 (domain.md, 2.1)."""
    flat = {"y": np.full((3, 11), 10.0), "x": np.full((3, 11), 4.0)}
    rate = 1.75 ** (1 / 5) - 1
    after = moved(
        Growth(series="x", rate=dict.fromkeys(range(2011, 2016), rate)),
        Elasticity(series="y", driver="x", elasticity=0.325, convention=convention),
        values=flat,
    )
    wanted = {"log-log": 1.199, "annual": 1.208, "period": 1.244}[convention]
    assert after["y"][0, 5] / 10 == pytest.approx(wanted, abs=5e-4)
    assert after["y"][0, 10] == pytest.approx(after["y"][0, 5])


@pytest.mark.parametrize("convention", ["log-log", "annual", "period"])
def test_elasticities_equal_a_slow_loop(convention):
    before, e = world(), 0.7
    driver = Multiply(series="x", factor=1.4, over=6)
    after = moved(driver, Elasticity(series="y", driver="x", elasticity=e, convention=convention))
    x, changed = before["x"], after["x"]
    for p in range(0, 201, 40):
        old = new = 1.0
        for t in range(1, 11):
            if convention == "annual":
                old *= 1 + e * (x[p, t] / x[p, t - 1] - 1)
                new *= 1 + e * (changed[p, t] / changed[p, t - 1] - 1)
            elif convention == "period":
                old = 1 + e * (x[p, t] / x[p, 0] - 1)
                new = 1 + e * (changed[p, t] / changed[p, 0] - 1)
            else:
                old, new = (x[p, t] / x[p, 0]) ** e, (changed[p, t] / changed[p, 0]) ** e
            assert after["y"][p, t] == pytest.approx(before["y"][p, t] * new / old, rel=1e-12)


def test_stacked_elasticities_count_no_change_twice():
    link = Elasticity(series="y", driver="x", elasticity=2.0)
    first, second = Multiply(series="x", factor=1.2), Multiply(series="x", factor=1.5)
    once = moved(first, second, link)
    twice = moved(first, link, second, link)
    np.testing.assert_allclose(once["y"], twice["y"], rtol=1e-12)


def test_an_elasticity_needs_its_drivers_change_before_it():
    link = Elasticity(series="y", driver="x", elasticity=2.0)
    with pytest.raises(UsageError, match="Put the driver's change first"):
        moved(link, Multiply(series="x", factor=1.2))
    with pytest.raises(UsageError, match=r"no series 'z'\. "):
        moved(Elasticity(series="y", driver="z", elasticity=2.0))


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Growth(series="y", rate=8), "0.08 for 8 percent"),
        (lambda: Growth(series="y", rate=0.1, mode="ad"), "mode='ad' found"),
        (lambda: Multiply(series="y", factor=2, shape="line"), "Did you mean 'linear'"),
        (lambda: Multiply(series="y", factor=2, date="31.3.2011"), "an ISO date expected"),
        (lambda: Override(series="y", values={}), "values is empty"),
        (lambda: Target(series="y", year=2015, value=1, start=2015), "a year before 2015"),
        (lambda: Target(series="y", year=2015, value=1, path="growth", shape="step"), "steady"),
        (lambda: Elasticity(series="y", driver="y", elasticity=1), "another series"),
        (lambda: Scenario("n", " "), "has no reason"),
        (lambda: moved(Target(series="y", year=2025, value=1)), "from 2011 to 2020"),
        (lambda: moved(Override(series="y", values={2010: 1})), "from 2011 to 2020"),
        (lambda: moved(Multiply(series="y", factor=2, start=2009)), "start=2009"),
        (lambda: moved(Growth(series="y", rate={2009: 0.1})), "rate: 2009 found"),
        (lambda: moved(Target(series="y", year=2015, value=-1)), "values above 0"),
        (lambda: moved(Target(series="y", year=2015, value=1, path="share")), "two bounds"),
        (lambda: moved(Target(series="s", year=2015, value=100, path="share")), "between 0 and"),
        (lambda: moved(Target(series="s", year=2015, value=120)), "leaves 0 to 100"),
        (lambda: moved(Growth(series="y", rate=-0.9, mode="add"), Growth(series="y", rate=-0.9,
         mode="add")), "above -1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()


# --- stacks, differences, the trail --------------------------------------------------------------

ADD = Scenario("add", "Two points.", (ShareShift(series="s", points=2, over=1),), "Ann",
               "2011-03-31")  # fmt: skip
DOUBLE = Scenario("double", "Twice.", (Multiply(series="s", factor=2.0, over=1),))


def test_a_stack_applies_the_left_one_first():
    values = {"s": np.full(11, 10.0)}
    both, other = ADD + DOUBLE, DOUBLE + ADD
    assert both.apply(values, YEARS, 2010, KNOWN)["s"][-1] == 24
    assert other.apply(values, YEARS, 2010, KNOWN)["s"][-1] == 22
    assert both.name == "add + double"
    assert [c.author for c in both.changes] == ["Ann", ""]
    assert [c.reason for c in both.changes] == ["Two points.", "Twice."]


def test_stacking_is_associative_and_nothing_is_neutral():
    third = Scenario("third", "Why not.", (ShareShift(series="s", points=-1),))
    assert (ADD + DOUBLE) + third == ADD + (DOUBLE + third)
    nothing = Scenario("baseline", "As it is.")
    for stack in (ADD + nothing, nothing + ADD):
        assert [c.describe() for c in stack.changes] == [c.describe() for c in ADD.changes]


def test_equal_scenarios_do_not_differ():
    assert ADD.diff(ADD) == ()
    again = Scenario("another name", "Two points.", ADD.changes, "Ann", "2011-03-31")
    assert ADD.diff(again) == ()


def test_differences_are_records_and_sentences():
    other = Scenario("b", "Three points.", (
        Multiply(series="s", factor=2.0, over=1), ShareShift(series="s", points=3.0, over=1),
        Growth(series="y", rate=0.03),
    ), "Ann", "2011-03-31")  # fmt: skip
    found = (ADD + DOUBLE).diff(other)
    told = [str(edit) for edit in found]
    assert "share_shift of s: points 2 -> 3" in told
    assert "added: y grows by +3 % a year" in told
    assert any(line.startswith("scenario: order share_shift of s; multiply of s ->")
               for line in told)  # fmt: skip
    assert any(edit.where == "scenario" and edit.field == "reason" for edit in found)
    assert "removed: y grows by +3 % a year" in [str(e) for e in other.diff(ADD + DOUBLE)]


def test_effects_of_the_trail_add_up_to_the_scenario():
    values = {**world(), "s": world()["s"] / 3}
    scenario = ADD + DOUBLE + Scenario("x", "Why.", (
        Growth(series="y", rate=0.03, author="Bo", reason="Own reason."),
    ))  # fmt: skip
    made = lambda v: v["y"] * v["s"]  # noqa: E731
    rows = scenario.trail(values, YEARS, 2010, KNOWN, {"h": made})
    after = scenario.apply(values, YEARS, 2010, KNOWN)
    total = np.median(made(after)[:, -1]) - np.median(made(values)[:, -1])
    assert sum(row.effect["h"] for row in rows) == pytest.approx(total, rel=1e-12)
    assert [(r.author, r.date, r.op) for r in rows] == [
        ("Ann", "2011-03-31", "share_shift"), ("", "", "multiply"), ("Bo", "", "growth")
    ]  # fmt: skip
    assert rows[2].reason == "Own reason."
    assert rows[0].after == rows[1].before == pytest.approx(rows[0].before + 2)
    early = scenario.trail(values, YEARS, 2010, KNOWN, {"h": made}, year=2010)
    assert {row.effect["h"] for row in early} == {0.0}


# --- low, medium, high ---------------------------------------------------------------------------


def cases(**changes):
    given = {"series": "y", "low": 0.02, "medium": 0.05, "high": 0.08, "reason": "A plan."}
    return Cases(**{**given, **changes})


def test_an_outlook_makes_three_scenarios():
    low, medium, high = Outlook((cases(reason={"low": "L.", "medium": "M.", "high": "H."}),))\
        .scenarios()  # fmt: skip
    assert (low.name, medium.name, high.name) == ("low", "medium", "high")
    assert (low.reason, high.reason) == ("L.", "H.")
    after = middle(medium.apply(world(), YEARS, 2010, KNOWN)["y"])
    np.testing.assert_allclose(after[1:] / after[:-1], 1.05)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cases(low=0.06), "rising rates expected"),
        (lambda: cases(reason={"low": "L.", "high": "H."}), "the medium case has no reason"),
        (lambda: cases(high=8), "0.08 for 8 percent"),
        (lambda: cases(high={2011: 0.1}), "must name the same years"),
        (lambda: Outlook((cases(), cases())), "stands twice"),
        (lambda: Outlook(()), "without a driver"),
    ],
)
def test_tables_that_cannot_be_meant_are_refused(make, told):
    with pytest.raises(UsageError, match=told):
        make()


def test_a_band_is_held_against_the_past():
    growth = np.random.default_rng(3).normal(0.08, 0.06, 40)
    levels = 100 * np.exp(np.cumsum(growth))
    history = dict(enumerate(levels.tolist(), start=1971))
    band = cases().band(history, 2010, 2015)
    pace = [(levels[t + 5] / levels[t]) ** 0.2 - 1 for t in range(35)]
    assert band.past == pytest.approx(np.exp(np.quantile(np.log1p(pace), [0.1, 0.9])) - 1)
    assert (band.length, band.windows) == (5, 35)
    assert band.given == pytest.approx((0.02, 0.08))
    printed = cases(low=0.173, medium=0.175, high=0.177).band(history, 2010, 2015)
    assert printed.narrow
    assert "narrower than the past was uncertain" in printed.note
    assert not cases(low=-0.3, high=0.4).band(history, 2010, 2015).narrow


@pytest.mark.parametrize(
    ("low", "high", "told"),
    [
        (-0.20, -0.10, "-20.0 % to -10.0 % a year, lies wholly below what the past held, -5.0 %"),
        (0.20, 0.30, "lies wholly above what the past held"),
        (-0.20, 0.0, "reaches below what the past held"),
        (0.0, 0.30, "reaches above what the past held"),
        (-0.20, 0.30, "reaches below and above what the past held"),
        (0.0, 0.1, "lies within what the past held"),
    ],
)
def test_a_note_says_where_the_whole_band_lies(low, high, told):
    """As wide as the past and beside all of it is no better than narrow."""
    band = Band("x", 5, (low, high), (-0.05, 0.15), 5, 30)
    assert told in band.note
    assert band.beside == ("wholly" in told)


def test_a_short_history_is_scaled_or_says_nothing():
    history = {2000 + k: 100 * 1.1**k * (1.2 if k % 2 else 1) for k in range(9)}
    band = cases().band(history, 2008, 2018)
    assert (band.length, band.windows) == (4, 5)
    assert "scaled to 10 years" in band.note
    assert cases().band(dict(list(history.items())[:4]), 2008, 2018).past is None
    assert "too short" in cases().band({}, 2008, 2018).note
    # What was not known at the origin does not count.
    assert cases().band(history, 2004, 2014).past is None


# --- exact decompositions ------------------------------------------------------------------------

positive = st.floats(1e-3, 1e3)


@settings(derandomize=True, max_examples=200)
@given(st.lists(st.tuples(positive, positive), min_size=1, max_size=6))
def test_divisia_parts_add_up_in_any_order(pairs):
    start = {str(k): pair[0] for k, pair in enumerate(pairs)}
    end = {str(k): pair[1] for k, pair in enumerate(pairs)}
    parts = divisia(start, end)
    a, b = np.prod(list(start.values())), np.prod(list(end.values()))
    assert abs(sum(parts.values()) - (b - a)) <= 1e-9 * max(a, b)
    backwards = divisia(dict(reversed(start.items())), dict(reversed(end.items())))
    for name, part in parts.items():
        assert backwards[name] == pytest.approx(part, rel=1e-9, abs=1e-9 * max(a, b))
        if start[name] == end[name]:
            assert part == 0


def test_divisia_of_zeros_is_the_limit_for_small_numbers():
    for start, end in (
        ({"a": 0.0, "b": 2.0, "c": 3.0}, {"a": 5.0, "b": 4.0, "c": 3.0}),
        ({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 0.0, "b": 0.0, "c": 9.0}),
        ({"a": 0.0, "b": 2.0, "c": 1.0}, {"a": 5.0, "b": 0.0, "c": 1.0}),
        ({"a": 0.0, "b": 1.0, "c": 1.0}, {"a": 0.0, "b": 2.0, "c": 1.0}),
    ):
        exact = divisia(start, end)
        tiny = 1e-120
        near = divisia({k: v or tiny for k, v in start.items()},
                       {k: v or tiny for k, v in end.items()})  # fmt: skip
        scale = max(np.prod(list(start.values())), np.prod(list(end.values())), 1)
        assert sum(exact.values()) == np.prod(list(end.values())) - np.prod(list(start.values()))
        for name in exact:
            assert exact[name] == pytest.approx(float(near[name]), abs=0.01 * scale)


def test_divisia_takes_arrays_and_refuses_signs():
    start = {"a": np.array([1.0, 0.0]), "b": np.array([2.0, 2.0])}
    end = {"a": np.array([2.0, 3.0]), "b": np.array([2.0, 2.0])}
    parts = divisia(start, end)
    np.testing.assert_allclose(parts["a"], [2.0, 6.0])
    np.testing.assert_array_equal(parts["b"], [0.0, 0.0])
    with pytest.raises(UsageError, match="0 or more"):
        divisia({"a": -1.0}, {"a": 1.0})
    with pytest.raises(UsageError, match="the same ones"):
        divisia({"a": 1.0}, {"b": 1.0})


def test_log_means_of_near_numbers_do_not_cancel():
    assert log_mean(1.0, 1.0 + 1e-12) == pytest.approx(1.0 + 5e-13, rel=1e-15)
    assert (log_mean(2.0, 2.0), log_mean(0.0, 2.0)) == (2.0, 0.0)


@settings(derandomize=True, max_examples=100)
@given(st.lists(st.tuples(shares, positive, shares, positive), min_size=1, max_size=5))
def test_shift_share_adds_up_and_its_parts_vanish_as_they_should(rows):
    s0, n0, s1, n1 = np.array(rows).T
    parts = shift_share(s0 * n0, s1 * n1, n0, n1)
    np.testing.assert_allclose(parts.total, s1 * n1 - s0 * n0, atol=1e-9 * max(n0.max(), n1.max()))
    # A region that is the nation in small has neither mix nor competitive growth as a whole.
    same = shift_share(0.1 * n0, 0.1 * n1, n0, n1)
    scale = max(n0.sum(), n1.sum()) * max(1, (n1 / n0).max())
    assert abs(same.mix.sum()) <= 1e-9 * scale
    assert np.abs(same.competitive).max() <= 1e-9 * scale


def test_shift_share_of_an_industry_the_nation_did_not_have():
    parts = shift_share(np.array([[10.0, 0.0]]), np.array([[11.0, 4.0]]), np.array([100.0, 0.0]),
                        np.array([110.0, 5.0]))  # fmt: skip
    np.testing.assert_allclose(parts.competitive, [[0.0, 4.0]])
    with pytest.raises(UsageError, match="includes the region"):
        shift_share(np.ones(2), np.ones(2), np.array([0.0, 1.0]), np.ones(2))
