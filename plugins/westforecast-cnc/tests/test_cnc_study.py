"""The study runs from any origin, keeps its identities, and says what it assumes."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from westforecast import DataError, dataset
from westforecast.study import files_of, read_study, records, run_study
from westforecast.study.summary import summary
from westforecast_cnc.files import study as study_path


@pytest.fixture(scope="module")
def study():
    """The study with fewer paths: the tests are about structure."""
    return replace(read_study(study_path()), paths=500)


@pytest.fixture(scope="module")
def result(study):
    return run_study(study)


def test_every_model_of_the_default_study_answers(result):
    assert result.failures == []
    assert result.study.origin == 2010
    assert result.study.until == 2020


def test_identities_hold_in_every_path_of_every_scenario(result):
    for v in result.paths.values():
        expected = {
            "cnc_units": v["cutting"] * v["cnc_ratio"] / 100,
            "west_units": v["cutting"] * v["cnc_ratio"] / 100 * v["west_share"] / 100,
            # thousand yuan a machine, in billions
            "output_value": v["cutting"] * v["unit_value"] / 1e6,
            "cnc_value": v["cutting"] * v["unit_value"] / 1e6 * v["cnc_value_ratio"] / 100,
        }
        expected["west_value"] = expected["cnc_value"] * v["west_share"] / 100
        assert set(expected) == set(result.study.derived)
        for name, product in expected.items():
            np.testing.assert_allclose(v[name], product, rtol=1e-12)


def test_the_chain_in_2010_is_the_observed_one(result):
    base = result.paths["baseline"]
    national = 697_300 * 0.296
    np.testing.assert_allclose(base["cnc_units"][:, 0], national)
    np.testing.assert_allclose(base["west_units"][:, 0], national * 0.0895)
    billions = base["cutting"] * base["unit_value"] * 1e3 / 1e9
    np.testing.assert_allclose(base["output_value"], billions)
    west = billions * base["cnc_value_ratio"] / 100 * 0.0895
    np.testing.assert_allclose(base["west_value"], west)


def test_ratios_stay_inside_0_to_100(result):
    for name in ("cnc_ratio", "cnc_value_ratio"):
        paths = result.paths["baseline"][name]
        assert paths.min() >= 0
        assert paths.max() <= 100


def test_scenarios_are_those_of_the_source_text(result):
    share = {name: values["west_share"][0] for name, values in result.paths.items()}
    assert list(share) == [
        "baseline",
        "share +3 points",
        "share +4 points",
        "share +5 points",
        "deep processing as the nation",
        "deep processing as the East",
        "medium nation, share +4 points",
        "low",
        "medium",
        "high",
    ]
    assert [share[f"share +{k} points"][5] for k in (3, 4, 5)] == pytest.approx(
        [11.95, 12.95, 13.95]
    )
    assert share["share +5 points"][-1] == share["share +5 points"][5]
    assert share["deep processing as the nation"][-1] / 8.95 == pytest.approx(33.54 / 27.12)
    east = (45.70 / 34.56) / (27.12 / 33.54)
    assert share["deep processing as the East"][-1] / 8.95 == pytest.approx(east)
    for parts in result.decompositions.values():
        assert parts.market + parts.share + parts.interaction == pytest.approx(parts.total)


def test_the_stacked_scenario_is_its_parts(result):
    both = result.paths["medium nation, share +4 points"]
    np.testing.assert_array_equal(both["cutting"], result.paths["medium"]["cutting"])
    np.testing.assert_array_equal(
        both["west_share"], result.paths["share +4 points"]["west_share"]
    )  # fmt: skip


def test_the_outlook_lies_below_all_that_the_past_held(result):
    (band,) = result.bands
    assert band.beside
    assert not band.narrow
    assert any("lies wholly below what the past held" in note for note in result.notes)


def test_western_figures_have_no_outcomes(result):
    """The western share is assumed, so nothing western can be scored."""
    assert result.outcomes("west_units") == result.outcomes("west_value") == {}
    scored = {row.series for row in result.hindsight}
    assert not {"west_units", "west_value", "west_share"} & scored
    assert {"cutting", "cnc_ratio", "cnc_units"} <= scored


def test_the_regions_stand_where_was_published(result):
    """Blue Book: China 66 in 2010, late I. The West was published as middle II; three of the five
    indicators make it middle I."""
    china, west, alike = result.standings
    assert (china.region.title, china.card.year) == ("China", 2010)
    assert china.card.composite == pytest.approx(66, abs=1.5)
    assert china.card.name == "late I"
    assert west.card.name == "middle I"
    assert west.card.missing == alike.card.missing
    assert west.card.composite < alike.card.composite - 10
    published = result.panel.value("industrialization_index.CN", 2015)
    assert china.outcomes[2015] == pytest.approx(published, abs=1.5)


def test_the_stage_path_stays_near_what_came(result):
    for standing in result.standings:
        low, high = standing.path.interval(95)
        for year in (2012, 2015, 2018):
            h = year - int(standing.path.years[0])
            assert low[0, h] - 5 < standing.outcomes[year] < high[0, h] + 5


def test_stage_growth_is_among_the_models_and_sees_the_index(result):
    part = result.components["cutting"]
    assert part.weights["Stage growth"] > 0
    assert "stage_index.CN" in result.panel.ids
    assert not [row for row in result.failures if row[1] == "Stage growth"]


def test_the_screens_doubt_what_the_sources_say_disagrees(result):
    """The CNC ratio of 2013: of a preliminary total in one series, of the final one in another."""
    told = [str(finding) for finding in result.findings if finding.severity == "warning"]
    assert any("mt_cut_cnc_share_units_pub.CN" in line and "28.8" in line for line in told)
    assert not [finding for finding in result.findings if finding.severity == "error"]


def test_targets_of_the_text_are_held_against_what_came(result):
    """Urbanization near 50 percent in 2020, an industrialization rate near 40, 2 bn yuan more."""
    urban, value, industry = result.targets
    assert urban.attainment.probability > 0.6
    assert result.outcomes("west_urban")[2018] > 50
    assert value.attainment.probability < 0.5
    assert industry.attainment.probability > 0.6
    assert result.outcomes("west_industry")[2020] < 30, "the industrialization rate peaked and fell"


def test_hindsight_of_the_national_market_is_the_published_series(result):
    rows = [r for r in result.hindsight if (r.series, r.model) == ("cutting", "Naive")]
    assert {r.year: r.outcome for r in rows}[2020] == 513_000
    assert {r.forecast for r in rows} == {697_300.0}


def test_an_origin_with_one_ratio_is_refused_with_its_reason(study):
    with pytest.raises(DataError, match=r"cnc_ratio.*up to 2000"):
        run_study(replace(study, origin=2000, until=2010))


@pytest.mark.parametrize("origin", [2001, 2002, 2004, 2006, 2009, 2013, 2019, 2022])
def test_any_origin_runs(study, origin):
    other = run_study(replace(study, origin=origin, until=origin + 6, paths=200))
    assert np.isfinite(other.at_target("west_units").point)
    if origin == 2004:  # too short for AutoETS anywhere before; the others are compared without it
        assert any("AutoETS gave no forecast before 2004" in note for note in other.notes)
        assert all(row["n"] for row in other.components["cutting"].record)
    values = sorted(other.components["cutting"].observed)
    assert values[-1] == origin
    if origin < 2007:  # one published CNC ratio by value: nothing in yuan can be forecast
        assert "cnc_value_ratio" in other.lost
        assert "west_value" not in other.paths["baseline"]


def test_the_files_tell_the_whole_story(result):
    files = files_of(result)
    page = files["report.html"].decode()
    for words in (
        "8.95",
        "share +3 points",
        "Hindsight",
        "impossible",
        "0.8086",
        "1.3223",
        "AutoARIMA",
        "Elasticity to GDP",
        "No series of western CNC output exists",
    ):
        assert words in page, words
    assert page.count('class="tag') == len(result.claims) == 23
    manifest = json.loads(files["manifest.json"])
    assert manifest["seed"] == 2020
    assert {"westforecast-arima", "westforecast-ets", "westforecast-growth"} <= set(
        manifest["plugins"]
    )


def test_the_data_set_is_registered():
    panel = dataset("cnc")
    assert panel.value("mt_cut_units.CN", 2010) == 697_300
    assert panel.indicator("cnc_share_units.CN").is_percent


@pytest.mark.parametrize("origin", [2006, 2010])
def test_the_summary_stays_under_a_page(study, origin):
    screen = Console(width=110, record=True, file=io.StringIO())
    found = run_study(replace(study, origin=origin, until=2020))
    screen.print(summary(found))
    lines = screen.export_text().splitlines()
    assert len(lines) < 59, "and one more for where the files are"
    told = "\n".join(lines)
    for row in records.chain(found):
        if row["in_answer"]:  # no number is cut
            for cell in (row["last"], row["point"], row["intervals"][0], row["unit"]):
                assert cell in told
    assert "Record before" in told
    assert "Hindsight" in told
