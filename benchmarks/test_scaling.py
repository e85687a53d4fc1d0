"""The scaling chart shows every curve of every model, from rows that were really measured."""

import json
from xml.etree import ElementTree

import pytest

pytest.importorskip("altair", reason="the report extra is not installed")

from .scaling import CURVES, OURS, PEER, Point, draw, main, measure

SMALL = Point(series=8, origins=2, horizon=2, length=20)


def test_rows_say_what_was_measured_and_are_drawn(tmp_path, monkeypatch, capsys):
    """One test: measured once, also where several workers share the tests."""
    rows = list(measure(1, {"origins": (1, 2), "length": (20, 25)}, SMALL))
    _say_what_was_measured(rows)
    _sampled_times_are_scaled(rows)
    _the_chart_has_a_line_for_each(rows)
    _what_was_measured_before_is_drawn(rows, tmp_path, monkeypatch, capsys)


def _say_what_was_measured(rows):
    drift = [row for row in rows if row["family"] == "drift" and row["side"] == OURS]
    assert [(row["axis"], row["x"]) for row in drift] == [
        ("origins", 1), ("origins", 2), ("length", 20), ("length", 25)]  # fmt: skip
    assert drift[1]["point"] == {"series": 8, "origins": 2, "horizon": 2, "length": 20}
    assert all(row["seconds"] > 0 for row in rows)
    assert not any(row["scaled"] for row in drift)


def _sampled_times_are_scaled(rows):
    found = [row for row in rows if row["model"] == "AutoARIMA"]  # none without statsforecast
    assert all(row["scaled"] and row["side"] == PEER for row in found), "5 of 8 series"


def _the_chart_has_a_line_for_each(rows):
    drawn = [{**row, "axis": axis, "x": x} for axis, values in CURVES.items()
             for row, x in zip(rows, values, strict=False)]  # fmt: skip
    svg = draw(drawn)
    root = ElementTree.fromstring(svg)
    assert "Horizon" in svg
    assert "statsforecast" in svg
    lines = [g for g in root.iter() if "mark-line" in g.get("class", "").split()]
    assert len(lines) >= len(CURVES)


def _what_was_measured_before_is_drawn(rows, tmp_path, monkeypatch, capsys):
    measured = tmp_path / "scaling.json"
    measured.write_text(json.dumps({"rows": rows}))
    monkeypatch.setattr("benchmarks.scaling.MEASURED", measured)
    main(["--draw", "--svg", str(tmp_path / "chart.svg")])
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert "written" in capsys.readouterr().out
