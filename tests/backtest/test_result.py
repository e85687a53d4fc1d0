"""What a run gives: frames, the ledger, files written whole or not at all."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import westforecast
from westforecast import Panel, SeriesModel, UsageError
from westforecast.backtest import ahead, origins, run
from westforecast.errors import UnknownNameError, WestforecastWarning
from westforecast.models import Drift, Naive
from westforecast.series import frame as frames

from ..builders import NAN, frame, panel


@dataclass(frozen=True)
class NotB(SeriesModel):
    """The last value, but not of series `b`."""

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id == "b":
            raise LookupError("no b")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


DATA = panel([1, 2, 4, 7], [3, 5, 4, 6])
BOTH = {"Naive": Naive(), "mine": NotB()}


@pytest.fixture
def backtested():
    return run(origins(DATA, 1, n_windows=2), BOTH, [80], fallback=Drift(),
               settings={"call": "backtest", "until": pd.Timestamp("2020-01-01")})  # fmt: skip


class TestLong:
    def test_every_row_is_told_failures_included(self, backtested):
        long = backtested.long()
        assert long.columns.tolist() == [
            "unique_id", "ds", "cutoff", "horizon", "model", "y", "yhat", "lo-80", "hi-80",
            "cut", "status", "reason", "model_used",
        ]  # fmt: skip
        assert len(long) == 2 * 2 * 2
        first = long.iloc[0]
        assert first[["unique_id", "ds", "cutoff", "horizon", "model"]].tolist() == [
            "a", 2002, 2001, 1, "Naive",
        ]  # fmt: skip
        assert first[["y", "yhat", "status", "reason", "model_used"]].tolist() == [
            4, 2, "ok", "", "Naive",
        ]  # fmt: skip
        failed = long[(long["unique_id"] == "b") & (long["model"] == "mine")]
        assert set(failed["status"]) == {"failed"}
        assert set(failed["reason"]) == {"LookupError: no b"}
        assert set(failed["model_used"]) == {"Drift"}
        np.testing.assert_array_equal(failed["yhat"], [7, 4.5])

    def test_without_fallback_nobody_answered(self):
        long = run(ahead(DATA, 2), BOTH).long()
        failed = long[long["status"] == "failed"]
        assert failed["yhat"].isna().all()
        assert set(failed["model_used"]) == {""}
        assert "y" not in long  # nothing is known yet

    def test_periods_follow_the_cutoff(self):
        long = run(origins(DATA, 2, gap=1), {"n": Naive()}).long()
        assert long["horizon"].tolist() == [2, 3] * 2
        assert (long["ds"] - long["cutoff"] == long["horizon"]).all()
        assert long["y"].tolist() == [4, 7, 4, 6]

    def test_each_series_ends_where_it_was_asked_to(self):
        data = panel([1, 2], [1, 2], first=[2000, 2003])
        long = run(ahead(data, until=2006), {"n": Naive()}).long()
        assert long.groupby("unique_id")["ds"].apply(list).to_dict() == {
            "a": [2002, 2003, 2004, 2005, 2006],
            "b": [2005, 2006],
        }

    def test_frames_and_times_are_the_callers(self):
        stamps = pd.to_datetime(["2008-12-31", "2009-12-31", "2010-12-31"])
        given = pl.from_pandas(frame([1.0, 2.0, 4.0], stamps))
        result = run(origins(Panel.from_frame(given), 1), {"n": Naive()})
        long = result.long()
        assert isinstance(long, pl.DataFrame)
        assert [str(stamp) for stamp in long["ds"]] == ["2010-12-31 00:00:00"]
        assert [str(stamp) for stamp in long["cutoff"]] == ["2009-12-31 00:00:00"]
        assert [str(stamp) for stamp in result.ledger["cutoff"]] == ["2009-12-31 00:00:00"]
        scores = result.scores("mae", by=["ds"])
        assert [str(stamp) for stamp in scores["ds"]] == ["2010-12-31 00:00:00"]

    def test_a_series_without_values_has_a_place_in_time(self):
        stamps = pd.to_datetime(["2008-12-31", "2009-12-31"])
        kept = Panel.from_frame(frame([None, None], stamps), gaps="keep")
        (row,) = run(ahead(kept, 1), {"n": Naive()}).long().to_dict("records")
        assert row["ds"] == pd.Timestamp("2008-12-31")
        assert row["status"] == "too_short"


class TestWide:
    def test_it_is_what_utilsforecast_reads(self, backtested):
        wide = backtested.wide()
        assert wide.columns.tolist() == [
            "unique_id", "ds", "cutoff", "y", "Naive", "Naive-lo-80", "Naive-hi-80", "mine",
            "mine-lo-80", "mine-hi-80",
        ]  # fmt: skip
        evaluation = pytest.importorskip("utilsforecast.evaluation", reason="not installed")
        losses = pytest.importorskip("utilsforecast.losses", reason="not installed")
        theirs = evaluation.evaluate(
            wide[["unique_id", "ds", "y", "Naive"]], [losses.mae], agg_fn="mean"
        )
        ours = backtested.scores("mae", common=False)
        assert theirs["Naive"].item() == pytest.approx(ours["mae"][0])

    def test_it_holds_the_numbers_of_the_long_form(self, backtested):
        wide, long = backtested.wide(), backtested.long()
        for name in BOTH:
            part = long[long["model"] == name]
            np.testing.assert_array_equal(wide[name], part["yhat"])
            np.testing.assert_array_equal(wide[f"{name}-hi-80"], part["hi-80"])


class TestLedger:
    def test_a_row_per_window_and_model(self, backtested):
        ledger = backtested.ledger
        assert ledger.columns.tolist() == [
            "unique_id", "cutoff", "model", "status", "reason", "model_used", "n_train",
        ]  # fmt: skip
        assert len(ledger) == 8
        assert ledger["n_train"].tolist() == [2, 3] * 4
        assert ledger["status"].value_counts().to_dict() == {"ok": 6, "failed": 2}

    def test_windows_that_could_not_run_are_rows_of_every_model(self):
        data = panel([1, 2, 3, 4], [5, 6], first=[2000, 2002])
        result = run(origins(data, 1, n_windows=2), BOTH)
        ledger = result.ledger
        skipped = ledger[ledger["status"] == "too_short"]
        assert sorted(skipped["model"]) == ["Naive", "mine"]
        assert set(skipped["reason"]) == {"0 values up to 2001, 1 needed"}
        assert set(skipped["unique_id"]) == {"b"}
        assert set(skipped["cutoff"]) == {2001}
        assert "1 skipped" in repr(result)
        # the long form holds only what ran
        assert len(result.long()) == 2 * 3


def test_repr_says_what_there_is(backtested):
    assert repr(backtested) == (
        "Result: 2 models x 4 windows (2 series, cutoff 2001-2002), up to 1 steps, 2 failed, "
        "0 skipped"
    )


class TestManifest:
    def test_it_says_how_to_make_the_result_again(self, backtested):
        manifest = json.loads(json.dumps(backtested.manifest(), default=str))
        assert manifest["settings"]["call"] == "backtest"
        assert manifest["models"] == {"Naive": "Naive()", "mine": "NotB()"}
        assert manifest["levels"] == [80]
        assert manifest["fallback"] == "Drift"
        assert {name: probe["path"] for name, probe in manifest["probes"].items()} == {
            "Naive": "batch", "mine": "one by one", "Drift (fallback)": "batch",
        }  # fmt: skip
        assert (manifest["windows"], manifest["failed"], manifest["skipped"]) == (4, 2, 0)
        assert manifest["data"] == {"sha256": DATA.digest(), "series": 2}
        assert manifest["versions"]["westforecast"] == westforecast.__version__
        assert manifest["versions"]["numpy"] == np.__version__
        assert manifest["seconds"] >= 0

    def test_it_names_the_data_by_their_values(self):
        one, other = (run(ahead(panel([1, 2, y]), 1), {"n": Naive()}).manifest() for y in (3, 4))
        assert one["data"]["sha256"] != other["data"]["sha256"]


def fingerprints(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


class TestSave:
    def test_tables_and_a_manifest_and_nothing_else(self, backtested, tmp_path):
        written = backtested.save(tmp_path / "new" / "folder")
        assert [path.name for path in written] == [
            "forecasts.parquet", "ledger.parquet", "manifest.json", "result.npz",
        ]  # fmt: skip
        assert set(written) == set((tmp_path / "new" / "folder").iterdir())
        pd.testing.assert_frame_equal(pd.read_parquet(written[0]), backtested.long())
        pd.testing.assert_frame_equal(pd.read_parquet(written[1]), backtested.ledger)
        manifest = json.loads(written[2].read_text())
        assert manifest["settings"]["until"] == "2020-01-01 00:00:00"

    @pytest.mark.parametrize(
        "ds",
        [
            ["2008Q1", "2008Q2", "2008Q3"],
            pd.period_range("2008Q1", periods=3, freq="Q"),
            pd.to_datetime(["2008-03-31", "2008-06-30", "2008-09-30"]),
            list(pd.to_datetime(["2008-03-31", "2008-06-30", "2008-09-30"]).date),
        ],
        ids=["string", "period", "stamp", "date"],
    )
    def test_any_kind_of_time_can_be_saved(self, ds, tmp_path):
        kept = Panel.from_frame(frame([1.0, 2.0, 3.0], ds), freq="Q")
        paths = run(ahead(kept, 1), {"n": Naive()}).save(tmp_path)
        assert len(pd.read_parquet(paths[0])) == 1

    def test_a_failure_while_writing_changes_nothing(self, backtested, tmp_path, monkeypatch):
        run(ahead(DATA, 1), {"n": Naive()}).save(tmp_path)
        before = fingerprints(tmp_path)
        real = Path.open

        def full_disk(self, *args, **kwargs):
            if "manifest" in self.name:
                raise OSError(28, "No space left on device")
            return real(self, *args, **kwargs)

        monkeypatch.setattr(Path, "open", full_disk)
        with pytest.raises(UsageError, match=r"cannot write to .* No space left on device. Choose"):
            backtested.save(tmp_path)
        monkeypatch.undo()
        assert fingerprints(tmp_path) == before

    def test_an_interruption_leaves_no_temporary_file(self, backtested, tmp_path, monkeypatch):
        def interrupted(self, target):
            raise KeyboardInterrupt

        monkeypatch.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            backtested.save(tmp_path)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX systems")
    def test_files_are_as_readable_as_any_other(self, backtested, tmp_path):
        (tmp_path / "plain").touch()
        plain = (tmp_path / "plain").stat().st_mode
        assert {path.stat().st_mode for path in backtested.save(tmp_path)} == {plain}

    def test_a_folder_that_is_a_file(self, backtested, tmp_path):
        (tmp_path / "taken").touch()
        with pytest.raises(UsageError, match=r"cannot write to .*taken'"):
            backtested.save(tmp_path / "taken")


def test_missing_outcomes_are_null_and_not_dropped():
    result = run(origins(panel([1, 2, NAN, 4]), 2, cutoffs=[2001]), {"n": Naive()})
    np.testing.assert_array_equal(result.long()["y"], [NAN, 4])
    assert result.scores("mae")["n"].tolist() == [1]


@dataclass(frozen=True)
class Only(SeriesModel):
    """The last value, of some series."""

    ids: tuple[str, ...] = ()

    def forecast_one(self, y, horizon, probs, context):
        if context.unique_id not in self.ids:
            raise LookupError("not mine")
        return np.full(horizon, y[-1]), np.full((horizon, len(probs)), y[-1])


MANY = panel(*[[1, 2, 4, 7]] * 20)  # a to t


class TestFewCommonCells:
    def result(self, **models):
        return run(origins(MANY, 1), {"Naive": Naive(), **models})

    def test_a_model_that_forecast_nothing_is_named(self):
        result = self.result(none=Only())
        told = (
            "^of 20 cells whose outcome is known none forecast 0, so all 2 models are compared on "
            r"none of them\. Pass common=False to score .*, or leave 'none' out "
            r"\(`result\.without\('none'\)`\)\. The ledger says why forecasts are missing\.$"
        )
        with pytest.warns(WestforecastWarning, match=told) as caught:
            scores = result.scores(["mae", "smape"])
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert scores["mae"].isna().all()
        # what it advises says nothing more
        apart = result.scores("mae", common=False)
        assert apart.set_index("model")["mae"].to_dict() == pytest.approx(
            {"Naive": 3.0, "none": NAN}, nan_ok=True
        )
        assert result.without("none").scores("mae")["mae"].tolist() == [3.0]

    def test_models_that_share_no_cell(self):
        result = self.result(ab=Only(("a", "b")), cde=Only(("c", "d", "e")))
        told = "known ab forecast 2, cde forecast 3, so all 3 models are compared on none of them"
        with pytest.warns(WestforecastWarning, match=told):
            result.scores("mae")

    @pytest.mark.parametrize(("ids", "warned"), [("a", True), ("ab", False)])
    def test_less_than_a_tenth(self, ids, warned):
        result = self.result(some=Only(tuple(ids)))
        if warned:
            told = r"some forecast 1, so all 2 models are compared on 1 of them"
            with pytest.warns(WestforecastWarning, match=told):
                assert result.scores("mae")["n"].tolist() == [1, 1]
        else:
            assert result.scores("mae")["n"].tolist() == [2, 2]

    def test_one_model_alone(self):
        with pytest.warns(
            WestforecastWarning, match=r"forecast 0, so there is nothing to score\. Th"
        ):
            self.result(none=Only()).without("Naive").scores("mae")
        assert self.result(a=Only(("a",))).without("Naive").scores("mae")["n"].tolist() == [1]

    def test_of_many_models_the_worst_are_told(self):
        models = {f"m{k}": Only(tuple("abcdefgh"[:k])) for k in range(8)}
        told = "known m0 forecast 0, .* m4 forecast 4 and 3 more models less than all, so all 9"
        with pytest.warns(WestforecastWarning, match=told):
            self.result(**models).scores("mae")


class TestWithout:
    def test_all_that_is_said_of_a_model_goes(self, backtested):
        rest = backtested.without("mine")
        assert set(rest.long()["model"]) == set(rest.ledger["model"]) == {"Naive"}
        assert list(rest.models) == list(rest.used) == ["Naive"]
        assert list(rest.probes) == ["Naive", "Drift (fallback)"]
        assert rest.failed == 0
        whole = backtested.long()
        pd.testing.assert_frame_equal(rest.long(), whole[whole["model"] == "Naive"])
        assert list(backtested.forecasts) == ["Naive", "mine"]

    def test_what_cannot_be_left_out(self, backtested):
        with pytest.raises(UnknownNameError, match=r"no model 'niave' .* Did you mean 'Naive'"):
            backtested.without("niave")
        with pytest.raises(UsageError, match=r"no model would be left"):
            backtested.without("Naive", "mine")


def test_scores_build_one_frame_their_own(monkeypatch):
    built = []
    build = frames.build
    monkeypatch.setattr(frames, "build", lambda *args: built.append(args) or build(*args))
    result = westforecast.backtest(DATA, ["Naive", "Drift"], h=1, n_windows=2, levels=(80,))
    assert built == []
    result.scores(["mase", "coverage"], by=["model", "unique_id"])
    assert len(built) == 1
