"""Both sides of the comparison: the same series, origins and horizon, frame in."""

import warnings
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from westforecast.api import Models, backtest
from westforecast.backtest import Result
from westforecast.series import Panel

# A benchmark may know its peer where the library may not depend on it: asked for by name.
PEER = "statsforecast"
# Fewest values before the first origin: enough for every model compared here.
LEAST = 8


def eligible(frame: pd.DataFrame, horizon: int, origins: int, least: int = LEAST) -> pd.DataFrame:
    """The series with at least `least` values before the first of so many origins, one apart."""
    length = frame.groupby("unique_id", sort=False)["y"].transform("size")
    return frame[length >= least + origins - 1 + horizon].reset_index(drop=True)


def spread(frame: pd.DataFrame, count: int | None) -> pd.DataFrame:
    """So many of the series, evenly spread over the frame; all where there are no more."""
    ids = frame["unique_id"].unique()
    if count is None or count >= len(ids):
        return frame
    picked = ids[np.linspace(0, len(ids) - 1, count).round().astype(int)]
    return frame[frame["unique_id"].isin(picked)].reset_index(drop=True)


def ours(
    frame: pd.DataFrame, models: Models, horizon: int, origins: int, **settings: Any
) -> tuple[Result, pd.DataFrame]:
    """The whole of it: frame in, forecasts and a table of scores out.

    In this thread alone, unless the settings, further ones of `backtest`, name another engine.
    """
    options = {"align": "series", "engine": "serial", "progress": False, **settings}
    result = backtest(Panel.from_frame(frame), models, h=horizon, n_windows=origins, **options)
    return result, result.scores(["smape", "mase"])


def theirs(
    frame: pd.DataFrame, kind: str, horizon: int, origins: int, **settings: Any
) -> pd.DataFrame:
    """The forecasts of statsforecast's `cross_validation`, in column "peer"; no scores.

    kind: a class of `statsforecast.models`, made with its defaults. settings: further arguments of
    `StatsForecast`.
    """
    options: Mapping[str, Any] = {"freq": 1, "n_jobs": 1, **settings}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says of single series is not the subject here
        model = getattr(import_module(f"{PEER}.models"), kind)(alias="peer")
        peer = import_module(PEER).StatsForecast([model], **options)
        found: pd.DataFrame = peer.cross_validation(
            df=frame, h=horizon, n_windows=origins, step_size=1
        )
    return found
