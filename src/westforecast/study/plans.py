"""What a study file plans: scenarios, a low / medium / high table, targets."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from math import isfinite
from typing import Any, Literal, get_origin

from westforecast.domain import OPERATORS, Cases, Change, Goal, Outlook, Scenario
from westforecast.domain.scenario import CASES
from westforecast.errors import UsageError, nearest
from westforecast.series.units import Unit, read_unit
from westforecast.study.toml import StudyError, Table

BASELINE = Scenario("baseline", "Shares and relations stay as they are.")
# What a target's history may be chosen by (see `Panel.select`).
FILTERS = ("id", "region", "industry", "kind", "unit")

# What the numbers of a setting are, where they are not plain: those of its series, or points.
_OWN = {("target", "value"), ("override", "values")}
_POINTS = {("share_shift", "points")}


@dataclass(frozen=True, slots=True)
class Quoted:
    """An assumption that stands for a value of a quantity. key: where in the file."""

    key: str
    quantity: str
    assumption: str


@dataclass(frozen=True, slots=True)
class Assumed:
    """Assumptions by id, as value and unit, and which of them stand for values of a quantity."""

    figures: Mapping[str, tuple[float, str]]
    quoted: list[Quoted] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Aim:
    """A target of the file: a goal, and which series' history to hold it against.

    history: conditions of `Panel.select`; none takes the quantity's own past. key: of the table.
    """

    goal: Goal
    history: Mapping[str, tuple[str, ...]]
    key: str


def read_scenarios(
    top: Table,
    components: Collection[str],
    assumed: Assumed,
    cases: Collection[Scenario],
    origin: int,
    until: int,
) -> tuple[Scenario, ...]:
    """The baseline and the scenarios [[scenario]]; cases: those of the outlook, to stack on."""
    known = {scenario.name: scenario for scenario in (BASELINE, *cases)}
    own = [BASELINE]
    for table in top.items("scenario"):
        own.append(_scenario(table, components, assumed, known, origin, until))
        known[own[-1].name] = own[-1]
    return tuple(own)


def read_outlook(
    top: Table,
    components: Collection[str],
    assumed: Assumed,
    origin: int,
    until: int,
) -> Outlook | None:
    """The low / medium / high table [[outlook]], a row a series; None without one."""
    tables = top.items("outlook")
    rows = tuple(_cases(table, components, assumed) for table in tables)
    if not rows:
        return None
    try:
        outlook = Outlook(rows)
        for scenario in outlook.scenarios():
            scenario.check_years(origin, until)
    except UsageError as error:
        raise _placed(tables[0], error) from None
    return outlook


def read_aims(
    top: Table, quantities: Collection[str], assumed: Assumed, origin: int, until: int
) -> tuple[Aim, ...]:
    """The targets [[target]]."""
    return tuple(
        _aim(table, quantities, assumed, origin, until) for table in top.items("target")
    )  # fmt: skip


def _scenario(
    table: Table,
    components: Collection[str],
    assumed: Assumed,
    known: Mapping[str, Scenario],
    origin: int,
    until: int,
) -> Scenario:
    name = table.called("name")
    if name in known:
        cases = "; [[outlook]] makes low, medium and high" if name in CASES else ""
        table.fail("name", f"a second scenario {name!r}; names are unique{cases}")
    below = []
    for stacked in table.texts("stack", ()):
        if stacked not in known:
            told = f"no scenario {stacked!r} above, nor in [[outlook]]. {nearest(stacked, known)}"
            table.fail("stack", told)
        below.append(known[stacked])
    changes = [
        _change(change, components, assumed, origin, until)
        for change in table.items("change", required=not below)
    ]
    try:
        own = Scenario(
            name, table.text("reason"), tuple(changes), table.text("author", ""), table.date("date")
        )
        made = Scenario.stack(
            name, own.reason, *below, own, author=own.author, date=own.date
        )  # fmt: skip
    except UsageError as error:
        raise _placed(table, error) from None
    table.done()
    return made if below else own


def _change(
    table: Table, components: Collection[str], assumed: Assumed, origin: int, until: int
) -> Change:
    kind = OPERATORS[table.choice("op", tuple(OPERATORS), None)]
    known = {f.name: f for f in fields(kind)}
    series = _series(table, "series", components)
    settings: dict[str, Any] = {}
    for key in list(table.data):
        if key not in known:
            table.fail(key, f"is not a key of {kind.op}. {nearest(key, known)}")
        settings[key] = _setting(table, known[key], assumed, kind.op, series)
    for name, f in known.items():
        if f.default is MISSING and name not in ("series", *settings):
            table.fail(name, f"is missing; {kind.op} needs it")
    try:
        change = kind(series=series, **settings)
        change.check_years(origin, until)
    except UsageError as error:
        raise _placed(table, error, f"{kind.op}: ") from None
    if change.responds_to and change.responds_to not in components:
        told = f"{change.responds_to!r} is no series. {nearest(change.responds_to, components)}"
        table.fail("driver", told)
    return change


def _cases(table: Table, components: Collection[str], assumed: Assumed) -> Cases:
    given = table.take("reason")
    if isinstance(given, dict):
        reasons = Table(given, (*table.key, "reason"), table.lines)
        reason: Any = {case: reasons.text(case) for case in ("low", "medium", "high")}
        reasons.done()
    elif isinstance(given, str):
        reason = given
    else:
        table.fail("reason", f"{given!r} found, text or one for each case expected")
    try:
        row = Cases(
            series=_series(table, "series", components),
            low=_by_year(table, "low", assumed),
            medium=_by_year(table, "medium", assumed),
            high=_by_year(table, "high", assumed),
            reason=reason,
            author=table.text("author", ""),
            date=table.date("date"),
        )
    except UsageError as error:
        raise _placed(table, error) from None
    table.done()
    return row


def _aim(
    table: Table, quantities: Collection[str], assumed: Assumed, origin: int, until: int
) -> Aim:
    quantity = table.text("quantity")
    if quantity not in quantities:
        table.fail("quantity", f"{quantity!r} is no quantity. {nearest(quantity, quantities)}")
    year = table.whole("year")
    if not origin < year <= until:
        table.fail("year", f"{year} found, a year from {origin + 1} to {until} expected")
    sides = [side for side in ("at_least", "at_most") if side in table.data]
    if len(sides) != 1:
        table.fail("", "needs exactly one of `at_least` and `at_most` (a value)")
    goal = Goal(
        quantity=quantity,
        year=year,
        value=_value(table, sides[0], assumed, of=quantity),
        at_least=sides[0] == "at_least",
        reason=table.text("reason"),
        source=table.text("source", ""),
    )
    aim = Aim(goal, _history(table), ".".join(table.key))
    table.known += ["at_least", "at_most"]
    table.done()
    return aim


def _history(table: Table) -> dict[str, tuple[str, ...]]:
    """A series' id, several, or conditions of `Panel.select`."""
    given = table.take("history", {})
    conditions = given if isinstance(given, dict) else {"id": given}
    found = {}
    for key, value in conditions.items():
        if key not in FILTERS:
            table.fail("history", f"{key!r} is no condition. {nearest(key, FILTERS)}")
        values = [value] if isinstance(value, str) else value
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            told = 'a series\' id, several, or conditions such as { region = "CN" } expected'
            table.fail("history", f"{given!r} found; {told}")
        found[key] = tuple(values)
    return found


def _series(table: Table, key: str, components: Collection[str]) -> str:
    name = table.text(key)
    if name not in components:
        table.fail(key, f"{name!r} is no series. {nearest(name, components)}")
    return name


def _setting(table: Table, f: "Field[Any]", assumed: Assumed, op: str, series: str) -> Any:
    """A setting of an operator, read as its field is annotated."""
    if f.name == "date":
        return table.date(f.name)
    if f.type is str or get_origin(f.type) is Literal:
        return table.text(f.name)
    if f.type is int or f.type == int | None:
        return table.whole(f.name)
    own = series if (op, f.name) in _OWN else ""
    if f.type is float:
        return _value(table, f.name, assumed, of=own, points=(op, f.name) in _POINTS)
    if get_origin(f.type) is Mapping and not isinstance(table.data[f.name], dict):
        table.fail(f.name, f"{table.data[f.name]!r} found, {{ 2015 = 30.0, ... }} expected")
    return _by_year(table, f.name, assumed, of=own)


def _by_year(table: Table, key: str, assumed: Assumed, of: str = "") -> Any:
    """One number, or { 2015 = 0.08, ... } as year -> number."""
    if not isinstance(table.data.get(key), dict):
        return _value(table, key, assumed, of=of)
    years = Table(table.take(key), (*table.key, key), table.lines)
    for year in years.data:
        if not year.isdecimal():
            years.fail(year, "is no year")
    return {int(year): _value(years, year, assumed, of=of) for year in list(years.data)}


def _value(
    table: Table, key: str, assumed: Assumed, of: str = "", points: bool = False
) -> float:  # fmt: skip
    """A number, an assumption's id, or ["id", "id"] for the first over the second.

    of: the quantity in whose unit the number is; its unit is known, and held against the
    assumption's, when data are read. Other settings are plain numbers, so an assumption of 5
    percent is 0.05, or `points`.
    """
    given = table.take(key)
    if isinstance(given, int | float) and not isinstance(given, bool):
        if not isfinite(given):
            table.fail(key, f"{given} found, a finite number expected")
        return given
    ids: Sequence[Any] = [given] if isinstance(given, str) else given
    if not isinstance(ids, list) or not 1 <= len(ids) <= 2:
        table.fail(key, f"{given!r} found; a number, an assumption's id or two of them expected")
    for name in ids:
        if name not in assumed.figures:
            table.fail(key, f"no assumption {name!r}. {nearest(str(name), assumed.figures)}")
    values = [assumed.figures[name][0] for name in ids]
    units = [read_unit(assumed.figures[name][1]) for name in ids]
    if len(values) == 2:
        return _ratio(table, key, ids, values, units)
    if of:
        assumed.quoted.append(Quoted(".".join((*table.key, key)), of, ids[0]))
        return values[0]
    if not units[0].text:
        return values[0]
    if units[0].dimension not in ((), None):
        told = f"{ids[0]!r} is in {units[0].text!r}, a plain number or percent expected"
        table.fail(key, told)
    if points:
        return values[0] if units[0].is_percent else values[0] * units[0].factor / 0.01
    return values[0] * units[0].factor


def _ratio(
    table: Table, key: str, ids: Sequence[str], values: Sequence[float], units: Sequence[Unit]
) -> float:
    """The first over the second, a plain number whatever the sizes of their units."""
    if values[1] == 0:
        table.fail(key, f"{ids[1]!r} is 0; nothing can be divided by it")
    one, other = units
    if None not in (one.dimension, other.dimension) and one.dimension != other.dimension:
        told = f"{ids[0]!r} is in {one.text!r}, {ids[1]!r} in {other.text!r}; one unit expected"
        table.fail(key, told)
    return values[0] / values[1] * (one.factor / other.factor)


def _placed(table: Table, error: UsageError, before: str = "") -> UsageError:
    """An error of a setting, with the table it stands in; errors that know their place stay."""
    if isinstance(error, StudyError):
        return error
    return table.lines.error(table.key, f"{before}{error}")
