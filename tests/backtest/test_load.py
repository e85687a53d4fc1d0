"""A saved result is loaded: the same frames, scores, words and manifest."""

import datetime as dt
import json
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import westforecast as wf

from ..builders import NAN, frame

N = 8
Y = [3.0, 5.0, 4.0, 8.0, 7.0, 9.0, 12.0, 11.0]


def two(ids, ds, backend="pandas"):
    given = pd.concat([frame(Y, ds), frame(Y[::-1], ds)], ignore_index=True)
    given["unique_id"] = pd.Series(ids).repeat(N).reset_index(drop=True)
    given["region"] = ["CN-SC"] * N + ["CN-SN"] * N
    if backend == "polars":
        return pl.from_pandas(given)
    return given if backend == "pandas" else pa.Table.from_pandas(given, preserve_index=False)


KINDS = {
    "plain": (["b", "a"], np.arange(2003, 2003 + N), "Y"),
    "fiscal": ([7, 10], pd.period_range("2008Q1", periods=N, freq="Q-MAR"), "Q"),
    "zone": (["b", "a"], pd.date_range("2008-01-31", periods=N, freq="ME", tz="Asia/Shanghai"),
             "M"),
    "offset": (["b", "a"], pd.date_range("2008-01-31", periods=N, freq="ME",
                                         tz=dt.timezone(dt.timedelta(hours=8))), "M"),
    "seconds": (pd.Series(["b", "a"], dtype="string"),
                pd.Series(np.arange("1500", "1508", dtype="datetime64[Y]")
                          .astype("datetime64[s]")), "Y"),
    "yyyymm": (pd.Series([1, 2], dtype="Int8"), pd.Series(range(200901, 200909), dtype="uint32"),
               "M"),
    "category": (pd.Series(["b", "a"], dtype=pd.CategoricalDtype(["c", "b", "a"], ordered=True)),
                 pd.Series(range(2003, 2003 + N), dtype="Int32"), "Y"),
    "objects": (pd.Series([1, "a"], dtype=object), [dt.date(2003 + k, 12, 31) for k in range(N)],
                "Y"),
    "arrow numbers": (pd.Series([7, 8], dtype="int32[pyarrow]"),
                      pd.Series([dt.date(2003 + k, 12, 31) for k in range(N)],
                                dtype=pd.ArrowDtype(pa.date32())), "Y"),
    "python zone": ([1.5, 2.0], [dt.datetime(2003 + k, 1, 1, tzinfo=dt.UTC) for k in range(N)],
                    "Y"),
    "arrow": (pd.Series(["b", "a"], dtype="string[pyarrow]"),
              pd.Series(pd.date_range("2008-01-31", periods=N, freq="ME"))
              .astype("timestamp[us][pyarrow]"), "M"),
}  # fmt: skip
CASES = [(kind, "pandas") for kind in KINDS] + [
    (kind, backend)
    for kind in ("plain", "zone", "yyyymm", "category")
    for backend in ("polars", "pyarrow")
]


def same(one, other):
    assert type(one) is type(other)
    if isinstance(one, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other)
    else:
        assert one.schema == other.schema
        assert one.equals(other)


def tables(result):
    yield result.long()
    yield result.wide()
    yield result.ledger
    yield result.losses("mae")
    yield result.scores(["mase", "coverage"], by=["unique_id", "cutoff", "region"])
    yield result.scores("mae", by=["model", "ds"])
    yield result.plan.panel.to_frame(meta=True)


@pytest.mark.parametrize(("kind", "backend"), CASES)
def test_b45_the_same_frames_come_back(kind, backend, tmp_path):
    ids, ds, freq = KINDS[kind]
    panel = wf.Panel.from_frame(two(ids, ds, backend), freq=freq)
    result = wf.backtest(panel, ["Naive", "Drift"], h=2, n_windows=2, levels=(80,), gap=1)
    result.save(tmp_path)
    loaded = wf.load(tmp_path)
    for before, after in zip(tables(result), tables(loaded), strict=True):
        same(before, after)
    assert repr(loaded) == repr(result)
    assert loaded.plan.panel.digest() == panel.digest()
    assert loaded.plan.panel.indicators == panel.indicators


@pytest.fixture
def failing():
    """Some windows skipped, some failed and answered by a fallback."""
    data = pd.concat([frame(Y), frame([1.0, 2.0]).assign(unique_id="b"),
                      frame([1.0, NAN, 2.0, NAN, 5.0]).assign(unique_id="c")])  # fmt: skip
    panel = wf.Panel.from_frame(data, gaps="keep", meta={"a": {"breaks": (2003,), "unit": "t"}})
    return wf.backtest(panel, ["Naive", "Drift", "DampedLogGrowth"], h=1, n_windows=2,
                       align="series", fallback="Naive", levels=(80, 95))  # fmt: skip


def test_b45_reasons_fallbacks_and_the_manifest_come_back(failing, tmp_path):
    assert failing.failed and failing.plan.skipped
    failing.save(tmp_path)
    loaded = wf.load(str(tmp_path))
    same(failing.long(), loaded.long())
    same(failing.ledger, loaded.ledger)
    told = json.loads((tmp_path / "manifest.json").read_text())
    again = json.loads(json.dumps(loaded.manifest(), default=str))
    assert again == {name: value for name, value in told.items() if name != "files"}
    assert loaded.without("Drift").manifest()["models"] == {
        name: text for name, text in told["models"].items() if name != "Drift"
    }


def test_b45_a_loaded_result_is_saved_compared_and_looked_at(failing, tmp_path):
    failing.save(tmp_path / "one")
    loaded = wf.load(tmp_path / "one")
    loaded.save(tmp_path / "two")
    same(wf.load(tmp_path / "two").wide(), failing.wide())
    assert (tmp_path / "one" / "result.npz").read_bytes() == (
        tmp_path / "two" / "result.npz"
    ).read_bytes()
    with pytest.raises(wf.UsageError, match=r"a saved result, which keeps forecasts and no models"):
        next(iter(loaded.models.values())).compute(loaded.plan.windows, 1, ())


def test_b45_a_forecast_comes_back(tmp_path):
    result = wf.forecast(wf.Panel.from_frame(two([1, 2], range(N))), "Drift", h=3, levels=(80,))
    result.save(tmp_path)
    same(wf.load(tmp_path).wide(), result.wide())


class TestWhatCannotBeLoaded:
    @pytest.fixture
    def folder(self, tmp_path):
        wf.forecast(wf.Panel.from_frame(frame(Y)), "Naive", h=1).save(tmp_path)
        return tmp_path

    def refused(self, folder, match):
        with pytest.raises(wf.UsageError, match=match):
            wf.load(folder)

    def test_a_folder_without_a_result(self, tmp_path):
        self.refused(tmp_path / "none", r"no saved result in .*none': cannot read manifest.json")
        self.refused(tmp_path, r"Give the folder that Result.save wrote")

    def test_another_folder_of_the_library(self, folder):
        (folder / "manifest.json").write_text('{"format": 1, "study": "cnc"}')
        self.refused(folder, r"is not that of a result")
        (folder / "manifest.json").write_text("[]")
        self.refused(folder, r"is not that of a result")

    @pytest.mark.parametrize("format", [1, 3, "2"])
    def test_another_format(self, folder, format):
        manifest = json.loads((folder / "manifest.json").read_text())
        (folder / "manifest.json").write_text(json.dumps(manifest | {"format": format}))
        self.refused(folder, rf"has format {format!r}; this version of westforecast reads 2")

    def test_a_damaged_manifest(self, folder):
        (folder / "manifest.json").write_text('{"format": 2,')
        self.refused(folder, r"manifest.json' is damaged: no JSON")

    def test_a_damaged_or_missing_file_of_numbers(self, folder):
        data = (folder / "result.npz").read_bytes()
        (folder / "result.npz").write_bytes(data[:-20])
        self.refused(folder, r"result.npz' is damaged: it is not the file that was saved")
        (folder / "result.npz").unlink()
        self.refused(folder, r"cannot read result.npz")


def test_what_was_read_from_the_unit_is_read_again(tmp_path):
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2006), "y": range(10, 16)})
    wf.forecast(df.assign(unit="亿元"), "Naive", h=1).save(tmp_path)
    indicator = wf.load(tmp_path).plan.panel.indicators[0]
    assert indicator.factor == 1e8
    assert indicator.with_(unit="tonnes").factor == 1
    assert indicator.with_(unit="万元").factor == 1e4


ODD = {
    "categories of periods": {"ds": pd.Categorical(pd.period_range("2000Q1", periods=8, freq="Q"))},
    "sparse years": {"ds": pd.array(range(2000, 2008), dtype="Sparse[int]")},
    "an id of 21 digits": {"unique_id": np.array([10**20] * 8, dtype=object)},
    "fractions": {"unique_id": np.array([Fraction(1, 3)] * 8, dtype=object)},
    "dictionaries of Arrow": {
        "unique_id": pd.array(["a"] * 8, pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())))
    },
    "decimals of Arrow": {
        "unique_id": pd.array([Decimal(1)] * 8, pd.ArrowDtype(pa.decimal128(5, 0)))
    },
}


@pytest.mark.filterwarnings("ignore:columns of ids and times are saved as text")
@pytest.mark.parametrize("odd", ODD)
def test_what_is_saved_can_be_loaded(odd, tmp_path):
    """In its own types, or as text with a warning: never a file that cannot be read."""
    columns = {"unique_id": "a", "ds": range(2000, 2008), "y": range(8)} | ODD[odd]
    result = wf.backtest(pd.DataFrame(columns), "Drift", h=1)
    result.save(tmp_path)
    loaded = wf.load(tmp_path)
    assert loaded.long()["yhat"].tolist() == result.long()["yhat"].tolist()
    assert [*map(str, loaded.long()["ds"])] == [*map(str, result.long()["ds"])]
    assert len(pd.read_parquet(tmp_path / "forecasts.parquet")) == len(result.long())


def test_what_is_no_folder_is_refused():
    for folder in (None, 5):
        with pytest.raises(wf.UsageError, match="the path of a folder expected"):
            wf.load(folder)


def test_the_manifest_is_for_people_and_the_archive_counts(tmp_path):
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2008), "y": range(8)})
    wf.forecast(df, "Drift", h=1, levels=(80,)).save(tmp_path)
    path = tmp_path / "manifest.json"
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps(manifest | {"levels": [50], "probes": 3}))
    assert wf.load(tmp_path).levels == (80,)
    path.write_text(json.dumps({n: v for n, v in manifest.items() if n != "files"}))
    with pytest.raises(wf.UsageError, match=r"damaged: it does not name result.npz"):
        wf.load(tmp_path)
