"""`westforecast compare`: files and names in, verdicts, tables, JSON and a page out."""

import json
import re

import numpy as np
import pytest

from .test_cli import call


@pytest.fixture
def files(tmp_path):
    """west.csv with 6 series and east.csv with 3, growing walks of 24 years."""
    rng = np.random.default_rng(0)
    for name, count in (("west", 6), ("east", 3)):
        walks = 100 + (1 + rng.normal(0, 1.5, (count, 24))).cumsum(axis=1)
        rows = [
            f"{name}{i},{1990 + t},{v},CN-{'SC' if i % 2 else 'GX'}"
            for i, each in enumerate(walks)
            for t, v in enumerate(each)
        ]
        (tmp_path / f"{name}.csv").write_text("\n".join(["unique_id,ds,y,region", *rows]) + "\n")
    return {name: str(tmp_path / f"{name}.csv") for name in ("west", "east")}


def test_verdicts_and_tables(capsys, files):
    code, out, err = call(
        capsys, "compare", files["west"], "--h", "2", "-m", "Drift", "-m", "InSampleMean",
        "--by", "horizon", "--by", "region",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "3 models compared by mase on 6 series, 8 cutoffs (2004-2011)" in out
    assert "Worse than Naive: InSampleMean" in out
    assert "Judged by 8 cutoffs whose horizons of 2 overlap" in out
    assert "Leaderboard, against Naive" in out
    assert "\nBy horizon\n" in out
    assert "\nBy region\n" in out
    row = next(line for line in out.splitlines() if line.startswith("CN-GX    Drift"))
    assert re.search(r" [+-]\d+\.\d %  ", row), "skill in percent, as in the leaderboard"
    assert max(map(len, out.splitlines())) <= 110


def test_series_and_engine_are_chosen_as_in_a_backtest(capsys, files):
    told = {}
    for engine in ("serial", "threads"):
        code, out, _ = call(
            capsys, "compare", files["west"], "--h", "1", "--json", "--engine", engine,
            "--series", "west0", "--series", "west3",
        )  # fmt: skip
        assert code == 0
        told[engine] = json.loads(out)
    assert told["serial"]["leaderboard"] == told["threads"]["leaderboard"]
    assert told["serial"]["cells"] == 2 * 8
    code, _, err = call(capsys, "compare", files["west"], "--h", "1", "--engine", "thread")
    assert (code, err) == (2, "error: no engine 'thread'. Did you mean 'threads'?\n")


def test_json_is_json_alone(capsys, files):
    code, out, err = call(capsys, "compare", files["west"], files["east"], "--h", "1", "--json",
                          "--by", "cutoff", "--n-windows", "9")  # fmt: skip
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["settings"]["datasets"] == ["west", "east"]
    assert told["settings"]["n_windows"] == 9
    assert {row["dataset"] for row in told["by"].get("dataset", [])} == set()
    assert len(told["by"]["cutoff"]) == 9 * 3
    assert set(told["datasets"]) == {"west", "east"}


def test_out_holds_the_page_and_the_tables(capsys, files, tmp_path):
    pytest.importorskip("altair")
    code, out, err = call(
        capsys, "compare", files["west"], "--h", "1", "-q", "--out", str(tmp_path / "out"),
        "--by", "region", "--by", "horizon",
    )  # fmt: skip
    assert (code, out) == (0, "")
    assert "report.html" in err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.html", "leaderboard.csv", "pairs.csv", "by_horizon.csv", "by_cutoff.csv",
        "by_region.csv", "comparison.json", "manifest.json",
    }  # fmt: skip
    heads = (tmp_path / "out" / "by_region.csv").read_text("utf-8-sig").splitlines()[0]
    assert heads == "region,model,mase,skill,n,n_series"
    assert "<h3>By region</h3>" in (tmp_path / "out" / "report.html").read_text("utf-8")


def test_a_recorded_failure_is_exit_code_1(capsys, files):
    code, out, err = call(capsys, "compare", files["west"], "--h", "1", "-m", "Drift",
                          "--n-windows", "23")  # fmt: skip
    assert code == 1
    assert "6 of 138 cells with a known outcome are not compared" in out
    assert err == "6 forecasts are missing: too_short 6; models are compared without them.\n"


def test_cutoffs_that_cannot_be_had_are_told(capsys, files):
    given = ["--cutoff", "2010", "--cutoff", "2030", "--cutoff", "1980"]
    code, out, _ = call(capsys, "compare", files["west"], "--h", "1", *given)
    assert code == 0
    assert (
        "1 of the 3 cutoffs asked for can be scored; not 1980 (0 values up to 1980, 1 needed), nor "
        "2030 (0 of 1 outcomes after 2030; the series ends in 2013)."
    ) in " ".join(out.split())


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (["WEST"], 2, "Missing option '-h' / '--h'"),
        (["--h", "2"], 2, "Missing argument 'DATA...'"),
        (["none.csv", "--h", "2"], 2, "no file 'none.csv'"),
        (["none", "--h", "2"], 2, "no dataset 'none'"),
        (["WEST", "WEST", "--h", "2"], 2, "two data sets are called 'west'"),
        (["WEST", "--h", "2", "-m", "Drft"], 2, "Did you mean 'Drift'"),
        (["WEST", "--h", "2", "-m", "Naive"], 2, "only the baseline 'Naive' is given"),
        (["WEST", "--h", "2", "--baseline", "Naiv"], 2, "Did you mean 'Naive'"),
        (["WEST", "--h", "2", "--metric", "mas"], 2, "Did you mean 'mase'"),
        (["WEST", "--h", "2", "--metric", "crps"], 2, "--level"),
        (["WEST", "--h", "2", "--by", "horizn"], 2, "Did you mean 'horizon'"),
        (["WEST", "--h", "2", "--alpha", "5"], 2, "--alpha 5.0 found"),
        (["WEST", "--h", "2", "--n-windows", "0"], 2, "--n-windows 0 found"),
        (["WEST", "--h", "50"], 2, "no window can be evaluated"),
        (["WEST", "--h", "2", "--target", "Y"], 3, "Did you mean 'y'"),
    ],
)
def test_mistakes_are_one_message_and_a_code(capsys, files, args, code, told):
    got, out, err = call(capsys, "compare", *[files["west"] if a == "WEST" else a for a in args])
    assert got == code, err
    assert told in err
    assert "Traceback" not in err
    assert out == ""
