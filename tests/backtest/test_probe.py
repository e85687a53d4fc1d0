"""The probe: batch answers are trusted where a few windows, tried alone, come out the same."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import westforecast as wf
from westforecast import Forecast, Model, SeriesModel, WestforecastWarning
from westforecast.backtest import ahead, origins, run
from westforecast.backtest.probe import PROBED, Probe, compare, sample
from westforecast.engines import SerialEngine, ThreadEngine
from westforecast.models import Drift, Naive, Status

from ..builders import NAN, panel, walk

WALKS = panel(*(walk(length, length) for length in (9, 30, 12, 17, 25)))
PLAN = origins(WALKS, 2, n_windows=3, align="series")


@dataclass(frozen=True)
class Mixed(Model):
    """Every window gets the mean of all windows of the call."""

    def compute(self, windows, horizon, levels):
        mean = np.full((len(windows), horizon), np.nanmean(windows.rows()))
        return Forecast.normal(mean, np.ones_like(mean), levels)


@dataclass(frozen=True)
class Carried(Model):
    """What a window gets depends on those before it: in another order it gets something else."""

    def compute(self, windows, horizon, levels):
        mean = np.cumsum([windows.y(w)[-1] for w in range(len(windows))])
        return Forecast.normal(np.repeat(mean[:, None], horizon, axis=1), 0 * mean[:, None], levels)


@dataclass(frozen=True)
class Shy(Model):
    """Refuses all windows of a call but the first."""

    def compute(self, windows, horizon, levels):
        answer = Naive().compute(windows, horizon, levels)
        for w in range(1, len(windows)):
            answer.refuse(w, Status.OUT_OF_DOMAIN, "one is enough")
        return answer


@dataclass(frozen=True)
class Rounded(Model):
    """As good as equal: batches of several are off by rounding."""

    off: float = 1e-9

    def compute(self, windows, horizon, levels):
        answer = Naive().compute(windows, horizon, levels)
        answer.mean[:] *= 1 + self.off * (len(windows) > 1)
        return answer


@dataclass(frozen=True)
class Foreign(SeriesModel):
    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id == "a":
            raise LookupError("no a")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


BAD = [Mixed(), Carried(), Shy()]


def alone(model, windows):
    """What a model says of each window by itself."""
    each = [model.forecast(windows.take(np.array([w])), 2, [80]) for w in range(len(windows))]
    return {name: np.concatenate([getattr(one, name) for one in each])
            for name in ("mean", "quantiles", "status")}  # fmt: skip


class TestTrust:
    def test_equal_answers_are_told(self):
        result = run(PLAN, {"Naive": Naive(), "mine": Foreign(), "d": Drift()}, [80])
        assert result.probes["Naive"] == Probe(
            "batch", probed=4, equal=4, largest_difference=0.0,
            note="equal on 4 of 4 probed windows; largest difference 0 of the value, 1e-07 allowed",
        )  # fmt: skip
        assert result.manifest()["probes"]["mine"] == {"path": "one by one"}
        assert list(result.manifest()["probes"]) == ["Naive", "mine", "d"]

    def test_rounding_is_no_difference(self):
        probe = run(PLAN, {"r": Rounded()}).probes["r"]
        assert (probe.path, probe.equal) == ("batch", PROBED)
        assert probe.largest_difference == pytest.approx(1e-9, rel=0.01)

    def test_a_single_window_has_nothing_to_be_compared_with(self):
        result = run(ahead(panel([1, 2]), 1), {"m": Mixed()})
        assert result.manifest()["probes"]["m"] == {
            "path": "batch", "probed": 0,
            "note": "the only window, so there is nothing to compare",
        }  # fmt: skip


class TestDoubt:
    @pytest.mark.parametrize("model", BAD, ids=repr)
    @pytest.mark.parametrize("engine", [None, SerialEngine(), ThreadEngine(2)], ids=repr)
    def test_a_model_that_mixes_windows_is_run_one_by_one(self, model, engine):
        with pytest.warns(WestforecastWarning, match=r"model 'bad' forecasts series .* alone"):
            result = run(PLAN, {"Naive": Naive(), "bad": model}, [80], engine=engine)
        for name, expected in alone(model, PLAN.windows).items():
            np.testing.assert_array_equal(getattr(result.forecasts["bad"], name), expected)
        assert result.forecasts["bad"].reason == {}
        assert result.probes["Naive"].path == "batch"
        assert result.probes["bad"].path == "one by one"

    def test_one_warning_says_which_window_by_how_much_and_what_to_do(self):
        with pytest.warns(WestforecastWarning) as caught:
            wf.backtest(WALKS, {"off": Rounded(0.5)}, h=2, n_windows=3, align="series")
        (warning,) = caught
        assert str(warning.message) == (
            "model 'off' forecasts series 'a' at cutoff 2004 differently among other windows than "
            "alone (equal on 0 of 4 probed windows; largest difference 0.5 of the value, 1e-07 "
            "allowed). All its windows are forecast one by one in this run, which is slow. Its "
            "`compute` is to be mended: westforecast.testing.check_model(model) shows what it "
            "breaks."
        )
        assert Path(warning.filename) == Path(__file__), "it points at the caller"

    def test_the_manifest_says_so(self, tmp_path):
        with pytest.warns(WestforecastWarning):
            result = run(PLAN, {"off": Rounded(0.5), "shy": Shy()})
        result.save(tmp_path)
        probes = json.loads((tmp_path / "manifest.json").read_text())["probes"]
        assert probes["off"].pop("largest_difference") == pytest.approx(0.5, rel=1e-3)
        assert probes == {
            "off": {
                "path": "one by one", "probed": 4, "equal": 0,
                "note": "equal on 0 of 4 probed windows; largest difference 0.5 of the value, "
                "1e-07 allowed",
            },
            "shy": {
                "path": "one by one", "probed": 2, "equal": 1,
                "note": "equal on 1 of 2 probed windows; out_of_domain among others, ok alone",
            },
        }  # fmt: skip

    def test_a_fallback_is_probed_as_well(self):
        with pytest.warns(WestforecastWarning, match=r"model 'Mixed \(fallback\)'"):
            result = run(PLAN, {"mine": Foreign()}, [80], fallback=Mixed())
        first = PLAN.windows.series == 0
        np.testing.assert_array_equal(result.used["mine"], first)
        np.testing.assert_array_equal(
            result.forecasts["mine"].mean[first], alone(Mixed(), PLAN.windows)["mean"][first]
        )
        assert result.probes["Mixed (fallback)"].path == "one by one"

    def test_progress_goes_on(self):
        told = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", WestforecastWarning)
            run(PLAN, {"bad": Mixed()}, progress=lambda *what: told.append(what))
        assert told == [(1, 1, "bad"), *((k, 15, "bad") for k in range(1, 16))]


class TestSample:
    BY_LENGTH = np.array([3, 1, 4, 0, 5, 2, 6])

    def forecast(self, *failed):
        forecast = Forecast.empty(7, 1, ())
        for w in failed:
            forecast.refuse(w, Status.FAILED, "no")
        return forecast

    @pytest.mark.parametrize(
        ("failed", "tried"),
        [
            ((), [3, 4, 5, 6]),  # shortest, two between, longest
            ((3, 0), [1, 4, 2, 6, 0]),  # and the longest that failed
            ((3, 1, 4, 0, 5), [2, 6, 5]),
            (range(7), [6]),
        ],
    )
    def test_it_spreads_over_lengths(self, failed, tried):
        assert sample(self.forecast(*failed), self.BY_LENGTH).tolist() == tried


class TestCompare:
    def test_an_interval_that_only_one_of_them_has_is_a_difference(self):
        batch, one = (Forecast.normal(np.ones((2, 3)), np.ones((2, 3)), [80]) for _ in range(2))
        one.quantiles[1] = NAN
        probe, worst = compare(batch, one)
        assert (probe.path, probe.equal, probe.largest_difference) == ("one by one", 1, None)
        assert worst == 1
        assert probe.note == "equal on 1 of 2 probed windows; one of the two lacks its interval"

    def test_numbers_near_zero_are_equal(self):
        small, zero = (
            Forecast.normal(np.full((1, 2), v), np.zeros((1, 2)), ()) for v in (1e-10, 0)
        )
        assert compare(small, zero)[0].path == "batch"


def test_a_mixed_up_window_is_seen_at_any_scale_of_the_data():
    @dataclass(frozen=True)
    class Neighbours(Model):
        """The mean of all windows' last values."""

        def compute(self, windows, horizon, levels):
            last = [windows.y(w)[-1] for w in range(len(windows))]
            mean = np.full((len(windows), horizon), np.mean(last))
            return Forecast.normal(mean, np.zeros_like(mean), levels)

    for scale in (1e-12, 1.0, 1e12):
        data = panel(*(scale * walk(12, k) for k in range(5)))
        with pytest.warns(WestforecastWarning, match="differently among other windows"):
            found = run(origins(data, 2, align="series"), {"mixed": Neighbours()})
        assert found.probes["mixed"].path == "one by one"
