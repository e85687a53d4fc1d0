"""The only module that sees data frames: columns in, frames of the caller's kind out."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals import selectors

from westforecast.errors import DataError, Problem, UsageError, nearest
from westforecast.series.calendar import Calendar
from westforecast.text import cell
from westforecast.typing import BoolArray, FloatArray, IntArray

Backend = Literal["pandas", "polars", "pyarrow"]

# What a column of numbers may say, in any case, where it has none.
_BLANK = {"", "na", "n/a", "#n/a", "nan", "null", "none"}


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a frame as arrays, with the kind of frame they came from."""

    columns: Mapping[str, np.ndarray]  # nulls are NaN, NaT or None
    backend: Backend  # what `build` makes again
    rows: int

    def without(self, names: Sequence[str]) -> "Table":
        """The table less some columns."""
        kept = {name: column for name, column in self.columns.items() if name not in names}
        return Table(kept, self.backend, self.rows)


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


def read_csv(path: str | Path, **options: Any) -> Table:
    """A CSV file as columns; options as for pandas.read_csv.

    Raises UsageError where the file is missing, DataError where it is no table.
    """
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", **options)
    except FileNotFoundError:
        raise UsageError(
            f"no file {str(path)!r}. Check the path; it is relative to the current "
            "folder, or to the study file that names it."
        ) from None
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        remedy = "Save it as UTF-8 (in a spreadsheet: 'CSV UTF-8')."
        raise DataError(
            [Problem("the file", "not UTF-8 text", "UTF-8", remedy)], str(path)
        ) from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        remedy = "Check that it has a header and is separated by commas."
        raise DataError([Problem("the file", str(error), "a table", remedy)], str(path)) from error
    return read(frame)


def read_parquet(path: str | Path) -> Table:
    """A Parquet file as columns. Raises UsageError where the file is missing or is no table."""
    try:
        return read(pd.read_parquet(path))
    except FileNotFoundError:
        raise UsageError(f"no file {str(path)!r}. Check the path.") from None
    except (ValueError, OSError) as error:
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


def numbers(values: np.ndarray) -> tuple[FloatArray, BoolArray]:
    """Values as floats [N] and a mask [N] of those that are text and not a number."""
    if values.dtype.kind in "iufb":
        return values.astype(float), np.zeros(len(values), bool)
    floats = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=float)
    blank = [v is None or str(v).strip().lower() in _BLANK for v in values]
    return floats, np.isnan(floats) & ~np.array(blank, bool)


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
    """Columns as a UTF-8 CSV file for people and their spreadsheets.

    The mark at its head lets them read Chinese; a text that one would take for a formula begins
    with an apostrophe, and what cannot be seen is escaped (`westforecast.text.cell`). Parquet keeps
    texts as they are.
    """
    safe = _in_text({cell(name): column for name, column in columns.items()}, cell)
    return safe.to_csv(index=False).encode("utf-8-sig")


def to_parquet_bytes(columns: Mapping[str, Any]) -> bytes:
    """Columns as a Parquet file."""
    buffer = io.BytesIO()
    _in_text(columns, _encoded).to_parquet(buffer, index=False)
    return buffer.getvalue()


def _in_text(columns: Mapping[str, Any], change: Callable[[str], str]) -> pd.DataFrame:
    """A frame of columns with their texts changed; numbers, times and nulls stay."""
    made = pd.DataFrame(dict(columns))
    for name, dtype in made.dtypes.items():
        if dtype.kind != "O":
            continue
        column = made[name].astype(object)
        texts = np.array([isinstance(value, str) for value in column], dtype=bool)
        changed = np.array([change(value) for value in column[texts]], dtype=object)
        if (changed != column[texts].to_numpy()).any():
            column[texts] = changed
            made[name] = column
    return made


def _encoded(text: str) -> str:
    """A text that UTF-8 can hold: halves of characters (lone surrogates) are escaped."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def repeat(values: Sequence[Any], counts: IntArray) -> np.ndarray:
    """Each value repeated as often as its count says, as one object array."""
    return np.repeat(np.array(list(values), dtype=object), counts)
