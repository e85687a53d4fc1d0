"""Calendars: periods are integers inside, and whatever the caller uses at the edge.

An annual period is its year; a quarter is `4 * year + quarter - 1`; a month is `12 * year + month - 1`.
Integers given by the caller are taken as period numbers as they are and handed back as integers.
"""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.typing import Frequency, IntArray

Style = Literal["integer", "string", "timestamp", "date", "period"]

PER_YEAR: dict[Frequency, int] = {"Y": 1, "Q": 4, "M": 12}
WORDS: dict[Frequency, str] = {"Y": "annual", "Q": "quarterly", "M": "monthly"}
ARTICLES: dict[Frequency, str] = {"Y": "an annual", "Q": "a quarterly", "M": "a monthly"}

_TEXT: dict[Frequency, re.Pattern[str]] = {
    "Y": re.compile(r"^\s*(\d{4})(?:-\d{1,2}(?:-\d{1,2})?)?\s*$"),
    "Q": re.compile(r"^\s*(\d{4})[-_ ]?[Qq]([1-4])\s*$"),
    "M": re.compile(r"^\s*(\d{4})[-_ ]?[Mm]?(\d{1,2})(?:-\d{1,2})?\s*$"),
}


def frequency_of(alias: str) -> Frequency:
    """The frequency behind a pandas alias: A, Y, YE, YS, YE-DEC, Q, QS, QE, M, MS, ME ...

    >>> frequency_of("YE-DEC")
    'Y'
    """
    head = alias.strip().upper().split("-")[0]
    folded = {"A": "Y", "AS": "Y", "YE": "Y", "YS": "Y", "YEARLY": "Y", "ANNUAL": "Y"}
    folded |= {"QE": "Q", "QS": "Q", "ME": "M", "MS": "M"}
    folded |= {"QUARTERLY": "Q", "MONTHLY": "M"}
    head = folded.get(head, head)
    if head not in PER_YEAR:
        raise UsageError(
            f"freq={alias!r} is not a calendar this library keeps. Expected one of "
            f"{', '.join(get_args(Frequency))} (annual, quarterly, monthly) or a pandas alias of it."
        )
    return head  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Calendar:
    """How integer periods read in the caller's own type.

    freq: "Y", "Q" or "M". style: what the caller's `ds` column holds. For timestamps and dates
    `month` (0-based inside the period) and `day` (None = last of the month) place the stamp.
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

    def encode(self, periods: IntArray) -> Any:
        """Integer periods in the caller's type, as an array.

        pandas periods come as their labels; `series.frame` makes them periods again.
        """
        if self.style == "integer":
            return np.asarray(periods, dtype=np.int64)
        if self.style in {"string", "period"}:
            return np.array([self.label(p) for p in periods], dtype=object)
        months = np.asarray(periods, dtype=np.int64) * (12 // PER_YEAR[self.freq]) + self.month
        stamps = (months - 1970 * 12).astype("datetime64[M]")
        if self.day is None:
            days = (stamps + 1).astype("datetime64[D]") - 1
        else:
            days = stamps.astype("datetime64[D]") + (self.day - 1)
        return days.astype(object) if self.style == "date" else days.astype("datetime64[ns]")

    def decode(self, value: Any) -> int:
        """One caller's value (2010, "2010Q1", a Timestamp ...) as an integer period."""
        periods, bad, _ = parse([value], self.freq)
        if bad.any():
            raise UsageError(f"{value!r} is not a {WORDS[self.freq]} period.")
        return int(periods[0])


def parse(values: Sequence[Any], freq: Frequency) -> tuple[IntArray, np.ndarray, Calendar]:
    """Times as integer periods.

    Returns the periods [N], a mask [N] of values that could not be read, and the calendar that
    turns periods back into what was given. A column that mixes kinds of time is read as text where
    possible; what cannot be read is marked, never guessed.
    """
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.int64), np.zeros(len(array), bool), Calendar(freq, "integer")
    if array.dtype.kind == "f":
        whole = np.isfinite(array) & (array == np.floor(array))
        return np.where(whole, array, 0).astype(np.int64), ~whole, Calendar(freq, "integer")
    if array.dtype.kind == "M":
        return _parse_stamps(array.astype("datetime64[D]"), freq, "timestamp")
    return _parse_objects(list(values), freq)


def _parse_stamps(
    days: np.ndarray, freq: Frequency, style: Style
) -> tuple[IntArray, np.ndarray, Calendar]:
    bad = np.isnat(days)
    months = days.astype("datetime64[M]")
    number = np.where(bad, 0, months.astype(np.int64) + 1970 * 12)
    width = 12 // PER_YEAR[freq]
    periods, offset = number // width, number % width
    good = ~bad
    if not good.any():
        return periods, bad, Calendar(freq, style)
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    last = ((months + 1).astype("datetime64[D]") - 1) == days
    # A stamp set that ends every month is "end of period", whatever the month's length.
    is_end = bool(last[good].all())
    first_good = int(np.flatnonzero(good)[0])
    calendar = Calendar(
        freq, style, int(offset[first_good]), None if is_end else int(day[first_good])
    )
    mixed = good & (offset != calendar.month)
    if not is_end:
        mixed |= good & (day != day[first_good])
    # Stamps at several places inside the period keep the first one's place; the period is what counts.
    return periods, bad, calendar if not mixed.any() else Calendar(freq, style, 0, 1)


def _parse_objects(values: list[Any], freq: Frequency) -> tuple[IntArray, np.ndarray, Calendar]:
    count = len(values)
    periods, bad = np.zeros(count, np.int64), np.zeros(count, bool)
    sample = next((v for v in values if v is not None and v == v), None)
    if isinstance(sample, dt.date | np.datetime64):
        days = np.array([_as_day(v) for v in values], dtype="datetime64[D]")
        style: Style = "timestamp" if isinstance(sample, dt.datetime) else "date"
        return _parse_stamps(days, freq, style)
    if hasattr(sample, "ordinal") and hasattr(sample, "freqstr"):  # pandas.Period
        return _parse_periods(values, freq)
    all_numbers = True
    for i, value in enumerate(values):
        if isinstance(value, bool) or value is None:
            bad[i] = True
        elif isinstance(value, int | np.integer) or (isinstance(value, float) and value == value and value.is_integer()):
            periods[i] = int(value)
        else:
            all_numbers = False
            match = _TEXT[freq].match(value) if isinstance(value, str) else None
            if match is None:
                bad[i] = True
                continue
            year = int(match[1])
            part = int(match[2]) if freq != "Y" else 1
            bad[i] = not 1 <= part <= PER_YEAR[freq]
            periods[i] = year * PER_YEAR[freq] + part - 1
    return periods, bad, Calendar(freq, "integer" if all_numbers else "string")


def _as_day(value: Any) -> Any:
    try:
        return np.datetime64(value, "D")
    except (TypeError, ValueError):
        return np.datetime64("NaT")


def _parse_periods(values: list[Any], freq: Frequency) -> tuple[IntArray, np.ndarray, Calendar]:
    periods, bad = np.zeros(len(values), np.int64), np.zeros(len(values), bool)
    part_of = {"Y": lambda p: 0, "Q": lambda p: p.quarter - 1, "M": lambda p: p.month - 1}[freq]
    for i, value in enumerate(values):
        if not hasattr(value, "ordinal") or value is None or value != value:
            bad[i] = True
        else:
            periods[i] = value.year * PER_YEAR[freq] + part_of(value)
    return periods, bad, Calendar(freq, "period")
