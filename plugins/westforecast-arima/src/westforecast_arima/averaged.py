"""ARIMA averaged over its orders and parameters."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.kernels.autoregression import laws
from westforecast.kernels.averaging import Average, average, stack
from westforecast.models.averaged import AveragedModel, Laws, Tile
from westforecast.typing import BoolArray, FloatArray
from westforecast_arima.candidates import GIVEN, candidates


@dataclass(frozen=True)
class AveragedARIMA(AveragedModel):
    """ARIMA(p, d, q) with and without a constant, averaged over orders and parameters.

    Instead of testing for unit roots, picking orders and maximizing a likelihood, which is noisy
    with 15 values, every order of a table is weighted by prior x marginal likelihood, anew at every
    origin, on the level scale and on the log scale. Moving averages are points of a grid;
    autoregression, constant and sigma have conjugate priors and are integrated out. Estimates that
    are not stationary have no weight, and all moving averages are invertible. There is no season.

    select: "average", or "best": only the most likely order (p, d, q, constant, on one scale),
        averaged over its moving averages and coefficients.
    scale: "both", "level" or "log".

    Orders, grid and prior are the package's tables orders.csv, moving_averages.csv, shrinkage.csv.
    The likelihood is conditional on the first 3 values; at least 6 are needed.

    Box & Jenkins (1970), Time Series Analysis; Monahan (1983), Fully Bayesian analysis of ARMA time
    series models, Journal of Econometrics 21.
    """

    min_train: ClassVar[int] = GIVEN + 3
    given: ClassVar[int] = GIVEN

    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        grid = candidates(tile.scale)
        found = laws(tile.y, tile.column, tile.n, horizon, grid, tile.floor, spread=spread)
        if self.select == "average":  # fewer laws make a mixture whose quantiles cost less
            found = _by_family(found, np.column_stack([grid.orders[:, 1], grid.constant]))
            return Laws(found, tile.n - GIVEN, np.arange(len(found.log_mass)))
        # Two priors of a constant are one order.
        kinds = np.column_stack([grid.orders, grid.constant > 0])
        form = np.unique(kinds, axis=0, return_inverse=True)[1]
        return Laws(found, tile.n - GIVEN, form)


def _by_family(orders: Average, family: FloatArray) -> Average:
    """One law for all orders with the same d and prior of the constant; family: [G, 2]."""
    _, member = np.unique(family, axis=0, return_inverse=True)
    return stack([_together(orders, member == k) for k in range(member.max() + 1)])


def _together(orders: Average, which: BoolArray) -> Average:
    """The average of some of the orders, as the only one of a stack."""
    within = None if orders.variance is None else orders.variance[which]
    one = average(orders.log_mass[which], orders.mean[which], within)
    return Average(
        one.log_mass[None], one.mean[None], None if one.variance is None else one.variance[None]
    )
