"""Where the regions of a study stand on the way of industrialization, and where they go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.domain import StageCard, StageIndex, StageTable, stage_table
from westforecast.domain.stage_words import INPUTS
from westforecast.errors import DataError, UsageError, nearest
from westforecast.models import Model
from westforecast.plugin import registry
from westforecast.series import Panel
from westforecast.stages import StagePath, stage_path
from westforecast.study.toml import Table


@dataclass(frozen=True, slots=True)
class Region:
    """A region whose stage a study follows. roles: input of `StageIndex.score` -> unique_id."""

    name: str
    title: str
    roles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stages:
    """The part [stages] of a study. models: input, or "shares" -> model settings."""

    index: StageIndex
    regions: tuple[Region, ...]
    models: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What a study says of one region's stage.

    card: of the last year up to the origin that has a composite. path: from there to the target.
    observed, outcomes: year -> composite, up to the origin and after it, of the years that rest on
    the same indicators as the card; left_out: how many others there are.
    """

    region: Region
    card: StageCard
    path: StagePath
    observed: Mapping[int, float]
    outcomes: Mapping[int, float]
    left_out: int = 0


def read_stages(top: Table) -> Stages | None:
    """The tables [stages] and [stages.region.NAME]; None where there are none."""
    if "stages" not in top.data:
        return None
    table = top.table("stages")
    try:
        index = StageIndex(table.text("base", "USD_2005"), table.number("min_weight", 0.5))
    except UsageError as error:
        table.fail("min_weight" if str(error).startswith("min_weight") else "base", str(error))
    models = {}
    chosen = table.table("models")
    for name in list(chosen.data):
        if name not in (*INPUTS, "structure", "shares"):
            chosen.fail(name, f"is no input of the index. {nearest(name, (*INPUTS, 'shares'))}")
        given = chosen.take(name)
        settings = {"model": given} if isinstance(given, str) else given
        if not isinstance(settings, dict) or "model" not in settings:
            chosen.fail(name, f'{given!r} found; a name or {{ model = "...", ... }} expected')
        models[name] = settings
    regions = [_region(region) for region in table.tables("region", required=True)]
    table.done()
    return Stages(index, tuple(regions), models)


def _region(table: Table) -> Region:
    title = table.text("title")
    roles = {name: table.text(name) for name in INPUTS if name in table.data}
    table.known += INPUTS
    if not roles:
        table.fail("", f"names no series; expected some of {', '.join(INPUTS)}")
    table.done()
    return Region(table.name, title, roles)


def region_table(stages: Stages, region: Region, panel: Panel) -> StageTable:
    """A region's index over all years. Raises what `stage_table` does."""
    return stage_table(_renamed(region, panel), _roles(region), index=stages.index)


def stage_model(settings: Mapping[str, Any]) -> Model:
    """A model of [stages.models]. Raises UsageError, PluginError where there is no such model."""
    rest = {key: value for key, value in settings.items() if key != "model"}
    made: Model = registry().model(str(settings["model"]), **rest)
    return made


def standings(
    stages: Stages,
    panel: Panel,
    tables: Mapping[str, StageTable],
    origin: int,
    **settings: Any,
) -> tuple[tuple[Standing, ...], dict[str, str]]:
    """Card and path of every region; name -> why for regions without. settings: of `stage_path`."""
    found, lost = [], {}
    for region in stages.regions:
        try:
            found.append(_standing(stages, region, panel, tables[region.name], origin, **settings))
        except DataError as error:
            lost[region.name] = str(error.problems[0])
        except UsageError as error:
            lost[region.name] = str(error)
    return tuple(found), lost


def _standing(
    stages: Stages, region: Region, panel: Panel, table: StageTable, origin: int, **settings: Any
) -> Standing:
    known = panel.as_of(origin)
    if not _renamed(region, known).lengths.any():
        raise UsageError(f"no indicator has a value up to {origin}")
    then = region_table(stages, region, known)
    past = np.flatnonzero(np.isfinite(then.scores.composite[0]))
    if not len(past):
        raise UsageError(_no_index(stages, then, origin))
    card = then.card(region.name, int(then.years[past[-1]]))
    missing = set(card.missing)
    path = stage_path(_renamed(region, known), _roles(region), index=stages.index, **settings)
    observed, others = _alike(then, missing)
    outcomes, later = _alike(table, missing)
    return Standing(
        region=region,
        card=card,
        path=path,
        observed=observed,
        outcomes={year: value for year, value in outcomes.items() if year > max(observed)},
        left_out=max(others, later),
    )


def _alike(table: StageTable, missing: set[str]) -> tuple[dict[int, float], int]:
    """Year -> composite where just these indicators are missing; how many years rest on others."""
    composite = table.scores.composite[0]
    alike = np.isfinite(composite)
    for name, score in table.scores.scores.items():
        alike &= np.isnan(score[0]) == (name in missing)
    years, values = table.years[alike].tolist(), composite[alike].tolist()
    return dict(zip(years, values, strict=True)), int(np.isfinite(composite).sum() - alike.sum())


def _no_index(stages: Stages, table: StageTable, origin: int) -> str:
    """Too little of the weight is known in any year up to the origin."""
    weight = table.scores.weight[0]
    return (
        f"no index up to {origin}: at most {100 * weight.max():.0f} % of the weight is known in "
        f"one year, {100 * stages.index.min_weight:.0f} % needed"
    )


def _roles(region: Region) -> dict[str, str]:
    return {role: f"{role}.{{region}}" for role in region.roles}


def _renamed(region: Region, panel: Panel) -> Panel:
    """The region's series under the names of their roles."""
    ids = list(dict.fromkeys(region.roles.values()))
    chosen = panel.select(id=ids)
    role_of = {unique_id: role for role, unique_id in region.roles.items()}
    return chosen.renamed({i: f"{role_of[i]}.{region.name}" for i in ids})
