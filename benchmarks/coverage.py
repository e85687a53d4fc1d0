"""How many outcomes do intervals hold, on series that follow what each model assumes?

`python -m benchmarks.coverage` simulates series of 3 to 20 values with their futures, counts the
outcomes inside the 80 and 95 percent intervals and puts the table into docs/benchmarks.md. A count
of `COUNT` series has a standard error of at most 0.6 points.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import westforecast as wf
from westforecast import Indicator, Windows
from westforecast.kernels.smoothing import Grid
from westforecast.models import Status
from westforecast.series.calendar import Calendar
from westforecast.typing import FloatArray, IntArray
from westforecast_ets.grid import grids
from westforecast_growth.bass import adopted
from westforecast_growth.stage import deviations, dynamics

from .data import ROOT
from .table import markdown, replaced

COUNT = 4000
SIZES, STEPS, LEVELS = (3, 4, 6, 8, 20), (1, 3, 5, 10), (80.0, 95.0)
SEED = 20261201
Random = np.random.Generator
# (generator, W series, n values, H steps) -> [W, n + H]; of driven models the drivers come first
Process = Callable[[Random, int, int, int], FloatArray]


@dataclass(frozen=True, slots=True)
class Case:
    """A model beside a process that it assumes. drivers: how many of the rows are; share: percent
    with both bounds. season_length: 1 or 4."""

    model: wf.Model
    process: Process
    drivers: int = 0
    kind: str = "level"
    freq: str = "Y"


def windows(case: Case, count: int, n: int, horizon: int, seed: int) -> tuple[Windows, FloatArray]:
    """Windows [W] over the first n values of simulated series, and what follows them [W, H]."""
    rows = case.process(np.random.default_rng(seed), count, n, horizon)
    names = [f"x{k}" for k in range(case.drivers)] + [f"s{k}" for k in range(count)]
    panel = wf.Panel(
        values=rows.ravel(),
        indptr=np.arange(len(rows) + 1) * (n + horizon),
        first=np.full(len(rows), 8000),
        indicators=tuple(Indicator(id=name, kind=case.kind) for name in names),
        calendar=Calendar(case.freq),
    )
    own = np.arange(case.drivers, len(rows))
    start = panel.indptr[own]
    return Windows.of(panel, own, start, start + n), rows[own, n:]


def inside(
    case: Case, n: int, steps: Sequence[int] = STEPS, count: int = COUNT, seed: int = SEED
) -> FloatArray | None:
    """Percent of the outcomes inside the intervals [L, K] of each level, `steps` [K] ahead; None
    where the model gives no interval of so few values."""
    horizon = max(steps)
    seen, future = windows(case, count, n, horizon, seed)
    found = case.model.forecast(seen, horizon, LEVELS)
    given = (found.status == Status.OK) & np.isfinite(found.quantiles).all(axis=(1, 2))
    if not given.any():
        return None
    at: IntArray = np.array(steps) - 1
    held = []
    for level in LEVELS:
        low, high = (end[given][:, at] for end in found.interval(level))
        held.append(((low <= future[given][:, at]) & (future[given][:, at] <= high)).mean(axis=0))
    return 100 * np.array(held)


def walk(
    random: Random, count: int, n: int, h: int, drift: float = 2.0, sd: float = 5.0
) -> FloatArray:
    """A random walk with drift from 100."""
    return 100 + random.normal(drift, sd, (count, n + h)).cumsum(axis=1)


def steady(random: Random, count: int, n: int, h: int) -> FloatArray:
    """A random walk without drift."""
    return walk(random, count, n, h, 0.0)


def noise(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Independent values around 100."""
    return random.normal(100, 5, (count, n + h))


def seasonal(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Each quarter a random walk of its own."""
    rows = random.normal(0, 5, (count, n + h))
    for t in range(4, n + h):
        rows[:, t] += rows[:, t - 4]
    return 100 + rows


def growth(random: Random, count: int, n: int, h: int) -> FloatArray:
    """A random walk of logarithms, drift 0.04 and standard deviation 0.08."""
    return 100 * np.exp(walk(random, count, n, h, 0.04, 0.08) - 100)


def fading(damping: float) -> Process:
    """As `growth`, but after n values the drift fades."""

    def process(random: Random, count: int, n: int, h: int) -> FloatArray:
        drift = 0.04 * np.append(np.ones(n), damping ** np.arange(1.0, h + 1))
        return 100 * np.exp((drift + random.normal(0, 0.08, (count, n + h))).cumsum(axis=1))

    return process


def logit(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Percentages whose log odds are a random walk with drift."""
    return 100 / (1 + np.exp(-(walk(random, count, n, h, 0.1, 0.2) - 101)))


def gompertz(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Percentages whose place on a Gompertz curve is a random walk with drift."""
    return 100 * np.exp(-np.exp(-(walk(random, count, n, h, 0.1, 0.2) - 100)))


def bass(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Sales along Bass curves drawn from the prior, 10 percent of noise."""
    p, q = np.exp(random.normal(np.log([0.03, 0.38]), [1.0, 0.6], (count, 2))).T
    stock = adopted(np.arange(n + h + 1.0), p[:, None], q[:, None])
    return 1000 * np.diff(stock, axis=1) * np.exp(random.normal(0, 0.1, (count, n + h)))


def following(elasticity: float, sd: float = 0.03) -> Process:
    """One driver that grows, and series that follow it: log y = e log x + a random walk."""

    def process(random: Random, count: int, n: int, h: int) -> FloatArray:
        driver = random.normal(0.05, 0.03, n + h).cumsum()
        own = elasticity * driver + random.normal(0, sd, (count, n + h)).cumsum(axis=1)
        return np.exp(np.vstack([driver, own]))

    return process


def line(random: Random, count: int, n: int, h: int) -> FloatArray:
    """A driver, and series around a line in it with independent errors."""
    driver = 100 + random.normal(2, 3, n + h).cumsum()
    return np.vstack([driver, 20 + 0.8 * driver + random.normal(0, 5, (count, n + h))])


def shares(random: Random, count: int, n: int, h: int) -> FloatArray:
    """A driver, and series whose share of it drifts in log odds; the drift fades after n."""
    driver = random.normal(0.05, 0.03, n + h).cumsum()
    drift = 0.05 * np.append(np.ones(n), 0.8 ** np.arange(1.0, h + 1))
    z = -1 + (drift + random.normal(0, 0.1, (count, n + h))).cumsum(axis=1)
    return np.vstack([np.exp(driver), np.exp(driver) / (1 + np.exp(-z))])


def intensity(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Activity, income and uses along curves drawn from the prior of `IntensityOfUse`."""
    a = random.normal(0.05, 0.03, n + h).cumsum()
    income = random.normal(0.04, 0.02, n + h).cumsum()
    slope, bend = random.normal(0, 0.3, (count, 1)), random.normal(0, 0.2, (count, 1))
    away = income - income[n - 1]
    own = a + slope * away + bend * away**2 + random.normal(0, 0.03, (count, n + h)).cumsum(axis=1)
    return np.exp(np.vstack([a, income, own]))


def norm(random: Random, count: int, n: int, h: int) -> FloatArray:
    """Damped trends drawn from the prior of `NormGrowth`: a norm of its own each, and dynamics."""
    grid = dynamics("constant", 1)
    deviation, weight = np.array(deviations("constant")).T
    own = 0.04 + 0.02 * deviation[random.choice(len(weight), count, p=_shares(weight))]
    k = random.choice(len(grid.log_prior), count, p=_shares(grid.log_prior))
    return np.exp(_trend(random, grid, k, n + h, 0.05) + own[:, None] * np.arange(n + h))


def smoothing(scale: str) -> Process:
    """Series drawn from the prior of `AveragedETS` on one scale."""

    def process(random: Random, count: int, n: int, h: int) -> FloatArray:
        pieces = [piece for piece, _ in grids(scale, 1)]
        log = np.concatenate([piece.log_prior for piece in pieces])
        k = random.choice(len(log), count, p=_shares(log))
        rows = np.empty((count, n + h))
        for begin, piece in zip(
            np.cumsum([0, *map(len, pieces)])[:-1].tolist(), pieces, strict=True
        ):
            which = np.flatnonzero((begin <= k) & (k < begin + len(piece)))
            rows[which] = _trend(random, piece, k[which] - begin, n + h, 0.05)
        return np.exp(rows) if scale == "log" else 1000 + 100 * rows

    return process


def _shares(log: FloatArray) -> FloatArray:
    weight = np.exp(log - log.max())
    return np.asarray(weight / weight.sum())


def _trend(random: Random, grid: Grid, k: IntArray, length: int, sd: float) -> FloatArray:
    """Paths [W, T] of candidates k [W] of a grid, from level 0."""
    alpha, beta, phi = grid.alpha[k], grid.beta[k], grid.phi[k]
    level, slope = np.zeros(len(k)), random.normal(0, sd * grid.kappa[k])
    rows = np.empty((len(k), length))
    for t in range(length):
        error = random.normal(0, sd, len(k))
        expected = level + phi * slope
        rows[:, t] = expected + error
        level, slope = expected + alpha * error, phi * slope + beta * error
    return rows


SEEN: dict[str, Any] = {"driver": "x0", "driver_mode": "actual"}
CASES = {
    "Naive": Case(wf.model("Naive"), steady),
    "SeasonalNaive, quarters": Case(wf.model("SeasonalNaive"), seasonal, freq="Q"),
    "InSampleMean": Case(wf.model("InSampleMean"), noise),
    "Drift": Case(wf.model("Drift"), walk),
    "DampedLogGrowth": Case(wf.model("DampedLogGrowth"), growth),
    "MedianChange": Case(wf.model("MedianChange"), walk),
    "CompoundGrowth": Case(wf.model("CompoundGrowth"), growth),
    "CompoundGrowth, window=5": Case(wf.model("CompoundGrowth", window=5), growth),
    "DampedGrowth": Case(wf.model("DampedGrowth"), fading(0.95)),
    "GrowthRatio": Case(wf.model("GrowthRatio", **SEEN), following(0.8), 1),
    "Elasticity": Case(wf.model("Elasticity", **SEEN), following(0.8), 1),
    "ConstantShare": Case(wf.model("ConstantShare", **SEEN), following(1.0), 1),
    "ShareShift": Case(wf.model("ShareShift", **SEEN), shares, 1),
    "IntensityOfUse": Case(
        wf.model("IntensityOfUse", activity="x0", income="x1", driver_mode="actual"), intensity, 2
    ),
    "EndUse": Case(
        wf.model("EndUse", sectors=("x0",), coefficients=(1.0,), driver_mode="actual"),
        following(1.0), 1,
    ),
    "DriverRegression": Case(wf.model("DriverRegression", **SEEN), line, 1),
    "Logistic, upper=100": Case(wf.model("Logistic", upper=100.0), logit),
    "Gompertz, upper=100": Case(wf.model("Gompertz", upper=100.0), gompertz),
    "Bass, potential given": Case(wf.model("Bass", potential=1000.0), bass),
    "NormGrowth": Case(
        wf.model("NormGrowth", norm=0.04, spread=0.02, prices="constant"), norm
    ),
    "AveragedETS, scale=level": Case(wf.model("AveragedETS", scale="level"), smoothing("level")),
    "AveragedETS, scale=log": Case(wf.model("AveragedETS", scale="log"), smoothing("log")),
    "AveragedARIMA, walks": Case(wf.model("AveragedARIMA"), walk),
    "SESDrift, walks": Case(wf.model("SESDrift"), walk),
    "Theta, walks": Case(wf.model("Theta"), steady),
}  # fmt: skip


def table() -> str:
    """One row a model and number of values: 80 / 95 percent intervals, by steps ahead."""
    rows = []
    for name, case in CASES.items():
        for n in SIZES:
            found = inside(case, n)
            if found is not None:
                rows.append([name, str(n), *(f"{low:.0f} / {high:.0f}" for low, high in found.T)])
    return markdown(["model", "n", *(f"h = {step}" for step in STEPS)], rows)


if __name__ == "__main__":
    content = table()
    page = ROOT / "docs" / "benchmarks.md"
    page.write_text(replaced(page.read_text("utf-8"), content, "intervals"), encoding="utf-8")
    print(content)
