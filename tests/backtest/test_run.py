"""Running: a forecast is the last fold of a backtest; failures stay where they happened."""

import threading
import warnings
from dataclasses import dataclass, replace

import numpy as np
import pytest

import westforecast as wf
from westforecast import (
    ModelError,
    SeriesModel,
    UsageError,
    WestforecastError,
    WestforecastWarning,
)
from westforecast.backtest import ahead, origins, run, work
from westforecast.engines import AutoEngine, Engine, ProcessEngine, SerialEngine, ThreadEngine
from westforecast.models import (
    DampedLogGrowth,
    Drift,
    InSampleMean,
    Model,
    Naive,
    SeasonalNaive,
    Status,
    TooShort,
)

from ..builders import NAN, panel, walk

BASELINES = {"Naive": Naive(), "Drift": Drift(), "growth": DampedLogGrowth()}
WALKS = panel(*(walk(length, length) for length in (12, 17, 25)), first=[1990, 1988, 1980])


@dataclass(frozen=True)
class Touchy(SeriesModel):
    """Refuses series that begin with 5 and breaks on those that begin with 6."""

    def forecast_one(self, y, horizon, probs, context):
        if y[0] == 5:
            raise TooShort("not today")
        if y[0] == 6:
            raise LookupError("where is it")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


@dataclass(frozen=True)
class Filters(Naive):
    """Changes what becomes of warnings, for everybody; among others it forecasts otherwise."""

    action: str = "ignore"
    shift: float = 0.0

    def compute(self, windows, horizon, levels):
        warnings.simplefilter(self.action)
        answer = super().compute(windows, horizon, levels)
        answer.mean[:] += self.shift * (len(windows) > 1)
        return answer


@dataclass(frozen=True)
class Loud(SeriesModel):
    """Warns."""

    def forecast_one(self, y, horizon, probs, context):
        warnings.warn("so it goes", UserWarning, stacklevel=1)
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


@dataclass(frozen=True)
class Mute(Naive):
    """Cannot say what it is."""

    @property
    def batch(self):
        raise RuntimeError("no comment")

    ex_ante = batch

    def __repr__(self):
        raise RuntimeError("no comment")


MIXED = panel([1, 2, 3], [5, 6, 7], [6, 7, 8], [2, 3, 4])


@pytest.mark.parametrize("model", [*BASELINES.values(), SeasonalNaive()])
@pytest.mark.parametrize("window", [{}, {"window": "sliding", "input_size": 8}])
def test_a_forecast_equals_the_last_fold(model, window):
    cutoff = 1998
    fold = run(origins(WALKS, 3, cutoffs=[1995, cutoff], **window), {"m": model}, [80])
    known = WALKS.as_of(cutoff)
    if window:
        known = known.since(cutoff - window["input_size"] + 1)
    live = run(ahead(known, 3), {"m": model}, [80])
    last = fold.plan.windows.cutoff == cutoff
    assert last.sum() == 3
    found, expected = fold.forecasts["m"], live.forecasts["m"]
    np.testing.assert_allclose(found.mean[last], expected.mean, rtol=1e-12)
    np.testing.assert_allclose(found.quantiles[last], expected.quantiles, rtol=1e-12)


def test_until_forecasts_equal_those_of_h():
    until = run(ahead(WALKS, until=2010), BASELINES)
    for s, h in enumerate(until.plan.last_step):
        alone = run(ahead(WALKS[WALKS.ids[s]], int(h)), BASELINES)
        for name in BASELINES:
            np.testing.assert_allclose(
                until.forecasts[name].mean[s, :h], alone.forecasts[name].mean[0], rtol=1e-12
            )


class TestFailures:
    def test_by_default_they_are_recorded_and_cost_nobody_else(self):
        result = run(ahead(MIXED, 2), {"touchy": Touchy(), "Naive": Naive()})
        touchy = result.forecasts["touchy"]
        assert touchy.status.tolist() == [0, Status.TOO_SHORT, Status.FAILED, 0]
        assert touchy.reason == {1: "not today", 2: "LookupError: where is it"}
        assert np.isfinite(touchy.mean).all(axis=1).tolist() == [True, False, False, True]
        assert np.isfinite(result.forecasts["Naive"].mean).all()
        assert result.failed == 2

    def test_on_request_the_first_is_raised_with_its_place_and_cause(self):
        broken = MIXED.select(id=["a", "c"])
        with pytest.raises(ModelError) as caught:
            run(origins(broken, 1, cutoffs=[2001]), {"touchy": Touchy()}, on_error="raise")
        assert str(caught.value) == (
            "model 'touchy' failed on series 'c' at cutoff 2001: failed: LookupError: where is it. "
            'Pass on_error="record" to keep it as a row and go on.'
        )
        assert isinstance(caught.value.__cause__, LookupError)

    def test_raising_stops_at_once(self):
        done = []
        data = panel([6, 7], *[[1, 2]] * (work.CHUNK + 1))
        with pytest.raises(ModelError, match=r"series 'a'"):
            run(ahead(data, 1), {"t": Touchy()}, on_error="raise",
                progress=lambda *told: done.append(told))  # fmt: skip
        assert done == []

    def test_a_refusal_is_raised_as_well(self):
        with pytest.raises(ModelError, match=r"too_short: not today"):
            run(ahead(MIXED["b"], 1), {"t": Touchy()}, on_error="raise")

    @pytest.mark.parametrize("engine", [None, SerialEngine(), ThreadEngine(1)])
    def test_a_models_warning_filters_are_its_own(self, engine):
        before = list(warnings.filters)
        with pytest.warns(UserWarning, match="so it goes"):
            found = run(origins(WALKS, 1), {"s": Filters("error"), "l": Loud()}, engine=engine)
        assert found.failed == 0
        assert warnings.filters == before

    @pytest.mark.parametrize("action", ["error", "ignore"])
    def test_the_runs_own_warning_is_none_of_a_models_business(self, action):
        with pytest.warns(WestforecastWarning, match="All its windows are forecast one by one"):
            run(origins(WALKS, 1), {"m": Filters(action, shift=1.0)})

    def test_a_model_that_cannot_say_what_it_is_still_forecasts(self):
        result = run(ahead(WALKS, 2), {"m": Mute(), "n": Naive()})
        assert result.failed == 0
        np.testing.assert_array_equal(result.forecasts["m"].mean, result.forecasts["n"].mean)
        told = result.manifest()
        assert told["models"]["m"] == "Mute cannot say: RuntimeError: no comment"
        assert told["ex_ante"] == {"m": "Mute cannot say: RuntimeError: no comment", "n": True}

    def test_a_fallback_answers_visibly(self):
        data = panel([1, 2, 3], [5, 6, 7], [NAN])
        result = run(ahead(data, 2), {"touchy": Touchy()}, [80], fallback=Naive())
        touchy = result.forecasts["touchy"]
        assert touchy.status.tolist() == [0, Status.TOO_SHORT, Status.TOO_SHORT]
        assert result.used["touchy"].tolist() == [False, True, False]
        assert result.fallback == "Naive"
        np.testing.assert_array_equal(touchy.mean, [[3, 3], [7, 7], [NAN, NAN]])
        assert np.isfinite(touchy.quantiles[1]).all()
        assert touchy.reason[1] == "not today"  # why is still told

    def test_a_fallback_can_be_the_policy(self):
        data = panel([1, 2, 3], [5, 6, 7])
        named = run(ahead(data, 2), {"t": Touchy()}, on_error="fallback")
        given = run(ahead(data, 2), {"t": Touchy()}, on_error="fallback", fallback=Drift())
        assert [r.fallback for r in (named, given)] == ["Naive", "Drift"]
        np.testing.assert_array_equal(named.forecasts["t"].mean[1], [7, 7])
        np.testing.assert_array_equal(given.forecasts["t"].mean[1], [8, 9])
        with pytest.raises(UsageError, match=r'on_error="raise" stops at the first failure'):
            run(ahead(data, 2), {"t": Touchy()}, on_error="raise", fallback=Naive())

    def test_warning_filters_are_put_back(self):
        before = list(warnings.filters)
        run(ahead(MIXED, 1), {"deaf": Filters()})
        assert warnings.filters == before

    def test_other_policies_are_refused(self):
        with pytest.raises(
            UsageError, match=r'on_error=\'ignore\' found, "record", "raise" or "fallback"'
        ):
            run(ahead(MIXED, 1), BASELINES, on_error="ignore")


# Several tiles that end among series of one length: padding, and so rounding, is the tile's. All
# series begin and end alike, so that nothing but their ids tells in which order they belong.
LENGTHS = np.random.default_rng(3).integers(500, 508, 300)
MANY = panel(
    *([100, *walk(int(n) - 7, k), *[100] * 6] for k, n in enumerate(LENGTHS)),
    first=list(2000 - LENGTHS),
)
EVERY = BASELINES | {"mean": InSampleMean(), "seasonal": SeasonalNaive(), "touchy": Touchy()}


def tiles(plan):
    return list(plan.windows.pieces())


def windows_of(result):
    """Series and end of each window, whatever the panel's order."""
    windows = result.plan.windows
    return list(zip((windows.ids[s] for s in windows.series), windows.lengths, strict=True))


def equal(found, expected, windows=slice(None)):
    """Whether two records hold the same bits, those of the first in the given order."""
    for field in ("mean", "quantiles", "status"):
        np.testing.assert_array_equal(getattr(found, field)[windows], getattr(expected, field))


class Seen(Model):
    """The last value; notes the threads and the windows of its calls."""

    def __init__(self):
        self.calls = []

    def compute(self, windows, horizon, levels):
        self.calls.append((threading.get_ident(), windows))
        return Naive().compute(windows, horizon, levels)


class TestEngines:
    @pytest.mark.parametrize(
        "engine",
        [None, AutoEngine(2), SerialEngine(), ThreadEngine(1), ThreadEngine(4), ProcessEngine(2)],
        ids=repr,
    )
    def test_neither_engine_nor_workers_change_a_bit(self, engine):
        models = EVERY
        if isinstance(engine, ProcessEngine):  # which cannot import a class of a test
            models = {name: model for name, model in EVERY.items() if name != "touchy"}
        plan = origins(MANY, 3, n_windows=4, align="series")
        assert len(tiles(plan)) > 1
        expected = run(plan, models, [80], engine=SerialEngine())
        found = run(plan, models, [80], engine=engine)
        for name in models:
            equal(found.forecasts[name], expected.forecasts[name])
            assert found.forecasts[name].reason == expected.forecasts[name].reason
        assert found.probes == expected.probes

    @pytest.mark.parametrize("seed", [1, 2])
    def test_the_order_of_the_series_changes_no_bit(self, seed):
        order = np.random.default_rng(seed).permutation(len(MANY))
        frames = [MANY[MANY.ids[s]] for s in order]
        other = replace(
            MANY,
            values=np.concatenate([one.values for one in frames]),
            indptr=np.concatenate([[0], np.cumsum(LENGTHS[order])]),
            first=MANY.first[order],
            indicators=tuple(MANY.indicators[s] for s in order),
        )
        here, there = (
            run(origins(data, 3, n_windows=4, align="series"), EVERY, [80])
            for data in (MANY, other)
        )
        place = {(s, w): k for k, (s, w) in enumerate(windows_of(there))}
        same = np.array([place[key] for key in windows_of(here)])
        for name in EVERY:
            equal(there.forecasts[name], here.forecasts[name], same)

    def test_a_batch_model_gets_whole_histories_in_one_call(self):
        seen = Seen()
        plan = origins(MANY, 3, n_windows=4, align="series")
        run(plan, {"seen": seen}, engine=SerialEngine())
        calls = [windows for _, windows in seen.calls if len(windows) > 1]
        assert len(calls) == len(tiles(plan))
        for windows in calls:
            assert set(np.unique(windows.series, return_counts=True)[1]) == {4}

    def test_auto_shares_the_tiles_of_batch_models_and_nothing_else(self):
        threads = []

        @dataclass(frozen=True)
        class Foreign(SeriesModel):
            def forecast_one(self, y, horizon, probs, context):
                threads.append(threading.get_ident())
                return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])

        seen = Seen()
        plan = origins(MANY, 1, n_windows=4, align="series")
        run(plan, {"foreign": Foreign(), "seen": seen})
        here = threading.get_ident()
        assert set(threads) == {here}
        assert {thread for thread, windows in seen.calls if len(windows) > 1} - {here}

    def test_a_small_panel_pays_for_no_pool(self, monkeypatch):
        monkeypatch.setattr("westforecast.engines.futures", None)
        plan = origins(WALKS, 2, n_windows=3, align="series")
        assert len(tiles(plan)) == 1
        assert run(plan, EVERY).failed == 0

    def test_progress_is_told_after_each_piece(self, monkeypatch):
        monkeypatch.setattr(work, "CHUNK", 2)
        told = []
        models = {"t": Touchy(), "n": Naive(), "d": Drift()}
        run(ahead(WALKS, 1), models, progress=lambda *what: told.append(what))
        assert told == [(1, 4, "n"), (2, 4, "d"), (3, 4, "t"), (4, 4, "t")]

    def test_workers_stop_where_a_failure_is_raised(self):
        data = panel([6, 7], *[[1, 2]] * (5 * work.CHUNK))
        with pytest.raises(ModelError) as caught:
            run(ahead(data, 1), {"t": Touchy()}, engine=ThreadEngine(1), on_error="raise")
        assert caught.value.__traceback__ is not None  # which keeps the run's frames
        assert not [t for t in threading.enumerate() if "ThreadPool" in t.name]

    @pytest.mark.parametrize(
        ("answers", "told"),
        [
            (lambda right: [], "gave NoneType as answer 1 to 3 tasks; what the function returns"),
            (
                lambda right: [*right, right[0]],
                "belongs to another task as answer 4 to 3",
            ),
            (lambda right: [right[0], "gone", right[2]], "gave str as answer 2 to 3 tasks"),
            (lambda right: right[::-1], "belongs to another task as answer 1 to 3 tasks"),
            (lambda right: [part[-1] for part in right], "gave Forecast as answer 1 to 3 tasks"),
        ],
    )
    def test_an_engine_that_answers_wrongly_is_told(self, answers, told):
        class Wrong(Engine):
            def map(self, function, tasks):
                return iter(answers([function(task) for task in tasks]))

        with pytest.raises(WestforecastError, match=told):
            run(ahead(WALKS, 1), BASELINES, engine=Wrong())

    @pytest.mark.parametrize("part", ["map", "alone"])
    def test_an_engine_that_answers_nothing_is_told(self, part):
        class Nothing(SerialEngine):
            pass

        setattr(Nothing, part, lambda *_: None)
        with pytest.raises(WestforecastError, match="gave NoneType as answer 1"):
            run(ahead(WALKS, 1), {"t": Touchy(), **BASELINES}, engine=Nothing())


def test_what_is_cut_at_a_bound_is_counted_and_said():
    rows = panel(np.linspace(40, 98, 12)).to_frame().assign(kind="share", unit="percent")
    with pytest.warns(WestforecastWarning, match=r"cut at a bound of the series: Drift 3, Naive 3"):
        result = wf.forecast(wf.Panel.from_frame(rows), ["Drift", "Naive"], h=3, levels=(95,))
    reasons = result.ledger.set_index("model")["reason"]
    assert reasons["Drift"] == "the point forecast is cut at the bounds (0 to 100) from step 1 on"
    assert reasons["Naive"] == "an interval is cut at the bounds (0 to 100) from step 1 on"
    assert result.failed == 0
    assert result.cut == {"Drift": 3, "Naive": 3}
    assert result.remarks == (
        "Drift: 3 point forecasts cut at the bounds of 1 series.",
        "Naive: 3 intervals cut at the bounds of 1 series.",
    )
    assert "6 cells cut at bounds" in repr(result)
    assert result.long()["cut"].tolist() == 3 * ["point"] + 3 * ["interval"]
    assert result.manifest()["cut"] == result.cut


def test_a_forecast_without_the_interval_asked_for_says_so():
    result = wf.forecast(panel([5.0]), "Naive", h=2, levels=(80,))
    assert result.ledger["reason"].tolist() == ["forecast without an interval"]
    assert wf.forecast(panel([5.0]), "Naive", h=2).ledger["reason"].tolist() == [""]
