"""The claims of the source text: all there, the known numbers found, and nothing typed in."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from westforecast.study import Claim
from westforecast_cnc.arithmetic import Processing, implied_total
from westforecast_cnc.claims import check_claims

PACKAGE = Path(__file__).parents[1] / "src" / "westforecast_cnc"

Figure = Callable[[str, int], float]


def read(name: str) -> list[dict[str, str]]:
    with (PACKAGE / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


FIGURES = {(row["unique_id"], int(row["year"])): float(row["value"]) for row in read("data.csv")}
ASSUMPTIONS = {row["id"]: float(row["value"]) for row in read("assumptions.csv")}


def figure(unique_id: str, year: int) -> float:
    return FIGURES[unique_id, year]


def claims(changed: dict[str, float] | None = None, *, reader: Figure = figure) -> dict[str, Claim]:
    """All claims by id, with some assumptions replaced."""
    values = ASSUMPTIONS | (changed or {})
    return {claim.id: claim for claim in check_claims(reader, values.__getitem__)}


def changed_figure(series: str, year: int, value: float) -> Figure:
    return lambda name, when: value if (name, when) == (series, year) else figure(name, when)


# --- the table ------------------------------------------------------------------------------------


def test_all_claims_are_there_in_order() -> None:
    found = [claim.id for claim in check_claims(figure, ASSUMPTIONS.__getitem__)]
    assert found == [f"C{number:02d}" for number in range(1, 24)]


def test_every_text_is_filled_and_ends_properly() -> None:
    for claim in claims().values():
        texts = (claim.phrase, claim.stated, claim.check, claim.found, claim.source)
        assert all(text and text == text.strip() and "  " not in text for text in texts), claim.id
        assert claim.check[-1] in ".?" and claim.found.endswith("."), claim.id


def test_sources_are_series_of_the_data() -> None:
    series = {name for name, _ in FIGURES}
    for claim in claims().values():
        if claim.source != "source text only":
            assert set(claim.source.split(", ")) <= series, claim.id


def test_an_untestable_claim_says_there_is_nothing_to_test_against() -> None:
    for claim in claims().values():
        assert (claim.verdict == "untestable") is claim.check.startswith("None: "), claim.id


def test_verdicts() -> None:
    verdicts: dict[str, list[str]] = {}
    for claim in claims().values():
        verdicts.setdefault(claim.verdict, []).append(claim.id)
    assert verdicts == {
        "plausible": ["C01", "C02", "C05"],
        "untestable": ["C03", "C09", "C11", "C16", "C17", "C18", "C19"],
        "impossible": ["C04"],
        "confirmed": ["C06", "C07", "C14", "C15", "C23"],
        "contradicted": ["C08", "C12", "C20"],
        "mixed": ["C10", "C13", "C21", "C22"],
    }


# --- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim_id", "numbers"),
    [
        ("C01", ["13.9 (2005)", "18.74 (2020)"]),
        ("C02", ["8.7 percent in 2024"]),
        ("C04", ["5.4 to 6.0", "1,184", "(2005)", "0.45 to 0.50 percent", "0.35 percent"]),
        ("C06", ["942 (2004)", "1158 (2005)", "passed in 2005"]),
        ("C07", ["32.9 (1999)", "39.6 (2007)", "41.1 (2008)", "26.8 (2020)", ": 2007, 2008."]),
        ("C08", ["34.52 (2005)", "57.3 (2020)", "7.3 points too low", "passed in 2016"]),
        ("C10", ["2011 (23.1 percent)", "inside", "5.0 percent in 2015"]),
        ("C12", ["11.95 to 13.95 percent", "33.5 to 55.9 percent", "2024", "8.7 percent"]),
        ("C13", ["66.7 and 60.0", "40 to 100", "56.3 (2006)", "5.37", "12.5 to 15.5"]),
        ("C13", ["market 8.0", "share 1.8 to 3.0", "both together 2.7 to 4.5"]),
        ("C14", ["71.4 (1999)", "71.5 (2005)"]),
        ("C15", ["28.6 (1999)", "28 (2005)", "28 (2006)", "27.1 (2020)"]),
        ("C16", ["31.90"]),
        ("C17", ["0.8086"]),
        ("C19", ["1.3223", "27.18 / 31.90 = 0.8520"]),
        ("C20", ["1.2367", "1.6354"]),
        ("C21", ["2002", "44.8 (2005)", "40.8 (2007)"]),
        ("C22", ["25.3 percent (2019)", "50 percent"]),
        ("C23", ["50 (2005)", "66 (2010)", "Middle stage: 2005", "late stage from 2010"]),
    ],
)
def test_found_holds_the_known_numbers(claim_id: str, numbers: list[str]) -> None:
    found = claims()[claim_id].found
    assert [number for number in numbers if number not in found] == []


@pytest.mark.parametrize(
    ("assumption", "value", "claim_ids"),
    [
        ("west_manufacturing_share", 10.8, ["C01"]),
        ("west_share", 9.95, ["C04", "C12", "C13"]),
        ("cnc_share_of_western_industry", 25, ["C04", "C05"]),
        ("metal_products_share_of_western_industry", 2.5, ["C05"]),
        ("stated_gdp_pc_usd", 2000, ["C06"]),
        ("stated_industrialization_rate", 34, ["C07"]),
        ("stated_urbanization_2020", 55, ["C08"]),
        ("transfer_peak_start", 2012, ["C10"]),
        ("share_gain_low", 2, ["C04", "C12", "C13"]),
        ("share_gain_high", 6, ["C04", "C12", "C13"]),
        ("share_gain_years", 6, ["C13"]),
        ("output_gain_low", 1, ["C04", "C13"]),
        ("output_gain_high", 4, ["C04", "C13"]),
        ("market_growth", 10, ["C13"]),
        ("west_mining_share", 30, ["C16", "C17", "C18", "C19", "C20"]),
        ("west_smelting_share", 25, ["C17", "C19", "C20"]),
        ("east_mining_share", 30, ["C16", "C18", "C19", "C20"]),
        ("east_smelting_share", 40, ["C19", "C20"]),
        ("stated_primary_employment", 65, ["C21", "C22"]),
        ("stated_primary_employment_gap", 12, ["C21", "C22"]),
        ("middle_stage_lower", 20, ["C23"]),
        ("middle_stage_upper", 40, ["C23"]),
    ],
)
def test_changing_an_assumption_changes_what_is_found(
    assumption: str, value: float, claim_ids: list[str]
) -> None:
    before, after = claims(), claims({assumption: value})
    different = [name for name in before if before[name].found != after[name].found]
    assert different == claim_ids


@pytest.mark.parametrize(
    ("assumption", "value", "claim_id", "verdict"),
    [
        ("west_manufacturing_share", 20, "C01", "contradicted"),
        ("west_share", 20, "C02", "mixed"),
        ("cnc_share_of_western_industry", 0.35, "C04", "plausible"),
        ("cnc_share_of_western_industry", 200, "C05", "contradicted"),
        ("stated_gdp_pc_usd", 9000, "C06", "contradicted"),
        ("stated_industrialization_rate", 60, "C07", "contradicted"),
        ("stated_urbanization_2020", 57, "C08", "confirmed"),
        ("transfer_peak_start", 2012, "C10", "contradicted"),
        ("share_gain_low", -1, "C12", "plausible"),
        ("stated_land_share", 80, "C14", "contradicted"),
        ("stated_population_share", 35, "C15", "contradicted"),
        ("west_smelting_share", 10, "C20", "plausible"),
        ("stated_primary_employment", 95, "C21", "contradicted"),
        ("stated_primary_employment_gap", 30, "C22", "plausible"),
        ("middle_stage_lower", 65, "C23", "contradicted"),
    ],
)
def test_verdict_follows_the_numbers(
    assumption: str, value: float, claim_id: str, verdict: str
) -> None:
    assert claims()[claim_id].verdict != verdict
    assert claims({assumption: value})[claim_id].verdict == verdict


@pytest.mark.parametrize(
    ("assumption", "claim_ids"),
    [
        ("west_metal_products_share", ["C03"]),
        ("share_gain_years", ["C09", "C12"]),
        ("stated_land_share", ["C14"]),
        ("stated_population_share", ["C15"]),
    ],
)
def test_what_is_stated_is_read_from_the_assumptions(assumption: str, claim_ids: list[str]) -> None:
    before, after = claims(), claims({assumption: ASSUMPTIONS[assumption] + 0.5})
    assert [name for name in before if before[name].stated != after[name].stated] == claim_ids


def test_a_mark_never_reached_is_said_so() -> None:
    after = claims({"stated_gdp_pc_usd": 9000, "stated_urbanization_2020": 90})
    assert after["C06"].found == "7545 (2018) USD. The mark was not passed."
    assert "32.7 points too high. 90 percent was not passed by 2024." in after["C08"].found


@pytest.mark.parametrize(
    ("series", "year", "claim_id"),
    [
        ("west_industry_va_share.CN-WEST", 2005, "C01"),
        ("mt_cut_units_region.CN-WEST", 2024, "C02"),
        ("va_industry_cur_csy2006.CN-WEST", 2005, "C04"),
        ("west_gdp_pc_usd.CN-WEST", 2005, "C06"),
        ("urban_share.CN-WEST", 2020, "C08"),
        ("gdp_cur_pub.CN-WEST", 2015, "C10"),
        ("mt_cut_share_region.CN-WEST", 2024, "C12"),
        ("mt_prod_cny.CN", 2006, "C13"),
        ("population.CN-WEST", 2020, "C15"),
        ("wdi_agri_emp_share.CN", 2019, "C22"),
    ],
)
def test_changing_a_figure_changes_what_is_found(series: str, year: int, claim_id: str) -> None:
    reader = changed_figure(series, year, figure(series, year) * 1.1)
    assert claims(reader=reader)[claim_id].found != claims()[claim_id].found


def test_a_missing_figure_is_an_error() -> None:
    def without_land(unique_id: str, year: int) -> float:
        if unique_id == "west_land_share.CN-WEST":
            raise KeyError(unique_id)
        return figure(unique_id, year)

    def without_urban(unique_id: str, year: int) -> float:
        if unique_id == "urban_share.CN-WEST":
            raise KeyError(unique_id)
        return figure(unique_id, year)

    for reader in (without_land, without_urban):
        with pytest.raises(KeyError):
            check_claims(reader, ASSUMPTIONS.__getitem__)


# --- the sums behind them -------------------------------------------------------------------------


def test_implied_total_gives_the_gain_back() -> None:
    assert implied_total(2.0, 0.03) * 0.03 == pytest.approx(2.0, rel=1e-12)


def test_regions_weighted_by_mining_have_the_national_coefficient_one() -> None:
    regions = Processing(
        west_mining=0.3354, west_smelting=0.2712, east_mining=0.3456, east_smelting=0.4570
    )
    nation = (
        regions.west * regions.west_mining
        + regions.east * regions.east_mining
        + regions.rest * regions.rest_mining
    )
    assert nation == pytest.approx(1.0, rel=1e-12)
    assert regions.multiple_at_east == pytest.approx(
        regions.multiple_at_nation * regions.east, rel=1e-12
    )
