"""The conformance kit passes good models and catches each way to be bad."""

import warnings
from dataclasses import dataclass

import numpy as np
import pytest

from westforecast import models
from westforecast.models import Forecast, Model, OutOfDomain, SeriesModel
from westforecast.testing import check_model

GOOD = [models.Naive(), models.Drift(), models.SeasonalNaive(), models.InSampleMean(),
        models.DampedLogGrowth()]  # fmt: skip


@pytest.mark.parametrize("model", GOOD, ids=repr)
def test_baselines_keep_the_contract(model):
    report = check_model(model, scale_equivariant=True)
    assert report.ok, report
    assert not [check for check in report.checks if check.outcome == "skipped"]


def test_a_spawned_process_agrees():
    assert check_model(models.Drift(), processes=True).ok


@dataclass(frozen=True)
class Good(SeriesModel):
    """The last value, with a band of one percent."""

    def forecast_one(self, y, horizon, probs, context):
        if not np.isfinite(y[-1]):
            raise OutOfDomain("no last value")
        last = np.full(horizon, y[-1])
        return last, last[:, None] * (1 + 0.01 * np.sign(y[-1]) * (np.array(probs) - 0.5))


@dataclass(frozen=True)
class Peeks(Good):
    """Reads past the end of its window."""

    def forecast_one(self, y, horizon, probs, context):
        windows, w = context.windows, context.window
        end = min(int(windows.end[w]), len(windows.values) - 1)
        y = np.array([*y[:-1], windows.values[end]])
        return super().forecast_one(y, horizon, probs, context)


@dataclass(frozen=True)
class Crosses(Good):
    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean, quantiles[:, ::-1]


@dataclass(frozen=True)
class Random(Good):
    def forecast_one(self, y, horizon, probs, context):
        return super().forecast_one(y * np.random.random(), horizon, probs, context)


@dataclass(frozen=True)
class Mutates(Good):
    def forecast_one(self, y, horizon, probs, context):
        y.flags.writeable = True
        y += 1
        return super().forecast_one(y, horizon, probs, context)


@dataclass(frozen=True)
class Warns(Good):
    def forecast_one(self, y, horizon, probs, context):
        warnings.filterwarnings("ignore")
        return super().forecast_one(y, horizon, probs, context)


@dataclass(frozen=True)
class Mixes(Model):
    """Forecasts every window as the mean of all windows: not one by one."""

    def compute(self, windows, horizon, levels):
        mean = np.full((len(windows), horizon), np.nanmean(windows.rows()))
        return Forecast.normal(mean, mean * 0, levels)


@dataclass(frozen=True)
class HorizonBound(Good):
    def forecast_one(self, y, horizon, probs, context):
        mean, quantiles = super().forecast_one(y, horizon, probs, context)
        return mean * horizon, quantiles * horizon


@dataclass(frozen=True)
class NeverWorks(Good):
    def forecast_one(self, y, horizon, probs, context):
        raise OutOfDomain("not today")


def failed(model):
    report = check_model(model)
    assert not report.ok
    return {check.name.split(":")[0] for check in report.checks if check.outcome == "failed"}


def test_a_good_one_series_function_passes():
    report = check_model(Good())
    assert report.ok, report


@pytest.mark.parametrize(
    ("model", "promise"),
    [
        (Peeks(), "no look-ahead"),
        (Crosses(), "shapes, finite numbers and ordered quantiles"),
        (Random(), "the same call gives the same answer"),
        # The data are read-only, so an attempt to change them fails every window.
        (Mutates(), "shapes, finite numbers and ordered quantiles"),
        (Warns(), "nothing global is changed, nothing is printed as a warning"),
        (Mixes(), "all windows at once equals one by one"),
        (HorizonBound(), "the first steps do not depend on how many are asked for"),
        (NeverWorks(), "shapes, finite numbers and ordered quantiles"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Model) else "",
)
def test_each_broken_promise_is_named(model, promise):
    assert promise in failed(model)


def test_a_model_that_is_not_frozen_is_named():
    thawed = dataclass(type("Thawed", (NotFrozen,), {}))()
    assert "settings are a frozen record that pickles" in failed(thawed)


class NotFrozen(SeriesModel):
    """A plain class: no record of settings at all."""

    def forecast_one(self, y, horizon, probs, context):
        return np.full(horizon, y[-1]), np.tile(np.array(probs), (horizon, 1))
