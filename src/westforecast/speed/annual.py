"""The synthetic annual panel that speed is measured on: the same numbers everywhere."""

import hashlib

import numpy as np
import pandas as pd

from westforecast.typing import FloatArray

SERIES = 645  # as many as the M3 has yearly ones
LAST = 2023
SHORTEST, LONGEST = 14, 41
# Of the values of `annual(SERIES)`: figures measured on other data are not comparable.
DIGEST = "d30295d4c543176f"


def annual(series: int = SERIES, length: int | None = None, seed: int = 3) -> pd.DataFrame:
    """A long frame of series that grow and wander, all ending in the same year.

    series: S. length: values in each; ragged, 14 to 41, unless set.
    """
    generator = np.random.default_rng(seed)
    values = []
    for _ in range(series):
        size = length or int(generator.integers(SHORTEST, LONGEST + 1))
        growth = generator.normal(0.03, 0.08, size)
        values.append(np.round(1000 * np.exp(np.cumsum(growth)), 3))
    sizes = [len(y) for y in values]
    return pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{i:05d}" for i in range(series)], sizes),
            "ds": np.concatenate([np.arange(LAST + 1 - size, LAST + 1) for size in sizes]),
            "y": np.concatenate(values),
        }
    )


def digest(y: FloatArray) -> str:
    """The first 16 digits of the SHA-256 of values."""
    return hashlib.sha256(np.ascontiguousarray(y, np.float64).tobytes()).hexdigest()[:16]
