"""Results join the caller's frame: ids, times and names of columns come back as they were given."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import westforecast as wf

N = 9
NAMES = {"id_col": "country", "time_col": "when", "target_col": "value"}


def stamps(start, freq, unit="ns", zone=None):
    return pd.Series(pd.date_range(start, periods=N, freq=freq, tz=zone).as_unit(unit))


def periods(start, freq):
    return pd.Series(pd.period_range(start, periods=N, freq=freq))


YEARS = np.arange(2003, 2003 + N)
MONTHS = [200908 + k if k < 5 else 201001 + k - 5 for k in range(N)]
QUARTERS = [10 * (2010 + k // 4) + k % 4 + 1 for k in range(N)]
DAYS = [dt.date(2003 + k, 12, 31) for k in range(N)]

# Kinds of times pandas has: name -> (freq, column).
TIMES = {
    **{f"years {t}": ("Y", pd.Series(YEARS, dtype=t)) for t in (
        "int16", "int32", "int64", "uint16", "uint32", "uint64", "float32", "float64", "Int16",
        "Int64", "UInt32", "Float64", "int32[pyarrow]", "object", "category")},
    **{f"counters {t}": ("Q", pd.Series(np.arange(1, N + 1), dtype=t)) for t in (
        "int8", "uint8", "UInt8")},
    **{f"text {t}": ("Y", pd.Series(YEARS.astype(str)).astype(t)) for t in (
        "object", "string", "string[pyarrow]", "category")},
    **{f"yyyymm {t}": ("M", pd.Series(MONTHS).astype(t)) for t in (
        "int32", "int64", "uint32", "uint64", "Int64", "float64", "object")},
    "yyyymm text": ("M", pd.Series(MONTHS).astype(str)),
    "yyyyq": ("Q", pd.Series(QUARTERS, dtype="uint16")),
    "yyyyq text": ("Q", pd.Series(QUARTERS).astype(str)),
    "yyyymm of quarters": ("Q", pd.Series([200603, 200606, 200609, 200612, 200703, 200706, 200709,
                                           200712, 200803])),
    "yyyymmdd": ("Y", pd.Series([(2003 + k) * 10000 + 331 for k in range(N)])),
    "yyyymmdd of months": ("M", stamps("2008-01-31", "ME").dt.strftime("%Y%m%d").astype("int64")),
    "2010Q1": ("Q", periods("2010Q1", "Q").astype(str)),
    "2010 q1": ("Q", periods("2010Q1", "Q").astype(str).str.replace("Q", " q")),
    "2010-01": ("M", periods("2010-01", "M").astype(str)),
    "2010/1": ("M", pd.Series([f"2010/{k}" for k in range(3, 12)])),
    "2010M01": ("M", pd.Series([f"2010M{k:02d}" for k in range(3, 12)])),
    "2010m1": ("M", pd.Series([f"2010m{k}" for k in range(3, 12)])),
    "padded text": ("Y", pd.Series([f" {year} " for year in YEARS])),
    "year's last month": ("Y", pd.Series([f"{year}-12" for year in YEARS])),
    "iso date": ("Q", stamps("2008-03-31", "QE").dt.strftime("%Y-%m-%d")),
    "iso date and time": ("M", stamps("2008-01-31", "ME").dt.strftime("%Y-%m-%dT%H:%M")),
    "iso with zone": ("Y", stamps("2008-12-31", "YE").dt.strftime("%Y-%m-%dT00:00:00+08:00")),
    "slashes": ("M", pd.Series([f"2010/{k}/1" for k in range(3, 12)])),
    **{f"{a} {unit}": (f, stamps("2007-01-31", a, unit)) for f, a in (
        ("Y", "YS"), ("Y", "YE"), ("Y", "YE-FEB"), ("Q", "QS"), ("Q", "QE-JAN"), ("M", "MS"),
        ("M", "ME"), ("M", "BME"), ("Q", "BQE"), ("Y", "BYE"), ("M", "BMS"))
        for unit in ("s", "ms", "us", "ns")},
    "noon": ("M", stamps("2007-01-31 12:00", "ME")),
    "one nanosecond to midnight": ("Y", stamps("2007-12-31 23:59:59.999999999", "YE")),
    "mid-month": ("M", stamps("2007-01-01", "MS") + pd.Timedelta(days=14)),
    "before 1677": ("Y", pd.Series(np.arange("1500", "1509", dtype="datetime64[Y]")
                                   .astype("datetime64[s]"))),
    "after 2262": ("Y", pd.Series(np.arange("2300", "2309", dtype="datetime64[Y]")
                                  .astype("datetime64[us]"))),
    "after 9999": ("Y", pd.Series(np.arange("12000", "12009", dtype="datetime64[Y]")
                                  .astype("datetime64[s]"))),
    "before Christ": ("Y", pd.Series(np.arange("-0044", "-0035", dtype="datetime64[Y]")
                                     .astype("datetime64[s]"))),
    **{f"zone {zone}": (f, stamps(day, a, "us", zone)) for zone in (
        "UTC", "Asia/Shanghai", "America/New_York", dt.timezone(dt.timedelta(hours=8)))
        for day, f, a in (("2007-12-31", "Y", "YE"), ("2007-03-01", "M", "MS"))},
    **{f"period {a}": (a[0], periods("2007-01", a)) for a in (
        "Y", "Y-MAR", "Y-JUN", "Q", "Q-JAN", "Q-MAR", "Q-NOV", "M")},
    "dates": ("Y", pd.Series(DAYS, dtype=object)),
    "arrow dates": ("Y", pd.Series(DAYS, dtype=pd.ArrowDtype(pa.date32()))),
    "arrow stamps": ("Y", stamps("2007-12-31", "YE").astype("timestamp[us][pyarrow]")),
    "datetime objects": ("Y", pd.Series([dt.datetime(2003 + k, 1, 1) for k in range(N)],
                                        dtype=object)),
    "stamp objects": ("Y", pd.Series([pd.Timestamp(2003 + k, 1, 1) for k in range(N)],
                                     dtype=object)),
    "zoned objects": ("Y", pd.Series([dt.datetime(2003 + k, 1, 1, tzinfo=dt.UTC) for k in range(N)],
                                     dtype=object)),
}  # fmt: skip

IDS = {
    "text": ["b", "a"],
    "numbers as text": ["007", "10"],
    "int64": pd.Series([10, 9]),
    "int16": pd.Series([10, 9], dtype="int16"),
    "Int64": pd.Series([10, 9], dtype="Int64"),
    "uint64": pd.Series([2**63 + 1, 9], dtype="uint64"),
    "float": pd.Series([1.0, 2.5]),
    "string": pd.Series(["b", "a"], dtype="string"),
    "arrow text": pd.Series(["b", "a"], dtype="string[pyarrow]"),
    "category": pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["c", "b", "a"], ordered=True)),
    "category of numbers": pd.Series([10, 9], dtype="category"),
    "objects": pd.Series([1, "a"], dtype=object),
    "dates": pd.Series([dt.date(2001, 1, 1), dt.date(2002, 1, 1)], dtype=object),
}


def given(ids, times):
    """A long frame of two series, the second one shorter."""
    ids, times = pd.Series(ids), pd.Series(times)
    rows = pd.concat([times, times[2:]], ignore_index=True)
    country = ids.repeat([N, N - 2]).reset_index(drop=True)
    y = np.arange(len(rows)) ** 1.5 + 10
    return pd.DataFrame({"country": country, "when": rows, "value": y})


def pandas_of(frame):
    return frame if isinstance(frame, pd.DataFrame) else frame.to_pandas()


def check(frame, freq):
    """Every frame of a backtest joins the caller's on id and time, and loses no row."""
    panel = wf.Panel.from_frame(frame, freq=freq, **NAMES)
    result = wf.backtest(panel, ["Naive", "Drift"], h=2, n_windows=2, levels=(80,))
    keys = ["country", "when"]
    back = panel.to_frame()
    assert joined(back, frame, keys) == count(frame) == count(back)
    for made in (result.long(), result.wide(), result.losses("mae")):
        assert types(made, keys) == types(frame, keys)
        assert joined(made, frame, keys) == count(made) > 0
        both = merged(made, frame, keys)
        assert both["value_x"].equals(both["value_y"]) if "value_x" in both else True
        renamed = rename(frame, {"when": "cutoff"})
        assert joined(made, renamed, ["country", "cutoff"]) == count(made)
    for made in (result.ledger, result.scores(by=["country", "cutoff"])):
        assert joined(made, rename(frame, {"when": "cutoff"}), ["country", "cutoff"]) == count(made)
    scores = result.scores("mae", by=["model", "country", "when"])
    assert joined(scores, frame, keys) == count(scores) == 12
    ahead = wf.forecast(panel, "Naive", h=1).long()
    assert types(ahead, ["country"]) == types(frame, ["country"])
    assert joined(ahead, frame, keys) == 0
    assert joined(ahead, rename(frame, {"when": "cutoff"}), ["country", "cutoff"]) == 2


def count(frame):
    return frame.num_rows if isinstance(frame, pa.Table) else len(frame)


def rename(frame, names):
    if isinstance(frame, pa.Table):
        return frame.rename_columns([names.get(name, name) for name in frame.column_names])
    return frame.rename(columns=names) if isinstance(frame, pd.DataFrame) else frame.rename(names)


def types(frame, keys):
    if isinstance(frame, pa.Table):
        return [frame.schema.field(key).type for key in keys]
    return [frame[key].dtype for key in keys]


def merged(made, frame, keys):
    if isinstance(frame, pd.DataFrame):
        return made.merge(frame, on=keys)
    if isinstance(frame, pl.DataFrame):
        return made.join(frame, on=keys).to_pandas()
    return made.to_pandas().merge(frame.to_pandas(), on=keys)


def joined(made, frame, keys):
    return len(merged(made, frame, keys))


@pytest.mark.parametrize("kind", TIMES)
def test_times_of_pandas_join(kind):
    freq, times = TIMES[kind]
    check(given(["b", "a"], times), freq)


@pytest.mark.parametrize("kind", IDS)
def test_b27_ids_of_pandas_join(kind):
    check(given(IDS[kind], YEARS), "Y")


POLARS = {
    **{str(t): ("Y", pl.Series(YEARS).cast(t)) for t in (
        pl.Int16, pl.Int32, pl.Int64, pl.UInt16, pl.UInt64, pl.Float32, pl.String)},
    "categorical": ("Y", pl.Series(YEARS.astype(str)).cast(pl.Categorical)),
    "enum": ("Y", pl.Series(YEARS.astype(str)).cast(pl.Enum([str(y) for y in range(2000, 2013)]))),
    "yyyymm": ("M", pl.Series(MONTHS, dtype=pl.UInt32)),
    "date": ("Y", pl.Series(DAYS)),
    "distant date": ("Y", pl.Series(np.arange("12000", "12009", dtype="datetime64[Y]")
                                    .astype("datetime64[D]"))),
    **{f"stamp {unit} {zone}": ("M", pl.from_pandas(stamps("2007-01-31", "ME", unit, zone)))
       for unit in ("ms", "us", "ns") for zone in (None, "UTC", "Asia/Shanghai")},
    "noon": ("Y", pl.from_pandas(stamps("2007-12-31 12:00", "YE"))),
}  # fmt: skip


@pytest.mark.parametrize("kind", POLARS)
def test_times_of_polars_join(kind):
    freq, times = POLARS[kind]
    check(polars(pl.Series(["b", "a"]), times), freq)


@pytest.mark.parametrize(
    "ids",
    [
        pl.Series([10, 9], dtype=pl.Int16),
        pl.Series([2**63 + 1, 9], dtype=pl.UInt64),
        pl.Series(["b", "a"], dtype=pl.Categorical),
        pl.Series(["b", "a"], dtype=pl.Enum(["c", "a", "b"])),
    ],
    ids=lambda ids: str(ids.dtype),
)
def test_b27_ids_of_polars_join(ids):
    check(polars(ids, pl.Series(YEARS)), "Y")


def polars(ids, times):
    rows = pl.concat([times, times[2:]])
    country = ids.gather([0] * N + [1] * (N - 2))
    return pl.DataFrame({"country": country, "when": rows,
                         "value": np.arange(2 * N - 2) ** 1.5 + 10})  # fmt: skip


ARROW = {
    **{str(t): ("Y", pa.array(YEARS).cast(t)) for t in (
        pa.int16(), pa.int32(), pa.uint16(), pa.uint64(), pa.float64(), pa.string(),
        pa.large_string())},
    "dictionary": ("Y", pa.array(YEARS.astype(str)).dictionary_encode()),
    "yyyymm": ("M", pa.array(MONTHS, pa.uint32())),
    **{str(t): ("Y", pa.array(DAYS).cast(t)) for t in (
        pa.date32(), pa.date64(), *(pa.timestamp(u, z) for u in ("s", "ms", "us", "ns")
                                    for z in (None, "UTC", "Asia/Shanghai")))},
}  # fmt: skip


@pytest.mark.parametrize("kind", ARROW)
def test_times_of_pyarrow_join(kind):
    freq, times = ARROW[kind]
    check(arrow(pa.array(["b", "a"]), times), freq)


@pytest.mark.parametrize(
    "ids",
    [
        pa.array([10, 9], pa.int16()),
        pa.array(["b", "a"], pa.large_string()),
        pa.array(["b", "a"]).dictionary_encode(),
    ],
    ids=lambda ids: str(ids.type),
)
def test_b27_ids_of_pyarrow_join(ids):
    check(arrow(ids, pa.array(YEARS)), "Y")


def arrow(ids, times):
    rows = pa.chunked_array([times, times[2:]])
    country = ids.take(pa.array([0] * N + [1] * (N - 2)))
    return pa.table({"country": country, "when": rows,
                     "value": np.arange(2 * N - 2) ** 1.5 + 10})  # fmt: skip
