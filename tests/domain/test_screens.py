"""Screens: each wrong figure found in real sources is caught, its corrected version is not."""

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from westforecast import Indicator, Panel, UsageError
from westforecast.domain import (
    Product,
    Ratio,
    Sum,
    check_base,
    check_classes,
    check_derived,
    check_growth,
    check_magnitude,
    check_part,
    check_regression,
    check_same,
    check_stage,
    check_sum,
    jumps,
    screen,
)

NAN = float("nan")


def panel(*indicators, **series):
    """Series by id, each {year: value}; ids with dots as `a__b`. Metadata where it matters."""
    meta = {indicator.id: indicator for indicator in indicators}
    rows = [
        (name.replace("__", "."), year, value)
        for name, values in series.items()
        for year, value in values.items()
    ]
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    return Panel.from_frame(frame, meta=meta, gaps="keep")


def rules(screening, severity=None):
    return [f.rule for f in screening if severity in {None, f.severity}]


def only(screening, rule):
    (finding,) = [f for f in screening if f.rule == rule]
    return finding


def years(first, *values):
    return dict(zip(range(first, first + len(values)), values, strict=True))


def level(name, **about):
    return Indicator(id=name, region="CN-WEST", **about)


# --- the eleven fixtures of the research (domain.md, section 6) --------------------------------

# Western industrial value added 1184 bn yuan in 2005; 8.95 % of 60 to 67 bn are 5.4 to 6.0 bn.
SEED = Ratio("cnc_share", ("cnc_sales", "industry"))


def seed(share):
    return panel(
        Indicator(id="cnc_share", unit="percent", kind="share"),
        Indicator(id="cnc_sales", unit="CNY bn"),
        Indicator(id="industry", unit="CNY 100 mn"),
        cnc_share={2005: share}, cnc_sales={2005: 5.7}, industry={2005: 11839.7},
    )  # fmt: skip


def test_fixture_1_cnc_sales_as_35_percent_of_western_industry():
    found = only(screen(seed(35.0), identities=[SEED]), "derived")
    assert found.severity == "error"
    assert "35 stated" in found.found
    assert "0.4814" in found.expected
    assert "about 10^2" in found.remedy
    assert not len(screen(seed(0.48), identities=[SEED]))
    assert check_derived(0.35, 5.7 / 1184).severity == "error"


# West GDP, 100m yuan: Yao & Xu 1998, 2002, 2011; a ministry's notice 2012; NBS 2017; press 2018.
WEST = {1998: 14934.40, 2002: 20956.70, 2011: 100235, 2012: 113915, 2017: 170955}


def test_fixture_2_west_gdp_2018_is_off_by_ten():
    wrong = panel(gdp={**WEST, 2018: 18915.53})
    found = only(screen(wrong), "unit")
    assert found.severity == "error"
    assert (found.periods, found.when) == ((2018,), "2018")
    assert "18,915.53, about 10^-1 of" in found.found
    assert "189,200" in found.expected
    assert not len(screen(panel(gdp={**WEST, 2018: 184002.11})))


def test_fixture_2_as_two_sources_that_disagree():
    about = {"unit": "CNY 100 mn", "industry": "total economy"}
    sources = [level("gdp_cur_report", **about), level("gdp_cur", **about)]
    wrong = panel(*sources, gdp_cur_report={2018: 18915.53}, gdp_cur={2018: 184002.11})
    found = only(screen(wrong), "unit")
    assert "18,915.53" in found.found and "184,002.11" in found.found
    right = panel(*sources, gdp_cur_report={2018: 184002.11}, gdp_cur={2018: 184002.11})
    assert not len(screen(right))
    assert check_magnitude(184002.11, 189496) is None


def test_fixture_3_west_gdp_per_capita_falls_between_two_sources():
    sources = [level("gdp_pc_report", unit="CNY"), level("gdp_pc_pub", unit="CNY")]
    later = {1999: 4283, 2008: 15951}  # launch report of the western blue book
    found = only(screen(panel(*sources, gdp_pc_report={1998: 6736.83}, gdp_pc_pub=later)),
                 "conflict")  # fmt: skip
    assert "6,736.83 against 4,283, 1 period apart" in found.found
    assert "1.31" in found.expected
    # 14 934 over 36 178: what the year's own GDP and population give
    assert not len(screen(panel(*sources, gdp_pc_report={1998: 4128}, gdp_pc_pub=later)))
    assert check_same(6736.83, 4283, apart=1) and not check_same(4128, 4283, apart=1)


CNC = [
    Indicator(id="cnc", region="CN", unit="units", kind="count"),
    Indicator(id="cnc_growth", region="CN", unit="percent", kind="rate"),
]


def test_fixture_4_cnc_output_2006_growth_against_levels():
    levels = {2005: 59639, 2006: 85756}
    found = only(screen(panel(*CNC, cnc=levels, cnc_growth={2006: 32.8})), "growth")
    assert found.severity == "warning"
    assert found.series == ("cnc", "cnc_growth") and found.periods == (2006,)
    assert "+43.8 % from 59,639 to 85,756" in found.found
    assert "+32.8 %" in found.expected and "79,200" in found.expected
    assert not len(screen(panel(*CNC, cnc=levels, cnc_growth={2006: 43.8})))


# NBS and trade press: CNC and all metal-cutting machine tools, units.
PART = {2004: 51861, 2005: 59639, 2006: 85756, 2012: 205695, 2013: 209287}
ALL = {2004: 487200, 2005: 511400, 2006: 573000, 2012: 882300, 2013: 875500, 2014: 858000}


def cutting(value, breaks=()):
    about = {"region": "CN", "unit": "units", "kind": "count"}
    return panel(
        Indicator(id="mt_cnc", industry="CNC machine tools", breaks=breaks, **about),
        Indicator(id="mt", industry="machine tools", **about),
        mt_cnc={**PART, 2014: value}, mt=ALL,
    )  # fmt: skip


def test_fixture_5_cnc_output_2014_is_of_a_wider_definition():
    found = only(screen(cutting(391000)), "break")
    assert found.series == ("mt_cnc", "mt") and found.periods == (2014,)
    assert "23.9 % to 45.6 %" in found.found
    assert "about 25." in found.expected
    assert not len(screen(cutting(212000)))


def test_fixture_5_declared_is_known():
    found = only(screen(cutting(391000, breaks=(2014,))), "break")
    assert found.severity == "note"
    assert "+86.8 % across it" in found.found


INCOME = [
    Indicator(id="income", region="X", unit="CNY"),
    Indicator(id="income_growth", region="X", unit="percent", kind="rate"),
]


@pytest.mark.parametrize(("last", "caught"), [(2800, True), (5800, False)])
def test_fixture_6_exam_income_2003_against_its_printed_growth(last, caught):
    screening = screen(panel(
        *INCOME, income=years(1998, 2600, 3000, 3500, 4200, 4900, last),
        income_growth=years(1999, 15.4, 16.7, 20.0, 16.7, 18.4),
    ))  # fmt: skip
    assert (rules(screening) == ["growth"]) is caught
    if caught:
        found = only(screening, "growth")
        assert "from 4,900 to 2,800" in found.found
        assert "+18.4 %" in found.expected and "5,802" in found.expected
        assert found.severity == "error"


STEEL_Y = [3.45, 3.5, 4.2, 5.4, 7.1, 7.5, 8.5, 11.0, 13.45, 15.32]
STEEL_X = [1.003, 1.119, 1.26, 1.45, 1.527, 1.681, 1.886, 1.931, 2.028, 2.274]


def test_fixture_7_steel_regression_row_8():
    printed = [*STEEL_X[:7], 1.90, *STEEL_X[8:]]
    found = check_regression(printed, STEEL_Y, -7.55, 9.59)
    assert found.rule == "regression" and found.severity == "error"
    assert "-7.613" in found.found and "9.6447" in found.found
    assert "-7.55 + 9.59 x" in found.expected
    assert "row 8 with x = 1.931, not 1.9" in found.remedy
    assert check_regression(STEEL_X, STEEL_Y, -7.55, 9.59) is None


def test_a_line_that_no_single_row_explains():
    found = check_regression([1.0, 2.0, 3.0, 4.0], [1.0, 2.1, 2.9, 4.0], 50.0, -3.0)
    assert found.remedy == "Check each row against another copy."


HEADS = [
    Indicator(id="population", region="X", unit="10 000 persons", kind="count"),
    Indicator(id="population_growth", region="X", unit="percent", kind="rate"),
]


@pytest.mark.parametrize(("sales", "caught"), [(8.84, True), (8.95, False)])
def test_fixture_8_population_grown_one_year_instead_of_five(sales, caught):
    # 90.43 refrigerators per 10 000 in 2017, income elasticity 0.393, income +80 %
    per_head = 90.43 * (1 + 0.8 * 0.393)
    screening = screen(panel(
        *HEADS, population={2017: 742, 2022: round(sales * 1e4 / per_head, 1)},
        population_growth=years(2018, 0.3, 0.3, 0.3, 0.3, 0.3),
    ))  # fmt: skip
    assert (rules(screening) == ["growth"]) is caught
    if caught:
        found = only(screening, "growth")
        assert "from 742 to 743.7 in 5 periods" in found.found
        assert "+0.3 % a period" in found.expected and "753.2" in found.expected
        assert "what 1 of 5 periods give" in found.remedy


def shares(*values, year=2019):
    names = ("primary", "secondary", "tertiary")
    about = [
        Indicator(id=f"share_{n}", industry=f"{n} industry", region="X", unit="percent",
                  kind="share") for n in names
    ]  # fmt: skip
    return panel(*about, **{f"share_{n}": {year: v} for n, v in zip(names, values, strict=True)})


def test_fixture_9_city_shares_2019():
    found = only(screen(shares(1.7, 49.9, 49.6)), "sum")
    assert found.severity == "error"
    assert "1.7 + 49.9 + 49.6 = 101.2" in found.found and found.expected == "100"
    assert not len(screen(shares(1.7, 49.9, 48.4)))
    assert not len(screen(shares(1.7, 49.9, 48.3))), "rounding: 99.9"


def test_fixture_10_pearl_river_delta_2005():
    found = check_stage(80, "late II")
    assert "80 called late II" in found.found and found.expected == "late I"
    assert check_stage(80, "late I") is None


@pytest.mark.parametrize(
    ("score", "stage"),
    [(18, "early II"), (26, "early II"), (50, "middle II"), (66, "late I"), (84, "late II"),
     (83.69, "late"), (78, "late I"), (45, "middle I"), (30, "early II"), (25, "early II"),
     (85, "late II"), (70, "late I"), (NAN, "late")],
)  # fmt: skip
def test_the_other_published_scores_fit_their_stages(score, stage):
    assert check_stage(score, stage) is None


def test_fixture_11_one_region_in_two_halves():
    halves = {"middle I": ["Greater Northwest"], "middle II": ["Greater Northwest", "Central"]}
    found = check_classes(halves)
    assert found.found == "Greater Northwest in middle I and middle II"
    assert found.expected == "one class for each"
    corrected = {**halves, "middle II": ["Greater Southwest", "Central"]}
    assert check_classes(corrected) is None
    assert "Tibet in none" in check_classes(corrected, members=["Central", "Tibet"]).found


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("part", "whole", "caught"),
    [(0.5, 1, False), (-0.1, 1, True), (1.2, 1, True), (100.04, 100, False), (103, 100, True),
     (NAN, 1, False), (0, 0, False), (5, 0, True)],
)  # fmt: skip
def test_a_part_lies_between_nothing_and_its_whole(part, whole, caught):
    assert (check_part(part, whole) is not None) is caught


def test_sums_allow_what_digits_allow():
    assert check_sum([33.0, 33.0, 33.0]) is None, "three parts printed without decimals"
    assert check_sum([33.3, 33.3, 32.3]).severity == "warning"
    assert check_sum([0.2, 0.2], whole=1.0).severity == "error"
    assert check_sum([5924.6, 14331.6, 13237.1], whole=33493.3) is None
    assert check_sum([NAN, 50.0, 20.0]) is None


def test_growth_allows_what_digits_allow():
    assert check_growth(5, 6, 0.25) is None, "5 and 6 may be 5.4 and 6.4"
    assert check_growth(500, 600, 0.25) is not None
    assert check_growth(205695, 209287, 0.0216) is None, "a revised base of half a percent"
    assert check_growth(-5, 6, 0.1) is None
    assert check_growth(5, 0, 0.1) is None
    assert check_growth(5, 6, NAN) is None
    assert "10^1" in check_growth(100, 1150, 0.15).remedy


def test_sources_may_differ_by_a_little_and_more_with_time():
    assert check_same(34087, 33493) is None
    assert check_same(494.50, 538.43).severity == "warning"
    assert check_same(100, 120, apart=1) is None
    assert check_same(100, 160).severity == "error"
    assert check_same(NAN, 1) is None


@pytest.mark.parametrize(("value", "caught"), [(95, True), (1000, True), (300, False), (10, False)])
def test_powers_of_ten(value, caught):
    assert (check_magnitude(value, 9.7) is not None) is caught


def test_unlike_prices_are_not_put_together():
    nominal = Indicator(id="a", price_basis="current")
    real = Indicator(id="b", price_basis="constant", base_year=2005)
    other = Indicator(id="c", unit="constant 2015 USD")
    assert check_base([nominal, nominal]) is None
    assert check_base([real, Indicator(id="d")]) is None, "what is not said is not held against it"
    found = check_base([nominal, real, other])
    assert "a in current prices" in found.found
    assert "b in constant prices of 2005" in found.found
    assert "c in constant prices of 2015" in found.found


# --- a panel ------------------------------------------------------------------------------------


def test_shares_outside_their_whole():
    wide = Indicator(id="s", kind="share", unit="percent", lower=-50, upper=200)
    found = only(screen(panel(wide, s=years(2000, 50, 104, -2))), "part")
    assert found.periods == (2001, 2002)
    assert found.when == "2002 (and 1 other period)"
    called = Indicator(id="export share", unit="percent", kind="level")
    unlabelled = panel(called, **{"export share": years(2000, 50, 104)})
    assert rules(screen(unlabelled)) == ["part"]


def test_a_region_is_not_larger_than_its_nation():
    about = {"unit": "CNY 100 mn", "industry": "total economy"}
    west, nation = level("gdp.CN-WEST", **about), Indicator(id="gdp.CN", region="CN", **about)
    wrong = panel(west, nation, gdp__CN={2018: 900309}, **{"gdp__CN-WEST": {2018: 1840021}})
    found = only(screen(wrong), "part")
    assert "1,840,021" in found.found and "900,309" in found.expected
    right = panel(west, nation, gdp__CN={2018: 900309}, **{"gdp__CN-WEST": {2018: 184002}})
    assert not len(screen(right))


def test_a_province_is_held_against_its_zone_before_the_nation():
    about = [Indicator(id=f"gdp.{r}", region=r, unit="CNY") for r in ("CN-GZ", "CN-WEST", "CN")]
    values = {"gdp__CN-GZ": {2000: 30}, "gdp__CN-WEST": {2000: 20}, "gdp__CN": {2000: 100}}
    assert only(screen(panel(*about, **values)), "part").series == ("gdp.CN-GZ", "gdp.CN-WEST")
    del values["gdp__CN-WEST"]
    assert not len(screen(panel(about[0], about[2], **values)))


def test_zones_add_up_to_the_nation_in_whatever_units():
    zones = {"EAST": 56.09, "CENTRAL": 4.58, "WEST": 6.07, "NORTHEAST": 2.71}
    about = [Indicator(id=f"mt.CN-{z}", region=f"CN-{z}", kind="count", unit="units",
                       multiplier=1e4) for z in zones]  # fmt: skip
    nation = Indicator(id="mt.CN", region="CN", kind="count", unit="units", multiplier=1e4)
    series = {f"mt__CN-{z}": {2024: v} for z, v in zones.items()}
    assert not len(screen(panel(*about, nation, mt__CN={2024: 69.5}, **series)))
    found = only(screen(panel(*about, nation, mt__CN={2024: 79.5}, **series)), "sum")
    assert "= 69.45" in found.found and found.expected == "79.5"


def test_per_capita_times_population_is_the_total():
    about = [
        level("gdp_cur", unit="CNY 100 mn"),
        level("gdp_pc_cur", unit="CNY"),
        level("population", unit="10 000 persons", kind="count"),
    ]
    # West 2020: 216 955.7 over 382.43 million
    right = panel(*about, gdp_cur={2020: 216955.7}, gdp_pc_cur={2020: 56731},
                  population={2020: 38243})  # fmt: skip
    assert not len(screen(right))
    wrong = panel(*about, gdp_cur={2020: 216955.7}, gdp_pc_cur={2020: 65731},
                  population={2020: 38243})  # fmt: skip
    found = only(screen(wrong), "derived")
    assert "216,955.7 stated" in found.found and "251,400" in found.expected


def test_wholes_and_sums_given_by_hand():
    kinds = [Indicator(id=i, kind="share", unit="percent") for i in "ab"]
    screening = screen(panel(*kinds, a={2000: 60}, b={2000: 45}), wholes={"everything": ("a", "b")})
    assert rules(screening) == ["sum"]
    levels = panel(a={2000: 60}, b={2000: 45}, c={2000: 100})
    assert rules(screen(levels, wholes={"c": ("a", "b")})) == ["sum"]
    assert rules(screen(levels, identities=[Sum("c", ("a", "b"))])) == ["sum"]
    assert not len(screen(levels))


def test_parts_growth_and_sources_given_by_hand():
    rate = Indicator(id="g", kind="rate", unit="percent")
    data = panel(rate, a={2000: 10, 2001: 12}, b={2000: 9, 2001: 30}, g={2001: 50})
    assert rules(screen(data, parts={"a": "b"})) == ["part"]
    assert rules(screen(data, growth={"a": "g"})) == ["growth"]
    assert rules(screen(data, same=[("a", "b")])) == ["conflict"]


def test_an_index_of_the_previous_year_states_growth():
    about = [
        Indicator(id="gdp_idx_1978", region="CN", kind="index", unit="1978 = 100"),
        Indicator(id="gdp_idx_prev", region="CN", kind="index", unit="previous year = 100"),
    ]
    right = panel(*about, gdp_idx_1978=years(2000, 100.0, 108.0, 118.8),
                  gdp_idx_prev=years(2001, 108.0, 110.0))  # fmt: skip
    assert not len(screen(right))
    wrong = panel(*about, gdp_idx_1978=years(2000, 100.0, 108.0, 118.8),
                  gdp_idx_prev=years(2001, 108.0, 104.0))  # fmt: skip
    assert only(screen(wrong), "growth").periods == (2002,)


def test_growth_stated_across_a_declared_break():
    about = [CNC[0].with_(breaks=(2006,)), CNC[1]]
    screening = screen(panel(*about, cnc=years(2005, 59639, 85756), cnc_growth={2006: 43.8}))
    assert [(f.rule, f.severity) for f in screening] == [("growth", "warning"), ("break", "note")]


def test_a_nominal_numerator_over_a_real_denominator():
    about = [
        Indicator(id="west", unit="CNY", price_basis="current"),
        Indicator(id="nation", unit="CNY", price_basis="constant", base_year=2005),
        Indicator(id="share", kind="share", unit="percent"),
    ]
    ratio = [Ratio("share", ("west", "nation"))]
    data = panel(*about, west={2010: 20}, nation={2010: 100}, share={2010: 20})
    found = only(screen(data, identities=ratio), "base")
    assert found.severity == "error"
    same = panel(about[0], about[1].with_(price_basis="current", base_year=None), about[2],
                 west={2010: 20}, nation={2010: 100}, share={2010: 20})  # fmt: skip
    assert not len(screen(same, identities=ratio))


def test_a_deflator_may_turn_real_into_nominal():
    about = [
        Indicator(id="nominal", unit="CNY", price_basis="current"),
        Indicator(id="real", unit="CNY", price_basis="constant", base_year=2005),
        Indicator(id="deflator", kind="index", unit="2005 = 1", base_year=2005),
    ]
    data = panel(*about, nominal={2010: 121}, real={2010: 110}, deflator={2010: 1.1})
    assert not len(screen(data, identities=[Product("nominal", ("real", "deflator"))]))


def test_one_measure_in_several_base_years_is_noted():
    about = [
        Indicator(id="gdp_kd.DE", name="GDP", unit="constant 2010 USD", region="DE"),
        Indicator(id="gdp_kd.CN", name="GDP", unit="constant 2015 USD", region="CN"),
    ]
    found = only(screen(panel(*about, gdp_kd__DE={2010: 1}, gdp_kd__CN={2010: 1})), "base")
    assert found.severity == "note"
    assert "2010" in found.found and "2015" in found.found


# --- jumps --------------------------------------------------------------------------------------


def grown(n=24, growth=0.06, noise=0.02, seed=1):
    changes = np.random.default_rng(seed).normal(growth, noise, n)
    return 100 * np.exp(np.cumsum(changes))


def of(values, first=1990, **about):
    return panel(Indicator(id="y", **about), y=years(first, *values))


def test_a_clean_series_has_no_finding():
    for seed in range(20):
        assert not len(screen(of(grown(seed=seed))))


@pytest.mark.parametrize("factor", [0.6, 1.7])
def test_a_level_shift(factor):
    y = grown()
    y[12:] *= factor
    found = only(screen(of(y)), "break")
    assert (found.severity, found.periods) == ("warning", (2002,))
    assert f"{y[11]:,.3f}" in found.found
    declared = only(screen(of(y, breaks=(2002,))), "break")
    assert declared.severity == "note" and "a declared break" in declared.found


def test_one_wild_year_that_comes_back_is_no_break():
    y = grown()
    y[12] *= 1.7
    assert "break" not in rules(screen(of(y)))


def test_breaks_are_not_looked_for_in_quarters():
    frame = pd.DataFrame({"unique_id": "a", "ds": [f"{2000 + k // 4}Q{k % 4 + 1}"
                          for k in range(40)], "y": 100.0 + 40 * (np.arange(40) > 20)})  # fmt: skip
    assert not len(screen(Panel.from_frame(frame)))


@pytest.mark.parametrize("power", [-4, -1, 1, 2])
@pytest.mark.parametrize(
    ("own", "first", "last", "severity"),
    [(slice(7, 8), 1997, 1997, "error"), (slice(7, 12), 1997, 2001, "error"),
     (slice(23, 24), 2013, 2013, "error"), (slice(0, 2), 1990, 1991, "error"),
     (slice(12, 24), 2002, 2013, "warning")],
)  # fmt: skip
def test_values_and_segments_off_by_powers_of_ten(power, own, first, last, severity):
    y = grown()
    y[own] *= 10.0**power
    found = only(screen(of(y)), "unit")
    assert (found.periods[0], found.periods[-1], found.severity) == (first, last, severity)
    assert f"about 10^{power} of" in found.found
    assert "break" not in rules(screen(of(y))), "said once"


def test_many_regions_with_their_largest_change_at_once():
    def family(shift):
        about, series = [], {}
        for k in range(8):
            y = grown(seed=k, noise=0.03)
            y[12:] *= shift if k < 6 else 1.0
            about.append(Indicator(id=f"gdp.R{k}", region=f"R{k}"))
            series[f"gdp__R{k}"] = years(1990, *y)
        return panel(*about, **series)

    found = screen(family(1.22))
    joint = only(found, "break")
    assert (joint.series, joint.periods) == (tuple(f"gdp.R{k}" for k in range(6)), (2002,))
    assert "up, of 6 of 8 regions at once" in joint.found
    assert not len(screen(family(1.0)))


def test_a_series_too_short_for_itself_is_held_against_other_regions():
    """World machine tool survey, USD million: Korea changed its reporting between 2002 and 2003."""
    survey = {
        "CN": (3020, 2980, 4000), "DE": (6730, 7737.7, 9216.2), "KR": (833.3, 2087.7, 2298.9),
        "JP": (5600, 6900, 9200), "IT": (3400, 3760, 4190), "US": (2150, 2550, 3150),
        "CH": (1700, 1860, 2340), "ES": (870, 933, 1030),
    }  # fmt: skip
    about = [Indicator(id=f"prod.{r}", region=r) for r in survey]
    data = panel(*about, **{f"prod__{r}": years(2002, *v) for r, v in survey.items()})
    found = only(screen(data), "break")
    assert (found.series, found.periods) == (("prod.KR",), (2003,))
    calm = panel(*about, **{f"prod__{r}": years(2002, *v) for r, v in
                            (survey | {"KR": (1900, 2087.7, 2298.9)}).items()})  # fmt: skip
    assert not len(screen(calm))


def slow_residuals(y, years_, skip):
    """One series, one change at a time."""
    rates = [NAN if s else (b - a) / (u - t) for s, a, b, t, u in
             zip(skip, y, y[1:], years_, years_[1:], strict=False)]  # fmt: skip
    found = []
    for k in range(len(y) - 1):
        beside = [rates[j] for j in range(max(0, k - 4), min(len(rates), k + 5)) if j != k]
        usual = np.nanmedian(beside) if np.isfinite(beside).any() else 0.0
        span = years_[k + 1] - years_[k]
        found.append(y[k + 1] - y[k] - usual * span)
    return np.array(found)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.data())
def test_residuals_are_those_of_a_loop(data):
    n = data.draw(st.integers(2, 20))
    y = np.array(data.draw(st.lists(st.floats(-50, 50), min_size=n, max_size=n)))
    gaps = data.draw(st.lists(st.integers(1, 4), min_size=n - 1, max_size=n - 1))
    skip = np.array(data.draw(st.lists(st.booleans(), min_size=n - 1, max_size=n - 1)), bool)
    when = np.concatenate([[2000], 2000 + np.cumsum(gaps)])
    wide = np.full((2, n + 3), NAN)  # a longer neighbour must not matter
    wide[0, :n], wide[1] = y, np.arange(n + 3.0)
    steps = np.ones((2, n + 2))
    steps[0] = [*gaps, NAN, NAN, NAN]
    none = np.zeros((2, n + 2), bool)
    none[0] = [*skip, True, True, True]
    got = jumps._residuals(wide, steps, none)[0, : n - 1]
    np.testing.assert_allclose(got, slow_residuals(y, when, skip), atol=1e-9)
    np.testing.assert_allclose(jumps.median(wide), np.nanmedian(wide, axis=1))


def test_a_finding_does_not_depend_on_its_neighbours():
    many = {f"s{k}": years(1990, *(grown(8 + k % 30, seed=k, noise=0.05) * (1 + (k % 3)) ** (
        np.arange(8 + k % 30) > 6))) for k in range(60)}  # fmt: skip
    together = {f.series: str(f) for f in screen(panel(**many))}
    alone = {f.series: str(f) for name, y in many.items() for f in screen(panel(**{name: y}))}
    assert together == alone and len(alone) > 5


def test_blocks_do_not_matter(monkeypatch):
    many = panel(**{f"s{k}": years(1990, *(grown(10 + k, seed=k) * 2.0 ** (np.arange(10 + k) > 5)))
                    for k in range(20)})  # fmt: skip
    whole = set(screen(many))
    monkeypatch.setattr(jumps, "_BLOCK", 50)
    assert set(screen(many)) == whole and whole


# --- what must always hold ----------------------------------------------------------------------


@settings(derandomize=True, max_examples=80, deadline=None)
@given(
    st.lists(
        st.lists(
            st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False),
                      st.sampled_from([0.0, 1.0, 1e-300, 1e300, -5.0])),
            min_size=1, max_size=14,
        ), min_size=1, max_size=5,
    ),
    st.sampled_from(["level", "index", "rate", "share"]),
)  # fmt: skip
def test_no_data_raise_or_are_changed(series, kind):
    about = [Indicator(id=f"gdp{'_pub' * k}.CN", region="CN", kind=kind, unit="percent",
                       lower=-np.inf, upper=np.inf, breaks=(2003,))
             for k in range(len(series))]  # fmt: skip
    rows = [(one.id, 2000 + t, v) for one, row in zip(about, series, strict=True)
            for t, v in enumerate(row)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["unique_id", "ds", "y"])
    data = Panel.from_frame(frame.astype({"y": float}), meta={i.id: i for i in about}, gaps="keep")
    before = data.digest()
    ids = data.ids
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        screening = screen(
            data, parts={ids[0]: ids[-1]}, growth={ids[0]: ids[-1]}, same=[ids],
            wholes={ids[0]: ids}, identities=[Product(ids[0], ids), Ratio(ids[0], (ids[0],) * 2)],
        )  # fmt: skip
        str(screening), screening.frame()
    assert data.digest() == before


def test_series_without_any_value():
    about = Indicator(id="b", region="CN")
    data = panel(about, Indicator(id="b_pub", region="CN"), b=years(2000, NAN, NAN),
                 b_pub=years(2000, 1.0, 2.0))  # fmt: skip
    assert not len(screen(data))


def test_ids_the_panel_does_not_hold():
    data = panel(gdp={2000: 1}, west={2000: 2})
    for arguments in ({"parts": {"gpd": "west"}}, {"growth": {"west": "gpd"}},
                      {"same": [("gpd", "west")]}, {"wholes": {"west": ("gpd",)}},
                      {"identities": [Product("gpd", ("west",))]}):  # fmt: skip
        with pytest.raises(UsageError, match=r"no series 'gpd' in the panel. Did you mean 'gdp'"):
            screen(data, **arguments)
    with pytest.raises(UsageError, match=r"the whole 'gpd' is no series .* Did you mean 'gdp'"):
        screen(data, wholes={"gpd": ("west",)})


def test_unlike_series_are_not_taken_for_one():
    about = {"region": "CN", "unit": "CNY 100 mn", "industry": "total economy"}
    data = panel(
        Indicator(id="gdp", **about), Indicator(id="gdp_kd2010", **about, price_basis="constant"),
        Indicator(id="gfcf", **about), Indicator(id="series 2001", **about),
        Indicator(id="series 2002", **about),
        **{n: {2000: 10.0 ** (k / 3)} for k, n in
           enumerate(["gdp", "gdp_kd2010", "gfcf", "series 2001", "series 2002"])},
    )  # fmt: skip
    assert not len(screen(data))


def test_the_report_reads_and_counts():
    y = grown()
    y[3] *= 10
    screening = screen(panel(a=years(1990, *y), b=years(1990, *grown(seed=2))))
    assert screening.counts() == {"unit": {"error": 1}}
    assert screening.headline() == "2 series: 1 error"
    lines = str(screening).splitlines()
    assert lines[0] == "unit (1): off by about a power of ten"
    assert lines[1].startswith("  error    a, 1993: ")
    assert lines[-1] == "2 series: 1 error"
    frame = screening.frame()
    assert frame[["severity", "rule", "series", "when"]].values.tolist() == [
        ["error", "unit", "a", "1993"]
    ]
    assert screening.frame("polars").shape == (1, 7)
    (finding,) = screening
    assert str(finding).startswith("error (unit) a, 1993: ")
    many = replace(finding, series=tuple("abcdef"))
    assert many.where == "a, b, c, d and 2 more, 1993"
    assert screen(panel(b=years(1990, *grown(seed=2)))).headline() == "1 series: nothing found"


# --- real figures -------------------------------------------------------------------------------


def read(shared, name):
    frame = pd.read_csv(shared / "data" / f"{name}.csv", dtype={"region": str},
                        keep_default_na=False, na_values=[""])  # fmt: skip
    frame["unique_id"] = frame.pop("series_id") + "." + frame["region"]
    return Panel.from_frame(frame.rename(columns={"year": "ds", "value": "y"}), gaps="keep")


@pytest.mark.parametrize(
    ("name", "rule", "series", "period"),
    [("macro_western_provinces", "break", "gdp_cur_pub.CN-GX", 1993),  # vintages
     ("macro_western_provinces", "break", "urban_share.CN-GZ", 2010),  # 2010 census
     ("macro_western_provinces", "break", "gdp_cur_pub.CN-SC", 1997),  # Chongqing split off
     ("macro_western_provinces", "conflict", "sn_gdp_cur_text.CN-SN", 1992),
     ("machinery_industry_china_japan", "break", "oecd_machinery_output.CN", 2016),
     ("machine_tools_world", "break", "gardner_prod.KR", 2003),
     ("machine_tools_china", "growth", "mt_cut_cnc_units.CN", 2006),
     ("machine_tools_china", "conflict", "mt_cut_cnc_share_units_pub.CN", 2013)],
)  # fmt: skip
def test_known_breaks_and_conflicts_of_the_shared_figures(shared, name, rule, series, period):
    found = [f for f in screen(read(shared, name)) if series in f.series and period in f.periods]
    assert rule in {f.rule for f in found}


def test_few_alarms_in_clean_competition_data(shared):
    frame = pd.read_parquet(shared / "data" / "benchmarks" / "m3_yearly.parquet")
    screening = screen(Panel.from_frame(frame[["unique_id", "ds", "y"]]))
    alarms = len(screening.of("error")) + len(screening.of("warning"))
    assert alarms <= 0.06 * screening.series


class TestFractionsAmongPercents:
    def shares(self, **values):
        rows = [
            {"unique_id": f"urban.{region}", "ds": 2005 + k, "y": y, "unit": "percent",
             "kind": "share", "region": region}
            for region, series in values.items() for k, y in enumerate(series)
        ]  # fmt: skip
        return Panel.from_frame(pd.DataFrame(rows))

    def test_a_region_in_fractions_beside_others_in_percent(self):
        data = self.shares(
            A=[0.345, 0.357, 0.371], B=[34.5, 35.7, 37.0], C=[53.1, 54.0, 55.2], D=[29, 30, 31]
        )
        found = only(screen(data), "unit")
        assert (found.severity, found.series) == ("warning", ("urban.A",))
        assert "no value above 0.371 percent" in found.found
        assert "as in series beside it" in found.expected

    def test_alone_it_is_a_note_and_small_shares_are_none(self):
        assert only(screen(self.shares(A=[0.345, 0.357, 0.371])), "unit").severity == "note"
        assert not len(screen(self.shares(A=[1.2, 0.9, 0.8])))

    def test_one_fraction_among_percents_is_a_slip(self):
        y = [30.1, 31.5, 32.9, 34.2, 35.5, 0.368, 38.1, 39.4, 40.6]
        found = only(screen(self.shares(A=y)), "unit")
        assert found.severity == "error"
        assert "0.368, about 10^-2 of" in found.found
        assert not len(screen(self.shares(A=[*y[:5], 36.8, *y[6:]])))

    def test_a_small_share_may_grow_tenfold(self):
        y = [0.5, 0.52, 0.55, 0.57, 5.6, 5.8, 6.1, 6.3, 6.6]
        assert not [f for f in screen(self.shares(A=y)) if f.rule == "unit"]
