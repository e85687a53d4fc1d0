"""Units as analysts write them give the same money, whatever sizes figures are stated in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from westforecast import Indicator, Panel
from westforecast.domain import (
    Difference,
    Product,
    Ratio,
    Sum,
    check_identities,
    check_units,
    screen,
)
from westforecast.errors import DataError, UsageError
from westforecast.study import read_study, run_study
from westforecast.study.toml import StudyError

STUDY = """
[study]
name = "lathes"
title = "Lathes"
data = "data.csv"
assumptions = "assumed.csv"
origin = 2010
until = 2012
paths = 100

[series.machines]
title = "Machines"
data = "machines"
models = ["Naive"]

[series.price]
title = "Price"
data = "price"
models = ["Naive"]

[series.share]
title = "Share"
assumption = "share"

[derived.value]
title = "Value"
unit = "{result}"
product = ["machines", "price"]
"""


@pytest.fixture
def lathes(tmp_path):
    """Runs a study of machines x price, in given units, from 26 万台 at 64,000 元 each."""

    def run(machines=("万台", 26.0), price=("元/台", 64_000.0), result="亿元", more="", assumed=""):
        rows = [("machines", year, machines[1], machines[0]) for year in range(2003, 2011)] + [
            ("price", year, price[1], price[0]) for year in range(2003, 2011)
        ]
        data = pd.DataFrame(rows, columns=["unique_id", "year", "value", "unit"])
        data.to_csv(tmp_path / "data.csv", index=False)
        head = "id,name,value,unit,year,reason,source\n"
        (tmp_path / "assumed.csv").write_text(
            f"{head}share,Share,10,%,,said,text\n{assumed}", encoding="utf-8"
        )
        study = tmp_path / "lathes.toml"
        study.write_text(STUDY.format(result=result) + more, encoding="utf-8")
        return run_study(read_study(study))

    return run


WAN, EACH = ("万台", 26.0), ("元/台", 64_000.0)


@pytest.mark.parametrize(
    ("machines", "price", "result", "expected"),
    [
        (WAN, EACH, "亿元", 166.4),
        (WAN, EACH, "bn CNY", 16.64),
        (WAN, EACH, "CNY", 1.664e10),
        (WAN, EACH, "万元", 1.664e6),
        (("台", 260_000.0), ("万元/台", 6.4), "100 mn yuan", 166.4),
        (("thousand units", 260.0), ("1000 CNY per unit", 64.0), "亿元（当年价）", 166.4),
    ],
)
def test_260_000_machines_at_64_000_yuan_are_16_64_bn(lathes, machines, price, result, expected):
    found = lathes(machines, price, result)
    assert found.at_target("value").point == pytest.approx(expected, rel=1e-9)
    assert found.history("value")[2010] == pytest.approx(expected, rel=1e-9)
    assert found.unit("value") == result
    assert found.unit("machines") == machines[0]


@pytest.mark.parametrize(
    ("machines", "price", "result", "told"),
    [
        ("万台", "元/台", "万人", r"stated in persons \(万人\), but made of parts it is in CNY"),
        ("万台", "元/人", "亿元", r"stated in CNY \(亿元\), but .* CNY x units per person"),
        ("万吨", "元/千瓦时", "亿元", "is in CNY x tonnes per kWh"),
        ("万台", "万台", "万台", r"is in units\^2"),
        ("万台", "美元/台", "亿元", r"stated in CNY .* is in USD"),
        ("M units", "元/台", "亿元", "CNY x M units per unit"),
    ],
)
def test_what_cannot_come_out_names_both_dimensions(lathes, machines, price, result, told):
    with pytest.raises(StudyError, match=rf"lathes.toml, line 27, derived.value.unit: .*{told}"):
        lathes((machines, 26.0), (price, 64_000.0), result)


def test_a_multiplier_of_the_file_may_repeat_the_unit_but_not_contradict_it(lathes):
    assert lathes(more="multiplier = 1e8").at_target("value").point == pytest.approx(166.4)
    with pytest.raises(StudyError, match=r"derived.value.multiplier: .*'亿元' says 1e\+08"):
        lathes(more="multiplier = 1e4")
    with pytest.raises(StudyError, match=r"derived.value.unit: .* no unit is stated for 'price'"):
        lathes(price=("", 64_000.0))


def test_a_market_may_be_of_another_size_but_not_of_another_unit(lathes):
    region = """
[derived.region]
title = "Region"
unit = "bn CNY"
product = ["value", "share"]
market = "value"
"""
    found = lathes(more=region)
    assert found.at_target("region").point == pytest.approx(1.664)
    parts = found.decompositions["baseline", "region"]
    assert parts.total == pytest.approx(0, abs=1e-9)
    with pytest.raises(StudyError, match=r"derived.region.market: 'machines' is in '万台'"):
        lathes(more=region.replace('market = "value"', 'market = "machines"'))


TARGET = """
[[target]]
quantity = "value"
year = 2012
at_least = "plan"
reason = "The plan."
"""


def test_an_assumption_that_is_a_target_is_in_the_unit_of_its_quantity(lathes):
    assert lathes(more=TARGET, assumed="plan,Plan,150,100 mn CNY,,said,text\n").targets
    told = r"target.0.at_least: assumption 'plan' is 15 bn CNY, .* is in '亿元' .*; state 150 亿元"
    with pytest.raises(StudyError, match=told):
        lathes(more=TARGET, assumed="plan,Plan,15,bn CNY,,said,text\n")
    with pytest.raises(StudyError, match="one unit expected"):
        lathes(more=TARGET, assumed="plan,Plan,15,万人,,said,text\n")


def test_a_setting_that_is_a_plain_number_takes_percent_as_percent(lathes):
    growth = """
[[scenario]]
name = "faster"
reason = "The plan."
change = [{ op = "growth", series = "machines", rate = "pace", over = 1 }]
"""
    rates = [lathes(more=growth, assumed=f"pace,Pace,{value},{unit},,said,text\n")
             .at_target("machines", "faster").point
             for value, unit in ((8, "percent per year"), (0.08, ""), (80, "‰"))]  # fmt: skip
    assert rates == pytest.approx([rates[0]] * 3)
    assert rates[0] > 26
    with pytest.raises(StudyError, match="'pace' is in '万台', a plain number or percent expected"):
        lathes(more=growth, assumed="pace,Pace,8,万台,,said,text\n")


# --- identities ---------------------------------------------------------------------------------


def panel(kinds=None, **series):
    """series: id -> (unit, values from 2001 on)."""
    rows = [
        (name, 2001 + t, value, unit)
        for name, (unit, values) in series.items()
        for t, value in enumerate(values)
    ]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y", "unit"])
    return Panel.from_frame(frame, meta=kinds)


def test_sums_are_scaled():
    data = panel(all=("万台", [3.0, 4.0]), east=("台", [10_000.0, 10_000.0]),
                 west=("thousand units", [20.0, 30.0]))  # fmt: skip
    for identity in (Sum("all", ("east", "west")), Difference("west", ("all", "east"))):
        assert check_identities(data, [identity], tolerance=1e-9) == []
    wrong = panel(all=("万台", [30.0]), east=("台", [10_000.0]), west=("台", [20_000.0]))
    (found,) = check_identities(wrong, [Sum("all", ("east", "west"))])
    assert (found.observed, found.derived) == (30.0, pytest.approx(3.0))


@pytest.mark.parametrize("identity", [Sum("x", ("a", "b")), Difference("x", ("a", "b"))])
def test_sums_of_machines_and_money_are_refused(identity):
    data = panel(a=("万台", [3.0]), b=("万元", [1.0]), x=("万台", [4.0]))
    with pytest.raises(UsageError, match="unlike units: 'a' in units, 'b' in CNY"):
        check_identities(data, [identity])


def test_products_and_ratios_are_held_against_the_stated_unit():
    data = panel(
        value=("亿元", [166.4]), machines=("万台", [26.0]), price=("元/台", [64_000.0]),
        density=("units per 1000 persons", [0.2]), people=("万人", [130_000.0]),
    )  # fmt: skip
    right = [
        Product("value", ("machines", "price")),
        Ratio("price", ("value", "machines")),
        Product("machines", ("density", "people")),
        Ratio("density", ("machines", "people")),
    ]
    for identity in right:
        assert check_identities(data, [identity], tolerance=1e-9) == []
    with pytest.raises(UsageError, match=r"'people' is stated in persons \(万人\), but .* in CNY"):
        check_identities(data, [Product("people", ("machines", "price"))])


def test_what_a_figure_is_counted_per_may_be_left_out():
    about = {"gdp": "亿元", "head": "元", "people": "万人"}
    kinds = {name: Indicator(id=name, unit=unit) for name, unit in about.items()}
    check_units([Product("gdp", ("head", "people"))], kinds)
    check_units([Ratio("head", ("gdp", "people"))], kinds)
    with pytest.raises(UsageError, match="is in CNY x persons"):
        check_units([Product("people", ("head", "people2"))],
                    kinds | {"people2": Indicator(id="people2", unit="persons")})  # fmt: skip


def test_a_deflator_states_its_base():
    data = panel(real=("亿元", [100.0]), nominal=("亿元", [120.0]), prices=("2010=100", [120.0]))
    assert check_identities(data, [Ratio("real", ("nominal", "prices"))], tolerance=1e-9) == []


@settings(max_examples=15, deadline=None)
@given(
    machines=st.sampled_from([("台", 1), ("万台", 1e4), ("thousand units", 1e3)]),
    price=st.sampled_from([("元/台", 1), ("万元/台", 1e4), ("1000 CNY per unit", 1e3)]),
    value=st.sampled_from([("亿元", 1e8), ("CNY", 1), ("bn CNY", 1e9), ("100 mn yuan", 1e8)]),
    count=st.floats(1, 1e6), each=st.floats(1, 1e6),
)  # fmt: skip
def test_the_sizes_that_figures_are_stated_in_change_nothing(machines, price, value, count, each):
    data = panel(
        m=(machines[0], [count / machines[1]]), p=(price[0], [each / price[1]]),
        v=(value[0], [count * each / value[1]]),
    )  # fmt: skip
    assert check_identities(data, [Product("v", ("m", "p"))], tolerance=1e-9) == []


# --- percent ------------------------------------------------------------------------------------


def test_percent_without_a_kind_is_a_share():
    (share,) = panel(a=("%", [20.0, 30.0, 40.0])).indicators
    assert (share.kind, share.bounds) == ("share", (0, 100))
    with pytest.raises(DataError, match=r"line|row .*value -3; expected a share between 0 and 100"):
        panel(a=("%", [-3.0, 8.0]))
    assert panel({"a": {"kind": "rate"}}, a=("%", [-3.0, 8.0])).indicators[0].kind == "rate"


@pytest.mark.parametrize("ids", ["share.{}", "share_{}", "{}"])
def test_a_share_in_fractions_beside_percents_is_found(ids):
    units = {
        ids.format(r): ("%", [v, v + 1, v + 2]) for r, v in zip("ABC", (20, 40, 60), strict=True)
    }
    slip = ids.format("D")
    found = screen(panel(**units, **{slip: ("%", [0.31, 0.32, 0.33])}))
    (finding,) = [f for f in found if slip in f.series]
    assert (finding.severity, finding.rule) == ("warning", "unit")
    assert "Multiply by 100" in finding.remedy
    assert not len(screen(panel(**units)))


def test_shares_in_percent_and_in_fractions_are_one_whole():
    kinds = {"b": {"kind": "share"}}
    data = panel(kinds, a=("%", [40.0, 40.0]), b=("", [0.6, 0.6]), whole=("%", [100.0, 90.0]))
    (found,) = check_identities(data, [Sum("whole", ("a", "b"))])
    assert (found.period, found.observed, found.derived) == (2002, 90.0, pytest.approx(100))


def test_a_unit_that_may_mean_several_things_is_noted():
    data = panel(a=("M units", [1.0, 2.0, 3.0]))
    (note,) = screen(data)
    assert (note.severity, note.rule) == ("note", "unit")
    assert "'M' may mean several things" in note.found
    assert not len(screen(panel({"a": {"multiplier": 1e6}}, a=("M units", [1.0, 2.0, 3.0]))))
    assert np.isfinite(data.values).all()


def test_screens_tie_series_of_one_unit_in_several_sizes():
    about = {
        "gdp.X": Indicator(id="gdp.X", region="X", unit="亿元", industry="total economy"),
        **{
            f"va_{sector}.X": Indicator(id=f"va_{sector}.X", region="X", unit=unit, industry=sector)
            for sector, unit in (("primary", "万元"), ("secondary", "亿元"), ("tertiary", "CNY bn"))
        },
    }
    values = {"va_primary.X": 200_000.0, "va_secondary.X": 40.0, "va_tertiary.X": 4.0}
    for total, findings in ((100.0, 0), (90.0, 1)):
        rows = [(n, t, v * 1.1**t) for n, v in {**values, "gdp.X": total}.items() for t in range(6)]
        frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
        frame["ds"] += 2001
        found = [f for f in screen(Panel.from_frame(frame, meta=about)) if f.rule == "sum"]
        assert len(found) == findings
