"""Two classics as rows of the same grid: smoothing with drift, and Theta."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np

from westforecast.kernels.smoothing import Grid, filtered, laws
from westforecast.models.averaged import AveragedModel, Laws, Scale, Select, Tile
from westforecast.typing import FloatArray

# Weights of the error in the level; each is a form of its own, so "best" estimates alpha.
ALPHA = np.round(np.arange(0.05, 1.001, 0.05), 2)


@lru_cache
def _grid(kappa: float) -> Grid:
    """Simple smoothing at every alpha, with a first slope of this scale that never changes."""
    none, one = np.zeros(len(ALPHA)), np.ones(len(ALPHA))
    return Grid(
        alpha=ALPHA, beta=none, gamma=none, phi=one, kappa=kappa * one, season_scale=none,
        log_prior=none, group=np.arange(len(ALPHA)),
    )  # fmt: skip


@dataclass(frozen=True)
class SESDrift(AveragedModel):
    """Simple exponential smoothing with a constant drift, alpha by maximum likelihood.

    yhat(h) = level + h * drift; alpha from 0.05 to 1 in steps of 0.05. The level is diffuse, the
    drift N(0, (1e4 sigma)^2). At alpha = 1 this is `Drift`, at a small alpha a straight line
    through all values. Intervals are those of all alphas, equally likely before.

    select: "best", the point forecast of the most likely alpha, or "average" over all of them.
    scale: "level", "log" (smoothed growth) or "both".

    Hyndman & Billah (2003), Unmasking the Theta method, IJF 19(2), 287-290.
    """

    select: Select = "best"
    scale: Scale = "level"

    missing: ClassVar[bool] = True

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        # So diffuse that the drift is not shrunk, and not so much that digits are lost.
        points = _grid(1e4)
        fits = filtered(tile.y, tile.column, tile.n, tile.floor, points, gaps=tile.gaps)
        average, degrees = laws(fits, horizon, points, spread=spread)
        # The first innovation went into the drift: one degree of freedom fewer.
        left = np.maximum(degrees - 1, 1)
        if average.variance is not None:
            average = replace(average, variance=average.variance * (degrees / left))
        return Laws(average, left, np.arange(len(ALPHA)))


@dataclass(frozen=True)
class Theta(AveragedModel):
    """The Theta method: simple smoothing plus half the slope of the line through all values.

    yhat(h) = level + b/2 * (h - 1 + (1 - (1 - alpha)^n) / alpha), b the least squares slope of the
    n values and alpha the most likely from 0.05 to 1 in steps of 0.05. Intervals are those of the
    smoothing, averaged over alpha, and of a drift of which half is believed: it adds Var(b) / 2
    times the square of what multiplies b / 2.

    select, scale: as for `SESDrift`.

    Assimakopoulos & Nikolopoulos (2000), IJF 16(4), 521-530, as Hyndman & Billah (2003) write it.
    """

    select: Select = "best"
    scale: Scale = "level"

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        points = _grid(0.0)
        fits = filtered(tile.y, tile.column, tile.n, tile.floor, points, gaps=tile.gaps)
        average, degrees = laws(fits, horizon, points, spread=spread)
        step = np.arange(horizon)[:, None]
        alpha = ALPHA[:, None, None]
        ahead = step + (1 - (1 - alpha) ** tile.n) / alpha  # [K, H, W]
        average = replace(average, mean=average.mean + _slope(tile) / 2 * ahead)
        if average.variance is not None:
            known, which = np.unique(tile.n, return_inverse=True)
            doubt = np.stack([_spread(n) for n in known.tolist()], axis=-1)[:, None, which]
            once = average.variance[:, :1]  # one step ahead: of an error, nearly
            average = replace(average, variance=average.variance + once * doubt / 2 * ahead**2)
        return Laws(average, degrees, np.arange(len(ALPHA)))


@lru_cache(maxsize=512)
def _spread(n: int) -> FloatArray:
    """Variance [K] of the least squares slope of n smoothed values, in units of their errors'."""
    weight = (np.arange(n) - (n - 1) / 2) * 12 / (n * (n * n - 1.0))
    later = np.cumsum(weight[::-1])[::-1] - weight  # an error stays in the level by alpha
    return np.asarray(((weight + ALPHA[:, None] * later) ** 2).sum(axis=1))


def _slope(tile: Tile) -> FloatArray:
    """Least squares slopes of the first n values [W], from sums up to every time."""
    y = np.nan_to_num(tile.y - tile.y[0])  # smaller numbers, smaller rounding
    time = np.arange(len(y))[:, None]
    at = (tile.n - 1, tile.column)
    total, moment = np.cumsum(y, axis=0)[at], np.cumsum(time * y, axis=0)[at]
    n = tile.n
    return np.asarray((moment - total * (n - 1) / 2) * 12 / (n * (n * n - 1.0)))
