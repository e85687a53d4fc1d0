"""Small panels and frames that many tests need."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from westforecast import Panel

NAN = float("nan")


def frame(y: Sequence[Any], ds: Sequence[Any] | None = None, **columns: Any) -> pd.DataFrame:
    """A long frame of one annual series `a` from 2000 on; columns as given."""
    ds = range(2000, 2000 + len(y)) if ds is None else ds
    return pd.DataFrame({"unique_id": "a", "ds": ds, "y": y, **columns})


def panel(*series: Sequence[float], first: int | Sequence[int] = 2000, freq: str = "Y") -> Panel:
    """A panel of series `a`, `b`, ...; each begins in `first` and may hold NaN."""
    begins = [first] * len(series) if isinstance(first, int) else first
    frames = [
        frame(y, range(begin, begin + len(y))).assign(unique_id=chr(ord("a") + i))
        for i, (y, begin) in enumerate(zip(series, begins, strict=True))
    ]
    return Panel.from_frame(pd.concat(frames), freq=freq, gaps="keep")


def walk(length: int, seed: int = 0) -> np.ndarray:
    """A positive random walk around 100."""
    return 100 + np.random.default_rng(seed).normal(0, 3, length).cumsum()
