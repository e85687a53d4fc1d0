"""Frames in, ragged arrays inside, the caller's frames and times out; all bad rows at once."""

import datetime as dt
import pickle
from decimal import Decimal
from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from westforecast import DataError, Indicator, Panel, UsageError
from westforecast.errors import UnknownNameError

from ..builders import NAN, frame, panel

TIMES = {
    "int": ("Y", [2008, 2009, 2010]),
    "period numbers": ("Q", [1, 2, 3]),
    "string": ("Y", ["2008", "2009", "2010"]),
    "ISO string": ("Y", ["2008-12-31", "2009-12-31", "2010-12-31"]),
    "year end": ("YE", pd.to_datetime(["2008-12-31", "2009-12-31", "2010-12-31"])),
    "year start": ("YS", pd.to_datetime(["2008-01-01", "2009-01-01", "2010-01-01"])),
    "date": ("Y", [dt.date(2008, 1, 1), dt.date(2009, 1, 1), dt.date(2010, 1, 1)]),
    "quarter string": ("Q", ["2008Q3", "2008Q4", "2009Q1"]),
    "quarter end": ("QE", pd.to_datetime(["2008-09-30", "2008-12-31", "2009-03-31"])),
    "month string": ("M", ["2008-11", "2008-12", "2009-01"]),
    "month start": ("MS", pd.to_datetime(["2008-11-01", "2008-12-01", "2009-01-01"])),
    "month end": ("ME", pd.to_datetime(["2008-12-31", "2009-01-31", "2009-02-28"])),
}
BACKENDS = {
    "pandas": lambda df: df,
    "polars": pl.from_pandas,
    "pyarrow": lambda df: pa.Table.from_pandas(df, preserve_index=False),
}


def problems_of(data, **options):
    with pytest.raises(DataError) as caught:
        Panel.from_frame(data, **options)
    return caught.value.problems


class TestRoundTrip:
    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("times", TIMES)
    def test_the_callers_frame_and_times_come_back(self, times, backend):
        freq, ds = TIMES[times]
        given = BACKENDS[backend](frame([1.0, 2.0, 4.0], ds))
        back = Panel.from_frame(given, freq=freq).to_frame()
        assert type(back) is type(given)
        if backend == "pandas":
            pd.testing.assert_frame_equal(back, given)
        else:
            listed = (lambda t: t.to_dicts()) if backend == "polars" else (lambda t: t.to_pylist())
            assert listed(back) == listed(given)

    @pytest.mark.parametrize("freq", ["Y", "Q", "M"])
    def test_pandas_periods_come_back(self, freq):
        given = frame([1.0, 2.0, 4.0], pd.period_range("2008-01", periods=3, freq=freq))
        kept = Panel.from_frame(given, freq=freq)
        pd.testing.assert_frame_equal(kept.to_frame(), given)
        # polars has no such type
        assert kept.to_frame(backend="polars")["ds"].to_list() == given["ds"].astype(str).to_list()

    def test_another_kind_of_frame_can_be_asked_for(self):
        kept = panel([1, 2, 3])
        assert isinstance(kept.to_frame(backend="polars"), pl.DataFrame)
        assert isinstance(kept.to_frame(backend="pyarrow"), pa.Table)
        with pytest.raises(UsageError, match=r"backend='excel' found, one of pandas, polars"):
            kept.to_frame(backend="excel")

    def test_lazy_frames_are_collected(self):
        lazy = pl.LazyFrame({"unique_id": ["a"], "ds": [2008], "y": [1.0]})
        assert Panel.from_frame(lazy).span == (2008, 2008)

    def test_nulls_are_the_frames_own(self):
        back = panel([1, NAN, 3]).to_frame(backend="polars")
        assert back["y"].to_list() == [1, None, 3]
        assert panel([1, NAN, 3]).to_frame(backend="pyarrow")["y"].to_pylist() == [1, None, 3]

    def test_order_of_rows_does_not_matter(self):
        given = frame([1.0, 2.0, 4.0])
        assert Panel.from_frame(given[::-1]).digest() == Panel.from_frame(given).digest()

    def test_own_column_names_come_back(self):
        given = frame([1.0, 2.0]).set_axis(["code", "year", "value"], axis=1)
        kept = Panel.from_frame(given, id_col="code", time_col="year", target_col="value")
        pd.testing.assert_frame_equal(kept.to_frame(), given)

    def test_metadata_columns_can_be_added(self):
        kept = Panel.from_frame(frame([1.0, 2.0], unit="CNY", region="CN-GX"))
        back = kept.to_frame(meta=True)
        assert back["unit"].tolist() == ["CNY", "CNY"]
        assert Panel.from_frame(back).indicators == kept.indicators

    def test_metadata_never_take_the_place_of_data(self):
        given = frame([1.0, 2.0]).rename(columns={"unique_id": "region"})
        back = Panel.from_frame(given, id_col="region").to_frame(meta=True)
        assert back["region"].tolist() == ["a", "a"]

    def test_the_input_is_left_alone(self):
        given = frame([3.0, 1.0], [2001, 2000], unit="CNY")
        before = given.copy(deep=True)
        Panel.from_frame(given)
        pd.testing.assert_frame_equal(given, before)


class TestReading:
    def test_ids_become_text(self):
        ids = [1, 1, 2.0, "x", 1]
        kept = Panel.from_frame(
            pd.DataFrame({"unique_id": ids, "ds": [1, 2, 1, 1, 3], "y": 1.0}), gaps="keep"
        )
        assert kept.ids == ("1", "2", "x")
        assert kept.lengths.tolist() == [3, 1, 1]
        assert kept[2].ids == kept["2"].ids == ("2",)

    def test_categories_are_ids(self):
        given = frame([1.0, 2.0]).astype({"unique_id": "category"})
        assert Panel.from_frame(given).ids == ("a",)

    @pytest.mark.parametrize(
        "y",
        [
            [1, 2],
            [True, 2.0],
            [Decimal(1), Decimal("2.0")],
            ["1", " 2.0"],
            np.array([1, 2], np.float32),
            pd.array([1, 2], "Int8"),
        ],
    )
    def test_any_kind_of_number_is_read(self, y):
        assert Panel.from_frame(frame(y)).values.tolist() == [1.0, 2.0]

    @pytest.mark.parametrize("backend", BACKENDS)
    @pytest.mark.parametrize("ds", [
        pd.to_datetime(["2008-12-31", None]), [dt.date(2008, 1, 1), None], ["2008", None],
        pd.array([2008, None], "Int64"),
    ])  # fmt: skip
    def test_a_null_time_is_told_whatever_its_type(self, ds, backend):
        (problem,) = problems_of(BACKENDS[backend](frame([1.0, 2.0], ds)))
        assert problem.where == "row 1 (series 'a')"
        assert problem.found in {"ds = None", "ds = nan"}

    @pytest.mark.parametrize("null", [None, NAN, pd.NA, pd.NaT, "", " ", "NA", "n/a", "NaN"])
    def test_any_kind_of_null_is_missing(self, null):
        kept = Panel.from_frame(frame(np.array([1, null, 3], dtype=object)), gaps="keep")
        np.testing.assert_array_equal(kept.values, [1, NAN, 3])

    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_stamps_of_any_precision_are_read(self, unit):
        stamps = pd.to_datetime(["2008-12-31", "2009-12-31"]).astype(f"datetime64[{unit}]")
        assert Panel.from_frame(frame([1.0, 2.0], stamps)).span == (2008, 2009)

    @pytest.mark.parametrize("backend", BACKENDS)
    def test_zones_do_not_move_a_stamp_to_another_year(self, backend):
        stamps = pd.to_datetime(["2008-01-01", "2009-01-01"]).tz_localize("Asia/Shanghai")
        given = BACKENDS[backend](frame([1.0, 2.0], stamps))
        assert Panel.from_frame(given).span == (2008, 2009)

    def test_a_series_spans_its_observed_values(self):
        kept = panel([NAN, 1, NAN, 3, NAN])
        np.testing.assert_array_equal(kept.values, [1, NAN, 3])
        assert kept.first.tolist() == [2001]
        assert kept.last.tolist() == [2003]

    def test_a_series_without_values_is_kept_where_gaps_are(self):
        kept = panel([NAN, NAN], [1, 2], first=[1990, 2000])
        assert kept.ids == ("a", "b")
        assert kept.lengths.tolist() == [0, 2]
        assert kept.span == (2000, 2001)
        assert kept.first.tolist() == [1990, 2000]  # what it has is a place in time
        assert len(kept["a"].to_frame()) == 0
        with pytest.raises(UsageError, match=r"holds no observed value"):
            _ = kept["a"].span

    def test_columns_nobody_knows_are_ignored_with_one_warning(self):
        given = frame([1.0, 2.0], notes="x", id="y", unit="CNY")
        with pytest.warns(UserWarning, match=r"are ignored: notes, id") as caught:
            kept = Panel.from_frame(given)
        assert len(caught) == 1
        assert caught[0].filename == __file__  # it points at the caller
        assert kept.indicators[0].unit == "CNY"
        Panel.from_frame(given, ignore=["notes", "id"])

    def test_ids_differ(self):
        twice = panel([1, 2], [3])
        same = (twice.indicators[0],) * 2
        with pytest.raises(UsageError, match=r"two series are called 'a'"):
            Panel(twice.values, twice.indptr, twice.first, same, twice.calendar)

    def test_the_callers_arrays_stay_the_callers(self):
        values = np.array([1.0, 2.0])
        first = panel([1, 2])
        made = Panel(values, first.indptr, first.first, first.indicators, first.calendar)
        values[0] = 9.0
        assert made.values[0] == 1.0
        with pytest.raises(ValueError, match=r"read-only"):
            made.values[0] = 9.0


class TestBadData:
    def test_all_problems_are_told_at_once(self):
        given = pd.DataFrame(
            [
                ("a", 2008, 1.0),
                ("a", 2008, 2.0),
                ("a", "soon", 3.0),
                ("b", 2008, "about 5"),
                ("b", 2009, np.inf),
                (None, 2009, 3.0),
                ("c", 2008, 50.0),
                ("c", 2009, 150.0),
            ],
            columns=["unique_id", "ds", "y"],
        )
        meta = {"c": {"kind": "share", "unit": "percent"}, "b": {"units": "CNY"}}
        problems = problems_of(given, meta=meta)
        assert {problem.where for problem in problems} == {
            "row 1 (series 'a', 2008)",
            "row 2 (series 'a')",
            "row 3 (series 'b', 2008)",
            "row 4 (series 'b', 2009)",
            "row 5 (no series, 2009)",
            "row 7 (series 'c', 2009)",
            "metadata of 'b'",
        }
        text = str(DataError(problems))
        assert text.startswith("7 problems in the data:\n  - row 5 (no series, 2009): unique_id is")
        for words in (
            "y = 'about 5', which is text; expected a number.",
            "y is infinite; expected a finite number.",
            "ds = 'soon'; expected an annual period. Write 2010 (annual)",
            "another value than in row 0; expected one value per series and period",
            "value 150; expected a share between 0 and 100. Correct the value or its unit",
            "a field 'units'; expected fields of Indicator. Did you mean 'unit'?",
        ):
            assert words in text

    def test_gaps_are_listed_as_runs(self):
        given = frame([1.0, 2.0, 3.0, 4.0], [2000, 2002, 2006, 2007])
        (problem,) = problems_of(given)
        assert problem.where == "series 'a'"
        assert problem.found == "no value for 2001, 2003-2005"
        assert problem.expected == "every period of 2000-2007"
        assert "gaps='keep'" in problem.remedy
        np.testing.assert_array_equal(
            Panel.from_frame(given, gaps="keep").values, [1, NAN, 2, NAN, NAN, NAN, 3, 4]
        )

    def test_monthly_gaps_can_be_read(self):
        (problem,) = problems_of(frame([1.0, 2.0], ["2007-11", "2008-03"]), freq="M")
        assert problem.found == "no value for 2007-12 to 2008-02"

    def test_gaps_and_other_problems_are_told_together(self):
        given = pd.concat(
            [frame([1.0, "x", 3.0]), frame([1.0, 3.0], [2000, 2002]).assign(unique_id="b")]
        )
        wheres = [problem.where for problem in problems_of(given)]
        # the text in `a` is told as text, not as a gap too
        assert wheres == ["row 1 (series 'a', 2001)", "series 'b'"]

    def test_a_series_without_values_is_told(self):
        (problem,) = problems_of(frame([None, None]))
        assert (problem.where, problem.found) == ("series 'a'", "no value at all")

    @pytest.mark.parametrize(
        ("freq", "hint"), [("Y", "freq='Q' or freq='M'"), ("Q", "pass freq='M'")]
    )
    def test_many_duplicates_hint_at_the_frequency(self, freq, hint):
        months = pd.date_range("2008-01-01", periods=24, freq="MS")
        problems = problems_of(frame(np.arange(24.0), months), freq=freq)
        assert all(hint in problem.remedy for problem in problems)
        (single,) = problems_of(frame([1.0, 2.0, 3.0, 4.0], [2000, 2001, 2001, 2002]))
        assert single.remedy == "Keep one row per series and period."

    @staticmethod
    def raw(**columns):
        """Every pair of the columns' values, over ten years, under the ids X and Y."""
        rows = pd.DataFrame({"series_id": ["X", "Y"]})
        for name, values in columns.items():
            rows = rows.merge(pd.DataFrame({name: values}), how="cross")
        rows = rows.merge(pd.DataFrame({"year": range(2000, 2010)}), how="cross")
        return rows.assign(value=np.arange(float(len(rows))))

    RAW: ClassVar = {"id_col": "series_id", "time_col": "year", "target_col": "value"}

    def test_one_id_in_several_regions_is_told_as_such(self):
        raw = self.raw(region=["CN-SC", "CN-SN", "CN-GX", "CN-YN"])
        raw["name"] = raw["series_id"] + " of " + raw["region"]  # differs for the same reason
        problems = problems_of(raw, **self.RAW)
        assert [problem.where for problem in problems] == ["series 'X'", "series 'Y'"]
        assert problems[0].found == "one id in 4 regions ('CN-SC', 'CN-SN', 'CN-GX', ...)"
        assert problems[0].expected == "one id per series"
        assert problems[0].remedy == (
            "Make ids of both: df['unique_id'] = df['series_id'] + '.' + df['region'], and leave "
            "id_col out."
        )
        # which is what helps
        raw["unique_id"] = raw["series_id"] + "." + raw["region"]
        kept = Panel.from_frame(raw, time_col="year", target_col="value", ignore=["series_id"])
        assert len(kept) == 8
        assert kept.indicator("Y.CN-GX").region == "CN-GX"

    def test_rows_that_are_there_twice_are_told_beside_it(self):
        raw = self.raw(region=["CN-SC", "CN-SN"])
        problems = problems_of(pd.concat([raw, raw.iloc[[3]]], ignore_index=True), **self.RAW)
        assert [problem.where for problem in problems] == [
            "series 'X'", "series 'Y'", "row 40 (series 'X', 2003)",
        ]  # fmt: skip
        assert problems[2].found == "another value than in row 3"

    @pytest.mark.parametrize(
        ("columns", "found"),
        [
            ({"industry": ["food", "steel"]}, "one id in 2 industries ('food', 'steel')"),
            ({"unit": ["t", "CNY"], "kind": ["count"]}, "one id in 2 units ('t', 'CNY')"),
            (
                {"region": ["CN-SC", "CN-SN"], "industry": ["food", "steel", "cars"]},
                "one id in 6 regions and industries ('CN-SC food', 'CN-SC steel', 'CN-SC cars', "
                "...)",
            ),
            ({"region": ["CN-SC", None]}, "one id in 2 regions ('-', 'CN-SC')"),
        ],
    )
    def test_any_metadata_that_tells_series_apart(self, columns, found):
        problems = problems_of(self.raw(**columns), **self.RAW)
        assert {problem.found for problem in problems} == {found}
        both = "df['unique_id'] = " + " + '.' + ".join(
            f"df['{name}']" for name in ("series_id", *columns) if name != "kind"
        )
        assert all(both in problem.remedy for problem in problems)

    def test_the_default_id_needs_no_other_call(self):
        raw = self.raw(region=["CN-SC", "CN-SN"]).rename(columns={"series_id": "unique_id"})
        remedy = problems_of(raw, time_col="year", target_col="value")[0].remedy
        assert remedy == "Make ids of both: df['unique_id'] = df['unique_id'] + '.' + df['region']."

    def test_regions_do_not_explain_quarters(self):
        raw = self.raw(region=["CN-SC"])
        quarters = pd.concat([raw.assign(value=raw["value"] + k) for k in range(4)])
        problems = problems_of(quarters, **self.RAW)
        assert len(problems) == 60
        assert all("freq='Q'" in problem.remedy for problem in problems)

    def test_one_odd_row_makes_no_second_series(self):
        typo = frame([1.0, 2.0, 3.0, 4.0, 5.0], [2000, 2001, 2002, 2003, 2003])
        typo["region"] = ["CN-SC"] * 4 + ["CN-SN"]
        assert [problem.found for problem in problems_of(typo)] == [
            "another value than in row 3", "2 values of region: 'CN-SC', 'CN-SN'",
        ]  # fmt: skip

    def test_a_mistyped_time_does_not_take_all_memory(self):
        (problem,) = problems_of(frame([1.0, 2.0], [-90_000, 90_000]), freq="M", gaps="keep")
        assert problem.found == "values from -90000 to 90000"

    @pytest.mark.parametrize("y", [[NAN, 101.0], [-1.0, NAN]])
    def test_shares_stay_in_their_bounds(self, y):
        given = frame(y, kind="share", unit="percent")
        (problem,) = problems_of(given, gaps="keep")
        assert problem.expected == "a share between 0 and 100"
        Panel.from_frame(given.assign(y=[0.0, 100.0]))
        Panel.from_frame(given, gaps="keep", meta={"a": {"lower": -5, "upper": 200}})

    def test_missing_columns_are_told_with_the_nearest_name(self):
        problems = problems_of(frame([1.0]).rename(columns={"ds": "dss", "y": 0}))
        assert [problem.found for problem in problems] == [
            "no column 'ds' (found: unique_id, dss, 0)",
            "no column 'y' (found: unique_id, dss, 0)",
        ]
        assert problems[0].remedy == "Did you mean 'dss'? Name it with time_col=..."

    def test_columns_of_the_same_name_are_refused(self):
        twice = pd.concat([frame([1.0]), frame([2.0])[["y"]]], axis=1)
        (problem,) = problems_of(twice)
        assert "'y' 2 times" in problem.found

    def test_an_empty_frame_is_refused(self):
        (problem,) = problems_of(frame([]))
        assert problem.found == "no row"

    @pytest.mark.parametrize("thing", [None, {"unique_id": ["a"]}, "data.csv", [1, 2]])
    def test_other_things_than_frames_are_refused(self, thing):
        with pytest.raises(UsageError, match=r"expected a pandas, polars or pyarrow data frame"):
            Panel.from_frame(thing)

    def test_settings_are_checked(self):
        with pytest.raises(UsageError, match=r"gaps='fill' found"):
            Panel.from_frame(frame([1.0]), gaps="fill")
        for freq in ("W", 5):
            with pytest.raises(UsageError, match=rf"freq={freq!r} is not a calendar"):
                Panel.from_frame(frame([1.0]), freq=freq)


class TestLooking:
    def test_values_by_id_and_period(self):
        kept = panel([1, NAN, 3], [5])
        periods, values = kept.series("a")
        assert periods.tolist() == [2000, 2001, 2002]
        np.testing.assert_array_equal(values, [1, NAN, 3])
        assert kept.value("a", 2002) == 3
        assert np.isnan([kept.value("a", year) for year in (1999, 2001, 2003)]).all()
        assert np.isnan(kept.value("b", 2001))  # not the next series' value

    def test_an_unknown_id_suggests_the_nearest(self):
        kept = panel([1, 2]).select(id="a")
        for ask in (kept.index, kept.series, kept.indicator, kept.__getitem__):
            with pytest.raises(UnknownNameError, match=r"Did you mean 'a'|Known: a"):
                ask("A" if ask != kept.index else 5)

    def test_many_ids_are_not_all_listed(self):
        rows = pd.DataFrame({"unique_id": range(500), "ds": 2000, "y": 1.0})
        with pytest.raises(UnknownNameError, match=r"and 480 more"):
            Panel.from_frame(rows).index("zzz")

    def test_repr_says_what_there_is(self):
        kept = Panel.from_frame(frame([1.0, 2.5], name="CNC lathes, " * 9, unit="units"))
        lines = repr(kept).splitlines()
        assert lines[0] == "Panel: 1 series, annual, 2000-2001, 2 values"
        assert lines[1].split() == ["id", "name", "unit", "first", "last", "n", "missing",
                                    "last", "value"]  # fmt: skip
        assert lines[2].endswith("units  2000   2001  2  0        2.5")
        assert "…" in lines[2]
        assert "1 missing inside" in repr(panel([1, NAN, 2]))
        assert "... and 5 more" in repr(panel(*[[1.0]] * 15))
        assert repr(panel([NAN])).startswith("Panel: 1 series, annual, no values, 0 values")

    def test_html_is_escaped(self):
        kept = Panel.from_frame(frame([1.0], name="<script>", unit="a&b"))
        html = kept._repr_html_()
        assert "<script>" not in html
        assert "&lt;script&gt;" in html
        assert "a&amp;b" in html
        assert "... and 5 more" in panel(*[[1.0]] * 25)._repr_html_()

    def test_describe_has_a_record_a_series(self):
        first, second, third = panel([1, NAN, 2], [3, 4], [NAN]).describe()
        assert first | {"id": "a", "n": 2, "missing": 1, "last": "2002"} == first
        assert second | {"id": "b", "n": 2, "missing": 0, "last value": "4"} == second
        assert third | {"n": 0, "first": "-", "last": "-", "last value": "-"} == third


class TestSlicing:
    def regions(self):
        meta = {"a": {"region": "CN-GX"}, "b": {"region": "CN-SC"}, "c": {"region": "CN-GX"}}
        return Panel.from_frame(panel([1, 2], [3], [4, 5, 6]).to_frame(), meta=meta)

    def test_select_by_one_or_several_conditions(self):
        kept = self.regions()
        assert kept.select(region="CN-GX").ids == ("a", "c")
        assert kept.select(region=["CN-GX", "CN-SC"], id={"c", "b"}).ids == ("b", "c")
        assert kept.select(region="CN-GX", id="b").ids == ()
        assert kept[["c", "a"]].ids == ("a", "c")
        np.testing.assert_array_equal(kept["c"].values, [4, 5, 6])
        assert kept.select(id=()).ids == ()

    def test_a_condition_nothing_meets_is_an_error(self):
        with pytest.raises(UnknownNameError, match=r"no series with region='CN-GS'. Did|in the pa"):
            self.regions().select(region="CN-GS")

    def test_an_empty_selection_is_still_a_panel(self):
        none = self.regions().select(region="CN-GX", id="b")
        assert len(none) == 0
        assert repr(none) == "Panel: no series, annual, no values, 0 values"
        assert none._repr_html_()
        assert len(none.to_frame()) == 0
        assert none.as_of(2005).ids == ()

    def test_as_of_shows_what_was_known(self):
        meta = {"b": Indicator(id="b", publication_lag=2)}
        given = panel([1, NAN, 3, 4], [1, 2, 3, 4], [7], first=[2000, 2000, 2003]).to_frame()
        kept = Panel.from_frame(given, meta=meta, gaps="keep")
        then = kept.as_of(2002)
        assert then.last.tolist() == [2002, 2000, 2002]
        assert then.lengths.tolist() == [3, 1, 0]
        assert kept.as_of(2001).last[0] == 2000  # the gap at the end is no value
        assert kept.as_of("2010").digest() == kept.as_of(2004 + 2).digest() == kept.digest()
        assert then.ids == kept.ids

    def test_since_leaves_out_what_was_before(self):
        kept = panel([1, NAN, 3, 4], [1, 2]).since(2001)
        assert kept.first.tolist() == [2002, 2001]
        assert kept.lengths.tolist() == [2, 1]

    def test_slices_keep_frame_and_calendar(self):
        given = pl.from_pandas(frame([1.0, 2.0], pd.to_datetime(["2008-12-31", "2009-12-31"])))
        back = Panel.from_frame(given).as_of(2008).to_frame()
        assert back["ds"].to_list() == [dt.datetime(2008, 12, 31)]


class TestIdentity:
    def test_the_digest_follows_values_times_and_ids(self):
        base = panel([1, 2, 3])
        changed = [
            panel([1, 2, 4]),
            panel([1, NAN, 3]),
            panel([1, 2], [3]),
            panel([1, 2, 3], first=2001),
            panel([1, 2, 3], freq="Q"),
            Panel.from_frame(frame([1, 2, 3]).assign(unique_id="z")),
        ]
        assert len({kept.digest() for kept in [base, *changed]}) == 7
        assert panel([1, 2, 3]).digest() == base.digest()

    def test_a_panel_can_be_pickled(self):
        kept = pickle.loads(pickle.dumps(panel([1, NAN, 3])))
        assert kept.digest() == panel([1, NAN, 3]).digest()
        assert kept.index("a") == 0


def test_the_frequency_is_taken_from_times_that_state_it():
    quarters = [f"{2009 + k // 4}Q{k % 4 + 1}" for k in range(8)]
    for times in (quarters, pd.PeriodIndex(quarters, freq="Q")):
        quarterly = Panel.from_frame(frame(range(8), times))
        assert quarterly.calendar.freq == "Q"
        assert quarterly.lengths.tolist() == [8]
    months = pd.period_range("2009-01", periods=5, freq="M")
    assert Panel.from_frame(frame(range(5), months)).calendar.freq == "M"
    assert Panel.from_frame(frame(range(3), [2001, 2002, 2003])).calendar.freq == "Y"


class TestJoin:
    def test_both_panels_series_follow_each_other(self):
        one, other = panel([1, 2, NAN, 4], first=2001), panel([5, 6], [7], first=[1999, 2010])
        other = other.renamed({"a": "c", "b": "d"})
        both = one.join(other)
        assert both.ids == ("a", "c", "d")
        for part in (one, other):
            for unique_id in part.ids:
                for mine, theirs in zip(
                    both.series(unique_id), part.series(unique_id), strict=True
                ):
                    np.testing.assert_array_equal(mine, theirs)
        assert both[one.ids].digest() == one.digest()

    def test_the_same_id_twice_is_an_error(self):
        with pytest.raises(UsageError, match="two series are called 'a'"):
            panel([1, 2]).join(panel([3]))

    def test_calendars_must_be_alike(self):
        with pytest.raises(UsageError, match=r"one panel is annual, the other monthly"):
            panel([1, 2]).join(panel([3, 4], freq="M", first=600))


class TestRenamed:
    def test_ids_change_and_nothing_else(self):
        data = panel([1, 2], [3, NAN, 5])
        named = data.renamed({"b": "steel"})
        assert named.ids == ("a", "steel")
        assert named.index("steel") == 1
        np.testing.assert_array_equal(named.series("steel")[1], [3, NAN, 5])

    def test_what_cannot_be(self):
        with pytest.raises(UnknownNameError, match="no series 'z'"):
            panel([1]).renamed({"z": "y"})
        with pytest.raises(UsageError, match="two series are called 'b'"):
            panel([1], [2]).renamed({"a": "b"})


def test_some_series_can_be_cut_alone():
    data = panel([1, 2, 3], [4, 5, 6]).since(2001, id=["b"])
    assert data.first.tolist() == [2000, 2001]
    assert data.series("b")[1].tolist() == [5, 6]
    with pytest.raises(UnknownNameError, match="no series 'z'"):
        data.since(2001, id=["z"])
