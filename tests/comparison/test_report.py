"""The page of a comparison: whole, self-contained, says what the leaderboard says."""

import re
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.comparison import MissingExtraError, words
from westforecast.models import Drift

QUICK = {"n_boot": 199, "progress": False}
HERE = ["page", "charts"]


def grown(series=25, length=22, seed=0):
    rng = np.random.default_rng(seed)
    walks = 100 + (1 + rng.normal(0, 1.5, (series, length))).cumsum(axis=1)
    ids, years = (
        np.repeat(np.arange(series), length),
        np.tile(np.arange(1990, 1990 + length), series),
    )
    return wf.Panel.from_frame(pd.DataFrame({"unique_id": ids, "ds": years, "y": walks.ravel()}))


@pytest.fixture(scope="module")
def found():
    models = {"Drift": "Drift", "mean": "InSampleMean", "<b>": "DampedLogGrowth"}
    return wf.compare(grown(), models, h=2, n_windows=8, **QUICK)


def test_a_wide_table_gives_columns_away_and_says_which():
    names = [f"{'a' * 46}.{k}" for k in range(3)]
    made = wf.compare(
        {"west": grown(), "east": grown(seed=1)}, dict.fromkeys(names, "Drift"), h=2, **QUICK
    )
    lines = str(made).splitlines()
    assert max(map(len, lines)) <= 110
    heads = next(line for line in lines if line.startswith("model "))
    assert heads.split() == ["model", "skill", "95", "%", "band", "wins", "rank", "p", "verdict"]
    assert "Left out, as the table is wide: mase west, mase east." in lines[-1]


def test_without_evidence_there_are_no_empty_columns():
    few = wf.compare(grown(5), "Drift", h=2, n_windows=3, **QUICK)
    heads = words.leaderboard(few)[1]
    assert heads == ["model", "mase", "skill", "wins", "rank", "verdict"]


def test_scores_line_up(found):
    heads, rows = words.leaderboard(found)[1:]
    scores = [row[heads.index("mase")] for row in rows]
    assert {len(score.replace(".", "")) for score in scores} == {4}


def test_each_pair_is_told_once_the_better_first(found):
    rows = words.pairs(found)
    assert len({frozenset((row["model"], row["other"])) for row in rows}) == len(rows) == 6
    assert not any(row["skill"].startswith("-") for row in rows)


@pytest.fixture(scope="module")
def html(found, tmp_path_factory):
    pytest.importorskip("altair")
    path = tmp_path_factory.mktemp("report") / "page.html"
    assert found.report(path) == path
    return path.read_text(encoding="utf-8")


def drawn(html):
    """The charts, each parsed, which a broken one is not."""
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg.*?</svg>", html, re.S)]


def test_the_page_stands_alone(html):
    assert html.startswith("<!doctype html>")
    assert not re.search(r'(src|href)="(?!#)', html)
    assert "<script" not in html
    assert len(drawn(html)) == 3
    assert len(html) < 1_000_000


def test_the_page_says_what_the_leaderboard_says(found, html):
    for name, verdict in found.leaderboard()[["model", "verdict"]].to_numpy():
        told = name.replace("<", "&lt;").replace(">", "&gt;")
        short = verdict.replace(" of a difference", "")
        assert re.search(rf"<td>{re.escape(told)}</td>.*?{short}</td></tr>", html), name
    assert "<b>" not in html
    assert "Judged by 8 cutoffs" in html
    assert ">nan" not in html.lower()
    assert "Every model against every other" in html
    assert "<h3>" not in html, "one data set has no board of its own"


def test_the_page_says_what_it_was_made_with(found, html):
    made = found.manifest()["data"]
    assert f"Made with westforecast {made['versions']['westforecast']}, python " in html
    assert f"numpy {made['versions']['numpy']}" in html
    assert "mean = InSampleMean(" in html
    assert f"data {made['data']['sha256'][:12]}" in html


def test_tables_by_a_key_are_on_the_page(found, tmp_path):
    pytest.importorskip("altair")
    page = found.report(tmp_path / "page.html", by=["unique_id"]).read_text(encoding="utf-8")
    assert "<h3>By unique_id</h3>" in page
    assert page.count("<td>24</td>") == 4
    heads, rows = words.by_table(found, "unique_id")
    assert heads == ["unique_id", "model", "mase", "skill", "cells", "series"]
    skill = found.by("unique_id")["skill"]
    for row, value in zip(rows, skill, strict=True):
        assert row[3] == (
            "" if row[1] == "Naive" else f"{100 * value:+.1f} %".replace("-0.0", "+0.0")
        )


def test_several_data_sets_have_boards_of_their_own(tmp_path):
    pytest.importorskip("altair")
    sets = {"west": grown(4), "east": grown(3, seed=1)}
    made = wf.compare(sets, ["Drift"], h=1, n_windows=4, **QUICK)
    html = made.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h3>west</h3>" in html
    assert "<h3>east</h3>" in html
    assert "not enough evidence" in html
    assert len(drawn(html)) == 2, "one step ahead is no line"
    assert ">By cutoff</h2>" in html


@pytest.mark.parametrize("count", [1, 12])
def test_one_series_and_many_models_can_be_drawn(count, tmp_path):
    pytest.importorskip("altair")
    models = {f"model {k}": Drift() for k in range(count)}
    made = wf.compare(grown(1), models, h=1, n_windows=9, **QUICK)
    html = made.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(drawn(html)) == 2
    assert ("Not drawn" in html) == (count > 7)


def test_zero_scores_can_be_drawn(tmp_path):
    pytest.importorskip("altair")
    line = pd.DataFrame({"unique_id": "a", "ds": range(1990, 2010), "y": np.arange(20.0)})
    made = wf.compare(
        wf.Panel.from_frame(line), "Naive", h=1, n_windows=9, metric="mae", baseline="Drift",
        **QUICK,
    )  # fmt: skip
    assert len(drawn(made.report(tmp_path / "page.html").read_text(encoding="utf-8"))) == 2


def test_one_step_and_one_cutoff_are_no_lines(tmp_path):
    pytest.importorskip("altair")
    made = wf.compare(grown(), "Drift", h=1, n_windows=1, **QUICK)
    page = made.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert len(drawn(page)) == 1
    assert "#along" not in page
    page = made.report(tmp_path / "page.html", by=["unique_id"]).read_text(encoding="utf-8")
    assert ">By groups</h2>" in page


def test_losses_are_drawn_from_0(found):
    charts = pytest.importorskip("westforecast.comparison.charts")
    for key in ("horizon", "cutoff"):
        chart = charts.lines_chart(found, key, "title")
        assert re.search(r">0(\.0+)?</text>", chart), key


def test_without_the_extra_the_error_says_what_to_install(found, tmp_path, monkeypatch):
    for name in HERE:
        monkeypatch.delitem(sys.modules, f"westforecast.comparison.{name}", raising=False)
        monkeypatch.delattr(f"westforecast.comparison.{name}", raising=False)
    monkeypatch.delitem(sys.modules, "westforecast.report.figures", raising=False)
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(MissingExtraError, match=r"altair.*pip install 'westforecast\[report\]'"):
        found.report(tmp_path / "page.html")
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told(found, tmp_path):
    pytest.importorskip("altair")
    (tmp_path / "file").write_text("")
    with pytest.raises(wf.UsageError, match="cannot write to"):
        found.report(tmp_path / "file" / "page.html")
