"""The stage of industrialization of a region-year: five indicators, one index from 0 to 100.

The index of Chen, Huang and Zhong (2006), which the Chinese Academy of Social Sciences (CASS)
publishes in its Blue Books of industrialization. Each indicator is placed between thresholds and
scored 0 where the early stage begins, 33, 66 and 100 where the middle, late and post-industrial
stages begin, linearly in between; the weighted mean is the composite, and the composite gives stage
and half. Bounds, weights and their confidence marks are rows of a table: `thresholds`.

What the recalled table leaves open is decided so:

1. Lower end of stage 2 in A (primary), I (secondary), S (tertiary): where A would equal I at the
   same S, so the score is 33 (I - A) / (I + A - 0.4). No number is invented.
2. A from 10 to 20 % with I <= S: stage and score by A alone. Downgrading would let the score fall
   where services grow.
3. A in stage 4 runs down to 0.
4. A > I is pre-industrial whatever A is; other indicators count as they are.
5. The late stage is scored 66 to 100, not 66 to 99, so scores have no gap at its end. A value on
   a bound belongs to the higher stage; so do I = S below 10 % and A = I.
6. GDP per capita is the mean of its conversions at the exchange rate and at purchasing power
   parity (`usd_per_capita`), in dollars of a year that has a row.
7. A group of regions is scored on its summed raw data, not by a mean of scores.

So no score falls when A falls and I : S stays, nor when another indicator moves on. Scores are
continuous in each indicator but for structure, which jumps where the theory does: A <= 10 % with I
falling to S makes a region post-industrial (100), and A > I with A < 20 % makes it
pre-industrial (0).
"""

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from westforecast.domain.rules import fraction, positive
from westforecast.domain.stage_card import SUM_SLACK, CardEntry, StageCard
from westforecast.domain.stage_words import INDICATORS, INPUTS, SECTORS, Threshold, thresholds
from westforecast.errors import DataError, Problem, UsageError, WestforecastWarning, nearest
from westforecast.typing import FloatArray, IntArray

# A tie of shares is a tie although one of them was derived as 1 less the others.
_TIE = 1e-9


def usd_per_capita(local: Any, exchange_rate: Any, ppp: Any, deflator: Any = 1.0) -> FloatArray:
    """GDP per capita as the index wants it: the mean of two conversions (recalled, R).

    local: per head in current local currency. exchange_rate, ppp: local currency per dollar, of the
    same year. deflator: US price level of that year over that of the price base, 1 where the year
    is the base. All broadcast. Dollars of the base year come out:

        (local / exchange_rate + local / ppp) / 2 / deflator

    Raises UsageError for values that are not above 0.

    >>> usd_per_capita(14368, 8.194, 2.69).round().tolist()  # China 2005
    3547.0
    """
    yuan = positive("local", local)
    market = yuan / positive("exchange_rate", exchange_rate)
    parity = yuan / positive("ppp", ppp)
    return np.asarray((market + parity) / 2 / positive("deflator", deflator))


@dataclass(frozen=True, slots=True, eq=False)
class StageScores:
    """What the index says of each cell; all arrays share the shape of the inputs, broadcast.

    scores: indicator -> 0 to 100, NaN where it is missing. composite: 0 to 100, NaN where too
    little is known. weight: of the indicators that are known, as a fraction. stage: 1 to 5, 0 where
    refused. half: 1 or 2 within stages 2 to 4, otherwise 0.
    """

    scores: Mapping[str, FloatArray]
    composite: FloatArray
    weight: FloatArray
    stage: IntArray
    half: IntArray


@dataclass(frozen=True, slots=True)
class StageIndex:
    """Settings of the index: price base of GDP per capita, how much may be missing, the table.

    base: "USD_1964" ... "USD_2010"; the year alone will do. min_weight: weight of known indicators,
    as a fraction, below which no composite is given. table: bounds and weights, `thresholds()` or
    one of your own.

    Raises UsageError for a base without a row (naming the nearest) and a min_weight outside (0, 1],
    DataError for a table that lacks a stage or whose bounds do not follow each other.
    """

    base: str = "USD_2005"
    min_weight: float = 0.5
    table: tuple[Threshold, ...] = field(default_factory=thresholds, repr=False)
    _rows: dict[tuple[str, int], Threshold] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    # Where stages 2, 3, 4, 5 begin, by indicator.
    _starts: dict[str, FloatArray] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        if not 0 < self.min_weight <= 1:
            raise UsageError(
                f"min_weight={self.min_weight} found, a fraction above 0 and up to 1 expected."
            )
        bases = {row.base for row in self.table if row.indicator == "gdp_per_capita"}
        if f"USD_{self.base}" in bases:
            object.__setattr__(self, "base", f"USD_{self.base}")
        if self.base not in bases:
            raise UsageError(_no_base(self.base, bases))
        kept = [row for row in self.table if row.base in {"", self.base}]
        self._rows.update({(row.indicator, row.stage): row for row in kept})
        self._starts.update(_starts(self._rows))

    @property
    def weights(self) -> dict[str, float]:
        """Indicator -> weight in percent."""
        return {name: self._rows[name, 2].weight_percent for name in INDICATORS}

    def score(
        self,
        *,
        gdp_per_capita: Any = None,
        primary: Any = None,
        secondary: Any = None,
        tertiary: Any = None,
        manufacturing_share: Any = None,
        urban_share: Any = None,
        primary_employment_share: Any = None,
    ) -> StageScores:
        """Scores, composite, stage and half of one region-year or of arrays of any shape.

        gdp_per_capita: dollars of the base year (`usd_per_capita`). primary, secondary, tertiary:
            shares of GDP; two suffice, the third is the rest. manufacturing_share: manufacturing
            value added / value added of goods = primary + secondary. urban_share: of population.
            primary_employment_share: of employment. Shares are fractions; NaN or None = missing.

        All broadcast. Missing indicators leave the composite to the others, whose weight is told;
        below `min_weight` the composite is NaN and the stage 0.

        Raises UsageError where nothing is given, for a share outside 0 to 1 (percent are not
        fractions) and for GDP that is not above 0. Warns where A + I + S is off 1 by more than
        0.01.

        >>> china = StageIndex("USD_2005").score(
        ...     gdp_per_capita=4100, primary=0.126, secondary=0.475, tertiary=0.399,
        ...     manufacturing_share=0.52, urban_share=0.4299, primary_employment_share=0.448)
        >>> f"{china.composite:.1f} {stage_name(china.stage, china.half)}"
        '50.2 middle II'
        """
        known = _inputs({
            "gdp_per_capita": gdp_per_capita, "primary": primary, "secondary": secondary,
            "tertiary": tertiary, "manufacturing_share": manufacturing_share,
            "urban_share": urban_share, "primary_employment_share": primary_employment_share,
        })  # fmt: skip
        return self._scores(known)

    def _scores(self, known: Mapping[str, FloatArray]) -> StageScores:
        shape = np.broadcast_shapes(*(x.shape for x in known.values()))
        scores, total, weight = {}, np.zeros(shape), np.zeros(shape)
        for name, percent in self.weights.items():
            score = self._score(name, known)
            scores[name] = np.broadcast_to(score, shape)
            # Weights count in percent: whole numbers keep 33, 66 and 100 exact.
            seen = ~np.isnan(score)
            total += percent * np.where(seen, score, 0.0)
            weight += percent * seen
        whole = sum(self.weights.values())
        enough = weight >= (self.min_weight - 1e-12) * whole
        composite = np.where(enough, total / np.where(enough, weight, 1.0), np.nan)
        # Weights of one's own may not be whole numbers.
        composite = np.asarray(np.minimum(composite, 100.0))
        stage, half = self.stage_of(composite)
        return StageScores(scores, composite, np.asarray(weight / whole), stage, half)

    def _score(self, name: str, known: Mapping[str, FloatArray]) -> FloatArray:
        starts, points = self._starts[name], self._starts["composite"]
        if name == "structure":
            a, i, s = (known[sector] for sector in SECTORS)
            return _structure(a, i, s, starts, points)
        sign = 1.0 if self._rises(name) else -1.0
        return np.asarray(np.interp(sign * known[name], sign * starts, points))

    def stage_of(self, composite: Any) -> tuple[IntArray, IntArray]:
        """Stage 1 to 5 and half (1 or 2 in stages 2 to 4, else 0) of an index; 0 where it is NaN.

        Raises UsageError for values outside 0 to 100.

        >>> stage, half = StageIndex().stage_of([18, 50, 66])
        >>> stage_name(stage, half).tolist()
        ['early II', 'middle II', 'late I']
        """
        x = np.asarray(composite, float)
        wrong = (x < 0) | (x > 100)
        if wrong.any():
            raise UsageError(f"composite: {float(x[wrong][0]):.6g} found, 0 to 100 expected.")
        begins, halves = self._starts["composite"], self._starts["second_half"]
        stage = 1 + (x > 0) + sum(x >= begin for begin in begins[1:])
        stage = np.where(np.isnan(x), 0, stage)
        # Stages 0, 1 and 5 have no halves.
        second = np.array([np.nan, np.nan, *halves, np.nan])[stage]
        return stage, np.where(np.isnan(second), 0, 1 + (x >= second))

    def card(self, *, region: str = "", year: int | None = None, **inputs: Any) -> "StageCard":
        """The stage card of one region-year; inputs as for `score`, one number each."""
        known = _inputs(inputs)
        result = self._scores(known)
        if result.composite.ndim:
            raise UsageError(
                f"a card shows one region-year; values of shape {result.composite.shape} found. "
                "Use score(...) for arrays."
            )
        whole = sum(self.weights.values())
        entries = []
        for name, percent in self.weights.items():
            values = tuple(float(known[part]) for part in _parts(name))
            stage = self._stage_of_value(name, known)
            row = self._rows[name, max(stage, 1)]
            entries.append(
                CardEntry(
                    indicator=name,
                    values=values,
                    stage=stage,
                    lower=row.lower if stage else np.nan,
                    upper=row.upper if stage else np.nan,
                    range=_range(row, self._rises(name)) if stage else "",
                    score=float(result.scores[name]),
                    weight=percent / whole,
                    mark=row.mark,
                    source=row.source,
                )
            )
        return StageCard(
            region=region,
            year=year,
            base=self.base,
            min_weight=self.min_weight,
            entries=tuple(entries),
            composite=float(result.composite),
            weight=float(result.weight),
            stage=int(result.stage),
            half=int(result.half),
        )

    def _rises(self, name: str) -> bool:
        return bool(self._starts[name][0] < self._starts[name][-1])

    def _stage_of_value(self, name: str, known: Mapping[str, FloatArray]) -> int:
        """The stage one region-year has reached in one indicator, 0 where it is missing."""
        values = [float(known[part]) for part in _parts(name)]
        if np.isnan(values).any():
            return 0
        if name == "structure":
            a, i, s = values
            high, low = self._starts[name][:2]
            if a > i + _TIE:
                return 1
            late = a <= low + _TIE
            return 2 + int(a <= high + _TIE) + int(late) + int(late and s >= i - _TIE)
        sign = 1.0 if self._rises(name) else -1.0
        return 1 + int((sign * values[0] >= sign * self._starts[name]).sum())


def _parts(name: str) -> tuple[str, ...]:
    return SECTORS if name == "structure" else (name,)


def _inputs(given: Mapping[str, Any]) -> dict[str, FloatArray]:
    """All inputs as arrays, checked; not given = NaN, and a third sector is what two leave."""
    for name in given:
        if name not in INPUTS:
            raise UsageError(f"no input {name!r} of the stage index. {nearest(name, INPUTS)}")
    if all(value is None for value in given.values()):
        raise UsageError(f"no indicator given; expected some of {', '.join(INPUTS)}.")
    known = dict.fromkeys(INPUTS, np.array(np.nan))
    for name, value in given.items():
        if value is not None:
            check = positive if name == "gdp_per_capita" else fraction
            known[name] = check(name, value)
    sectors = [name for name in SECTORS if given.get(name) is not None]
    if len(sectors) == 1:
        raise UsageError(
            f"{sectors[0]} alone given; the structure needs two of {', '.join(SECTORS)}."
        )
    return known | dict(zip(SECTORS, _whole(*(known[name] for name in SECTORS)), strict=True))


def _whole(*shares: FloatArray) -> tuple[FloatArray, ...]:
    """The shares of A, I, S, with 1 less the others where exactly one is missing."""
    total = np.asarray(sum(shares))
    off = np.abs(total - 1)
    wrong = off > SUM_SLACK
    if wrong.any():
        warnings.warn(
            f"primary + secondary + tertiary differ from 1 by up to {off[wrong].max():.3g} in "
            f"{wrong.sum()} of {off.size} cells. Leave one out: it is then what the others leave.",
            WestforecastWarning,
            stacklevel=4,
        )
    if not np.isnan(total).any():
        return shares
    filled = []
    for k, share in enumerate(shares):
        rest = 1 - sum(other for j, other in enumerate(shares) if j != k)
        derived = np.where(np.isnan(share), rest, share)
        if (derived < -SUM_SLACK).any():
            raise UsageError(
                f"two sectors make up {1 - float(np.nanmin(rest)):.4g} of GDP, at most 1 expected."
            )
        filled.append(np.maximum(derived, 0.0))
    return tuple(filled)


def _structure(
    a: FloatArray, i: FloatArray, s: FloatArray, starts: FloatArray, points: FloatArray
) -> FloatArray:
    """Score of A, I, S (docstring of the module, 1 to 5). starts: A where stages 3 and 4 begin,
    and its floor; points: scores where stages 2 to 5 begin."""
    high, low, _ = starts
    with np.errstate(invalid="ignore", divide="ignore"):
        early = points[0] + (points[1] - points[0]) * (i - a) / (i + a - 2 * high)
    score = np.where(a > high, early, np.interp(-a, -starts, points[1:]))
    score = np.where((a <= low + _TIE) & (s >= i - _TIE), points[3], score)
    score = np.where(a > i + _TIE, points[0], np.maximum(score, points[0]))
    return np.where(np.isnan(a + i + s), np.nan, score)


def _starts(rows: Mapping[tuple[str, int], Threshold]) -> dict[str, FloatArray]:
    """Where stages begin, by indicator. Raises DataError for rows missing or out of order."""
    wanted = {name: range(1, 6) for name in (*INDICATORS, "composite")} | {
        "second_half": range(2, 5)
    }
    problems = [
        Problem(name, f"no row for stage {stage}", "one row a stage", "Add it to the table.")
        for name, stages in wanted.items()
        for stage in stages
        if (name, stage) not in rows
    ]
    if problems:
        raise DataError(problems, "the table of thresholds")
    starts = {}
    for name, stages in wanted.items():
        low, high = ([getattr(rows[name, j], end) for j in stages] for end in ("lower", "upper"))
        if name == "structure":
            begins, met = [high[2], high[3], low[3]], low[2] == high[3]
        elif name == "second_half":
            begins, met = low, True
        elif low[2] > low[1]:
            begins, met = low[1:], low[2:] == high[1:4]
        else:
            begins, met = high[1:], high[2:] == low[1:4]
        starts[name] = np.array(begins)
        steps = np.diff(starts[name])
        weights = {rows[name, j].weight_percent for j in stages}
        if not met or not (np.all(steps > 0) or np.all(steps < 0)):
            remedy = "Let each stage end where the next begins."
            problems.append(Problem(name, f"stages begin at {begins}", "bounds in order", remedy))
        if name in INDICATORS and not (len(weights) == 1 and min(weights) > 0):
            told = f"weights {sorted(weights)}"
            problems.append(Problem(name, told, "one weight above 0", "Repeat it on each row."))
    if problems:
        raise DataError(problems, "the table of thresholds")
    return starts


def _no_base(base: str, bases: set[str]) -> str:
    known = sorted(bases)
    year = re.fullmatch(r"(?:USD_)?(\d{4})", str(base))
    if year is None:
        told = f"base={base!r} found, dollars of a year expected. {nearest(str(base), known)}"
        return f"{told} Convert other money with usd_per_capita."
    near = min(known, key=lambda row: abs(int(row[-4:]) - int(year[1])))
    return (
        f"no thresholds in dollars of {year[1]} (base={base!r}); nearest: {near!r}. Take that row "
        "and state GDP per capita in its dollars: usd_per_capita(..., deflator=...). Rows are not "
        "made from 1964, whose factors are no deflators."
    )


def _range(row: Threshold, rises: bool) -> str:
    """The bounds of a stage in words."""
    if row.rule:
        return row.rule
    scale = 1 if row.unit == "USD" else 100
    sign = "" if row.unit == "USD" else " %"
    low, high = (f"{scale * bound:,.10g}" for bound in (row.lower, row.upper))
    if row.stage == 1 or row.stage == 5:
        below = (row.stage == 1) == rises
        return f"< {high}{sign}" if below else f"> {low}{sign}"
    return f"{low} - {high}{sign}"
