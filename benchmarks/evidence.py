"""How often does `compare` find a difference where there is none, and where there is one?

Random walks whose shocks have a part in common (share `common` of the variance). Two models put a
line of slope +0.5 and -0.5 standard deviations through the last value: equally wrong, but whenever
the walks rise one of them looks better. For power, the last value itself, which is right, is held
against the line. Run `python -m benchmarks.evidence` for the table of the docs, some minutes.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from westforecast import Panel, compare
from westforecast.comparison.evidence import MIN_CUTOFFS
from westforecast.comparison.inference import diebold_mariano
from westforecast.models import Forecast, Model, Windows

SLOPE = 0.5
TRAIN = 4  # values before the first cutoff


@dataclass(frozen=True)
class Line(Model):
    """The last value and a slope given beforehand."""

    slope: float = 0.0
    missing: ClassVar[bool] = True

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        made = Forecast.empty(len(windows), horizon, levels)
        last = windows.values[windows.end - 1]
        made.mean[:] = last[:, None] + self.slope * np.arange(1, horizon + 1)
        return made


@dataclass(frozen=True)
class Case:
    """series, cutoffs one period apart, steps scored, the shocks' part in common, and whether
    series are said to be independent."""

    series: int
    cutoffs: int
    h: int
    common: float = 0.0
    independent: bool = False

    def panel(self, seed: int) -> Panel:
        """Walks around 1000, so that nothing is near 0."""
        rng, length = np.random.default_rng(seed), TRAIN + self.cutoffs + self.h - 1
        own, shared = rng.normal(size=(self.series, length)), rng.normal(size=length)
        shocks = np.sqrt(self.common) * shared + np.sqrt(1 - self.common) * own
        walks = 1000 + shocks.cumsum(axis=1)
        ids = np.repeat([f"s{i}" for i in range(self.series)], length)
        years = np.tile(np.arange(2000, 2000 + length), self.series)
        return Panel.from_frame(pd.DataFrame({"unique_id": ids, "ds": years, "y": walks.ravel()}))


@dataclass(frozen=True)
class Rates:
    """Shares of runs: false: a difference is found where there is none; power: the right one is
    found; unsure: "not enough evidence" where there is none. lost: the confidence set lacks one of
    two equally good models. alone: Diebold and Mariano's test, with estimated autocorrelations as
    it is usually done, would have found one where there is none. outside: the band of the skill of
    two equally good models lacks 0. NaN where they are not given."""

    false: float
    power: float
    unsure: float
    lost: float
    alone: float


CASES = (
    Case(1, 8, 1), Case(1, 20, 1), Case(1, 8, 3), Case(1, 20, 3), Case(1, 8, 5), Case(1, 30, 5),
    Case(30, 8, 1, 0.5), Case(30, 20, 1, 0.5), Case(30, 8, 3, 0.5), Case(30, 20, 3, 0.5),
    Case(30, 8, 5, 0.5), Case(30, 8, 3), Case(200, 8, 3, 0.2),
    Case(30, 4, 1), Case(30, 4, 3), Case(100, 4, 3), Case(30, 3, 2),
    Case(30, 4, 1, 0.5), Case(30, 4, 3, 0.5), Case(30, 3, 2, 0.5), Case(100, 4, 3, 0.2),
    Case(30, 3, 3), Case(30, 1, 3), Case(6, 4, 3),
    Case(30, 1, 3, 0.0, True), Case(30, 8, 3, 0.0, True), Case(30, 1, 3, 0.5, True),
)  # fmt: skip


def rates(case: Case, runs: int, resamples: int = 499) -> Rates:
    """What `runs` comparisons gave."""
    found: dict[str, list[bool]] = {"false": [], "power": [], "unsure": [], "lost": []}
    alone: list[float] = []
    settings = {"h": case.h, "n_windows": case.cutoffs, "metric": "mae", "engine": "serial",
                "n_boot": resamples, "progress": False,
                "independent": case.independent}  # fmt: skip
    for run in range(runs):
        panel = case.panel(run)
        lines = {"up": Line(SLOPE), "down": Line(-SLOPE)}
        judged = compare(panel, lines, baseline="up", **settings).board()
        null = judged.columns()
        told = dict(zip(null["model"], null["verdict"], strict=True))["down"]
        right = compare(panel, {"up": Line(SLOPE), "last": Line()}, baseline="up", **settings)
        board = right.board()
        verdict = board.verdicts()[0][1 - board.base]
        found["false"].append(told in ("better", "worse"))
        found["unsure"].append(told == "not enough evidence")
        found["power"].append(verdict == "better")
        alone.append(np.nan)
        if case.cutoffs >= MIN_CUTOFFS:
            losses = judged.evidence.by_cutoff.T
            alone[-1] = diebold_mariano(*losses, judged.evidence.overlap).p_value <= 0.05
        found["lost"].append(False in list(null["in_set"]))
    return Rates(
        **{name: float(np.mean(each)) for name, each in found.items()},
        alone=float(np.mean(alone)),
    )


def main(runs: int) -> None:
    """Print the table, as Markdown."""
    heads = ["series", "cutoffs", "h", "shared", "found, none", "found, some", "unsure",
             "set lacks one", "DM alone"]  # fmt: skip
    print(f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}")
    for case in CASES:
        r = rates(case, runs)
        said = f"{case.series}{', independent' if case.independent else ''}"
        print(
            f"| {said} | {case.cutoffs} | {case.h} | {case.common:.0%} | {r.false:.1%} "
            f"| {r.power:.0%} | {r.unsure:.0%} | {r.lost:.1%} "
            f"| {'' if np.isnan(r.alone) else format(r.alone, '.1%')} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
