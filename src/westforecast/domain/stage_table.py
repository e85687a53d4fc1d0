"""The stage index of a panel: every region and year, as cards, a frame, or series for models."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from westforecast.domain.stage import StageIndex, StageScores
from westforecast.domain.stage_card import StageCard
from westforecast.domain.stage_words import INPUTS, stage_name
from westforecast.errors import DataError, Problem, UnknownNameError, UsageError, nearest
from westforecast.series import frame as frames
from westforecast.series.calendar import Calendar
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel
from westforecast.typing import FloatArray, IntArray

# Shares that may lie below one percent.
SMALL = ("primary", "primary_employment_share")


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
    form: frames.Form

    def __repr__(self) -> str:
        count = "1 region" if len(self.regions) == 1 else f"{len(self.regions)} regions"
        span = self.calendar.span(int(self.years[0]), int(self.years[-1]))
        known = int((self.scores.stage > 0).sum())
        told = [f"StageTable: {count}, {span}, {known} region-years with an index"]
        for region, years in self.changes.items():
            at = ", ".join(map(str, years))
            told.append(f"  {region}: other indicators from {at} on; the index is not comparable")
        return "\n".join(told)

    @property
    def changes(self) -> dict[str, tuple[int, ...]]:
        """Region -> years from which on the index rests on other indicators than before."""
        known = np.stack([~np.isnan(score) for score in self.scores.scores.values()])
        found = {}
        for r, region in enumerate(self.regions):
            years = np.flatnonzero(self.scores.stage[r] > 0)
            sets = known[:, r, years]
            at = np.flatnonzero((sets[:, 1:] != sets[:, :-1]).any(axis=0))
            if len(at):
                found[region] = tuple(int(self.years[years[k + 1]]) for k in at)
        return found

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

        Its publication lag is the longest of its inputs', and it breaks where one of them does or
        where it rests on other indicators than the year before (`changes`).
        """
        changes = self.changes
        indicators = tuple(
            one.with_(breaks=tuple(sorted({*one.breaks, *changes.get(region, ())})))
            for region, one in zip(self.regions, self.indicators, strict=True)
        )
        size = len(self.years)
        whole = Panel(
            values=self.scores.composite.ravel(),
            indptr=np.arange(len(self.regions) + 1, dtype=np.int64) * size,
            first=np.full(len(self.regions), self.years[0], np.int64),
            indicators=indicators,
            calendar=self.calendar,
            form=self.form,
        )
        return whole.select()  # less missing values at its ends

    def frame(self, *, backend: str | None = None) -> Any:
        """A long frame: a row per region and year of which anything is known.

        Columns region, the panel's time column, composite, weight, stage, half, name and the five
        scores. backend: "pandas", "polars" or "pyarrow" for another kind of frame.
        """
        r, y = np.nonzero(self.scores.weight > 0)
        stage, half = self.scores.stage[r, y], self.scores.half[r, y]
        columns: dict[str, Any] = {
            "region": np.array(self.regions, object)[r],
            "ds": self.years[y],
            "composite": self.scores.composite[r, y],
            "weight": self.scores.weight[r, y],
            "stage": stage,
            "half": half,
            "name": stage_name(stage, half),
        }
        columns |= {name: score[r, y] for name, score in self.scores.scores.items()}
        return frames.build(columns, self.form, self.calendar, ("ds",), backend=backend)


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
    index = StageIndex() if index is None else index
    if not isinstance(index, StageIndex):
        raise UsageError(f"index={index!r} found, a StageIndex expected: StageIndex({index!r}).")
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
        form=panel.form,
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
            if (
                indicator.is_percent
                and role not in SMALL
                and len(values)
                and np.nanmax(values) <= 1
            ):
                told = f"no value above {np.nanmax(values):.6g} percent"
                remedy = "These look like fractions: declare unit='fraction', or multiply by 100."
                problems.append(Problem(where, told, "percent", remedy))
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
