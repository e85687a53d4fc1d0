"""Where the regions of a study stand on the way of industrialization, and where they go."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from westforecast.api import ModelLike
from westforecast.domain import StageCard, StageIndex, StageTable, stage_table
from westforecast.domain.stage_words import INPUTS
from westforecast.errors import DataError, PluginError, UsageError, nearest
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
    observed, outcomes: year -> composite, up to the origin and after it.
    """

    region: Region
    card: StageCard
    path: StagePath
    observed: Mapping[int, float]
    outcomes: Mapping[int, float]


def read_stages(top: Table) -> Stages | None:
    """The tables [stages] and [stages.region.NAME]; None where there are none."""
    if "stages" not in top.data:
        return None
    table = top.table("stages")
    try:
        index = StageIndex(table.text("base", "USD_2005"), table.number("min_weight", 0.5))
    except UsageError as error:
        table.fail("base", str(error))
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


def stage_tables(stages: Stages, panel: Panel) -> dict[str, StageTable]:
    """Region -> its index over all years. Raises UsageError for a series that is not there."""
    return {
        region.name: stage_table(_renamed(region, panel), _roles(region), index=stages.index)
        for region in stages.regions
    }


def standings(
    stages: Stages, panel: Panel, tables: Mapping[str, StageTable], origin: int, **settings: Any
) -> tuple[tuple[Standing, ...], tuple[str, ...]]:
    """Card and path of every region, and why some have none. settings: of `stage_path`."""
    found, notes = [], []
    for region in stages.regions:
        try:
            found.append(_standing(stages, region, panel, tables[region.name], origin, **settings))
        except (DataError, UsageError) as error:
            told = error.problems[0].found if isinstance(error, DataError) else str(error)
            notes.append(f"{region.title}: no stage path from {origin}: {told}")
    return tuple(found), tuple(notes)


def _standing(
    stages: Stages, region: Region, panel: Panel, table: StageTable, origin: int, **settings: Any
) -> Standing:
    composite = table.scores.composite[0]
    known = {int(y): float(k) for y, k in zip(table.years, composite, strict=True) if k == k}
    observed = {year: value for year, value in known.items() if year <= origin}
    if not observed:
        raise UsageError(f"no composite up to {origin}")
    path = stage_path(
        _renamed(region, panel).as_of(origin), _roles(region), index=stages.index,
        models=_models(stages), **settings,
    )  # fmt: skip
    outcomes = {year: value for year, value in known.items() if year > origin}
    return Standing(region, table.card(region.name, max(observed)), path, observed, outcomes)


def _models(stages: Stages) -> dict[str, ModelLike]:
    made: dict[str, ModelLike] = {}
    for name, settings in stages.models.items():
        rest = {k: v for k, v in settings.items() if k != "model"}
        try:
            made[name] = registry().model(str(settings["model"]), **rest)
        except PluginError as error:
            raise UsageError(str(error)) from error
    return made


def _roles(region: Region) -> dict[str, str]:
    return {role: f"{role}.{{region}}" for role in region.roles}


def _renamed(region: Region, panel: Panel) -> Panel:
    """The region's series under the names of their roles."""
    for role, unique_id in region.roles.items():
        if unique_id not in panel.places:
            raise UsageError(
                f"stages.region.{region.name}.{role}: no series {unique_id!r}. "
                f"{nearest(unique_id, panel.places)}"
            )
    ids = list(dict.fromkeys(region.roles.values()))
    chosen = panel.select(id=ids)
    role_of = {unique_id: role for role, unique_id in region.roles.items()}
    return chosen.renamed({i: f"{role_of[i]}.{region.name}" for i in ids})
