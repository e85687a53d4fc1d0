"""Fixed data for the benchmarks: a synthetic annual panel, and the M3 where it is there."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

M3 = Path(__file__).resolve().parents[2] / "shared" / "data" / "benchmarks" / "m3_yearly.parquet"
DIGEST = "d30295d4c543176f"


def synthetic(series: int, seed: int = 3) -> pd.DataFrame:
    """`series` ragged annual series of 14 to 41 values, growing and wandering."""
    generator = np.random.default_rng(seed)
    frames = []
    for i in range(series):
        length = int(generator.integers(14, 42))
        growth = generator.normal(0.03, 0.08, length)
        values = np.round(1000 * np.exp(np.cumsum(growth)), 3)
        frames.append(
            pd.DataFrame({"unique_id": f"s{i:05d}", "ds": range(2024 - length, 2024), "y": values})
        )
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="session")
def annual() -> pd.DataFrame:
    """The synthetic panel, checked to be the one that earlier figures were measured on."""
    frame = synthetic(645)
    found = hashlib.sha256(frame["y"].to_numpy().tobytes()).hexdigest()[:16]
    assert found == DIGEST, f"the benchmark data changed: {found}"
    return frame


@pytest.fixture(scope="session")
def m3() -> pd.DataFrame:
    """M3 yearly, 645 series."""
    if not M3.exists():
        pytest.skip("no M3 data beside the repository")
    return pd.read_parquet(M3)[["unique_id", "ds", "y"]]
