"""Elasticities, as textbooks state them: how a series' growth follows from its driver's.

The same elasticity e and the same driver mean different futures under the three conventions in use.
With a driver that grows by 75 % in five years and e = 0.325 the series grows by

    log-log   19.9 %   (x_T / x_0)^e               constant elasticity
    annual    20.8 %   prod_t (1 + e * g_t)        e times each period's growth, compounded
    period    24.4 %   1 + e * (x_T / x_0 - 1)     e times the growth over the whole period

g_t = x_t / x_{t-1} - 1. Growth rates are fractions.
"""

from collections.abc import Sequence
from typing import get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.growth import Convention, response
from westforecast.typing import FloatArray


def average_growth(first: float, last: float, periods: float) -> float:
    """Average (compound) growth a period: (last / first)^(1 / periods) - 1.

    >>> round(average_growth(100.0, 121.0, 2), 6)
    0.1
    """
    if not (first > 0 and last > 0 and periods > 0):
        raise UsageError(
            f"growth from {first:g} to {last:g} over {periods:g} periods is not defined."
        )
    return float((last / first) ** (1 / periods) - 1)


def elasticity(growth: float, driver_growth: float) -> float:
    """Elasticity e = growth / driver_growth: percent of growth for one percent of the driver's.

    Raises UsageError where the driver does not grow.

    >>> round(elasticity(0.0648, 0.072), 6)
    0.9
    """
    if driver_growth == 0:
        raise UsageError("the driver does not grow: an elasticity to it is not defined.")
    return growth / driver_growth


def project(
    level: float, elasticity: float, driver_growth: Sequence[float], convention: Convention
) -> FloatArray:
    """Levels [K] that follow from the driver's growth g_1 ... g_K, period after period.

    level: the last known level. A growth given for the whole period at once is a sequence of one.
    NaN from where nothing is left (1 + e * g not above 0). Raises UsageError for an unknown
    convention, a driver that falls by 100 % or more, or one that grows by more than 500 % a period.

    >>> project(290, 0.66, [0.07] * 5, "annual").round()
    array([303., 317., 332., 347., 363.])
    """
    check_convention(convention)
    growth = np.asarray(driver_growth, float)
    if not (growth > -1).all():
        raise UsageError(f"driver growth {growth.min():g} found, above -1 expected.")
    if (growth > 5).any():
        raise UsageError(
            f"driver growth {growth.max():g} found, a fraction a period expected: "
            f"{growth.max() / 100:g} for {growth.max():g} percent."
        )
    change = np.log1p(growth)
    grown, _ = response(elasticity, change, np.ones_like(change), convention)
    levels: FloatArray = level * np.exp(grown)
    return levels


def check_convention(convention: str) -> None:
    """Raises UsageError for anything but one of the three."""
    if convention not in get_args(Convention):
        known = ", ".join(get_args(Convention))
        raise UsageError(f"convention={convention!r} found, one of {known} expected.")
