"""Running a study: components, joint sample paths, scenarios, hindsight, claims."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import Any

import numpy as np

from westforecast.domain import Decomposition, Scenario, decompose
from westforecast.domain.identity import in_order
from westforecast.errors import DataError, Problem, UsageError, WestforecastError
from westforecast.kernels.quantiles import probabilities
from westforecast.models import Status
from westforecast.series import Panel
from westforecast.study.claim import Claim
from westforecast.study.component import (
    ComponentForecast,
    assumed,
    forecast_component,
)
from westforecast.study.file import COMBINATION, Derived, Study
from westforecast.typing import FloatArray, IntArray

Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Fan:
    """Central value and interval ends of one quantity in one year."""

    year: int
    point: float
    intervals: Mapping[float, tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Hindsight:
    """A forecast held against what came. hit: level -> whether the interval held the outcome."""

    series: str
    model: str
    year: int
    horizon: int
    forecast: float
    outcome: float
    hit: Mapping[float, bool | None]

    @property
    def error(self) -> float:
        """(forecast - outcome) / outcome, a fraction; NaN where the outcome is 0."""
        return (self.forecast - self.outcome) / self.outcome if self.outcome else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """What a study found.

    paths[scenario][name]: joint sample paths [P, Y], each in its quantity's unit. lost: components
    that could not be forecast, and why; `study` is then less what rests on them.
    """

    study: Study
    panel: Panel
    years: IntArray
    components: Mapping[str, ComponentForecast]
    lost: Mapping[str, Problem]
    paths: Mapping[str, Mapping[str, FloatArray]]
    decompositions: Mapping[tuple[str, str], Decomposition]
    hindsight: tuple[Hindsight, ...]
    claims: tuple[Claim, ...]
    seconds: float
    notes: tuple[str, ...] = field(default=())

    def title(self, name: str) -> str:
        """The title of a component or derived quantity."""
        known = self.study.components if name in self.study.components else self.study.derived
        return known[name].title

    def unit(self, name: str) -> str:
        """The unit a quantity is stated in."""
        if name in self.components:
            return self.components[name].indicator.unit
        return self.study.derived[name].unit

    def fan(self, name: str, scenario: str = "baseline") -> list[Fan]:
        """Median and central intervals of a quantity, origin to target year."""
        return fans(self.paths[scenario][name], self.years, self.study.levels)

    def at_target(self, name: str, scenario: str = "baseline") -> Fan:
        """The fan in the target year."""
        return self.fan(name, scenario)[-1]

    def history(self, name: str) -> dict[int, float]:
        """Observed values up to the origin, or what the identity makes of them."""
        return self._values(name, "observed")

    def outcomes(self, name: str) -> dict[int, float]:
        """Observed values after the origin, or what the identity makes of observed ones alone.

        A quantity that rests on an assumption has no outcomes: an assumption is not observed.
        """
        return self._values(name, "outcomes")

    def rests_on_assumption(self, name: str) -> bool:
        """Whether a quantity is, or is made of, an assumed one."""
        if name in self.components:
            return bool(self.components[name].component.assumption)
        return any(map(self.rests_on_assumption, self.study.derived[name].identity.parts))

    def _values(self, name: str, which: str) -> dict[int, float]:
        if name in self.components:
            part = self.components[name]
            if not part.component.assumption:
                return dict(getattr(part, which))
            if which == "outcomes":
                return {}
            value = float(part.paths[0, 0])
            return dict.fromkeys(range(self.study.origin - 60, self.study.origin + 1), value)
        identity = self.study.derived[name].identity
        parts = {part: self._values(part, which) for part in identity.parts}
        common = set.intersection(*(set(values) for values in parts.values()))
        factors = self.factors()
        return {
            year: float(
                identity.evaluate({p: np.array(v[year]) for p, v in parts.items()}, factors)
            )
            for year in sorted(common)
        }

    def cutoff(self, name: str) -> int:
        """Last year with an observed value behind a quantity; the origin for what is derived."""
        part = self.components.get(name)
        return self.study.origin if part is None or part.cutoff is None else part.cutoff

    def factors(self) -> dict[str, float]:
        """What one stored unit of each quantity is worth in plain units."""
        plain = {name: part.indicator.factor for name, part in self.components.items()}
        return plain | {d.name: d.identity.multiplier for d in self.study.derived.values()}

    @property
    def failures(self) -> list[tuple[str, str, str, str]]:
        """(series, model, status, reason) of every model that gave no forecast."""
        missing = [
            (name, "all models", Status.FAILED.label, problem.found)
            for name, problem in self.lost.items()
        ]
        return missing + [
            (name, *failure) for name, part in self.components.items() for failure in part.failures
        ]


def run_study(study: Study, report: Report | None = None) -> StudyResult:
    """Run a study.

    report: called with (done, total, what) after each component.
    A quantity that cannot be forecast takes those made of it with it, and is named in `failures`.
    Raises DataError for data that cannot be used or that leave no headline, UsageError for names
    that do not exist and for scenarios that leave their bounds.
    """
    started = time.perf_counter()
    panel = Panel.from_csv(
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
    components, lost = _components(study, panel, years, report)
    # The baseline stands before the file's own scenarios.
    keys = {scenario.name: f"scenario.{i - 1}" for i, scenario in enumerate(study.scenarios)}
    study = _without(study, lost)
    _check_units(study, components)
    result = StudyResult(
        study=study, panel=panel, years=years, components=components, lost=lost, paths={},
        decompositions={}, hindsight=(), claims=_claims(study, panel), seconds=0.0,
    )  # fmt: skip
    base = {name: part.paths for name, part in components.items()}
    paths = {s.name: _joint(result, s, base, keys[s.name]) for s in study.scenarios}
    return replace(
        result,
        paths=paths,
        decompositions=_decompositions(study, paths, result.factors()),
        hindsight=_hindsight(result, paths["baseline"]),
        seconds=time.perf_counter() - started,
        notes=_notes(components),
    )


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
    derived = {name: d for name, d in study.derived.items() if name not in gone}
    scenarios = tuple(
        scenario for scenario in study.scenarios
        if not gone.intersection(change.series for change in scenario.changes)
    )  # fmt: skip
    if lost and not any(d.name not in gone for d in study.headlines):
        raise DataError(list(lost.values()), study.path.name)
    return replace(study, derived=derived, scenarios=scenarios)


def _check_units(study: Study, components: Mapping[str, ComponentForecast]) -> None:
    """A quantity times shares stays in its unit; other products are the author's to name."""
    units = {name: part.indicator for name, part in components.items()}
    stated = {name: (i.unit, i.multiplier) for name, i in units.items()}
    shares = {name for name, i in units.items() if i.kind == "share"}
    for derived in study.derived.values():
        stated[derived.name] = (derived.unit, derived.identity.multiplier)
    for derived in study.derived.values():
        rest = [part for part in derived.identity.parts if part not in shares]
        if len(rest) == 1 and stated[rest[0]] != stated[derived.name]:
            unit, multiplier = stated[rest[0]]
            raise study.error(
                f"derived.{derived.name}.unit",
                f"{derived.unit!r} (multiplier {derived.identity.multiplier:g}) found; "
                f"{rest[0]!r} times shares is in {unit!r} (multiplier {multiplier:g})",
            )


def fans(paths: FloatArray, years: IntArray, levels: tuple[float, ...]) -> list[Fan]:
    """Median and central intervals of sample paths [P, Y]."""
    median = np.median(paths, axis=0)
    ends = {level: np.quantile(paths, probabilities([level]), axis=0) for level in levels}
    return [
        Fan(int(year), float(median[y]),
            {level: (float(low[y]), float(high[y])) for level, (low, high) in ends.items()})
        for y, year in enumerate(years)
    ]  # fmt: skip


def _joint(
    result: StudyResult, scenario: Scenario, base: Mapping[str, FloatArray], key: str
) -> dict[str, FloatArray]:
    """All quantities under a scenario, path by path, so that identities hold in every path."""
    study, factors = result.study, result.factors()
    indicators = {name: part.indicator for name, part in result.components.items()}
    try:
        values = scenario.apply(base, result.years, study.origin, indicators)
    except UsageError as error:
        raise study.error(key, f"{scenario.name!r}: {error}") from None
    for identity in in_order([d.identity for d in study.derived.values()], list(base)):
        values[identity.name] = identity.evaluate(values, factors)
    return values


def _decompositions(
    study: Study, paths: Mapping[str, Mapping[str, FloatArray]], factors: Mapping[str, float]
) -> dict[tuple[str, str], Decomposition]:
    """(scenario, derived) -> change from origin to target, at medians, in the derived's unit."""
    found = {}
    for scenario, values in paths.items():
        for derived in study.derived.values():
            if derived.market:
                found[scenario, derived.name] = _decomposed(derived, values, factors)
    return found


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


def _hindsight(result: StudyResult, paths: Mapping[str, FloatArray]) -> tuple[Hindsight, ...]:
    """Every model's own forecasts, then the combination's as the paths have it."""
    rows: list[Hindsight] = []
    for name in paths:
        rows += [*_of_models(result, name), *_of_paths(result, name, paths[name])]
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


def _of_paths(result: StudyResult, name: str, paths: FloatArray) -> list[Hindsight]:
    known, cutoff = result.outcomes(name), result.cutoff(name)
    return [
        Hindsight(name, COMBINATION, fan.year, fan.year - cutoff, fan.point, known[fan.year],
                  {lv: _inside(*ends, known[fan.year]) for lv, ends in fan.intervals.items()})
        for fan in fans(paths, result.years, result.study.levels)[1:]
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
        if part.clipped:
            low, high = part.indicator.bounds
            bounds = f"below {low:g}" if high == float("inf") else f"outside {low:g} to {high:g}"
            notes.append(
                f"{part.component.title}: {100 * part.clipped:.1f} % of the sampled values were "
                f"{bounds} and set to the bound"
            )
    return tuple(notes)
