"""Comparisons: what is compared, verdicts, groups, words, odd inputs, against slow twins."""

import json
import warnings
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats

import westforecast as wf
from westforecast.comparison.comparison import (
    BETTER,
    NO_DIFFERENCE,
    NOT_ENOUGH,
    SHARED_SHOCKS,
    WORSE,
)
from westforecast.metrics import Metric
from westforecast.models import Naive, SeriesModel
from westforecast.models.status import OutOfDomain

from ..builders import NAN, panel, walk

MODELS = ["Drift", "DampedLogGrowth", "InSampleMean"]
QUICK = {"n_boot": 199, "progress": False}


@dataclass(frozen=True)
class Copy(Naive):
    """Naive by another name, and by another way of rounding."""

    factor: ClassVar[float] = 1 + 1e-13

    def compute(self, windows, horizon, levels):
        made = super().compute(windows, horizon, levels)
        made.mean[:] *= self.factor
        return made


@dataclass(frozen=True)
class Fussy(SeriesModel):
    """Naive where the last value is at most a limit; nothing elsewhere."""

    limit: float = 100.0

    def forecast_one(self, y, horizon, probs, context):
        if y[-1] > self.limit:
            raise OutOfDomain(f"above {self.limit:g}")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


def words(made):
    """The text in one line."""
    return " ".join(str(made).split())


def grown(series=6, length=24, seed=0, step=1.0):
    """Walks with a drift, so that Drift beats Naive and the mean is far off."""
    rng = np.random.default_rng(seed)
    walks = 100 + (step + rng.normal(0, 1.5, (series, length))).cumsum(axis=1)
    rows = [
        (f"s{i:03d}", 1980 + t, v, ("CN-SC", "CN-GX")[i % 2])
        for i, each in enumerate(walks)
        for t, v in enumerate(each)
    ]
    return wf.Panel.from_frame(pd.DataFrame(rows, columns=["unique_id", "ds", "y", "region"]))


@pytest.fixture(scope="module")
def west():
    return grown()


@pytest.fixture(scope="module")
def found(west):
    return wf.compare(west, MODELS, h=2, n_windows=10, **QUICK)


@pytest.fixture(scope="module")
def both():
    sets = {"west": grown(5), "east": grown(7, 22, seed=9, step=0.2)}
    return wf.compare(sets, MODELS, h=2, n_windows=8, metric="mae", **QUICK)


class TestLeaderboard:
    def test_scores_are_those_of_the_backtest(self, west, found):
        board = found.leaderboard()
        expected = wf.backtest(west, [*MODELS, "Naive"], h=2, n_windows=10).scores("mase")
        scores = dict(zip(expected["model"], expected["mase"], strict=True))
        assert set(board["model"]) == set(scores)
        for row in board.to_dict("records"):
            assert row["mase"] == pytest.approx(scores[row["model"]])
            assert row["skill"] == pytest.approx(1 - row["mase"] / scores["Naive"])
        assert board["skill"].is_monotonic_decreasing

    def test_win_rates_and_ranks_by_a_loop_over_series(self, found):
        rows = found.results["data"].losses("mase")
        table = rows.groupby(["unique_id", "model"])["mase"].mean().unstack()
        board = found.leaderboard().set_index("model")
        for name in found.models:
            less = (table[name] < table["Naive"]) + 0.5 * (table[name] == table["Naive"])
            assert board.loc[name, "win_rate"] == pytest.approx(less.mean())
        np.testing.assert_allclose(
            board["mean_rank"], table.rank(axis=1).mean()[board.index], rtol=1e-12
        )

    def test_p_values_are_those_of_the_tests(self, found):
        from westforecast.comparison.inference import diebold_mariano, holm

        rows = found.results["data"].losses("mase")
        table = rows.groupby(["cutoff", "model"])["mase"].mean().unstack()
        board = found.leaderboard().set_index("model")
        others = [name for name in board.index if name != "Naive"]
        pairs = [(table[name], table["Naive"]) for name in others]
        p = holm([diebold_mariano(a, b, 2, variance="overlap").p_value for a, b in pairs])
        np.testing.assert_allclose(board.loc[others, "p_value"], p)

    def test_clear_cases_get_clear_verdicts(self, found):
        verdict = dict(found.leaderboard()[["model", "verdict"]].to_numpy())
        assert verdict == {
            "Drift": BETTER, "DampedLogGrowth": BETTER, "InSampleMean": WORSE, "Naive": "baseline",
        }  # fmt: skip
        inside = dict(found.leaderboard()[["model", "in_set"]].to_numpy())
        assert inside["Drift"] is True or inside["DampedLogGrowth"] is True
        assert inside["InSampleMean"] is False

    def test_a_root_metric_compares_squares_and_tells_roots(self, west):
        made = wf.compare(west, MODELS, h=1, n_windows=9, metric="rmse", **QUICK)
        rows = made.results["data"].losses("rmse")
        roots = np.sqrt(rows.groupby("model")["rmse"].mean())
        board = made.leaderboard().set_index("model")
        np.testing.assert_allclose(board["rmse"], roots[board.index])
        np.testing.assert_allclose(board["skill"], 1 - roots[board.index] / roots["Naive"])

    def test_bands_by_a_loop(self):
        """The skills that the bootstrap over series does not reject, by trying them."""
        made = wf.compare(grown(30), "Drift", h=1, n_windows=3, n_boot=199, seed=5)
        from westforecast.comparison.inference import Resamples, paired_bootstrap

        rows = made.results["data"].losses("mase")
        table = rows.groupby(["unique_id", "model"])["mase"].mean().unstack()
        d = ((table["Drift"] - table["Naive"]) / table["Naive"].mean()).to_numpy()[:, None]
        tried = np.arange(-2000, 2000) / 1000
        kept = [x for x in tried if paired_bootstrap(d + x, Resamples(30, 199, 5))[1][0] > 0.05]
        row = made.leaderboard().set_index("model").loc["Drift"]
        assert row["skill_lo"] == pytest.approx(min(kept), abs=2e-3)
        assert row["skill_hi"] == pytest.approx(max(kept), abs=2e-3)
        assert row["skill_lo"] < row["skill"] < row["skill_hi"]

    def test_bands_by_hand_where_cutoffs_judge(self, found):
        losses = found.results["data"].losses("mase")
        at = losses.groupby(["cutoff", "model"])["mase"].mean().unstack()
        n = len(at)
        overlap = np.maximum(0, 1 - np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / 2)
        centre = np.eye(n) - 1 / n
        lost = np.trace(centre @ overlap)
        freedom = lost**2 / np.trace(centre @ overlap @ centre @ overlap)
        board = found.leaderboard().set_index("model").drop("Naive")
        d = at[board.index].sub(at["Naive"], axis=0) / at["Naive"].mean()
        spread = np.sqrt(((d - d.mean()) ** 2).sum() / lost * overlap.mean())
        p = (2 * stats.t.sf((d.mean() / spread).abs(), freedom)).tolist()
        worst = 0.0
        for k, m in enumerate(np.argsort(p)):
            worst = max(worst, (3 - k) * p[m])  # what Holm's correction makes of p
            half = stats.t.ppf(1 - 0.05 * p[m] / worst / 2, freedom) * spread.iloc[m]
            row = board.iloc[m]
            assert row["skill_lo"] == pytest.approx(-d.iloc[:, m].mean() - half)
            assert row["skill_hi"] == pytest.approx(min(-d.iloc[:, m].mean() + half, 1))

    def test_no_evidence_no_band(self):
        made = wf.compare(grown(30), "Drift", h=2, n_windows=1, **QUICK)
        assert made.board().evidence.unit == "none"
        assert made.leaderboard()[["skill_lo", "skill_hi"]].isna().all(axis=None)


class TestTheRule:
    def test_cutoffs_judge_where_there_are_eight(self, found):
        evidence = found.board().evidence
        assert evidence.unit == "cutoffs"
        assert evidence.overlap == 2
        assert "Judged by 10 cutoffs whose horizons of 2 overlap" in evidence.words

    def test_steps_between_cutoffs_undo_the_overlap(self, west):
        made = wf.compare(west, "Drift", h=2, n_windows=8, step_size=2, **QUICK)
        assert made.board().evidence.overlap == 1

    def test_a_gap_is_part_of_the_overlap(self, west):
        made = wf.compare(west, "Drift", h=1, n_windows=8, gap=2, **QUICK)
        assert made.board().evidence.overlap == 3

    def test_series_judge_where_cutoffs_are_few(self):
        made = wf.compare(grown(30, step=2), "Drift", h=2, n_windows=3, **QUICK)
        assert made.board().evidence.unit == "series"
        assert made.leaderboard()["verdict"].tolist() == [BETTER, "baseline"]
        assert "taken as independent" in str(made)
        assert "not other times" in str(made)

    def test_one_cutoff_shows_nothing_of_shared_shocks(self):
        made = wf.compare(grown(30, step=2), "Drift", h=2, n_windows=1, **QUICK)
        assert made.leaderboard()["verdict"].tolist() == [NOT_ENOUGH, "baseline"]
        assert "cannot be seen whether the 30 series share shocks: 3 cutoffs" in words(made)
        said = wf.compare(grown(30, step=2), "Drift", h=2, n_windows=1, independent=True, **QUICK)
        assert said.leaderboard()["verdict"].tolist() == [BETTER, "baseline"]
        assert "which are said to be independent" in str(said)

    def test_windows_that_no_two_series_share_show_nothing_either(self):
        parts = [
            grown(1, 16, seed=k, step=2)
            .renamed({"s000": f"s{k}"})
            .to_frame()
            .assign(ds=lambda f, k=k: f["ds"] + k % 4)
            for k in range(24)
        ]
        data = wf.Panel.from_frame(pd.concat(parts))
        made = wf.compare(data, "Drift", h=1, n_windows=1, align="series", **QUICK)
        row = made.leaderboard().set_index("model").loc["Drift"]
        assert made.board().evidence.unit == "series"
        assert row["verdict"] == NOT_ENOUGH
        assert np.isnan(row["p_value"])

    def test_shocks_that_series_share_are_seen(self):
        rng = np.random.default_rng(3)
        shock = rng.normal(0, 3, 20).cumsum()
        rows = [
            (f"s{i}", 1990 + t, v)
            for i in range(30)
            for t, v in enumerate(500 + shock + rng.normal(0, 0.3, 20).cumsum())
        ]
        shared = wf.Panel.from_frame(pd.DataFrame(rows, columns=["unique_id", "ds", "y"]))
        made = wf.compare(shared, "Drift", h=1, n_windows=4, **QUICK)
        row = made.leaderboard().set_index("model").loc["Drift"]
        assert made.board().shared.all()
        assert row["verdict"] == NOT_ENOUGH
        assert row["reason"] == SHARED_SHOCKS
        assert "move together from cutoff to cutoff" in str(made)

    def test_too_little_is_not_enough_evidence_and_says_why(self, west):
        made = wf.compare(west, MODELS, h=2, n_windows=3, **QUICK)
        board = made.leaderboard().set_index("model").drop("Naive")
        assert (board["verdict"] == NOT_ENOUGH).all()
        assert board[["p_value", "set_p"]].isna().all(axis=None)
        assert board["in_set"].isna().all()
        assert board["reason"].str.contains("6 series").all()
        assert "Not judged: 3 cutoffs whose horizons of 2 overlap are too few" in str(made)
        assert (made.pairs()["verdict"] == NOT_ENOUGH).all()

    def test_cutoffs_with_few_series_do_not_count(self):
        long, short = (
            grown(3, 24),
            grown(9, 16, seed=4).renamed({f"s{i:03d}": f"t{i}" for i in range(9)}),
        )
        late = pd.concat([long.to_frame(), short.to_frame().assign(ds=lambda f: f["ds"] + 8)])
        made = wf.compare(wf.Panel.from_frame(late), "Drift", h=1, n_windows=20, **QUICK)
        assert len(np.unique(made.losses.cutoff)) == 20
        assert len(made.board().evidence.by_cutoff) < 20


class TestSameModelsAndSymmetry:
    def test_a_copy_is_never_better(self, west):
        for series, windows in ((6, 10), (30, 3), (6, 3)):
            made = wf.compare(grown(series), {"copy": Copy()}, h=2, n_windows=windows, **QUICK)
            row = made.leaderboard().set_index("model").loc["copy"]
            assert row["verdict"] in (NO_DIFFERENCE, NOT_ENOUGH)
            assert row["win_rate"] == 0.5
            assert row["mean_rank"] == 1.5
            assert row["skill"] == pytest.approx(0, abs=1e-9)
            if row["verdict"] == NO_DIFFERENCE:
                assert row["p_value"] == 1
                assert row["in_set"]
        assert "the same mase" in str(made)

    def test_pairs_mirror_each_other(self, found):
        pairs = found.pairs()
        assert len(pairs) == 4 * 3
        both = pairs.merge(pairs, left_on=["model", "other"], right_on=["other", "model"])
        assert (both["win_rate_x"] + both["win_rate_y"]).tolist() == pytest.approx([1] * 12)
        assert ((1 - both["skill_x"]) * (1 - both["skill_y"])).tolist() == pytest.approx([1] * 12)
        np.testing.assert_array_equal(both["p_value_x"], both["p_value_y"])
        swapped = {BETTER: WORSE, WORSE: BETTER, NO_DIFFERENCE: NO_DIFFERENCE}
        assert both["verdict_x"].map(swapped).tolist() == both["verdict_y"].tolist()
        assert BETTER in set(pairs["verdict"])

    def test_order_of_series_and_scale_do_not_matter(self, west, found):
        frame = west.to_frame()
        ids = frame["unique_id"].unique()[::-1]
        turned = pd.concat([frame[frame["unique_id"] == i] for i in ids])
        for other in (turned, frame.assign(y=frame["y"] * 1e4)):
            board = wf.compare(
                wf.Panel.from_frame(other), MODELS, h=2, n_windows=10, **QUICK
            ).leaderboard()
            pd.testing.assert_frame_equal(board, found.leaderboard(), rtol=1e-6)

    def test_one_more_model_changes_nothing_of_the_others_but_their_corrections(self, west, found):
        more = wf.compare(west, [*MODELS, "SeasonalNaive"], h=2, n_windows=10, **QUICK)
        columns = ["mase", "skill", "win_rate"]
        one, other = (each.leaderboard().set_index("model") for each in (found, more))
        pd.testing.assert_frame_equal(one[columns], other.loc[one.index, columns])

    def test_the_same_call_gives_the_same(self, west, found):
        again = wf.compare(west, MODELS, h=2, n_windows=10, **QUICK)
        assert {**again.to_dict(), "seconds": 0} == {**found.to_dict(), "seconds": 0}


class TestGroups:
    @pytest.mark.parametrize("key", ["horizon", "cutoff", "ds", "region", "unique_id"])
    def test_by_equals_a_loop(self, west, found, key):
        rows = found.results["data"].losses("mase")
        rows["region"] = rows["unique_id"].map({i.id: i.region for i in west.indicators})
        table = rows.groupby([key, "model"])["mase"].mean().unstack()
        for row in found.by(key).to_dict("records"):
            assert row["mase"] == pytest.approx(table.loc[row[key], row["model"]])
            ratio = table.loc[row[key], row["model"]] / table.loc[row[key], "Naive"]
            assert row["skill"] == pytest.approx(1 - ratio)
            assert row["n"] == (rows[rows["model"] == "Naive"][key] == row[key]).sum()

    def test_two_keys(self, found):
        frame = found.by(["horizon", "region"])
        assert frame.columns[:3].tolist() == ["horizon", "region", "model"]
        assert len(frame) == 2 * 2 * 4

    def test_frames_and_times_are_the_callers(self):
        days = pd.DataFrame(
            {"unique_id": "a", "ds": pd.date_range("1990", periods=20, freq="YS"), "y": walk(20)}
        )
        made = wf.compare(
            wf.Panel.from_frame(pl.from_pandas(days)), "Drift", h=1, n_windows=8, **QUICK
        )
        frame = made.by("cutoff")
        assert isinstance(frame, pl.DataFrame)
        assert frame["cutoff"][0].year == 2001
        assert isinstance(made.leaderboard(), pl.DataFrame)
        assert isinstance(made.pairs(), pl.DataFrame)
        assert made.to_dict()["by_cutoff"][0]["cutoff"] == "2001"

    def test_an_unknown_key_is_named(self, found):
        with pytest.raises(wf.UsageError, match="Did you mean 'horizon'"):
            found.by("horizons")


class TestSeveralDataSets:
    def test_skill_is_the_geometric_mean_of_ratios(self, both):
        board = both.leaderboard().set_index("model")
        for name in both.models:
            ratios = [
                board.loc[name, column] / board.loc["Naive", column]
                for column in ("mae west", "mae east")
            ]
            assert board.loc[name, "skill"] == pytest.approx(1 - np.sqrt(np.prod(ratios)))

    def test_units_of_a_data_set_do_not_matter(self, both):
        east = grown(7, 22, seed=9, step=0.2).to_frame()
        sets = {"west": grown(5), "east": wf.Panel.from_frame(east.assign(y=east["y"] * 1000))}
        other = wf.compare(sets, MODELS, h=2, n_windows=8, metric="mae", **QUICK)
        for one, two in ((both, other),):
            columns = ["skill", "win_rate", "p_value", "verdict", "in_set"]
            pd.testing.assert_frame_equal(
                one.leaderboard()[columns], two.leaderboard()[columns], rtol=1e-6
            )

    def test_each_alone_is_what_it_is_alone(self, both):
        alone = wf.compare(grown(5), MODELS, h=2, n_windows=8, metric="mae", **QUICK)
        pd.testing.assert_frame_equal(both.leaderboard("west"), alone.leaderboard())
        with pytest.raises(wf.UsageError, match="Did you mean 'west'"):
            both.leaderboard("wets")

    def test_by_dataset_has_scores_and_by_horizon_the_mean_skill(self, both):
        frame = both.by("dataset")
        assert frame["dataset"].unique().tolist() == ["west", "east"]
        assert "mae" in frame
        assert "mae" not in both.by("horizon")
        inner = both.by(["horizon", "dataset"])
        for row in both.by("horizon").to_dict("records"):
            mine = inner[(inner["horizon"] == row["horizon"]) & (inner["model"] == row["model"])]
            assert row["skill"] == pytest.approx(1 - np.sqrt(np.prod(1 - mine["skill"])))

    def test_results_and_panels_can_be_mixed_and_results_alone_need_nothing(self, both):
        results = {
            name: wf.backtest(data, [*MODELS, "Naive"], h=2, n_windows=8)
            for name, data in (("west", grown(5)), ("east", grown(7, 22, seed=9, step=0.2)))
        }
        made = wf.compare(results, metric="mae", n_boot=199)
        pd.testing.assert_frame_equal(made.leaderboard(), both.leaderboard())
        mixed = wf.compare(
            {**results, "east": grown(7, 22, seed=9, step=0.2)}, MODELS, h=2, n_windows=8,
            metric="mae", **QUICK,
        )  # fmt: skip
        pd.testing.assert_frame_equal(mixed.leaderboard(), both.leaderboard())

    def test_models_that_one_lacks_are_left_out_with_the_reason(self):
        results = {
            "a": wf.backtest(grown(4), ["Naive", "Drift", "InSampleMean"], h=1, n_windows=8),
            "b": wf.backtest(grown(4, seed=2), ["Naive", "Drift"], h=1, n_windows=8),
        }
        made = wf.compare(results)
        assert made.models == ("Naive", "Drift")
        last = made.leaderboard().iloc[-1]
        assert last["model"] == "InSampleMean"
        assert last["verdict"] == NOT_ENOUGH
        assert last["reason"] == "not among the models of 'b'"
        assert "InSampleMean is not compared: not among the models of 'b'." in str(made)

    def test_frequencies_that_differ_are_judged_by_series_or_not_at_all(self):
        quarters = pd.DataFrame(
            {"unique_id": "q", "ds": pd.period_range("2000Q1", periods=40, freq="Q"), "y": walk(40)}
        )
        sets = {"years": grown(4), "quarters": wf.Panel.from_frame(quarters)}
        made = wf.compare(sets, "Drift", h=1, n_windows=9, **QUICK)
        assert made.board().evidence.unit == "none"
        assert "several frequencies" in str(made)
        assert "2009Q2" in set(made.by("cutoff")["cutoff"])

    def test_an_installed_data_set_by_name(self, monkeypatch):
        from westforecast import api

        monkeypatch.setattr(api, "dataset", {"west": grown(4)}.__getitem__)
        assert wf.compare("west", "Drift", h=1, **QUICK).datasets == ("west",)
        assert wf.compare(["west"], "Drift", h=1, **QUICK).datasets == ("west",)


class TestFailures:
    def test_a_model_that_failed_somewhere_costs_its_cells_and_is_named(self, west):
        made = wf.compare(west, {"Fussy": Fussy(115), "Drift": "Drift"}, h=1, n_windows=9, **QUICK)
        board = made.leaderboard().set_index("model")
        lost = int(board.loc["Fussy", "n_missing"])
        assert 0 < lost < 54
        assert board.loc[["Drift", "Naive"], "n_missing"].tolist() == [0, 0]
        assert made.losses.values.shape[1] == 54 - lost
        assert f"{lost} of 54 cells with a known outcome" in str(made)
        assert f"Fussy has no forecast in {lost}" in str(made)
        assert made.failed == lost

    def test_few_common_cells_are_warned_of(self):
        data = panel(*(np.arange(20.0) + 40 * k for k in range(12)))
        with pytest.warns(wf.WestforecastWarning, match="Leave 'Fussy' out") as caught:
            wf.compare(data, {"Fussy": Fussy(15), "Drift": "Drift"}, h=1, n_windows=9, **QUICK)
        assert caught[0].filename == __file__

    def test_a_model_that_failed_everywhere_is_a_row_with_a_reason(self, west):
        made = wf.compare(west, {"Fussy": Fussy(0), "Drift": "Drift"}, h=1, n_windows=9, **QUICK)
        assert made.models == ("Drift", "Naive")
        last = made.leaderboard().iloc[-1]
        assert last["model"] == "Fussy"
        assert last["reason"] == "no forecast (out_of_domain: above 0)"
        assert np.isnan(last["mase"])
        assert "Fussy is not compared: no forecast (out_of_domain: above 0)." in str(made)

    def test_no_cell_in_common_is_an_error_that_says_who(self):
        data = panel(np.arange(20.0), 100 + np.arange(20.0))

        @dataclass(frozen=True)
        class High(SeriesModel):
            def forecast_one(self, y, horizon, probs, context):
                if y[-1] < 50:
                    raise OutOfDomain("below 50")
                return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])

        with pytest.raises(wf.UsageError, match=r"compared on none of them\. Leave"):
            wf.compare(data, {"low": Fussy(50), "high": High()}, h=1, n_windows=8, **QUICK)

    def test_flat_series_have_no_mase_and_are_counted(self):
        made = wf.compare(panel(np.ones(20), walk(20)), "Drift", h=1, n_windows=8, **QUICK)
        assert made.losses.undefined == 8
        assert "mase is undefined in 8" in str(made)
        with pytest.raises(wf.UsageError, match="mase is undefined wherever it has a forecast"):
            wf.compare(panel(np.ones(20)), "Drift", h=1, n_windows=8, **QUICK)

    def test_gaps_are_compared_without(self):
        y = walk(24)
        y[20] = NAN
        made = wf.compare(panel(y, walk(24, 1)), "Drift", h=1, n_windows=9, **QUICK)
        assert made.losses.values.shape[1] == 17

    def test_failures_are_counted_by_status(self, west, found):
        made = wf.compare(west, {"Fussy": Fussy(115), "Drift": "Drift"}, h=1, n_windows=23, **QUICK)
        assert made.statuses["too_short"] == 6
        assert list(made.statuses) == ["out_of_domain", "too_short"]
        assert sum(made.statuses.values()) == made.failed
        assert found.statuses == {}


class TestUnscored:
    def test_windows_that_the_record_is_too_short_for(self, west, found):
        assert "asked for" not in str(found)
        told = words(wf.compare(west, "Drift", h=3, n_windows=30, **QUICK))
        assert "20 of the 30 cutoffs asked for can be scored; not 1971, 1972, 1973" in told
        assert "1976 and 3 more (0 values up to 1971, 1 needed)" in told
        assert "nor 1980 (no cell that all models have)." in told

    def test_each_data_set_is_told_of_alone(self, west):
        sets = {"west": west, "east": grown(5, 12)}
        told = words(wf.compare(sets, "Naive", baseline="Drift", h=1, n_windows=14, **QUICK))
        assert "of the 14 cutoffs asked for of east can be scored" in told
        assert "asked for of west" not in told

    def test_series_with_cutoffs_of_their_own(self):
        long, short = panel(walk(24), walk(20, 1)), panel(walk(12), walk(12, 1))
        made = {"h": 1, "n_windows": 12, "align": "series", "metric": "mae", **QUICK}
        assert "asked for" not in str(wf.compare(long, "InSampleMean", **made))
        told = words(wf.compare(short, "InSampleMean", **made))
        assert "At most 11 of the 12 cutoffs asked for can be scored in a series." in told


class TestZeros:
    def test_losses_of_zero_are_told_in_words(self):
        flat, line = np.full(20, 5.0), np.arange(20.0)
        made = wf.compare(panel(flat, flat), "Drift", h=1, n_windows=8, metric="mae", **QUICK)
        row = made.leaderboard().set_index("model").loc["Drift"]
        assert (row["skill"], row["verdict"], row["win_rate"]) == (0, NO_DIFFERENCE, 0.5)
        made = wf.compare(panel(line), "Drift", h=1, n_windows=8, metric="mae", **QUICK)
        row = made.leaderboard().set_index("model").loc["Drift"]
        assert (row["skill"], row["verdict"]) == (1, BETTER)
        made = wf.compare(
            panel(line), "Naive", h=1, n_windows=8, metric="mae", baseline="Drift", **QUICK
        )
        row = made.leaderboard().set_index("model").loc["Naive"]
        assert np.isnan(row["skill"])
        assert row["verdict"] == WORSE
        text = str(made)
        assert "Drift has errors of exactly 0: does the model know the outcomes?" in text
        assert "the baseline's mae is 0" in text
        assert "nan" not in text
        assert "inf" not in text
        json.dumps(made.to_dict(), allow_nan=False)

    def test_a_skill_of_100_percent_is_remarked_on(self, found):
        line = np.arange(20.0) + 1e-6 * walk(20)
        made = wf.compare(panel(line), "Drift", h=1, n_windows=8, metric="mae", **QUICK)
        assert "+100.0 %" in str(made)
        assert "Drift has 100 % skill: does the model know the outcomes?" in str(made)
        assert "know the outcomes" not in str(found)


class TestMistakes:
    @pytest.mark.parametrize(
        ("data", "models", "settings", "told"),
        [
            ("west", None, {"h": 1}, "models is not given"),
            ("west", "Drift", {}, "h is not given"),
            ("west", "Naive", {"h": 1}, "only the baseline 'Naive' is given"),
            ("west", ["Drift", "Drift"], {"h": 1}, "two models are called 'Drift'"),
            ("west", "Drift", {"h": 1, "baseline": "Naiv"}, "Did you mean 'Naive'"),
            ("west", "Drift", {"h": 1, "baseline": 3}, "neither a model's name nor a Model"),
            ("west", "Drift", {"h": 1, "metric": "mas"}, "Did you mean 'mase'"),
            ("west", "Drift", {"h": 1, "metric": "bias"}, "is no loss"),
            ("west", "Drift", {"h": 1, "metric": "coverage", "levels": (80,)}, "is no loss"),
            ("west", "Drift", {"h": 1, "metric": "interval_score"}, "needs an interval"),
            ("west", "Drift", {"h": 1, "metric": "interval_score", "levels": (80, 95)}, "one loss"),
            ("west", "Drift", {"h": 1, "n_window": 3}, "Did you mean 'n_windows'"),
            ("west", "Drift", {"h": 1, "alpha": 5}, "alpha=5 found"),
            ("west", "Drift", {"h": 1, "n_boot": 5}, "n_boot=5 found"),
            ("west", "Drift", {"h": 1, "seed": -1}, "seed=-1 found"),
            ({}, "Drift", {"h": 1}, "no data set given"),
            ({"a": 3}, "Drift", {"h": 1}, "data set 'a' is a int"),
            (3, "Drift", {"h": 1}, "data is a int"),
            ([3], "Drift", {"h": 1}, "only names can be listed"),
            (["a", "a"], "Drift", {"h": 1}, "'a' is given twice"),
            ("result", "Drift", {}, "belong to the results"),
            ("result", None, {"n_windows": 3}, "belong to the results"),
            ("result", None, {"baseline": "Drft"}, "Did you mean 'Drift'"),
            ("result", None, {"baseline": Naive()}, "must be the name of a model"),
            ("ahead", None, {}, "no outcome is known"),
        ],
    )
    def test_are_told(self, west, data, models, settings, told):
        given = {
            "west": lambda: west,
            "result": lambda: wf.backtest(west, ["Naive", "Drift"], h=1),
            "ahead": lambda: wf.forecast(west, ["Naive", "Drift"], h=1),
        }
        data = given[data]() if isinstance(data, str) else data
        with pytest.raises(wf.UsageError, match=told):
            wf.compare(data, models, **settings)

    def test_a_metric_below_zero_is_refused(self, west):
        signed = Metric("signed", "e", lambda c: c.error)
        with pytest.raises(wf.UsageError, match="'signed' is below 0"):
            wf.compare(west, "Drift", h=1, metric=signed)

    def test_a_metric_of_ones_own_and_one_level_of_intervals(self, west):
        cubes = Metric("cubes", "mean |e|^3", lambda c: np.abs(c.error) ** 3)
        assert "cubes" in wf.compare(west, "Drift", h=1, metric=cubes, **QUICK).leaderboard()
        made = wf.compare(west, "Drift", h=1, metric="interval_score", levels=(80,), **QUICK)
        assert "interval_score-80" in made.leaderboard()
        made = wf.compare(west, "Drift", h=1, metric="crps", levels=(80,), **QUICK)
        assert made.leaderboard()["crps"].notna().all()


class TestOut:
    def test_the_text_is_short_and_has_no_nan(self, found):
        text = str(found)
        assert text.startswith("4 models compared by mase on 6 series, 10 cutoffs (1992-2001)")
        assert "Better than Naive: " in text
        assert "Worse than Naive: InSampleMean" in text
        assert "p-values and bands are corrected for 3 models (Holm)." in words(found)
        assert max(map(len, text.splitlines())) <= 110
        assert "nan" not in text
        assert repr(found) == ("Comparison: 4 models, baseline Naive, 1 data sets, mase, 120 cells")

    def test_p_values_that_holm_makes_equal_are_explained(self, west, found):
        why = "Holm's correction makes p-values at least as large as those before them."
        told = []
        for seed in range(8):
            made = wf.compare(grown(seed=seed, step=0.3), MODELS, h=2, n_windows=10, **QUICK)
            board = made.leaderboard().set_index("model").drop("Naive")
            raw = made.board()._against[0].p_value
            p = board["p_value"][board["p_value"] < 1]
            told.append(p.nunique() < len(p))
            assert len(set(raw)) == len(raw)
            assert (why in words(made)) == told[-1]
        assert set(told) == {True, False}

    def test_the_dictionary_is_plain_json(self, found):
        told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
        assert told["judged_by"] == "cutoffs"
        assert told["cells"] == 120
        assert [row["model"] for row in told["leaderboard"]] == found.leaderboard()[
            "model"
        ].tolist()
        baseline = told["leaderboard"][[r["model"] for r in told["leaderboard"]].index("Naive")]
        assert baseline["p_value"] is None
        assert len(told["pairs"]) == 12
        assert {row["horizon"] for row in told["by_horizon"]} == {"1", "2"} or {
            row["horizon"] for row in told["by_horizon"]
        } == {1, 2}

    def test_files_are_written_whole(self, found, tmp_path):
        names = [path.name for path in found.save(tmp_path / "out")]
        assert names == [
            "leaderboard.csv", "pairs.csv", "by_horizon.csv", "by_cutoff.csv", "comparison.json",
            "manifest.json",
        ]  # fmt: skip
        again = pd.read_csv(tmp_path / "out" / "leaderboard.csv")
        assert again["model"].tolist() == found.leaderboard()["model"].tolist()
        assert len(list((tmp_path / "out").iterdir())) == 6

    def test_a_table_for_every_key_asked_for(self, found, tmp_path):
        names = [path.name for path in found.save(tmp_path, by=["region", "horizon", "model"])]
        assert [name for name in names if name.startswith("by_")] == [
            "by_horizon.csv", "by_cutoff.csv", "by_region.csv", "by_model.csv",
        ]  # fmt: skip
        told = pd.read_csv(tmp_path / "by_region.csv")
        assert told["skill"].tolist() == pytest.approx(found.by("region")["skill"].tolist())
        with pytest.raises(wf.UsageError, match="Did you mean 'region'"):
            found.save(tmp_path, by=["regoin"])

    def test_the_manifest_has_what_makes_it_again(self, both, tmp_path):
        both.save(tmp_path)
        told = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
        assert list(told) == ["west", "east"]
        for name, result in both.results.items():
            made = json.loads(json.dumps(result.manifest(), default=str))
            assert told[name] | {"created": None} == made | {"created": None}

    def test_nothing_warns(self, west):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            made = wf.compare(west, MODELS, h=3, n_windows=2, **QUICK)
            str(made)
            made.pairs()
            made.to_dict()


def test_losses_of_a_result_are_what_scores_are_means_of(west):
    result = wf.backtest(west, ["Drift", "Naive"], h=2, n_windows=3, levels=(80,))
    for metric in ("mase", "rmse", "crps", "interval_score"):
        rows = result.losses(metric)
        column = rows.columns[-1]
        assert rows.columns[:5].tolist() == ["unique_id", "ds", "cutoff", "horizon", "model"]
        means = rows.groupby("model", sort=False)[column].mean()
        scores = result.scores(metric).set_index("model")
        scores = scores[next(c for c in scores if c.startswith(metric))]
        np.testing.assert_allclose(np.sqrt(means) if metric == "rmse" else means, scores)
