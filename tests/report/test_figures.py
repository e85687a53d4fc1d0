"""Charts hold what they are given, as SVG that is well formed."""

import re
from xml.etree import ElementTree

import pytest

pytest.importorskip("altair", reason="the report extra is not installed")

from westforecast.report.figures import DASHES, LINES, FanData, fan_chart, scenario_chart

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


def xs(svg, name):
    """Horizontal places of the corners of all paths of a kind of mark."""
    return [
        float(point[1:].split(",")[0])
        for path in marks(svg, name)
        for point in re.findall(r"[ML][-0-9.]+,[-0-9.]+", path.get("d"))
    ]


def texts(svg):
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter()
            if node.tag.endswith("}text")]  # fmt: skip


def test_a_fan_begins_at_the_last_observed_point():
    later = {year: FAN[year] for year in FAN if year > 2010}
    svg = fan_chart(FanData("T", "units", {2007: 95.0, 2008: 97.0}, later, {}))
    line, band = xs(svg, "mark-line"), xs(svg, "mark-area")
    assert min(line) == 0, "the first year observed"
    assert 0 < min(band) < max(band) / 4, "the band begins in 2008, not in 2011"
    touching = fan_chart(FanData("T", "units", {2009: 90.0, 2010: 100.0}, FAN, {}))
    assert len(set(xs(touching, "mark-area"))) == len(FAN), "nothing is put before a fan that does"


def test_the_axis_is_as_fixed_as_asked():
    free = fan_chart(FanData("T", "points", {}, FAN, {}))
    fixed = fan_chart(FanData("T", "points", {}, FAN, {}, span=(0.0, 200.0)))
    assert "200" not in texts(free)
    assert "200" in texts(fixed)


@pytest.mark.parametrize(("width", "most"), [(420, 5), (860, 11)])
def test_years_below_a_chart_do_not_run_together(width, most):
    fan = dict.fromkeys(range(2010, 2031), FAN[2010])
    history = dict.fromkeys(range(1990, 2010), 90.0)
    years = [t for t in texts(fan_chart(FanData("T", "u", history, fan, {}), width)) if t.isdigit()]
    shown = [year for year in years if 1990 <= int(year) <= 2030]
    assert 2 <= len(shown) <= most


def lightness(color):
    """CIE L* of a colour, 0 black to 100 white."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    y = sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return 116 * y ** (1 / 3) - 16 if y > 0.008856 else 903.3 * y


def test_lines_can_be_told_apart_on_a_grey_printer():
    assert len(LINES) == len(DASHES)
    light = [lightness(color) for color in LINES]
    assert light[0] < 10
    assert all(40 < one < 75 for one in light[1:]), "far from the baseline's black, and from paper"
    assert len(set(DASHES[1:])) == len(DASHES) - 1


def test_more_scenarios_than_colours_are_drawn_too():
    lines = {f"s{k}": {2010: 1.0, 2020: float(k)} for k in range(len(LINES) + 3)}
    svg = scenario_chart("S", "units", {}, lines, {2010: (0.0, 2.0), 2020: (0.0, 4.0)})
    assert len(marks(svg, "mark-line")) == len(lines)


def test_scenarios_are_dashed_in_chart_and_key():
    lines = {name: {2010: 1.0, 2020: float(k)} for k, name in enumerate(("a", "b", "c"))}
    svg = scenario_chart("S", "units", {2008: 1.0}, lines, {2010: (0.0, 2.0), 2020: (0.0, 4.0)})
    assert svg.count('stroke-dasharray="8,3"') == 2
