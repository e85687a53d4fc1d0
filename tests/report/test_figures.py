"""Charts hold what they are given, as SVG that is well formed."""

from xml.etree import ElementTree

import pytest

pytest.importorskip("altair", reason="the report extra is not installed")

from westforecast.report.figures import FanData, fan_chart, scenario_chart

FAN = {y: (100.0 + y - 2010, {80.0: (90.0, 120.0), 95.0: (80.0, 140.0)}) for y in range(2010, 2016)}


def marks(svg, name):
    """Path elements of a kind of mark: `mark-line`, `mark-area`, `mark-symbol`."""
    root = ElementTree.fromstring(svg)
    groups = [g for g in root.iter() if name in g.get("class", "").split()]
    return [path for group in groups for path in group if path.get("d")]


def test_a_fan_has_a_band_per_level_lines_and_points():
    data = FanData("Toys <b>", "units", {2008: 80.0, 2009: 90.0}, FAN, {2012: 99.0})
    svg = fan_chart(data)
    assert len(marks(svg, "mark-area")) == 2
    assert len(marks(svg, "mark-line")) == 2
    assert len(marks(svg, "role-mark")) >= 7
    assert "Toys &lt;b&gt;" in svg
    assert "outcome, not used for the forecast" in svg


def test_a_fan_without_outcomes_names_none():
    assert "outcome" not in fan_chart(FanData("Toys", "units", {}, FAN, {}))


def test_scenarios_have_a_line_each_over_one_band():
    lines = {name: {2010: 1.0, 2020: float(k)} for k, name in enumerate(("a", "b", "c"))}
    svg = scenario_chart("S", "units", {}, lines, {2010: (0.0, 2.0), 2020: (0.0, 4.0)})
    assert len(marks(svg, "mark-line")) == 3
    assert len(marks(svg, "mark-area")) == 1
