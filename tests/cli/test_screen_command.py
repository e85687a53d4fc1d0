"""`westforecast data screen FILE`: exit codes, one line a finding, columns by name."""

import json

import pytest

from westforecast.cli.main import main

HEAD = "unique_id,ds,y,unit,kind,region,industry"
# City shares of 2019 as an exam prints them (they make 101.2), and as they must have been.
SHARES = {"wrong": (1.7, 49.9, 49.6), "right": (1.7, 49.9, 48.4)}
# CNC machine tools 2005 and 2006 with the growth printed beside them, and with that of the levels.
GROWTH = {"wrong": 32.8, "right": 43.8}


def write(path, shares, growth):
    rows = [
        f"share_{sector},2019,{value},percent,share,X,{sector} industry"
        for sector, value in zip(("primary", "secondary", "tertiary"), shares, strict=True)
    ]
    rows += [f"cnc,{year},{value},units,count,CN,CNC machine tools"
             for year, value in ((2005, 59639), (2006, 85756))]  # fmt: skip
    rows.append(f"cnc_growth,2006,{growth},percent,rate,CN,CNC machine tools")
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def file(tmp_path):
    return lambda shares, growth: write(tmp_path / "f.csv", SHARES[shares], GROWTH[growth])


def call(capsys, *args):
    with pytest.raises(SystemExit) as stopped:
        main(["data", "screen", *args])
    told = capsys.readouterr()
    return stopped.value.code, told.out, told.err


def test_an_error_is_exit_code_1_and_one_line_a_finding(capsys, file):
    code, out, err = call(capsys, file("wrong", "wrong"))
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0] == "sum (1): parts that do not add up"
    assert lines[1].startswith("  error    share_primary, share_secondary, share_tertiary, 2019: ")
    assert lines[1].endswith("1.7 + 49.9 + 49.6 = 101.2; expected 100")
    assert "growth (1): growth stated against growth from levels" in lines
    assert any("+43.8 % from 59,639 to 85,756; expected +32.8 %" in line for line in lines)
    assert lines[-1] == "5 series: 1 error, 1 warning"


def test_warnings_alone_are_exit_code_0(capsys, file):
    code, out, _ = call(capsys, file("right", "wrong"))
    assert code == 0
    assert out.splitlines()[-1] == "5 series: 1 warning"


def test_nothing_found(capsys, file):
    assert call(capsys, file("right", "right")) == (0, "5 series: nothing found\n", "")


def test_json(capsys, file):
    code, out, _ = call(capsys, file("wrong", "wrong"), "--json")
    assert code == 1
    found = json.loads(out)
    assert found["series"] == 5
    assert found["counts"] == {"sum": {"error": 1}, "growth": {"warning": 1}}
    first = found["findings"][0]
    assert (first["rule"], first["severity"], first["periods"]) == ("sum", "error", [2019])
    assert set(first) == {"severity", "rule", "found", "expected", "remedy", "series", "periods",
                          "when"}  # fmt: skip


def test_columns_by_other_names_and_parquet(capsys, file, tmp_path):
    import pandas as pd

    frame = pd.read_csv(file("wrong", "right"))
    frame = frame.rename(columns={"unique_id": "id", "ds": "year", "y": "value"})
    frame.to_parquet(tmp_path / "f.parquet")
    path = str(tmp_path / "f.parquet")
    code, out, _ = call(capsys, path, "--id", "id", "--time", "year", "--target", "value")
    assert code == 1
    assert out.splitlines()[-1] == "5 series: 1 error"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [("a,2000,1\na,2002,3\n", 0, ""), ("a,2000,1\na,2000,3\n", 3, "another value than in line 2"),
     ("a,2000,x\n", 3, "which is text")],
)  # fmt: skip
def test_gaps_are_kept_and_unreadable_files_are_said(capsys, tmp_path, text, code, told):
    path = tmp_path / "f.csv"
    path.write_text("unique_id,ds,y\n" + text)
    got, out, err = call(capsys, str(path))
    assert got == code
    assert told in err
    assert "Traceback" not in err
    assert code == 3 or out == "1 series: nothing found\n"


def test_a_file_that_is_not_there(capsys):
    code, out, err = call(capsys, "none.csv")
    assert (code, out) == (2, "")
    assert "no file 'none.csv'" in err
