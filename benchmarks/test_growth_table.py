"""The ten-year tables of the docs are what the script measures, and say what the docs say."""

import pytest

from .data import FOLDER, ROOT
from .growth import WEST, WORLD, table, west_models, west_panel, world_models, world_panel
from .stage_cards import rows
from .table import markdown

OURS = ("StageGrowth", "StageGrowth, deflated, with its nation", "DampedGrowth 0.95")


@pytest.fixture(autouse=True)
def shared():
    if not (FOLDER / "pwt_yearly.parquet").exists():
        pytest.skip("no shared data beside the repository")


def measured(panel, models, cutoffs):
    """Rows by model: error by origin, mean, bias, coverage, count."""
    chosen = {name: models[name] for name in OURS if name in models}
    return {row[0]: row[1:] for row in table(panel, chosen, cutoffs)}


def page() -> str:
    return (ROOT / "docs" / "benchmarks.md").read_text("utf-8")


def test_western_provinces_ten_years_ahead():
    found = measured(west_panel(), west_models(), WEST)
    for name, row in found.items():
        assert f"| {name} | {' | '.join(row)} |" in page()
    mean, coverage = len(WEST), len(WEST) + 2
    ours, damped = found["StageGrowth, deflated, with its nation"], found["DampedGrowth 0.95"]
    assert float(ours[mean]) < float(damped[mean])
    for name in OURS[:2]:
        assert 85 <= float(found[name][coverage]) <= 99
    assert float(damped[coverage]) < 85


def test_countries_ten_years_ahead():
    found = measured(world_panel(), world_models(), WORLD)
    for name, row in found.items():
        assert f"| {name} | {' | '.join(row)} |" in page()
    mean, coverage = len(WORLD), len(WORLD) + 2
    assert float(found["StageGrowth"][mean]) < 0.8 * float(found["DampedGrowth 0.95"][mean])
    assert 90 <= float(found["StageGrowth"][coverage]) <= 99


def test_stages_of_the_provinces():
    text = (ROOT / "docs" / "explanation" / "stages.md").read_text("utf-8")
    made = rows()
    assert markdown(["x"], made[:1]).splitlines()[-1] in text
    west = next(row for row in made if row[0] == "the West")
    assert west[3] == "24 early II", "published: 25, early II"
