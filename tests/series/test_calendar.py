"""Periods are integers inside and come back in the caller's own type."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from westforecast.errors import UsageError
from westforecast.series.calendar import Calendar, frequency_of
from westforecast.series.times import decode, parse


def read(values, freq):
    found = parse(np.fromiter(values, dtype=object, count=len(values)), freq)
    assert found.problem is None
    return found.periods.tolist(), found.bad.tolist(), found.calendar


def test_aliases_of_pandas_are_known():
    for alias in ("Y", "A", "YE", "YS", "YE-DEC", "AS-JAN", "y", "annual"):
        assert frequency_of(alias) == "Y"
    for alias in ("Q", "QE", "QS", "QE-MAR", "quarterly"):
        assert frequency_of(alias) == "Q"
    for alias in ("M", "ME", "MS", "BME", "monthly"):
        assert frequency_of(alias) == "M"


def test_another_frequency_is_refused():
    with pytest.raises(UsageError, match=r"freq='W' is not a calendar .* 'Y' .annual"):
        frequency_of("W")


@pytest.mark.parametrize(
    ("text", "freq", "period"),
    [
        ("2010", "Y", 2010),
        (" 2010 ", "Y", 2010),
        ("2010-12", "Y", 2010),
        ("2010-12-31", "Y", 2010),
        ("2010Q1", "Q", 4 * 2010),
        ("2010-q4", "Q", 4 * 2010 + 3),
        ("2010-12-31", "Q", 4 * 2010 + 3),
        ("2010-01", "M", 12 * 2010),
        ("2010M12", "M", 12 * 2010 + 11),
        ("201012", "M", 12 * 2010 + 11),
        ("2010-2-1", "M", 12 * 2010 + 1),
    ],
)
def test_text_is_read(text, freq, period):
    assert read([text], freq)[:2] == ([period], [False])


@pytest.mark.parametrize(
    ("value", "freq"),
    [
        ("next year", "Y"),
        ("20101", "Y"),
        ("2010-02-30", "Y"),
        ("2010Q5", "Q"),
        ("2010", "Q"),
        ("2010-13", "M"),
        ("2010", "M"),
        ("", "Y"),
        (None, "Y"),
        (True, "Y"),
        (2010.5, "Y"),
        (float("inf"), "Y"),
        (1e300, "Y"),
        ((2010,), "Y"),
    ],
)
def test_what_cannot_be_read_is_marked_not_guessed(value, freq):
    assert read([value], freq)[1] == [True]


def test_numbers_are_periods_as_they_are():
    assert read([1, 2.0, np.int32(3)], "Q")[0] == [1, 2, 3]
    assert read([1, 2], "Q")[2].style == "integer"
    found = parse(np.array([2008.0, np.nan, 2010.5, np.inf, 1e300]), "Y")
    assert found.bad.tolist() == [False, True, True, True, True]
    assert found.periods[0] == 2008


def test_a_number_among_dates_is_marked():
    # numpy alone would read 2009 as 2009 days after 1970
    assert read([pd.Timestamp("2008-01-01"), 2009], "Y")[1] == [False, True]


def test_a_stamp_is_what_the_callers_clock_showed():
    midnight = pd.Timestamp("2010-01-01", tz="Asia/Shanghai")  # still 2009 in Greenwich
    assert read([midnight], "Y")[0] == [2010]
    assert decode(Calendar(), midnight) == 2010


STAMPS = {
    "year start": ("Y", ["2008-01-01", "2009-01-01"], "2010-01-01"),
    "year end": ("Y", ["2008-12-31", "2009-12-31"], "2010-12-31"),
    "fiscal year end": ("Y", ["2008-03-31", "2009-03-31"], "2010-03-31"),
    "February's end": ("Y", ["2008-02-29", "2009-02-28"], "2010-02-28"),
    "mid-year": ("Y", ["2008-07-01", "2009-07-01"], "2010-07-01"),
    "quarter start": ("Q", ["2008-07-01", "2008-10-01"], "2009-01-01"),
    "quarter end": ("Q", ["2008-06-30", "2008-09-30"], "2008-12-31"),
    "month start": ("M", ["2008-11-01", "2008-12-01"], "2009-01-01"),
    "month end": ("M", ["2007-12-31", "2008-01-31"], "2008-02-29"),
    "the 30th": ("M", ["2008-12-30", "2009-01-30"], "2009-02-28"),
    "last business day": ("M", ["2010-01-29", "2010-02-26"], "2010-03-31"),
    "first business day": ("M", ["2010-04-01", "2010-05-03"], "2010-06-01"),
}


@pytest.mark.parametrize("case", STAMPS)
def test_stamps_go_on_where_they_stood(case):
    freq, given, following = STAMPS[case]
    for style, convert in (
        ("timestamp", pd.Timestamp),
        ("date", dt.date.fromisoformat),
        ("string", str),
    ):
        periods, bad, calendar = read([convert(day) for day in given], freq)
        assert not any(bad)
        assert calendar.style == style
        assert periods[1] == periods[0] + 1
        assert calendar.encode(np.array(periods[-1:]) + 1).tolist() == [
            dt.datetime.fromisoformat(following) if style == "timestamp" else convert(following)
        ]


def test_stamps_after_the_year_2262_do_not_wrap_around():
    _, _, calendar = read([pd.Timestamp("2008-12-31")], "Y")
    assert str(calendar.encode(np.array([2300]))[0]).startswith("2300-12-31")


@pytest.mark.parametrize("freq", ["Y", "Q", "M"])
def test_pandas_periods_are_read(freq):
    periods, bad, calendar = read(list(pd.period_range("2008-01", periods=3, freq=freq)), freq)
    assert periods == [2008 * calendar.season_length + k for k in range(3)]
    assert not any(bad)
    assert calendar.style == "period"
    assert read([pd.Period("2008", freq), None], freq)[1] == [False, True]


@pytest.mark.parametrize("style", ["integer", "string", "timestamp", "date"])
@pytest.mark.parametrize("freq", ["Y", "Q", "M"])
def test_encode_and_parse_are_inverse(freq, style):
    periods = np.arange(12 * 1999 + 7, 12 * 1999 + 60) if freq == "M" else np.arange(8000, 8050)
    periods = np.arange(1950, 2050) if freq == "Y" else periods
    for place in ({"month": 0, "day": 1}, {"month": 0, "day": None}, {"month": 0, "day": 15}):
        template = "{year:04d}-{month:02d}-{day:02d}" if style == "string" else ""
        calendar = Calendar(freq, style, template=template, **place)
        found = parse(calendar.encode(periods), freq)
        assert not found.bad.any()
        np.testing.assert_array_equal(found.periods, periods)
        if style != "integer":
            assert found.calendar == calendar


def test_words():
    assert Calendar("Y").label(2010) == "2010"
    assert Calendar("Q", "string").label(4 * 2010 + 3) == "2010Q4"
    assert Calendar("M", "date").label(12 * 2010) == "2010-01"
    assert Calendar("M", "integer").label(7) == "7"
    assert Calendar("Y").span(2001, 2005) == "2001-2005"
    assert Calendar("Y").span(2001, 2001) == "2001"
    assert Calendar("M", "date").span(24120, 24122) == "2010-01 to 2010-03"


@pytest.mark.parametrize("value", ["soon", None, 2010.5, pd.NaT, [2010], object()])
def test_decode_says_what_it_wants(value):
    with pytest.raises(UsageError, match=r"is not an annual period. Write 2010 .annual"):
        decode(Calendar(), value)


def test_a_bare_year_is_no_quarter():
    calendar = Calendar("Q", "timestamp")
    for year in (2030, "2030"):
        with pytest.raises(UsageError, match=r"2030 is a year and the data are quarterly.*2030Q4"):
            decode(calendar, year)
    assert decode(calendar, "2030Q4") == 2030 * 4 + 3
