"""The candidates of `AveragedETS` and their prior, read from the package's tables."""

import csv
from functools import lru_cache
from importlib.resources import files

import numpy as np

from westforecast.kernels.smoothing import Grid
from westforecast.typing import FloatArray, IntArray

FORMS = ("level", "trend", "damped")
PIECE = 256


def table(name: str, **where: str) -> dict[str, FloatArray]:
    """The numbers in a table of the package, in rows with the given words; forms by their place."""
    text = (files("westforecast_ets") / name).read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if where.items() <= row.items()]
    place = {form: str(k) for k, form in enumerate(FORMS)}
    return {
        key: np.array([float(place.get(row[key], row[key])) for row in rows])
        for key in rows[0]
        if key not in where
    }


@lru_cache(maxsize=16)
def grids(scale: str, season_length: int) -> tuple[tuple[Grid, IntArray], ...]:
    """The candidates on a scale in groups of one form, damping and season; each group's form [K].

    Every row of prior.csv of the scale, in data with a season with every row of season.csv. They
    come in pieces of at most `PIECE` candidates, so that memory does not grow with the tables.
    """
    points, season = table("prior.csv", scale=scale), table("season.csv")
    if season_length == 1:
        season = {"gamma": np.zeros(1), "scale": np.zeros(1), "weight": np.ones(1)}
    i, j = np.divmod(np.arange(len(points["form"]) * len(season["scale"])), len(season["scale"]))
    alpha = points["alpha"][i]
    columns = {name: points[name][i] for name in ("beta", "phi", "kappa", "form")} | {
        "alpha": alpha,
        "gamma": season["gamma"][j] * (1 - alpha),
        "season_scale": season["scale"][j],
        "log_prior": np.log(points["weight"][i] * season["weight"][j]),
    }
    # A group shares a transition matrix; one with its own form and season makes a better t law.
    keys = np.stack([columns["season_scale"], columns["phi"], columns.pop("form")])
    order = np.lexsort(keys)
    return tuple(
        _piece(
            {name: column[which] for name, column in columns.items()}, keys[:, which], season_length
        )
        for which in np.array_split(order, -(-len(order) // PIECE))
    )


def _piece(
    columns: dict[str, FloatArray], keys: FloatArray, season_length: int
) -> tuple[Grid, IntArray]:
    distinct, group = np.unique(keys, axis=1, return_inverse=True)
    return Grid(**columns, group=group, season_length=season_length), distinct[-1].astype(np.int64)
