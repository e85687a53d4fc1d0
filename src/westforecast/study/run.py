"""Running a study: components, joint sample paths, scenarios, hindsight, claims."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib import import_module
from math import isclose
from typing import Any

import numpy as np

from westforecast.domain import (
    Band,
    Decomposition,
    Entry,
    Scenario,
    StageTable,
    check_units,
    decompose,
    divisia,
    screen,
)
from westforecast.domain.identity import in_order
from westforecast.errors import (
    DataError,
    PluginError,
    Problem,
    UsageError,
    WestforecastError,
    nearest,
)
from westforecast.models import Status
from westforecast.series import Indicator, Panel
from westforecast.series.indicator import SizeOfUnit
from westforecast.series.units import read_unit
from westforecast.study.claim import Claim
from westforecast.study.component import (
    ComponentForecast,
    assumed,
    forecast_component,
)
from westforecast.study.file import COMBINATION, Derived, Study
from westforecast.study.plans import BASELINE, Quoted
from westforecast.study.result import Hindsight, StudyResult
from westforecast.study.stages import Standing, region_table, stage_model, standings
from westforecast.study.targets import attained
from westforecast.typing import FloatArray, IntArray

Report = Callable[[int, int, str], None]

# A share of sampled values below this would be told as 0.0 %.
SEEN = 0.0005


def run_study(study: Study, report: Report | None = None) -> StudyResult:
    """Run a study.

    report: called with (done, total, what) after each component.
    A quantity that cannot be forecast takes those made of it with it, and is named in `failures`.
    Raises DataError for data that cannot be used or that leave no headline, UsageError for names
    that do not exist and for scenarios that leave their bounds.
    """
    started = time.perf_counter()
    panel = Panel.of(
        study.data, time_col=study.time_col, target_col=study.target_col, gaps="keep",
        ignore=("mark",),
    )  # fmt: skip
    years = np.arange(study.origin, study.until + 1)
    first, last = panel.span
    if not first <= study.origin <= last:
        raise UsageError(
            f"origin {study.origin} is outside the data of study {study.name!r}, which span "
            f"{first} to {last}. Choose an origin among them."
        )
    data, tables = panel, _stage_tables(study, panel)
    for table in tables.values():
        panel = panel.join(table.to_panel())  # stage_index.REGION, for models to see
    components, lost = _components(study, panel, years, report)
    keys = _keys(study)
    study, unfit = _fitting(_without(study, lost))
    _check_units(study, components)
    result = StudyResult(
        study=study, panel=panel, years=years, components=components, lost=lost, paths={},
        decompositions={}, hindsight=(), claims=_claims(study, panel), seconds=0.0,
    )  # fmt: skip
    base = {name: part.paths for name, part in components.items()}
    paths = {s.name: _joint(result, s, base, keys[s.name]) for s in study.scenarios}
    result = replace(result, paths=paths)
    result = replace(result, hindsight=_hindsight(result))
    targets, unfit_targets = attained(result)
    bands = _bands(result)
    stands, unplaced = _standings(study, panel, tables)
    return replace(
        result,
        decompositions=_decompositions(study, paths, result.factors()),
        chains=_chains(result),
        trail=_trail(result, base),
        bands=bands,
        targets=targets,
        standings=stands,
        unplaced=unplaced,
        findings=tuple(screen(data).findings),
        notes=(*_notes(components), *_narrow(result, bands), *unfit, *unfit_targets),
        seconds=time.perf_counter() - started,
    )


def _stage_tables(study: Study, panel: Panel) -> dict[str, StageTable]:
    """Region -> its index over all years. Raises StudyError at the region that names no series."""
    if study.stages is None:
        return {}
    tables = {}
    for region in study.stages.regions:
        key = f"stages.region.{region.name}"
        for role, unique_id in region.roles.items():
            if unique_id not in panel.places:
                told = f"no series {unique_id!r}. {nearest(unique_id, panel.places)}"
                raise study.error(f"{key}.{role}", told)
        try:
            tables[region.name] = region_table(study.stages, region, panel)
        except UsageError as error:
            raise study.error(key, str(error)) from None
    return tables


def _standings(
    study: Study, panel: Panel, tables: Mapping[str, StageTable]
) -> tuple[tuple[Standing, ...], Mapping[str, str]]:
    if study.stages is None:
        return (), {}
    models = {}
    for name, settings in study.stages.models.items():
        try:
            models[name] = stage_model(settings)
        except (UsageError, PluginError) as error:
            raise study.error(f"stages.models.{name}", str(error)) from error
    return standings(
        study.stages, panel, tables, study.origin, models=models, until=study.until,
        levels=study.levels, seed=study.seed,
    )  # fmt: skip


def _components(
    study: Study, panel: Panel, years: IntArray, report: Report | None
) -> tuple[dict[str, ComponentForecast], dict[str, Problem]]:
    """Every component that can be forecast, and why the others cannot."""
    components, lost = {}, {}
    for done, (name, component) in enumerate(study.components.items(), start=1):
        if component.assumption:
            components[name] = assumed(study, component, years)
        else:
            try:
                components[name] = forecast_component(study, component, panel)
            except DataError as error:
                lost[name] = error.problems[0]
        if report is not None:
            report(done, len(study.components), component.title)
    return components, lost


def _without(study: Study, lost: Mapping[str, Problem]) -> Study:
    """The part of a study that does not rest on what could not be forecast.

    Raises DataError where none of its headlines is left.
    """
    gone = set(lost)
    for identity in in_order([d.identity for d in study.derived.values()], list(study.components)):
        if gone.intersection(identity.parts):
            gone.add(identity.name)
    derived = {
        name: replace(d, market="") if d.market in gone else d
        for name, d in study.derived.items() if name not in gone
    }  # fmt: skip
    scenarios = tuple(
        scenario for scenario in study.scenarios
        if not gone.intersection(
            name for change in scenario.changes for name in (change.series, change.responds_to)
        )
    )  # fmt: skip
    if lost and not any(d.name not in gone for d in study.headlines):
        raise DataError(list(lost.values()), study.path.name)
    aims = tuple(aim for aim in study.aims if aim.goal.quantity not in gone)
    return replace(study, derived=derived, scenarios=scenarios, aims=aims)


def _keys(study: Study) -> dict[str, str]:
    """Where each scenario stands in the file: the baseline first, nowhere, the outlook's last."""
    keys = {scenario.name: f"scenario.{i - 1}" for i, scenario in enumerate(study.scenarios)}
    made = study.outlook.scenarios() if study.outlook else ()
    return keys | {scenario.name: "outlook.0" for scenario in made}


def _fitting(study: Study) -> tuple[Study, tuple[str, ...]]:
    """A study less scenarios that name years outside origin to until, and a note on each.

    The file's own years were checked when it was read; another origin or target year may have been
    asked for since.
    """
    fitting, notes = [], []
    for scenario in study.scenarios:
        try:
            scenario.check_years(study.origin, study.until)
            fitting.append(scenario)
        except UsageError as error:
            notes.append(f"Scenario {scenario.name!r} is left out: {error}")
    return replace(study, scenarios=tuple(fitting)), tuple(notes)


def _check_units(study: Study, components: Mapping[str, ComponentForecast]) -> None:
    """Every product comes out in the unit it is stated in; a market is a whole in that unit.

    Raises StudyError at the unit that cannot come out. Sizes are no matter: they are converted.
    """
    about = {name: part.indicator for name, part in components.items()}
    about |= {derived.name: derived.indicator for derived in study.derived.values()}
    for derived in study.derived.values():
        key = f"derived.{derived.name}"
        market = about.get(derived.market)
        if market is not None and derived.market in components and market.kind == "share":
            told = f"{derived.market!r} is a share; the whole, of which there is one, expected"
            raise study.error(f"{key}.market", told)
        try:
            check_units([derived.identity], about)
        except UsageError as error:
            raise study.error(f"{key}.unit", str(error)) from None
        for part in derived.identity.parts if derived.indicator.factor != 1 else ():
            # A multiplier of 1 that nobody stated is no size to convert from.
            if not about[part].unit and isinstance(about[part].multiplier, SizeOfUnit):
                told = (
                    f"{derived.unit!r} found, but no unit is stated for {part!r}, so its size "
                    "is not known. Give the data a column `unit`, or the series a `multiplier`"
                )
                raise study.error(f"{key}.unit", told)
        own = derived.indicator.dimension
        if market is not None and None not in (market.dimension, own) and market.dimension != own:
            told = (
                f"{derived.market!r} is in {market.unit!r}, its share {derived.name!r} in "
                f"{derived.unit!r}; one unit, of any size, expected"
            )
            raise study.error(f"{key}.market", told)

    for quoted in study.quoted:
        if quoted.quantity in about:
            _check_quoted(study, quoted, about[quoted.quantity])


def _check_quoted(study: Study, quoted: Quoted, about: Indicator) -> None:
    """An assumption that stands for a value of a quantity is in the unit of that quantity."""
    given = study.assumptions[quoted.assumption]
    unit = read_unit(given.unit)
    wanted = about.dimension
    unlike = None not in (unit.dimension, wanted) and unit.dimension != wanted
    if unlike or (given.unit and about.unit and not isclose(unit.factor, about.factor)):
        told = (
            f"assumption {given.id!r} is {given.value:g} {given.unit}, {about.id!r} is in "
            f"{about.unit!r} (multiplier {about.multiplier:g})"
        )
        remedy = (
            "one unit expected"
            if unlike
            else (f"state {given.value * unit.factor / about.factor:.12g} {about.unit}")
        )
        raise study.error(quoted.key, f"{told}; {remedy}")


def _joint(
    result: StudyResult, scenario: Scenario, base: Mapping[str, FloatArray], key: str
) -> dict[str, FloatArray]:
    """All quantities under a scenario, path by path, so that identities hold in every path."""
    study = result.study
    try:
        values = scenario.apply(base, result.years, study.origin, result.indicators)
    except UsageError as error:
        told = str(error) if key.startswith("scenario.") else f"{scenario.name!r}: {error}"
        raise study.error(key, told) from None
    return result.complete(values)


def _trail(result: StudyResult, base: Mapping[str, FloatArray]) -> tuple[Entry, ...]:
    """Who changed what, why, and what it does to the headlines in the target year."""

    def maker(name: str) -> Callable[[Mapping[str, FloatArray]], FloatArray]:
        return lambda values: result.complete(values)[name]

    headlines = {derived.name: maker(derived.name) for derived in result.study.headlines}
    return tuple(
        entry
        for scenario in result.study.scenarios
        for entry in scenario.trail(
            base, result.years, result.study.origin, result.indicators, headlines
        )
    )


def _chains(result: StudyResult) -> dict[tuple[str, str], dict[str, float]]:
    """(scenario, headline) -> component -> its part of the change from origin to target.

    Medians of products are not products of medians. So each component counts as the factor by
    which it raises the median of the product so far, in the order of the identities; these
    factors do multiply to the headline's median, and their log-mean Divisia parts add up to its
    change.
    """
    found = {}
    factors = result.factors()
    for scenario, values in result.paths.items():
        for derived in result.study.headlines:
            names = _leaves(result.study, derived.name)
            ends: list[dict[str, float]] = [{}, {}]
            product: FloatArray | float = 1 / factors[derived.name]
            before = np.ones(2)
            for name in names:
                product = product * values[name][:, [0, -1]] * factors[name]
                median = np.median(product, axis=0)
                step = np.divide(median, before, out=np.zeros(2), where=before != 0)
                if np.isclose(step[0], step[1], rtol=1e-12, atol=0):
                    step[1] = step[0]  # constant, but for the rounding of medians
                for end, factor in zip(ends, step, strict=True):
                    end[name] = float(factor)
                before = median
            if min(*ends[0].values(), *ends[1].values()) >= 0:
                parts = divisia(*ends)
                found[scenario, derived.name] = {name: float(v) for name, v in parts.items()}
    return found


def _leaves(study: Study, name: str) -> list[str]:
    """The components a quantity is the product of, in order."""
    if name in study.components:
        return [name]
    return [leaf for part in study.derived[name].identity.parts for leaf in _leaves(study, part)]


def _bands(result: StudyResult) -> tuple[Band, ...]:
    study = result.study
    if study.outlook is None:
        return ()
    return tuple(
        row.band(result.history(row.series), study.origin, study.until)
        for row in study.outlook.rows
        if row.series in result.components
    )


def _decompositions(
    study: Study, paths: Mapping[str, Mapping[str, FloatArray]], factors: Mapping[str, float]
) -> dict[tuple[str, str], Decomposition]:
    """(scenario, derived) -> change from origin to target, at medians, in the derived's unit.

    Only of what has a market, and one that is nowhere 0: of nothing there is no share.
    """
    return {
        (scenario, derived.name): _decomposed(derived, values, factors)
        for scenario, values in paths.items()
        for derived in study.derived.values()
        if derived.market and np.median(values[derived.market], axis=0).all()
    }


def _decomposed(
    derived: Derived, values: Mapping[str, FloatArray], factors: Mapping[str, float]
) -> Decomposition:
    scale = factors[derived.market] / factors[derived.name]
    region = np.median(values[derived.name], axis=0)
    market = np.median(values[derived.market], axis=0) * scale
    share = region / market
    if np.isclose(share[0], share[-1], rtol=1e-12):
        share[-1] = share[0]  # a constant share, but for the rounding of the two medians
    return decompose(float(market[0]), float(market[-1]), float(share[0]), float(share[-1]))


def _narrow(result: StudyResult, bands: tuple[Band, ...]) -> list[str]:
    """Warnings of bands narrower than the past was uncertain, or beside all that it held."""
    return [
        band.note.replace(band.series, result.title(band.series), 1)
        for band in bands if band.narrow or band.beside
    ]  # fmt: skip


def _hindsight(result: StudyResult) -> tuple[Hindsight, ...]:
    """Every model's own forecasts, then the combination's as tables show it."""
    rows: list[Hindsight] = []
    for name in result.paths[BASELINE.name]:
        rows += [*_of_models(result, name), *_of_paths(result, name)]
    return tuple(rows)


def _of_models(result: StudyResult, name: str) -> list[Hindsight]:
    part = result.components.get(name)
    if part is None or part.result is None or part.cutoff is None:
        return []
    rows = []
    for model, forecast in part.result.forecasts.items():
        if model == COMBINATION or forecast.status[0] != Status.OK:
            continue
        ends = {level: forecast.interval(level) for level in result.study.levels}
        for year, outcome in result.outcomes(name).items():
            step = year - part.cutoff - 1
            if year <= result.study.until:
                hit = {
                    level: _inside(low[0, step], high[0, step], outcome)
                    for level, (low, high) in ends.items()
                }
                point = float(forecast.mean[0, step])
                rows.append(Hindsight(name, model, year, step + 1, point, outcome, hit))
    return rows


def _of_paths(result: StudyResult, name: str) -> list[Hindsight]:
    known, cutoff = result.outcomes(name), result.cutoff(name)
    return [
        Hindsight(name, COMBINATION, fan.year, fan.year - cutoff, fan.point, known[fan.year],
                  {lv: _inside(*ends, known[fan.year]) for lv, ends in fan.intervals.items()})
        for fan in result.fan(name)[1:]
        if fan.year in known
    ]  # fmt: skip


def _inside(low: float, high: float, outcome: float) -> bool | None:
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return bool(low <= outcome <= high)


def _claims(study: Study, panel: Panel) -> tuple[Claim, ...]:
    if not study.claims:
        return ()

    def figure(unique_id: str, year: int) -> float:
        value = panel.value(unique_id, year)
        if np.isnan(value):
            raise KeyError(f"no figure {unique_id!r} for {year}")
        return value

    def assumption(key: str) -> float:
        return study.assumptions[key].value

    module, _, function = study.claims.partition(":")
    try:
        check: Any = getattr(import_module(module), function)
        return tuple(check(figure, assumption))
    except (ImportError, AttributeError, ValueError, KeyError, WestforecastError) as error:
        raise study.error(
            "study.claims",
            f"cannot check claims with {study.claims!r}: {type(error).__name__}: {error}. "
            'Expected "package.module:function".',
        ) from error


def _notes(components: Mapping[str, ComponentForecast]) -> tuple[str, ...]:
    notes = []
    for part in components.values():
        notes += [f"{part.component.title}: {note}" for note in part.notes]
        if part.component.note:
            notes.append(f"{part.component.title}: {part.component.note}")
        if part.at_bound >= SEEN:
            ends = " or ".join(f"{end:g}" for end in part.indicator.bounds if np.isfinite(end))
            notes.append(
                f"{part.component.title}: {100 * part.at_bound:.1f} % of the sampled values stand "
                f"at the bound of {ends}, where what forecasts hold beyond it is put"
            )
    return tuple(notes)
