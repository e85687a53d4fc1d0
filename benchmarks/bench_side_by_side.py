"""How many times faster than statsforecast's `cross_validation` is a whole backtest?

Same series, same origins, same horizon, one thread each, both warm and taking turns. Ours ends with
a table of scores, theirs with forecasts. Series too short for the models are left out by rule, for
both alike: 8 values before the first origin.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pytest

from westforecast.speed import Duel, Times, eligible, ours, seconds, spread, theirs

from .claims import Claim, claim

HORIZON = 6
KEYS = ["unique_id", "cutoff", "ds"]
UNTIMED = 7  # series of a slow peer where nothing is timed


@dataclass(frozen=True)
class Match:
    """A model, its peer, how many origins, and the ratio asked for.

    same: whether both are the same method, so that forecasts must be equal. sampled: whether the
    peer takes minutes and is timed on a sample.
    """

    model: str
    peer: str
    origins: int
    target: float
    same: bool = False
    sampled: bool = False

    def __str__(self) -> str:
        return f"{self.model}-{self.origins}-origins"


MATCHES = [
    Match("Naive", "Naive", 5, 1, same=True),
    Match("Drift", "RandomWalkWithDrift", 5, 1, same=True),
    Match("AveragedETS", "AutoETS", 5, 50),
    Match("AveragedETS", "AutoETS", 20, 200),
    Match("AveragedARIMA", "AutoARIMA", 5, 500, sampled=True),
]


@pytest.mark.benchmark(group="side by side with statsforecast")
@pytest.mark.parametrize("match", MATCHES, ids=str)
def bench_against_statsforecast(
    benchmark, one_thread, installed, yearly, repeats, sample, match, capsys
):
    installed("package", "statsforecast")
    installed("model", match.model)
    frame = eligible(yearly, HORIZON, match.origins)
    count = sample if match.sampled else None
    if not benchmark.enabled and not match.same:
        count = UNTIMED
    part = spread(frame, count)
    mine = partial(ours, frame, match.model, HORIZON, match.origins)
    other = partial(theirs, part, match.peer, HORIZON, match.origins)
    alike = partial(ours, part, match.model, HORIZON, match.origins)
    mine()
    accuracy = agree(match, part, alike(), other())  # untimed: this warms both

    turns: dict[str, list[float]] = {"theirs": [], "alike": []}

    def their_turn() -> None:
        turns["theirs"].append(seconds(other))
        turns["alike"].append(seconds(alike))

    result, _ = benchmark.pedantic(
        mine, setup=their_turn if benchmark.enabled else None, rounds=repeats
    )
    assert len(result.plan.windows) == series(frame) * match.origins
    assert result.failed == 0
    if benchmark.enabled:
        whole = Times(match.model, series(frame), tuple(benchmark.stats.stats.data))
        peer = Times(match.peer, series(part), tuple(turns["theirs"]))
        duel = Duel(whole, peer)
        same_series = Duel(Times(match.model, series(part), tuple(turns["alike"])), peer)
        rule = told_rule(yearly, frame, part)
        told = report(match, frame, part, rule, duel, same_series, accuracy)
        benchmark.extra_info["duel"] = told
        claim(benchmark, Claim(f"{match.model}, {match.origins} origins, to {match.peer}",
                               duel.ratio, match.target, note=rule))  # fmt: skip
        with capsys.disabled():
            print(f"\n{match}: {duel.ratio:.3g} times faster (best to worst {duel.surest:.3g})")


@pytest.mark.benchmark(group="more origins")
def bench_twenty_origins_to_five(benchmark, one_thread, installed, yearly, repeats):
    """Origins share their work: four times as many may not cost twice as much."""
    installed("model", "AveragedETS")
    frame = eligible(yearly, HORIZON, 20)
    five, twenty = (partial(ours, frame, "AveragedETS", HORIZON, n) for n in (5, 20))
    few, _ = five()
    many, _ = twenty()
    last = many.plan.windows.cutoff.reshape(-1, 20)[:, -5:].ravel()
    np.testing.assert_array_equal(few.plan.windows.cutoff, last)
    np.testing.assert_allclose(
        few.forecasts["AveragedETS"].mean,
        many.forecasts["AveragedETS"].mean.reshape(-1, 20, HORIZON)[:, -5:].reshape(-1, HORIZON),
        rtol=1e-7,
    )
    taken: list[float] = []
    benchmark.pedantic(
        twenty,
        setup=(lambda: taken.append(seconds(five))) if benchmark.enabled else None,
        rounds=repeats,
    )
    if benchmark.enabled:
        ratio = float(np.median(benchmark.stats.stats.data) / np.median(taken))
        benchmark.extra_info["five origins, seconds"] = taken
        claim(benchmark, Claim("AveragedETS, 20 origins to 5, time", ratio, 2, "at most",
                               note=told_rule(yearly, frame, frame)))  # fmt: skip


def agree(match: Match, frame, mine, found) -> dict[str, dict[str, float]]:
    """Both forecast the same cells, and the same numbers where it is the same method.

    Returns sMAPE and MASE of both, computed here, the same way for both.
    """
    result, scores = mine
    wide = result.wide().sort_values(KEYS, ignore_index=True)
    found = found.sort_values(KEYS, ignore_index=True)
    assert (wide[KEYS].to_numpy() == found[KEYS].to_numpy()).all()
    np.testing.assert_array_equal(wide["y"], found["y"])
    assert np.isfinite(wide[match.model]).all()
    assert np.isfinite(found["peer"]).all()
    if match.same:
        np.testing.assert_allclose(wide[match.model], found["peer"], rtol=1e-6)
    told = {
        match.model: errors(frame, wide, match.model),
        f"statsforecast {match.peer}": errors(frame, found, "peer"),
    }
    for metric, value in told[match.model].items():
        assert scores[metric].item() == pytest.approx(value)
    return told


def errors(frame, wide, column: str) -> dict[str, float]:
    """sMAPE (0 to 200) and MASE, scaled on the values up to the cutoff: the slow, obvious twin."""
    known = dict(iter(frame.set_index("ds").groupby("unique_id")["y"]))
    scale = {}
    for name, cutoffs in wide.groupby("unique_id")["cutoff"].unique().items():
        y = known[name]
        for cutoff in cutoffs:
            scale[name, cutoff] = np.abs(np.diff(y.loc[:cutoff])).mean() or np.nan
    at = pd.MultiIndex.from_frame(wide[["unique_id", "cutoff"]])
    error = np.abs(wide["y"] - wide[column]).to_numpy()
    size = (np.abs(wide["y"]) + np.abs(wide[column])).to_numpy()
    return {
        "smape": float(np.mean(200 * error / size)),
        "mase": float(np.nanmean(error / pd.Series(scale).loc[at].to_numpy())),
    }


def told_rule(yearly, frame, part) -> str:
    """Which series are in, and on which of them the peer was timed."""
    least = frame.groupby("unique_id").size().min()
    rule = f"{yearly.attrs['name']}: {series(frame)} of {series(yearly)} series have the "
    rule += f"{least} values needed" if series(frame) < series(yearly) else "values needed"
    if series(part) < series(frame):
        rule += f"; the peer was timed on {series(part)} of them, evenly spread"
    return rule


def report(match, frame, part, rule, duel, same_series, accuracy) -> dict[str, object]:
    """What the table says of one match."""
    return {
        **duel.record(),
        "origins": match.origins,
        "horizon": HORIZON,
        "target": match.target,
        "rule": rule,
        "same_series": same_series.record(),
        "mean_length": {"ours": len(frame) / series(frame), "theirs": len(part) / series(part)},
        "accuracy": accuracy,
    }


def series(frame) -> int:
    """How many."""
    return int(frame["unique_id"].nunique())
