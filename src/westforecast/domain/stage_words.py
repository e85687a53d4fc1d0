"""The table behind the stage index: bounds and weights with sources and marks, and its words."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from os import PathLike
from typing import Any

import numpy as np

from westforecast.errors import DataError, Problem
from westforecast.series import frame as frames

INDICATORS = (
    "gdp_per_capita", "structure", "manufacturing_share", "urban_share", "primary_employment_share"
)  # fmt: skip
SECTORS = ("primary", "secondary", "tertiary")
INPUTS = ("gdp_per_capita", *SECTORS, *INDICATORS[2:])

STAGES = ("pre-industrial", "early", "middle", "late", "post-industrial")
INDICATOR_TITLES = {
    "gdp_per_capita": "GDP per capita",
    "structure": "A / I / S in GDP",
    "manufacturing_share": "manufacturing in goods",
    "urban_share": "urban population",
    "primary_employment_share": "primary employment",
}
MARKS = {
    "S": "read in a public source",
    "C": "computed from sourced figures",
    "R": "recalled from the literature, not checked against print",
    "?": "uncertain",
}


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


def thresholds(path: str | PathLike[str] | None = None) -> tuple[Threshold, ...]:
    """All bounds and weights with sources and marks; `path` reads a table of the same columns.

    Raises UsageError where there is no such file, DataError for rows that cannot be read.
    """
    return _shipped() if path is None else _parse(frames.read_csv(path), str(path))


@cache
def _shipped() -> tuple[Threshold, ...]:
    with as_file(files("westforecast.domain") / "thresholds.csv") as path:
        return _parse(frames.read_csv(path), "thresholds.csv")


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
            problems.append(Problem(table.where(i), str(error), "bounds and a stage", remedy))
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
    [["-"] * 3] + [[name, f"{name} I", f"{name} II"] for name in STAGES], dtype=object
)
