"""Identities: some quantities are forecast, others follow from them in every sample path.

output = total x ratio          Product("output", ("total", "ratio"))
nation = sum of its regions     Sum("nation", ("east", "west"))
rest = nation - west            Difference("rest", ("nation", "west"))
share = west / nation           Ratio("share", ("west", "nation"), 0.01)   # in percent
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar, final

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel, PanelLike
from westforecast.typing import FloatArray

# What stands for a unit that is none: fractions, percentages, shares.
_NONE = "no unit"


@dataclass(frozen=True, slots=True)
class Identity(ABC):
    """name = something made of its parts, in plain units.

    parts: names of other quantities. multiplier: what one unit of the result stands for (1e9 for
    billions, 0.01 for percent). A part stated in percent counts as a fraction, one in 万 as ten
    thousand.
    """

    name: str
    parts: tuple[str, ...]
    multiplier: float = 1.0

    least: ClassVar[int] = 1  # parts it takes at least, and at most
    most: ClassVar[float] = float("inf")

    def __post_init__(self) -> None:
        if not self.least <= len(self.parts) <= self.most:
            wanted = f"{self.least}" if self.most == self.least else f"at least {self.least}"
            raise UsageError(f"{self.name!r}: {len(self.parts)} parts found, {wanted} expected.")

    @final
    def evaluate(
        self, values: Mapping[str, FloatArray], factors: Mapping[str, float]
    ) -> FloatArray:
        """The result, elementwise.

        values: part -> array of any shape, all alike. factors: part -> `Indicator.factor`, what one
        stored unit is worth in plain units.
        """
        return self.combine([values[part] * factors[part] for part in self.parts]) / self.multiplier

    @abstractmethod
    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        """The result in plain units, of the parts' values in plain units."""

    @abstractmethod
    def unit(self, units: Sequence[str | None]) -> str | None:
        """The result's unit, of the parts' units; None where it cannot be told.

        Raises UsageError for units that do not go together.
        """

    def _alike(self, verb: str, units: Sequence[str | None]) -> str | None:
        known = {unit for unit in units if unit is not None}
        if len(known) > 1:
            told = ", ".join(
                f"{part!r} in {unit}"
                for part, unit in zip(self.parts, units, strict=True)
                if unit is not None
            )
            raise UsageError(
                f"{self.name!r} {verb} unlike units: {told}. State them in one unit; the same unit "
                "in another size (万, millions) is said by an indicator's multiplier."
            )
        return known.pop() if known else None


@dataclass(frozen=True, slots=True)
class Product(Identity):
    """name = the product of its parts: CNC output = cutting output x CNC ratio."""

    least: ClassVar[int] = 0  # readers of files make one first and name the empty key then

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        assert plain, "a product has parts"
        result = plain[0]
        for factor in plain[1:]:
            result = result * factor
        return result

    def unit(self, units: Sequence[str | None]) -> str | None:
        # A price per piece times pieces is money, but no text of units tells that.
        dimensions = [unit for unit in units if unit != _NONE]
        return _NONE if not dimensions else dimensions[0] if len(dimensions) == 1 else None


@dataclass(frozen=True, slots=True)
class Sum(Identity):
    """name = the sum of its parts: the nation is its regions."""

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        result = plain[0]
        for term in plain[1:]:
            result = result + term
        return result

    def unit(self, units: Sequence[str | None]) -> str | None:
        return self._alike("adds", units)


@dataclass(frozen=True, slots=True)
class Difference(Identity):
    """name = the first part less all others: the rest of the nation."""

    least: ClassVar[int] = 2

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        result = plain[0]
        for term in plain[1:]:
            result = result - term
        return result

    def unit(self, units: Sequence[str | None]) -> str | None:
        return self._alike("subtracts", units)


@dataclass(frozen=True, slots=True)
class Ratio(Identity):
    """name = first part / second part: a share, or income a head. 0 / 0 and x / 0 are missing."""

    least: ClassVar[int] = 2
    most: ClassVar[float] = 2

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        above, below = plain
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.divide(above, below)
        return np.where(np.equal(below, 0), np.nan, ratio)

    def unit(self, units: Sequence[str | None]) -> str | None:
        above, below = units
        if above is None or below is None:
            return None
        return _NONE if above == below else above if below == _NONE else None


AnyIdentity = TypeVar("AnyIdentity", bound=Identity)


def in_order(identities: Sequence[AnyIdentity], known: Sequence[str]) -> list[AnyIdentity]:
    """Identities sorted so that each comes after those it is made of.

    Raises UsageError for a part that nothing defines, and for identities that need each other.
    """
    ready, waiting = set(known), list(identities)
    ordered: list[AnyIdentity] = []
    names = {*known, *(identity.name for identity in identities)}
    for identity in identities:
        for part in identity.parts:
            if part not in names:
                raise UsageError(f"{identity.name!r} is made of {part!r}, which is not defined. "
                                 f"{nearest(part, names)}")  # fmt: skip
    while waiting:
        able = [identity for identity in waiting if ready.issuperset(identity.parts)]
        if not able:
            circle = ", ".join(sorted(identity.name for identity in waiting))
            raise UsageError(f"these identities need each other: {circle}.")
        ordered += able
        ready |= {identity.name for identity in able}
        waiting = [identity for identity in waiting if identity not in able]
    return ordered


def derive(
    identities: Sequence[Identity],
    values: Mapping[str, FloatArray],
    factors: Mapping[str, float],
) -> dict[str, FloatArray]:
    """The given values, and all that identities make of them.

    values: name -> array of any shape, all alike: sample paths [P, Y], years [Y]. factors: name ->
    what one stored unit is worth in plain units (`Indicator.factor`), for the given ones.
    A quantity that is given, or that an earlier identity made, is not made again: what else is said
    of it can be checked, not computed. Raises as `in_order`.

    >>> chain = [Product("west", ("nation", "share")), Difference("rest", ("nation", "west"))]
    >>> given = {"nation": np.array([100.0, 200.0]), "share": np.array([20.0, 25.0])}
    >>> derive(chain, given, {"nation": 1.0, "share": 0.01})["rest"].tolist()
    [80.0, 150.0]
    """
    found, worth = dict(values), dict(factors)
    for identity in in_order(identities, list(values)):
        if identity.name not in found:
            found[identity.name] = identity.evaluate(found, worth)
            worth[identity.name] = identity.multiplier
    return found


# --- units --------------------------------------------------------------------------------------


def check_units(identities: Sequence[Identity], indicators: Mapping[str, Indicator]) -> None:
    """Raise UsageError where an identity adds, subtracts or equates unlike units, and say which.

    indicators: name -> what a quantity means, for those that are given; units of the others follow.
    A unit that is not stated is not checked, nor is a product or ratio whose unit no text tells.
    Prices of unlike bases (current, constant of some year) are not added either.
    """
    units = {name: _unit(indicator) for name, indicator in indicators.items()}
    for identity in in_order(identities, list(indicators)):
        found = identity.unit([units.get(part) for part in identity.parts])
        stated = units.setdefault(identity.name, found)
        if None not in (found, stated) and found != stated:
            raise UsageError(f"{identity.name!r} is stated in {stated}, but made of parts it is in "
                             f"{found}.")  # fmt: skip
        if isinstance(identity, Sum | Difference):
            _check_prices(identity, indicators)


def _unit(indicator: Indicator) -> str | None:
    if indicator.is_percent or indicator.kind == "share":
        return _NONE
    return _NONE if indicator.unit.casefold() in {"fraction", "share"} else indicator.unit or None


def _check_prices(identity: Identity, indicators: Mapping[str, Indicator]) -> None:
    stated = {
        name: f"{i.price_basis} prices" + (f" of {i.base_year}" if i.base_year else "")
        for name in (identity.name, *identity.parts)
        if (i := indicators.get(name)) is not None and i.price_basis
    }
    if len(set(stated.values())) > 1:
        told = ", ".join(f"{name!r} in {basis}" for name, basis in stated.items())
        raise UsageError(f"{identity.name!r} puts unlike prices together: {told}.")


# --- data ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A period in which data break an identity.

    observed: the quantity's own value. derived: what its identity makes of the parts. Both in the
    unit the quantity is stored in.
    """

    identity: str
    period: int
    observed: float
    derived: float

    @property
    def difference(self) -> float:
        """observed - derived."""
        return self.observed - self.derived

    @property
    def relative(self) -> float:
        """difference / |derived|; infinite where 0 was derived and something else observed."""
        if self.difference == 0:
            return 0.0
        return self.difference / abs(self.derived) if self.derived else float("inf")


def check_identities(
    data: PanelLike, identities: Sequence[Identity], tolerance: float = 0.005
) -> list[Mismatch]:
    """Where observed values break identities, the widest first.

    data: a long frame, the path of a CSV or Parquet file, or a Panel.
    tolerance: relative difference taken for rounding. Half a percent passes yearbook tables
    whose columns are rounded; revised vintages of provincial figures differ by 1 to 5 percent.
    Quantities the panel lacks are derived where they can be, so that a chain (region = nation x
    share, nation = sum of regions) is checked as a whole. Periods in which a value is missing are
    left out. Raises UsageError for unlike units, parts that nothing defines, and where not one
    period allows a comparison: nothing found must not mean nothing looked at.
    """
    if not 0 <= tolerance < 1:
        raise UsageError(f"tolerance={tolerance!r} found, a fraction such as 0.005 expected.")
    panel = Panel.of(data)
    indicators = {indicator.id: indicator for indicator in panel.indicators}
    check_units(identities, indicators)
    worth = {name: indicator.factor for name, indicator in indicators.items()}
    first, last = panel.span
    values = table(panel, _named(identities, panel), first, last)
    mismatches, compared = [], 0
    for identity in in_order(identities, list(indicators)):
        # In the unit the quantity is stored in, whatever multiplier the identity states.
        factor = worth.setdefault(identity.name, identity.multiplier)
        made = identity.evaluate(values, worth) * identity.multiplier / factor
        if identity.name not in values:
            values[identity.name] = made
            continue
        own = values[identity.name]
        both = np.isfinite(own) & np.isfinite(made)
        compared += int(both.sum())
        apart = both & (np.abs(own - made) > tolerance * np.abs(made))
        mismatches += [Mismatch(identity.name, first + int(t), float(own[t]), float(made[t]))
                       for t in np.flatnonzero(apart)]  # fmt: skip
    if not compared:
        raise UsageError(
            "no identity can be compared with the data: in no period are a quantity and all its "
            f"parts observed. The panel holds {', '.join(panel.ids[:10])}."
        )
    return sorted(mismatches, key=lambda m: -abs(m.relative))


def table(panel: Panel, names: Iterable[str], first: int, last: int) -> dict[str, FloatArray]:
    """Series of a panel over periods first to last [T], NaN where there is no value."""
    columns = {}
    for name in names:
        column = np.full(last - first + 1, np.nan)
        periods, values = panel.series(name)
        inside = (periods >= first) & (periods <= last)
        column[periods[inside] - first] = values[inside]
        columns[name] = column
    return columns


def _named(identities: Sequence[Identity], panel: Panel) -> list[str]:
    names = dict.fromkeys(n for identity in identities for n in (identity.name, *identity.parts))
    return [name for name in names if name in panel.places]
