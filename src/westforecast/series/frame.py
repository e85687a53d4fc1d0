"""The only module that sees data frames: columns in, frames of the caller's kind out."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib import import_module
from os import PathLike
from pathlib import Path
from typing import Any, Literal, cast, get_args

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
from narwhals import selectors

from westforecast.errors import DataError, Problem, UsageError, is_text, nearest, warn
from westforecast.series import delimited
from westforecast.series.calendar import Calendar, zone_name
from westforecast.series.cells import id_text
from westforecast.text import cell
from westforecast.typing import IntArray

Backend = Literal["pandas", "polars", "pyarrow"]

# Columns of results that are not the caller's own.
RESERVED = frozenset(
    {"unique_id", "ds", "y", "cutoff", "horizon", "model", "yhat", "cut", "status", "reason",
     "model_used", "n_train"}
)  # fmt: skip

_DATES = np.datetime64("0001-01-01"), np.datetime64("9999-12-31")


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a frame as arrays, with the kind of frame they came from."""

    columns: Mapping[str, np.ndarray]  # nulls are NaN, NaT or None
    backend: Backend  # what `build` makes again
    rows: int
    given: Mapping[str, nw.Series[Any]] = field(default_factory=dict)  # the caller's own columns
    lines: IntArray | None = None  # [N] of the file where it was one of text

    def without(self, names: Sequence[str]) -> "Table":
        """The table less some columns."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return replace(self, columns=kept)

    def where(self, row: int) -> str:
        """A row as messages name it: its line in the file, or its number from 0."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"

    def zone(self, name: str) -> str | None:
        """The time zone of a column of stamps."""
        if name not in self.given:
            return None
        column = self.given[name]
        own = getattr(getattr(column.to_native(), "dtype", None), "tz", None)  # of pandas
        if own is not None:
            return zone_name(own)
        return column.dtype.time_zone if isinstance(column.dtype, nw.Datetime) else None

    def kept(self, name: str, periods: IntArray, calendar: Calendar) -> bool:
        """Whether zoned stamps come back as they were; an hour may be there twice, or be left out,
        when clocks are changed."""
        if calendar.zone is None or not isinstance(self.given[name].dtype, nw.Datetime):
            return True
        given = self.given[name]
        form = Form(self.backend, time=given[:0])
        again = _in_time(periods, calendar, form, self.backend)
        return bool((_fresh(again) == _fresh(given)).all())

    def form(self, names: tuple[str, str, str], ids: Sequence[str], rows: IntArray) -> "Form":
        """What frames made of this one are to look like.

        names: columns of ids, times and numbers. ids: the series' ids; rows: one row of each.
        """
        id_col, time_col, _ = names
        if id_col not in self.given:
            return Form(self.backend, names)
        own = self.given[id_col][rows]
        plain = self.backend == "pandas" and self.columns[id_col].dtype == object
        if plain and own.to_native().dtype == object and own.to_list() == list(ids):
            return Form(self.backend, names, time=self.given[time_col][:0])
        return Form(self.backend, names, own, dict(zip(ids, range(len(ids)), strict=True)),
                    self.given[time_col][:0])  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """What the caller's frame was like, so that frames of results join it.

    columns: its names of ids, times and numbers. ids: the ids as its own column had them, None for
    text; place: id as text -> row of it. time: an empty column of the type its times had.
    """

    backend: Backend = "pandas"
    columns: tuple[str, str, str] = ("unique_id", "ds", "y")
    ids: nw.Series[Any] | None = None
    place: Mapping[str, int] = field(default_factory=dict)
    time: nw.Series[Any] | None = None

    def named(self, name: str) -> str:
        """The caller's name of a column that the library calls unique_id, ds or y."""
        return dict(zip(("unique_id", "ds", "y"), self.columns, strict=True)).get(name, name)

    def key(self, name: str) -> str:
        """The library's name of a column that the caller calls otherwise."""
        return dict(zip(self.columns, ("unique_id", "ds", "y"), strict=True)).get(name, name)

    def joined(self, other: "Form") -> "Form":
        """The same form with the other's ids as well, where these are of one type."""
        if self.ids is None or other.ids is None or not _alike(self.ids, other.ids):
            return self
        new = [text for text in other.place if text not in self.place]
        more = other.ids[np.array([other.place[text] for text in new], np.int64)]
        both = nw.concat([self.ids.alias("id").to_frame(), more.alias("id").to_frame()])
        place = {text: row for row, text in enumerate([*self.place, *new])}
        return replace(self, ids=both.get_column("id"), place=place)


def _alike(one: nw.Series[Any], other: nw.Series[Any]) -> bool:
    """Whether two columns are of one kind of frame and one type."""
    a, b = one.to_native(), other.to_native()
    return (
        type(a) is type(b)
        and getattr(a, "dtype", None) == getattr(b, "dtype", None)
        and (getattr(a, "type", None) == getattr(b, "type", None))
    )


TEXT = Form()


def is_frame(data: Any) -> bool:
    """Whether `read` takes it."""
    try:
        return isinstance(nw.from_native(data, pass_through=True), nw.DataFrame | nw.LazyFrame)
    except nw.exceptions.DuplicateError:  # a frame, though one that `read` refuses
        return True


def read(frame: Any, what: str = "the data") -> Table:
    """The columns of any frame that narwhals reads: pandas, polars, pyarrow, lazy ones collected.

    Raises UsageError for anything else, DataError where two columns share a name.
    """
    try:
        native = nw.from_native(frame)
    except TypeError as error:
        raise UsageError(
            f"{what} is a {type(frame).__name__}; expected a pandas, polars or pyarrow data frame "
            "with one row per series and period."
        ) from error
    except nw.exceptions.DuplicateError as error:
        twice = " ".join(str(error).split())
        raise DataError(
            [Problem("columns", twice, "each name once", "Rename or drop one of them.")], what
        ) from error
    table = native.collect() if isinstance(native, nw.LazyFrame) else native
    if strange := [name for name in table.columns if not is_text(str(name))]:
        found = f"the name {str(strange[0])!r}, which is no valid text"
        raise DataError([Problem("columns", found, "names of text", "Rename the column.")], what)
    if table.implementation.name.lower() not in get_args(Backend):
        table = nw.from_native(table.to_pandas())
    given = {str(name): table.get_column(name) for name in table.columns}
    columns = {name: _array(column) for name, column in given.items()}
    return Table(columns, cast(Backend, table.implementation.name.lower()), len(table), given)


def _array(column: nw.Series[Any]) -> np.ndarray:
    dtype = column.dtype
    if isinstance(dtype, nw.Datetime):
        # By the caller's clock, whatever the zone: midnight in Shanghai is that day.
        arrow = isinstance(getattr(column.to_native(), "dtype", None), pd.ArrowDtype)
        if arrow and dtype.time_zone:  # whose clock narwhals would set to UTC
            zoned = pd.DatetimeTZDtype(dtype.time_unit, dtype.time_zone)
            column = nw.from_native(column.to_native().astype(zoned), series_only=True)
        return np.asarray(column.dt.replace_time_zone(None).to_numpy())
    if isinstance(dtype, nw.Date):
        return np.asarray(column.to_numpy()).astype("datetime64[D]")
    wide = isinstance(dtype, nw.Int128 | nw.UInt128)  # NumPy has no such numbers
    if dtype.is_numeric() and not wide and column.null_count() > 0:
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=float)
    if dtype.is_numeric() and not wide:
        return np.asarray(column.to_numpy())
    values = column.to_list()
    if isinstance(dtype, nw.List | nw.Array | nw.Object):  # tuples can be compared and hashed
        values = [v.item() if isinstance(v, np.ndarray) and not v.ndim else v for v in values]
        values = [tuple(v) if isinstance(v, list | np.ndarray) else v for v in values]
    objects = np.fromiter(values, dtype=object, count=len(values))
    try:
        missing = pd.isna(objects)
    except ArithmeticError:  # a decimal that signals whenever it is compared
        missing = np.array([not isinstance(v, Decimal) and bool(pd.isna(v)) for v in values])
    objects[missing] = None
    return objects


def read_csv(path: str | PathLike[str], numeric: Sequence[str] = ()) -> Table:
    """A CSV file (UTF-8, commas, a header) as columns of text; an empty cell is None.

    numeric: names of columns that become numbers where every cell is one.
    Raises UsageError where the file is missing, DataError where it is no table; see `delimited`.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"no file {str(path)!r}. Check the path; it is relative to the current "
            "folder, or to the study file that names it."
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except (TypeError, ValueError) as error:  # no path at all, or one with NUL in it
        raise UsageError(f"path={path!r} found, the path of a file expected ({error}).") from None
    fields = delimited.parse(data, str(path))
    if fields.note:
        warn(f"{path}: {fields.note}")
    columns = {
        name: _of_cells([row[k] or None for row in fields.rows], name in numeric)
        for k, name in enumerate(fields.header)
    }
    return Table(columns, "pandas", len(fields.rows), lines=np.array(fields.lines, np.int64))


# What all cells of a plain column of numbers are written with, and each of them as a whole.
_SIGNS = re.compile(r"[\d.eE+\-\s]*", re.ASCII)


def _of_cells(cells: list[str | None], numeric: bool) -> np.ndarray:
    """Cells of text as they are or, where all may be and are numbers, as integers or floats."""
    if numeric and _SIGNS.fullmatch("".join(filter(None, cells))):
        with suppress(ValueError, OverflowError, TypeError):
            return np.array(list(map(int, cells)), np.int64)  # type: ignore[arg-type]
        with suppress(ValueError):
            floats = np.array([np.nan if cell is None else float(cell) for cell in cells])
            if not np.isinf(floats).any():  # what is too large is named as it is written
                return floats
    return np.fromiter(cells, dtype=object, count=len(cells))


def read_parquet(path: str | PathLike[str]) -> Table:
    """A Parquet file as columns. Raises UsageError where the file is missing or is no table."""
    try:
        return read(pd.read_parquet(path), str(path))
    except FileNotFoundError:
        raise UsageError(f"no file {str(path)!r}. Check the path.") from None
    except UsageError:
        raise
    except (TypeError, ValueError, OSError, NotImplementedError) as error:
        raise UsageError(f"cannot read {str(path)!r} as Parquet: {error}") from error


def require(table: Table, wanted: Mapping[str, str], origin: str) -> None:
    """Raise DataError for every wanted column (argument -> name) that the table lacks."""
    found = ", ".join(table.columns) or "none"
    problems = [
        Problem(
            "columns",
            f"no column {name!r} (found: {found})",
            f"a column for {argument}",
            f"{nearest(name, table.columns)} Name it with {argument}=...",
        )
        for argument, name in wanted.items()
        if name not in table.columns
    ]
    if problems:
        raise DataError(problems, origin)


def factorize(values: np.ndarray) -> tuple[IntArray, list[str]]:
    """Codes [N] (-1 = null) and the distinct values as text, in order of first appearance."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    merged, names = pd.factorize(np.array(list(map(id_text, distinct)), dtype=object))
    return np.append(merged, -1)[codes].astype(np.int64), names.tolist()


def clashes(values: np.ndarray, codes: IntArray) -> dict[int, list[Any]]:
    """Codes whose ids differ and are one as text, such as 1 and "1", with these ids."""
    distinct = pd.DataFrame({"code": codes, "value": values})[codes >= 0].drop_duplicates()
    groups = distinct.groupby("code")["value"].agg(list)
    found = zip(groups.index.tolist(), groups.tolist(), strict=True)
    return {code: same for code, same in found if len(same) > 1}


def build(
    columns: Mapping[str, Any],
    form: Form = TEXT,
    calendar: Calendar | None = None,
    times: Sequence[str] = (),
    *,
    backend: str | None = None,
) -> Any:
    """A frame of the caller's kind.

    Columns unique_id, ds and y get the caller's names, and ids the type they came in; where one of
    them is not the caller's own, all stay text. times: names of columns of integer periods, handed
    back as `calendar` reads them. NaN becomes the kind's own null. backend: another kind of frame.
    Raises UsageError for a kind that this library does not make, and where two columns would share
    a name.
    """
    kind = cast(Backend, form.backend if backend is None else backend)
    if kind not in get_args(Backend):
        raise UsageError(f"backend={kind!r} found, one of {', '.join(get_args(Backend))} expected.")
    ready: dict[str, Any] = {}
    for name, column in columns.items():
        if calendar is not None and name in times:
            column = _in_time(np.asarray(column, np.int64), calendar, form, kind)
        elif name == "unique_id":
            column = _own_ids(column, form, kind)
        if form.named(name) in ready:
            raise UsageError(
                f"a column {form.named(name)!r} would be there twice: one of the data is called "
                "so as well. Rename it."
            )
        ready[form.named(name)] = _plain(column)
    frame = nw.from_dict(ready, backend=kind)
    if kind != "pandas":  # pandas has no other null in a column of numbers
        frame = frame.with_columns(selectors.by_dtype(nw.Float64).fill_nan(None))
    return frame.to_native()


def _own_ids(texts: Any, form: Form, backend: Backend) -> Any:
    """Ids as the caller's column had them."""
    if form.ids is None:
        return texts
    codes, distinct = pd.factorize(np.asarray(texts, dtype=object))
    places = np.array([form.place.get(text, -1) for text in distinct], np.int64)
    if (places < 0).any():
        return texts
    own = form.ids[places[codes]]
    return own if backend == form.backend else own.to_list()


def _in_time(periods: IntArray, calendar: Calendar, form: Form, backend: Backend) -> nw.Series[Any]:
    """Periods as the caller's times, a column of the type these had where they fit it."""
    distinct, place = np.unique(periods, return_inverse=True)
    column = _column(calendar, distinct, backend)
    if form.time is not None and backend == form.backend:
        column = _as(column, form.time)
    return column[place]


def _column(calendar: Calendar, periods: IntArray, backend: Backend) -> nw.Series[Any]:
    if calendar.style == "period" and backend == "pandas":
        ordinals = periods - 1970 * calendar.season_length
        made = pd.PeriodIndex.from_ordinals(ordinals, freq=calendar.alias)  # type: ignore[attr-defined]
        own = pd.Series(made)
        return nw.from_native(own, series_only=True)
    values = calendar.encode(periods)
    if calendar.style == "timestamp" and calendar.zone is not None:
        local = pd.DatetimeIndex(values).tz_localize(
            calendar.zone, ambiguous=np.ones(len(values), bool), nonexistent="shift_forward"
        )
        zoned = nw.new_series("ds", local.tz_convert(None).to_numpy(), backend=backend)
        return zoned.dt.replace_time_zone("UTC").dt.convert_time_zone(calendar.zone)
    if calendar.style == "date" and backend == "pandas":
        values = _dates(values)
    return nw.new_series("ds", _plain(values), backend=backend)


def _dates(days: np.ndarray) -> np.ndarray:
    """Days as Python's dates."""
    if len(days) and not (_DATES[0] <= days.min() and days.max() <= _DATES[1]):
        raise UsageError(
            f"periods from {days.min()} to {days.max()} are to be written as dates, which go from "
            "year 1 to 9999. Ask for fewer steps, or give the years as whole numbers."
        )
    return days.astype(object)


def _as(column: nw.Series[Any], like: nw.Series[Any]) -> nw.Series[Any]:
    """A column in the type of another, or as it is where that cannot hold its values."""
    native, wanted = column.to_native(), like.to_native()
    try:
        if isinstance(native, pd.Series):
            made = _typed(native, wanted.dtype)
        elif like.implementation.is_polars():
            made = native.cast(wanted.dtype, strict=False)
        else:
            made = native.cast(wanted.type)
    except (ArithmeticError, NotImplementedError, TypeError, ValueError):
        return column
    found = nw.from_native(made, series_only=True)
    return column if found.null_count() else found


def _typed(values: "pd.Series[Any]", dtype: Any) -> "pd.Series[Any]":
    if isinstance(dtype, pd.CategoricalDtype) and not values.isin(dtype.categories).all():
        raise ValueError
    made = values.astype(dtype)
    # pandas lets whole numbers wrap around.
    numeric = all(map(pd.api.types.is_numeric_dtype, (values, made)))
    if numeric and not (made.astype("float64") == values.astype("float64")).all():
        raise OverflowError
    return made


def _plain(column: Any) -> Any:
    """Object arrays as lists: polars and pyarrow then see text, not opaque objects."""
    if isinstance(column, nw.Series):
        return _fresh(column).to_native()
    return column.tolist() if isinstance(column, np.ndarray) and column.dtype == object else column


def _fresh(column: nw.Series[Any]) -> nw.Series[Any]:
    """A column without what pandas calls its rows."""
    native = column.to_native()
    if isinstance(native, pd.Series):
        native = native.reset_index(drop=True)
    return nw.from_native(native, series_only=True)


def to_csv_bytes(columns: Mapping[str, Any]) -> bytes:
    """Columns as a UTF-8 CSV file for people and their spreadsheets.

    The mark at its head lets them read Chinese; a text that one would take for a formula begins
    with an apostrophe, and what cannot be seen is escaped (`westforecast.text.cell`). Parquet keeps
    texts as they are.
    """
    safe = _in_text({cell(name): column for name, column in columns.items()}, cell)
    return safe.to_csv(index=False).encode("utf-8-sig")


def pack(form: Form) -> tuple[dict[str, Any], dict[str, bytes]]:
    """A form as plain values, and its columns as Arrow files; ids that make none are listed.

    What could not be read again is not written: ids and times are then text, with a warning.
    """
    try:
        made = _packed(form)
        unpack(*made)
    except _REFUSED as error:
        warn(
            f"columns of ids and times are saved as text, since their types cannot be read again "
            f"({' '.join(str(error).split())[:200]})."
        )
        return _packed(Form(form.backend, form.columns))
    return made


def _packed(form: Form) -> tuple[dict[str, Any], dict[str, bytes]]:
    plain: dict[str, Any] = {"backend": form.backend, "columns": form.columns}
    kept, types = {}, {"ids": form.ids, "time": form.time}
    if form.backend == "pandas":  # Arrow knows no storage of text, and zones by another name
        there = {name: column for name, column in types.items() if column is not None}
        plain["types"] = {n: _name_of(c.to_native().dtype) for n, c in there.items()}
    if form.time is not None:
        kept["form_time"] = _to_arrow(form.time, form.backend)
    if form.ids is not None:
        plain["place"] = list(form.place)
        try:
            kept["form_ids"] = _to_arrow(form.ids, form.backend)
        except (pa.ArrowInvalid, pa.ArrowTypeError):  # of several types
            plain["ids"] = form.ids.to_list()
            if not all(isinstance(value, str | int | float) for value in plain["ids"]):
                raise TypeError(f"ids such as {plain['ids'][0]!r}") from None
    return plain, kept


def unpack(plain: Mapping[str, Any], kept: Mapping[str, bytes]) -> Form:
    """What `pack` made a record of."""
    backend: Backend = plain["backend"]
    types = plain.get("types", {})
    columns = {name: _from_arrow(kept[f"form_{name}"], backend, types.get(name) == _ARROW)
               for name in ("ids", "time") if f"form_{name}" in kept}  # fmt: skip
    if "ids" in plain:
        own = pd.Series(plain["ids"], dtype=object)
        columns["ids"] = nw.from_native(own, series_only=True)
    for name, text in types.items():
        if text != _ARROW:
            own = columns[name].to_native().astype(text)
            columns[name] = nw.from_native(own, series_only=True)
    place = {text: row for row, text in enumerate(plain.get("place", ()))}
    id_col, time_col, target_col = plain["columns"]
    return Form(backend, (id_col, time_col, target_col), place=place, **columns)


# Arrow's own types in a pandas frame come back by themselves.
_ARROW = "arrow"

# What Arrow, pandas and Python raise of types that cannot be written or read again.
_REFUSED = (pa.ArrowException, NotImplementedError, OverflowError, TypeError, ValueError)


def _name_of(dtype: Any) -> str:
    """The name by which pandas finds a type again."""
    if isinstance(dtype, pd.ArrowDtype):
        return _ARROW
    text = str(dtype)
    return f"string[{dtype.storage}]" if text == "string" else text


def _to_arrow(column: nw.Series[Any], backend: Backend) -> bytes:
    frame, buffer = column.alias("it").to_frame().to_native(), io.BytesIO()
    if backend == "polars":
        frame.write_ipc(buffer)
        return buffer.getvalue()
    table = pa.Table.from_pandas(frame, preserve_index=False) if backend == "pandas" else frame
    arrays = [table.column("it").combine_chunks()]  # a batch keeps all categories, a table may not
    with pa.ipc.new_file(buffer, table.schema) as file:
        file.write_batch(pa.RecordBatch.from_arrays(arrays, schema=table.schema))
    return buffer.getvalue()


def _from_arrow(data: bytes, backend: Backend, own_types: bool) -> nw.Series[Any]:
    if backend == "polars":
        frame = import_module("polars").read_ipc(io.BytesIO(data))
    else:
        with pa.ipc.open_file(io.BytesIO(data)) as file:
            frame = file.read_all()
        if backend == "pandas":
            frame = frame.to_pandas(types_mapper=pd.ArrowDtype if own_types else None)
    column: nw.Series[Any] = nw.from_native(frame).get_column("it")
    return column


def to_parquet_bytes(columns: Any) -> bytes:
    """Columns, or a frame that `build` made, as a Parquet file."""
    if isinstance(columns, Mapping):
        columns = _in_text(columns, _encoded)
    if isinstance(columns, pd.DataFrame):  # which writes a name of this type that it cannot read
        kinds = {name: kind.pyarrow_dtype for name, kind in columns.dtypes.items()
                 if isinstance(kind, pd.ArrowDtype)}  # fmt: skip
        columns = columns.astype({name: pd.ArrowDtype(kind.value_type)
                                  for name, kind in kinds.items()
                                  if pa.types.is_dictionary(kind)})  # fmt: skip
    try:
        return _parquet(columns)
    except _REFUSED:  # ids of several types, categories of periods and their like are text there
        odd = [name for name in columns if _odd(columns[name])]
        return _parquet(columns.assign(**{name: _as_text(columns[name]) for name in odd}))


def _parquet(frame: Any) -> bytes:
    buffer = io.BytesIO()
    nw.from_native(frame).write_parquet(buffer)
    return buffer.getvalue()


def _odd(column: "pd.Series[Any]") -> bool:
    """Whether Parquet refuses a column."""
    try:
        _parquet(column.to_frame())
    except _REFUSED:
        return True
    return False


def _as_text(column: "pd.Series[Any]") -> list[str | None]:
    values = zip(column.astype(object), column.isna(), strict=True)
    return [None if missing else id_text(value) for value, missing in values]


def _in_text(columns: Mapping[str, Any], change: Callable[[str], str]) -> pd.DataFrame:
    """A frame of columns with their texts changed; numbers, times and nulls stay."""
    return pd.DataFrame({name: _changed(column, change) for name, column in columns.items()})


def _changed(column: Any, change: Callable[[str], str]) -> Any:
    if getattr(column, "dtype", np.dtype(object)).kind not in "OU":
        return column
    return [change(value) if isinstance(value, str) else value for value in column]


def _encoded(text: str) -> str:
    """A text that UTF-8 can hold: halves of characters (lone surrogates) are escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def repeat(values: Sequence[Any], counts: IntArray) -> np.ndarray:
    """Each value repeated as often as its count says, as one object array."""
    return np.repeat(np.array(list(values), dtype=object), counts)
