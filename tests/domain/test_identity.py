"""Identities: units count, order does not, circles are refused, and data are held against them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from westforecast import Panel
from westforecast.domain import (
    Difference,
    Product,
    Ratio,
    Sum,
    check_identities,
    check_units,
    derive,
)
from westforecast.domain.identity import in_order
from westforecast.errors import UsageError
from westforecast.series import Indicator

NAN = float("nan")
YUAN = "CNY"


def panel(indicators=(), first=2000, **series):
    """Annual series by name from `first` on, with what some of them mean."""
    frame = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": range(first, first + len(y)), "y": y})
        for name, y in series.items()
    )
    meta = {indicator.id: indicator for indicator in indicators}
    return Panel.from_frame(frame, meta=meta, gaps="keep")


def test_percent_and_multipliers_count():
    percent = Indicator(id="r", unit="percent", kind="share").factor
    thousand = Indicator(id="v", unit="1000 CNY per unit", multiplier=1e3).factor
    values = {"n": np.array([600_000.0]), "v": np.array([100.0]), "r": np.array([50.0])}
    factors = {"n": 1.0, "v": thousand, "r": percent}
    billions = Product("value", ("n", "v", "r"), 1e9).evaluate(values, factors)
    assert billions.tolist() == pytest.approx([30.0])


@pytest.mark.parametrize(
    ("identity", "result"),
    [
        (Sum("x", ("a", "b", "c")), [7.5, NAN]),
        (Difference("x", ("a", "b", "c")), [0.5, NAN]),
        (Product("x", ("a", "b", "c")), [12.0, NAN]),
        (Ratio("x", ("a", "b")), [2.0, NAN]),
        (Ratio("x", ("a", "b"), 0.01), [200.0, NAN]),
    ],
)
def test_what_parts_make(identity, result):
    values = {"a": np.array([4.0, 4.0]), "b": np.array([2.0, 0.0]), "c": np.array([1.5, NAN])}
    made = identity.evaluate(values, {"a": 1.0, "b": 1.0, "c": 1.0})
    np.testing.assert_allclose(made, result)
    assert values["a"].tolist() == [4.0, 4.0], "what is given stays as it is"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Ratio("x", ("a", "b", "c")), "'x': 3 parts found, 2 expected"),
        (lambda: Ratio("x", ("a",)), "'x': 1 parts found, 2 expected"),
        (lambda: Difference("x", ("a",)), "'x': 1 parts found, at least 2 expected"),
        (lambda: Sum("x", ()), "'x': 0 parts found, at least 1 expected"),
    ],
)
def test_too_few_or_too_many_parts(make, told):
    with pytest.raises(UsageError, match=told):
        make()


# --- order and paths ----------------------------------------------------------------------------


def test_identities_are_ordered_by_what_they_need():
    last, first = Product("last", ("first", "a")), Product("first", ("a", "b"))
    assert [p.name for p in in_order([last, first], ["a", "b"])] == ["first", "last"]


def test_unknown_parts_and_circles_are_refused():
    with pytest.raises(UsageError, match=r"'shar', which is not defined\. Did you mean 'share'"):
        in_order([Product("x", ("shar",))], ["share"])
    with pytest.raises(UsageError, match="need each other: x, y"):
        in_order([Product("x", ("y",)), Product("y", ("x",))], [])
    with pytest.raises(UsageError, match="need each other: x"):
        in_order([Sum("x", ("x", "a"))], ["a"])


def test_no_identity_is_lost_where_two_make_one_quantity():
    by_share, by_parts = Product("west", ("nation", "share")), Sum("west", ("sc", "cq"))
    sc = Product("sc", ("nation", "share"))
    ordered = in_order([by_parts, by_share, sc], ["nation", "share", "cq"])
    assert ordered == [by_share, sc, by_parts]


CHAIN = [
    Sum("regions", ("east", "west")),  # before what it is made of
    Product("output", ("total", "ratio")),
    Product("east", ("output", "s_east")),
    Product("west", ("output", "s_west"), 1e4),
    Difference("rest", ("output", "west")),
    Ratio("back", ("west", "output"), 0.01),
]


@settings(derandomize=True, max_examples=50)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_a_chain_holds_in_every_path(paths, years, seed):
    rng = np.random.default_rng(seed)
    s = rng.uniform(0, 100, (paths, years))
    given_values = {
        "total": rng.lognormal(5, 1, (paths, years)),
        "ratio": rng.uniform(0, 100, (paths, years)),
        "s_east": 100 - s,
        "s_west": s,
    }
    factors = {"total": 1.0, "ratio": 0.01, "s_east": 0.01, "s_west": 0.01}
    made = derive(CHAIN, given_values, factors)
    output = given_values["total"] * given_values["ratio"] / 100
    np.testing.assert_allclose(made["output"], output)
    np.testing.assert_allclose(made["regions"], output)
    np.testing.assert_allclose(made["west"] * 1e4, output * s / 100)
    np.testing.assert_allclose(made["rest"], made["east"], atol=1e-9 * output.max())
    np.testing.assert_allclose(made["back"], s)
    assert made["total"] is given_values["total"]


def test_what_is_given_is_not_made_again():
    given_values = {"nation": np.array([10.0]), "a": np.array([4.0]), "b": np.array([5.0])}
    made = derive([Sum("nation", ("a", "b"))], given_values, {"nation": 1.0, "a": 1.0, "b": 1.0})
    assert made["nation"].tolist() == [10.0]


# --- units --------------------------------------------------------------------------------------


def meaning(**units):
    return {name: Indicator(id=name, unit=unit) for name, unit in units.items()}


def test_sums_of_unlike_units_say_which():
    with pytest.raises(UsageError, match=r"'gdp' adds unlike units: 'a' in CNY, 'b' in persons"):
        check_units([Sum("gdp", ("a", "b"))], meaning(a=YUAN, b="persons"))
    with pytest.raises(UsageError, match=r"'rest' subtracts unlike units: .*'b' in no unit"):
        check_units([Difference("rest", ("a", "b"))], meaning(a=YUAN, b="percent"))


def test_units_follow_through_a_chain():
    chain = [
        Sum("mix", ("west", "people")),
        Product("west", ("nation", "share")),
    ]
    told = meaning(nation=YUAN, share="percent", people="persons")
    with pytest.raises(UsageError, match=r"'mix' adds unlike units: 'west' in CNY, 'people' in"):
        check_units(chain, told)


@pytest.mark.parametrize(
    ("identity", "units", "wrong"),
    [
        (Sum("x", ("a", "b")), {"a": YUAN, "b": YUAN, "x": "persons"}, True),
        (Product("x", ("a", "b")), {"a": YUAN, "b": "percent", "x": "units"}, True),
        (Ratio("x", ("a", "b")), {"a": YUAN, "b": YUAN, "x": YUAN}, True),
        (Ratio("x", ("a", "b")), {"a": YUAN, "b": YUAN, "x": "percent"}, False),
        (Ratio("x", ("a", "b")), {"a": YUAN, "b": "persons", "x": "CNY a head"}, False),
        (Ratio("x", ("a", "b")), {"a": YUAN, "b": "percent", "x": YUAN}, False),
        (Product("x", ("a", "b")), {"a": "pieces", "b": "CNY a piece", "x": YUAN}, False),
        (Product("x", ("a", "b")), {"a": "percent", "b": "fraction", "x": "%"}, False),
        (Sum("x", ("a", "b")), {"a": YUAN, "b": "", "x": YUAN}, False),
    ],
)
def test_the_results_own_unit(identity, units, wrong):
    if wrong:
        with pytest.raises(UsageError, match=r"'x' is stated in .*, but made of parts it is in"):
            check_units([identity], meaning(**units))
    else:
        check_units([identity], meaning(**units))


def test_prices_of_unlike_bases_are_not_added():
    told = {
        "a": Indicator(id="a", unit=YUAN, price_basis="current"),
        "b": Indicator(id="b", unit=YUAN, price_basis="constant", base_year=2005),
    }
    with pytest.raises(UsageError, match=r"'x' puts unlike prices together: 'a' in current prices, "
                                         r"'b' in constant prices of 2005"):  # fmt: skip
        check_units([Sum("x", ("a", "b"))], told)


# --- data ---------------------------------------------------------------------------------------


def test_where_data_break_an_identity():
    data = panel(nation=[100.0, 110.0, 130.0, 140.0], east=[60.0, 66.0, 70.0, NAN],
                 west=[40.0, 44.2, 50.0, 60.0])  # fmt: skip
    found = check_identities(data, [Sum("nation", ("east", "west"))])
    assert [(m.identity, m.period, m.observed, m.derived) for m in found] == [
        ("nation", 2002, 130.0, 120.0)
    ]
    assert found[0].difference == 10.0
    assert found[0].relative == pytest.approx(1 / 12)
    strict = check_identities(data, [Sum("nation", ("east", "west"))], tolerance=0)
    assert [m.period for m in strict] == [2002, 2001], "the widest first"


def test_units_are_converted_before_the_comparison():
    kinds = [
        Indicator(id="nation", unit=YUAN, multiplier=1e8),
        Indicator(id="west", unit=YUAN, multiplier=1e4),
        Indicator(id="share", unit="percent", kind="share"),
    ]
    data = panel(kinds, nation=[10.0, 20.0], west=[20_000.0, 50_000.0], share=[20.0, 20.0])
    (found,) = check_identities(data, [Product("west", ("nation", "share"))])
    assert (found.period, found.observed, found.derived) == (2001, 50_000.0, 40_000.0)
    # Whatever multiplier the identity states, the comparison is in the stored unit.
    assert check_identities(data, [Product("west", ("nation", "share"), 1e8)]) == [found]


def test_a_chain_is_checked_through_what_was_not_observed():
    kinds = [Indicator(id=name, unit="percent", kind="share") for name in ("s1", "s2")]
    data = panel(kinds, nation=[100.0, 100.0], s1=[40.0, 40.0], s2=[60.0, 50.0])
    chain = [
        Product("r1", ("nation", "s1")), Product("r2", ("nation", "s2")),
        Sum("nation", ("r1", "r2")),
    ]  # fmt: skip
    (found,) = check_identities(data, chain)
    assert (found.identity, found.period, found.derived) == ("nation", 2001, pytest.approx(90))


def test_a_second_way_to_the_same_quantity_is_compared_with_the_first():
    data = panel(a=[1.0, 2.0], b=[3.0, 4.0], c=[4.0, 5.0])
    two = [Sum("x", ("a", "b")), Sum("x", ("c",))]
    assert [m.period for m in check_identities(data, two)] == [2001]


def test_nothing_found_does_not_mean_nothing_looked_at():
    data = panel(nation=[NAN, 3.0], east=[1.0, NAN], west=[2.0, 2.0])
    with pytest.raises(UsageError, match="no identity can be compared with the data"):
        check_identities(data, [Sum("nation", ("east", "west"))])
    with pytest.raises(UsageError, match="no identity can be compared"):
        check_identities(data, [Sum("new", ("east", "west"))])
    with pytest.raises(UsageError, match=r"'wes', which is not defined\. Did you mean 'west'"):
        check_identities(data, [Sum("nation", ("east", "wes"))])
    with pytest.raises(UsageError, match="tolerance=5"):
        check_identities(data, [Sum("nation", ("east", "west"))], tolerance=5)


def test_a_zero_that_should_be_none():
    data = panel(x=[0.0, 1.0, 2.0], a=[0.0, 0.0, 2.0])
    (found,) = check_identities(data, [Sum("x", ("a",))])
    assert (found.period, found.relative) == (2001, float("inf"))


def test_gdp_of_the_west_is_its_provinces(shared):
    frame = pd.read_csv(shared / "data" / "macro_western_provinces.csv")
    frame = frame[(frame.series_id == "gdp_cur_pub") & (frame.year >= 1998)]
    columns = {"id_col": "region", "time_col": "year", "target_col": "value"}
    data = Panel.from_frame(frame[["region", "year", "value"]], **columns)
    provinces = [i for i in data.ids if i != "CN-WEST"]
    assert len(provinces) == 12
    assert check_identities(data, [Sum("CN-WEST", tuple(provinces))], tolerance=1e-4) == []
    missing = [Sum("CN-WEST", tuple(provinces[1:]))]
    assert len(check_identities(data, missing)) == 21
