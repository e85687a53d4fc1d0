"""A time budget: what a model did not come to is said to be out of time, and the rest goes on."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import westforecast as wf
from westforecast import SeriesModel, UsageError, watch
from westforecast.backtest import work
from westforecast.models import Drift, Forecast, Model, Naive, Status

from ..builders import panel, walk

pytestmark = pytest.mark.usefixtures("clock")
DATA = panel(*(walk(20, seed) for seed in range(12)))


@dataclass(frozen=True)
class HangsOn(SeriesModel):
    """Does not end on the series named."""

    series: str

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id == self.series:
            watch.clock.spend()
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


@dataclass(frozen=True)
class Fails(SeriesModel):
    def forecast_one(self, y, horizon, probs, context):
        raise LookupError("where is it")


@dataclass(frozen=True)
class Slow(SeriesModel):
    def forecast_one(self, y, horizon, probs, context):
        watch.clock.spend(1.0)
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


@dataclass(frozen=True)
class HangingBatch(Model):
    def compute(self, windows, horizon, levels):
        watch.clock.spend()
        return Forecast.empty(len(windows), horizon, levels)


def test_a_model_that_hangs_costs_its_budget_and_nobody_else():
    models = {"hangs": HangsOn(DATA.ids[3]), "Drift": Drift()}
    result = wf.backtest(DATA, models, h=2, n_windows=1, levels=(80,), time_budget=0.5)
    status = result.forecasts["hangs"].status
    assert (status == Status.OK).sum() == 3
    assert (status == Status.OUT_OF_TIME).sum() == 9
    whys = {result.forecasts["hangs"].reason[w] for w in np.flatnonzero(status)}
    assert whys == {"the time budget of 0.5 s was spent after 3 windows"}
    ledger = result.ledger
    assert set(ledger[ledger["model"] == "hangs"]["status"]) == {"ok", "out_of_time"}
    assert (result.forecasts["Drift"].status == Status.OK).all()


def test_what_was_done_in_time_is_kept():
    result = wf.forecast(DATA, Slow(), h=1, time_budget=3.5)
    status = result.forecasts["Slow"].status
    assert (status == Status.OK).tolist() == [True] * 3 + [False] * (len(DATA) - 3)
    assert np.isfinite(result.forecasts["Slow"].mean[status == Status.OK]).all()


@pytest.mark.parametrize("engine", ["auto", "serial", "threads"])
def test_with_time_enough_the_numbers_are_the_same(engine):
    models = [Drift(), Naive(), HangsOn("none")]
    free = wf.backtest(DATA, models, h=3, n_windows=3, levels=(80,))
    timed = wf.backtest(DATA, models, h=3, n_windows=3, levels=(80,), time_budget=60, engine=engine)
    assert timed.failed == free.failed == 0
    for name, forecast in free.forecasts.items():
        np.testing.assert_array_equal(timed.forecasts[name].mean, forecast.mean)
        np.testing.assert_array_equal(timed.forecasts[name].quantiles, forecast.quantiles)


def test_a_batch_model_that_hangs_is_not_probed():
    result = wf.forecast(DATA, {"b": HangingBatch(), "n": Naive()}, h=1, time_budget=0.3)
    assert set(result.forecasts["b"].status) == {Status.OUT_OF_TIME}
    assert result.probes["b"].note == "no time was left to try windows alone"
    assert (result.forecasts["n"].status == Status.OK).all()


def test_a_fallback_answers_for_what_ran_out_of_time():
    result = wf.forecast(
        DATA, HangsOn(DATA.ids[0]), h=1, time_budget=0.3, on_error="fallback"
    )  # fmt: skip
    frame = result.long()
    assert set(frame["model_used"]) == {"Naive"}
    assert set(frame["status"]) == {"out_of_time"}
    assert frame["yhat"].notna().all()


def test_with_processes_each_has_its_own_clock():
    shared = work.Work({"n": Naive()}, None, 1, (), {"n": work.Clock(2.0)})
    assert pickle.loads(pickle.dumps(shared)).clocks["n"].left == 2.0


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_a_budget_is_above_zero(seconds):
    with pytest.raises(UsageError, match="seconds above 0 expected"):
        wf.forecast(DATA, "Naive", h=1, time_budget=seconds)


def test_a_fallback_has_the_budget_too():
    result = wf.forecast(
        panel([1.0, 2], [3.0, 4]), Fails(), h=1, fallback=HangsOn("a"), time_budget=0.2
    )
    rows = result.long()
    assert rows["model_used"].tolist() == ["", ""], "it answered nothing"
    assert rows["status"].tolist() == ["failed", "failed"]


@pytest.mark.parametrize("budget", ["3", -1, 0, float("nan")])
def test_a_budget_is_a_number_of_seconds(budget):
    with pytest.raises(UsageError, match="seconds above 0 expected"):
        wf.forecast(DATA, "Naive", h=1, time_budget=budget)


def test_a_budget_may_be_longer_than_threads_can_wait():
    assert wf.forecast(DATA, "Naive", h=1, time_budget=1e12).failed == 0
