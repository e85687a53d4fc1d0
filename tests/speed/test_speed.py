"""The shipped benchmark: fixed data, fair sides, ratios that say what they claim."""

import json

import numpy as np
import pytest

import westforecast as wf
from westforecast.errors import UsageError, WestforecastError
from westforecast.speed import (
    DIGEST,
    LEAST,
    ONE_THREAD,
    Duel,
    Settings,
    Times,
    annual,
    digest,
    eligible,
    machine,
    measure,
    measure_apart,
    ours,
    spread,
    take_turns,
    theirs,
)

SMALL = Settings(models=["Drift"], series=40, origins=2, horizon=3, repeats=2, peer=False)


def test_the_panel_is_the_one_of_the_published_figures():
    frame = annual()
    assert digest(frame["y"].to_numpy()) == DIGEST
    assert frame["unique_id"].nunique() == 645
    assert frame.groupby("unique_id").size().between(14, 41).all()
    assert (frame.groupby("unique_id")["ds"].max() == 2023).all()
    wf.Panel.from_frame(frame)  # no gap, no duplicate, nothing unsorted


def test_fewer_series_are_the_first_of_more_and_lengths_can_be_set():
    few, many = annual(5), annual(9)
    assert many.iloc[: len(few)].equals(few)
    assert (annual(4, length=23).groupby("unique_id").size() == 23).all()


def test_a_digest_notices_one_last_digit():
    y = np.arange(5.0)
    assert digest(y) == digest(y.copy()) != digest(np.nextafter(y, 9))


def test_eligible_series_have_enough_values_before_the_first_origin():
    frame = annual(200)
    kept = eligible(frame, horizon=6, origins=5)
    lengths = frame.groupby("unique_id").size()
    assert set(kept["unique_id"]) == set(lengths.index[lengths >= LEAST + 4 + 6])
    result, _ = ours(kept, "Drift", 6, 5)
    assert result.plan.windows.lengths.min() == LEAST
    assert not result.plan.skipped


@pytest.mark.parametrize(("count", "names"), [
    (2, ["s00000", "s00009"]),
    (4, ["s00000", "s00003", "s00006", "s00009"]),
    (10, None), (99, None), (None, None),
])  # fmt: skip
def test_a_sample_is_spread_over_the_series(count, names):
    frame = annual(10)
    found = spread(frame, count)["unique_id"].unique().tolist()
    assert found == (names or frame["unique_id"].unique().tolist())


def test_ours_uses_one_thread_unless_told():
    result, scores = ours(annual(3), "Naive", 2, 1)
    assert result.settings["engine"] == "SerialEngine()"
    assert scores["n"].item() == 6
    other, _ = ours(annual(3), "Naive", 2, 1, engine="threads")
    assert "Thread" in str(other.settings["engine"])


def test_theirs_has_the_same_rows_and_numbers():
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    frame = eligible(annual(20), 3, 2)
    keys = ["unique_id", "cutoff", "ds"]
    mine = ours(frame, "Drift", 3, 2)[0].wide().sort_values(keys, ignore_index=True)
    found = theirs(frame, "RandomWalkWithDrift", 3, 2).sort_values(keys, ignore_index=True)
    assert mine[keys].equals(found[keys].astype(mine[keys].dtypes))
    np.testing.assert_allclose(mine["Drift"], found["peer"], rtol=1e-9)


def test_works_take_turns():
    calls = []
    first, second = take_turns([lambda: calls.append("a"), lambda: calls.append("b")], 3)
    assert calls == ["a", "b"] * 3
    assert len(first) == len(second) == 3
    assert min(*first, *second) >= 0


def test_ratios_are_per_series():
    duel = Duel(Times("A", 100, (1.0, 2.0, 4.0)), Times("B", 10, (3.0, 5.0, 4.0)))
    assert duel.ratio == (4 / 10) / (2 / 100)
    assert duel.surest == (3 / 10) / (4 / 100)
    assert duel.likeliest == (3 / 10) / (1 / 100)
    told = duel.record()
    assert json.loads(json.dumps(told)) == told
    assert told["ours"] == {"name": "A", "series": 100, "seconds": [1.0, 2.0, 4.0]}


def test_a_measurement_says_what_was_measured():
    found = measure(SMALL)
    assert json.loads(json.dumps(found)) == found
    assert found["panel"]["series"] == 40
    (row,) = found["rows"]
    assert row["windows"] == 2 * found["panel"]["eligible"] == 2 * row["ours"]["series"]
    assert (row["failed"], row["theirs"]) == (0, None)
    assert len(row["ours"]["seconds"]) == 2


def test_a_peer_is_timed_on_as_many_series_as_asked():
    pytest.importorskip("statsforecast", reason="statsforecast is not installed")
    settings = Settings(["Drift", "DampedLogGrowth"], series=40, origins=2, repeats=1,
                        peer_series=5)  # fmt: skip
    drift, alone = measure(settings)["rows"]
    assert drift["theirs"]["name"] == "RandomWalkWithDrift"
    assert drift["theirs"]["series"] == 5
    assert drift["ratio"] > 0
    assert alone["theirs"] is None, "a model without a peer is timed all the same"


def test_apart_means_one_thread_whatever_is_set_here(monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    found = measure_apart(SMALL)
    assert found["machine"]["one_thread"]
    assert found["rows"][0]["model"] == "Drift"


def test_what_goes_wrong_apart_is_told_here():
    with pytest.raises(UsageError, match="need series of 71 values; the longest of this panel has"):
        measure_apart(Settings(["Drift"], series=3, origins=60, horizon=4))
    with pytest.raises(WestforecastError, match="broke down"):
        measure_apart(Settings(["Drift"], series=-1))


def test_the_machine_is_described(monkeypatch):
    for name, value in ONE_THREAD.items():
        monkeypatch.setenv(name, value)
    found = machine()
    assert found["one_thread"]
    assert found["packages"]["numpy"] == np.__version__
    assert found["cpu"]
    assert found["cores"] >= 1
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert not machine()["one_thread"]
    assert json.loads(json.dumps(found)) == found
