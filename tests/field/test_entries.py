"""Reports from the field: single entries, and data in every form that verbs take."""

import datetime as dt
import decimal
import fractions
import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import westforecast as wf
from westforecast import DataError, Indicator, Panel, UsageError, WestforecastWarning
from westforecast.domain import Sum, check_identities, precedents

Decimal, Fraction = decimal.Decimal, fractions.Fraction


def objects(*values):
    return pd.Series(list(values), dtype=object)


def frame(**columns):
    made = {"unique_id": ["a", "a"], "ds": [2008, 2009], "y": [1.0, 2.0]}
    return pd.DataFrame({**made, **columns})


def problems(data, **options):
    with pytest.raises(DataError) as caught:
        Panel.from_frame(data, **options)
    json.dumps([str(problem) for problem in caught.value.problems]).encode()
    str(caught.value).encode()  # whatever is quoted can be printed
    return [str(problem) for problem in caught.value.problems]


# --- values -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("y", "told"),
    [
        (np.array([1 + 2j, 3]), r"row 0 .*y = \(1\+2j\), which is a complex number"),
        (objects(1 + 0j, 2), "row 0 .*a complex number"),
        (objects(np.complex64(1), 2), "row 0 .*a complex number"),
        (objects(1, 10**400), "row 1 .*y = 10*[.]{3}, which is too large for a number"),
        (objects(1, -(10**400)), "row 1 .*too large for a number"),
        (objects(10**5000, 1), "row 0 .*a whole number of thousands of digits"),
        (objects(Decimal("1e400"), 1), "row 0 .*too large for a number"),
        (objects(Fraction(10**400, 3), 1), "row 0 .*too large for a number"),
        (objects("1e999", 1), "row 0 .*too large for a number"),
        (np.array(["1e4000", "1"], np.longdouble), "row 0 .*too large for a number"),
        (objects(Decimal("Infinity"), 1), "row 0 .*y is infinite"),
        (objects("-inf", 1), "row 0 .*y is infinite"),
        (objects("\ud800", 1), "row 0 .*which is text"),
        (objects(b"1", 2), "row 0 .*which is of type bytes"),
        (pd.to_datetime(["2001", "2002"]), "row 0 .*which is a date or time"),
        (objects(dt.date(2001, 1, 1), 1), "row 0 .*which is a date or time"),
        (pd.period_range("2001", periods=2, freq="Y"), "row 0 .*which is a date or time"),
        (pd.to_timedelta([1, 2], "D"), "row 0 .*which is a duration"),
        (objects([1], 1), "row 0 .*which is of type tuple"),
        (objects({1: 2}, 1), "row 0 .*which is of type dict"),
    ],
)
def test_what_is_no_number_is_named_with_its_row(y, told):
    import re

    assert any(re.search(told, problem) for problem in problems(frame(y=y), gaps="keep"))


@pytest.mark.parametrize(
    ("y", "values"),
    [
        (objects(Decimal("1.5"), Fraction(1, 2)), [1.5, 0.5]),
        (np.array([1, 2], np.longdouble), [1, 2]),
        (np.array([1, 2], np.float16), [1, 2]),
        (objects(2**60 + 1, 1), [2.0**60, 1]),  # rounded to the nearest float
        (np.array([2**64 - 1, 1], np.uint64), [2.0**64, 1]),
        (np.array([True, False]), [1, 0]),
        (objects(" 1 ", "2e1"), [1, 20]),
        (pd.Categorical(["1", "2"]), [1, 2]),
    ],
)
def test_any_real_number_is_one(y, values):
    assert Panel.from_frame(frame(y=y)).values.tolist() == values


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda: pl.DataFrame({**frame(), "y": pl.Series([1 + 2j, 1], dtype=pl.Object)}),
            "a complex number",
        ),
        (lambda: pl.DataFrame({**frame(), "y": [dt.timedelta(1)] * 2}), "a duration"),
        (lambda: pa.table({**frame(), "y": ["1", "1,5"]}), "a decimal comma"),
        (lambda: pa.table({**frame(), "unique_id": [b"a", b"a"]}), "of type bytes"),
        (lambda: pl.DataFrame({**frame(), "unique_id": [b"a", b"a"]}), "of type bytes"),
        (lambda: pl.DataFrame({**frame(), "y": [[1.0], [2.0]]}), "of type tuple"),
        (lambda: pl.DataFrame({**frame(), "unique_id": [{"a": 1}] * 2}), "of type dict"),
    ],
)
def test_other_kinds_of_frames_are_read_with_the_same_care(make, told):
    assert told in problems(make())[0]


# --- ids and metadata ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ids", "told"),
    [
        (objects(None, "a"), "row 0 .*unique_id is empty"),
        (objects(np.nan, "a"), "row 0 .*unique_id is empty"),
        (objects("", "a"), "row 0 .*unique_id is empty"),
        (objects("  ", "a"), "row 0 .*unique_id is empty"),
        ([1.0, np.nan], "row 1 .*unique_id is empty"),
        (objects("a", "a\ud800"), "row 1: unique_id = 'a.ud800', which is text with a lone surr"),
        (objects("a", "a\0b"), "row 1: unique_id = 'a.x00b', which is text with a lone surr"),
        (objects(b"a", "a"), "row 0: unique_id = b'a', which is of type bytes"),
        (objects(("a", "b"), "a"), "row 0: .*of type tuple"),
        (objects(["a"], "a"), "row 0: .*of type tuple"),
        (objects({"a"}, "a"), "row 0: .*of type set"),
        (objects(True, 1), "row 0: unique_id = True, which is a truth value"),
        ([True, False], "row 0: unique_id = True, which is a truth value"),
        (objects(10**5000, "a"), "row 0: .*hundreds of digits"),
    ],
)
def test_what_can_be_no_id_is_named_with_its_row(ids, told):
    import re

    assert any(re.match(told, problem) for problem in problems(frame(unique_id=ids)))


def test_whole_numbers_are_ids_however_they_are_stored():
    assert Panel.from_frame(frame(unique_id=objects(1, 1.0))).ids == ("1",)
    assert Panel.from_frame(frame(unique_id=[1.0, 1.0])).ids == ("1",)


@pytest.mark.parametrize("value", ["t\ud800", b"t", {"a": 1}, ("a",), True])
@pytest.mark.parametrize("field", ["unit", "region", "source"])
def test_metadata_that_can_be_no_text_are_named(field, value):
    assert problems(frame(**{field: objects(None, value)}))[0].startswith(f"row 1: {field} = ")
    [told] = problems(frame(), meta={"a": {field: value}})
    assert told.startswith(f"metadata of 'a': {field} = ")


def test_half_a_character_is_refused_wherever_it_would_be_written():
    with pytest.raises(UsageError, match="a lone surrogate or NUL"):
        Indicator(id="a\ud800")
    odd = frame().astype(object).assign(odd=1)
    odd = odd.set_axis(pd.Index([*odd.columns[:-1], "\ud800"], dtype=object), axis=1)
    with pytest.raises(DataError, match="which is no valid text"):
        Panel.from_frame(odd)


def test_a_list_of_breaks_is_no_mistake():
    kept = Panel.from_frame(frame(breaks=objects([2004, 2006], [2004, 2006])))
    assert kept.indicators[0].breaks == (2004, 2006)


# --- rows ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", [pd.DataFrame, pl.DataFrame, pa.table])
def test_one_row_entered_twice_is_called_so(to):
    rows = {"unique_id": list("aaa"), "ds": [2008, 2009, 2009], "y": [1.0, 2.0, 2.0]}
    [told] = problems(to(rows))
    assert told.startswith("row 2 (series 'a', 2009): the same row twice, see row 1; expected one")
    assert told.endswith("Drop one of them.")
    [told] = problems(to({**rows, "y": [1.0, 2.0, 3.0]}))
    assert told.startswith("row 2 (series 'a', 2009): another value than in row 1; expected one")


def test_huge_values_beside_each_other_are_read_without_a_warning():
    assert Panel.from_frame(frame(y=[1e308, -1e308])).values.tolist() == [1e308, -1e308]
    assert "infinite" in problems(frame(y=[np.inf, -np.inf]))[0]


def test_b31_neither_order_of_rows_nor_kind_of_frame_changes_a_number():
    walk = np.random.default_rng(1).normal(0.03, 0.1, (3, 20)).cumsum(axis=1)
    rows = pd.DataFrame({
        "unique_id": np.repeat(["b", "a", "c"], 20), "ds": np.tile(np.arange(1990, 2010), 3),
        "y": 100 * np.exp(walk).ravel(),
    })  # fmt: skip
    shuffled = rows.sample(frac=1, random_state=2)
    enum = pl.DataFrame(shuffled).with_columns(pl.col("unique_id").cast(pl.Enum(["c", "b", "a"])))

    def numbers(data):
        found = wf.forecast(data, ["Drift", "DampedLogGrowth"], h=3, levels=(80,)).long()
        found = found if isinstance(found, pd.DataFrame) else found.to_pandas()
        found["unique_id"] = found["unique_id"].astype(str)
        keys = ["model", "unique_id", "ds"]
        found = found.sort_values(keys, ignore_index=True)
        return found[[*keys, "yhat", "lo-80", "hi-80"]].to_dict("list")

    expected = numbers(rows)
    assert set(expected["unique_id"]) == {"a", "b", "c"}
    for other in (shuffled, rows[::-1], enum, pa.table(shuffled.to_dict("list"))):
        assert numbers(other) == expected
    alone = numbers(shuffled[shuffled["unique_id"] == "a"])
    mine = [k for k, unique_id in enumerate(expected["unique_id"]) if unique_id == "a"]
    assert alone == {name: [column[k] for k in mine] for name, column in expected.items()}


# --- verbs --------------------------------------------------------------------------------------

YEARS = np.arange(1990, 2010)
LONG = pd.DataFrame({
    "unique_id": np.repeat(["east", "west"], 20), "ds": np.tile(YEARS, 2),
    "y": np.r_[100 * 1.05 ** np.arange(20), 50 * 1.02 ** np.arange(20)] + np.sin(np.arange(40)),
})  # fmt: skip
STAGES = pd.DataFrame({
    "unique_id": "urban.west", "ds": YEARS, "y": np.linspace(20, 40, 20), "kind": "share",
    "unit": "percent",
})  # fmt: skip

VERBS = {
    "forecast": lambda data: wf.forecast(data, "Drift", h=3).long(),
    "default": lambda data: wf.forecast(data, h=3).long(),
    "backtest": lambda data: wf.backtest(data, "Drift", h=2, n_windows=3).scores(["mae"]),
    "compare": lambda data: wf.compare(data, "Drift", h=1, n_windows=10).leaderboard(),
    "forecast_shares": lambda data: wf.forecast_shares(data, h=2).point,
    "screen": lambda data: str(wf.screen(data)),
    "precedents": lambda data: precedents(data, 3, 0.04),
    "check_identities": lambda data: check_identities(data, [Sum("east", ("west",))])[:2],
    "split_errors": lambda data: refusal(lambda: wf.split_errors(data, "Drift", 2)),
}
ROLES = {"urban_share": "urban.{region}"}


def refusal(call):
    with pytest.raises(UsageError) as caught:
        call()
    return str(caught.value)


def forms(data, folder):
    data.to_csv(folder / "long.csv", index=False)
    data.to_parquet(folder / "long.parquet")
    return [
        data, pl.DataFrame(data), pl.DataFrame(data).lazy(), pa.table(data.to_dict("list")),
        str(folder / "long.csv"), folder / "long.csv", folder / "long.parquet",
    ]  # fmt: skip


def told(answer):
    answer = answer.to_native() if hasattr(answer, "to_native") else answer
    if isinstance(answer, pl.DataFrame):
        answer = answer.to_pandas()
    if isinstance(answer, pa.Table):
        answer = answer.to_pandas()
    if isinstance(answer, pd.DataFrame):
        rows = answer.drop(columns=["dataset", "seconds"], errors="ignore").replace({np.nan: None})
        return repr(rows.to_dict("list")).replace("nan", "None")
    return repr(answer)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_takes_a_frame_a_path_or_a_panel(verb, tmp_path):
    expected = told(VERBS[verb](Panel.from_frame(LONG)))
    for data in forms(LONG, tmp_path):
        assert told(VERBS[verb](data)) == expected


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("data", [3, None, {"y": [1.0]}, [1.0, 2.0], LONG["y"], np.zeros(3)])
def test_every_verb_refuses_other_data_with_one_message(verb, data):
    if verb == "compare" and isinstance(data, dict | list):
        return  # names or several data sets, which only this verb takes
    name = type(data).__name__
    message = (
        f"data is a {name}; expected a long data frame .pandas, polars, pyarrow: unique_id, ds, "
        "y., the path of a CSV or Parquet file, or a westforecast.Panel"
    )
    if verb == "split_errors":
        import re

        assert re.match(message, VERBS[verb](data))
        return
    with pytest.raises(UsageError, match=message):
        VERBS[verb](data)


def test_stage_verbs_take_all_forms(tmp_path):
    panel = Panel.from_frame(STAGES)
    table = wf.stage_table(panel, ROLES).frame()
    path = wf.stage_path(panel, ROLES, until=2012, n_paths=50).frame()
    for data in forms(STAGES, tmp_path):
        assert told(wf.stage_table(data, ROLES).frame()) == told(table)
        assert told(wf.stage_path(data, ROLES, until=2012, n_paths=50).frame()) == told(path)


def test_comparisons_take_several(tmp_path):
    forms(LONG, tmp_path)
    (tmp_path / "other.csv").write_bytes((tmp_path / "long.csv").read_bytes())
    listed = wf.compare([tmp_path / "long.csv", str(tmp_path / "other.csv")], "Drift", h=1)
    assert list(listed.results) == ["long", "other"]
    named = wf.compare({"a": LONG, "b": tmp_path / "long.csv", "c": Panel.of(LONG)}, "Drift", h=1)
    assert list(named.results) == ["a", "b", "c"]
    with pytest.raises(DataError, match="1 problem in data set 'b':"):
        wf.compare({"a": LONG, "b": LONG.drop(columns="y")}, "Drift", h=1)
    with pytest.raises(UsageError, match="data set 'long' is given twice"):
        wf.compare([tmp_path / "long.csv", tmp_path / "long.parquet"], "Drift", h=1)


def test_options_of_reading_are_those_of_a_panel():
    quarters = LONG.assign(ds=np.tile(pd.period_range("2000Q1", periods=20, freq="Q").astype(str)
                                      .str.replace("Q", "-Q"), 2))  # fmt: skip
    with pytest.raises(DataError, match=r"Options such as freq, gaps and id_col: westf.*of.df, "):
        wf.forecast(LONG.rename(columns={"unique_id": "country"}), h=1)
    with pytest.raises(DataError, match=r"which is text(.|\n)*Options such as") as caught:
        wf.forecast(LONG.assign(y="x"), h=1)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert len(Panel.of(quarters, freq="Q")) == 2
    with pytest.raises(UsageError, match="freq: a Panel is read already"):
        Panel.of(Panel.of(LONG), freq="Y")


def test_a_name_is_no_path():
    with pytest.raises(UsageError, match=r"no file 'pumps'.*westforecast.dataset.'pumps'."):
        wf.forecast("pumps", h=1)
    with pytest.raises(UsageError, match=r"no file 'pumps.csv'"):
        wf.forecast("pumps.csv", h=1)


def test_warnings_of_reading_point_at_the_caller():
    with pytest.warns(WestforecastWarning, match="ignored: notes") as caught:
        wf.forecast(LONG.assign(notes="x"), "Naive", h=1)
    assert caught[0].filename == __file__
