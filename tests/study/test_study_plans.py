"""Plans of a study at work: stacks, audit trail, factors, low / medium / high, targets, IAMC."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from westforecast.study import StudyError, files_of, iamc_columns, read_study, run_study
from westforecast.study.summary import summary

PLANS = """
[[scenario]]
name = "cooler"
reason = "A boom ends."
author = "Ann"
date = 2011-03-31
change = [{ op = "growth", series = "output", rate = 0.01 }]

[[scenario]]
name = "cooler, and two points"
reason = "Both at once."
stack = ["cooler", "two points more"]

[[scenario]]
name = "by plan"
reason = "The plan names 2015."
change = [{ op = "target", series = "output", year = 2015, value = 400, path = "growth" }]

[[outlook]]
series = "output"
low = 0.05
medium = 0.055
high = 0.06
reason = "A printed table."

[[target]]
quantity = "region"
year = 2015
at_least = 30
reason = "Illustration."
history = "toys"

[[target]]
quantity = "share"
year = 2014
at_least = 11
reason = "A point more."
"""


@pytest.fixture
def plans(study_file):
    """The small study with plans of every kind."""
    study_file.write_text(study_file.read_text() + PLANS)
    return study_file


@pytest.fixture
def result(plans):
    return run_study(read_study(plans))


def test_scenarios_are_joint_and_identities_hold(result):
    for values in result.paths.values():
        np.testing.assert_allclose(values["region"], values["output"] * values["share"] / 100)
    stacked = result.paths["cooler, and two points"]
    np.testing.assert_array_equal(stacked["output"], result.paths["cooler"]["output"])
    np.testing.assert_array_equal(stacked["share"], result.paths["two points more"]["share"])
    assert np.median(result.paths["by plan"]["output"][:, -1]) == pytest.approx(400)
    medium = np.median(result.paths["medium"]["output"], axis=0)
    np.testing.assert_allclose(medium[1:] / medium[:-1], 1.055)


def test_the_trail_explains_each_scenario(result):
    rows = [entry for entry in result.trail if entry.scenario == "cooler, and two points"]
    assert [(e.author, e.date, e.op, e.reason) for e in rows] == [
        ("Ann", "2011-03-31", "growth", "A boom ends."),
        ("", "", "share_shift", "The plan says so."),
    ]
    effect = sum(entry.effect["region"] for entry in rows)
    after, before = (np.median(result.paths[name]["region"][:, -1])
                     for name in ("cooler, and two points", "baseline"))  # fmt: skip
    change = after - before
    assert effect == pytest.approx(change, rel=1e-12)
    assert (rows[1].before, rows[1].after) == pytest.approx((10, 12))
    assert len(result.trail) == 1 + 1 + 2 + 1 + 3


def test_factors_add_up_to_the_change(result):
    for scenario in result.paths:
        parts = result.chains[scenario, "region"]
        assert list(parts) == ["output", "share"]
        total = result.decompositions[scenario, "region"].total
        assert sum(parts.values()) == pytest.approx(total, rel=1e-9)
    assert result.chains["baseline", "region"]["share"] == 0
    assert result.chains["two points more", "region"]["share"] > 0


def test_a_printed_band_is_called_narrow(result):
    (band,) = result.bands
    assert band.narrow
    assert any("narrower than the past was uncertain" in note for note in result.notes)
    assert any(note.startswith("Toys, nation: ") for note in result.notes)


def test_a_band_beside_the_past_is_told_though_it_is_wide(plans):
    text = plans.read_text()
    assert "low = 0.05" in text
    plans.write_text(text.replace("low = 0.05", "low = -0.3").replace("medium = 0.055",
                     "medium = -0.2").replace("high = 0.06", "high = -0.1"))  # fmt: skip
    result = run_study(read_study(plans))
    (band,) = result.bands
    assert (band.narrow, band.beside) == (False, True)
    assert any("lies wholly below what the past held" in note for note in result.notes)
    page = files_of(result)["report.html"].decode()
    assert '<td class="miss">Low to high, -30.0 % to -10.0 % a year, lies wholly below' in page


def test_a_target_no_scenario_moves_has_no_column(plans):
    """No scenario changes what was never assumed: one line instead of a column of equal cells."""
    plans.write_text(
        plans.read_text()
        + """
[[target]]
quantity = "region"
year = 2015
at_least = 1
reason = "Illustration"
source = "none"
"""
    )
    page = " ".join(files_of(run_study(read_study(plans)))["report.html"].decode().split())
    assert "The same under every scenario: Toys, region: at least 1 units in 2015, 100 %" in page
    assert '<th class="n wrap">Toys, region: at least 30 units in 2015</th>' in page
    assert '<th class="n wrap">Toys, region: at least 1 units' not in page
    assert "Illustration. Source: none." in page


def test_targets_are_held_against_paths_and_history(result):
    region, share = result.targets
    paths = result.paths["two points more"]["region"][:, -1]
    assert region.chances["two points more"][0] == (paths >= 30).mean()
    assert region.chances["two points more"][0] > region.chances["baseline"][0]
    told = region.attainment
    assert (told.last_year, told.last) == (2010, pytest.approx(24.0))
    assert told.required == pytest.approx((30 / 24) ** 0.2 - 1)
    values = result.components["output"].observed
    pace = [(values[t + 5] / values[t]) ** 0.2 - 1 for t in values if t + 5 in values]
    assert told.precedents.windows == len(pace) == 8, "1998-2003 to 2005-2010, nothing later"
    assert told.precedents.reached == sum(p >= told.required for p in pace)
    assert share.attainment.goal.measure == "change"
    assert share.attainment.required == pytest.approx(0.25)
    assert share.attainment.precedents is None, "an assumption has no past"
    assert share.chances["baseline"][0] == 0


def test_a_target_without_a_history_takes_the_quantitys_own_past(plans):
    plans.write_text(plans.read_text().replace('history = "toys"\n', ""))
    told = run_study(read_study(plans)).targets[0].attainment
    assert (told.precedents.series, told.precedents.windows) == (1, 8)
    assert told.precedents.best[0].series == "Toys, region"


def test_what_only_the_data_tell_of_a_target_names_its_place(plans):
    plans.write_text(plans.read_text().replace('history = "toys"', 'history = "toy"'))
    with pytest.raises(StudyError, match=r"target\.0\.history: .*Did you mean 'toys'"):
        run_study(read_study(plans))


def test_another_origin_leaves_out_what_names_its_years_and_says_so(plans):
    study = replace(read_study(plans), origin=2012, until=2014)
    result = run_study(study)
    assert "by plan" not in result.paths
    assert "cooler" in result.paths
    assert [t.aim.goal.year for t in result.targets] == [2014]
    notes = " ".join(result.notes)
    assert "Scenario 'by plan' is left out" in notes
    assert "at least 30 units in 2015 is left out" in " ".join(notes.split())


def test_terminal_page_and_manifest_show_them(result):
    screen = Console(width=110, record=True, file=io.StringIO())
    screen.print(summary(result))
    told = screen.export_text()
    assert "≥ 30, 2015" in told
    assert len(told.splitlines()) < 59
    files = files_of(result)
    page = files["report.html"].decode()
    for words in ("Audit trail", "A. Nobody", "Ann", "2011-03-31", "Targets", "Low, medium, high",
                  "Factor by factor", "narrower than the past", "without overlap"):  # fmt: skip
        assert (words in page) == (words != "A. Nobody"), words
    manifest = json.loads(files["manifest.json"])
    assert [row["op"] for row in manifest["changes"]][:2] == ["share_shift", "growth"]
    assert manifest["scenarios"]["cooler"]["author"] == "Ann"
    assert set(manifest["targets"][0]["probability"]) == set(result.paths)


def test_a_study_without_plans_shows_no_empty_sections(study_file):
    page = files_of(run_study(read_study(study_file)))["report.html"].decode()
    assert "Low, medium, high" not in page
    assert 'id="targets"' not in page


def test_iamc_wide_is_the_template(result):
    text = files_of(result)["iamc.csv"].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    years = [str(year) for year in range(2010, 2016)]
    assert list(rows[0]) == ["Model", "Scenario", "Region", "Variable", "Unit", *years]
    assert all(value for row in rows for value in row.values()), "pyam refuses empty cells"
    keys = [tuple(row[k] for k in ("Model", "Scenario", "Region", "Variable", "Unit"))
            for row in rows]  # fmt: skip
    assert len(keys) == len(set(keys)) == 8 * 4 * (1 + 4)
    at = {(row["Scenario"], row["Variable"]): row for row in rows}
    row = at["cooler", "Toys, region"]
    assert float(row["2015"]) == result.at_target("region", "cooler").point
    low, high = result.at_target("region", "cooler").intervals[80.0]
    assert float(at["cooler", "Toys, region|P10"]["2015"]) == low
    assert float(at["cooler", "Toys, region|P90"]["2015"]) == high
    assert ("cooler", "Toys, region|P97.5") in at
    assert at["baseline", "Toys, nation"]["Region"] == "CN"
    assert row["Region"] == "unspecified"


def test_iamc_long_and_names_of_the_studys_own(plans):
    text = plans.read_text().replace('market = "whole"', 'market = "whole"\nregion = "CN-WEST"\n'
                                     'variable = "Production|Toys"')  # fmt: skip
    plans.write_text(text.replace("until = 2015", 'until = 2015\nregion = "CN-ALL"'))
    result = run_study(read_study(plans))
    long = iamc_columns(result, "long", quantiles=False)
    assert list(long) == ["model", "scenario", "region", "variable", "unit", "year", "value"]
    assert len(long["value"]) == 8 * 4 * 6
    regions = dict(zip(long["variable"], long["region"], strict=True))
    assert regions == {"Toys, nation": "CN", "Share of the region": "CN-ALL",
                       "Production|Toys": "CN-WEST", "Toys, all": "CN-ALL"}  # fmt: skip
    wide = iamc_columns(result, quantiles=False)
    np.testing.assert_array_equal(
        long["value"].reshape(-1, 6), np.stack([wide[str(y)] for y in range(2010, 2016)], axis=1)
    )
