"""From columns to ragged arrays: every bad row is found, and all are reported at once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np

from westforecast.errors import DataError, Problem, UsageError, warn
from westforecast.series import cells
from westforecast.series import frame as frames
from westforecast.series.calendar import ARTICLES, EXAMPLES, PER_YEAR, WORDS, Calendar
from westforecast.series.indicator import FIELDS, Indicator, KindOfUnit
from westforecast.series.metadata import indicators_of
from westforecast.series.times import Times, irregular, parse
from westforecast.typing import BoolArray, FloatArray, Frequency, Gaps, IntArray

Parts = tuple[FloatArray, IntArray, IntArray, tuple[Indicator, ...], Calendar, frames.Form]
Where = Callable[[int], str]

# Columns of metadata that may tell series of one id apart, the likeliest first.
TELLING = ("region", "industry", "kind", "unit", "price_basis", "name", "name_zh")
PLURALS = {"industry": "industries", "price_basis": "price bases", "name_zh": "names"}

# A series is kept dense, so one mistyped year must not ask for all the memory there is.
LONGEST = 100_000


def assemble(
    table: frames.Table,
    freq: Frequency,
    meta: Any,
    gaps: Gaps,
    names: tuple[str, str, str],
    *,
    origin: str,
) -> Parts:
    """Values [N], indptr [S + 1], first periods [S], indicators [S], the calendar and the form.

    Raises DataError with every missing column, unreadable time, text or infinite value, duplicate,
    gap (where `gaps="raise"`), value outside its indicator's bounds and contradiction in metadata.
    """
    if gaps not in get_args(Gaps):
        raise UsageError(f'gaps={gaps!r} found, "raise" or "keep" expected.')
    id_col, time_col, target_col = names
    frames.require(
        table, {"id_col": id_col, "time_col": time_col, "target_col": target_col}, origin
    )
    if table.rows == 0:
        raise DataError(
            [Problem("rows", "no row", "at least one row", "Check how the data were filtered.")],
            origin,
        )
    table, problems, strange = _readable(table, names)
    codes, ids = frames.factorize(table.columns[id_col])
    times = parse(table.columns[time_col], freq, zone=table.zone(time_col))
    periods, bad_time, calendar = times.periods, times.bad, times.calendar
    if times.problem is None and not (bad_time.any() or table.kept(time_col, periods, calendar)):
        twice = "stamps at an hour that clocks in their zone show twice or never"
        times = replace(times, problem=irregular(twice, freq))
    if times.doubt:
        warn(
            f"the times in {time_col!r} stand at {times.doubt}; they are taken as they are. If "
            "they were exported as UTC, convert them back first."
        )
    values, wrong = cells.numbers(table.columns[target_col])
    infinite, bad_value = np.isinf(values), np.zeros(len(values), bool)
    bad_value[list(wrong)] = True
    line = table.where

    def where(row: int) -> str:
        series = f"series {ids[codes[row]]!r}" if codes[row] >= 0 else "no series"
        period = "" if bad_time[row] else f", {calendar.label(periods[row])}"
        return f"{line(row)} ({series}{period})"

    def found(name: str, row: int) -> str:
        return f"{name} = {cells.shown(table.columns[name][row])}"

    leave_empty = "Correct it, or leave it empty and pass gaps='keep'."
    problems += [
        *(
            Problem(where(row), f"{id_col} is empty", "the id of a series", "Fill it or drop it.")
            for row in _places((codes < 0) & ~strange)
        ),
        *_clashes(table.columns[id_col], codes, ids),
        *(
            Problem(
                where(row),
                found(time_col, row),
                f"{ARTICLES[freq]} period",
                f"{EXAMPLES}; set freq=... if the data are of another frequency.",
            )
            for row in _places(bad_time if times.problem is None else np.zeros_like(bad_time))
        ),
        *(
            Problem(
                where(row), f"{found(target_col, row)}, which is {what}", "a number", leave_empty
            )
            for row, what in wrong.items()
        ),
        *(
            Problem(where(row), f"{target_col} is infinite", "a finite number", leave_empty)
            for row in _places(infinite)
        ),
    ]
    unread = set(codes[bad_time | bad_value | infinite].tolist())

    order = _places((codes >= 0) & ~bad_time)
    order = order[np.lexsort((order, periods[order], codes[order]))]
    mixed, within = _mixed(table, codes, periods, order, ids, names)
    problems += mixed
    apart = order[np.lexsort((periods[order], within[order], codes[order]))]
    double = _duplicates(codes, periods, within, apart, values, freq, line, where)
    problems += double or _column(times, time_col)
    indicators, contradictions = indicators_of(table, codes, ids, meta, names)
    # What a mixed series says of itself differs for that one reason.
    told = {problem.where for problem in mixed}
    problems += [problem for problem in contradictions if problem.where not in told]
    problems += _out_of_bounds(codes, values, indicators, where)
    endless = _endless(codes[order], periods[order], ids, calendar)
    if endless:
        raise DataError(problems + endless, origin)
    parts = _ragged(codes[order], periods[order], values[order], len(ids))
    if gaps == "raise" and -1 not in unread:
        # A row that cannot be read is reported above; it must not be called a gap as well.
        problems += _gaps(*parts, ids, calendar, unread)
    if problems:
        raise DataError(problems, origin)
    form = table.form(names, ids, np.unique(codes, return_index=True)[1].astype(np.int64))
    return *parts, indicators, calendar, form


def _column(times: Times, name: str) -> list[Problem]:
    """What is wrong with the times as a whole."""
    return [] if times.problem is None else [replace(times.problem, where=f"column {name!r}")]


def _clashes(values: np.ndarray, codes: IntArray, ids: Sequence[str]) -> list[Problem]:
    return [
        Problem(
            f"series {ids[code]!r}",
            f"different ids that read the same: {' and '.join(map(repr, same))}",
            "one id per series",
            "Make them equal, or tell the series apart.",
        )
        for code, same in frames.clashes(values, codes).items()
    ]


def _readable(
    table: frames.Table, names: tuple[str, str, str]
) -> tuple[frames.Table, list[Problem], BoolArray]:
    """The table with nulls for blank ids, and for ids and metadata that can be no text.

    Second a problem for each of the latter, last the rows [N] whose id is one of them.
    """
    columns, problems = dict(table.columns), []
    strange = np.zeros(table.rows, bool)
    for name in (names[0], *(field for field in FIELDS if field in columns)):
        column, is_id = columns[name], name == names[0]
        if (name in (*names[1:], "id") and not is_id) or column.dtype.kind not in "Ob":
            continue
        if cells.plain(column):
            continue
        words = [
            "" if name == "breaks" and isinstance(value, tuple) else cells.unreadable(value)
            for value in column
        ]
        bad = np.array([word != "" for word in words])
        blank = np.array([is_id and isinstance(v, str) and not v.strip(" \t") for v in column])
        strange |= bad & is_id
        columns[name] = column.astype(object)
        columns[name][bad | blank] = None
        problems += [
            Problem(
                table.where(row),
                f"{name} = {cells.shown(column[row])}, which is {words[row]}",
                "text or a number",
                "Write it as text.",
            )
            for row in _places(bad)
        ]
    return replace(table, columns=columns), problems, strange


def _places(mask: BoolArray) -> IntArray:
    return np.flatnonzero(mask).astype(np.int64)


def _mixed(
    table: frames.Table, codes: IntArray, periods: IntArray, order: IntArray, ids: Sequence[str],
    names: tuple[str, str, str],
) -> tuple[list[Problem], IntArray]:  # fmt: skip
    """Ids under which there are several series, which columns of metadata tell apart.

    Second, which of the series of its id a row belongs to [N]: 0 where there is but one. order:
    rows to look at, sorted by id and period.
    """
    within = np.zeros(len(codes), np.int64)
    twice = (np.diff(codes[order]) == 0) & (np.diff(periods[order]) == 0)
    doubtful = set(codes[order[1:][twice]].tolist())
    there = [name for name in TELLING if name in table.columns and name not in names]
    keys = [(name,) for name in there] + ([TELLING[:2]] if set(TELLING[:2]) <= set(there) else [])
    if not doubtful or not keys:
        return [], within
    groups = {key: _groups(table, key) for key in keys}
    problems = []
    for own in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        code = int(codes[own[0]])
        many = len(own) - len(np.unique(periods[own]))  # rows too many for one series
        if code not in doubtful or many <= len(own) / 3:
            continue
        left = {
            key: len(own) - np.unique(np.stack([group[own], periods[own]]), axis=1).shape[1]
            for key, (group, _) in groups.items()
        }
        key = min(keys, key=left.__getitem__)
        # Of quarters in a frame of years, say, a region leaves most as double as they were.
        if left[key] > many / 2:
            continue
        group, labels = groups[key]
        within[own] = group[own]
        problems.append(
            _several(ids[code], names[0], key, [labels[g] for g in np.unique(group[own])])
        )
    return problems, within


def _groups(table: frames.Table, key: Sequence[str]) -> tuple[IntArray, list[str]]:
    """Which values of some columns each row has together [N], and what these are as text."""
    factors = [frames.factorize(table.columns[name]) for name in key]
    distinct, group = np.unique([f for f, _ in factors], axis=1, return_inverse=True)
    texts = [
        " ".join(labels[f] if f >= 0 else "-" for (_, labels), f in zip(factors, row, strict=True))
        for row in distinct.T
    ]
    return group.reshape(-1).astype(np.int64), texts


def _several(unique_id: str, id_col: str, key: Sequence[str], found: Sequence[str]) -> Problem:
    what = " and ".join(PLURALS.get(name, name + "s") for name in key)
    shown = ", ".join(map(repr, found[:3])) + (", ..." if len(found) > 3 else "")
    made = " + '.' + ".join(f"df[{name!r}]" for name in (id_col, *key))
    default = "" if id_col == "unique_id" else ", and leave id_col out"
    return Problem(
        f"series {unique_id!r}",
        f"one id in {len(found)} {what} ({shown})",
        "one id per series",
        f"Make ids of {'both' if len(key) == 1 else 'all'}: df['unique_id'] = {made}{default}.",
    )


def _duplicates(
    codes: IntArray, periods: IntArray, within: IntArray, order: IntArray, values: FloatArray,
    freq: Frequency, line: Where, where: Where,
) -> list[Problem]:  # fmt: skip
    again = (np.diff(codes[order]) == 0) & (np.diff(periods[order]) == 0)
    again &= np.diff(within[order]) == 0
    hint = "Keep one row per series and period."
    if freq != "M" and again.sum() > len(order) / 3:
        finer = " or ".join(f"freq={f!r}" for f, n in PER_YEAR.items() if n > PER_YEAR[freq])
        hint = f"If the data are of a finer frequency, pass {finer}."
    before, after = values[order[:-1]], values[order[1:]]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    return [
        Problem(
            where(order[k + 1]),
            f"{'the same row twice, see' if same[k] else 'another value than in'} {line(order[k])}",
            "one value per series and period",
            "Drop one of them." if same[again].all() else hint,
        )
        for k in _places(again)
    ]


def _endless(
    codes: IntArray, periods: IntArray, ids: Sequence[str], calendar: Calendar
) -> list[Problem]:
    """Series that span more periods than any real one. codes, periods: sorted."""
    begins = np.flatnonzero(np.diff(codes, prepend=-1))
    ends = np.append(begins, len(codes))[1:] - 1
    return [
        Problem(
            f"series {ids[codes[a]]!r}",
            f"values from {calendar.label(periods[a])} to {calendar.label(periods[b])}",
            f"at most {LONGEST:,} {WORDS[calendar.freq]} periods",
            "Correct the times.",
        )
        for a, b in zip(begins, ends, strict=True)
        if periods[b] - periods[a] >= LONGEST
    ]


def _ragged(
    codes: IntArray, periods: IntArray, values: FloatArray, count: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Dense values from each series' first to its last observed period, rows sorted by series.

    A series without a number is empty and begins where its rows do.
    """
    first = np.zeros(count, np.int64)
    first[codes[::-1]] = periods[::-1]  # of several rows of a series the one assigned last stays
    last = first - 1
    seen = np.isfinite(values)
    codes, periods, values = codes[seen], periods[seen], values[seen]
    first[codes[::-1]] = periods[::-1]
    last[codes] = periods
    indptr = np.concatenate([[0], np.cumsum(last - first + 1)]).astype(np.int64)
    dense = np.full(int(indptr[-1]), np.nan)
    dense[indptr[codes] + periods - first[codes]] = values
    return dense, indptr, first


def _gaps(
    values: FloatArray,
    indptr: IntArray,
    first: IntArray,
    ids: Sequence[str],
    calendar: Calendar,
    unread: set[int],
) -> list[Problem]:
    problems = []
    for i in sorted(set(range(len(ids))) - unread):
        row = values[indptr[i] : indptr[i + 1]]
        missing = first[i] + np.flatnonzero(np.isnan(row))
        if not len(row):
            problems.append(
                Problem(
                    f"series {ids[i]!r}",
                    "no value at all",
                    "at least one number",
                    "Drop the series, or pass gaps='keep' to carry it as a failed row.",
                )
            )
        elif len(missing):
            problems.append(
                Problem(
                    f"series {ids[i]!r}",
                    f"no value for {_runs(missing, calendar)}",
                    f"every period of {calendar.span(first[i], first[i] + len(row) - 1)}",
                    "Add the values, or pass gaps='keep': models that take no gaps then say so.",
                )
            )
    return problems


def _runs(periods: IntArray, calendar: Calendar) -> str:
    """2001, 2003-2005 for [2001, 2003, 2004, 2005]."""
    breaks = np.flatnonzero(np.diff(periods) != 1) + 1
    return ", ".join(calendar.span(run[0], run[-1]) for run in np.split(periods, breaks))


def _out_of_bounds(
    codes: IntArray, values: FloatArray, indicators: Sequence[Indicator], where: Where
) -> list[Problem]:
    bounds = np.array([indicator.bounds for indicator in indicators]).reshape(-1, 2)
    if not np.isfinite(bounds).any():
        return []
    low, high = bounds[codes, 0], bounds[codes, 1]
    out = np.isfinite(values) & ((values < low) | (values > high)) & (codes >= 0)
    return [
        Problem(
            where(row),
            f"value {values[row]:g}",
            f"a {indicators[codes[row]].kind} between {low[row]:g} and {high[row]:g}",
            _remedy(indicators[codes[row]], values[row]),
        )
        for row in _places(out)
    ]


def _remedy(indicator: Indicator, value: float) -> str:
    general = "Correct the value or its unit, or set `lower`/`upper` of the indicator."
    if isinstance(indicator.kind, KindOfUnit):
        return f"Percent are taken for a share: state kind='rate' for growth and changes. {general}"
    if indicator.kind == "share" and not indicator.is_percent and 1 < value <= 100:
        return f"Percent? Then state unit='percent'. {general}"
    return general
