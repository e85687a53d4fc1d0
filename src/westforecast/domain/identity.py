"""Identities: some quantities are forecast, others follow from them in every sample path.

output = total x ratio          Product("output", ("total", "ratio"))
nation = sum of its regions     Sum("nation", ("east", "west"))
rest = nation - west            Difference("rest", ("nation", "west"))
share = west / nation           Ratio("share", ("west", "nation"), 0.01)   # in percent
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar, final

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel, PanelLike
from westforecast.series.units import COUNTS, Dimension, power, times, words_of
from westforecast.typing import FloatArray

Dimensions = Sequence[Dimension | None]


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
    def dimension(self, dimensions: Dimensions) -> Dimension | None:
        """The result's dimension, of the parts'; None where it cannot be told.

        Raises UsageError for units that do not go together.
        """

    def _alike(self, verb: str, dimensions: Dimensions) -> Dimension | None:
        known = {dimension for dimension in dimensions if dimension is not None}
        if len(known) > 1:
            told = ", ".join(
                f"{part!r} in {words_of(dimension)}"
                for part, dimension in zip(self.parts, dimensions, strict=True)
                if dimension is not None
            )
            raise UsageError(
                f"{self.name!r} {verb} unlike units: {told}. State them in one unit; only sizes "
                "(万, millions, kt) are converted."
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

    def dimension(self, dimensions: Dimensions) -> Dimension | None:
        known = [dimension for dimension in dimensions if dimension is not None]
        return times(*known) if len(known) == len(dimensions) else None


@dataclass(frozen=True, slots=True)
class Sum(Identity):
    """name = the sum of its parts: the nation is its regions."""

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        result = plain[0]
        for term in plain[1:]:
            result = result + term
        return result

    def dimension(self, dimensions: Dimensions) -> Dimension | None:
        return self._alike("adds", dimensions)


@dataclass(frozen=True, slots=True)
class Difference(Identity):
    """name = the first part less all others: the rest of the nation."""

    least: ClassVar[int] = 2

    def combine(self, plain: Sequence[FloatArray]) -> FloatArray:
        result = plain[0]
        for term in plain[1:]:
            result = result - term
        return result

    def dimension(self, dimensions: Dimensions) -> Dimension | None:
        return self._alike("subtracts", dimensions)


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

    def dimension(self, dimensions: Dimensions) -> Dimension | None:
        above, below = dimensions
        return None if above is None or below is None else times(above, power(below, -1))


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
    A unit that is not stated is not checked. What a figure is counted per may be left out: persons
    times CNY, for CNY per person, make CNY; units times CNY per unit never make persons.
    Prices of unlike bases (current, constant of some year) are not added either.
    """
    known = {name: indicator.dimension for name, indicator in indicators.items()}
    for identity in in_order(identities, list(indicators)):
        made = identity.dimension([known.get(part) for part in identity.parts])
        stated = known.setdefault(identity.name, made)
        if made is not None and stated is not None and not _same(identity, made, stated):
            about = indicators.get(identity.name)
            text = words_of(stated)
            if about and about.unit not in ("", text):
                text += f" ({about.unit})"
            raise UsageError(
                f"{identity.name!r} is stated in {text}, but made of parts it is in "
                f"{words_of(made)} ({_parts(identity, known)}). Correct the unit of one of them."
            )
        if isinstance(identity, Sum | Difference):
            _check_prices(identity, indicators)


def _same(identity: Identity, made: Dimension, stated: Dimension) -> bool:
    """Whether a result may be stated so: as made, or less a count that one part leaves out."""
    if made == stated:
        return True
    gap = times(made, power(stated, -1))
    if not stated or len(gap) > 1 or not isinstance(identity, Product | Ratio):
        return False
    base, exponent = gap[0]
    left_out = 1 if isinstance(identity, Product) else -1
    return base in COUNTS and exponent == left_out and base not in dict(stated)


def _parts(identity: Identity, known: Mapping[str, Dimension | None]) -> str:
    dimensions = {part: known[part] for part in identity.parts}
    return ", ".join(f"{n!r} in {words_of(d)}" for n, d in dimensions.items() if d is not None)


def _check_prices(identity: Identity, indicators: Mapping[str, Indicator]) -> None:
    stated = {
        name: told
        for name in (identity.name, *identity.parts)
        if (indicator := indicators.get(name)) is not None and (told := _prices(indicator))
    }
    if len(set(stated.values())) > 1:
        told = ", ".join(f"{name!r} in {basis}" for name, basis in stated.items())
        raise UsageError(f"{identity.name!r} puts unlike prices together: {told}.")


def _prices(indicator: Indicator) -> str:
    """Prices as fields or the unit's words state them; "" where neither does."""
    basis, unit = indicator.price_basis, indicator.unit.casefold()
    year = re.search(r"\b(?:19|20)\d\d\b", unit)
    if basis is None and (year or re.search("constant|不变价|可比价", unit)):
        basis = "constant" if indicator.measure.dimension != () else None  # no 2010 = 100
    elif basis is None and re.search("current|nominal|当年价|现价", unit):
        basis = "current"
    base = indicator.base_year or (year and basis == "constant" and int(year[0]))
    return f"{basis} prices" + (f" of {base}" if base else "") if basis else ""


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
