"""The one contract of a model: any data gives a status, and nothing costs its neighbours."""

import sys
from dataclasses import FrozenInstanceError, dataclass
from typing import ClassVar

import numpy as np
import pytest

from westforecast import Forecast, Model, SeriesModel, UsageError, Windows
from westforecast.models import Drift, Naive, OutOfDomain, SeasonalNaive, Status, TooShort
from westforecast.plugin import load

from ..builders import NAN, panel

DATA = panel([1, 2, 3], [1, NAN, 3], [5], [-1, 2, 3], [NAN], [4, 5, 6])


@dataclass(frozen=True)
class Picky(Model):
    """Takes three positive values without a gap."""

    min_train: ClassVar[int] = 3
    positive: ClassVar[bool] = True

    def compute(self, windows, horizon, levels):
        assert len(windows)
        return Forecast.normal(
            np.repeat(windows.rows()[:, -1:], horizon, axis=1),
            np.ones((len(windows), horizon)),
            levels,
        )


@dataclass(frozen=True)
class Bad(Model):
    """Raises for batches that hold a number; counts how often it was asked."""

    number: float
    error: Exception
    asked: list

    def compute(self, windows, horizon, levels):
        self.asked.append(len(windows))
        if (windows.rows() == self.number).any():
            raise self.error
        return Naive().compute(windows, horizon, levels)


@dataclass(frozen=True)
class Gives(Model):
    """Whatever it is told to give."""

    answer: object

    def compute(self, windows, horizon, levels):
        return self.answer


@dataclass(frozen=True)
class One(SeriesModel):
    """A one-series function."""

    seen: list

    def forecast_one(self, y, horizon, probs, context):
        self.seen.append(context)
        if len(y) < 2:
            raise TooShort("two needed")
        if y[0] < 0:
            raise OutOfDomain("starts below zero")
        if y[0] == 4:
            return 1 / 0, None
        return [y[-1]] * horizon, np.tile(np.arange(len(probs)), (horizon, 1))


class TestScreening:
    def test_windows_a_model_cannot_take_get_a_status_and_a_reason(self):
        short = "observed values, 3 needed"
        result = Picky().forecast(Windows.of(DATA), 2, [80])
        assert [Status(s).label for s in result.status] == [
            "ok", "too_short", "too_short", "not_positive", "too_short", "ok",
        ]  # fmt: skip
        assert result.reason == {
            1: f"2 {short}",
            2: f"1 {short}",
            3: "smallest value -1; the model needs values above 0",
            4: f"0 {short}",
        }
        assert np.isfinite(result.mean).all(axis=1).tolist() == [True, *[False] * 4, True]
        assert np.isfinite(result.quantiles).all(axis=(1, 2)).tolist() == [True, *[False] * 4, True]

    def test_missing_values_are_counted(self):
        result = Picky().forecast(Windows.of(panel([1, NAN, NAN, 2, 3])), 1)
        assert result.reason == {0: "2 missing inside; the model needs an unbroken series"}
        assert result.status.tolist() == [Status.MISSING_VALUES]

    def test_a_gap_at_the_cutoff_counts(self):
        windows = Windows.of(panel([1, 2, 3, NAN, 5]), [0], np.array([0]), np.array([4]))
        assert Picky().forecast(windows, 1).status.tolist() == [Status.MISSING_VALUES]

    def test_requirements_may_depend_on_the_season(self):
        monthly = Windows.of(panel(range(1, 12), range(1, 13), freq="M"))
        result = SeasonalNaive().forecast(monthly, 1)
        assert result.reason == {0: "11 observed values, 12 needed"}

    def test_no_window_gives_no_forecast(self):
        nothing = Windows.of(DATA, [])
        assert Picky().forecast(nothing, 3, [80]).quantiles.shape == (0, 3, 2)

    @pytest.mark.parametrize("horizon", [0, -1])
    def test_a_horizon_is_at_least_one(self, horizon):
        with pytest.raises(UsageError, match=f"horizon {horizon} found, at least 1"):
            Naive().forecast(Windows.of(DATA), horizon)

    def test_levels_are_checked(self):
        with pytest.raises(UsageError, match=r"Did you mean 95"):
            Naive().forecast(Windows.of(DATA), 1, [0.95])


class TestFailures:
    def test_a_window_that_makes_a_batch_raise_does_not_cost_its_neighbours(self):
        error = ZeroDivisionError("by zero")
        model = Bad(77.0, error, [])
        data = panel(*[[float(i), 1.0] for i in range(40)], [77.0, 1.0])
        result = model.forecast(Windows.of(data), 1)
        assert np.flatnonzero(result.status != Status.OK).tolist() == [40]
        assert result.reason == {40: "ZeroDivisionError: by zero"}
        assert result.errors[40] is error
        np.testing.assert_array_equal(result.mean[:40, 0], 1.0)
        assert len(model.asked) < 15  # halving, not one by one

    def test_a_refusal_of_a_batch_model_keeps_its_status(self):
        model = Bad(1.0, OutOfDomain("no ones"), [])
        result = model.forecast(Windows.of(panel([1, 2], [3, 4])), 1)
        assert result.status.tolist() == [Status.OUT_OF_DOMAIN, Status.OK]
        assert result.reason == {0: "no ones"}

    def test_an_interruption_passes(self):
        with pytest.raises(KeyboardInterrupt):
            Bad(1.0, KeyboardInterrupt(), []).forecast(Windows.of(panel([1, 2])), 1)

    def test_a_model_cannot_end_the_program(self):
        model = Bad(1.0, SystemExit("enough"), [])
        result = model.forecast(Windows.of(panel([1, 2], [3, 4])), 1)
        assert result.status.tolist() == [Status.FAILED, Status.OK]
        assert result.reason == {0: "SystemExit: enough"}

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (None, "Gives.compute gave nothing; a Forecast expected"),
            (np.ones((1, 2)), "Gives.compute gave an array of shape (1, 2); a Forecast expected"),
            (3.5, "Gives.compute gave a float; a Forecast expected"),
            (Forecast.empty(1, 3, []), "Gives.compute gave mean, quantiles and status of shapes"),
            (Forecast.empty(1, 2, [80]), "expected ((1, 2), (1, 2, 0), (1,))"),
            (Forecast.empty(1, 2, []), "the forecast is not a finite number"),
        ],
    )
    def test_an_answer_of_the_wrong_form_is_recorded(self, answer, reason):
        result = Gives(answer).forecast(Windows.of(panel([1, 2])), 2)
        assert result.status.tolist() == [Status.FAILED]
        assert reason in result.reason[0]

    @pytest.mark.parametrize("kind", [GeneratorExit, type("Panic", (BaseException,), {})])
    def test_nor_with_what_is_no_exception(self, kind):
        result = Bad(1.0, kind("x"), []).forecast(Windows.of(panel([1, 2], [3, 4])), 1)
        assert result.status.tolist() == [Status.FAILED, Status.OK]
        assert result.reason == {0: f"{kind.__name__}: x"}

    @pytest.mark.parametrize(
        ("required", "reason"),
        [
            (lambda *_: 1 / 0, "ZeroDivisionError: division by zero"),
            (lambda *_: sys.exit("enough"), "SystemExit: enough"),
            (lambda *_: None, "TypeError: Naive.required gave None; a whole number expected"),
            (lambda *_: "3", "TypeError: Naive.required gave '3'; a whole number expected"),
        ],
    )
    def test_what_a_model_says_of_itself_may_fail_as_well(self, monkeypatch, required, reason):
        monkeypatch.setattr(Naive, "required", required)
        result = Naive().forecast(Windows.of(panel([1, 2], [3, 4])), 2)
        assert result.status.tolist() == [Status.FAILED] * 2
        assert result.reason == {0: reason, 1: reason}

    def test_quantiles_that_cross_are_failures(self):
        answer = Forecast.normal(np.ones((4, 2)), np.ones((4, 2)), [80, 95])
        answer.quantiles[1, 1] = answer.quantiles[1, 1, ::-1]
        answer.quantiles[2, 0] = [-1, 1e-17, 0, 1]  # rounding
        answer.quantiles[3, 0] = [-1, 1e-8, 0, 1]
        result = Gives(answer).forecast(Windows.of(panel(*[[1, 2]] * 4)), 2, [80, 95])
        assert result.status.tolist() == [Status.OK, Status.FAILED, Status.OK, Status.FAILED]
        assert result.reason == dict.fromkeys(
            (1, 3), "quantiles do not rise with their probability"
        )
        assert np.isnan(result.mean[1]).all()

    def test_a_refusal_without_a_reason_has_one(self):
        answer = Forecast.normal(np.ones((1, 1)), np.ones((1, 1)), [])
        answer.status[0] = Status.OUT_OF_DOMAIN
        result = Gives(answer).forecast(Windows.of(panel([1, 2])), 1)
        assert result.reason == {0: "the model gave no reason"}

    def test_a_status_that_does_not_exist_is_recorded(self):
        strange = Forecast(np.ones((1, 2)), np.ones((1, 2, 0)), (), np.array([99]))
        result = Gives(strange).forecast(Windows.of(panel([1, 2])), 2)
        assert result.status.tolist() == [Status.FAILED]
        assert "a status that is none of" in result.reason[0]

    def test_a_status_of_the_models_own_is_kept_and_its_numbers_are_not(self):
        answer = Forecast.normal(np.ones((2, 1)), np.ones((2, 1)), [80])
        answer.status[1] = Status.NO_DRIVER
        answer.reason[1] = "no driver"
        result = Gives(answer).forecast(Windows.of(panel([1, 2], [1, 2])), 1, [80])
        assert result.status.tolist() == [Status.OK, Status.NO_DRIVER]
        assert result.reason == {1: "no driver"}
        assert np.isnan(result.mean[1]).all()
        assert np.isnan(result.quantiles[1]).all()

    @pytest.mark.parametrize("place", ["mean", "quantiles"])
    def test_infinite_forecasts_are_failures(self, place):
        answer = Forecast.normal(np.ones((2, 1)), np.ones((2, 1)), [80])
        getattr(answer, place)[1] = np.inf
        result = Gives(answer).forecast(Windows.of(panel([1, 2], [1, 2])), 1, [80])
        assert result.status.tolist() == [Status.OK, Status.FAILED]
        assert np.isnan(result.mean[1]).all()

    def test_a_missing_interval_is_no_failure(self):
        result = Naive().forecast(Windows.of(panel([5])), 2, [80])
        assert result.status.tolist() == [Status.OK]
        assert np.isnan(result.quantiles).all()

    def test_arithmetic_that_overflows_is_a_status_and_not_a_warning(self):
        result = Drift().forecast(Windows.of(panel([-1e308, 1e308, 1e308])), 3, [80])
        assert result.status.tolist() == [Status.FAILED]


class TestSeriesModel:
    def test_one_function_of_one_series_is_enough(self):
        model = One([])
        result = model.forecast(Windows.of(DATA), 2, [80])
        assert [Status(s).label for s in result.status] == [
            "ok", "missing_values", "too_short", "out_of_domain", "too_short", "failed",
        ]  # fmt: skip
        assert result.reason[2] == "two needed"
        assert result.reason[3] == "starts below zero"
        assert result.reason[5] == "ZeroDivisionError: division by zero"
        assert isinstance(result.errors[5], ZeroDivisionError)
        assert result.mean[0].tolist() == [3, 3]
        assert result.quantiles[0].tolist() == [[0, 1], [0, 1]]

    @pytest.mark.parametrize(
        ("answer", "told"),
        [(None, "nothing"), (np.ones(2), "an array of shape (2,)"), ((1, 2, 3), "a tuple")],
    )
    def test_an_answer_of_the_wrong_form_says_what_was_expected(self, monkeypatch, answer, told):
        monkeypatch.setattr(One, "forecast_one", lambda *_: answer)
        result = One([]).forecast(Windows.of(panel([1, 2])), 2, [80])
        assert result.reason == {
            0: f"TypeError: One.forecast_one gave {told}; point forecasts [2] and quantiles [2, 2] "
            "expected, or `intervals = False` and point forecasts alone"
        }

    def test_without_intervals_point_forecasts_are_enough(self, monkeypatch):
        monkeypatch.setattr(One, "intervals", False)
        monkeypatch.setattr(One, "forecast_one", lambda _, y, horizon, *__: np.full(horizon, y[-1]))
        result = One([]).forecast(Windows.of(panel([1, 2])), 2, [80])
        assert result.mean.tolist() == [[2, 2]]
        assert np.isnan(result.quantiles).all()
        assert result.reason == {}

    def test_no_series_is_asked_twice_because_another_failed(self):
        model = One([])
        model.forecast(Windows.of(DATA), 1)
        ids = [context.unique_id for context in model.seen]
        assert len(ids) == len(set(ids))

    def test_the_context_says_where_the_series_is(self):
        model = One([])
        data = panel([1, 2, 3], first=1990, freq="Q")
        model.forecast(Windows.of(data, [0], np.array([1]), np.array([3])), 1)
        (context,) = model.seen
        assert (context.unique_id, context.period, context.season_length) == ("a", 1991, 4)
        assert context.bounds == (-np.inf, np.inf)
        assert context.companion("a").tolist() == [2, 3]
        assert context.companion("z") is None

    def test_the_values_cannot_be_changed(self):
        @dataclass(frozen=True)
        class Rude(SeriesModel):
            def forecast_one(self, y, horizon, probs, context):
                y[0] = 0

        result = Rude().forecast(Windows.of(panel([1, 2])), 1)
        assert "read-only" in result.reason[0]

    @pytest.mark.parametrize(
        ("mean", "quantiles"),
        [
            ([1.0], np.ones((3, 2))),
            ([[1.0, 2.0, 3.0]], np.ones((3, 2))),
            (3.0, np.ones((3, 2))),
            ("abc", np.ones((3, 2))),
            (None, np.ones((3, 2))),
            (np.ones(3), np.ones((2, 3))),  # the other way round: the size alone would fit
            (np.ones(3), np.ones(6)),
            (np.ones(3), None),
        ],
    )
    def test_an_answer_of_the_wrong_shape_is_recorded(self, mean, quantiles):
        @dataclass(frozen=True)
        class Wrong(SeriesModel):
            def forecast_one(self, y, horizon, probs, context):
                return mean, quantiles

        result = Wrong().forecast(Windows.of(panel([1, 2])), 3, [80])
        assert result.status.tolist() == [Status.FAILED]


def test_what_is_registered_of_a_model_is_true():
    for _, spec in load(points=[]).specs("model"):
        model = spec.load()()
        assert ("missing" in spec.capabilities) == model.missing
        with pytest.raises(FrozenInstanceError):
            model.min_train = 5


def test_models_are_values():
    assert Drift() == Drift()
    assert repr(SeasonalNaive(4)) == "SeasonalNaive(season_length=4)"
    assert hash(SeasonalNaive(4)) == hash(SeasonalNaive(4))
    assert Drift().name == "Drift"
    with pytest.raises(FrozenInstanceError):
        SeasonalNaive(4).season_length = 5


def test_a_sliding_window_that_begins_in_a_gap_shows_a_model_no_gap():
    @dataclass(frozen=True)
    class Shown(SeriesModel):
        def forecast_one(self, y, horizon, probs, context):
            assert np.isfinite(y).all()
            return np.full(horizon, float(context.period)), np.empty((horizon, 0))

    data = panel([1, np.nan, np.nan, 4, 5])
    windows = Windows.of(data, [0], np.array([1]), np.array([5]))
    assert Shown().forecast(windows, 1).mean.tolist() == [[2003.0]]
