"""Scenarios: phases, operators, and a decomposition that adds up exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from westforecast.domain import DeepProcessing, Multiply, Scenario, ShareShift, decompose
from westforecast.domain.scenario import phase
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


numbers = st.floats(0.01, 1e6)
shares = st.floats(0.0, 1.0)


@settings(derandomize=True, max_examples=200)
@given(numbers, numbers, shares, shares)
def test_parts_add_up(market0, market1, share0, share1):
    parts = decompose(market0, market1, share0, share1)
    scale = max(market0, market1)
    assert abs(parts.market + parts.share + parts.interaction - parts.total) <= 1e-12 * scale
    assert parts.total == pytest.approx(share1 * market1 - share0 * market0, abs=1e-12 * scale)
