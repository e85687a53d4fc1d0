"""Scenarios: changes of assumptions with a written reason, what they do, and who made them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

import numpy as np

from westforecast.domain.change import Change, Growth, Rates, check_date, check_rates, rates
from westforecast.errors import UsageError, nearest
from westforecast.series.indicator import Indicator
from westforecast.typing import FloatArray, IntArray

Paths = Mapping[str, FloatArray]
Case = Literal["low", "medium", "high"]
CASES: tuple[Case, ...] = ("low", "medium", "high")

# Fewer windows of history than this say nothing about a spread, and this much of them is held
# against a band: choices of ours.
FEWEST_WINDOWS = 5
MIDDLE = (0.1, 0.9)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, a reason in words, and changes applied one after the other.

    author, date (ISO): who wrote it and when; changes that do not say so themselves are theirs.
    `a + b` is a's changes followed by b's. Raises UsageError without a reason.
    """

    name: str
    reason: str
    changes: tuple[Change, ...] = ()
    author: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise UsageError(f"scenario {self.name!r} has no reason. Write down why it is assumed.")
        check_date(self.date)

    @classmethod
    def stack(
        cls, name: str, reason: str, *scenarios: "Scenario", author: str = "", date: str = ""
    ) -> "Scenario":
        """One scenario of several: the changes of the first, then those of the second ...

        The order counts where operators do not commute: +2 points, then x 2, is not x 2, then +2
        points. Every change keeps its own author, date and reason.
        """
        changes = tuple(change for scenario in scenarios for change in scenario.signed)
        return cls(name, reason, changes, author, date)

    def __add__(self, other: "Scenario") -> "Scenario":
        return Scenario.stack(
            f"{self.name} + {other.name}", f"{self.reason} {other.reason}", self, other,
            author=self.author if self.author == other.author else "",
            date=self.date if self.date == other.date else "",
        )  # fmt: skip

    @property
    def signed(self) -> tuple[Change, ...]:
        """The changes, each with an author, a date and a reason where the scenario has them."""
        return tuple(
            replace(
                change,
                author=change.author or self.author,
                date=change.date or self.date,
                reason=change.reason or self.reason,
            )
            for change in self.changes
        )

    def check_years(self, origin: int, last: int) -> None:
        """Raises UsageError where a change names a year not after `origin` or beyond `last`."""
        for change in self.changes:
            change.check_years(origin, last)

    def apply(
        self,
        values: Paths,
        years: IntArray,
        origin: int,
        indicators: Mapping[str, Indicator],
    ) -> dict[str, FloatArray]:
        """All series [P, Y] under the scenario; those it does not touch are handed through.

        A single path that leaves its indicator's bounds is set to the bound. Raises UsageError
        where the median path does: then the scenario itself cannot be meant. So it does for
        unknown series, for years that do not fit and for an elasticity to a driver that no change
        before it moves.
        """
        steps = [after for _, after in self._steps(values, years, origin, indicators)]
        return steps[-1] if steps else dict(values)

    def trail(
        self,
        values: Paths,
        years: IntArray,
        origin: int,
        indicators: Mapping[str, Indicator],
        headlines: Mapping[str, Callable[[Paths], FloatArray]],
        year: int | None = None,
    ) -> tuple["Entry", ...]:
        """The audit trail: one row a change, in the order in which they are applied.

        headlines: name -> what makes its paths [P, Y] of those of all series.
        year: where medians are read, the last one by default.
        The effects of all rows add up to the scenario's median less the baseline's.
        """
        at = -1 if year is None else int(np.searchsorted(years, year))
        before = dict(values)
        rows = []
        for change, after in self._steps(values, years, origin, indicators):
            rows.append(Entry(
                scenario=self.name,
                author=change.author,
                date=change.date,
                what=change.describe(),
                op=change.op,
                series=change.series,
                year=int(years[at]),
                before=_median_at(before[change.series], at),
                after=_median_at(after[change.series], at),
                reason=change.reason,
                effect={
                    name: _median_at(made(after), at) - _median_at(made(before), at)
                    for name, made in headlines.items()
                },
            ))  # fmt: skip
            before = after
        return tuple(rows)

    def diff(self, other: "Scenario") -> tuple["Edit", ...]:
        """What differs from this scenario to another; empty where nothing but the name does.

        Changes are matched by operator and series, in order.
        """
        found = [
            Edit("changed", "scenario", name, getattr(self, name), getattr(other, name))
            for name in ("reason", "author", "date")
            if getattr(self, name) != getattr(other, name)
        ]
        mine, theirs = _labelled(self.changes), _labelled(other.changes)
        found += [Edit("removed", key, "", change.describe(), "")
                  for key, change in mine.items() if key not in theirs]  # fmt: skip
        found += [Edit("added", key, "", "", change.describe())
                  for key, change in theirs.items() if key not in mine]  # fmt: skip
        kept, moved = [k for k in mine if k in theirs], [k for k in theirs if k in mine]
        for key in kept:
            found += _fields_that_differ(key, mine[key], theirs[key])
        if kept != moved:
            found.append(Edit("changed", "scenario", "order", tuple(kept), tuple(moved)))
        return tuple(found)

    def _steps(
        self, values: Paths, years: IntArray, origin: int, indicators: Mapping[str, Indicator]
    ) -> Iterator[tuple[Change, dict[str, FloatArray]]]:
        """Each change with all series after it."""
        current = dict(values)
        moved: set[str] = set()
        seen: dict[tuple[str, str], FloatArray] = {}  # drivers as each series last met them
        for change in self.signed:
            for name in filter(None, (change.series, change.responds_to)):
                if name not in current:
                    raise UsageError(
                        f"{change.describe()}: no series {name!r}. {nearest(name, current)}"
                    )
            driver = None
            if name := change.responds_to:
                if name not in moved:
                    raise UsageError(
                        f"{change.describe()}: no change before it moves {name!r}, so it would do "
                        "nothing. Put the driver's change first."
                    )
                met = (change.series, name)
                driver = (seen.get(met, values[name]), current[name])
                seen[met] = current[name]
            after = change.apply(
                current[change.series], years, origin, indicators[change.series], driver
            )
            low, high = indicators[change.series].bounds
            middle = np.median(np.atleast_2d(after), axis=0)
            if middle.min() < low or middle.max() > high:
                raise UsageError(
                    f"{change.describe()} leaves {low:g} to {high:g} "
                    f"({middle.min():.4g} to {middle.max():.4g}). Ask for a smaller change."
                )
            current = {**current, change.series: np.clip(after, low, high)}
            moved.add(change.series)
            yield change, current


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the audit trail: who, when, what, from, to, why and with what effect.

    before, after: median of the changed series in `year`, in its own unit.
    effect: headline -> change of its median in `year` due to this change, those before it in force.
    """

    scenario: str
    author: str
    date: str
    what: str
    op: str
    series: str
    year: int
    before: float
    after: float
    reason: str
    effect: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference between two scenarios; as text it is a sentence.

    where: "scenario", or operator and series of a change. field: what differs there; empty for a
    change that only one of the two has.
    """

    what: Literal["added", "removed", "changed"]
    where: str
    field: str
    before: Any
    after: Any

    def __str__(self) -> str:
        if self.what == "changed":
            return f"{self.where}: {self.field} {_shown(self.before)} -> {_shown(self.after)}"
        return f"{self.what}: {self.before or self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """A row of a low / medium / high table: yearly growth of one series in three cases, and why.

    low, medium, high: fractions a year, one for all years or year -> rate.
    reason: one for the row, or case -> reason. Raises UsageError where cases cross or a reason is
    missing.
    """

    series: str
    low: Rates
    medium: Rates
    high: Rates
    reason: str | Mapping[str, str]
    author: str = ""
    date: str = ""

    def __post_init__(self) -> None:
        check_date(self.date)
        for case in CASES:
            check_rates(getattr(self, case))
            if not self.why(case).strip():
                raise UsageError(f"{self.series}: the {case} case has no reason. Write down why.")
        named = {tuple(sorted(_years_of(getattr(self, case)))) for case in CASES}
        if len(named) > 1:
            raise UsageError(f"{self.series}: low, medium and high must name the same years.")
        years = np.array(named.pop() or [0])
        table = np.array([rates(getattr(self, case), years) for case in CASES])
        if not (np.diff(table, axis=0) >= 0).all():
            raise UsageError(
                f"{self.series}: low {_rate_text(self.low)}, medium {_rate_text(self.medium)}, "
                f"high {_rate_text(self.high)} found; rising rates expected."
            )

    def why(self, case: Case) -> str:
        """The reason of one case."""
        return self.reason if isinstance(self.reason, str) else self.reason.get(case, "")

    def average(self, case: Case, origin: int, until: int) -> float:
        """Average compound growth a year of one case from origin to until, a fraction.

        NaN where the case leaves a year to the models.
        """
        each = rates(getattr(self, case), np.arange(origin + 1, until + 1))
        return float(np.exp(np.log1p(each).mean()) - 1)

    def band(self, history: Mapping[int, float], origin: int, until: int) -> "Band":
        """How wide low to high is, and where it lies, beside the spread of growth in the past.

        history: year -> value; only years up to the origin count. Windows as long as the forecast
        are compared; where fewer than FEWEST_WINDOWS fit, shorter ones are, their spread scaled by
        the root of the ratio of lengths as if years were independent, which understates it.
        Overlapping windows understate it too: a band that fails this test is narrow indeed.
        """
        horizon = until - origin
        low, high = (self.average(case, origin, until) for case in ("low", "high"))
        seen = {y: v for y, v in history.items() if y <= origin and v > 0}
        for length in range(horizon, 0, -1):
            pace = np.array([
                np.log(seen[y + length] / v) / length for y, v in seen.items() if y + length in seen
            ])  # fmt: skip
            if len(pace) >= FEWEST_WINDOWS:
                ends = np.quantile(pace, MIDDLE)
                middle = np.median(pace)
                ends = middle + (ends - middle) * np.sqrt(length / horizon)
                past = (float(np.expm1(ends[0])), float(np.expm1(ends[1])))
                return Band(self.series, horizon, (low, high), past, length, len(pace))
        return Band(self.series, horizon, (low, high), None, 0, 0)


@dataclass(frozen=True, slots=True)
class Band:
    """A low to high band of average growth beside the middle 80 percent of the past's.

    given, past: (low, high), fractions a year; past is None where history is too short to say.
    length: years of the windows compared; windows: how many.
    """

    series: str
    horizon: int
    given: tuple[float, float]
    past: tuple[float, float] | None
    length: int
    windows: int

    @property
    def narrow(self) -> bool:
        """Whether the band is narrower than the past's spread."""
        return self.past is not None and _width(self.given) < _width(self.past)

    @property
    def beside(self) -> bool:
        """Whether the band lies wholly below or wholly above the past's."""
        return self.past is not None and (
            self.given[1] < self.past[0] or self.given[0] > self.past[1]
        )

    @property
    def note(self) -> str:
        """The comparison in a sentence."""
        if np.isnan(self.given).any():
            return (
                f"{self.series}: low to high leaves years to the models; not held against the past."
            )
        if self.past is None:
            return (
                f"{self.series}: history is too short to say how wide low to high should be "
                f"(fewer than {FEWEST_WINDOWS} yearly changes)."
            )
        scaled = "" if self.length == self.horizon else f", scaled to {self.horizon} years"
        wide, spread = (f"{100 * _width(ends):.1f}" for ends in (self.given, self.past))
        width = (
            f"The band is narrower than the past was uncertain: {wide} points of growth a year "
            f"beside {spread}."
            if self.narrow
            else f"The band is {wide} points of growth a year wide, the past's {spread}."
        )
        return (
            f"{self.series}: low to high, {_ends(self.given)} a year, {self._place(self.past)}, "
            f"{_ends(self.past)} (the middle 80 % of {self.windows} past windows of {self.length} "
            f"year{'s' if self.length > 1 else ''}{scaled}). {width}"
        )

    def _place(self, past: tuple[float, float]) -> str:
        """Where the whole band lies beside the past's."""
        below, above = self.given[0] < past[0], self.given[1] > past[1]
        if self.beside:
            return f"lies wholly {'below' if below else 'above'} what the past held"
        if not below and not above:
            return "lies within what the past held"
        sides = [side for side, out in (("below", below), ("above", above)) if out]
        return f"reaches {' and '.join(sides)} what the past held"


@dataclass(frozen=True, slots=True)
class Outlook:
    """A low / medium / high table: drivers with their growth in three cases."""

    rows: tuple[Cases, ...]

    def __post_init__(self) -> None:
        names = [row.series for row in self.rows]
        if twice := [name for name in names if names.count(name) > 1]:
            raise UsageError(f"{twice[0]!r} stands twice in the low / medium / high table.")
        if not names:
            raise UsageError("a low / medium / high table without a driver.")

    def scenarios(self) -> tuple[Scenario, Scenario, Scenario]:
        """The three scenarios "low", "medium" and "high": every driver's growth is replaced."""
        low, medium, high = (self._scenario(case) for case in CASES)
        return low, medium, high

    def _scenario(self, case: Case) -> Scenario:
        changes = tuple(
            Growth(series=row.series, rate=getattr(row, case), reason=row.why(case),
                   author=row.author, date=row.date)
            for row in self.rows
        )  # fmt: skip
        reason = " ".join(dict.fromkeys(row.why(case) for row in self.rows))
        return Scenario(case, reason, changes)


def _median_at(paths: FloatArray, at: int) -> float:
    return float(np.median(np.atleast_2d(paths)[:, at]))


def _labelled(changes: Sequence[Change]) -> dict[str, Change]:
    """Changes by operator, series and, from the second of a kind on, their number."""
    found: dict[str, Change] = {}
    for change in changes:
        key, count = f"{change.op} of {change.series}", 2
        while key in found:
            key, count = f"{change.op} of {change.series}, no. {count}", count + 1
        found[key] = change
    return found


def _fields_that_differ(key: str, mine: Change, theirs: Change) -> list[Edit]:
    pairs = [(f.name, getattr(mine, f.name), getattr(theirs, f.name)) for f in fields(mine)]
    return [Edit("changed", key, name, a, b) for name, a, b in pairs if a != b]


def _shown(value: Any) -> str:
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value) or "(none)"


def _years_of(rate: Rates) -> tuple[int, ...]:
    return tuple(rate) if isinstance(rate, Mapping) else ()


def _rate_text(rate: Rates) -> str:
    return str(dict(rate)) if isinstance(rate, Mapping) else f"{rate:g}"


def _ends(ends: tuple[float, float]) -> str:
    return f"{100 * ends[0]:+.1f} % to {100 * ends[1]:+.1f} %"


def _width(ends: tuple[float, float]) -> float:
    return ends[1] - ends[0]
