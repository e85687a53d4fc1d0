"""Calendars: periods are integers inside, and whatever the caller uses at the edge.

An annual period is its year; a quarter is `4 * year + quarter - 1`; a month is
`12 * year + month - 1`. Integers given by the caller are taken as period numbers as they are and
handed back as integers.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from westforecast.errors import UsageError
from westforecast.typing import BoolArray, Frequency, IntArray

Style = Literal["integer", "string", "iso date", "timestamp", "date", "period"]

PER_YEAR: dict[Frequency, int] = {"Y": 1, "Q": 4, "M": 12}
WORDS: dict[Frequency, str] = {"Y": "annual", "Q": "quarterly", "M": "monthly"}
ARTICLES: dict[Frequency, str] = {"Y": "an annual", "Q": "a quarterly", "M": "a monthly"}
EXAMPLES = "Write 2010 (annual), 2010Q1 (quarterly), 2010-01 (monthly) or a date"

_DATE = re.compile(r"^\s*(\d{4})-(\d{1,2})-(\d{1,2})\s*$")
_TEXT: dict[Frequency, re.Pattern[str]] = {
    "Y": re.compile(r"^\s*(\d{4})(?:-\d{1,2})?\s*$"),
    "Q": re.compile(r"^\s*(\d{4})[-_ ]?[Qq]([1-4])\s*$"),
    "M": re.compile(r"^\s*(\d{4})[-_ ]?[Mm]?(\d{1,2})\s*$"),
}

_ALIASES: dict[str, Frequency] = {
    **dict.fromkeys(("Y", "A", "AS", "YE", "YS", "YEARLY", "ANNUAL"), "Y"),
    **dict.fromkeys(("Q", "QE", "QS", "QUARTERLY"), "Q"),
    **dict.fromkeys(("M", "ME", "MS", "MONTHLY"), "M"),
}  # fmt: skip


def frequency_of(alias: str) -> Frequency:
    """The frequency behind a pandas alias: A, Y, YE, YS, YE-DEC, Q, QS, QE, M, MS, ME ...

    >>> frequency_of("YE-DEC")
    'Y'
    """
    head = str(alias).strip().upper().split("-")[0]
    if head not in _ALIASES:
        raise UsageError(
            f"freq={alias!r} is not a calendar this library keeps. Expected 'Y' (annual), "
            "'Q' (quarterly), 'M' (monthly) or a pandas alias of one."
        )
    return _ALIASES[head]


def frequency_in(values: np.ndarray) -> Frequency:
    """The frequency that times state themselves (pandas periods, 2010Q1); annual for all others."""
    first = next((v for v in values if v is not None and v == v), None)
    if isinstance(first, str) and _TEXT["Q"].match(first):
        return "Q"
    stated = getattr(first, "freqstr", None)  # a pandas period's own
    return "Y" if stated is None else frequency_of(stated)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How integer periods read in the caller's own type.

    freq: "Y", "Q" or "M". style: what the caller's `ds` column holds. For stamps and dates `month`
    (0-based inside the period) and `day` (None = last of the month) say where in the period they
    stand.
    """

    freq: Frequency = "Y"
    style: Style = "integer"
    month: int = 0
    day: int | None = 1

    @property
    def season_length(self) -> int:
        """Periods per year."""
        return PER_YEAR[self.freq]

    def label(self, period: int) -> str:
        """A period in words: 2010, 2010Q1, 2010-01.

        >>> Calendar("Q", "string").label(8040)
        '2010Q1'
        """
        if self.freq == "Y" or self.style == "integer":
            return str(int(period))
        year, part = divmod(int(period), PER_YEAR[self.freq])
        return f"{year}Q{part + 1}" if self.freq == "Q" else f"{year}-{part + 1:02d}"

    def span(self, first: int, last: int) -> str:
        """Two periods in words, or one where they are the same: 2001-2005, 2010-01 to 2010-03."""
        if first == last:
            return self.label(first)
        joint = "-" if self.freq == "Y" or self.style == "integer" else " to "
        return f"{self.label(first)}{joint}{self.label(last)}"

    def encode(self, periods: IntArray) -> Any:
        """Integer periods in the caller's type, as an array.

        pandas periods come as their labels; `series.frame` makes them periods again.
        """
        periods = np.asarray(periods, dtype=np.int64)
        if self.style == "integer":
            return periods
        if self.style in {"string", "period"}:
            distinct, place = np.unique(periods, return_inverse=True)
            return np.array([self.label(p) for p in distinct], dtype=object)[place]
        months = periods * (12 // PER_YEAR[self.freq]) + self.month
        begin = (months - 1970 * 12).astype("datetime64[M]")
        days = (begin + _MONTH).astype("datetime64[D]") - _DAY
        if self.day is not None:
            days = np.minimum(begin.astype("datetime64[D]") + (self.day - 1) * _DAY, days)
        if self.style == "timestamp":
            # nanoseconds, the common unit, end in 2262
            return days.astype("datetime64[s]" if (days > _LAST_NS).any() else "datetime64[ns]")
        return days.astype(object) if self.style == "date" else days.astype(str).astype(object)

    def decode(self, value: Any) -> int:
        """One caller's value (2010, "2010Q1", a Timestamp ...) as an integer period.

        Raises UsageError for what is none, also for a bare year where periods are shorter.
        """
        if (
            self.freq != "Y"
            and self.style != "integer"
            and re.fullmatch(r"\s*\d{4}\s*", str(value))
        ):
            year, last = int(value), PER_YEAR[self.freq] - 1
            raise UsageError(
                f"{year} is a year and the data are {ARTICLES[self.freq].split()[-1]}; say which "
                f"period is meant, e.g. {self.label(year * PER_YEAR[self.freq] + last)!r}."
            )
        periods, bad, _ = parse(np.array([value, None], dtype=object)[:1], self.freq)
        if bad[0]:
            raise UsageError(f"{value!r} is not {ARTICLES[self.freq]} period. {EXAMPLES}.")
        return int(periods[0])


_MONTH, _DAY = np.timedelta64(1, "M"), np.timedelta64(1, "D")
_LAST_NS = np.datetime64("2262-01-01")
_LARGEST = 2.0**53  # whole floats are exact up to here


def parse(values: np.ndarray, freq: Frequency) -> tuple[IntArray, BoolArray, Calendar]:
    """Times as integer periods.

    values: [N] numbers, datetimes, or objects with None for null. Returns the periods [N], a mask
    [N] of values that could not be read, and the calendar that turns periods back into what was
    given. What cannot be read is marked, never guessed.
    """
    if values.dtype.kind in "iu":
        return values.astype(np.int64), np.zeros(len(values), bool), Calendar(freq, "integer")
    if values.dtype.kind == "f":
        whole = (np.abs(values) < _LARGEST) & (values == np.floor(values))
        return np.where(whole, values, 0).astype(np.int64), ~whole, Calendar(freq, "integer")
    if values.dtype.kind == "M":
        return _parse_stamps(values.astype("datetime64[D]"), freq, "timestamp")
    return _parse_objects(values, freq)


def _parse_stamps(
    days: np.ndarray, freq: Frequency, style: Style
) -> tuple[IntArray, BoolArray, Calendar]:
    bad = np.isnat(days)
    months = days.astype("datetime64[M]")
    number = np.where(bad, 0, months.astype(np.int64) + 1970 * 12)
    width = 12 // PER_YEAR[freq]
    periods, offset = number // width, number % width
    good = ~bad
    if not good.any():
        return periods, bad, Calendar(freq, style)
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    last = ((months + _MONTH).astype("datetime64[D]") - _DAY) == days
    month = set(offset[good].tolist())
    # Stamps that all end a month are "end of period", whatever the month's length.
    places = {None} if last[good].all() else set(day[good].tolist())
    if len(month) == len(places) == 1:
        return periods, bad, Calendar(freq, style, month.pop(), places.pop())
    # Stamps at several places inside the period: the period is what counts, told by its first day.
    return periods, bad, Calendar(freq, style)


def _parse_objects(values: np.ndarray, freq: Frequency) -> tuple[IntArray, BoolArray, Calendar]:
    sample = next((value for value in values if value is not None), None)
    if hasattr(sample, "ordinal") and hasattr(sample, "freqstr"):  # pandas.Period
        return _parse_periods(values, freq)
    if isinstance(sample, str):
        style: Style = "iso date"
    else:
        style = "date" if type(sample) is dt.date else "timestamp"
    days = np.array([_as_day(value) for value in values], dtype="datetime64[D]")
    periods, bad, calendar = _parse_stamps(days, freq, style)
    if isinstance(sample, dt.date | np.datetime64):
        return periods, bad, calendar
    for i in np.flatnonzero(bad):
        number = _as_number(values[i], freq)
        if number is not None:
            periods[i], bad[i] = number, False
            word: Style = "string" if isinstance(sample, str) else "integer"
            calendar = Calendar(freq, word)
    return periods, bad, calendar


def _as_day(value: Any) -> dt.date | None:
    """The day of a date, a stamp (by the caller's clock, whatever the time zone) or ISO text."""
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[D]").item()
    if isinstance(value, dt.datetime):
        return value.date() if value == value else None
    if isinstance(value, str) and (match := _DATE.match(value)):
        try:
            return dt.date(*map(int, match.groups()))
        except ValueError:  # 2010-02-30
            return None
    return value if isinstance(value, dt.date) else None


def _as_number(value: Any, freq: Frequency) -> int | None:
    """A number of a period, or text like 2010, 2010Q1, 2010-01; None for anything else."""
    if isinstance(value, str):
        match = _TEXT[freq].match(value)
        year, part = (int(match[1]), int(match[2]) if freq != "Y" else 1) if match else (0, 0)
        return year * PER_YEAR[freq] + part - 1 if 1 <= part <= PER_YEAR[freq] else None
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        number = float(value)
        return int(number) if abs(number) < _LARGEST and number.is_integer() else None
    return None


def _parse_periods(values: np.ndarray, freq: Frequency) -> tuple[IntArray, BoolArray, Calendar]:
    bad = np.array([not hasattr(value, "ordinal") for value in values])
    months = [
        0 if none else 12 * value.year + value.month - 1
        for value, none in zip(values, bad, strict=True)
    ]
    periods = np.array(months, np.int64) // (12 // PER_YEAR[freq])
    return periods, bad, Calendar(freq, "period")
