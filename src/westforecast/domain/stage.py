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

import csv
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from westforecast.domain.rules import fraction, positive
from westforecast.errors import (
    DataError,
    Problem,
    UnknownNameError,
    UsageError,
    WestforecastWarning,
    nearest,
)
from westforecast.series import frame as frames
from westforecast.series.calendar import Calendar
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel
from westforecast.typing import FloatArray, IntArray

INDICATORS = (
    "gdp_per_capita", "structure", "manufacturing_share", "urban_share", "primary_employment_share"
)  # fmt: skip
_SECTORS = ("primary", "secondary", "tertiary")
INPUTS = ("gdp_per_capita", *_SECTORS, *INDICATORS[2:])

_STAGES = ("pre-industrial", "early", "middle", "late", "post-industrial")
INDICATOR_TITLES = {
    "gdp_per_capita": "GDP per capita",
    "structure": "A / I / S in GDP",
    "manufacturing_share": "manufacturing in goods",
    "urban_share": "urban population",
    "primary_employment_share": "primary employment",
}
_MARKS = {
    "S": "read in a public source",
    "C": "computed from sourced figures",
    "R": "recalled from the literature, not checked against print",
    "?": "uncertain",
}
# Rounded shares of one table may add up to 99 or 101 percent.
_SUM_SLACK = 0.01
# A tie of shares is a tie although one of them was derived as 1 less the others.
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Threshold:
    """One row of the table: where a stage of one indicator lies, with source and mark.

    indicator: one of `INDICATORS`, or "composite" and "second_half" for the index itself.
    base: price base of GDP per capita, "USD_2005". unit: USD, fraction or points (0 to 100).
    stage: 1 to 5. lower, upper: bounds in `unit`, NaN where open; of A for structure.
    rule: the condition in words where bounds do not say it. weight_percent: of the indicator.
    mark: S read in a public source, C computed, R recalled, ? uncertain.
    """

    indicator: str
    base: str
    unit: str
    stage: int
    lower: float
    upper: float
    rule: str
    weight_percent: float
    mark: str
    source: str
    note: str


def thresholds(path: str | Path | None = None) -> tuple[Threshold, ...]:
    """All bounds and weights with sources and marks; `path` reads a table of the same columns.

    Raises UsageError where there is no such file, DataError for rows that cannot be read.
    """
    return _shipped() if path is None else _parse(frames.read_csv(path, dtype=str), str(path))


@cache
def _shipped() -> tuple[Threshold, ...]:
    place = files("westforecast.domain") / "thresholds.csv"
    with place.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([row[name] for row in rows], object) for name in rows[0]}
    return _parse(frames.Table(columns, "pandas", len(rows)), "thresholds.csv")


def _parse(table: frames.Table, origin: str) -> tuple[Threshold, ...]:
    names = tuple(Threshold.__dataclass_fields__)
    frames.require(table, {name: name for name in names}, origin)
    rows, problems = [], []
    for i in range(table.rows):
        told = {name: str(table.columns[name][i] or "") for name in names}
        try:
            row = Threshold(
                indicator=told["indicator"],
                base=told["base"],
                unit=told["unit"],
                stage=int(told["stage"]),
                lower=float(told["lower"] or "nan"),
                upper=float(told["upper"] or "nan"),
                rule=told["rule"],
                weight_percent=float(told["weight_percent"] or "nan"),
                mark=told["mark"],
                source=told["source"],
                note=told["note"],
            )
            rows.append(row)
        except ValueError as error:
            remedy = "Write numbers, and nothing where a bound is open."
            problems.append(Problem(f"line {i + 2}", str(error), "bounds and a stage", remedy))
    if problems:
        raise DataError(problems, origin)
    return tuple(rows)


def stage_name(stage: Any, half: Any = 0) -> Any:
    """Stage 1 to 5 and half 0 to 2 in words, of any shape; "-" for stage 0 (refused).

    >>> stage_name(4, 1)
    'late I'
    """
    return _WORDS[stage, half]


_WORDS = np.array(
    [["-"] * 3] + [[name, f"{name} I", f"{name} II"] for name in _STAGES], dtype=object
)


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

    base: "USD_1964" ... "USD_2010". min_weight: weight of known indicators, as a fraction, below
    which no composite is given. table: bounds and weights, `thresholds()` or one of your own.

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
            a, i, s = (known[sector] for sector in _SECTORS)
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


@dataclass(frozen=True, slots=True)
class CardEntry:
    """One indicator on a card.

    values: as used, fractions and dollars; A, I, S for structure. stage: reached in this indicator,
    0 = missing. lower, upper, range: bounds of that stage, as numbers and in words. score: 0 to
    100. weight: as a fraction of all. mark, source: of the threshold row.
    """

    indicator: str
    values: tuple[float, ...]
    stage: int
    lower: float
    upper: float
    range: str
    score: float
    weight: float
    mark: str
    source: str

    @property
    def text(self) -> str:
        """The value in words."""
        if self.stage == 0:
            return "missing"
        if self.indicator == "gdp_per_capita":
            return f"{self.values[0]:,.0f}"
        return " / ".join(f"{100 * value:.1f}" for value in self.values) + " %"


@dataclass(frozen=True, slots=True)
class StageCard:
    """Why a region-year has its stage; `str(card)` is a table to paste, `rows()` its records.

    weight: of the known indicators, as a fraction. composite is NaN and stage 0 below min_weight.
    """

    region: str
    year: int | None
    base: str
    min_weight: float
    entries: tuple[CardEntry, ...]
    composite: float
    weight: float
    stage: int
    half: int

    @property
    def name(self) -> str:
        """Stage and half in words."""
        return str(stage_name(self.stage, self.half))

    @property
    def missing(self) -> tuple[str, ...]:
        """Indicators without a value."""
        return tuple(entry.indicator for entry in self.entries if entry.stage == 0)

    def rows(self) -> list[dict[str, Any]]:
        """One record an indicator: value, stage, range, score, weight, points of the composite.

        Points add up to the composite. Numbers are floats, NaN = missing; weights are fractions.
        """
        return [
            {
                "indicator": entry.indicator,
                "value": entry.text,
                "stage": stage_name(entry.stage),
                "range": entry.range,
                "score": entry.score,
                "weight": entry.weight,
                "points": entry.score * entry.weight / self.weight if self.stage else np.nan,
                "mark": entry.mark,
                "source": entry.source,
            }
            for entry in self.entries
        ]

    def __str__(self) -> str:
        head = ("indicator", "value", "stage", "range", "score", "weight", "points", "mark")
        cells = [head]
        for entry, row in zip(self.entries, self.rows(), strict=True):
            title = INDICATOR_TITLES[entry.indicator]
            cells.append((
                f"{title}, {self.base}" if entry.indicator == "gdp_per_capita" else title,
                entry.text, row["stage"], row["range"], _number(entry.score),
                f"{100 * entry.weight:.0f} %", _number(row["points"]), entry.mark,
            ))  # fmt: skip
        return "\n".join([self._headline(), "", *_aligned(cells), "", *self._notes()])

    def _headline(self) -> str:
        place = " ".join(str(word) for word in (self.region, self.year) if word not in {"", None})
        title = f"Stage of industrialization{', ' * bool(place)}{place}"
        if self.stage == 0:
            return f"{title}: refused"
        return f"{title}: {self.composite:.1f} of 100, {self.name}"

    def _notes(self) -> list[str]:
        notes = []
        if self.missing:
            lost = ", ".join(INDICATOR_TITLES[name] for name in self.missing)
            told = f"Missing: {lost}; {100 * (1 - self.weight):.0f} % of the weight. "
            notes.append(
                told + "The composite is the mean of the rest."
                if self.stage
                else told + f"At least {100 * self.min_weight:.0f} % must be known."
            )
        marks = sorted({entry.mark for entry in self.entries})
        return [*notes, *(f"{mark}: {_MARKS.get(mark, 'own mark')}." for mark in marks)]


@dataclass(frozen=True, slots=True, eq=False)
class StageTable:
    """The index for regions [R] and years [Y] of a panel; made by `stage_table`.

    inputs: input -> [R, Y] plain values (fractions, dollars), NaN = missing. scores: all arrays
    [R, Y]. indicators: [R] what each region's composite means as a series.
    """

    index: StageIndex
    regions: tuple[str, ...]
    years: IntArray
    inputs: Mapping[str, FloatArray]
    scores: StageScores
    indicators: tuple[Indicator, ...]
    calendar: Calendar
    backend: str
    columns: tuple[str, str, str]

    def card(self, region: str, year: int) -> StageCard:
        """The card of one region-year. Raises UnknownNameError for those not in the table."""
        if region not in self.regions:
            raise UnknownNameError(f"no region {region!r}. {nearest(region, self.regions)}")
        if year not in self.years:
            raise UnknownNameError(
                f"no year {year} in the table. Known: {self.calendar.span(*self.years[[0, -1]])}."
            )
        r, y = self.regions.index(region), int(year - self.years[0])
        here = {name: values[r, y] for name, values in self.inputs.items()}
        return self.index.card(region=region, year=int(year), **here)

    def to_panel(self) -> Panel:
        """One series `stage_index.{region}` per region, 0 to 100, for models to see beside others.

        Its publication lag is the longest of its inputs', and it breaks where one of them does.
        """
        size = len(self.years)
        whole = Panel(
            values=self.scores.composite.ravel(),
            indptr=np.arange(len(self.regions) + 1, dtype=np.int64) * size,
            first=np.full(len(self.regions), self.years[0], np.int64),
            indicators=self.indicators,
            calendar=self.calendar,
            backend=self.backend,
            columns=self.columns,
        )
        return whole.select()  # less missing values at its ends

    def frame(self, *, backend: str | None = None) -> Any:
        """A long frame: a row per region and year of which anything is known.

        Columns region, the panel's time column, composite, weight, stage, half, name and the five
        scores. backend: "pandas", "polars" or "pyarrow" for another kind of frame.
        """
        r, y = np.nonzero(self.scores.weight > 0)
        time_col = self.columns[1]
        stage, half = self.scores.stage[r, y], self.scores.half[r, y]
        columns: dict[str, Any] = {
            "region": np.array(self.regions, object)[r],
            time_col: self.years[y],
            "composite": self.scores.composite[r, y],
            "weight": self.scores.weight[r, y],
            "stage": stage,
            "half": half,
            "name": stage_name(stage, half),
        }
        columns |= {name: score[r, y] for name, score in self.scores.scores.items()}
        return frames.build(columns, backend or self.backend, self.calendar, (time_col,))


def stage_table(
    panel: Panel,
    roles: Mapping[str, str],
    *,
    index: StageIndex | None = None,
    regions: Sequence[str] | None = None,
) -> StageTable:
    """The index for every region and year of an annual panel.

    roles: input of `StageIndex.score` -> series id with {region}, `"urban_share.{region}"`. Percent
        and multipliers are read from the series' indicators.
    index: settings; None takes the defaults. regions: which and in what order; None takes all for
        which any role has a series. A region may lack series: they are missing indicators.

    Raises UsageError for roles that are no inputs, ids without {region}, a calendar that is not
    annual; UnknownNameError where a role matches no series; DataError listing values that cannot
    be and series in the wrong money.
    """
    index = index or StageIndex()
    if panel.calendar.freq != "Y":
        raise UsageError("the stage index is annual, the panel is not. Take annual series.")
    found = _match(panel, roles)
    names = tuple(regions or dict.fromkeys(r for ids in found.values() for r in ids))
    have = {region for ids in found.values() for region in ids}
    for region in names:
        if region not in have:
            raise UnknownNameError(
                f"no series of region {region!r} in the panel. {nearest(region, have)}"
            )
    used = [
        (role, r, ids[region])
        for role, ids in found.items()
        for r, region in enumerate(names)
        if region in ids
    ]
    problems = _wrong(panel, index, used)
    if problems:
        raise DataError(problems, "the inputs of the stage index")
    first, last = panel[[unique_id for *_, unique_id in used]].span
    years = np.arange(first, last + 1)
    inputs = {role: np.full((len(names), len(years)), np.nan) for role in roles}
    own: list[list[Indicator]] = [[] for _ in names]
    for role, r, unique_id in used:
        indicator = panel.indicator(unique_id)
        periods, values = panel.series(unique_id)
        inputs[role][r, periods - first] = values * indicator.factor
        own[r].append(indicator)
    return StageTable(
        index=index,
        regions=names,
        years=years,
        inputs=inputs,
        scores=index.score(**inputs),
        indicators=tuple(map(partial(_composite_of, index), names, own)),
        calendar=panel.calendar,
        backend=panel.backend,
        columns=panel.columns,
    )


def _match(panel: Panel, roles: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Role -> region -> id of a series."""
    found = {}
    for role, template in roles.items():
        if role not in INPUTS:
            raise UsageError(f"roles: no input {role!r} of the index. {nearest(role, INPUTS)}")
        if template.count("{region}") != 1:
            raise UsageError(
                f"roles[{role!r}]={template!r} found, a series id with {{region}} in place of the "
                "region expected, such as 'urban_share.{region}'."
            )
        pattern = re.compile("(.+)".join(map(re.escape, template.split("{region}"))))
        ids = {m[1]: i for i in panel.ids if (m := pattern.fullmatch(i))}
        if not ids:
            have = {
                i.id.replace(i.region, "{region}") if i.region else i.id for i in panel.indicators
            }
            raise UnknownNameError(
                f"roles[{role!r}]={template!r}: no such series. {nearest(template, have)}"
            )
        found[role] = ids
    if not found:
        raise UsageError(f"roles is empty; expected some of {', '.join(INPUTS)}.")
    return found


def _wrong(panel: Panel, index: StageIndex, used: Sequence[tuple[str, int, str]]) -> list[Problem]:
    """What cannot be meant in the series of a table, said with series and year."""
    problems = []
    for role, _, unique_id in used:
        indicator = panel.indicator(unique_id)
        periods, values = panel.series(unique_id)
        where, plain = f"series {unique_id!r}", values * indicator.factor
        if role == "gdp_per_capita":
            wrong, expected = ~(plain > 0) & ~np.isnan(plain), "dollars above 0"
            remedy = "Leave out what is not known."
            unit, year = indicator.unit, indicator.base_year
            if unit and not re.search(r"usd|dollar|\$", unit, re.IGNORECASE):
                told = "Convert with usd_per_capita."
                problems.append(Problem(where, f"unit {unit!r}", f"dollars, {index.base}", told))
            if year is not None and f"USD_{year}" != index.base:
                told = "Choose StageIndex(base=...) or convert with a deflator (usd_per_capita)."
                problems.append(Problem(where, f"prices of {year}", index.base, told))
        else:
            wrong, expected = (plain < 0) | (plain > 1 + 1e-9), "a share from 0 to 1"
            remedy = "Declare unit='percent' in the panel's metadata if it is."
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            told = f"{plain[at]:.6g} ({wrong.sum()} of {wrong.size} values)"
            place = f"{where}, {panel.calendar.label(periods[at])}"
            problems.append(Problem(place, told, expected, remedy))
    return problems


def _composite_of(index: StageIndex, region: str, inputs: Sequence[Indicator]) -> Indicator:
    return Indicator(
        id=f"stage_index.{region}",
        name=f"Stage of industrialization, {region}",
        unit="points",
        kind="index",
        region=region,
        source=f"computed, CASS index in {index.base}",
        publication_lag=max(indicator.publication_lag for indicator in inputs),
        lower=0.0,
        upper=100.0,
        breaks=tuple(sorted({period for indicator in inputs for period in indicator.breaks})),
    )


def _parts(name: str) -> tuple[str, ...]:
    return _SECTORS if name == "structure" else (name,)


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
    sectors = [name for name in _SECTORS if given.get(name) is not None]
    if len(sectors) == 1:
        raise UsageError(
            f"{sectors[0]} alone given; the structure needs two of {', '.join(_SECTORS)}."
        )
    return known | dict(zip(_SECTORS, _whole(*(known[name] for name in _SECTORS)), strict=True))


def _whole(*shares: FloatArray) -> tuple[FloatArray, ...]:
    """The shares of A, I, S, with 1 less the others where exactly one is missing."""
    total = np.asarray(sum(shares))
    off = np.abs(total - 1)
    wrong = off > _SUM_SLACK
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
        if (derived < -_SUM_SLACK).any():
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
    year = re.search(r"\d{4}", str(base))
    if year is None:
        return f"base={base!r} found, a price base expected. {nearest(base, known)}"
    near = min(known, key=lambda row: abs(int(row[-4:]) - int(year[0])))
    return (
        f"no thresholds in dollars of {year[0]} (base={base!r}); nearest: {near!r}. Take that row "
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


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.1f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines of a text table: words to the left, the three columns of numbers right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = [
        "  ".join(
            cell.rjust(width) if k in {4, 5, 6} else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
