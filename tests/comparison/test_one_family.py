"""One family of tests for one question: a pair has one verdict, wherever it is told."""

import re
import warnings
from dataclasses import dataclass
from functools import cache
from html import unescape

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.comparison import words
from westforecast.comparison.comparison import (
    ALONE,
    BETTER,
    NO_DIFFERENCE,
    OPPOSED,
    SET_DIFFERS,
    WORSE,
)
from westforecast.metrics import Metric
from westforecast.models import SeriesModel
from westforecast.models.status import OutOfDomain

MODELS = ["Drift", "InSampleMean", "DampedLogGrowth"]


def walks(rng, series, length=20, gap=False):
    """Walks with a drift or none, and shocks in common or none."""
    own, shared = rng.normal(0, 1.5, (series, length)), rng.normal(0, 1.5, length)
    y = 100 + (rng.choice([0, 0.4, 1.0]) + own + rng.integers(2) * shared).cumsum(axis=1)
    y[0, 5] = np.nan if gap else y[0, 5]
    ids = np.repeat([f"s{k:02d}" for k in range(series)], length)
    years = np.tile(np.arange(1990, 1990 + length), series)
    frame = pd.DataFrame({"unique_id": ids, "ds": years, "y": y.ravel()})
    return wf.Panel.from_frame(frame, gaps="keep")


@cache
def compared(seed):
    """A comparison of any kind: few or many series and cutoffs, one data set or two."""
    rng = np.random.default_rng(seed)
    series, h = int(rng.choice([1, 4, 24])), int(rng.integers(1, 4))
    data = walks(rng, series, gap=seed % 3 == 0)
    if seed % 4 == 0:
        data = {"west": data, "east": walks(rng, series)}
    return wf.compare(
        data, MODELS, h=h, n_windows=int(rng.choice([3, 8, 12])), n_boot=199, progress=False,
        metric=str(rng.choice(["mae", "mase", "rmsse"])), independent=seed % 5 == 0,
    )  # fmt: skip


SEEDS = range(24)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_pair_has_two_verdicts(seed):
    with warnings.catch_warnings():  # windows of few values
        warnings.simplefilter("ignore", wf.WestforecastWarning)
        found = compared(seed)
    board = found.leaderboard().set_index("model")
    pairs = found.pairs().set_index(["model", "other"])
    for name, row in board.drop("Naive").iterrows():
        pair = pairs.loc[(name, "Naive")]
        assert pair["verdict"] == row["verdict"]
        np.testing.assert_equal(pair["p_value"], row["p_value"])
        told = row["verdict"] in (BETTER, WORSE)
        if np.isfinite(row["p_value"]):
            outside = row["skill_lo"] > 0 or row["skill_hi"] < 0
            assert outside == told
            assert row["skill_lo"] <= row["skill"] <= row["skill_hi"]
            assert (row["p_value"] <= found.alpha) == told or OPPOSED in row["reason"]
        if row["in_set"] is not None:
            base = board.loc["Naive"]
            said = {BETTER: not base["in_set"], WORSE: not row["in_set"]}
            agrees = said.get(row["verdict"], row["in_set"] == base["in_set"])
            assert agrees or SET_DIFFERS in row["reason"] or row["verdict"] not in (
                BETTER, WORSE, NO_DIFFERENCE,
            )  # fmt: skip
    # the same where it is printed, and the reason in the same sentence as the set
    printed = {row[0]: row[-1] for row in words.leaderboard(found)[2]}
    for row in words.pairs(found):
        sides = {row["model"], row["other"]}
        if "Naive" in sides:
            (other,) = sides - {"Naive"}
            swapped = {"better": "worse", "worse": "better"}
            verdict = printed[other]
            assert row["verdict"] == (
                verdict if row["model"] == other else swapped.get(verdict, verdict)
            )
    differs = board["reason"].str.contains(SET_DIFFERS, regex=False).any()
    assert any(SET_DIFFERS[1:] in line for line in words.best(found)) == differs


def test_the_seeds_hold_what_is_to_be_told_apart():
    """Else the test above would test nothing."""
    verdicts, differs = set(), False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", wf.WestforecastWarning)
        for seed in SEEDS:
            board = compared(seed).leaderboard()
            verdicts |= set(board["verdict"])
            differs |= board["reason"].str.contains(SET_DIFFERS, regex=False).any()
    assert verdicts >= {BETTER, WORSE, NO_DIFFERENCE, "not enough evidence"}
    assert differs


def test_pairs_without_the_baseline_are_corrected_for_their_own_number():
    from westforecast.comparison.inference import diebold_mariano, holm

    found = wf.compare(walks(np.random.default_rng(1), 4), MODELS, h=1, n_windows=9, progress=False)
    rows = found.results["data"].losses("mase")
    table = rows.groupby(["cutoff", "model"])["mase"].mean().unstack()
    rest = [(a, b) for k, a in enumerate(MODELS) for b in MODELS[k + 1 :]]
    p = holm([diebold_mariano(table[a], table[b]).p_value for a, b in rest])
    pairs = found.pairs().set_index(["model", "other"])
    np.testing.assert_allclose(pairs.loc[rest, "p_value"], p)


@dataclass(frozen=True)
class Off(SeriesModel):
    """Misses a line of slope 1 by as much as is given for each series."""

    by: tuple[tuple[str, float], ...] = ()

    def forecast_one(self, y, horizon, probs, context):
        at = y[-1] + np.arange(1, horizon + 1) - dict(self.by)[context.unique_id]
        return at, np.repeat(at[:, None], len(probs), axis=1)


def test_a_test_and_a_skill_that_differ_are_said_to():
    """Twice the errors in one data set and a third in the other: worse on arithmetic average, which
    is tested, and better on the geometric one, which is the skill."""

    def line(name):
        frame = pd.DataFrame({"unique_id": name, "ds": range(1990, 2010), "y": np.arange(20.0)})
        return wf.Panel.from_frame(frame)

    found = wf.compare(
        {"west": line("w"), "east": line("e")}, {"off": Off((("w", 0.3), ("e", 1.9)))}, h=1,
        n_windows=9, metric="mae", progress=False,
    )  # fmt: skip
    row = found.leaderboard().set_index("model").loc["off"]
    assert row["p_value"] == 0
    assert row["skill"] == pytest.approx(1 - np.sqrt(0.3 * 1.9))
    assert row["verdict"] == NO_DIFFERENCE
    assert row["reason"].startswith(OPPOSED)
    assert row["skill_lo"] <= 0 <= row["skill_hi"]
    assert set(found.pairs()["reason"]) == {OPPOSED}
    text = " ".join(str(found).split())
    assert f"Of off {OPPOSED}." in text
    assert "no evidence (test and skill differ)" in text


def test_a_data_set_alone_may_differ_and_the_page_says_why_beside_it(tmp_path):
    pytest.importorskip("altair")
    rng = np.random.default_rng(2)
    found = wf.compare({"west": walks(rng, 3), "east": walks(rng, 3)}, MODELS, h=1, progress=False)
    html = unescape(found.report(tmp_path / "page.html").read_text(encoding="utf-8"))
    assert len(re.findall(re.escape(ALONE), html)) == 2
    assert all(ALONE in each["evidence"] for each in found.to_dict()["datasets"].values())


class TestInfinite:
    def surprise(self, limit):
        return Metric(
            "surprise", "x", lambda c: np.where(np.abs(c.error) > limit, np.inf, c.error**2)
        )

    @pytest.fixture
    def limit(self):
        """The largest error of all models but the mean."""
        errors = self.errors().groupby("model")["mae"].max()
        assert errors.idxmax() == "InSampleMean"
        return errors.drop("InSampleMean").max()

    def errors(self):
        return wf.backtest(self.data(), [*MODELS, "Naive"], h=1, n_windows=8).losses("mae")

    def data(self):
        return walks(np.random.default_rng(3), 4)

    def test_a_model_with_an_infinite_loss_is_a_row_that_says_so(self, limit):
        metric = self.surprise(limit)
        found = wf.compare(self.data(), MODELS, h=1, metric=metric, n_boot=199, progress=False)
        count = int((self.errors()["mae"] > limit).sum())
        last = found.leaderboard().iloc[-1]
        assert last["model"] == "InSampleMean"
        assert last["surprise"] == np.inf
        assert last["reason"] == f"its surprise is infinite, in {count} cells"
        text = " ".join(str(found).split())
        assert f"InSampleMean is not compared: its surprise is infinite, in {count} cells." in text
        assert "InSampleMean ∞ " in text
        assert found.leaderboard()["surprise"].iloc[:-1].notna().all()

    def test_a_baseline_with_infinite_losses_is_refused(self, limit):
        told = "baseline 'InSampleMean' has nothing to be compared with: its surprise is infinite"
        given = {"h": 1, "metric": self.surprise(limit), "progress": False}
        with pytest.raises(wf.UsageError, match=told):
            wf.compare(self.data(), MODELS, baseline="InSampleMean", **given)

    def test_losses_that_overflow(self):
        huge = walks(np.random.default_rng(3), 4).to_frame()
        huge["y"] *= 1e160
        found = wf.compare(
            wf.Panel.from_frame(huge.dropna()), {"mean": "InSampleMean", "Drift": "Drift"}, h=1,
            metric="mae", n_boot=199, progress=False,
        )  # fmt: skip
        assert np.isfinite(found.leaderboard()["mae"]).all()
        with pytest.raises(wf.UsageError, match="its rmse is infinite"):
            wf.compare(wf.Panel.from_frame(huge.dropna()), "Drift", h=1, metric="rmse",
                       progress=False)  # fmt: skip


@dataclass(frozen=True)
class Shy(SeriesModel):
    """The last value, but of one series."""

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id == "s01":
            raise OutOfDomain("not mine")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


def test_groups_without_a_cell_in_common_are_rows_without_a_score():
    data = walks(np.random.default_rng(4), 3)
    found = wf.compare(data, {"shy": Shy(), "Drift": "Drift"}, h=2, progress=False)
    by = found.by("unique_id").set_index("unique_id")
    assert by["n"].to_dict() == {"s00": 16, "s01": 0, "s02": 16}
    assert by["n_series"].to_dict() == {"s00": 1, "s01": 0, "s02": 1}
    assert by[["mase", "skill"]].isna().all(axis=1).tolist() == (by["n"] == 0).tolist()
    heads, rows = words.by_table(found, "unique_id")
    assert dict(zip(heads, rows[3], strict=True)) == {
        "unique_id": "s01", "model": rows[3][1], "mase": "", "skill": "", "cells": "0",
        "series": "0",
    }  # fmt: skip
    assert None not in [row["n"] for row in found.records("unique_id")]
