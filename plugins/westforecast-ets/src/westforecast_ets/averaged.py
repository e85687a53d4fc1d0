"""Exponential smoothing, averaged over forms and parameters."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.kernels.averaging import stack
from westforecast.kernels.smoothing import filtered, laws
from westforecast.models.averaged import AveragedModel, Laws, Tile
from westforecast_ets.grid import grids


@dataclass(frozen=True)
class AveragedETS(AveragedModel):
    """Exponential smoothing without, with and with damped trend, averaged over its parameters.

    Instead of choosing a form and estimating alpha, beta and phi, which is noisy with 15 values,
    every candidate of a fixed grid is weighted by prior x marginal likelihood, anew at every
    origin, on the level scale and on the log scale. The first level is diffuse, the first slope has
    a proper prior, sigma is integrated out. In data with a season the candidates have none or an
    additive one (on the log scale: a multiplicative one). Missing values are taken as they are.

    select: "average", or "best": only the most likely form (none, trend or damped, on one scale).
    scale: "both", "level" or "log".

    The candidates and their prior are the package's tables prior.csv and season.csv.

    Hyndman, Koehler, Ord & Snyder (2008), Forecasting with Exponential Smoothing, chapters 2, 3 and
    12 for the model; Harvey (1989), section 3.3, for the likelihood with a diffuse level.
    """

    missing: ClassVar[bool] = True

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        pieces, forms = [], []
        for grid, form in grids(tile.scale, tile.season_length):
            fits = filtered(tile.y, tile.column, tile.n, tile.floor, grid, gaps=tile.gaps)
            piece, degrees = laws(fits, horizon, grid, spread=spread)
            pieces.append(piece)
            forms.append(form)
        return Laws(stack(pieces), degrees, np.concatenate(forms))
