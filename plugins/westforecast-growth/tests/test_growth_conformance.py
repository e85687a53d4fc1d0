"""The shared contract of models, on the kit of the core."""

import numpy as np
import pytest

from westforecast.models import Drift
from westforecast.series import Calendar, Indicator, Panel
from westforecast.testing import check_model
from westforecast_growth import (
    CompoundGrowth,
    ConstantShare,
    DampedGrowth,
    DriverRegression,
    Elasticity,
    EndUse,
    Gompertz,
    GrowthRatio,
    IntensityOfUse,
    Logistic,
    ShareShift,
)

FREE = [CompoundGrowth(), CompoundGrowth(window=3), DampedGrowth(), DampedGrowth(0.8, window=10)]
DRIVEN = [
    GrowthRatio("gdp"),
    GrowthRatio("gdp", window=5, shrink=0.5, driver_model=Drift()),
    GrowthRatio("gdp", driver_path={year: 50.0 + year - 1990 for year in range(1990, 2040)}),
    Elasticity("gdp"),
    Elasticity("gdp", "annual"),
    Elasticity("gdp", "period", window=8),
    Elasticity("gdp", elasticity=0.66),
    Elasticity("gdp", "period", population="people"),
    ConstantShare("gdp"),
    ConstantShare("gdp", driver_mode="frozen"),
    ShareShift("all"),
    ShareShift("all", damping=0.0, window=None),
    IntensityOfUse("gdp", "people"),
    IntensityOfUse("gdp", "gdp", slope=float("inf"), bend=float("inf")),
    EndUse(("gdp", "people"), coefficients=(1.0, 2.5)),
    EndUse(("gdp", "people"), uses=("people", "all")),
    DriverRegression("gdp"),
    DriverRegression("gdp", driver_model=Drift()),
]
SERIES = [f"s{i}" for i in range(8)]
BOUNDED = [Logistic(), Logistic(anchor="curve"), Gompertz(), Gompertz(100, anchor="curve")]


def panel(make, indicator, count=8, seed=4):
    """Series of 15 to 35 values that end around 2010, then drivers that span them all."""
    generator = np.random.default_rng(seed)
    sizes = [*(int(n) for n in generator.integers(15, 36, count)), 60, 60, 60]
    first = [2011 - n + int(generator.integers(0, 3)) for n in sizes[:-3]] + [1953] * 3
    ids = [*(f"s{i}" for i in range(count)), "gdp", "people", "all"]
    series = [make(generator, n) for n in sizes]
    series[-1] = 1e3 * series[-1]  # large enough for every other one to be part of it
    return Panel(
        values=np.concatenate(series),
        indptr=np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        first=np.array(first, np.int64),
        indicators=tuple(indicator.with_(id=name) for name in ids),
        calendar=Calendar("Y", "integer"),
    )


def levels(generator, n):
    return 50 * np.exp(np.cumsum(generator.normal(0.06, 0.05, n)))


def percentages(generator, n):
    return 100 / (1 + np.exp(-np.cumsum(generator.normal(0.05, 0.1, n))))


@pytest.mark.parametrize("model", FREE, ids=repr)
def test_without_a_driver(model):
    report = check_model(model)
    report.raise_if_failed()


@pytest.mark.parametrize("model", DRIVEN, ids=repr)
def test_with_a_driver(model):
    report = check_model(model, panel(levels, Indicator(id="-")), series=SERIES)
    # ten times everything is also ten times the driver, but not ten times an assumed path
    assert ("scale_equivariant" in model.capabilities) == (model.driver_path is None)
    report.raise_if_failed()


@pytest.mark.parametrize("model", BOUNDED, ids=repr)
def test_bounded(model):
    report = check_model(model, panel(percentages, Indicator(id="-", kind="share", unit="percent")))
    assert ("scale_equivariant" in model.capabilities) == (model.upper is None)
    report.raise_if_failed()
