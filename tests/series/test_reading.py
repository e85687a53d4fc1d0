"""Files in: CSV and Parquet, with the line of every bad row."""

import numpy as np
import pytest

from westforecast import DataError, Panel, UsageError

from ..builders import NAN, frame


@pytest.fixture
def csv(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "figures.csv"
        path.write_text(text, encoding=encoding)
        return path

    return write


def test_a_csv_file_is_a_panel(csv):
    kept = Panel.from_csv(csv("unique_id,ds,y,unit\na,2008,1,CNY\na,2009,2.5,CNY\n"))
    assert kept.values.tolist() == [1, 2.5]
    assert kept.indicators[0].unit == "CNY"
    assert kept.to_frame()["ds"].tolist() == [2008, 2009]


def test_the_mark_of_spreadsheets_is_no_part_of_a_name(csv):
    kept = Panel.from_csv(csv("unique_id,ds,y,name_zh\na,2008,1,机床\n", "utf-8-sig"))
    assert kept.indicators[0].name_zh == "机床"


def test_ids_are_text_as_written(csv):
    kept = Panel.from_csv(csv("code,ds,y\n007,2008,1\nNA,2008,2\n"), id_col="code")
    assert kept.ids == ("007", "NA")


def test_empty_cells_and_na_are_missing_values(csv):
    kept = Panel.from_csv(csv("unique_id,ds,y\na,2008,1\na,2009,\na,2010,NA\na,2011,4\n"),
                          gaps="keep")  # fmt: skip
    np.testing.assert_array_equal(kept.values, [1, NAN, NAN, 4])


def test_options_are_those_of_from_frame(csv):
    path = csv("unique_id,ds,y,notes\na,2008Q1,1,x\na,2008Q3,2,x\n")
    kept = Panel.from_csv(path, freq="Q", gaps="keep", ignore=["notes"], meta={"a": {"unit": "t"}})
    assert kept.lengths.tolist() == [3]


@pytest.mark.parametrize(
    ("option", "meant"), [("id", "id_col"), ("frequency", "freq"), ("time", "time_col")]
)
@pytest.mark.parametrize("reader", ["from_csv", "from_parquet"])
def test_an_unknown_option_suggests_the_nearest(csv, reader, option, meant):
    told = f"Panel.{reader} has no such option: '{option}' found. Did you mean '{meant}'\\?"
    with pytest.raises(UsageError, match=told):
        getattr(Panel, reader)(csv("unique_id,ds,y\na,2008,1\n"), **{option: "x"})


def test_bad_rows_are_told_by_line_and_file(csv):
    path = csv("unique_id,ds,y\na,2008,1\na,2009,about 5\na,2008,3\n")
    with pytest.raises(DataError) as caught:
        Panel.from_csv(path)
    text = str(caught.value)
    assert text.startswith(f"2 problems in {path}:")
    assert "line 3 (series 'a', 2009): y = 'about 5', which is text" in text
    assert "line 4 (series 'a', 2008): another value than in line 2" in text


def test_a_wrong_column_suggests_the_nearest(csv):
    with pytest.raises(DataError, match=r"no column 'y' .found: unique_id, ds, value."):
        Panel.from_csv(csv("unique_id,ds,value\na,2008,1\n"))
    with pytest.raises(DataError, match=r"Did you mean 'value'. Name it with target_col="):
        Panel.from_csv(csv("unique_id,ds,value\na,2008,1\n"), target_col="values")


def test_warnings_point_at_the_caller(csv):
    with pytest.warns(UserWarning, match=r"ignored: notes") as caught:
        Panel.from_csv(csv("unique_id,ds,y,notes\na,2008,1,x\n"))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("text", ["", "\n \n,,\n"])
def test_what_is_no_table_is_told(csv, text):
    with pytest.raises(DataError, match=r"expected a table. Check that it has a header"):
        Panel.from_csv(csv(text))


def test_other_encodings_are_told(csv):
    with pytest.raises(DataError, match=r"not UTF-8 text; expected UTF-8. Save it as UTF-8"):
        Panel.from_csv(csv("unique_id,ds,y\n机床,2008,1\n", "gb18030"))


def test_a_missing_file_is_told(tmp_path):
    for read in (Panel.from_csv, Panel.from_parquet):
        with pytest.raises(UsageError, match=r"no file .*none\.x'\. Check the path"):
            read(tmp_path / "none.x")


def test_a_parquet_file_is_a_panel(tmp_path):
    path = tmp_path / "figures.parquet"
    frame([1.0, 2.0], unit="CNY").to_parquet(path)
    kept = Panel.from_parquet(path)
    assert kept.values.tolist() == [1, 2]
    frame([1.0, 2.0], [2000, 2000]).to_parquet(path)
    with pytest.raises(DataError, match=r"figures.parquet:\n.*another value than in row 0"):
        Panel.from_parquet(path)


def test_what_is_no_parquet_file_is_told(csv):
    with pytest.raises(UsageError, match=r"cannot read .* as Parquet"):
        Panel.from_parquet(csv("unique_id,ds,y\n"))
