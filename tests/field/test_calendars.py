"""Calendars come back as they were given, or are refused with a reason."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest

import westforecast as wf
from westforecast.errors import DataError, UsageError, WestforecastWarning

from ..builders import frame


def ahead(ds, freq=None, h=2, **options):
    """The times of a forecast of one series that is known at `ds`."""
    panel = wf.Panel.from_frame(frame(np.arange(len(ds)) + 1.0, ds), freq=freq, **options)
    return wf.forecast(panel, "Naive", h=h).long()["ds"]


def refused(ds, freq=None, **options):
    with pytest.raises(DataError) as caught:
        ahead(ds, freq, **options)
    return str(caught.value)


class TestNumbers:
    DTYPES = ("int32", "int64", "uint32", "uint64", "Int64", "UInt32", "float64", "object",
              "int64[pyarrow]")  # fmt: skip

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_b04_yyyymm_goes_on_with_the_calendar(self, dtype):
        given = pd.Series(range(200905, 200913)).astype(dtype)
        found = ahead(given, "M")
        assert found.tolist() == [201001, 201002]
        assert found.dtype == given.dtype

    def test_b04_two_years_hold_no_phantom_months(self):
        given = [*range(200901, 200913), *range(201001, 201013)]
        panel = wf.Panel.from_frame(frame(np.arange(1.0, 25.0), given), freq="M", gaps="keep")
        assert panel.lengths.tolist() == [24]
        drift = wf.forecast(panel, "Drift", until=201102).long()
        assert drift["ds"].tolist() == [201101, 201102]
        assert drift["yhat"].tolist() == pytest.approx([25, 26])

    def test_b04_what_is_no_month_is_refused(self):
        told = refused([200911, 200912, 200913], "M")
        assert "row 2 (series 'a'): ds = 200913; expected a monthly period" in told
        assert "200911" not in told

    @pytest.mark.parametrize(
        ("given", "form", "freq"),
        [(range(200905, 200913), "yyyymm", "M"), ([20093, 20094, 20101], "yyyyq", "Q")],
    )
    def test_b04_without_a_frequency_they_are_no_years(self, given, form, freq):
        told = refused(list(given))
        assert f"which look like {form}; expected years. Pass freq='{freq}'" in told

    def test_quarters_as_months_are_refused(self):
        assert "look like yyyyq; expected monthly periods" in refused([20094, 20101], "M")

    @pytest.mark.parametrize(
        ("given", "freq", "following"),
        [
            ([20093, 20094], "Q", [20101, 20102]),
            ([200909, 200912], "Q", [201003, 201006]),
            ([20091231, 20101231], None, [20111231, 20121231]),
            ([20090930, 20091231], "Q", [20100331, 20100630]),
            ([20091130, 20091231], "M", [20100131, 20100228]),
        ],
    )
    @pytest.mark.parametrize("convert", [list, lambda v: list(map(str, v))], ids=["int", "text"])
    def test_other_packed_times(self, given, freq, following, convert):
        assert ahead(convert(given), freq).tolist() == convert(following)

    @pytest.mark.parametrize("given", [[39814, 40179], [1230768000, 1262304000],
                                       [20091301, 20101301], [123456, 123457]])  # fmt: skip
    def test_other_large_numbers_are_no_years(self, given):
        assert "expected an annual period" in refused(given)

    def test_years_and_days_in_one_column_are_refused(self):
        assert "written in several ways: '2009' and '20100101'" in refused([2009, 20100101])

    @pytest.mark.parametrize("freq", ["Y", "Q", "M"])
    @pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "uint64", "UInt16"])
    def test_small_numbers_count_periods(self, freq, dtype):
        found = ahead(pd.Series(range(9, 13), dtype=dtype), freq)
        assert found.tolist() == [13, 14]
        assert found.dtype == dtype

    def test_numbers_never_wrap_around(self):
        assert ahead(pd.Series([126, 127], dtype="int8"), "M").tolist() == [128, 129]
        assert ahead(pd.Series([254, 255], dtype="uint8"), "M").tolist() == [256, 257]
        assert ahead(pl.Series([65534, 65535], dtype=pl.UInt16), "M").tolist() == [65536, 65537]
        large = np.array([2**64 - 2, 2**64 - 1], dtype="uint64")
        assert "ds = 18446744073709551615" in refused(large)
        assert "expected an annual period" in refused(
            pd.Series([10**400, -(10**400)], dtype=object)
        )

    def test_any_way_of_naming_a_month_is_understood(self):
        months = [*range(200901, 200913), 201001, 201002]
        panel = wf.Panel.from_frame(frame(np.arange(14.0), months), freq="M")
        for cutoff in (200912, "200912", "2009-12", "2009M12", pd.Timestamp("2009-12-31"),
                       dt.date(2009, 12, 1), pd.Period("2009-12", "M"), 200912.0):  # fmt: skip
            result = wf.backtest(panel, "Naive", h=1, cutoffs=[cutoff])
            assert result.long()["ds"].tolist() == [201001]
            assert panel.as_of(cutoff).to_frame()["ds"].iloc[-1] == 200912
            assert panel.since(cutoff).to_frame()["ds"].iloc[0] == 200912
        for wrong in (2009, "2009", 12, 200913, "2009Q4", pd.Period("2009Q4", "Q")):
            with pytest.raises(UsageError):
                wf.backtest(panel, "Naive", h=1, cutoffs=[wrong])


class TestFiscalYears:
    """B07: quarters of a fiscal year are those of the fiscal year, everywhere."""

    @pytest.fixture
    def panel(self):
        ds = pd.period_range("2010Q1", periods=8, freq="Q-MAR")
        return wf.Panel.from_frame(frame(np.arange(8.0) + 1, ds))

    def test_b07_results_join_and_are_saved_as_they_were(self, panel, tmp_path):
        result = wf.backtest(panel, "Naive", h=3)
        long = result.long()
        assert long["ds"].dtype == long["cutoff"].dtype == "period[Q-MAR]"
        assert len(long.merge(panel.to_frame(), on=["unique_id", "ds"])) == 3
        result.save(tmp_path)
        assert pd.read_parquet(tmp_path / "forecasts.parquet")["ds"].dtype == "period[Q-MAR]"
        pd.testing.assert_frame_equal(wf.load(tmp_path).long(), long)

    def test_b07_cutoffs_are_in_the_fiscal_calendar(self, panel):
        july = pd.Period("2010Q2", freq="Q-MAR")
        assert july.start_time == pd.Timestamp("2009-07-01")
        for cutoff in (
            "2010Q2",
            july,
            pd.Timestamp("2009-07-01"),
            "2009-09-30",
            dt.date(2009, 8, 9),
        ):
            result = wf.backtest(panel, "Naive", h=1, cutoffs=[cutoff])
            assert result.long()["cutoff"].tolist() == [july]
            assert result.long()["yhat"].tolist() == [2.0]
            assert panel.as_of(cutoff).to_frame()["ds"].max() == july
            assert panel.since(cutoff).to_frame()["ds"].min() == july
        found = wf.forecast(panel, "Naive", until="2012Q2").long()["ds"]
        assert found.tolist() == [pd.Period(f"2012Q{k}", freq="Q-MAR") for k in (1, 2)]

    def test_b07_another_fiscal_year_is_refused(self, panel):
        with pytest.raises(UsageError, match=r"is not a quarterly period of years that end in MAR"):
            panel.as_of(pd.Period("2010Q2", freq="Q-DEC"))

    @pytest.mark.parametrize("end", ["JAN", "MAR", "JUN", "SEP", "OCT", "DEC"])
    def test_b07_every_fiscal_year_goes_on(self, end):
        for freq, first in (("Y", "2009"), ("Q", "2009Q3")):
            given = pd.Series(pd.period_range(first, periods=7, freq=f"{freq}-{end}"))
            found = ahead(given[:5], h=2)
            assert found.tolist() == given[5:].tolist()
            assert found.dtype == given.dtype

    def test_panels_of_two_fiscal_years_are_not_joined(self, panel):
        other = frame([1.0, 2.0], pd.period_range("2010Q1", periods=2, freq="Q-DEC"))
        with pytest.raises(UsageError, match=r"is quarterly .Q-MAR., the other quarterly .Q-DEC."):
            panel.join(wf.Panel.from_frame(other.assign(unique_id="b")))

    def test_fiscal_years_as_stamps(self):
        given = pd.Series(
            pd.period_range("2009", periods=3, freq="Y-MAR")
        ).dt.end_time.dt.normalize()
        assert ahead(given).tolist() == [pd.Timestamp("2012-03-31"), pd.Timestamp("2013-03-31")]

    def test_periods_of_several_calendars_are_refused(self):
        mixed = [pd.Period("2010Q1", freq="Q-MAR"), pd.Period("2010Q2", freq="Q-DEC")]
        assert "row 1 (series 'a'): ds = Period('2010Q2', 'Q-DEC')" in refused(mixed)

    @pytest.mark.parametrize("freq", ["W", "D", "h", "3M"])
    def test_other_periods_are_refused(self, freq):
        given = pd.period_range("2010-01", periods=3, freq=freq)
        with pytest.raises(UsageError, match=r"is not a calendar this library keeps"):
            ahead(given)
        assert f"pandas periods of frequency '{given.freqstr}'" in refused(given, "M")

    def test_months_are_no_quarters(self):
        told = refused(pd.period_range("2010-01", periods=3, freq="M"), "Q")
        assert "expected quarterly periods. Convert them (pandas: df['ds'].dt.asfreq('Q'))" in told


class TestStamps:
    @pytest.mark.parametrize(
        ("alias", "freq", "start", "following"),
        [
            ("MS", "M", "2011-12-01", "2012-03-01"),
            ("ME", "M", "2011-11-30", "2012-02-29"),
            ("QE-JAN", "Q", "2011-07-31", "2012-04-30"),
            ("YE-FEB", "Y", "2009-02-28", "2012-02-29"),
            ("BME", "M", "2010-07-30", "2010-10-29"),
            ("BMS", "M", "2010-07-01", "2010-10-01"),
            ("BQE", "Q", "2010-06-30", "2011-03-31"),
            ("BYE", "Y", "2009-12-31", "2012-12-31"),
        ],
    )
    @pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
    def test_b30_they_go_on_where_they_stood(self, alias, freq, start, following, unit):
        given = pd.Series(pd.date_range(start, periods=3, freq=alias).as_unit(unit))
        found = ahead(given, freq, h=1)
        assert found.tolist() == [pd.Timestamp(following)]
        assert found.dtype == given.dtype

    def test_the_hour_stays(self):
        noon = pd.date_range("2009-12-31 12:00", periods=3, freq="YE")
        assert ahead(noon).tolist() == [pd.Timestamp(f"{y}-12-31 12:00") for y in (2012, 2013)]

    @pytest.mark.parametrize(
        ("given", "freq"),
        [
            (["2009-01-31", "2010-01-30", "2011-01-29"], "Y"),  # years of 52 and 53 weeks
            (["2009-01-01", "2010-12-31"], "Y"),
            (["2009-12-31 12:00", "2010-12-31 13:00"], "Y"),
            (["2010-01-29", "2010-02-25", "2010-03-31"], "M"),
            (["2010-01-04", "2010-02-01"], "M"),
        ],
    )
    @pytest.mark.parametrize("kind", [pd.to_datetime, list], ids=["stamp", "text"])
    def test_stamps_at_several_places_are_refused(self, given, freq, kind):
        told = refused(kind(given), freq)
        assert "several" in told
        assert "Results could not come back with your own times" in told

    def test_b38_months_taken_for_years_are_refused(self):
        told = refused(pd.date_range("2009-01-01", periods=6, freq="MS"))
        assert "If the data are of a finer frequency, pass freq='Q' or freq='M'" in told
        assert "several places" not in told
        assert "several places inside annual periods" in refused(
            pd.to_datetime(["2009-12-01", "2010-01-01"])
        )

    @pytest.mark.parametrize("year", [-44, 1, 1066, 1500, 1676, 2263, 9990, 12000])
    def test_far_years_neither_wrap_nor_shift(self, year):
        stamps = (np.arange(year, year + 3) - 1970).astype("datetime64[Y]").astype("datetime64[s]")
        found = ahead(pd.Series(stamps[:2]), h=1)
        assert found.to_numpy()[0] == stamps[2]
        assert found.dtype == "datetime64[s]"

    def test_nanoseconds_give_way_where_they_end(self):
        found = ahead(pd.to_datetime(["2260-12-31", "2261-12-31"]))
        assert [str(stamp)[:10] for stamp in found] == ["2262-12-31", "2263-12-31"]

    def test_dates_end_in_9999(self):
        dates = [dt.date(9997, 12, 31), dt.date(9998, 12, 31)]
        assert ahead(dates, h=1).tolist() == [dt.date(9999, 12, 31)]
        with pytest.raises(UsageError, match=r"dates, which go from year 1 to 9999"):
            ahead(dates, h=2)


class TestZones:
    def test_b40_midnight_elsewhere_stored_as_utc_is_refused(self):
        midnight = pd.date_range("2009-01-01", periods=3, freq="YS", tz="Asia/Shanghai")
        for given in (midnight.tz_convert("UTC"), [f"{y}-12-31T16:00:00Z" for y in (2008, 2009)]):
            told = refused(given)
            assert (
                "2008-12-31T16:00:00 in UTC, which is midnight of the next day in a zone 8" in told
            )
            assert "tz_convert('Asia/Shanghai')" in told
        assert ahead(midnight).dt.year.tolist() == [2012, 2013]
        assert ahead(midnight).dtype == midnight.dtype

    def test_b40_without_a_zone_there_is_a_warning(self):
        naive = pd.date_range("2009-01-01", periods=3, freq="YS", tz="Asia/Shanghai").tz_convert(
            None
        )
        with pytest.warns(WestforecastWarning, match=r"midnight of the next day in a zone 8 hours"):
            assert ahead(naive).tolist()[0] == pd.Timestamp("2011-12-31 16:00")

    def test_b40_summer_time_is_told_as_well(self):
        berlin = pd.date_range("2009-01-01", periods=12, freq="MS", tz="Europe/Berlin")
        assert "Convert them (pandas: df['ds'].dt.tz_convert(" in refused(
            berlin.tz_convert("UTC"), "M"
        )
        assert ahead(berlin, "M", h=6).tolist() == list(
            pd.date_range("2010-01-01", periods=6, freq="MS", tz="Europe/Berlin")
        )

    def test_an_hour_that_is_there_twice_comes_back_or_is_refused(self):
        hours = [pd.Timestamp(year, 10, 31, 2, 30) for year in range(2004, 2012)]
        for summer in (True, False):
            given = [hour.tz_localize("Europe/Berlin", ambiguous=summer) for hour in hours]
            if summer:
                assert ahead(given, h=1).tolist() == [
                    pd.Timestamp("2012-10-31 02:30", tz="Europe/Berlin")
                ]
            else:
                assert "clocks in their zone show twice or never" in refused(given)

    def test_several_zones_are_refused(self):
        shanghai = pd.Timestamp("2009-01-01", tz="Asia/Shanghai")
        for other in (pd.Timestamp("2010-01-01", tz="UTC"), pd.Timestamp("2010-01-01")):
            assert "time zone" in refused(pd.Series([shanghai, other], dtype=object))


class TestText:
    @pytest.mark.parametrize(
        ("given", "freq", "following"),
        [
            (["2010-11", "2010-12"], "M", "2011-01"),
            (["2010/11", "2010/12"], "M", "2011/01"),
            (["2010M11", "2010M12"], None, "2011M01"),
            (["2010m9", "2010m10"], None, "2010m11"),
            (["2010 q3", "2010 q4"], None, "2011 q1"),
            (["2010-10-31T00:00", "2010-11-30T00:00"], "M", "2010-12-31T00:00"),
            (["2010-11-30 12:30:00", "2010-12-31 12:30:00"], "M", "2011-01-31 12:30:00"),
            (["2009-12-31T00:00:00+08:00", "2010-12-31T00:00:00+08:00"], "Y",
             "2011-12-31T00:00:00+08:00"),
            (["2010/9/1", "2010/10/1"], "M", "2010/11/1"),
            (["2009-12", "2010-12"], None, "2011-12"),
        ],
    )  # fmt: skip
    def test_it_goes_on_as_it_was_written(self, given, freq, following):
        assert ahead(given, freq, h=1).tolist() == [following]

    @pytest.mark.parametrize(
        "text",
        ["Jan 2010", "31.12.2010", "2010-W53", "2010H1", "2010/2011", "2010-02-30", "2010-13",
         "10000", "2010-12-31T25:00", "FY10"],
    )  # fmt: skip
    def test_what_is_none_is_refused(self, text):
        assert f"ds = {text!r}; expected an annual period. Write 2010" in refused([text])

    @pytest.mark.parametrize(
        "given", [["2009", "2010-12"], ["2009-12", "2010-12-31"], ["2009 ", "2010"],
                  ["2009-12-31", "2010/12/31"]],
    )  # fmt: skip
    def test_several_ways_of_writing_are_refused(self, given):
        assert "several" in refused(given)

    @pytest.mark.parametrize(
        "given",
        [[2009, "2010"], ["2009", 2010], [dt.date(2009, 12, 31), 2010], [2009, pd.Period("2010")],
         [dt.date(2009, 1, 1), pd.Timestamp("2010-01-01")]],
    )  # fmt: skip
    def test_several_kinds_are_refused(self, given):
        assert "row 1 (series 'a')" in refused(pd.Series(given, dtype=object))


def test_b37_cutoffs_are_the_ones_asked_for():
    panel = wf.Panel.from_frame(frame(np.arange(10.0)))
    result = wf.backtest(panel, "Naive", h=1, cutoffs=[2007, 2004, 2007, 2020])
    assert result.long()["cutoff"].tolist() == [2004, 2007]
    ledger = result.ledger
    assert ledger["cutoff"].tolist() == [2004, 2007, 2020]
    assert ledger["status"].tolist() == ["ok", "ok", "no_outcome"]


def test_categories_of_times_that_are_not_there_become_plain():
    given = pd.Series(["2009", "2010"], dtype="category")
    assert ahead(given).tolist() == ["2011", "2012"]
    assert ahead(pl.Series(["2009", "2010"], dtype=pl.Enum(["2009", "2010"]))).tolist() == [
        "2011", "2012",
    ]  # fmt: skip


@pytest.mark.parametrize("freq", ["M", "Q", "Y"])
def test_a_number_of_hundreds_of_digits_is_refused_by_row(freq):
    ds = pd.Series([10**400, 2001], dtype=object)
    with pytest.raises(DataError, match="row 0"):
        wf.Panel.from_frame(pd.DataFrame({"unique_id": "a", "ds": ds, "y": [1.0, 2.0]}), freq=freq)


def test_b04_quarters_of_one_year_are_no_months():
    df = pd.DataFrame({"unique_id": "a", "ds": [20081, 20082, 20083, 20084], "y": [1.0, 2, 3, 4]})
    with pytest.raises(DataError, match=r"look like yyyyq.*freq='Q'"):
        wf.Panel.from_frame(df, freq="M")
