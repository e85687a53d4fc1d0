"""The two verbs: names, arguments that cannot be meant, and what reaches the result."""

import io
import sys
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
import westforecast.api
from westforecast import SeriesModel, UsageError
from westforecast.api import named_models
from westforecast.engines import SerialEngine, ThreadEngine
from westforecast.errors import UnknownNameError
from westforecast.models import Drift, DrivenModel, Forecast, Naive, SeasonalNaive

from .builders import frame, panel, walk


@dataclass(frozen=True)
class Needy(Naive):
    """Cannot be made from its class alone."""

    driver: str


DATA = panel([1, 2, 4, 7, 11], [5, 4, 6, 5, 7])


class TestNames:
    def test_a_model_by_name_with_settings(self):
        assert wf.model("SeasonalNaive", season_length=4) == SeasonalNaive(4)
        assert wf.model("westforecast:Drift") == Drift()

    @pytest.mark.parametrize(
        ("given", "names"),
        [
            ("Drift", ["Drift"]),
            (Drift(), ["Drift"]),
            (Drift, ["Drift"]),
            ([Drift, "Naive"], ["Drift", "Naive"]),
            (["Drift", Naive()], ["Drift", "Naive"]),
            (("westforecast:Drift",), ["westforecast:Drift"]),
            ({"mine": "Drift", "yours": Drift()}, ["mine", "yours"]),
            ((name for name in ["Naive", "Drift"]), ["Naive", "Drift"]),
        ],
    )
    def test_models_in_any_form(self, given, names):
        named = named_models(given)
        assert list(named) == names
        assert all(model in (Drift(), Naive()) for model in named.values())

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ([], "no model given. `westforecast models list`"),
            ({}, "no model given"),
            (["Drift", Drift()], "two models are called 'Drift'. Give a mapping with names of"),
            ({"y": "Drift"}, "cannot be called 'y': frames use that as a column"),
            ({"my-lo-80": "Drift"}, "cannot be called 'my-lo-80'"),
            (Needy, r"Needy needs driver: pass Needy\(driver=...\)"),
            (None, "None is neither a model's name nor a westforecast Model. Adapt a model of"),
            ([object()], "is neither a model's name nor a westforecast Model"),
            (5, "5 is neither"),
        ],
    )
    def test_models_that_cannot_be_meant(self, given, message):
        with pytest.raises(UsageError, match=message):
            named_models(given)

    def test_an_unknown_model_suggests_the_nearest(self):
        with pytest.raises(UnknownNameError, match=r"no model 'Drfit'. Did you mean 'Drift'"):
            wf.forecast(DATA, "Drfit", h=1)

    def test_settings_a_model_does_not_take(self):
        with pytest.raises(UsageError) as caught:
            wf.model("Drift", damp=0.9)
        assert str(caught.value) == (
            "model 'Drift' has no setting 'damp' (found: damp=0.9). It has no settings."
        )

    def test_metrics_by_name(self):
        assert wf.metric("mase").name == "mase"
        with pytest.raises(UnknownNameError, match=r"no metric 'maes'. Did you mean 'ma"):
            wf.metric("maes")
        with pytest.raises(UnknownNameError, match=r"no dataset 'none'"):
            wf.dataset("none")


class TestForecast:
    def test_to_a_year(self):
        long = wf.forecast(DATA, ["Drift", "Naive"], until=2007, levels=(80, 95)).long()
        assert long["ds"].tolist() == [2005, 2006, 2007] * 4
        assert {"lo-80", "hi-80", "lo-95", "hi-95"} < set(long)
        assert (long["lo-95"] < long["lo-80"]).all()

    def test_the_default_model(self):
        assert list(wf.forecast(DATA, h=1).forecasts) == ["DampedLogGrowth"]

    def test_names_of_ones_own_reach_the_frames(self):
        result = wf.forecast(DATA, {"line": "Drift"}, h=1)
        assert set(result.long()["model"]) == set(result.long()["model_used"]) == {"line"}
        assert "line" in result.wide()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "exactly one of h and until"),
            ({"h": 1, "until": 2008}, "exactly one of h and until"),
            ({"until": 2003}, "until=2003 is not after the last observation of 2 series"),
            ({"h": 1, "levels": [0.95]}, "Did you mean 95"),
            ({"h": 1, "levels": 0.8}, "Did you mean 80"),
            ({"h": 1, "on_error": "skip"}, "on_error='skip'"),
            ({"h": 1, "engine": "dusk"}, "no engine 'dusk'"),
            ({"h": 1, "engine": 5}, "engine=5 is neither an engine's name nor an Engine object"),
            ({"h": 1, "engine": SerialEngine}, "is neither an engine's name nor an Engine object"),
            ({"h": 1, "fallback": "Naiv"}, "no model 'Naiv'. Did you mean 'Naive'"),
        ],
    )
    def test_arguments_that_cannot_be_meant(self, arguments, message):
        with pytest.raises(UsageError, match=message):
            wf.forecast(DATA, "Drift", **arguments)

    def test_a_dict_is_no_data(self):
        with pytest.raises(UsageError, match=r"data is a dict; expected a long data frame"):
            wf.forecast({"y": [1.0]}, "Naive", h=1)

    def test_failures_are_raised_on_request(self):
        with pytest.raises(wf.ModelError, match=r"model 'DampedLogGrowth' failed on series 'a'"):
            wf.forecast(panel([-1, 2, 3]), h=1, on_error="raise")

    def test_a_fallback_by_name(self):
        row = wf.forecast(panel([-1, 2, 3]), h=1, fallback="Naive").long().iloc[0]
        assert (row["yhat"], row["status"], row["model_used"]) == (3, "not_positive", "Naive")


class TestBacktest:
    def test_every_argument_reaches_the_plan(self):
        result = wf.backtest(
            panel(walk(20)), "Drift", h=2, n_windows=2, step_size=3, window="sliding",
            input_size=5, min_train_size=3, gap=1, align="series", allow_partial=True, levels=[80],
        )  # fmt: skip
        plan = result.plan
        assert plan.windows.cutoff.tolist() == [2014, 2017]
        assert plan.windows.lengths.tolist() == [5, 5]
        assert (plan.horizon, plan.first_step) == (3, 2)
        assert result.settings == {
            "call": "backtest", "h": 2, "n_windows": 2, "cutoffs": None, "step_size": 3,
            "window": "sliding", "input_size": 5, "min_train_size": 3, "gap": 1,
            "align": "series", "allow_partial": True, "series": None, "on_error": "record",
            "time_budget": None,
            "engine": "AutoEngine(workers=None)",
        }  # fmt: skip

    def test_cutoffs_reach_the_manifest(self):
        result = wf.backtest(DATA, "Drift", h=1, cutoffs=[2002, "2003"])
        assert result.manifest()["settings"]["cutoffs"] == ["2002", "2003"]

    def test_engines_by_name_and_object(self):
        base = wf.backtest(DATA, "Drift", h=1, n_windows=3)
        for engine in ("auto", "serial", "threads", "westforecast:threads", ThreadEngine(2)):
            other = wf.backtest(DATA, "Drift", h=1, n_windows=3, engine=engine)
            np.testing.assert_array_equal(
                other.forecasts["Drift"].mean, base.forecasts["Drift"].mean
            )


@dataclass(frozen=True)
class Follow(DrivenModel):
    """What the driver is expected to be."""

    driver: str

    def compute(self, windows, horizon, levels):
        driver = self.look(windows, horizon, levels, self.driver)
        result = Forecast.empty(len(windows), horizon, levels)
        result.mean[:] = driver.path[:, -horizon:]
        return self.explain(result, driver.refusals)


FOLLOWING = {"follow": Follow("b"), "Drift": Drift()}


class TestSeries:
    def test_the_others_are_there_as_drivers_only(self):
        every = wf.forecast(DATA, FOLLOWING, h=2).long()
        mine = wf.forecast(DATA, FOLLOWING, h=2, series=["a"])
        pd.testing.assert_frame_equal(
            mine.long(), every[every["unique_id"] == "a"].reset_index(drop=True)
        )
        assert set(mine.ledger["unique_id"]) == {"a"}
        assert mine.manifest()["settings"]["series"] == ["a"]
        assert mine.manifest()["data"]["series"] == 2
        assert (mine.long()["status"] == "ok").all()

    def test_a_backtest_scores_them_alone(self):
        every = wf.backtest(DATA, FOLLOWING, h=1, n_windows=2)
        mine = wf.backtest(DATA, FOLLOWING, h=1, n_windows=2, series=(i for i in "a"))
        apart = every.scores("mae", by=["unique_id", "model"]).query("unique_id == 'a'")
        assert mine.scores("mae")["mae"].tolist() == apart["mae"].tolist()
        assert mine.settings["series"] == ["a"]
        assert set(mine.ledger["unique_id"]) == {"a"}

    def test_an_unknown_id_suggests_the_nearest(self):
        lathes = wf.Panel.from_frame(frame([1.0, 2.0, 3.0]).assign(unique_id="lathes"))
        for call in (wf.forecast, wf.backtest):
            with pytest.raises(UnknownNameError, match=r"no series 'lahtes' in .* mean 'lathes'"):
                call(lathes, "Drift", h=1, series="lahtes")

    @pytest.mark.parametrize("call", [wf.forecast, wf.backtest])
    def test_none_is_not_nothing(self, call):
        with pytest.raises(UsageError, match=r"series is empty; name at least one"):
            call(DATA, "Drift", h=1, series=[])


class TestSplitErrors:
    @pytest.fixture
    def follow(self, monkeypatch):
        # The core has no model with a driver of its own.
        found = westforecast.api.model
        monkeypatch.setattr(
            westforecast.api, "model", lambda name: Follow("b") if name == "Follow" else found(name)
        )

    def test_a_name_is_as_good_as_a_model(self, follow):
        by_name = wf.split_errors(DATA, "Follow", 1, series="a", n_windows=2, engine="serial")
        by_model = wf.split_errors(DATA, Follow("b"), h=1, series=["a"], n_windows=2)
        pd.testing.assert_frame_equal(by_name.long(), by_model.long())
        assert set(by_name.long()["unique_id"]) == {"a"}
        assert by_name.result.manifest()["settings"]["series"] == "['a']"

    @pytest.mark.parametrize(
        ("model", "options", "message"),
        [
            ("Drift", {}, r"Drift\(\) has no driver, so all of its error is its own"),
            ("Drfit", {}, r"no model 'Drfit'. Did you mean 'Drift'"),
            (Drift, {}, r"Drift\(\) has no driver"),
            (
                "Drift",
                {"n_window": 3},
                r"split_errors has no .* 'n_window' found. Did .* 'n_windows'",
            ),
            ("Drift", {"engine": "dusk"}, "no engine 'dusk'"),
        ],
    )
    def test_what_cannot_be_split(self, model, options, message):
        with pytest.raises(UsageError, match=message):
            wf.split_errors(DATA, model, 1, **options)


class TestProgress:
    def test_a_function_is_told(self):
        told = []
        wf.forecast(DATA, ["Drift", "Naive"], h=1, progress=lambda *what: told.append(what))
        assert told == [(1, 2, "Drift"), (2, 2, "Naive")]

    @pytest.mark.parametrize(("watched", "progress", "drawn"), [
        (False, None, False), (True, None, True), (True, False, False), (False, True, True),
    ])  # fmt: skip
    def test_a_bar_is_drawn_where_somebody_watches(self, monkeypatch, watched, progress, drawn):
        class Terminal(io.StringIO):
            def isatty(self):
                return watched

        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        started = []
        monkeypatch.setattr("rich.progress.Progress.start", lambda bar: started.append(bar))
        wf.forecast(DATA, "Drift", h=1, progress=progress)
        assert bool(started) == drawn

    def test_a_bar_is_closed_when_a_model_fails(self, monkeypatch):
        closed = []
        monkeypatch.setattr("rich.progress.Progress.stop", lambda bar: closed.append(bar))
        with pytest.raises(wf.ModelError):
            wf.forecast(panel([-1, 2]), h=1, on_error="raise", progress=True)
        assert closed


def test_an_own_model_is_used_like_any_other():
    class Half(SeriesModel):
        def forecast_one(self, y, horizon, probs, context):
            return np.full(horizon, y[-1] / 2), np.full((horizon, len(probs)), y[-1])

    assert wf.forecast(DATA, Half(), h=1).long()["yhat"].tolist() == [5.5, 3.5]
