"""data.csv and assumptions.csv: every figure is sourced, copied faithfully or recomputes."""

import csv
import math
import re
from collections import defaultdict
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "src" / "westforecast_cnc"
# The collected sources lie beside the repository on the machine where the files were built.
SHARED = Path(__file__).parents[3].parent / "shared"

CONSTANT = ["name", "name_zh", "region", "industry", "unit", "kind"]
COLUMNS = ["unique_id", *CONSTANT, "year", "value", "mark", "source"]
KINDS = {"level", "share", "rate", "index", "count", "price"}
REGIONS = {"CN", "CN-WEST", "CN-EAST", "CN-CENTRAL", "CN-NORTHEAST", "US"}
# Made in this package from other rows; everything else is copied.
COMPUTED_HERE = {
    "mt_prod_cny.CN", "mt_unit_value.CN", "cnc_share_units.CN", "gdp_pc_usd2010.CN",
    "gdp_pc_usd2010.CN-WEST", "manuf_goods_share.CN", "share_primary.CN-WEST",
    "share_secondary.CN-WEST",
}  # fmt: skip

Row = dict[str, str]
Figures = dict[tuple[str, int], float]


def read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return read(PACKAGE / "data.csv")


@pytest.fixture(scope="module")
def figures(rows: list[Row]) -> Figures:
    return {(row["unique_id"], int(row["year"])): float(row["value"]) for row in rows}


@pytest.fixture(scope="module")
def assumptions() -> list[Row]:
    return read(PACKAGE / "assumptions.csv")


def years(figures: Figures, unique_id: str) -> list[int]:
    return [year for name, year in figures if name == unique_id]


# --- the table itself -----------------------------------------------------------------------------


def test_columns_are_the_agreed_ones(rows: list[Row]) -> None:
    assert list(rows[0]) == COLUMNS


def test_no_cell_is_empty_and_none_has_stray_space(rows: list[Row]) -> None:
    for row in rows:
        for column, cell in row.items():
            assert cell and cell == cell.strip(), (row["unique_id"], row["year"], column)


def test_one_figure_a_series_and_year_in_order(rows: list[Row]) -> None:
    keys = [(row["unique_id"], int(row["year"])) for row in rows]
    assert keys == sorted(set(keys))


def test_metadata_are_constant_in_a_series(rows: list[Row]) -> None:
    seen: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in rows:
        seen[row["unique_id"]].add(tuple(row[column] for column in CONSTANT))
    assert [name for name, metadata in seen.items() if len(metadata) > 1] == []


def test_closed_columns_hold_known_words(rows: list[Row]) -> None:
    assert {row["kind"] for row in rows} <= KINDS
    assert {row["mark"] for row in rows} <= set("ABCD")
    assert {row["region"] for row in rows} == REGIONS
    for row in rows:
        assert row["unique_id"].partition(".")[2] == row["region"], row


def test_values_are_finite_and_fit_their_kind(rows: list[Row]) -> None:
    for row in rows:
        value = float(row["value"])
        assert math.isfinite(value) and value > 0, row
        if row["kind"] == "share":
            assert row["unit"] == "percent" and value <= 100, row


def test_values_carry_no_float_noise(rows: list[Row]) -> None:
    """No value needs more than seven decimals, the most any source prints."""
    noisy = [row for row in rows if not re.fullmatch(r"\d+(\.\d{1,7})?", row["value"])]
    assert noisy == []


def test_sources_name_no_machine_path(rows: list[Row]) -> None:
    assert [row for row in rows if re.search(r"(^|\s)/\w|[A-Z]:\\", row["source"])] == []


def test_unlicensed_copies_name_the_statistics_office(rows: list[Row]) -> None:
    unlicensed = ("Sophomoresty", "xxyyluo", "yaoyaoustc", "province-economy", "1lmq")
    for row in rows:
        if any(name in row["source"] for name in unlicensed):
            assert "NBS" in row["source"], row


# --- computed series ------------------------------------------------------------------------------


def test_computed_sources_say_so(rows: list[Row]) -> None:
    for row in rows:
        if row["unique_id"] in COMPUTED_HERE:
            assert row["source"].startswith("computed: "), row


def test_yuan_output_is_dollar_output_times_the_exchange_rate(figures: Figures) -> None:
    """Rounded to four decimals of CNY bn (0.1 million yuan)."""
    gardner = {y: figures["gardner_prod.CN", y] / 1000 for y in (2002, 2003, 2004, 2011)}
    rounded = {2013: figures["gardner_prod_rounded.CN", 2013] / 1000}
    association = {y: figures["mt_prod_usd.CN", y] for y in (2006, 2021)}
    dollars = {**gardner, **rounded, **association}
    assert years(figures, "mt_prod_cny.CN") == sorted(dollars)
    for year, value in dollars.items():
        expected = round(value * figures["wdi_fx.CN", year], 4)
        assert figures["mt_prod_cny.CN", year] == pytest.approx(expected, rel=1e-9)


def test_unit_value_is_output_over_units(figures: Figures) -> None:
    """From the printed (rounded) output; rounded to four decimals of 1000 CNY."""
    assert years(figures, "mt_unit_value.CN") == years(figures, "mt_prod_cny.CN")
    for year in years(figures, "mt_unit_value.CN"):
        bn, units = figures["mt_prod_cny.CN", year], figures["mt_cut_units.CN", year]
        expected = round(bn * 1e6 / units, 4)
        assert figures["mt_unit_value.CN", year] == pytest.approx(expected, rel=1e-9)


def test_cnc_share_takes_the_computed_ratio_first(figures: Figures) -> None:
    """2000 from the derived units, rounded to two decimals like the other computed ratios."""
    derived = figures["mt_cut_cnc_units_derived.CN", 2000] / figures["mt_cut_units.CN", 2000]
    expected = {2000: round(100 * derived, 2)}
    for basis in ("mt_cut_cnc_share_units_pub.CN", "mt_cut_cnc_share_units_calc.CN"):
        expected |= {year: figures[basis, year] for year in years(figures, basis)}
    found = {year: figures["cnc_share_units.CN", year] for year in sorted(expected)}
    assert years(figures, "cnc_share_units.CN") == sorted(expected)
    assert found == pytest.approx(expected, rel=1e-9)


def test_cnc_share_names_its_basis(rows: list[Row]) -> None:
    for row in rows:
        if row["unique_id"] == "cnc_share_units.CN":
            assert "basis: " in row["source"]
            assert ("preliminary" in row["source"]) is ("_pub" in row["source"])


def test_copied_ratios_agree_with_their_inputs(figures: Figures) -> None:
    """Ratios that came ready made are what the shipped inputs give, at their printed precision."""
    ratios = [
        ("mt_cut_cnc_share_units_calc.CN", "mt_cut_cnc_units.CN", "mt_cut_units.CN", 2),
        ("gdp_west_share.CN-WEST", "gdp_cur.CN-WEST", "gdp_cur_allprov.CN", 3),
        ("share_industry.CN", "va_industry_cur.CN", "gdp_cur.CN", 1),
        ("share_secondary.CN", "va_secondary_cur.CN", "gdp_cur.CN", 1),
    ]
    for ratio, part, whole, digits in ratios:
        for year in years(figures, ratio):
            expected = 100 * figures[part, year] / figures[whole, year]
            assert figures[ratio, year] == pytest.approx(expected, abs=0.51 * 10**-digits), (
                ratio,
                year,
            )


def test_gdp_per_head_in_dollars_of_2010_is_the_mean_of_two_conversions(figures: Figures) -> None:
    """Rounded to 0.1 dollar; the US price level of 2010 is 1."""
    prices = {
        year: figures["wdi_gdp_pc_cd.US", year] / figures["wdi_gdp_pc_kd2010.US", year]
        for year in years(figures, "wdi_gdp_pc_cd.US")
    }
    for year in years(figures, "gdp_pc_usd2010.CN"):
        market = figures["gdp_pc_cur.CN", year] / figures["wdi_fx.CN", year] / prices[year]
        parity = figures["pwt_gdp_pc.CN", year] / prices[2017]
        expected = (market + parity) / 2
        assert figures["gdp_pc_usd2010.CN", year] == pytest.approx(expected, abs=0.051)
    for year in years(figures, "gdp_pc_usd2010.CN-WEST"):
        rate = figures["gdp_pc_usd2010.CN", year] / figures["gdp_pc_cur.CN", year]
        expected = figures["west_gdp_pc_cny.CN-WEST", year] * rate
        assert figures["gdp_pc_usd2010.CN-WEST", year] == pytest.approx(expected, abs=0.3)


def test_shares_made_here_are_their_parts_over_the_whole(figures: Figures) -> None:
    for year in years(figures, "manuf_goods_share.CN"):
        goods = figures["share_primary.CN", year] + figures["share_secondary.CN", year]
        expected = 100 * figures["wdi_manuf_share.CN", year] / goods
        assert figures["manuf_goods_share.CN", year] == pytest.approx(expected, abs=0.006)
    for sector in ("primary", "secondary"):
        for year in years(figures, f"share_{sector}.CN-WEST"):
            part = figures[f"va_{sector}_cur_derived.CN-WEST", year]
            expected = 100 * part / figures["gdp_cur_pub.CN-WEST", year]
            assert figures[f"share_{sector}.CN-WEST", year] == pytest.approx(expected, abs=0.006)


def test_western_industrialization_rate_agrees_with_its_inputs(figures: Figures) -> None:
    inputs = {
        2005: ("va_industry_cur_csy2006.CN-WEST", "gdp_cur_csy2006.CN-WEST", 0.005),
        2020: ("va_industry_cur.CN-WEST", "gdp_cur.CN-WEST", 0.05),
    }
    for year, (part, whole, half_step) in inputs.items():
        expected = 100 * figures[part, year] / figures[whole, year]
        assert figures["west_industry_va_to_gdp.CN-WEST", year] == pytest.approx(
            expected, abs=half_step
        )


# --- against the collected sources ----------------------------------------------------------------


@pytest.fixture(scope="module")
def collected() -> Figures:
    """Every figure of the shared files, under the unique_id it has here."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the collected sources are not beside this repository: no {SHARED}")
    found: Figures = {}
    for path in sorted((SHARED / "data").glob("*.csv")):
        for row in read(path):
            found[f"{row['series_id']}.{row['region']}", int(row["year"])] = float(row["value"])
    return found | collected_facts(SHARED / "research" / "truth")


def collected_facts(truth: Path) -> Figures:
    found: Figures = {}
    for row in read(truth / "west_region_facts.csv"):
        if "wrong" in row["confidence"] or "conflict" in row["confidence"]:
            continue
        found[f"{row['quantity']}.CN-WEST", int(row["year"])] = float(row["value"])
        if row["quantity"] == "west_industry_va_to_gdp" and row["year"] == "2005":
            industry, gdp = map(float, row["note"].split("/"))
            found["va_industry_cur_csy2006.CN-WEST", 2005] = industry
            found["gdp_cur_csy2006.CN-WEST", 2005] = gdp
    for row in read(truth / "west_region_series.csv"):
        found["west_urban_share.CN-WEST", int(row["year"])] = float(row["west_urban_pct"])
        yuan = float(row["west_gdp_per_capita_yuan"])
        found["west_gdp_pc_cny.CN-WEST", int(row["year"])] = yuan
        if row["west_gdp_per_capita_usd"]:
            usd = float(row["west_gdp_per_capita_usd"])
            found["west_gdp_pc_usd.CN-WEST", int(row["year"])] = usd
    for row in read(truth / "stage_index_published.csv"):
        if row["region"] == "China" and row["indicator"] == "composite":
            found["industrialization_index.CN", int(row["year"])] = float(row["score"])
    return found


def test_every_copied_figure_is_in_the_collected_sources(
    figures: Figures, collected: Figures
) -> None:
    copied = {key: value for key, value in figures.items() if key[0] not in COMPUTED_HERE}
    assert [key for key in copied if key not in collected] == []
    for key, value in copied.items():
        # 59.7 here is 59.700001 in the World Bank's file: single-precision noise, removed.
        noise = 1e-7 if key[0].startswith("wdi_agri_emp_share") else 0.0
        assert value == pytest.approx(collected[key], rel=noise, abs=0.0), key


# --- assumptions ----------------------------------------------------------------------------------


def test_assumptions_are_complete(assumptions: list[Row]) -> None:
    columns = ["id", "name", "name_zh", "value", "unit", "year", "reason", "source"]
    assert list(assumptions[0]) == columns
    for row in assumptions:
        assert math.isfinite(float(row["value"])), row
        assert all(row[column] for column in columns if column != "year"), row
        assert row["year"] == "" or row["year"].isdigit(), row
    names = [row["id"] for row in assumptions]
    assert len(names) == len(set(names))


def test_assumptions_hold_the_numbers_of_the_text(assumptions: list[Row]) -> None:
    values = {row["id"]: float(row["value"]) for row in assumptions}
    stated = {
        "west_share": 8.95,
        "west_manufacturing_share": 9.8,
        "west_metal_products_share": 4.28,
        "cnc_share_of_western_industry": 35,
        "west_mining_share": 33.54,
        "west_smelting_share": 27.12,
        "east_mining_share": 34.56,
        "east_smelting_share": 45.70,
        "share_gain_low": 3,
        "share_gain_high": 5,
        "share_gain_years": 5,
        "output_gain_low": 2,
        "output_gain_high": 3,
        "stated_urbanization_2020": 50,
        "stated_industrialization_rate": 40,
        "stated_primary_employment": 60,
        "stated_primary_employment_gap": 10,
        "stated_gdp_pc_usd": 1000,
        "stated_land_share": 70,
        "stated_population_share": 28,
    }
    assert {name: values[name] for name in stated} == stated
