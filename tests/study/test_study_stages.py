"""The part [stages] of a study: what is shown, what is left out, and what says why."""

import csv
import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from westforecast import Panel
from westforecast.study import StudyError, files_of, read_study, run_study
from westforecast.study.stages import region_table, standings
from westforecast.study.summary import summary

STAGES = """
[stages]
base = "USD_2005"

[stages.region.CN]
title = "The nation"
gdp_per_capita = "gdp.CN"
primary = "a.CN"
secondary = "i.CN"
urban_share = "u.CN"
manufacturing_share = "m.CN"
"""
THIN = """
[stages.region.E]
title = "The east"
urban_share = "u.CN"
"""
LATE = """
[stages.region.W]
title = "The west"
gdp_per_capita = "gdp.W"
primary = "a.CN"
secondary = "i.CN"
"""


@pytest.fixture
def staged(study_file):
    """The small study with a region whose index rests on more indicators from 2003 on."""
    rows = []
    for k, year in enumerate(range(1998, 2014)):
        values = {"gdp.CN": 2000 * 1.06**k, "a.CN": 18 - 0.5 * k, "i.CN": 45.0, "u.CN": 33 + k,
                  "m.CN": 40 + k}  # fmt: skip
        if year < 2003:
            del values["m.CN"]
        if year > 2011:
            values["gdp.W"] = 1500.0
        rows += [
            f"{name},{name},{'USD' if name[0] == 'g' else 'percent'},"
            f"{'level' if name[0] == 'g' else 'share'},CN,{year},{value:.3f},a yearbook"
            for name, value in values.items()
        ]
    figures = study_file.parent / "figures.csv"
    figures.write_text(figures.read_text() + "\n".join(rows) + "\n")
    study_file.write_text(study_file.read_text() + STAGES)
    return study_file


def told(result):
    screen = Console(width=110, record=True, file=io.StringIO())
    screen.print(summary(result))
    return screen.export_text()


def test_only_years_with_the_cards_indicators_are_joined(staged):
    """An index that suddenly rests on another indicator jumps, and nothing happened."""
    (standing,) = run_study(read_study(staged)).standings
    assert standing.card.missing == ("primary_employment_share",)
    assert list(standing.observed) == list(range(2003, 2011))
    assert list(standing.outcomes) == [2011, 2012, 2013]
    assert standing.left_out == 5
    figures = staged.parent / "figures.csv"
    kept = [line for line in figures.read_text().splitlines() if not line.startswith("m.CN")]
    figures.write_text("\n".join(kept) + "\n")
    staged.write_text(staged.read_text().replace('manufacturing_share = "m.CN"\n', ""))
    (standing,) = run_study(read_study(staged)).standings
    assert list(standing.observed) == list(range(1998, 2011))
    assert standing.left_out == 0


def test_outcomes_with_other_indicators_are_none(staged):
    figures = staged.parent / "figures.csv"
    kept = [line for line in figures.read_text().splitlines()
            if not (line.startswith("u.CN") and ",2012," in line)]  # fmt: skip
    figures.write_text("\n".join(kept) + "\n")
    result = run_study(read_study(staged))
    assert list(result.standings[0].outcomes) == [2011, 2013]
    page = files_of(result)["report.html"].decode()
    assert "6 years whose index rests on other indicators are left out" in page


def test_the_report_shows_only_stages_that_may_come(staged):
    page = files_of(run_study(read_study(staged)))["report.html"].decode()
    assert "a stage that is nowhere likelier than half a percent has no column" in page
    assert "pre-industrial, %</th>" not in page
    assert "middle, %</th>" in page


@pytest.mark.parametrize(
    ("region", "title", "reason"),
    [
        (THIN, "The east", "at most 12 % of the weight is known in one year, 50 % needed"),
        (LATE, "The west", "no indicator has a value up to 2010"),
    ],
)
def test_a_region_without_a_stage_is_a_failure_with_its_reason(staged, region, title, reason):
    if region is LATE:
        figures = staged.parent / "figures.csv"
        lines = figures.read_text().splitlines()
        kept = [k for k in lines if k[:2] not in ("a.", "i.") or int(k.split(",")[5]) > 2011]
        figures.write_text("\n".join(kept) + "\n")
        staged.write_text(staged.read_text().replace(STAGES, "[stages]\n"))
    staged.write_text(staged.read_text() + region)
    result = run_study(read_study(staged))
    name = next(iter(result.unplaced))
    assert reason in result.unplaced[name]
    (failure,) = result.failures
    assert failure == (f"stage_index.{name}", "simulated", "failed", result.unplaced[name])
    assert result.title(failure[0]) == f"Index of industrialization, {title}"
    text = told(result)
    assert "No forecast from 1:" in text
    assert f"Index of industrialization, {title}" in text
    files = files_of(result)
    page = files["report.html"].decode()
    assert f"<td>{title}</td>" in page
    assert f"No index: {result.unplaced[name]}." in page
    assert json.loads(files["manifest.json"])["failures"][0]["series"] == f"stage_index.{name}"
    rows = csv.DictReader(io.StringIO(files["forecasts.csv"].decode("utf-8-sig")))
    assert all(row["unique_id"] != f"stage_index.{name}" for row in rows)


def test_a_model_that_cannot_forecast_an_indicator_costs_the_path(staged):
    model = 'urban_share = { model = "SeasonalNaive", season_length = 50 }'
    staged.write_text(f"{staged.read_text()}\n[stages.models]\n{model}\n")
    result = run_study(read_study(staged))
    assert result.standings == ()
    assert list(result.unplaced) == ["CN"]


@pytest.mark.parametrize(
    ("old", "new", "key", "told", "line"),
    [
        ('primary = "a.CN"', 'primary = "a.NC"', "stages.region.CN.primary",
         "no series 'a.NC'. Did you mean 'a.CN'", 'primary = "a.NC"'),
        ('gdp_per_capita = "gdp.CN"', 'gdp_per_cap = "gdp.CN"', "stages.region.CN.gdp_per_cap",
         "is not a key here", "gdp_per_cap"),
        ('base = "USD_2005"', 'base = "USD_2005"\nmin_weight = 2', "stages.min_weight",
         "min_weight=2", "min_weight"),
        ('base = "USD_2005"', 'base = "USD_205"', "stages.base", "USD_205", "base ="),
        ('base = "USD_2005"', 'base = "USD_2005"\nmodels.urban_share = "Drif"',
         "stages.models.urban_share", "Did you mean 'Drift'", "models.urban_share"),
    ],
)  # fmt: skip
def test_errors_point_at_the_regions_own_line(staged, old, new, key, told, line):
    text = staged.read_text()
    assert old in text
    staged.write_text(text.replace(old, new))
    with pytest.raises(StudyError) as caught:
        run_study(read_study(staged))
    assert told in str(caught.value)
    assert caught.value.key == key
    assert line in staged.read_text().splitlines()[caught.value.line - 1]


def test_what_was_published_later_is_not_where_a_region_stands(staged):
    study = read_study(staged)
    panel = Panel.from_csv(staged.parent / "figures.csv", time_col="year", target_col="value")
    late = replace(
        panel, indicators=tuple(one.with_(publication_lag=2) for one in panel.indicators)
    )
    tables = {r.name: region_table(study.stages, r, late) for r in study.stages.regions}
    (standing,), lost = standings(study.stages, late, tables, 2010, until=2015)
    assert not lost
    assert standing.card.year == max(standing.observed) == 2008
    assert standing.path.years[0] == min(standing.outcomes) == 2009


def test_a_region_without_any_value_yet_is_lost_with_its_reason(staged):
    study = read_study(staged)
    panel = Panel.from_csv(staged.parent / "figures.csv", time_col="year", target_col="value")
    tables = {r.name: region_table(study.stages, r, panel) for r in study.stages.regions}
    _, lost = standings(study.stages, panel, tables, 1990, until=2000)
    assert lost == {"CN": "no indicator has a value up to 1990"}
