"""The only module that sees data frames: columns in, frames of the caller's kind out."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from westforecast.errors import DataError, Problem, UsageError, nearest
from westforecast.series.calendar import Calendar
from westforecast.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a frame as arrays, with the kind of frame they came from."""

    columns: Mapping[str, np.ndarray]
    backend: str  # "pandas", "polars", "pyarrow": what `build` makes again
    rows: int


def read(frame: Any, what: str = "the data") -> Table:
    """The columns of any frame that narwhals reads (pandas, polars, pyarrow, lazy ones collected)."""
    try:
        native = nw.from_native(frame)
    except TypeError as error:
        raise UsageError(
            f"{what} is a {type(frame).__name__}; expected a pandas, polars or pyarrow data frame "
            "with one row per series and period."
        ) from error
    table = native.collect() if isinstance(native, nw.LazyFrame) else native
    columns = {name: _array(table.get_column(name)) for name in table.columns}
    return Table(columns, table.implementation.name.lower(), len(table))


def _array(column: Any) -> np.ndarray:
    dtype = column.dtype
    if isinstance(dtype, nw.Datetime) and getattr(dtype, "time_zone", None) is None:
        return np.asarray(column.to_numpy()).astype("datetime64[ns]")
    if dtype.is_numeric() and column.null_count() > 0:
        return np.asarray(column.cast(nw.Float64).to_numpy(), dtype=float)
    if dtype.is_numeric():
        return np.asarray(column.to_numpy())
    return np.array(column.to_list() if len(column) else [], dtype=object)


def read_csv(path: str | Path, **options: Any) -> Table:
    """A CSV file as columns. Raises UsageError where the file is missing or is no table."""
    try:
        frame = pd.read_csv(path, encoding="utf-8-sig", **options)
    except FileNotFoundError:
        raise UsageError(
            f"no file {str(path)!r}. Check the path; it is relative to the current "
            "folder, or to the study file that names it."
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"cannot read {str(path)!r} as CSV: {error}") from error
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
    problems = [
        Problem(
            "columns",
            f"no column {name!r} (found: {', '.join(table.columns) or 'none'})",
            f"a column for {argument}",
            f"{nearest(name, table.columns)} Name it with {argument}=...",
        )
        for argument, name in wanted.items()
        if name not in table.columns
    ]
    if problems:
        raise DataError(problems, origin)


def factorize(values: np.ndarray) -> tuple[IntArray, np.ndarray]:
    """Codes [N] (-1 = null) and the distinct values as text, in order of first appearance."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    return codes.astype(np.int64), np.array([str(v) for v in distinct], dtype=object)


def numbers(values: np.ndarray) -> tuple[FloatArray, BoolArray]:
    """Values as floats [N] and a mask [N] of those that are text and not a number."""
    if values.dtype.kind in "iufb":
        return values.astype(float), np.zeros(len(values), bool)
    floats = pd.to_numeric(pd.Series(values, dtype=object), errors="coerce").to_numpy(dtype=float)
    blank = np.array(
        [v is None or v != v or (isinstance(v, str) and not v.strip()) for v in values]
    )
    return floats, np.isnan(floats) & ~blank.astype(bool)


def build(
    columns: Mapping[str, Any],
    backend: str = "pandas",
    calendar: Calendar | None = None,
    times: Sequence[str] = (),
) -> Any:
    """A frame of the given kind. `times` names columns of integer periods to hand back as `calendar` reads."""
    ready = {
        name: _time_column(np.asarray(column), calendar)
        if calendar is not None and name in times
        else _plain(column)
        for name, column in columns.items()
    }
    if backend not in {"pandas", "polars", "pyarrow"}:
        backend = "pandas"
    return nw.from_dict(ready, backend=backend).to_native()


def _time_column(periods: np.ndarray, calendar: Calendar) -> Any:
    encoded = calendar.encode(periods)
    if calendar.style == "period":
        return pd.PeriodIndex(encoded, freq=calendar.freq)
    return _plain(encoded)


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
