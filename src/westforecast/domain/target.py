"""Target attainment: how likely a plan's value is, and how often its pace was kept before."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import normal_scores, reading
from westforecast.series.panel import Panel, PanelLike
from westforecast.series.units import read_unit
from westforecast.typing import BoolArray, FloatArray, IntArray

Measure = Literal["growth", "change"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A plan: a quantity reaches (or stays under) a value by a year.

    value: in the quantity's unit. at_least: False for an upper limit. reason, source: whose plan.
    measure: how pace is stated, "growth" (a fraction a year, compound) for levels, "change" (units
    a year) for shares and rates, where growth of a growth rate means little.
    """

    quantity: str
    year: int
    value: float
    at_least: bool = True
    unit: str = ""
    measure: Measure = "growth"
    reason: str = ""
    source: str = ""

    @property
    def text(self) -> str:
        """The plan in words: at least 60,000 units in 2020."""
        side = "at least" if self.at_least else "at most"
        return f"{side} {_number(self.value)}{self.unit and ' '}{self.unit} in {self.year}"


@dataclass(frozen=True, slots=True)
class Precedent:
    """One stretch of history: a series from `start` to `end` and its pace (see `Goal.measure`)."""

    series: str
    start: int
    end: int
    pace: float


@dataclass(frozen=True, slots=True)
class Precedents:
    """How often a pace was kept over as many years.

    windows: stretches of `length` years with a value at both ends and no break of definition in
    between, in all `series` series; reached: those that kept the pace.
    apart: how many windows fit without overlapping; reached_apart: how many that kept the pace do.
    Windows that overlap are one event told several times; only those apart count as evidence.
    best: the fastest window of each of the fastest series (the slowest for an upper limit).
    """

    length: int
    series: int
    windows: int
    reached: int
    apart: int
    reached_apart: int
    best: tuple[Precedent, ...]


@dataclass(frozen=True, slots=True)
class Attainment:
    """What a forecast and history say of a goal.

    probability of attaining it; error: its Monte Carlo standard error (0 for quantiles).
    last_year, last: the last observation. median: of the forecast in the goal's year.
    required, expected: pace from the last observation to the goal and to the median, per year;
    NaN where growth has no meaning (from 0 or less, or to less than 0).
    precedents: None where no history was given or required is NaN.
    """

    goal: Goal
    probability: float
    error: float
    last_year: int
    last: float
    median: float
    required: float
    expected: float
    precedents: Precedents | None

    @property
    def sentence(self) -> str:
        """All of it in words."""
        parts = [
            f"{self.goal.text}: {self.chance}.",
            f"{self.needs}.",
            f"{self.past}.",
        ]
        return " ".join(part[0].upper() + part[1:] for part in parts)

    @property
    def chance(self) -> str:
        """The probability in words."""
        error = f" (standard error {100 * self.error:.1f})" if self.error else ""
        return f"probability {100 * self.probability:.0f} %{error}"

    @property
    def needs(self) -> str:
        """Required and expected pace in words."""
        begin = f"{_number(self.last)} in {self.last_year}"
        if np.isnan(self.required):
            return f"growth from {begin} to {_number(self.goal.value)} is not defined"
        return (
            f"from {begin} it takes {self.pace(self.required)} a year; the median forecast, "
            f"{_number(self.median)}, takes {self.pace(self.expected)}"
        )

    @property
    def past(self) -> str:
        """What history says, in words."""
        p = self.precedents
        if p is None:
            return "history says nothing of it"
        kept = "growth was kept" if self.goal.measure == "growth" else "pace was kept"
        if not p.windows:
            return f"history holds no window of {_count(p.length, 'year')}"
        if not p.reached:
            return (
                f"such {kept} in none of {_count(p.windows, 'window')} of "
                f"{_count(p.length, 'year')} ({p.apart} without overlap)"
            )
        best = "; ".join(f"{b.series} {b.start}-{b.end} {self.pace(b.pace)}" for b in p.best)
        return (
            f"such {kept} in {p.reached} of {_count(p.windows, 'window')} of "
            f"{_count(p.length, 'year')} ({p.reached_apart} of {p.apart} without overlap), in "
            f"{best}"
        )

    def pace(self, value: float) -> str:
        """A pace a year in words: +12.4 %, or a change such as +0.3 points, +20 units."""
        if np.isnan(value):
            return "not defined"
        if abs(value) < 1e-9 * max(1.0, abs(self.last)):
            value = 0.0  # rounding of a median that equals the last value
        if self.goal.measure == "growth":
            return f"{100 * value:+.1f} %"
        percent = read_unit(self.goal.unit).is_percent
        unit = "points" if percent else self.goal.unit
        return f"{value:+.3g}{unit and ' '}{unit}"


def chance(
    paths: FloatArray, value: FloatArray | float, at_least: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Share of sample paths [P, ...] that attain a value [...], and its standard error [...].

    The error is sqrt(q (1 - q) / P) with q = (hits + 1) / (P + 2), so that 0 hits in 100 are no
    certainty; it takes paths as independent draws.
    """
    paths = np.asarray(paths, float)
    hits = (paths >= value) if at_least else (paths <= value)
    count = len(paths)
    smoothed = (hits.sum(axis=0) + 1) / (count + 2)
    return hits.mean(axis=0), np.sqrt(smoothed * (1 - smoothed) / count)


def chance_of_quantiles(
    quantiles: FloatArray, probs: Sequence[float], value: FloatArray | float, at_least: bool = True
) -> FloatArray:
    """Probability [...] that laws known by quantiles [..., Q] at `probs` attain a value [...].

    Read as `westforecast.kernels.quantiles` reads laws: linear in the normal score between
    quantiles, with the slope of the last piece beyond them. NaN where a quantile is.
    """
    quantiles = np.asarray(quantiles, float)
    if quantiles.shape[-1] < 2:
        raise UsageError(
            f"{quantiles.shape[-1]} quantiles found, at least 2 expected. Forecast with levels."
        )
    if not at_least:  # y <= v is -y >= -v
        mirrored = [1 - p for p in reversed(probs)]
        return chance_of_quantiles(-quantiles[..., ::-1], mirrored, -np.asarray(value, float))
    at = np.broadcast_to(np.asarray(value, float), quantiles.shape[:-1])[..., None]
    knots = normal_scores(probs)
    below = (quantiles < at).sum(axis=-1, keepdims=True)
    piece = np.clip(below - 1, 0, len(knots) - 2)
    q0, q1 = (np.take_along_axis(quantiles, piece + k, -1) for k in (0, 1))
    z0, z1 = knots[piece], knots[piece + 1]
    with np.errstate(divide="ignore", invalid="ignore"):
        score = z0 + (at - q0) * (z1 - z0) / (q1 - q0)
    # At an end where quantiles are equal the law goes no further.
    score = np.where(q1 == q0, np.where(q0 >= at, -np.inf, np.inf), score)
    law = NormalDist()
    above = [law.cdf(-z) if np.isfinite(z) else float(z < 0) for z in score.ravel()]
    found = np.array(above).reshape(at.shape[:-1])
    return np.where(np.isnan(quantiles).any(axis=-1), np.nan, found)


def pace(
    first: FloatArray, last: FloatArray, years: int, measure: Measure = "growth"
) -> FloatArray:
    """Growth, or change, a year from `first` to `last`, `years` later; any shapes.

    NaN where growth has no meaning: from 0 or less, or to less than 0.
    """
    first, last = np.asarray(first, float), np.asarray(last, float)
    if measure == "change":
        return np.asarray((last - first) / years)
    meant = (first > 0) & (last >= 0)
    ratio = np.divide(last, first, out=np.full(meant.shape, np.nan), where=meant)
    return np.asarray(ratio ** (1 / years) - 1)


def precedents(
    data: PanelLike,
    years: int,
    required: float,
    *,
    at_least: bool = True,
    measure: Measure = "growth",
    shown: int = 3,
) -> Precedents:
    """How often the series of annual data kept a pace over `years` years.

    required: growth (a fraction) or change a year, see `Goal.measure`. shown: series in `best`.
    data: a long frame, a path or a Panel. Cut a panel with `as_of` to what was known, and with
        `select` to what is comparable.
    Raises UsageError for a panel that is not annual, and for changes in more than one unit.
    """
    panel = Panel.of(data)
    if panel.calendar.freq != "Y":
        raise UsageError("precedents are counted in years; an annual panel expected.")
    units = {indicator.unit for indicator in panel.indicators}
    if measure == "change" and len(units) > 1:
        raise UsageError(
            f"changes a year in different units ({', '.join(sorted(units))}) cannot be compared. "
            "Select series of one unit."
        )
    values, sections, first = _grid(panel)
    ahead = values.shape[1] - years
    if ahead < 1:
        return Precedents(years, len(panel), 0, 0, 0, 0, ())
    kept = pace(values[:, :ahead], values[:, years:], years, measure)  # [S, K]
    kept[sections[:, :ahead] != sections[:, years:]] = np.nan
    valid = np.isfinite(kept)
    slack = 1e-9 * max(abs(required), 1e-3)  # a pace stated from the same figures counts
    with np.errstate(invalid="ignore"):
        reached = (kept >= required - slack) if at_least else (kept <= required + slack)
    return Precedents(
        length=years,
        series=len(panel),
        windows=int(valid.sum()),
        reached=int(reached.sum()),
        apart=int(_apart(valid, years).sum()),
        reached_apart=int(_apart(reached, years).sum()),
        best=_best(panel, kept, reached, first, years, at_least, shown),
    )


def attainment(
    goal: Goal,
    values: FloatArray,
    last: tuple[int, float],
    *,
    probs: Sequence[float] | None = None,
    point: float | None = None,
    panel: PanelLike | None = None,
) -> Attainment:
    """What a forecast, and the history of comparable series, say of a goal.

    values: [P] sample paths in the goal's year or, with `probs`, [Q] quantiles at them. point: the
        point forecast beside quantiles, their median; a skewed law known by one interval needs it.
    last: (year, value) of the last observation. panel: comparable series, for the precedents.
    Raises UsageError where the goal's year is not after the last observation.
    """
    last_year, base = last
    length = goal.year - last_year
    if length < 1:
        raise UsageError(f"{goal.text}: a year after the last observation, {last_year}, expected.")
    values = np.asarray(values, float)
    if np.isnan(values).any():
        raise UsageError(f"{goal.text}: {np.isnan(values).sum()} values of the forecast are NaN.")
    if probs is not None and point is not None and 0.5 not in probs:
        half = int(np.searchsorted(probs, 0.5))
        values = np.insert(values, half, point)
        probs = (*probs[:half], 0.5, *probs[half:])
    if probs is None:
        probability, error = (float(x) for x in chance(values, goal.value, goal.at_least))
        median = float(np.median(values))
    else:
        probability = float(chance_of_quantiles(values, probs, goal.value, goal.at_least))
        median, error = float((values @ reading(probs, [0.5]).T)[0]), 0.0
    required, expected = (
        float(pace(np.array(base), np.array(end), length, goal.measure))
        for end in (goal.value, median)
    )
    known = None
    if panel is not None and np.isfinite(required):
        known = precedents(panel, length, required, at_least=goal.at_least, measure=goal.measure)
    return Attainment(
        goal, probability, error, last_year, base, median, required, expected, known
    )  # fmt: skip


def _grid(panel: Panel) -> tuple[FloatArray, IntArray, int]:
    """Values [S, T] on one calendar, the section of definition each is in [S, T], first year."""
    if not (panel.lengths > 0).any():
        return np.empty((len(panel), 0)), np.empty((len(panel), 0), np.int64), 0
    first, last = panel.span
    values = np.full((len(panel), last - first + 1), np.nan)
    rows = np.repeat(np.arange(len(panel)), panel.lengths)
    place = np.arange(len(panel.values)) + np.repeat(panel.first - panel.indptr[:-1], panel.lengths)
    values[rows, place - first] = panel.values
    sections = np.zeros(values.shape, np.int64)
    calendar = np.arange(first, last + 1)
    for s, indicator in enumerate(panel.indicators):
        if indicator.breaks:
            sections[s] = np.searchsorted(sorted(indicator.breaks), calendar, side="right")
    return values, sections, first


def _apart(wanted: BoolArray, length: int) -> IntArray:
    """[S] the most windows of those wanted [S, K] that do not overlap: taken as early as can be."""
    free = np.zeros(len(wanted), np.int64)
    count = np.zeros(len(wanted), np.int64)
    for k in range(wanted.shape[1]):
        taken = wanted[:, k] & (free <= k)
        count += taken
        free[taken] = k + length
    return count


def _best(
    panel: Panel, kept: FloatArray, reached: BoolArray, first: int, length: int, at_least: bool,
    shown: int,
) -> tuple[Precedent, ...]:  # fmt: skip
    sign = 1 if at_least else -1
    scores = np.where(reached, sign * kept, -np.inf)
    place = scores.argmax(axis=1)
    top = scores.max(axis=1)
    order = [int(s) for s in np.argsort(-top, kind="stable")[:shown] if np.isfinite(top[s])]
    return tuple(
        Precedent(
            panel.indicators[s].name or panel.ids[s],
            first + int(place[s]),
            first + int(place[s]) + length,
            float(kept[s, place[s]]),
        )
        for s in order
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _count(items: int, word: str) -> str:
    return f"{items:,} {word}{'' if items == 1 else 's'}"
