"""Reports from the field: tables whose rows are not those of their header."""

import gzip
import warnings

import numpy as np
import pytest

import westforecast as wf
from westforecast import DataError, Panel, UsageError, WestforecastWarning
from westforecast.cli.main import main
from westforecast.domain import thresholds
from westforecast.series import frame as frames
from westforecast.study import read_study

HEAD = "unique_id,ds,y\n"
B01 = HEAD + "lathes,2008,1,120\nlathes,2009,2,131\nlathes,2010,3,150\n"
B03 = HEAD + "lathes,2008,120,\nlathes,2009,131,\nlathes,2010,150,\n"


@pytest.fixture
def file(tmp_path):
    def write(content, name="figures.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def problems(path):
    with pytest.raises(DataError) as caught:
        Panel.from_csv(path)
    return [str(problem) for problem in caught.value.problems]


def test_b01_extra_field_is_an_error_that_names_the_line(file):
    told = problems(file(B01))
    assert len(told) == 3
    assert told[0].startswith(
        "line 2: 4 fields (lathes,2008,1,120); expected 3 fields, as in the header"
    )
    assert "a thousands or decimal comma, as in 1,120" in told[0]


@pytest.mark.parametrize("command", [["forecast", "--h", "1"], ["backtest", "--h", "1"],
                                     ["compare", "--h", "1"], ["data", "screen"]])  # fmt: skip
def test_b01_is_invalid_data_to_the_program(file, command, capsys):
    name, *rest = command
    words = [name, str(file(B01)), *rest] if name != "data" else [*command, str(file(B01))]
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 3
    assert "line 2: 4 fields (lathes,2008,1,120); expected 3 fields" in capsys.readouterr().err


TRAILING = [
    B03,
    B03.replace("ds,y\n", "ds,y,\n"),
    B03.replace("y\n", "y,,,\n").replace(",\nl", ",,,\nl").replace("150,\n", "150,,,\n"),
    B03.replace("\n", "\r\n"),
    B03.replace("ds,y\n", "ds,y,\n").replace("0,\n", "0\n").replace("1,\n", "1\n"),
]


@pytest.mark.parametrize("text", TRAILING)
def test_b03_commas_that_end_every_row_are_not_there(file, text):
    path = file(text)
    with pytest.warns(WestforecastWarning, match="ends with a comma, read as if it were not") as w:
        kept = Panel.from_csv(path)
    assert kept.ids == ("lathes",)
    assert kept.span == (2008, 2010)
    assert kept.values.tolist() == [120, 131, 150]
    assert w[0].filename == __file__


def test_b03_in_the_program_is_a_note(file, capsys):
    warnings.simplefilter("always")  # pytest puts the filters back
    with pytest.raises(SystemExit) as ended:
        main(["forecast", str(file(B03)), "-m", "Naive", "--h", "1"])
    told = capsys.readouterr()
    assert ended.value.code == 0
    assert "lathes 2011 2010 1 Naive 150" in " ".join(told.out.split())
    assert "every row ends with a comma, read as if it were not there" in told.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "a,2008,120,\na,2009,131\n", "line 2: 4 fields .*ends with a comma and other rows"),
        (HEAD + "a,2008,12,5\n", r"line 2: 4 fields.*Likely a decimal comma, as in 12,5:"),
        ("unique_id,y,ds\na,12,5,2008\n", r"Likely a decimal comma, as in 12,5:"),
        (HEAD + "a,2008,1,234,567\n", r"5 fields.*thousands or decimal comma, as in 234,567"),
        (HEAD + "0,a,2008,1\n1,a,2009,2\n", "the first column is an index without a name"),
        (HEAD + "1,a,2008,1\n2,a,2009,2\n", "the first column is an index without a name"),
        (HEAD + "a,2008,1\nb, c,2008,1\n", "line 3: 4 fields.*a comma inside a text"),
        (HEAD + 'a,2008,1\n "b,c",2008,1\n', "line 3: 4 fields.*a space before a quote"),
        (HEAD + "a,2008,1\na,2009\n\na,2010,3\n", "line 3: 2 fields.*Nothing stands for 'y'"),
        (HEAD + "a,2008\na,2009\n", "line 2: 2 fields.*the header names a column too many"),
        (HEAD + "a,2008,1\nSource: NBS\n", "line 3: 1 field .*a title, a note or a line"),
        (HEAD + "a,2008,1\na;2009;2\n", "line 3: 1 field .*separated by semicolons"),
        ("Machine tools\n" + HEAD + "a,2008,1\n", "line 2: 3 fields.*the first line is a title"),
        ("Data; 2010\n" + HEAD + "a,2008,1\n", "line 2: 3 fields.*the first line is a title"),
        ('unique_id,ds,y,name\na,2008,1,"two\nlines, here"\na,2009,2\n', "line 4: 3 fields"),
    ],
)
def test_rows_of_other_fields_are_named_with_their_likely_cause(file, text, told):
    with pytest.raises(DataError, match=told):
        Panel.from_csv(file(text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("unique_id;ds;y\na;2008;12,5\n", "'unique_id;ds;y' is separated by semicolons; expected"),
        ("unique_id;ds;y (t, net)\na;2008;12,5\n", "is separated by semicolons"),
        ("sep=;\nunique_id;ds;y\na;2008;12\n", "is separated by semicolons"),
        ("unique_id\tds\ty\na\t2008\t1\n", "is separated by tabs"),
        ("unique_id|ds|y\na|2008|1\n", "is separated by vertical bars"),
        ("unique_id，ds，y\na，2008，1\n", "is separated by full-width commas"),
        ("unique_id ds y\na 2008 1\n", "is separated by spaces"),
        ((HEAD + "a,2008,1\n").encode("utf-16"), "looks like UTF-16"),
        ((HEAD + "a,2008,1\n").encode("utf-16-le"), "looks like UTF-16"),
        ((HEAD + "机床产量,2008,1\n").encode("utf-16-be"), "looks like UTF-16"),
        ((HEAD + "a,2008,1\n").encode("utf-32"), "looks like UTF-32"),
        ((HEAD + "机床,2008,1\n").encode("gbk"), r"looks like GBK / GB18030 .byte 0xbb in line 2"),
        ((HEAD + "Müller,2008,1\n").encode("latin-1"), "looks like Latin-1 / Windows-1252"),
        ((HEAD + "a – b,2008,1\n").encode("cp1252"), "looks like Latin-1 / Windows-1252"),
        (HEAD + "a\0,2008,1\n", "line 2: a NUL byte"),
        (HEAD + 'a,2008,1\n"a,2009,2\na,2010,3\n', "line 3: a quote that never closes"),
        (HEAD + 'a,2008,1\n"a"b,2009,2\n', "line 3: a misplaced quote"),
        ("", "the file: empty; expected a table"),
        ("\ufeff\n\n", "the file: empty; expected a table"),
        ("sep=,\n", "columns: no column 'unique_id'"),
        (HEAD, "rows: no row"),
        ("unique_id,ds,y,y\na,2008,1,2\n", "line 1: columns 3 and 4 are both called 'y'"),
        ("unique_id,ds,y , y\na,2008,1,2\n", "line 1: columns 3 and 4 are both called 'y'"),
        ("unique_id,ds,y,\na,2008,12,5\na,2009,13,5\n", "column 4 has no name, but values such as"),
        ("unique_id,,y\na,2008,1\n", "column 2 has no name, but values such as '2008'"),
        (b"PK\x03\x04....", "an Excel workbook or a zip archive"),
        (b"PAR1....", "a Parquet file; expected CSV. Give its name the ending .parquet"),
        (b"\x1f\x8b....", "a gzip archive that cannot be unpacked"),
        ("<html><table>", "a web page or XML"),
    ],
)
def test_what_is_no_table_of_commas_is_named(file, text, told):
    with pytest.raises(DataError, match=told):
        Panel.from_csv(file(text))


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "a,2008,1\na,2009,2\n\n\n",
        HEAD + "a,2008,1\n\na,2009,2\n,,\n",
        "unique_id , ds, y\na, 2008, 1\na, 2009, 2\n",
        "sep=,\n" + HEAD + "a,2008,1\na,2009,2\n",
        HEAD + '"a","2008","1"\r\n"a",2009,2',
        (HEAD + "a,2008,1\na,2009,2\n").replace("\n", "\r"),
        b"\xef\xbb\xbf" + (HEAD + "a,2008,1\na,2009,2\n").encode(),
        gzip.compress((HEAD + "a,2008,1\na,2009,2\n").encode(), mtime=0),
    ],
)
def test_what_is_one_is_read(file, text):
    kept = Panel.from_csv(file(text))
    assert kept.ids == ("a",)
    assert kept.span == (2008, 2009)
    assert kept.values.tolist() == [1, 2]


def test_an_index_without_a_name_is_left_out_aloud(file):
    with pytest.warns(WestforecastWarning, match="ignored: Unnamed: 0"):
        kept = Panel.from_csv(file(",unique_id,ds,y\n0,a,2008,1\n1,a,2009,2\n"))
    assert kept.values.tolist() == [1, 2]


def test_texts_hold_commas_quotes_and_lines_and_later_lines_are_counted_right(file):
    text = 'unique_id,ds,y,name\n"a, b",2008,1,"two\nlines ""here"""\n"a, b",2009,2,\nc,2008,x,\n'
    assert problems(file(text))[0].startswith("line 5 (series 'c', 2008): y = 'x'")
    kept = Panel.from_csv(file(text.replace("x", "3")))
    assert kept.indicator("a, b").name == 'two\nlines "here"'


def test_metadata_are_text_as_written(file):
    text = "unique_id,ds,y,region,industry,base_year\na,2008,1,007,1.10,2005\n"
    kept = Panel.from_csv(file(text)).indicators[0]
    assert (kept.region, kept.industry, kept.base_year) == ("007", "1.10", 2005)


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('"12,5"', "written with a decimal comma"), ('"1,234"', "thousands commas"),
        ('"1.234,5"', "thousands points"), ("1 234", "spaces or marks"), ("12 %", "percent sign"),
        ("−5", "a minus sign that is not '-'"), ("12.3 p", "a flag or unit behind it"),
        ("(12)", "brackets"), ("１２", "full-width digits"), ("1_000", "text"), ("True", "text"),
        ("1e400", "too large for a number"), ("9" * 400, "too large for a number"),
    ],
)  # fmt: skip
def test_cells_that_are_numbers_to_people_are_named(file, cell, told):
    assert told in problems(file(HEAD + f"a,2008,{cell}\n"))[0]


def test_numbers_are_read_to_the_last_bit(file):
    cells = ["0.1", "1e-320", "123456789.123456789", "-0", ".5", "5.", "+3", "1E5"]
    rows = "".join(f"a,{2000 + k},{cell}\n" for k, cell in enumerate(cells))
    assert Panel.from_csv(file(HEAD + rows)).values.tolist() == [float(cell) for cell in cells]


@pytest.mark.parametrize("path", [".", "", "none.csv", b"\xff", 3, None, "a\0b"])
def test_what_is_no_file_is_a_usage_error(path):
    with pytest.raises(UsageError):
        Panel.from_csv(path)


def test_one_row_entered_twice_is_called_so(file):
    assert "the same row twice, see line 2" in problems(file(HEAD + "a,2008,1\n" * 2))[0]
    assert "the same row twice, see line 2" in problems(file(HEAD + "a,2008,\n" * 2))[0]
    assert "another value than in line 2" in problems(file(HEAD + "a,2008,1\na,2008,2\n"))[0]
    assert "another value than in line 2" in problems(file(HEAD + "a,2008,1\na,2008,\n"))[0]


STUDY = """
[study]
name = "small"
title = "Small"
data = "figures.csv"
assumptions = "assumed.csv"
origin = 2010
until = 2012

[[series]]
name = "output"
title = "Output"
data = "lathes"
models = ["Naive"]

[[derived]]
name = "twice"
title = "Twice"
unit = "units"
product = ["output"]
"""
ASSUMED = "id,name,value,unit,year,reason,source\n"


def test_assumptions_of_a_study_are_read_with_the_same_care(file):
    study = file(STUDY, "small.toml")
    file(ASSUMED + "x,X,12,5,t,2010,none,none\n", "assumed.csv")
    with pytest.raises(DataError, match=r"line 2: 8 fields .*decimal comma, as in 12,5"):
        read_study(study)
    file(ASSUMED + 'x,X,"12,5",t,2010,"because,\nyes",none\n', "assumed.csv")
    with pytest.raises(UsageError, match=r"'12,5' is not a number: it is written with a decimal"):
        read_study(study)


@pytest.mark.parametrize(
    ("row", "told"),
    [("x,X,12,t,soon,because,none", "line 2.*year 'soon' found, four digits or nothing"),
     ("x,X,12,t,2010,,none", "line 2.*no reason"),
     ("x,X,12,5,2010,yes,none", "line 2.*a number, '5'")],
)  # fmt: skip
def test_an_assumption_has_a_year_a_reason_and_a_unit(file, row, told):
    study = file(STUDY, "small.toml")
    file(f"{ASSUMED}{row}\n", "assumed.csv")
    with pytest.raises(UsageError, match=told):
        read_study(study)


def test_thresholds_are_read_with_the_same_care(file):
    with pytest.raises(DataError, match="is separated by semicolons"):
        thresholds(file("indicator;base;unit\nx;y;z\n"))


def test_every_table_that_the_packages_ship_is_one(pytestconfig):
    """Of what this reader refuses nothing is shipped: no row short, none too long."""
    tables = [
        path
        for room in ("src", "plugins")
        for path in (pytestconfig.rootpath / room).rglob("*.csv")
        if "tests" not in path.parts
    ]
    assert tables
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in tables:
            assert frames.read_csv(path).rows > 0


def test_a_decision_of_the_reader_holds_for_frames_too():
    import pandas as pd

    made = pd.DataFrame({"unique_id": "a", "ds": [2008], "y": ["12,5"]})
    with pytest.raises(DataError, match="a decimal comma"):
        wf.forecast(made, "Naive", h=1)
    assert np.isfinite(wf.forecast(made.assign(y=12.5), "Naive", h=1).long()["yhat"]).all()
