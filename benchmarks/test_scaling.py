"""The scaling chart shows every curve of every model, from rows that were really measured."""

from xml.etree import ElementTree

import pytest

pytest.importorskip("altair", reason="the report extra is not installed")

from .scaling import CURVES, OURS, PEER, Point, draw, main, measure

SMALL = Point(series=8, origins=2, horizon=2, length=20)


@pytest.fixture(scope="module")
def rows():
    return list(measure(1, {"origins": (1, 2), "length": (20, 25)}, SMALL))


def test_rows_say_what_was_measured(rows):
    drift = [row for row in rows if row["family"] == "drift" and row["side"] == OURS]
    assert [(row["axis"], row["x"]) for row in drift] == [
        ("origins", 1), ("origins", 2), ("length", 20), ("length", 25)]  # fmt: skip
    assert drift[1]["point"] == {"series": 8, "origins": 2, "horizon": 2, "length": 20}
    assert all(row["seconds"] > 0 for row in rows)
    assert not any(row["scaled"] for row in drift)


def test_a_time_on_a_sample_is_scaled_and_says_so(rows):
    found = [row for row in rows if row["model"] == "AutoARIMA"]
    if not found:
        pytest.skip("statsforecast is not installed")
    assert all(row["scaled"] and row["side"] == PEER for row in found), "5 of 8 series"


def test_the_chart_has_a_line_for_each(rows):
    drawn = [{**row, "axis": axis, "x": x} for axis, values in CURVES.items()
             for row, x in zip(rows, values, strict=False)]  # fmt: skip
    svg = draw(drawn)
    root = ElementTree.fromstring(svg)
    assert "Horizon" in svg
    assert "statsforecast" in svg
    lines = [g for g in root.iter() if "mark-line" in g.get("class", "").split()]
    assert len(lines) >= len(CURVES)


def test_it_draws_what_was_measured_before(rows, tmp_path, monkeypatch, capsys):
    import json

    measured = tmp_path / "scaling.json"
    measured.write_text(json.dumps({"rows": rows}))
    monkeypatch.setattr("benchmarks.scaling.MEASURED", measured)
    main(["--draw", "--svg", str(tmp_path / "chart.svg")])
    assert (tmp_path / "chart.svg").read_text().startswith("<svg")
    assert "written" in capsys.readouterr().out
