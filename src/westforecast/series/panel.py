"""A panel: many short series in one flat array, with what their numbers mean.

Series *i* is `values[indptr[i]:indptr[i + 1]]` on one regular calendar, `first[i]` the period of
its first value, NaN = missing. A series spans its first to its last observed value.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from inspect import signature
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from narwhals.typing import IntoFrame

from westforecast.errors import DataError, UnknownNameError, UsageError, check_options, nearest
from westforecast.series import cells
from westforecast.series import frame as frames
from westforecast.series.assemble import assemble
from westforecast.series.calendar import WORDS, Calendar, frequency_of
from westforecast.series.indicator import FIELDS, Indicator
from westforecast.series.times import decode, frequency_in
from westforecast.text import visible
from westforecast.typing import FloatArray, Gaps, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    """Series of numbers with their indicators; `from_frame`, `from_csv`, `from_parquet` build one.

    values: [N] all values of all series; read-only.
    indptr: [S + 1] where each series begins and ends in `values`.
    first: [S] period of each series' first value.
    indicators: [S] what each series means; `indicators[i].id` is its `unique_id`.
    calendar: how periods read in the caller's type. form: the kind of frame handed back, with the
    caller's own ids and names of columns.
    """

    values: FloatArray
    indptr: IntArray
    first: IntArray
    indicators: tuple[Indicator, ...]
    calendar: Calendar
    form: frames.Form = frames.TEXT
    _index: dict[str, int] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("values", "indptr", "first"):
            array = getattr(self, name)
            if array.flags.writeable:  # the caller's array stays the caller's
                array = array.copy()
                array.flags.writeable = False
                object.__setattr__(self, name, array)
        for i, indicator in enumerate(self.indicators):
            if self._index.setdefault(indicator.id, i) != i:
                raise UsageError(f"two series are called {indicator.id!r}. Ids must differ.")

    # --- in -------------------------------------------------------------------------------------

    @classmethod
    def of(cls, data: "PanelLike", **options: Any) -> "Panel":
        """A panel of whatever a verb takes: a panel as it is, a long frame, a CSV or Parquet file.

        options: as for `from_frame`; a panel takes none.
        Raises UsageError for anything else, and what `from_frame` raises.

        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": [2008, 2009], "y": [1.0, 2.0]})
        >>> len(Panel.of(df))
        1
        """
        if isinstance(data, Panel):
            if options:
                raise UsageError(f"{', '.join(options)}: a Panel is read already. Leave it out.")
            return data
        try:
            if not isinstance(data, str | PathLike):
                if frames.is_frame(data):
                    return cls.from_frame(data, **options)
                raise UsageError(
                    f"data is a {type(data).__name__}; expected a long data frame (pandas, "
                    "polars, pyarrow: unique_id, ds, y), the path of a CSV or Parquet file, or a "
                    "westforecast.Panel."
                )
            if str(data).lower().endswith((".parquet", ".pq")):
                return cls.from_parquet(data, **options)
            if not is_path(data) and not Path(data).exists():
                raise UsageError(
                    f"no file {data!r}. Check the path; an installed data set is given as "
                    f"westforecast.dataset({data!r})."
                )
            return cls.from_csv(data, **options)
        except DataError as error:
            if options:
                raise
            given = repr(str(data)) if isinstance(data, str | PathLike) else "df"
            advice = f"Options such as freq, gaps and id_col: westforecast.Panel.of({given}, ...)."
            raise DataError(error.problems, error.origin, advice) from None

    @classmethod
    def from_frame(
        cls,
        frame: Any,
        *,
        freq: str | None = None,
        meta: Any = None,
        gaps: Gaps = "raise",
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        ignore: Sequence[str] = (),
    ) -> "Panel":
        """A panel from a long frame: one row per series and period.

        frame: pandas, polars or pyarrow (anything narwhals reads). Ids, times and names of columns
            come back in results as they were given: times must stand at one place of their periods
            (first or last day, last business day ..., at one hour) or say periods themselves
            (2010, 2010Q1, 201001, pandas periods).
        freq: "Y", "Q", "M" or a pandas alias of one; None takes what the times say themselves
            (pandas periods, 2010Q1) and annual otherwise.
        meta: indicators, as a mapping id -> Indicator (or dict of its fields) or a frame with one
            row per id. Columns of `frame` named like an Indicator field (unit, kind, region,
            industry, source ...) are metadata too; `meta` holds where both say something.
        gaps: "raise" refuses missing periods inside a series; "keep" keeps them as NaN, and models
            that cannot take them say so in their status. Nothing is ever interpolated.
        ignore: columns that are meant to be left out; others that are neither data nor metadata
            are left out with a warning.

        Raises DataError listing all bad rows at once, UsageError for settings that cannot be meant.

        >>> import pandas as pd
        >>> df = pd.DataFrame({"unique_id": "a", "ds": [2008, 2009, 2010], "y": [1.0, 2.0, 4.0]})
        >>> Panel.from_frame(df).span
        (2008, 2010)
        """
        return cls._from_table(
            frames.read(frame), "the data", freq=freq, meta=meta, gaps=gaps, id_col=id_col,
            time_col=time_col, target_col=target_col, ignore=ignore,
        )  # fmt: skip

    @classmethod
    def from_csv(cls, path: str | PathLike[str], **options: Any) -> "Panel":
        """A panel from a CSV file (UTF-8, commas, a header); options as for `from_frame`.

        Ids and metadata are text as written: 001 keeps its zeros, NA is Namibia, and only an empty
        cell is null. Raises DataError naming every line that has more or fewer fields than the
        header; commas that end every row are read as if they were not there, with a warning.
        """
        cls._check_options(options, "Panel.from_csv")
        table = frames.read_csv(
            path, numeric=[options.get("time_col", "ds"), options.get("target_col", "y")]
        )
        return cls._from_table(table, str(path), **options)

    @classmethod
    def from_parquet(cls, path: str | PathLike[str], **options: Any) -> "Panel":
        """A panel from a Parquet file; options as for `from_frame`."""
        cls._check_options(options, "Panel.from_parquet")
        return cls._from_table(frames.read_parquet(path), str(path), **options)

    @classmethod
    def _check_options(cls, options: Mapping[str, Any], of: str) -> None:
        known = [name for name in signature(cls.from_frame).parameters if name != "frame"]
        check_options(options, known, of)

    @classmethod
    def _from_table(
        cls,
        table: frames.Table,
        origin: str,
        *,
        freq: str | None = None,
        meta: Any = None,
        gaps: Gaps = "raise",
        id_col: str = "unique_id",
        time_col: str = "ds",
        target_col: str = "y",
        ignore: Sequence[str] = (),
    ) -> "Panel":
        names = (id_col, time_col, target_col)
        _check_names(names)
        times = table.columns.get(time_col, np.empty(0))
        frequency = frequency_in(times) if freq is None else frequency_of(freq)
        return cls(*assemble(table.without(ignore), frequency, meta, gaps, names, origin=origin))

    # --- looking --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.indicators)

    @property
    def backend(self) -> str:
        """The kind of frame the panel was read from."""
        return self.form.backend

    @property
    def columns(self) -> tuple[str, str, str]:
        """The caller's names of ids, times and numbers."""
        return self.form.columns

    @property
    def ids(self) -> tuple[str, ...]:
        """The series' ids, in order."""
        return tuple(indicator.id for indicator in self.indicators)

    @property
    def lengths(self) -> IntArray:
        """[S] periods from each series' first to its last observed value."""
        return np.diff(self.indptr)

    @property
    def last(self) -> IntArray:
        """[S] period of each series' last value (before `first` where a series has none)."""
        return self.first + self.lengths - 1

    @property
    def span(self) -> tuple[int, int]:
        """First and last period of any series."""
        filled = self.lengths > 0
        if not filled.any():
            raise UsageError("the panel holds no observed value, so it has no span.")
        return int(self.first[filled].min()), int(self.last[filled].max())

    @property
    def places(self) -> Mapping[str, int]:
        """id -> position, for all series."""
        return self._index

    def index(self, unique_id: Any) -> int:
        """The position of a series. Raises UnknownNameError, suggesting the nearest id."""
        try:
            return self._index[cells.id_text(unique_id)]
        except KeyError:
            raise UnknownNameError(
                f"no series {unique_id!r} in the panel. {nearest(unique_id, self._index)}"
            ) from None

    def indicator(self, unique_id: str) -> Indicator:
        """What a series means."""
        return self.indicators[self.index(unique_id)]

    def series(self, unique_id: str) -> tuple[IntArray, FloatArray]:
        """Periods [T] and values [T] of one series, missing ones as NaN."""
        i = self.index(unique_id)
        values = self.values[self.indptr[i] : self.indptr[i + 1]]
        return self.first[i] + np.arange(len(values)), values

    def value(self, unique_id: str, period: int) -> float:
        """One value, NaN where it is missing or outside the series."""
        i = self.index(unique_id)
        at = int(self.indptr[i]) + int(period) - int(self.first[i])
        inside = self.indptr[i] <= at < self.indptr[i + 1]
        return float(self.values[at]) if inside else float("nan")

    # --- slicing --------------------------------------------------------------------------------

    def __getitem__(self, unique_id: str | Sequence[str]) -> "Panel":
        return self.select(id=unique_id)

    def select(
        self,
        *,
        id: str | Iterable[str] | None = None,
        region: str | Iterable[str] | None = None,
        industry: str | Iterable[str] | None = None,
        kind: str | Iterable[str] | None = None,
        unit: str | Iterable[str] | None = None,
    ) -> "Panel":
        """The series that meet every given condition; a condition takes one value or several.

        Raises UnknownNameError where a wanted value does not occur, suggesting the nearest.
        """
        wanted = {"id": id, "region": region, "industry": industry, "kind": kind, "unit": unit}
        keep = np.ones(len(self), bool)
        for name, condition in wanted.items():
            if condition is None:
                continue
            single = isinstance(condition, str) or not isinstance(condition, Iterable)
            allowed = {cells.id_text(value) for value in ([condition] if single else condition)}
            have = [getattr(indicator, name) for indicator in self.indicators]
            for value in sorted(allowed - set(have)):
                raise UnknownNameError(
                    f"no series with {name}={value!r} in the panel. {nearest(value, have)}"
                )
            keep &= np.array([value in allowed for value in have], bool)
        return self._take(np.flatnonzero(keep), np.zeros(len(self), np.int64), self.lengths)

    def as_of(self, period: Any) -> "Panel":
        """What was known at the end of `period`: values up to it, less each publication lag.

        period: a year (or the caller's own type of period).
        """
        limit = decode(self.calendar, period)
        lags = np.array([indicator.publication_lag for indicator in self.indicators], np.int64)
        stop = np.clip(limit - lags - self.first + 1, 0, self.lengths)
        return self._take(np.arange(len(self)), np.zeros(len(self), np.int64), stop)

    def since(self, period: Any, *, id: Iterable[str] | None = None) -> "Panel":
        """The panel less all values before a period, e.g. those before a change of definition.

        id: ids of the series that this is about; all of them unless given.
        """
        begin = np.clip(decode(self.calendar, period) - self.first, 0, self.lengths)
        if id is not None:
            mine = np.zeros(len(self), bool)
            mine[[self.index(unique_id) for unique_id in id]] = True
            begin = np.where(mine, begin, 0)
        return self._take(np.arange(len(self)), begin, self.lengths)

    def renamed(self, names: Mapping[str, str]) -> "Panel":
        """The same series under other ids. Raises UnknownNameError for ids that are not there."""
        new = {self.index(old): name for old, name in names.items()}
        indicators = tuple(
            indicator.with_(id=new.get(i, indicator.id))
            for i, indicator in enumerate(self.indicators)
        )
        return replace(self, indicators=indicators)

    def join(self, other: "Panel") -> "Panel":
        """The series of both panels, e.g. figures and what was computed from them.

        Raises UsageError where calendars differ or both have a series of the same id.
        """
        one, two = self.calendar, other.calendar
        if (one.freq, one.year_end) != (two.freq, two.year_end):
            told = [f"{WORDS[c.freq]} ({c.alias})" for c in (one, two)]
            raise UsageError(
                f"one panel is {told[0]}, the other {told[1]}; panels of one calendar can be "
                "joined."
            )
        return replace(
            self,
            values=np.concatenate([self.values, other.values]),
            indptr=np.concatenate([self.indptr, self.indptr[-1] + other.indptr[1:]]),
            first=np.concatenate([self.first, other.first]),
            indicators=(*self.indicators, *other.indicators),
            form=self.form.joined(other.form),
        )

    def _take(self, which: IntArray, begin: IntArray, stop: IntArray) -> "Panel":
        """Series `which`, each cut to places begin:stop, then to its first and last number."""
        pieces, first = [], []
        for i in which:
            piece = self.values[self.indptr[i] + begin[i] : self.indptr[i] + stop[i]]
            seen = np.flatnonzero(~np.isnan(piece))
            low, high = (seen[0], seen[-1] + 1) if len(seen) else (0, 0)
            pieces.append(piece[low:high])
            first.append(self.first[i] + begin[i] + low)
        sizes = [len(piece) for piece in pieces]
        return replace(
            self,
            values=np.concatenate(pieces) if pieces else np.empty(0),
            indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
            first=np.array(first, np.int64),
            indicators=tuple(self.indicators[i] for i in which),
        )

    # --- out ------------------------------------------------------------------------------------

    def to_frame(self, *, meta: bool = False, backend: str | None = None) -> Any:
        """The long frame again, in the caller's kind and column names; `meta` adds unit, region ...

        Missing values inside a series are rows with a null value; a series without any value has
        no row. backend: "pandas", "polars" or "pyarrow" for another kind of frame.
        """
        lengths = self.lengths
        periods = np.repeat(self.first, lengths) + _ramp(lengths)
        columns: dict[str, Any] = {
            "unique_id": frames.repeat(self.ids, lengths), "ds": periods, "y": self.values
        }  # fmt: skip
        if meta:
            for name in ("name", "unit", "multiplier", "kind", "region", "industry", "source"):
                column = [getattr(indicator, name) for indicator in self.indicators]
                if name not in self.columns:
                    columns[name] = frames.repeat(column, lengths)
        return frames.build(columns, self.form, self.calendar, ("ds",), backend=backend)

    def digest(self) -> str:
        """A SHA-256 of all that forecasts depend on: the data part of a manifest.

        That is frequency, ids, periods, values and indicators less what is words for people (names
        and source). The order of series and rows, the kind of frame and the style of periods
        (2010, "2010-01-01" ...) change neither forecasts nor this.
        """
        hasher = hashlib.sha256(self.calendar.freq.encode())
        for i in sorted(range(len(self)), key=self.ids.__getitem__):
            values = self.values[self.indptr[i] : self.indptr[i + 1]] + 0.0  # -0 and 0 are one
            values[np.isnan(values)] = np.nan
            first = int(self.first[i]) if len(values) else None
            head = json.dumps([_said(self.indicators[i]), first, len(values)])
            hasher.update(head.encode() + values.astype("<f8").tobytes())
        return hasher.hexdigest()

    def describe(self) -> list[dict[str, Any]]:
        """One record a series: id, name, unit, region, first, last, n, missing, last value."""
        return [self._record(i) for i in range(len(self))]

    def _record(self, i: int) -> dict[str, Any]:
        indicator, label = self.indicators[i], self.calendar.label
        values = self.values[self.indptr[i] : self.indptr[i + 1]]
        filled = len(values) > 0
        return {
            "id": indicator.id,
            "name": indicator.name,
            "unit": indicator.unit,
            "region": indicator.region,
            "first": label(self.first[i]) if filled else "-",
            "last": label(self.last[i]) if filled else "-",
            "n": int(np.isfinite(values).sum()),
            "missing": int(np.isnan(values).sum()),
            "last value": f"{values[-1]:,.6g}" if filled else "-",
        }

    def _headline(self) -> str:
        count = f"{len(self)} series" if len(self) else "no series"
        observed = int(np.isfinite(self.values).sum())
        gaps = int(np.isnan(self.values).sum())
        span = self.calendar.span(*self.span) if observed else "no values"
        missing = f", {gaps} missing inside" if gaps else ""
        return f"Panel: {count}, {WORDS[self.calendar.freq]}, {span}, {observed:,} values{missing}"

    def __repr__(self) -> str:
        shown = 10
        records = [self._record(i) for i in range(min(shown, len(self)))]
        if not records:
            return self._headline()
        head = [name for name in records[0] if any(str(r[name]) for r in records)]
        rows = [head, *([_clip(visible(record[name])) for name in head] for record in records)]
        widths = [max(len(row[k]) for row in rows) for k in range(len(head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
                 for row in rows]  # fmt: skip
        more = [f"... and {len(self) - shown} more"] if len(self) > shown else []
        return "\n".join([self._headline(), *(f"  {line}" for line in lines + more)])

    def _repr_html_(self) -> str:
        shown = 20
        records = [self._record(i) for i in range(min(shown, len(self)))]
        head = "".join(f"<th>{escape(name)}</th>" for name in (records[0] if records else ()))
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(visible(v))}</td>" for v in record.values()) + "</tr>"
            for record in records
        )
        more = f"<p>... and {len(self) - shown} more</p>" if len(self) > shown else ""
        return (
            f"<div><p><b>{escape(self._headline())}</b></p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}</div>"
        )


def _check_names(names: tuple[str, str, str]) -> None:
    """Raise UsageError for names of columns that results have for something else, or twice."""
    own = dict(zip(names, ("unique_id", "ds", "y"), strict=True))
    if len(own) < len(names):
        raise UsageError(f"id_col, time_col, target_col = {names!r}: three columns expected.")
    for name, key in own.items():
        if name != key and name in frames.RESERVED:
            raise UsageError(
                f"the column {name!r} cannot come back in results, which have one of that name for "
                "something else. Rename it."
            )


def _said(indicator: Indicator) -> list[Any]:
    """What an indicator says that numbers may depend on, as JSON has it: 10_000 as 1e4."""
    left_out = {"name", "name_zh", "source", "lower", "upper"}  # bounds hold the latter two
    fields = (getattr(indicator, name) for name in FIELDS if name not in left_out)
    return [_plain(value) for value in (*fields, indicator.bounds)]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return float(value) if isinstance(value, Real) else value


# Endings of the files that a panel is read from.
FILES = frozenset({".csv", ".gz", ".parquet", ".pq", ".tsv", ".txt"})


def is_path(data: Any) -> bool:
    """Whether data are the path of a file; another text may be the name of a data set."""
    if isinstance(data, str):
        return "/" in data or os.sep in data or Path(data).suffix.lower() in FILES
    return isinstance(data, PathLike)


# What verbs take for data: a panel, a long frame, or the path of a CSV or Parquet file.
PanelLike: TypeAlias = Panel | IntoFrame | str | PathLike[str]


def _clip(text: str, width: int = 42) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _ramp(lengths: IntArray) -> IntArray:
    """0, 1, ..., n-1 for each length n, in one row."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) - np.repeat(ends - lengths, lengths)
