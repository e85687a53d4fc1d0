"""What series mean is said by columns, a mapping or a frame; contradictions are told."""

import pandas as pd
import polars as pl
import pytest

from westforecast import DataError, Indicator, Panel, UsageError

from ..builders import frame


def indicator(meta=None, **columns):
    return Panel.from_frame(frame([1.0, 2.0, 3.0], **columns), meta=meta).indicators[0]


def problem(meta=None, **columns):
    with pytest.raises(DataError) as caught:
        indicator(meta, **columns)
    (only,) = caught.value.problems
    return only


def test_columns_a_mapping_and_a_frame_say_the_same():
    expected = Indicator(id="a", unit="CNY", multiplier=1e8, base_year=2005, breaks=(2004, 2011))
    fields = {"unit": "CNY", "multiplier": 1e8, "base_year": 2005, "breaks": "2004; 2011"}
    assert indicator(**fields) == expected
    assert indicator({"a": fields}) == expected
    assert indicator({"a": expected}) == expected
    assert indicator(pd.DataFrame([{"unique_id": "a", **fields}])) == expected
    assert indicator(pl.DataFrame([{"id": "a", **fields, "breaks": [2004, 2011]}])) == expected


def test_nulls_say_nothing():
    given = pd.DataFrame({"unique_id": ["a", "b"], "unit": ["CNY", None], "lower": [None, 1.0]})
    assert indicator(given) == Indicator(id="a", unit="CNY")
    assert indicator(unit=[None, "CNY", None]) == Indicator(id="a", unit="CNY")


def test_meta_holds_over_columns_where_both_speak():
    assert indicator({"a": {"unit": "USD"}}, unit="CNY", region="CN") == Indicator(
        id="a", unit="USD", region="CN"
    )
    # an Indicator's defaults are not statements
    assert indicator({"a": Indicator(id="a", region="CN")}, unit="CNY").unit == "CNY"


def test_metadata_of_other_series_are_no_mistake():
    assert indicator({"z": {"unit": "USD"}}) == Indicator(id="a")


def test_sources_may_differ_from_row_to_row():
    sources = ["Yearbook 2009", "Yearbook 2010", "Yearbook 2009"]
    assert indicator(source=sources).source == "Yearbook 2009; Yearbook 2010"


@pytest.mark.parametrize(
    ("value", "breaks"),
    [(2004, (2004,)), ("2004", (2004,)), ("2004,2011", (2004, 2011)), ([2004.0], (2004,))],
)
def test_breaks_in_any_form(value, breaks):
    assert indicator({"a": {"breaks": value}}).breaks == breaks


def test_a_column_that_disagrees_with_itself():
    found = problem(unit=["CNY", "USD", "CNY"])
    assert str(found) == (
        "series 'a': 2 values of unit: 'CNY', 'USD'; expected one unit per series. "
        "Make them equal, or give the series different ids."
    )


def test_rows_of_meta_that_disagree():
    twice = pd.DataFrame({"unique_id": ["a", "a"], "unit": ["CNY", "USD"]})
    assert problem(twice).found == "rows that disagree"
    assert indicator(twice.assign(unit="CNY")).unit == "CNY"


@pytest.mark.parametrize(
    ("fields", "found", "expected"),
    [
        ({"unti": "CNY"}, "a field 'unti'", "fields of Indicator"),
        ({"base_year": "soon"}, "base_year = 'soon'", "a year"),
        ({"base_year": 2005.5}, "base_year = 2005.5", "a year"),
        ({"multiplier": "万"}, "multiplier = '万'", "a number"),
        ({"breaks": "2004 or so"}, "breaks = '2004 or so'", "periods such as 2004; 2011"),
        ({"kind": "stock"}, "indicator 'a': kind 'stock' is not known", "fields of Indicator"),
    ],
)
def test_fields_that_cannot_be_meant(fields, found, expected):
    told = problem({"a": fields})
    assert told.where == "metadata of 'a'"
    assert told.found.startswith(found)
    assert told.expected == expected


def test_an_unknown_field_is_told_once():
    rows = pd.DataFrame({"unique_id": ["a", "b", "c"], "unti": "CNY"})
    assert problem(rows).remedy == "Did you mean 'unit'?"


def test_meta_that_is_no_metadata():
    with pytest.raises(UsageError, match=r"meta.'a'. is a str; expected an Indicator or a dict"):
        indicator({"a": "CNY"})
    with pytest.raises(UsageError, match=r"meta is a list; expected a pandas, polars or pyarrow"):
        indicator(["CNY"])
    assert problem(pd.DataFrame({"code": ["a"]})).found == "no column 'unique_id' (found: code)"
