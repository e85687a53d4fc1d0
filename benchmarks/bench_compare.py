"""How long does a comparison of many models take, from losses to verdicts, pairs and bands?

645 series, 10 cutoffs, 20 models: 1,999 resamples, 190 pairs. Two parts are held against others on
the same losses: `arch` makes the model confidence set, and a loop over pairs, as one would write it
on a table of losses, runs the same test.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from statistics import median
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import westforecast as wf
from westforecast.comparison import Comparison
from westforecast.comparison.comparison import Board
from westforecast.comparison.inference import (
    Resamples,
    bootstrap_means,
    holm,
    model_confidence_set,
)
from westforecast.models import Forecast, Model, Windows
from westforecast.speed import annual, seconds

from .claims import Claim, claim

SERIES, CUTOFFS, MODELS, HORIZON = 645, 10, 20, 3
FEW, RESAMPLES = 40, 1999  # series where nothing is timed; resamples


@dataclass(frozen=True)
class Growing(Model):
    """The last value, growing at a rate given beforehand: costs next to nothing."""

    rate: float
    missing: ClassVar[bool] = True

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        made = Forecast.empty(len(windows), horizon, levels)
        last = windows.values[windows.end - 1]
        made.mean[:] = last[:, None] * (1 + self.rate) ** np.arange(1, horizon + 1)
        return made


@pytest.fixture(scope="module")
def results():
    """A backtest of so many series."""

    def make(series: int) -> wf.Result:
        models = {f"{k - 5} percent": Growing((k - 5) / 100) for k in range(MODELS)}
        panel = wf.Panel.from_frame(annual(series, 40))
        return wf.backtest(panel, models, h=HORIZON, n_windows=CUTOFFS, progress=False)

    return make


def compared(result: wf.Result) -> Comparison:
    return wf.compare(result, baseline="0 percent", n_boot=RESAMPLES)


def size(benchmark) -> int:
    return SERIES if benchmark.enabled else FEW


@pytest.mark.benchmark(group="comparing 20 models")
@pytest.mark.parametrize("judges", ["cutoffs", "series"])
def bench_compare(benchmark, one_thread, results, repeats, judges):
    """From forecasts to everything that is said of them: leaderboard, pairs, groups."""
    result = results(size(benchmark))
    work = partial(
        wf.compare,
        result,
        baseline="0 percent",
        n_boot=RESAMPLES,
        independent=judges == "series",
    )
    told = benchmark.pedantic(lambda: work().to_dict(), rounds=repeats, warmup_rounds=1)
    assert told["judged_by"] == judges
    assert told["cells"] == size(benchmark) * CUTOFFS * HORIZON
    assert len(told["pairs"]) == MODELS * (MODELS - 1)
    scores = result.scores("mase").set_index("model")["mase"]
    for row in told["leaderboard"]:
        assert row["skill"] == pytest.approx(1 - scores[row["model"]] / scores["0 percent"])
    if benchmark.enabled:
        taken = median(benchmark.stats.stats.data)
        claim(benchmark, Claim(f"20 models, 645 series, 10 cutoffs, judged by {judges}: time",
                               taken, 10, "at most", "s", gate=False,
                               note="losses, 190 pairs, 1,999 resamples, set"))  # fmt: skip


@pytest.mark.benchmark(group="comparing 20 models")
def bench_confidence_set(benchmark, one_thread, installed, results, repeats):
    """The set by series, beside arch's on the same losses, resamples of each its own."""
    installed("package", "arch")
    import arch
    from arch.bootstrap import MCS

    losses = compared(results(size(benchmark))).losses.by_series

    def ours() -> np.ndarray:
        away = bootstrap_means(losses, Resamples(len(losses), RESAMPLES))
        return model_confidence_set(losses.mean(axis=0), away)

    def theirs() -> np.ndarray:
        peer = MCS(losses, 0.05, reps=RESAMPLES, block_size=1, method="max", seed=1)
        peer.compute()
        return peer.pvalues["Pvalue"].sort_index().to_numpy()

    np.testing.assert_allclose(ours(), theirs(), atol=0.04)
    duel(benchmark, ours, theirs, repeats, f"model confidence set, to arch {arch.__version__}")


@pytest.mark.benchmark(group="comparing 20 models")
def bench_pairs(benchmark, one_thread, results, repeats):
    """Every pair with its verdict, beside a loop that gives the test's p alone."""
    found = compared(results(size(benchmark)))
    losses = found.losses
    table = pd.DataFrame(losses.values.T, columns=losses.models)
    table["cutoff"] = losses.cutoff

    def ours() -> dict[str, np.ndarray]:
        return Board(losses, found).pair_columns()

    def loop() -> list[float]:
        return [one_pair(table, a, b) for a, b in combinations(losses.models, 2)]

    told, place = ours(), {name: k for k, name in enumerate(losses.models)}
    at = np.array([[place[a], place[b]] for a, b in zip(told["model"], told["other"], strict=True)])
    base = place["0 percent"]
    p, pairs = np.array(loop()), np.array(list(combinations(range(MODELS), 2)))
    for with_base in (True, False):  # a family each for Holm's correction
        once = (at[:, 0] < at[:, 1]) & ((at == base).any(axis=1) == with_base)
        family = (pairs == base).any(axis=1) == with_base
        np.testing.assert_allclose(told["p_value"][once], holm(p[family]), rtol=1e-6)
    duel(benchmark, ours, loop, repeats, "190 pairs judged, to a loop of one test")


def one_pair(table: pd.DataFrame, a: str, b: str) -> float:
    """p-value of equal mean losses at cutoffs whose horizons overlap as is known."""
    d = (table[a] - table[b]).groupby(table["cutoff"]).mean().to_numpy()
    n = len(d)
    r = np.maximum(0, 1 - np.abs(np.subtract.outer(np.arange(n), np.arange(n))) / HORIZON)
    m = np.eye(n) - 1 / n
    lost = np.trace(m @ r)
    statistic = d.mean() / np.sqrt(d @ m @ d / lost * r.mean())
    return float(2 * stats.t.sf(abs(statistic), lost**2 / np.trace(m @ r @ m @ r)))


def duel(benchmark, ours, theirs, repeats: int, what: str) -> None:
    """Both in turns; ours may not be the slower one."""
    taken: list[float] = []
    benchmark.pedantic(
        ours,
        setup=(lambda: taken.append(seconds(theirs))) if benchmark.enabled else None,
        rounds=repeats,
    )
    if benchmark.enabled:
        mine = median(benchmark.stats.stats.data)
        benchmark.extra_info["peer, seconds"] = taken
        note = f"{1e3 * mine:.0f} ms to {1e3 * median(taken):.0f} ms"
        claim(benchmark, Claim(what, median(taken) / mine, 1, note=note))
