"""Times as they are given become integer periods, and a calendar that writes them back."""

import datetime as dt
import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from westforecast.errors import Problem, UsageError
from westforecast.series.calendar import (
    ARTICLES,
    DAY,
    EXAMPLES,
    MONTHS,
    PER_YEAR,
    WORDS,
    Calendar,
    Day,
    Style,
    frequency_of,
    zone_name,
)
from westforecast.series.cells import number
from westforecast.typing import BoolArray, Frequency, IntArray

_LARGEST = 2.0**53  # whole floats are exact up to here
_SECOND = 10**9
_HOUR = 3_600 * _SECOND

_UTC = ("UTC", "Etc/UTC", "GMT")
_CONVERT = (
    "Convert them (pandas: df['ds'].dt.tz_convert('Asia/Shanghai')), or drop the zone if the hour "
    "is meant (df['ds'].dt.tz_localize(None))."
)

# How periods are written: the year first, then what is smaller.
_YEAR, _END = r"\s*(?P<year>\d{4})", r"\s*"
_CLOCK = r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?P<zone>Z|[+-]\d\d:?\d\d)?)?"
_FORMS = {
    "year": re.compile(_YEAR + _END, re.ASCII),
    "quarter": re.compile(_YEAR + r"[-_ /]?[Qq](?P<quarter>[1-4])" + _END, re.ASCII),
    "yyyyq": re.compile(_YEAR + r"(?P<quarter>[1-4])" + _END, re.ASCII),
    "month": re.compile(_YEAR + r"(?:[-_ /.]?[Mm]|[-_ /.])(?P<month>\d\d?)" + _END, re.ASCII),
    "yyyymm": re.compile(_YEAR + r"(?P<month>\d\d)" + _END, re.ASCII),
    "date": re.compile(_YEAR + r"(?P<sep>[-/.])(?P<month>\d\d?)(?P=sep)(?P<day>\d\d?)" + _CLOCK
                       + _END, re.ASCII),
    "yyyymmdd": re.compile(_YEAR + r"(?P<month>\d\d)(?P<day>\d\d)" + _CLOCK + _END, re.ASCII),
}  # fmt: skip
_WRITTEN: dict[Frequency, tuple[str, ...]] = {
    "Y": ("year", "month", "date", "yyyymmdd"),
    "Q": ("quarter", "yyyyq", "month", "yyyymm", "date", "yyyymmdd"),
    "M": ("month", "yyyymm", "date", "yyyymmdd"),
}
# Numbers of so many digits hold more than a year; smaller ones may count periods.
_PACKED: dict[Frequency, int] = {"Y": 5, "Q": 5, "M": 6}
_FINER: dict[str, Frequency] = {"yyyyq": "Q", "yyyymm": "M"}


@dataclass(frozen=True, slots=True)
class Times:
    """Periods [N], a mask [N] of values that could not be read, and the calendar of the others.

    problem: what is wrong with the column as a whole. All values are marked where it cannot be
    read, none where only their places inside the periods are several. doubt: what may be meant
    otherwise.
    """

    periods: IntArray
    bad: BoolArray
    calendar: Calendar
    problem: Problem | None = None
    doubt: str = ""


def frequency_in(values: np.ndarray) -> Frequency:
    """The frequency that times state themselves (pandas periods, 2010Q1, 2010M01); else annual."""
    first = next((v for v in values if v is not None and v == v), None)
    if isinstance(first, str):
        stated = re.fullmatch(r"\s*\d{4}[-_ /.]?([QqMm])\d\d?\s*", first)
        return "Y" if stated is None else frequency_of(stated[1])
    alias = getattr(first, "freqstr", None)  # a pandas period's own
    return "Y" if alias is None else frequency_of(alias)


def decode(calendar: Calendar, value: Any) -> int:
    """One caller's value (2010, "2010Q1", a Timestamp ...) as an integer period of a calendar.

    Raises UsageError for what is none, also for a bare year where periods are shorter.
    """
    freq = calendar.freq
    if freq != "Y" and not calendar.counts and re.fullmatch(r"\s*\d{4}\s*", str(value)):
        last = int(value) * PER_YEAR[freq] + PER_YEAR[freq] - 1
        raise UsageError(
            f"{int(value)} is a year and the data are {WORDS[freq]}; say which period is meant, "
            f"e.g. {calendar.label(last)!r}."
        )
    one = np.array([value, None], dtype=object)[:1]
    times = parse(one, freq, calendar.year_end)
    other = times.calendar.style == "period" and times.calendar.year_end != calendar.year_end
    counted = times.calendar.counts and not calendar.counts
    if times.bad[0] or other or counted:
        own = f" of years that end in {MONTHS[calendar.year_end - 1]}" if other else ""
        raise UsageError(f"{value!r} is not {ARTICLES[freq]} period{own}. {EXAMPLES}.")
    return int(times.periods[0])


def parse(
    values: np.ndarray, freq: Frequency, year_end: int = 12, zone: str | None = None
) -> Times:
    """Times as integer periods.

    values: [N] numbers, datetimes (as the caller's clock showed them), or objects with None for
    null. year_end: month in which years end that stamps are put into. zone: the stamps' own.
    What cannot be read is marked, never guessed. Of several kinds in one column the first is taken
    and the others are marked.
    """
    kind = values.dtype.kind
    if kind in "iuf":
        with np.errstate(invalid="ignore"):
            bad = ~(np.abs(values.astype(float)) < _LARGEST) | (values != np.floor(values))
        return _numbers(np.where(bad, 0, values).astype(np.int64), bad, freq)
    if kind == "M":
        date = values.dtype == np.dtype("datetime64[D]")
        return _stamps(values, Calendar(freq, "date" if date else "timestamp", zone=zone,
                                        year_end=year_end))  # fmt: skip
    return _objects(values, freq, year_end)


def _objects(values: np.ndarray, freq: Frequency, year_end: int) -> Times:
    kinds = np.array([_kind(value) for value in values], dtype=object)
    first = next((kind for kind in kinds if kind), "")
    mine = kinds == first if first else np.zeros(len(values), bool)
    if first == "number":
        read = [number(v) if own else 0.0 for v, own in zip(values, mine, strict=True)]
        found = parse(np.array([np.nan if isinstance(v, str) else v for v in read]), freq)
        return replace(found, bad=found.bad | ~mine)
    if first == "text":
        return _texts(
            [v if own else "" for v, own in zip(values, mine, strict=True)], freq, year_end
        )
    if first == "period":
        return _periods(values, mine, freq)
    if first in {"date", "stamp"}:
        zones = {
            zone_name(v.tzinfo) for v in values[mine] if getattr(v, "tzinfo", None) is not None
        }
        style: Style = "date" if first == "date" else "timestamp"
        calendar = Calendar(freq, style, zone=min(zones, default=None), unit="us",
                            year_end=year_end)  # fmt: skip
        unit = "D" if first == "date" else "us"
        naive = [_naive(v) if own else None for v, own in zip(values, mine, strict=True)]
        found = _stamps(np.array(naive, dtype=f"datetime64[{unit}]"), calendar)
        aware = {getattr(v, "tzinfo", None) is not None for v in values[mine]}
        if len(zones) > 1 or len(aware) > 1:
            told = "of several time zones" if len(zones) > 1 else "with and without a time zone"
            return replace(found, problem=irregular(f"stamps {told}", freq))
        return found
    return Times(np.zeros(len(values), np.int64), ~mine, Calendar(freq))


def _kind(value: Any) -> str:
    """What a value says a time with; "" for what says none."""
    if value is None or isinstance(value, bool | np.bool_):
        return ""
    if isinstance(value, str):
        return "text"
    if hasattr(value, "ordinal") and hasattr(value, "freqstr"):  # pandas.Period
        return "period"
    if isinstance(value, dt.datetime | np.datetime64):
        return "stamp" if value == value else ""
    if isinstance(value, dt.date):
        return "date"
    number = isinstance(value, int | float | np.integer | np.floating)
    return "number" if number and abs(value) < _LARGEST else ""


def _naive(value: Any) -> Any:
    """A stamp by the caller's clock, whatever the zone."""
    return value.replace(tzinfo=None) if isinstance(value, dt.datetime) else value


# --- numbers ------------------------------------------------------------------------------------


def _numbers(values: IntArray, bad: BoolArray, freq: Frequency) -> Times:
    """Whole numbers: years or numbers of periods where small, else yyyyq, yyyymm or yyyymmdd."""
    good = values[~bad]
    limit = 10 ** (_PACKED[freq] - 1)
    digits = np.char.mod("%d", values).tolist()
    if not (np.abs(good) >= limit).any():
        if freq == "M" and len(good) and _fits(good, "yyyyq"):
            return _unreadable(values, freq, _coarser(digits[0]))
        return Times(values, bad, Calendar(freq))
    for form, finer in _FINER.items():
        if form not in _WRITTEN[freq] and _fits(good, form):
            return _unreadable(values, freq, _finer(digits[int(np.argmin(bad))], form, finer, freq))
    found = _texts(["" if out else text for text, out in zip(digits, bad, strict=True)], freq, 12)
    return replace(found, calendar=replace(found.calendar, style="integer"))


def _fits(values: IntArray, form: str) -> bool:
    """Whether all numbers can be a year and a part of it."""
    width, parts = (10, 4) if form == "yyyyq" else (100, 12)
    year, part = values // width, values % width
    return bool(((year >= 1000) & (year <= 2999) & (part >= 1) & (part <= parts)).all())


def _unreadable(values: IntArray, freq: Frequency, problem: Problem) -> Times:
    return Times(np.zeros_like(values), np.ones(len(values), bool), Calendar(freq), problem)


def _finer(example: str, form: str, finer: Frequency, freq: Frequency) -> Problem:
    width = 1 if finer == "Q" else 2
    return Problem(
        "times",
        f"numbers such as {example}, which look like {form}",
        "years" if freq == "Y" else f"{WORDS[freq]} periods",
        f"Pass freq={finer!r}; for annual data write years: times // {10**width}.",
    )


def _coarser(example: str) -> Problem:
    return Problem(
        "times", f"numbers such as {example}, which look like yyyyq", "monthly periods",
        "Pass freq='Q', or write months as 201001.",
    )  # fmt: skip


# --- text ---------------------------------------------------------------------------------------


def _texts(values: list[str], freq: Frequency, year_end: int) -> Times:
    """Text such as 2010, 2010Q1, 2010-01, 20100131 or an ISO date, with or without a time."""
    distinct = dict.fromkeys(values)
    read = {text: _read(text, freq) for text in distinct}
    first = next((found for found in read.values() if found is not None), None)
    bad = np.array([read[text] is None for text in values], bool)
    if first is None:
        return Times(np.zeros(len(values), np.int64), bad, Calendar(freq, "string"))
    fill = dict.fromkeys(first.parts, 1) | {"year": 0}
    rows = [one.parts if (one := read[text]) else fill for text in values]
    year = np.array([row["year"] for row in rows], np.int64)
    widths = {name: min(one.widths.get(name, 9) for one in read.values() if one)
              for name in first.parts}  # fmt: skip
    template = first.skeleton
    for name, width in widths.items():
        template = template.replace(f"{{{name}}}", f"{{{name}:0{width}d}}")
    calendar = Calendar(freq, "string", template=template, year_end=year_end)
    if "month" not in first.parts:
        quarter = np.array([row.get("quarter", 1) for row in rows], np.int64)
        found = Times(year * PER_YEAR[freq] + quarter - 1, bad, calendar)
    else:
        month = np.array([row.get("month", 1) for row in rows], np.int64)
        day = np.array([row.get("day", 1) for row in rows], np.int64)
        begin = (12 * year + month - 1 - 1970 * 12).astype("datetime64[M]")
        days = begin.astype("datetime64[D]") + (day - 1) * DAY
        days[bad] = np.datetime64("NaT", "D")
        found = _stamps(days, replace(calendar, clock=first.clock, zone=first.zone))
        found = replace(found, calendar=replace(found.calendar, clock=0, zone=None))
    if found.problem is None:
        good = np.flatnonzero(~bad)
        again = found.calendar.encode(found.periods[good])
        other = [values[i] for i, text in zip(good, again, strict=True) if values[i] != text]
        if other:
            told = f"times written in several ways: {values[good[0]]!r} and {other[0]!r}"
            return replace(found, problem=irregular(told, freq))
    return found


@dataclass(frozen=True, slots=True)
class _Text:
    """A time as written: parts by name, digits of each, and the text around them."""

    skeleton: str
    parts: dict[str, int]
    widths: dict[str, int]
    clock: int
    zone: str | None


def _read(text: str, freq: Frequency) -> _Text | None:
    """The parts of a written time; None for what is none, such as 2010-02-30."""
    for form in _WRITTEN[freq]:
        match = _FORMS[form].fullmatch(text)
        if match is None:
            continue
        spans = {name: match.span(name) for name in ("year", "quarter", "month", "day")
                 if name in match.re.groupindex}  # fmt: skip
        parts = {name: int(text[a:b]) for name, (a, b) in spans.items()}
        skeleton = text
        for name, (a, b) in reversed(spans.items()):
            skeleton = f"{skeleton[:a]}{{{name}}}{skeleton[b:]}"
        told = match.groupdict()
        try:
            dt.date(parts["year"] or 1, parts.get("month", 1), parts.get("day", 1))
            clock = dt.time.fromisoformat(told.get("clock") or "00:00")
        except ValueError:
            continue
        since = dt.timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
        zone = told.get("zone")
        return _Text(
            skeleton, parts, {name: b - a for name, (a, b) in spans.items()},
            int(since / dt.timedelta(microseconds=1)) * 1000,
            "UTC" if zone in {"Z", "+00:00", "+0000"} else zone,
        )  # fmt: skip
    return None


# --- stamps and periods -------------------------------------------------------------------------


def _stamps(values: np.ndarray, calendar: Calendar) -> Times:
    """Stamps [N] that stand at one place of their periods."""
    freq, bad = calendar.freq, np.isnat(values)
    days = values.astype("datetime64[D]")
    months = np.where(bad, 0, days.astype("datetime64[M]").astype(np.int64) + 1970 * 12)
    periods = calendar.periods_of(months)
    if values.dtype != days.dtype:
        clocks = (values - days)[~bad].astype("timedelta64[ns]").astype(np.int64)
        unit = np.datetime_data(values.dtype)[0]
        calendar = replace(calendar, clock=int(clocks[0]) if len(clocks) else 0, unit=unit)
    else:
        clocks = np.array([calendar.clock])
    if bad.all():
        return Times(periods, bad, calendar)
    month = int((months - periods * (12 // PER_YEAR[freq]))[~bad][0])
    placed = _place(days[~bad], periods[~bad], replace(calendar, month=month))
    if placed is None or (clocks != clocks[0]).any():
        stamps = np.unique(values[~bad])
        told = f"stamps at several places inside {WORDS[freq]} periods: {_shown(stamps)}"
        problem = irregular(told, freq)
        if calendar.zone in _UTC and clocks.any():  # their periods may be those before
            problem = replace(problem, remedy=_CONVERT)
        return Times(periods, bad, calendar, problem)
    doubt = _elsewhere(placed, values[~bad][0])
    if placed.zone is None:
        return Times(periods, bad, placed, doubt=doubt)
    problem = Problem("times", doubt, "stamps in the zone they are meant in", _CONVERT)
    return Times(periods, bad, placed, problem if doubt else None)


def _place(days: np.ndarray, periods: IntArray, calendar: Calendar) -> Calendar | None:
    """The calendar whose stamps these are: the same month of each period, and one rule for its day.

    Stamps that all end a month are "end of month", whatever the month's length.
    """
    largest = int((days - days.astype("datetime64[M]").astype("datetime64[D]")).max() / DAY) + 1
    rules: tuple[Day, ...] = (None, largest, "last business", "first business")
    for rule in rules:
        candidate = replace(calendar, day=rule)
        if (candidate.days(periods) == days).all():
            return candidate
    return None


def _shown(stamps: np.ndarray) -> str:
    texts = [str(stamp).removesuffix(".000000000").replace("T00:00:00", "") for stamp in stamps[:3]]
    return ", ".join(texts) + (", ..." if len(stamps) > 3 else "")


def irregular(found: str, freq: Frequency) -> Problem:
    """What is wrong with times that no calendar writes back, and what to do."""
    ways: dict[Frequency, str] = {
        "Y": "years (pandas: df['ds'].dt.year)",
        "Q": "2010Q1 (pandas: df['ds'].dt.to_period('Q'))",
        "M": "2010-01 (pandas: df['ds'].dt.to_period('M'))",
    }
    return Problem(
        "times",
        found,
        "one place in all of them, such as their first or last day at one hour, written in one way",
        f"Results could not come back with your own times. Write periods instead: {ways[freq]}.",
    )


def _elsewhere(calendar: Calendar, first: np.datetime64) -> str:
    """Words for stamps that are midnight in an eastern zone, stored as UTC: the period before."""
    ends = calendar.day is None and calendar.month == 12 // PER_YEAR[calendar.freq] - 1
    # Without a zone noon is likelier meant than midnight in Auckland.
    late = calendar.clock >= (13 if calendar.zone is None else 10) * _HOUR
    whole = calendar.clock % (_HOUR if calendar.zone is None else _HOUR // 2) == 0
    if not (ends and late and whole and calendar.zone in {None, *_UTC}):
        return ""
    hours = 24 - calendar.clock / _HOUR
    clock = np.timedelta64(calendar.clock // _SECOND, "s")
    shown = str(first.astype("datetime64[D]").astype("datetime64[s]") + clock)
    zone = "" if calendar.zone is None else " in UTC"
    return f"{shown}{zone}, which is midnight of the next day in a zone {hours:g} hours east of UTC"


def _periods(values: np.ndarray, mine: BoolArray, freq: Frequency) -> Times:
    """pandas periods of one frequency; those of others are marked."""
    alias = str(next(v for v, own in zip(values, mine, strict=True) if own).freqstr)
    same = mine & np.array([getattr(value, "freqstr", None) == alias for value in values])
    head, _, end = alias.upper().partition("-")
    try:
        known = frequency_of(head) == freq
    except UsageError:
        known = False
    if not known:
        problem = Problem(
            "times", f"pandas periods of frequency {alias!r}", f"{WORDS[freq]} periods",
            f"Convert them (pandas: df['ds'].dt.asfreq({freq!r})), or leave freq out.",
        )  # fmt: skip
        return _unreadable(np.zeros(len(values), np.int64), freq, problem)
    year_end = MONTHS.index(end) + 1 if end in MONTHS else 12
    ordinals = [v.ordinal if own else 0 for v, own in zip(values, same, strict=True)]
    periods = np.array(ordinals, np.int64) + 1970 * PER_YEAR[freq]
    return Times(periods, ~same, Calendar(freq, "period", year_end=year_end))
