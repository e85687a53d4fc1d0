"""What a study found: joint sample paths, what they are made of, and what is said of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from westforecast.domain import Attainment, Band, Decomposition, Entry, Finding
from westforecast.domain.identity import in_order
from westforecast.errors import Problem, UnknownNameError, nearest
from westforecast.kernels.quantiles import probabilities
from westforecast.kernels.sampling import rounded, sampled
from westforecast.models import Status
from westforecast.report.words import count
from westforecast.series import Indicator, Panel
from westforecast.study.claim import Claim
from westforecast.study.component import ComponentForecast
from westforecast.study.file import Study
from westforecast.study.plans import Aim
from westforecast.study.stages import Standing
from westforecast.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Fan:
    """Central value and interval ends of one quantity in one year.

    error, errors: standard errors of the point and of interval ends that come from having so many
    sample paths and no more; 0 for what is known, and for what is not read off paths.
    """

    year: int
    point: float
    intervals: Mapping[float, tuple[float, float]]
    error: float = 0.0
    errors: Mapping[float, tuple[float, float]] = field(default_factory=dict)

    def rounded(self, low: float = -np.inf, high: float = np.inf) -> "Fan":
        """The fan up to the digits that its errors touch, inside the bounds low to high."""
        point = min(max(rounded(self.point, self.error), low), high)
        ends = {}
        for level, pair in self.intervals.items():
            errors = self.errors.get(level, (0.0, 0.0))
            lower, upper = (rounded(*each) for each in zip(pair, errors, strict=True))
            ends[level] = (min(max(lower, low), point), max(min(upper, high), point))
        return replace(self, point=point, intervals=ends)


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


@dataclass(frozen=True, slots=True)
class Attained:
    """A target of the study: what baseline and history say, and its probability by scenario.

    chances: scenario -> (probability, standard error), the baseline among them.
    """

    aim: Aim
    attainment: Attainment
    chances: Mapping[str, tuple[float, float]]


@dataclass(frozen=True, slots=True, eq=False)
class StudyResult:
    """What a study found.

    paths[scenario][name]: joint sample paths [P, Y], each in its quantity's unit. lost: components
    that could not be forecast, and why; `study` is then less what rests on them.
    decompositions[scenario, derived]: change from origin to target, market, share and interaction.
    chains[scenario, headline]: the same change split among the components it is the product of.
    trail: every change of every scenario. bands: the low / medium / high table beside the past.
    standings: where the regions stand on the way of industrialization, and where they go.
    unplaced: region -> why there is neither, for those that have no index or no path.
    findings: what the screens say of the data.
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
    chains: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    trail: tuple[Entry, ...] = ()
    bands: tuple[Band, ...] = ()
    targets: tuple[Attained, ...] = ()
    standings: tuple[Standing, ...] = ()
    findings: tuple[Finding, ...] = ()
    unplaced: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        study = self.study
        told = [f"origin {study.origin}", f"until {study.until}"]
        told.append(count(len(study.components) + len(study.derived), "quantity", "quantities"))
        told.append(count(len(self.paths), "scenario"))
        if failures := self.failures:
            told.append(count(len(failures), "failure"))
        return f"StudyResult {study.name!r}: {', '.join(told)}"

    def title(self, name: str) -> str:
        """The title of a component, derived quantity or, as stage_index.REGION, stage index.

        Like all methods here that take names, raises UnknownNameError with the nearest known one.
        """
        for region in self.study.stages.regions if self.study.stages else ():
            if name == f"stage_index.{region.name}":
                return f"Index of industrialization, {region.title}"
        study = self.study
        _known(name, {**study.components, **study.derived}, "quantity")
        known = study.components.get(name) or study.derived[name]
        return known.title

    def unit(self, name: str) -> str:
        """The unit a quantity is stated in."""
        return self.indicator(name).unit

    def indicator(self, name: str) -> Indicator:
        """What the numbers of a quantity mean."""
        if name in self.components:
            return self.components[name].indicator
        return self.study.derived[self._quantity(name)].indicator

    def fan(self, name: str, scenario: str = "baseline") -> list[Fan]:
        """Median and central intervals of a quantity, origin to target year.

        Up to the digits that so many sample paths can tell (`Fan.error`); `paths` hold the rest.
        """
        values = self.paths[_known(scenario, self.paths, "scenario")][self._quantity(name)]
        part = self.components.get(name)
        bounds = (-np.inf, np.inf) if part is None else part.indicator.bounds
        return [fan.rounded(*bounds) for fan in fans(values, self.years, self.study.levels)]

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
        parts = self.study.derived[self._quantity(name)].identity.parts
        return any(map(self.rests_on_assumption, parts))

    def _quantity(self, name: str) -> str:
        """The name, if it is one of a quantity that was forecast or derived."""
        if name in self.lost:
            raise UnknownNameError(f"{name!r} has no forecast: {self.lost[name].found}.")
        return _known(name, {**self.components, **self.study.derived}, "quantity")

    def _values(self, name: str, which: str) -> dict[int, float]:
        if name in self.components:
            part = self.components[name]
            if not part.component.assumption:
                return dict(getattr(part, which))
            if which == "outcomes":
                return {}
            value = float(part.paths[0, 0])
            return dict.fromkeys(range(self.study.origin - 60, self.study.origin + 1), value)
        identity = self.study.derived[self._quantity(name)].identity
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

    @property
    def indicators(self) -> dict[str, Indicator]:
        """What the numbers of each component mean."""
        return {name: part.indicator for name, part in self.components.items()}

    def complete(self, values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Components' paths with those of all that is derived from them, by the identities."""
        known, factors = dict(values), self.factors()
        identities = [derived.identity for derived in self.study.derived.values()]
        for identity in in_order(identities, list(self.components)):
            known[identity.name] = identity.evaluate(known, factors)
        return known

    def factors(self) -> dict[str, float]:
        """What one stored unit of each quantity is worth in plain units."""
        plain = {name: part.indicator.factor for name, part in self.components.items()}
        return plain | {d.name: d.identity.multiplier for d in self.study.derived.values()}

    @property
    def failures(self) -> list[tuple[str, str, str, str]]:
        """(series, model, status, reason) of every model that gave no forecast.

        Regions without a stage are among them: series stage_index.REGION.
        """
        missing = [
            (name, "all models", Status.FAILED.label, problem.found)
            for name, problem in self.lost.items()
        ]
        missing += [
            (name, *failure) for name, part in self.components.items() for failure in part.failures
        ]
        return missing + [
            (f"stage_index.{region}", "simulated", Status.FAILED.label, reason)
            for region, reason in self.unplaced.items()
        ]


def _known(name: str, known: Collection[str], what: str) -> str:
    if name not in known:
        raise UnknownNameError(f"no {what} {name!r} in the study. {nearest(name, known)}")
    return name


def fans(paths: FloatArray, years: IntArray, levels: tuple[float, ...]) -> list[Fan]:
    """Median and central intervals of sample paths [P, Y], with their errors from sampling."""
    probs = (0.5, *(p for level in levels for p in probabilities([level])))
    values, errors = sampled(paths, probs)  # [Q, Y]

    def ends(read: FloatArray, y: int) -> dict[float, tuple[float, float]]:
        low, high = read[1::2, y].tolist(), read[2::2, y].tolist()
        return dict(zip(levels, zip(low, high, strict=True), strict=True))

    return [
        Fan(int(year), float(values[0, y]), ends(values, y), float(errors[0, y]), ends(errors, y))
        for y, year in enumerate(years)
    ]
