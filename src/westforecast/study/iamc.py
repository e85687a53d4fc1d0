"""A study in the IAMC format, which tools of scenario modelling (pyam and others) read.

One row a model, scenario, region and variable. Wide, the template of the Integrated Assessment
Modeling Consortium, has a column a year; long has columns year and value. Column names and the
bar that parts a variable's name from what it is of are the format's own (R).
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from westforecast import __version__
from westforecast.kernels.quantiles import probabilities
from westforecast.study.result import Fan, StudyResult
from westforecast.typing import FloatArray

INDEX = ("Model", "Scenario", "Region", "Variable", "Unit")
# The format does not allow an empty cell.
NOWHERE = "unspecified"

Layout = Literal["wide", "long"]


def iamc_columns(
    result: StudyResult, layout: Layout = "wide", quantiles: bool = True
) -> dict[str, Any]:
    """Medians of every quantity under every scenario, origin to target year, as columns.

    Wide: Model, Scenario, Region, Variable, Unit, 2010, 2011, ... Long: the same in lower case,
    year, value. quantiles: interval ends of the study's levels too, as Variable|P10.
    The variable is the quantity's `variable`, its title by default; the region its `region`, that
    of the data, or the study's; "unspecified" where nobody says.
    """
    rows = list(_rows(result, quantiles))
    years = [int(year) for year in result.years]
    heads = {
        name: np.array([row[k] for row, _ in rows], dtype=object) for k, name in enumerate(INDEX)
    }
    values = np.stack([line for _, line in rows])  # [R, Y]
    if layout == "wide":
        return heads | {str(year): values[:, y] for y, year in enumerate(years)}
    repeated = {name.lower(): np.repeat(column, len(years)) for name, column in heads.items()}
    return repeated | {"year": np.tile(years, len(rows)), "value": values.ravel()}


def _rows(
    result: StudyResult, quantiles: bool
) -> Iterator[tuple[tuple[str, str, str, str, str], FloatArray]]:
    """What a line is called, and its values [Y]."""
    for scenario, paths in result.paths.items():
        for name in paths:
            known = result.study.components.get(name) or result.study.derived[name]
            variable = known.variable or known.title
            place = (f"westforecast {__version__}", scenario, _region(result, name))
            unit, fan = result.unit(name), result.fan(name, scenario)
            yield (*place, variable, unit), np.array([year.point for year in fan])
            for p, line in _quantiles(fan).items() if quantiles else ():
                yield (*place, f"{variable}|P{100 * p:g}", unit), line


def _quantiles(fan: list[Fan]) -> dict[float, FloatArray]:
    """Probability -> interval ends [Y], rising."""
    ends = {
        p: np.array([year.intervals[level][side] for year in fan])
        for level in fan[0].intervals
        for side, p in enumerate(probabilities([level]))
    }
    return dict(sorted(ends.items()))


def _region(result: StudyResult, name: str) -> str:
    known = result.study.components.get(name) or result.study.derived[name]
    part = result.components.get(name)
    own = part.indicator.region if part is not None else ""
    return known.region or own or result.study.region or NOWHERE
