"""Scores that cannot mislead: cases from the field by their ids, and their kinds."""

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.metrics import Metric
from westforecast.models import SeriesModel
from westforecast.models.status import OutOfDomain

WALK = [1.0, 3, 2, 5, 4, 6, 7, 9, 8, 10]
WEIGHTS = 10.1 * np.arange(1, 9)
ALIKE = WEIGHTS / (3 * WEIGHTS)  # a third, eight times, up to the last digit


def panel(kinds=(), **series):
    """Annual series that all end in one year, by their names."""
    rows = [
        pd.DataFrame({"unique_id": name, "ds": range(2020 - len(y), 2020), "y": y})
        for name, y in series.items()
    ]
    return wf.Panel.from_frame(
        pd.concat(rows), meta={k: {"kind": v} for k, v in dict(kinds).items()}
    )


def backtest(data, models="Naive", h=1, **settings):
    return wf.backtest(data, models, h=h, progress=False, **settings)


def row(table, model="Naive"):
    return table[table["model"] == model].iloc[0]


class TestB16ConstantSeries:
    def test_b16_mase_of_a_constant_series_is_undefined_and_others_are_unharmed(self):
        alone = backtest(panel(b=WALK), h=2).scores(["mase", "rmsse", "mae"])
        both = backtest(panel(a=[5.0] * 8 + [5, 6], b=WALK), h=2)
        scores = row(both.scores(["mase", "rmsse", "mae"]))
        assert scores[["mase", "rmsse"]].tolist() == alone.loc[0, ["mase", "rmsse"]].tolist()
        assert scores["mae"] == pytest.approx((0 + 1 + 1 + 1) / 4)
        each = both.scores("mase", by=["unique_id", "model"])
        assert np.isnan(each["mase"][0])
        assert each.loc[0, ["n", "n_undefined"]].tolist() == [0, 2]
        assert each["mase"][1] == alone["mase"][0]

    @pytest.mark.parametrize("y", [[0.0] * 6, [-3.0] * 6, [1e300] * 6, [5.0]])
    def test_b16_nothing_to_scale_by_is_never_infinite(self, y):
        scores = row(backtest(panel(a=[*y, y[-1] + 1])).scores(["mase", "rmsse"]))
        assert np.isnan(scores[["mase", "rmsse"]].astype(float)).all()
        assert scores["n"] == 0
        assert scores["n_undefined"] == 1


class TestB17ConstantUpToRounding:
    def test_b17_a_scale_of_rounding_is_no_scale(self):
        share = [*ALIKE, 0.35, 0.36]
        assert np.abs(np.diff(ALIKE)).mean() > 0  # else this tests nothing
        alone = backtest(panel(b=WALK), ["Naive", "Drift"], h=2).scores(["mase", "rmsse"])
        both = backtest(panel(a=share, b=WALK), ["Naive", "Drift"], h=2)
        scores = both.scores(["mase", "rmsse", "mae"])
        pd.testing.assert_frame_equal(scores[["mase", "rmsse"]], alone[["mase", "rmsse"]])
        assert scores[["n_mase", "n_rmsse", "n_mae"]].to_numpy().tolist() == [[2, 2, 4]] * 2

    @pytest.mark.parametrize("level", [1e-9, 1e-3, 1 / 3, 7.0, 1e6, 1e12])
    @pytest.mark.parametrize("sign", [1, -1])
    @pytest.mark.parametrize(
        ("noise", "counts"),
        [
            (lambda level: level * 3 * ALIKE, False),
            (lambda level: level * (1 + 1e-12 * np.sin(np.arange(8.0))), False),
            (lambda level: np.float32(level) * np.float32(3 * ALIKE), False),
            (lambda level: single(level) * single(WEIGHTS) / single(3 * WEIGHTS), False),
            (lambda level: level * (1 + 1e-6 * np.sin(np.arange(8.0))), True),
            (lambda level: single(level * (1 + 1e-6 * np.sin(np.arange(8.0)))), True),
            (lambda level: level * (1 + 1e-9 * np.sin(np.arange(8.0))), True),
        ],
        ids=["quotients", "1e-12", "cast", "single", "1e-6", "single-1e-6", "1e-9"],
    )
    def test_b17_what_counts_is_the_size_beside_the_level(self, noise, counts, level, sign):
        y = np.asarray(sign * noise(level))
        data = panel(a=np.append(y, y[-1:] * y.dtype.type(1.01)))
        scores = row(backtest(data).scores(["mase", "rmsse"]))
        assert np.isfinite(scores["mase"]) == np.isfinite(scores["rmsse"]) == counts

    @pytest.mark.parametrize("step", [1.0, 0.5, 0.1])
    def test_b17_counts_and_decimals_that_vary_by_little_still_count(self, step):
        y = 12_345_678 + step * np.array([0, 1, 0, 2, 1, 0, 1, 2.0])
        assert row(backtest(panel(a=y)).scores("mase"))["mase"] == pytest.approx(6 / 7)

    def test_b17_what_comes_after_the_cutoff_does_not_decide_it(self):
        calm = [*ALIKE, 0.35, 0.36]
        wild = [*ALIKE, 0.35, 1e12]  # the level of the training part is what it was
        for y in (calm, wild):
            table = backtest(panel(a=y), h=2).scores("mase")
            assert table.loc[0, ["n", "n_undefined"]].tolist() == [0, 2]

    def test_b17_seasons_that_repeat_up_to_rounding_have_no_scale(self):
        quarters = pd.period_range("2000Q1", periods=13, freq="Q")
        y = np.resize([0.1, 0.2, 0.3, 0.4], 13) * np.repeat(3 * ALIKE[:4], 4)[:13]
        frame = pd.DataFrame({"unique_id": "a", "ds": quarters, "y": y})
        scores = backtest(wf.Panel.from_frame(frame)).scores(["mase", "mae"])
        assert scores.loc[0, ["n_mase", "n_mae"]].tolist() == [0, 1]

    def test_b17_percentages_of_rounding_are_undefined_too(self):
        zero = 0.1 + 0.2 - 0.3  # 5.6e-17, which a spreadsheet shows as 0
        scores = row(
            backtest(panel(a=[0.3, 0.2, 0.4, 0.3, zero])).scores(["mape", "cagr_error", "mae"])
        )
        assert np.isnan(scores["mape"])
        assert np.isnan(scores["cagr_error"])
        assert scores["mae"] == pytest.approx(0.3)
        scores = row(backtest(panel(a=[0.3, 0.2, 0.4, zero, 0.3])).scores(["cagr_error", "mape"]))
        assert np.isnan(scores["cagr_error"])  # growth from nothing
        assert scores["mape"] == pytest.approx(100)
        scores = row(backtest(panel(a=[0.3, 0.2, 0.4, 0.0, zero])).scores(["smape"]))
        assert scores["smape"] == 0  # a 0 that was forecast

    def test_b17_an_outcome_on_a_bound_up_to_rounding_is_covered(self):
        data = panel(a=[*ALIKE, ALIKE[0] * (1 + 4e-16)])
        table = backtest(data, levels=(80,)).scores(["coverage", "interval_score"])
        assert table["coverage-80"][0] == 100
        assert table["interval_score-80"][0] == pytest.approx(0, abs=1e-14)


def single(values):
    return np.asarray(values, np.float32)


@pytest.fixture(scope="module")
def result():
    """A flat series beside a walk."""
    return backtest(panel(a=[5.0] * 8 + [5, 6], b=WALK), ["Naive", "Drift"], h=2)


class TestB19CountsOfTheMetricBesideThem:
    def test_b19_counts_are_those_of_the_metric(self, result):
        for metric, counts in (("mase", [2, 1, 1, 0, 2]), ("mae", [4, 2, 1, 0, 0])):
            table = result.scores(metric)
            names = ["n", "n_series", "n_cutoffs", "n_excluded", "n_undefined"]
            assert table.columns.tolist() == ["model", metric, *names]
            assert table[names].to_numpy().tolist() == [counts, counts]

    def test_b19_several_metrics_have_the_cells_of_all_and_of_each(self, result):
        table = result.scores(["mase", "mae"])
        assert table.columns.tolist() == [
            "model", "mase", "mae", "n", "n_series", "n_cutoffs", "n_excluded", "n_undefined",
            "n_mase", "n_mae",
        ]  # fmt: skip
        assert table.iloc[0, 3:].tolist() == [2, 1, 1, 0, 2, 2, 4]

    def test_b19_columns_do_not_depend_on_the_data(self, result):
        plain = backtest(panel(b=WALK), ["Naive", "Drift"], h=2)
        for metrics in ("mase", ["mase", "mae"]):
            columns = [list(each.scores(metrics).columns) for each in (result, plain)]
            assert columns[0] == columns[1]

    def test_b19_a_score_that_is_not_there_takes_no_cell_from_the_others(self, result):
        table = result.scores(["mase", "mae"], by=["unique_id", "model"])
        flat = table.iloc[0]
        assert np.isnan(flat["mase"])
        assert flat[["n", "n_undefined", "n_mase", "n_mae"]].tolist() == [2, 0, 0, 2]

    @pytest.mark.parametrize("by", ["unique_id", "horizon", "cutoff", "ds"])
    @pytest.mark.parametrize("metric", ["mase", "mape", "coverage", "mae"])
    @pytest.mark.parametrize("seed", range(3))
    def test_b19_a_score_is_the_mean_of_so_many_losses(self, metric, by, seed):
        rng = np.random.default_rng(seed)
        series = {c: np.round(rng.normal(0, 1, 12).cumsum()) for c in "abc"}
        series["d"] = np.full(12, 2.0)
        result = backtest(panel(**series), ["Naive", "Drift"], h=2, n_windows=3, levels=(80,))
        with warnings.catch_warnings():  # mape is undefined in some groups
            warnings.simplefilter("ignore", wf.WestforecastWarning)
            losses, table = result.losses(metric), result.scores(metric, by=[by, "model"])
        column = losses.columns[-1]
        for (key, model), part in losses.groupby([by, "model"]):
            found = table[(table[by] == key) & (table["model"] == model)].iloc[0]
            assert found[column] == pytest.approx(part[column].mean())
            assert found["n"] == len(part)
            assert found["n_series"] == part["unique_id"].nunique()
            assert found["n_cutoffs"] == part["cutoff"].nunique()
        known = table[["n", "n_excluded", "n_undefined"]].to_numpy().sum()
        assert known == 2 * 4 * 3 * 2  # every cell whose outcome is known, of both models
        assert table["n"].sum() == len(losses)

    def test_b19_a_metric_with_the_name_of_a_count_is_refused(self, result):
        named = Metric("n", "mean |e|", lambda cells: np.abs(cells.error))
        with pytest.raises(wf.UsageError, match=r"metric 'n' has the name of another column\. Giv"):
            result.scores(named)


class TestInfiniteLosses:
    def test_an_infinite_loss_is_reported_and_said(self):
        surprise = Metric("surprise", "x", lambda c: np.where(c.actual > 9, np.inf, c.error**2))
        result = backtest(panel(a=WALK, b=[y - 3 for y in WALK]), ["Naive", "Drift"], n_windows=2)
        told = r"^surprise is infinite in 1 cell of 'Naive' and in some of 1 more .*series 'a', st"
        with pytest.warns(wf.WestforecastWarning, match=told) as caught:
            table = result.scores([surprise, "mae"])
        assert caught[0].filename == __file__
        assert table["surprise"].tolist() == [np.inf, np.inf]
        assert table[["n", "n_undefined", "n_surprise"]].to_numpy().tolist() == [[4, 0, 4]] * 2
        assert np.isfinite(table["mae"]).all()
        with pytest.warns(wf.WestforecastWarning, match=told):
            each = result.scores(surprise, by=["unique_id", "model"])
        assert np.isinf(each["surprise"]).tolist() == [True, True, False, False]
        assert np.isinf(result.losses(surprise)["surprise"]).sum() == 2

    @pytest.mark.parametrize("metric", ["rmse", "rmsse", "mae", "mase", "smape", "mape", "bias"])
    @pytest.mark.parametrize("level", [1e200, 1e308])
    def test_an_overflow_is_reported_and_never_hidden(self, metric, level):
        y = level * np.array([1, -0.5, 1, -0.5, 1, 0.5, -0.9])
        result = backtest(panel(a=y, b=WALK))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scores = row(result.scores([metric, "coverage"]))
        assert not np.isnan(scores[metric])
        assert scores["n"] == 2
        told = [w for w in caught if "infinite" in str(w.message)]
        assert bool(told) == np.isinf(scores[metric])
        assert all(w.category is wf.WestforecastWarning for w in caught)

    def test_a_mean_that_overflows_is_said(self):
        large = Metric("large", "x", lambda c: np.full(len(c.actual), 1.5e308))
        with pytest.warns(wf.WestforecastWarning, match="large has losses whose sum is larger"):
            assert backtest(panel(a=WALK, b=WALK)).scores(large)["large"][0] == np.inf

    def test_no_score_is_minus_zero(self):
        minus = Metric("minus", "x", lambda c: np.full(len(c.actual), -0.0))
        assert not np.signbit(backtest(panel(a=WALK)).scores(minus)["minus"][0])


@dataclass(frozen=True)
class Some(SeriesModel):
    """The last value of some series; bands of some of these."""

    ids: str = "cdefgh"
    banded: str = "abcdefgh"

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id not in self.ids:
            raise OutOfDomain(f"not of {self.ids}")
        band = y[-1] if context.unique_id in self.banded else NAN
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), band)


NAN = float("nan")


KINDS = {"a": "share", "b": "share", **dict.fromkeys("cdefgh", "level")}


@pytest.fixture(scope="module")
def data():
    """Two shares and six levels."""
    return panel(KINDS, **{name: np.array(WALK) / 20 + k / 50 for k, name in enumerate(KINDS)})


class TestAModelThatRefusesAGroup:
    @pytest.mark.parametrize("by", [["kind", "model"], ["model", "kind"], "kind", ["kind", "ds"]])
    def test_is_named_with_the_remedy(self, data, by):
        result = backtest(data, {"Naive": "Naive", "Drift": "Drift", "stage": Some()})
        told = (
            r"of 2 cells whose outcome is known in kind 'share'.* stage forecast 0, so all 3 "
            r"models are compared on none of them\. Pass common=False to score .*, or leave "
            r"'stage' out \(`result\.without\('stage'\)`\)\. The ledger says why"
        )
        with pytest.warns(wf.WestforecastWarning, match=told) as caught:
            result.scores(["mae", "mase"], by=by)
        assert len(caught) == 1
        rest = result.without("stage").scores(["mae", "mase"], by=by)  # no warning
        assert rest[["mae", "mase"]].notna().all(axis=None)
        assert result.scores("mae")["n"].tolist() == [6, 6, 6]  # no group, no warning

    def test_is_named_in_losses_and_in_compare(self, data):
        result = backtest(data, {"Naive": "Naive", "stage": Some()})
        told = "in kind 'share' stage forecast 0, .* none of them. Leave 'stage' out"
        with pytest.warns(wf.WestforecastWarning, match=told) as caught:
            assert set(result.losses("mae")["unique_id"]) == set("cdefgh")
        assert caught[0].filename == __file__
        with pytest.warns(wf.WestforecastWarning, match=told):
            found = wf.compare(result, metric="mae")
        assert "in kind 'share' stage forecast 0" in " ".join(str(found).split())
        groups = found.by("kind").set_index(["kind", "model"])
        assert groups["n"].to_dict() == {
            ("level", "Naive"): 6, ("level", "stage"): 6,
            ("share", "Naive"): 0, ("share", "stage"): 0,
        }  # fmt: skip
        assert groups.loc["share", ["mae", "skill"]].isna().all(axis=None)

    def test_a_metric_that_it_lacks_in_a_group(self, data):
        result = backtest(
            data, {"Naive": "Naive", "bare": Some("abcdefgh", "cdefgh")}, levels=(80,)
        )
        told = "in kind 'share' coverage-80 is undefined for bare in 2, so .* leave 'bare' out"
        with pytest.warns(wf.WestforecastWarning, match=told):
            table = result.scores(["mae", "coverage"], by=["kind", "model"])
        assert table["n_mae"].tolist() == [6, 6, 2, 2]
        assert table["n_coverage-80"].tolist() == [6, 6, 0, 0]
        whole = result.scores(["mae", "coverage"])
        assert whole[["n", "n_mae", "n_coverage-80", "n_undefined"]].iloc[0].tolist() == [
            6,
            8,
            6,
            2,
        ]

    def test_a_group_that_no_model_has_is_nobodys_fault(self, data):
        result = backtest(data, {"one": Some(), "two": Some()})
        table = result.scores("mae", by=["kind", "model"])  # no warning
        assert table["n_excluded"].tolist() == [0, 0, 2, 2]

    def test_one_model_alone_and_a_fallback(self, data):
        plain, helped = (
            backtest(data, {"stage": Some()}, fallback=fallback).scores("mae", by="kind")
            for fallback in (None, "Naive")
        )
        pd.testing.assert_frame_equal(plain, helped)
        assert helped["n"].tolist() == [6, 0]


class TestB23Levels:
    @pytest.mark.parametrize("level", [-5, 0, 100, 101, NAN, 0.95, np.inf, "high", True])
    @pytest.mark.parametrize("verb", ["forecast", "backtest", "compare"])
    def test_b23_levels_that_mean_nothing_are_refused(self, verb, level):
        with pytest.raises(wf.UsageError, match="level") as error:
            getattr(wf, verb)(panel(a=WALK), ["Naive", "Drift"], h=1, levels=[level])
        if level == 0.95:
            assert "levels are in percent. Did you mean 95?" in str(error.value)


class TestB24Names:
    @pytest.mark.parametrize("verb", ["forecast", "backtest", "compare"])
    @pytest.mark.parametrize(
        "models",
        [
            ["Drift", wf.model("Drift")],
            ["Drift", "Drift"],
            [wf.model("Drift"), wf.model("Drift")],
            {1: "Drift", "1": "Naive"},
        ],
        ids=["name-model", "names", "models", "keys"],
    )
    def test_b24_two_models_of_one_name_are_refused(self, verb, models):
        with pytest.raises(wf.UsageError):
            getattr(wf, verb)(panel(a=WALK), models, h=1)
