"""The only module that sees data frames: columns in, frames of the caller's kind out."""

import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from numbers import Complex, Real
from os import PathLike
from pathlib import Path
from typing import Any, Literal, cast, get_args
from uuid import UUID

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals import selectors

from westforecast.errors import DataError, Problem, UsageError, is_text, nearest, warn
from westforecast.series import delimited
from westforecast.series.calendar import Calendar
from westforecast.typing import FloatArray, IntArray

Backend = Literal["pandas", "polars", "pyarrow"]

# What a column of numbers may say, in any case, where it has none.
_BLANK = {"", "na", "n/a", "#n/a", "nan", "null", "none"}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a frame as arrays, with the kind of frame they came from."""

    columns: Mapping[str, np.ndarray]  # nulls are NaN, NaT or None
    backend: Backend  # what `build` makes again
    rows: int
    lines: IntArray | None = None  # [N] of the file where it was one of text

    def without(self, names: Sequence[str]) -> "Table":
        """The table less some columns."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return Table(kept, self.backend, self.rows, self.lines)

    def where(self, row: int) -> str:
        """A row as messages name it: its line in the file, or its number from 0."""
        return f"row {row}" if self.lines is None else f"line {self.lines[row]}"


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
    columns = {str(name): _array(table.get_column(name)) for name in table.columns}
    made = table.implementation.name.lower()
    return Table(
        columns, cast(Backend, made if made in get_args(Backend) else "pandas"), len(table)
    )


def _array(column: nw.Series[Any]) -> np.ndarray:
    dtype = column.dtype
    if isinstance(dtype, nw.Datetime):
        # By the caller's clock, whatever the zone: midnight in Shanghai is that day.
        return np.asarray(column.dt.replace_time_zone(None).to_numpy())
    if dtype.is_numeric() and column.null_count() > 0:
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=float)
    if dtype.is_numeric():
        return np.asarray(column.to_numpy())
    values = column.to_list()
    if isinstance(dtype, nw.List | nw.Array | nw.Object):  # tuples can be compared and hashed
        values = [tuple(v) if isinstance(v, list | np.ndarray) else v for v in values]
    objects = np.fromiter(values, dtype=object, count=len(values))
    objects[pd.isna(objects)] = None
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
        name: _typed([row[k] or None for row in fields.rows], name in numeric)
        for k, name in enumerate(fields.header)
    }
    return Table(columns, "pandas", len(fields.rows), np.array(fields.lines, np.int64))


# What all cells of a plain column of numbers are written with, and each of them as a whole.
_SIGNS = re.compile(r"[\d.eE+\-\s]*", re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)


def _typed(cells: list[str | None], numeric: bool) -> np.ndarray:
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
    # 1 and "1" are one id; an integer column that holds nulls arrives as floats.
    texts = [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in distinct]
    merged, names = pd.factorize(np.array(texts, dtype=object))
    return np.append(merged, -1)[codes].astype(np.int64), names.tolist()


def numbers(values: np.ndarray) -> tuple[FloatArray, dict[int, str]]:
    """Values as floats [N] and, for each place that holds no number, what it holds instead.

    Truth values are 1 and 0; whole numbers beyond 2^53 are rounded to the nearest float.
    """
    if values.dtype.kind in "iufb":
        return values.astype(float), {}
    floats, wrong = np.full(len(values), np.nan), {}
    for i, value in enumerate(values):
        read = number(value)
        if isinstance(read, str):
            wrong[i] = read
        else:
            floats[i] = read
    return floats, wrong


def number(value: Any) -> float | str:
    """A value as a float, NaN where it says that there is none, or in words what it is instead."""
    if value is None:
        return np.nan
    if isinstance(value, str):
        if _DECIMAL.fullmatch(value):
            number = float(value)
            return number if np.isfinite(number) else _HUGE
        bare = value.strip().lower()
        return np.nan if bare in _BLANK else _INFINITE.get(bare) or _written(value)
    if isinstance(value, Real | Decimal | np.bool_):
        try:
            number = float(value)
        except (OverflowError, ValueError):
            return _HUGE
        return _HUGE if np.isinf(number) and value != number else number
    if isinstance(value, Complex):
        return "a complex number"
    if isinstance(value, dt.timedelta | np.timedelta64):
        return "a duration"
    return "a date or time" if isinstance(value, _TIMES) else f"of type {type(value).__name__}"


_HUGE = "too large for a number (at most 1.8e308)"
_INFINITE = {f"{sign}{word}": float(f"{sign or '+'}inf")
             for sign in ("", "+", "-") for word in ("inf", "infinity")}  # fmt: skip
_TIMES = (dt.date, dt.time, np.datetime64, pd.Period)

# What text looks like that stands for a number which must be written otherwise.
_WRITTEN = {
    r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?": "written with thousands commas",
    r"[+-]?\d+,\d+": "written with a decimal comma",
    r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?": "written with thousands points",
    r"[+-]?\d{1,3}([ \u00a0\u2009\u202f']\d{3})+([.,]\d*)?": "written with spaces or marks",
    r"[\u2012-\u2015\u2212].*\d.*": "written with a minus sign that is not '-'",
    r"[+-]?[\d.,]+\s*[%\u2030\uff05]": "written with a percent sign",
    r"\([\d.,]+\)": "written in brackets",
    r"[\uff0b\uff0c-\uff0e\uff10-\uff19]+": "written in full-width digits",
    r"[+-]?\d[\d.,]*\s*[^\d\s.,]{1,3}": "written with a flag or unit behind it",
}


def _written(text: str) -> str:
    """What kind of text stands where a number is expected."""
    bare = text.strip()
    kind = next((kind for form, kind in _WRITTEN.items() if re.fullmatch(form, bare)), None)
    return kind or "text"


def unreadable(value: object) -> str:
    """What an id or a field of metadata is that can be no text, in words; "" for all others."""
    if value is None or isinstance(value, str):
        return "" if value is None or is_text(value) else "text with a lone surrogate or NUL"
    if isinstance(value, bool | np.bool_):
        return "a truth value"
    if isinstance(value, int) and abs(value) > _LONGEST:
        return "a whole number of hundreds of digits"
    scalar = isinstance(value, Real | Decimal | UUID | dt.date | np.datetime64 | pd.Period)
    return "" if scalar else f"of type {type(value).__name__}"


def plain(values: np.ndarray) -> bool:
    """Whether a column holds nothing but text, none of it blank or unreadable, and nulls."""
    return pd.api.types.infer_dtype(values, skipna=True) == "string" and all(
        text is None or (text.strip(" \t") and is_text(text)) for text in set(values.tolist())
    )


_LONGEST = 10**400  # Python makes no text of thousands of digits


def shown(value: Any) -> str:
    """A value as messages quote it: short, and as the caller's Python would show it."""
    if isinstance(value, np.generic):
        value = value.item() if value.dtype.kind != "M" else str(value) if value == value else None
    try:
        text = repr(value)
    except ValueError:  # of thousands of digits
        return "a whole number of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def build(
    columns: Mapping[str, Any],
    backend: str = "pandas",
    calendar: Calendar | None = None,
    times: Sequence[str] = (),
) -> Any:
    """A frame of the given kind.

    times: names of columns of integer periods, handed back as `calendar` reads them. NaN becomes
    the kind's own null.
    Raises UsageError for a kind that this library does not make.
    """
    if backend not in get_args(Backend):
        raise UsageError(
            f"backend={backend!r} found, one of {', '.join(get_args(Backend))} expected."
        )
    ready = {
        name: _plain(
            _in_time(np.asarray(column), calendar, backend)
            if calendar is not None and name in times
            else column
        )
        for name, column in columns.items()
    }
    frame = nw.from_dict(ready, backend=cast(Backend, backend))
    if backend != "pandas":  # pandas has no other null in a column of numbers
        frame = frame.with_columns(selectors.by_dtype(nw.Float64).fill_nan(None))
    return frame.to_native()


def _in_time(periods: np.ndarray, calendar: Calendar, backend: str) -> Any:
    encoded = calendar.encode(periods)
    if calendar.style == "period" and backend == "pandas":
        return pd.PeriodIndex(encoded, freq=calendar.freq)
    return encoded


def _plain(column: Any) -> Any:
    """Object arrays as lists: polars and pyarrow then see text, not opaque objects."""
    return column.tolist() if isinstance(column, np.ndarray) and column.dtype == object else column


def to_csv_bytes(columns: Mapping[str, Any]) -> bytes:
    """Columns as a UTF-8 CSV file; the mark at its head lets spreadsheets read Chinese."""
    return pd.DataFrame(dict(columns)).to_csv(index=False).encode("utf-8-sig")


def to_parquet_bytes(columns: Mapping[str, Any]) -> bytes:
    """Columns as a Parquet file."""
    buffer = io.BytesIO()
    pd.DataFrame(dict(columns)).to_parquet(buffer, index=False)
    return buffer.getvalue()


def repeat(values: Sequence[Any], counts: IntArray) -> np.ndarray:
    """Each value repeated as often as its count says, as one object array."""
    return np.repeat(np.array(list(values), dtype=object), counts)
