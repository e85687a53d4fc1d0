"""From columns to ragged arrays: every bad row is found, and all are reported at once."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from westforecast.errors import DataError, Problem, UsageError, WestforecastWarning, nearest
from westforecast.series import frame as frames
from westforecast.series.calendar import ARTICLES, PER_YEAR, Calendar, parse
from westforecast.series.indicator import FIELDS, Indicator
from westforecast.typing import FloatArray, Frequency, Gaps, IntArray

Parts = tuple[FloatArray, IntArray, IntArray, tuple[Indicator, ...], Calendar]


def assemble(
    table: frames.Table,
    freq: Frequency,
    meta: Any,
    gaps: Gaps,
    names: tuple[str, str, str],
    *,
    origin: str,
    first_line: int,
) -> Parts:
    """Values [N], indptr [S + 1], first periods [S], indicators [S] and the calendar.

    Raises DataError with every missing column, unreadable time, text or infinite value, duplicate,
    gap (where `gaps="raise"`), value outside its indicator's bounds and contradiction in metadata.
    """
    if gaps not in ("raise", "keep"):
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
    codes, ids = frames.factorize(table.columns[id_col])
    periods, bad_time, calendar = parse(table.columns[time_col], freq)
    values, bad_value = frames.numbers(table.columns[target_col])

    def where(row: int) -> str:
        line = f"line {row + first_line}" if first_line else f"row {row}"
        series = f"series {ids[codes[row]]!r}" if codes[row] >= 0 else "no series"
        period = "" if bad_time[row] else f", {calendar.label(periods[row])}"
        return f"{line} ({series}{period})"

    problems: list[Problem] = []
    for row in np.flatnonzero(codes < 0):
        problems.append(
            Problem(where(row), f"{id_col} is empty", "the id of a series", "Fill it or drop it.")
        )
    for row in np.flatnonzero(bad_time):
        problems.append(
            Problem(
                where(row),
                f"{time_col} = {table.columns[time_col][row]!r}",
                f"{ARTICLES[freq]} period",
                "Write 2010 (annual), 2010Q1 (quarterly), 2010-01 (monthly) or a date; "
                "set freq=... if the data are of another frequency.",
            )
        )
    for row in np.flatnonzero(bad_value):
        problems.append(
            Problem(
                where(row),
                f"{target_col} = {table.columns[target_col][row]!r}, which is text",
                "a number",
                "Correct it, or leave it empty and pass gaps='keep'.",
            )
        )
    for row in np.flatnonzero(np.isinf(values)):
        problems.append(
            Problem(where(row), f"{target_col} is infinite", "a finite number",
                    "Correct it, or leave it empty and pass gaps='keep'.")
        )  # fmt: skip

    usable = (codes >= 0) & ~bad_time
    order = np.flatnonzero(usable)
    order = order[np.lexsort((order, periods[order], codes[order]))]
    problems += _duplicates(codes, periods, order, where, freq)
    indicators, meta_problems = _indicators(table, codes, ids, meta, names)
    problems += meta_problems
    parts = _ragged(codes, periods, values, order, len(ids))
    if gaps == "raise" and not problems:
        problems += _gaps(parts, ids, calendar)
    problems += _out_of_bounds(codes, values, indicators, where)
    if problems:
        raise DataError(problems, origin)
    return *parts, indicators, calendar


def _duplicates(
    codes: IntArray, periods: IntArray, order: IntArray, where: Any, freq: Frequency
) -> list[Problem]:
    again = (np.diff(codes[order]) == 0) & (np.diff(periods[order]) == 0)
    hint = "Keep one row per series and period."
    if freq != "M" and again.sum() > len(order) / 3:
        finer = " or ".join(f"freq={f!r}" for f, n in PER_YEAR.items() if n > PER_YEAR[freq])
        hint = f"If the data are of a finer frequency, pass {finer}."
    return [
        Problem(where(int(order[k + 1])), f"a second value (the first is in row {order[k]})",
                "one value per series and period", hint)
        for k in np.flatnonzero(again)
    ]  # fmt: skip


def _ragged(
    codes: IntArray, periods: IntArray, values: FloatArray, order: IntArray, count: int
) -> tuple[FloatArray, IntArray, IntArray]:
    """Dense values from each series' first to its last observed period."""
    seen = order[np.isfinite(values[order])]
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.full(count, np.iinfo(np.int64).min)
    np.minimum.at(first, codes[seen], periods[seen])
    np.maximum.at(last, codes[seen], periods[seen])
    empty = last < first
    first[empty], last[empty] = 0, -1
    indptr = np.concatenate([[0], np.cumsum(last - first + 1)]).astype(np.int64)
    dense = np.full(int(indptr[-1]), np.nan)
    dense[indptr[codes[seen]] + periods[seen] - first[codes[seen]]] = values[seen]
    return dense, indptr, first


def _gaps(
    parts: tuple[FloatArray, IntArray, IntArray], ids: Sequence[str], calendar: Calendar
) -> list[Problem]:
    values, indptr, first = parts
    problems = []
    at = np.flatnonzero(np.isnan(values))
    owners = np.searchsorted(indptr, at, side="right") - 1
    for i in np.unique(owners):
        missing = at[owners == i] - indptr[i] + first[i]
        last = first[i] + indptr[i + 1] - indptr[i] - 1
        problems.append(
            Problem(
                f"series {ids[i]!r}",
                f"no value for {_runs(missing, calendar)}",
                f"every period from {calendar.label(first[i])} to {calendar.label(last)}",
                "Add the values, or pass gaps='keep': models that cannot take gaps then say so.",
            )
        )
    for i in np.flatnonzero(np.diff(indptr) == 0):
        problems.append(
            Problem(f"series {ids[i]!r}", "no value at all", "at least one number",
                    "Drop the series, or pass gaps='keep' to carry it as a failed row.")
        )  # fmt: skip
    return problems


def _runs(periods: IntArray, calendar: Calendar) -> str:
    """2001, 2003-2005 for [2001, 2003, 2004, 2005]."""
    breaks = np.flatnonzero(np.diff(periods) != 1) + 1
    runs = [(run[0], run[-1]) for run in np.split(periods, breaks)]
    return ", ".join(
        calendar.label(a) if a == b else f"{calendar.label(a)}-{calendar.label(b)}" for a, b in runs
    )


def _out_of_bounds(
    codes: IntArray, values: FloatArray, indicators: Sequence[Indicator], where: Any
) -> list[Problem]:
    bounds = np.array([indicator.bounds for indicator in indicators]).reshape(-1, 2)
    if not np.isfinite(bounds).any():
        return []
    low, high = bounds[codes, 0], bounds[codes, 1]
    out = np.isfinite(values) & ((values < low) | (values > high)) & (codes >= 0)
    return [
        Problem(
            where(int(row)),
            f"value {values[row]:g}",
            f"a {indicators[codes[row]].kind} between {low[row]:g} and {high[row]:g}",
            "Correct the value or its unit, or set `lower`/`upper` of the indicator.",
        )
        for row in np.flatnonzero(out)
    ]


def _indicators(
    table: frames.Table, codes: IntArray, ids: Sequence[str], meta: Any, names: Sequence[str]
) -> tuple[tuple[Indicator, ...], list[Problem]]:
    problems: list[Problem] = []
    settings: list[dict[str, Any]] = [{} for _ in ids]
    extra = [name for name in table.columns if name not in names]
    # A metadata column is repeated on every row of its series, and must agree with itself there.
    for name in [n for n in extra if n in FIELDS and n != "id"]:
        column = table.columns[name]
        for i, found in enumerate(_distinct(column, codes, len(ids))):
            if name == "source":
                found = ["; ".join(map(str, found))] if found else []
            if len(found) > 1:
                problems.append(
                    Problem(f"series {ids[i]!r}", f"{len(found)} values of {name}: "
                            + ", ".join(repr(v) for v in found[:4]), f"one {name} per series",
                            "Make them equal, or give the series different ids.")
                )  # fmt: skip
            if found:
                settings[i][name] = found[0]
    ignored = [name for name in extra if name not in FIELDS]
    if ignored:
        warnings.warn(
            f"columns that are neither data nor metadata are ignored: {', '.join(ignored)}.",
            WestforecastWarning,
            stacklevel=5,
        )
    for i, fields in _from_meta(meta, ids, problems).items():
        settings[i] |= fields
    built = []
    for unique_id, fields in zip(ids, settings, strict=True):
        try:
            built.append(Indicator(id=unique_id, **_typed(fields)))
        except (UsageError, TypeError, ValueError) as error:
            built.append(Indicator(id=unique_id))
            problems.append(
                Problem(f"metadata of {unique_id!r}", str(error), "fields of Indicator",
                        "See help(westforecast.Indicator).")
            )  # fmt: skip
    return tuple(built), problems


def _distinct(column: np.ndarray, codes: IntArray, count: int) -> list[list[Any]]:
    """The distinct non-null values of a column inside each series, in order of appearance."""
    numbers, names = frames.factorize(column)
    del names
    keep = (codes >= 0) & (numbers >= 0)
    pairs = np.unique(np.stack([codes[keep], numbers[keep]]), axis=1)
    representative = np.zeros(numbers.max(initial=-1) + 1, np.int64)
    rows = np.flatnonzero(numbers >= 0)[::-1]
    representative[numbers[rows]] = rows
    found: list[list[Any]] = [[] for _ in range(count)]
    for code, number in pairs.T:
        found[code].append(column[representative[number]])
    return found


def _from_meta(
    meta: Any, ids: Sequence[str], problems: list[Problem]
) -> Mapping[int, dict[str, Any]]:
    if meta is None:
        return {}
    place = {unique_id: i for i, unique_id in enumerate(ids)}
    given: dict[int, dict[str, Any]] = {}
    if isinstance(meta, Mapping):
        rows = [
            (str(key), {f: getattr(entry, f) for f in FIELDS if f != "id"}
             if isinstance(entry, Indicator) else dict(entry))
            for key, entry in meta.items()
        ]  # fmt: skip
    else:
        table = frames.read(meta, "meta")
        key = next((n for n in ("unique_id", "id") if n in table.columns), None)
        if key is None:
            frames.require(table, {"meta": "unique_id"}, "meta")
        rows = [
            (str(table.columns[key][r]), {n: c[r] for n, c in table.columns.items() if n != key})
            for r in range(table.rows)
        ]
    for unique_id, fields in rows:
        if unique_id not in place:
            continue  # metadata of series that are not in this data are no mistake
        for name in set(fields) - set(FIELDS):
            problems.append(
                Problem(f"metadata of {unique_id!r}", f"a field {name!r}", "fields of Indicator",
                        nearest(name, FIELDS))
            )  # fmt: skip
        given[place[unique_id]] = {n: v for n, v in fields.items() if n in FIELDS}
    return given


def _typed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata read from a table as the types Indicator wants; nulls are left to its defaults."""
    clean = {k: v for k, v in fields.items() if k != "id" and v is not None and v == v}
    for name in ("base_year", "publication_lag"):
        if name in clean:
            clean[name] = int(clean[name])
    for name in ("multiplier", "lower", "upper"):
        if name in clean:
            clean[name] = float(clean[name])
    if "breaks" in clean:
        clean["breaks"] = tuple(int(b) for b in clean["breaks"])
    return clean
