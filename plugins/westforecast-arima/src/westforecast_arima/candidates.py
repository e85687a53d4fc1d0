"""The candidates of `AveragedARIMA` and their prior, read from the package's tables."""

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np

from westforecast.kernels.autoregression import Candidates
from westforecast.typing import FloatArray

# The likelihood is conditional on so many first values: the highest p + d of orders.csv.
GIVEN = 3
ORDER = ("p", "d", "q")


@lru_cache
def candidates(scale: str) -> Candidates:
    """The candidates on the "level" or "log" scale: orders.csv, moving_averages.csv, shrinkage.csv.

    An order without weight on a scale is left out there. Weights are parts of the sum over both
    scales, so that the table says as well how likely logarithms are.
    """
    orders, points, shrinkage = map(table, ("orders", "moving_averages", "shrinkage"))
    used = orders[scale] > 0
    weight = orders[scale][used] / (orders["level"].sum() + orders["log"].sum())
    degree = points["q"].astype(np.int64)
    d, lag = shrinkage["d"].astype(np.int64), shrinkage["lag"].astype(np.int64)
    center, values = np.zeros((2, 3, lag.max()))
    center[d, lag - 1], values[d, lag - 1] = shrinkage["mean"], shrinkage["values"]
    return Candidates(
        orders=np.column_stack([orders[name][used] for name in ORDER]).astype(np.int64),
        constant=orders["constant"][used],
        log_order=np.log(weight),
        theta=np.column_stack([points["theta1"], points["theta2"]]),
        degree=degree,
        log_theta=np.log(points["weight"] / np.bincount(degree, points["weight"])[degree]),
        center=center,
        weight=values,
        given=GIVEN,
    )


def table(name: str) -> dict[str, FloatArray]:
    """The columns of a table of numbers."""
    text = (files("westforecast_arima") / f"{name}.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    return dict(zip(header, np.array(rows, float).T, strict=True))
