"""Why one region-year has its stage: a card to read, paste and check."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.domain.stage_words import INDICATOR_TITLES, MARKS, stage_name
from westforecast.text import visible

# Rounded shares of one table may add up to 99 or 101 percent.
SUM_SLACK = 0.01
# Stages between the indicators of one region-year that make one look twice.
FAR_APART = 3


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

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the values: sectors that do not add up, stages far apart."""
        told = []
        for entry in self.entries:
            total = sum(entry.values)
            if entry.indicator == "structure" and entry.stage and abs(total - 1) > SUM_SLACK:
                told.append(f"A + I + S make {100 * total:.1f} %, not 100. Check the shares.")
        reached = {entry.stage: entry.indicator for entry in self.entries if entry.stage}
        low, high = min(reached, default=0), max(reached, default=0)
        if high - low >= FAR_APART:
            first, last = (INDICATOR_TITLES[reached[stage]] for stage in (low, high))
            told.append(
                f"Stages lie far apart: {first} {stage_name(low)}, {last} {stage_name(high)}. "
                "Check units and prices."
            )
        return tuple(told)

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
        lines = [self._headline(), "", *_aligned(cells), "", *self._notes()]
        return visible("\n".join(lines), lines=True)

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
        notes += self.remarks
        marks = sorted({entry.mark for entry in self.entries})
        return [*notes, *(f"{mark}: {MARKS.get(mark, 'own mark')}." for mark in marks)]


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
