"""From columns and `meta` to indicators: what they say is merged, typed and checked."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from westforecast.errors import DataError, Problem, UsageError, nearest, warn
from westforecast.series import cells
from westforecast.series import frame as frames
from westforecast.series.indicator import FIELDS, Indicator, KindOfUnit, SizeOfUnit
from westforecast.typing import IntArray


def indicators_of(
    table: frames.Table, codes: IntArray, ids: Sequence[str], meta: Any, names: Sequence[str]
) -> tuple[tuple[Indicator, ...], list[Problem]]:
    """What each series means, and what is wrong with what was said about it.

    names: the columns of data. Where other columns and `meta` both say something, `meta` holds.
    """
    problems: list[Problem] = []
    settings: dict[str, dict[str, Any]] = {unique_id: {} for unique_id in ids}
    extra = [name for name in table.columns if name not in names]
    about = [name for name in extra if name in FIELDS and name != "id"]
    ignored = [name for name in extra if name not in about]
    if ignored:
        warn(f"columns that are neither data nor metadata are ignored: {', '.join(ignored)}.")
    # A metadata column is repeated on every row of its series, and must agree with itself there.
    for name in about:
        for i, values in _distinct(table.columns[name], codes):
            if len(values) > 1 and name != "source":
                told = ", ".join(repr(str(value)) for value in values[:4])
                problems.append(
                    Problem(
                        f"series {ids[i]!r}",
                        f"{len(values)} values of {name}: {told}",
                        f"one {name} per series",
                        "Make them equal, or give the series different ids.",
                    )
                )
            joined = "; ".join(map(str, values)) if name == "source" else values[0]
            settings[ids[i]][name] = joined
    for unique_id, given in _given(meta, problems, names[0]):
        # Metadata of series that are not in these data are no mistake.
        if unique_id in settings:
            settings[unique_id] |= given
    return tuple(_indicator(i, fields, problems) for i, fields in settings.items()), problems


def _distinct(column: np.ndarray, codes: IntArray) -> Iterable[tuple[int, list[Any]]]:
    """Series that have non-null values in a column, each with its distinct ones in order."""
    numbers, texts = frames.factorize(column)
    rows = np.flatnonzero((codes >= 0) & (numbers >= 0))
    pairs = codes[rows] * max(len(texts), 1) + numbers[rows]
    rows = rows[np.unique(pairs, return_index=True)[1]]
    begins = np.flatnonzero(np.diff(codes[rows], prepend=-1))
    for own in np.split(rows, begins[1:]) if len(rows) else []:
        yield int(codes[own[0]]), [column[row] for row in own]


def _given(meta: Any, problems: list[Problem], id_col: str) -> Iterable[tuple[str, dict[str, Any]]]:
    """Fields of `meta` by id. Nulls say nothing, nor do an Indicator's defaults and what it read
    from its unit."""
    if meta is None:
        return
    default = {field.name: field.default for field in fields(Indicator)}
    unknown: set[str] = set()
    seen: dict[str, dict[str, Any]] = {}
    for key, entry in meta.items() if isinstance(meta, Mapping) else _rows(meta, id_col):
        if isinstance(entry, Indicator):
            read = {n for n in FIELDS if isinstance(getattr(entry, n), SizeOfUnit | KindOfUnit)}
            said = {n: getattr(entry, n) for n in FIELDS if n not in read}
            entry = {
                n: v for n, v in said.items() if v != default[n] or n in {"multiplier", "kind"}
            }
        if not isinstance(entry, Mapping):
            raise UsageError(
                f"meta[{key!r}] is a {type(entry).__name__}; expected an Indicator or a dict of "
                "its fields."
            )
        key = cells.id_text(key)
        where = f"metadata of {key!r}"
        problems += [
            Problem(where, f"a field {name!r}", "fields of Indicator", nearest(name, FIELDS))
            for name in entry
            if name not in default and name not in unknown
        ]
        unknown |= set(entry) - set(default)
        told = {n: v for n, v in entry.items() if n in default and v is not None and v == v}
        if seen.setdefault(key, told) != told:
            problems.append(
                Problem(where, "rows that disagree", "one row per series", "Drop all but one.")
            )
        yield key, told


def _rows(meta: Any, id_col: str) -> list[tuple[Any, dict[str, Any]]]:
    table = frames.read(meta, "meta")
    key = next((name for name in (id_col, "unique_id", "id") if name in table.columns), None)
    if key is None:
        found = f"no column 'unique_id' (found: {', '.join(table.columns) or 'none'})"
        expected = "the ids of series"
        raise DataError([Problem("columns", found, expected, "Rename the one that is it.")], "meta")
    others = [name for name in table.columns if name != key]
    return [
        (table.columns[key][row], {name: table.columns[name][row] for name in others})
        for row in range(table.rows)
    ]


def _indicator(unique_id: str, settings: Mapping[str, Any], problems: list[Problem]) -> Indicator:
    where = f"metadata of {unique_id!r}"
    typed: dict[str, Any] = {}
    for name, value in settings.items():
        read, expected = _TYPES.get(name, (str, "text"))
        listed = name == "breaks" and isinstance(value, list | tuple)
        if not listed and (what := cells.unreadable(value)):
            found = f"{name} = {cells.shown(value)}, which is {what}"
            problems.append(Problem(where, found, expected, "Correct it or leave it empty."))
            continue
        try:
            typed[name] = read(value)
        except (TypeError, ValueError, OverflowError):
            remedy = "Correct it or leave it empty."
            problems.append(Problem(where, f"{name} = {value!r}", expected, remedy))
    try:
        return Indicator(**typed | {"id": unique_id})
    except UsageError as error:
        remedy = "See help(westforecast.Indicator)."
        problems.append(Problem(where, str(error).rstrip("."), "fields of Indicator", remedy))
        return Indicator(id=unique_id)


def _whole(value: Any) -> int:
    if float(value) != int(float(value)):
        raise ValueError
    return int(float(value))


def _periods(value: Any) -> tuple[int, ...]:
    """(2004, 2011) for 2004, "2004; 2011" or [2004, 2011]."""
    if isinstance(value, str):
        value = re.findall(r"[^;,\s]+", value)
    return tuple(map(_whole, value if isinstance(value, Iterable) else [value]))


# What turns a table's value into the type Indicator wants, and what that is; others are text.
_TYPES: Mapping[str, tuple[Callable[[Any], Any], str]] = {
    "base_year": (_whole, "a year"),
    "publication_lag": (_whole, "a whole number of periods"),
    "multiplier": (float, "a number"),
    "lower": (float, "a number"),
    "upper": (float, "a number"),
    "breaks": (_periods, "periods such as 2004; 2011"),
}
