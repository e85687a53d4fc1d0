"""Fixed data: M3 and M4 yearly where they lie beside the repository, checked to be themselves."""

import os
from pathlib import Path

import pandas as pd

from westforecast.speed import digest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = Path(os.environ.get("WESTFORECAST_BENCHMARK_DATA", ROOT.parent / "shared/data/benchmarks"))
# file, and the digest of its values
SETS = {
    "m3": ("m3_yearly.parquet", "d95f836b46d93e7a"),
    "m4": ("m4_yearly_train.parquet", "da8e6946044276f9"),
}


def read(name: str) -> pd.DataFrame | None:
    """One of the collections, train and test in one; None where the file is not there."""
    file, expected = SETS[name]
    if not (FOLDER / file).exists():
        return None
    frame = pd.read_parquet(FOLDER / file)[["unique_id", "ds", "y"]]
    same(frame, expected)
    return frame


def same(frame: pd.DataFrame, expected: str) -> None:
    """Assert that values are those that earlier figures were measured on."""
    found = digest(frame["y"].to_numpy())
    assert found == expected, f"the benchmark data changed: {found}, {expected} expected"
