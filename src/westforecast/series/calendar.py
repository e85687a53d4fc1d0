"""Calendars: periods are integers inside, and whatever the caller uses at the edge.

An annual period is its year; a quarter is `4 * year + quarter - 1`; a month is
`12 * year + month - 1`. Of fiscal years these are the fiscal year and its quarter. `series.times`
reads times; a calendar is taken only if it writes every one of them back as it was given.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from westforecast.errors import UsageError
from westforecast.typing import Frequency, IntArray

Style = Literal["integer", "string", "timestamp", "date", "period"]
Day = int | Literal["first business", "last business"] | None

PER_YEAR: dict[Frequency, int] = {"Y": 1, "Q": 4, "M": 12}
WORDS: dict[Frequency, str] = {"Y": "annual", "Q": "quarterly", "M": "monthly"}
ARTICLES: dict[Frequency, str] = {"Y": "an annual", "Q": "a quarterly", "M": "a monthly"}
EXAMPLES = "Write 2010 (annual), 2010Q1 (quarterly), 2010-01 or 201001 (monthly) or a date"
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")

_ALIASES: dict[str, Frequency] = {
    **dict.fromkeys(("Y", "A", "AS", "YE", "YS", "BY", "BA", "BYE", "BYS", "BAS", "YEARLY",
                     "ANNUAL"), "Y"),
    **dict.fromkeys(("Q", "QE", "QS", "BQ", "BQE", "BQS", "QUARTERLY"), "Q"),
    **dict.fromkeys(("M", "ME", "MS", "BM", "BME", "BMS", "MONTHLY"), "M"),
}  # fmt: skip


def frequency_of(alias: str) -> Frequency:
    """The frequency behind a pandas alias: A, Y, YE, YS, YE-DEC, Q, QS, QE, M, MS, ME, BME ...

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


@dataclass(frozen=True, slots=True)
class Calendar:
    """How integer periods read in the caller's own type.

    freq: "Y", "Q" or "M". style: what the caller's `ds` column holds.
    month, day: where in the period stamps and dates stand: the month (0-based inside the period),
        and the day of that month (at most its last; None = its last).
    clock: nanoseconds from midnight, zone: time zone, unit: NumPy's time unit of stamps.
    template: how text, or a number such as 201001, is written: "{year:04d}Q{quarter}". Numbers
        without a template are numbers of periods, as they are.
    year_end: month in which the years of pandas periods end; 3 for Q-MAR.
    """

    freq: Frequency = "Y"
    style: Style = "integer"
    month: int = 0
    day: Day = 1
    clock: int = 0
    zone: str | None = None
    unit: str = "ns"
    template: str = ""
    year_end: int = 12

    @property
    def season_length(self) -> int:
        """Periods per year."""
        return PER_YEAR[self.freq]

    @property
    def counts(self) -> bool:
        """Whether the caller's numbers are those of periods, with no year in them."""
        return self.style == "integer" and not self.template and self.freq != "Y"

    @property
    def alias(self) -> str:
        """What pandas calls the frequency of these periods: "M", "Q-MAR", "Y-DEC"."""
        return "M" if self.freq == "M" else f"{self.freq}-{MONTHS[self.year_end - 1]}"

    def label(self, period: int) -> str:
        """A period in words: 2010, 2010Q1, 2010-01.

        >>> Calendar("Q", "string").label(8040)
        '2010Q1'
        """
        if self.freq == "Y" or self.counts:
            return str(int(period))
        year, part = divmod(int(period), PER_YEAR[self.freq])
        return f"{year}Q{part + 1}" if self.freq == "Q" else f"{year}-{part + 1:02d}"

    def span(self, first: int, last: int) -> str:
        """Two periods in words, or one where they are the same: 2001-2005, 2010-01 to 2010-03."""
        if first == last:
            return self.label(first)
        joint = "-" if self.freq == "Y" or self.counts else " to "
        return f"{self.label(first)}{joint}{self.label(last)}"

    def periods_of(self, months: IntArray) -> IntArray:
        """Periods in which calendar months `12 * year + month - 1` lie."""
        width = 12 // PER_YEAR[self.freq]
        return np.asarray((months + 12 - self.year_end) // width, np.int64)

    def days(self, periods: IntArray) -> np.ndarray:
        """The day of each period at which stamps stand, as datetime64[D]."""
        months = periods * (12 // PER_YEAR[self.freq]) + self.month
        begin = (months - 1970 * 12).astype("datetime64[M]")
        first = begin.astype("datetime64[D]")
        last = (begin + MONTH).astype("datetime64[D]") - DAY
        if self.day == "first business":
            return np.busday_offset(first, 0, roll="forward")
        if self.day == "last business":
            return np.busday_offset(last, 0, roll="backward")
        return last if self.day is None else np.minimum(first + (self.day - 1) * DAY, last)

    def encode(self, periods: IntArray) -> np.ndarray:
        """Integer periods in the caller's type, as an array.

        Stamps come as the clock shows them, without their zone, and pandas periods as their labels;
        `series.frame` makes them what they were.
        """
        periods = np.asarray(periods, dtype=np.int64)
        if self.style in {"timestamp", "date"}:
            return self._stamps(self.days(periods))
        if self.style == "integer" and not self.template:
            return periods
        distinct, place = np.unique(periods, return_inverse=True)
        texts = self._texts(distinct) if self.template else [self.label(p) for p in distinct]
        if self.style == "integer":
            return np.array([int(text) for text in texts], np.int64)[place]
        return np.array(texts, dtype=object)[place]

    def _stamps(self, days: np.ndarray) -> np.ndarray:
        if self.style == "date":
            return days
        unit, clock = self.unit, np.timedelta64(self.clock, "ns")
        if unit == "ns" and ((days <= _FIRST_NS) | (days >= _LAST_NS)).any():
            unit = "us"  # nanoseconds, the common unit, go from 1677 to 2262
        stamps = days.astype(f"datetime64[{unit}]") + clock.astype(f"timedelta64[{unit}]")
        return np.asarray(stamps)

    def _texts(self, periods: IntArray) -> list[str]:
        days = self.days(periods)
        months = days.astype("datetime64[M]")
        month = months.astype(np.int64) + 1970 * 12
        day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
        quarter = periods % PER_YEAR[self.freq] + 1
        return [
            self.template.format(year=m // 12, month=m % 12 + 1, day=d, quarter=q)
            for m, d, q in zip(month.tolist(), day.tolist(), quarter.tolist(), strict=True)
        ]


MONTH, DAY = np.timedelta64(1, "M"), np.timedelta64(1, "D")
_FIRST_NS, _LAST_NS = np.datetime64("1678-01-01"), np.datetime64("2262-01-01")
