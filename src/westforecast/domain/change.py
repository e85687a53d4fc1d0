"""Changes: named operators on one series' sample paths, who made them, and why.

Every operator leaves the years up to the origin as they are. What it does to the spread of paths:

    share_shift                adds to all paths alike: widths in points stay
    multiply, deep_processing  one factor a year for all paths: relative widths stay
    target, growth             the same, the factor read off the median path; a target of a share
                               moves odds: odds ratios stay
    elasticity                 a factor a path and a year: the driver's spread carries over
    override                   the given years lose their spread
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date as calendar_date
from typing import ClassVar, Literal, get_args

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.kernels.growth import Convention
from westforecast.series.indicator import Indicator
from westforecast.typing import FloatArray, IntArray

Shape = Literal["linear", "logistic", "step"]
Course = Literal["level", "growth", "share"]
Mode = Literal["replace", "add"]
Fill = Literal["none", "linear"]
Rates = float | Mapping[int, float]

# Slope of the logistic phase-in at its middle, per whole phase: unscaled it runs from 0.7 to
# 99.3 percent. A choice of ours.
STEEPNESS = 10.0


def phase(years: IntArray, origin: int, over: int, shape: Shape = "linear") -> FloatArray:
    """Share of a change that is in force in each year: from 0 to 1, `over` years long.

    shape: "linear"; "logistic", slow at both ends, half way at half time; "step", nothing until
    `over` years have passed and then all of it. All are 0 up to the origin, 1 from origin + over.

    >>> phase(np.arange(2010, 2014), 2010, 2).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    done = np.clip((np.asarray(years) - origin) / over, 0.0, 1.0)
    if shape == "step":
        return np.floor(done)
    if shape == "logistic":
        low, high = _logistic(np.array(0.0)), _logistic(np.array(1.0))
        return (_logistic(done) - low) / (high - low)
    return done


def _logistic(done: FloatArray) -> FloatArray:
    return 1 / (1 + np.exp(-STEEPNESS * (done - 0.5)))


def check_date(date: str) -> None:
    """Raises UsageError for a date that is neither empty nor ISO (2011-03-31)."""
    try:
        if date:
            calendar_date.fromisoformat(date)
    except ValueError:
        raise UsageError(f"date={date!r} found, an ISO date expected, e.g. 2011-03-31.") from None


def _check_choice(name: str, value: str, choices: object) -> None:
    known = get_args(choices)
    if value not in known:
        raise UsageError(f"{name}={value!r} found. {nearest(value, known)} "
                         f"Expected one of {', '.join(known)}.")  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """What a change is applied among: years [Y], the origin, the series' meaning.

    driver: paths [..., Y] of the series it responds to, before and now.
    """

    years: IntArray
    origin: int
    indicator: Indicator
    driver: tuple[FloatArray, FloatArray] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(ABC):
    """One change of one series. author, date (ISO), reason: the scenario's own where empty."""

    series: str
    author: str = ""
    date: str = ""
    reason: str = ""

    op: ClassVar[str]

    def __post_init__(self) -> None:
        check_date(self.date)

    @property
    def responds_to(self) -> str:
        """The series whose changes this one follows; empty for all but `Elasticity`."""
        return ""

    def apply(
        self,
        values: FloatArray,
        years: IntArray,
        origin: int,
        indicator: Indicator,
        driver: tuple[FloatArray, FloatArray] | None = None,
    ) -> FloatArray:
        """Changed values [..., Y] in the series' own unit; years [Y] up to the origin stay.

        driver: paths [..., Y] of `responds_to`, before and now. `Scenario.apply` keeps what comes
        out inside the indicator's bounds. Raises UsageError for years that do not fit (see
        `check_years`) and for values that the operator is not defined for.
        """
        self.check_years(origin, int(np.asarray(years)[-1]))
        where = Where(np.asarray(years), origin, indicator, driver)
        return self._moved(np.asarray(values, float), where)

    def check_years(self, origin: int, last: int) -> None:  # noqa: B027 (most name no year)
        """Raises UsageError where a year the change names is not after `origin`, up to `last`."""

    @abstractmethod
    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        """`apply`, after the years were checked."""

    @abstractmethod
    def describe(self) -> str:
        """The change in words; it begins with the series' name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Phased(Change):
    """A change that comes into force by and by.

    over: years until it is fully in force. start: the last year without it, the origin by default.
    shape: see `phase`.
    """

    over: int = 5
    start: int | None = None
    shape: Shape = "linear"

    def __post_init__(self) -> None:
        check_date(self.date)
        _check_choice("shape", self.shape, Shape)
        if self.over < 1:
            raise UsageError(f"over={self.over} found, at least 1 year expected.")

    def check_years(self, origin: int, last: int) -> None:
        _check_start(self.start, origin, last)

    def in_force(self, where: Where) -> FloatArray:
        """Share of the change in force [Y]."""
        begin = where.origin if self.start is None else self.start
        return phase(where.years, begin, self.over, self.shape)

    @property
    def timing(self) -> str:
        """How long it takes, in words."""
        return f"over {_years(self.over)}" + _begin(self.start) + _bent(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareShift(Phased):
    """A share moved by so many percentage points: s + points * phase."""

    points: float

    op: ClassVar[str] = "share_shift"

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        point = 0.01 / where.indicator.factor
        return values + self.points * point * self.in_force(where)

    def describe(self) -> str:
        return f"{self.series} {self.points:+g} percentage points {self.timing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiply(Phased):
    """A level multiplied: y * (1 + (factor - 1) * phase)."""

    factor: float

    op: ClassVar[str] = "multiply"

    def __post_init__(self) -> None:
        Phased.__post_init__(self)
        if not self.factor > 0:
            raise UsageError(f"factor={self.factor} found, a positive factor expected.")

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        return values * (1 + (self.factor - 1) * self.in_force(where))

    def describe(self) -> str:
        return f"{self.series} x {self.factor:.4g} {self.timing}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepProcessing(Phased):
    """A region's processing of what it extracts rises from its own coefficient to another's.

    A deep-processing coefficient is the region's share of the nation's processing over its share of
    extraction; the nation's is 1 by construction. The series is multiplied, as by `Multiply`, by
    target / coefficient.
    """

    coefficient: float
    target: float = 1.0

    op: ClassVar[str] = "deep_processing"

    def __post_init__(self) -> None:
        Phased.__post_init__(self)
        if not self.coefficient > 0 or not self.target > 0:
            raise UsageError(
                f"coefficient={self.coefficient}, target={self.target} found; positive "
                "coefficients expected."
            )

    @property
    def factor(self) -> float:
        """What the series is multiplied by."""
        return self.target / self.coefficient

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        return values * (1 + (self.factor - 1) * self.in_force(where))

    def describe(self) -> str:
        return (
            f"{self.series} x {self.factor:.4f}: deep processing from "
            f"{self.coefficient:.4f} to {self.target:.4f} {self.timing}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Change):
    """Given years set to given values, in the series' own unit, in every path.

    values: year -> value. fill: "none" leaves all other years as they are; "linear" draws straight
    lines from each path's value at the origin through the given ones and holds the last.
    """

    values: Mapping[int, float]
    fill: Fill = "none"

    op: ClassVar[str] = "override"

    def __post_init__(self) -> None:
        check_date(self.date)
        _check_choice("fill", self.fill, Fill)
        if not self.values:
            raise UsageError("values is empty; a value for at least one year expected.")

    def check_years(self, origin: int, last: int) -> None:
        _check_inside("values", self.values, origin, last)

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        years, origin = where.years, where.origin
        given = sorted(self.values)
        wanted = [float(self.values[year]) for year in given]
        moved = values.copy()
        if self.fill == "none":
            moved[..., np.searchsorted(years, given)] = wanted
            return moved
        later = years > origin
        line = np.interp(years, given, wanted)
        # Up to the first given year a line from each path's own value at the origin.
        own = np.clip((given[0] - years) / (given[0] - origin), 0.0, 1.0)
        moved[..., later] = (
            values[..., [_place(years, origin)]] * own[later] + (line * (1 - own))[later]
        )
        return moved

    def describe(self) -> str:
        told = ", ".join(f"{self.values[year]:g} in {year}" for year in sorted(self.values))
        between = ", straight lines between" if self.fill == "linear" else ""
        return f"{self.series} set to {told}{between}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target(Change):
    """The median reaches a value in a year; every path is bent with it.

    value: in the series' own unit. start: the last year left as it is, the origin by default.
    m: the median path before, s: start, T: year, w: phase from s to T (`shape`), then 1.

        path      all paths are
        "level"   multiplied by 1 + (value / m_T - 1) w
        "growth"  multiplied by m'_t / m_t, m' growing by the same rate every year from m_s to value
        "share"   moved on the logit scale by (logit value - logit m_T) w between the bounds

    Under "level" and "growth" relative widths stay; under "share", for what has two bounds, odds
    ratios do. After T the factor, or the distance in logits, is held.
    """

    year: int
    value: float
    path: Course = "level"
    start: int | None = None
    shape: Shape = "linear"

    op: ClassVar[str] = "target"

    def __post_init__(self) -> None:
        check_date(self.date)
        _check_choice("path", self.path, Course)
        _check_choice("shape", self.shape, Shape)
        if self.path == "growth" and self.shape != "linear":
            raise UsageError(
                f'shape={self.shape!r} found with path="growth", whose shape is steady growth. '
                'Leave it out, or use path="level".'
            )
        if self.start is not None and not self.start < self.year:
            raise UsageError(f"start={self.start} found, a year before {self.year} expected.")

    def check_years(self, origin: int, last: int) -> None:
        _check_start(self.start, origin, last)
        _check_inside("year", [self.year], origin, last)

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        years, origin = where.years, where.origin
        begin = origin if self.start is None else self.start
        done = phase(years, begin, self.year - begin, self.shape)
        middle = _median(values)
        reached = middle[_place(years, self.year)]
        if self.path == "share":
            return self._moved_share(values, done, reached, where.indicator)
        _check_positive(self, np.array([self.value, reached]))
        if self.path == "level":
            return np.asarray(values * (1 + (self.value / reached - 1) * done))
        from_start = (years >= begin) & (years <= self.year)
        _check_positive(self, middle[from_start])
        first = middle[_place(years, begin)]
        with np.errstate(divide="ignore", invalid="ignore"):  # zeros before the start
            factor = first * (self.value / first) ** done / middle
        factor = np.where(years <= begin, 1.0, factor)
        factor[years > self.year] = self.value / reached
        return values * factor

    def _moved_share(
        self, values: FloatArray, done: FloatArray, reached: float, indicator: Indicator
    ) -> FloatArray:
        low, high = indicator.bounds
        if not (np.isfinite(low) and np.isfinite(high)):
            raise UsageError(
                f'{self.describe()}: path="share" needs two bounds, {indicator.id!r} has '
                f'{low:g} to {high:g}. Use path="level" or path="growth".'
            )
        part = (np.array([self.value, reached]) - low) / (high - low)
        if not ((part > 0) & (part < 1)).all():
            raise UsageError(
                f"{self.describe()}: from {reached:g} to {self.value:g} found; both must lie "
                f"between {low:g} and {high:g}."
            )
        odds = part / (1 - part)
        ratio = (odds[0] / odds[1]) ** done
        inside = np.clip((values - low) / (high - low), 0.0, 1.0)
        # s r / (1 - s + s r): odds times r, and no infinities where a path is at a bound.
        moved = low + (high - low) * (inside * ratio / (1 - inside + inside * ratio))
        return np.where(done == 0, values, moved)

    def describe(self) -> str:
        how = {"level": "", "growth": " at steady growth", "share": " on the logit scale"}
        return (
            f"{self.series} reaches {self.value:g} by {self.year}{how[self.path]}"
            + _begin(self.start)
            + _bent(self.shape)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth(Phased):
    """The median's yearly growth g replaced by, or raised by, a rate; every path goes with it.

    rate: a fraction a year, one for all years or year -> rate (other years keep their growth).

        "replace"  g' = g + (rate - g) * phase
        "add"      g' = g + rate * phase

    All paths are multiplied by the product of (1 + g') / (1 + g) so far: relative widths stay.
    """

    rate: Rates
    mode: Mode = "replace"
    over: int = 1

    op: ClassVar[str] = "growth"

    def __post_init__(self) -> None:
        Phased.__post_init__(self)
        _check_choice("mode", self.mode, Mode)
        check_rates(self.rate)

    def check_years(self, origin: int, last: int) -> None:
        _check_start(self.start, origin, last)
        if isinstance(self.rate, Mapping):
            _check_inside("rate", self.rate, origin, last)

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        years, origin = where.years, where.origin
        at = _place(years, origin)
        middle = _median(values)[at:]
        _check_positive(self, middle)
        growth = middle[1:] / middle[:-1] - 1
        rate, force = rates(self.rate, years[at + 1 :]), self.in_force(where)[at + 1 :]
        change = (rate - growth if self.mode == "replace" else rate) * force
        changed = growth + np.where(np.isnan(change), 0.0, change)
        if not (changed > -1).all():
            raise UsageError(
                f"{self.describe()}: growth of {changed.min():+.4g} a year found, above -1 "
                "expected."
            )
        factor = np.ones(len(years))
        factor[at + 1 :] = np.cumprod((1 + changed) / (1 + growth))
        return values * factor

    def describe(self) -> str:
        word = "grows" if self.mode == "replace" else "growth raised"
        by = "" if self.over == 1 else f", phased in over {_years(self.over)}"
        told = (
            ", ".join(f"{100 * self.rate[year]:+.4g} % in {year}" for year in sorted(self.rate))
            if isinstance(self.rate, Mapping)
            else f"{100 * self.rate:+.4g} % a year"
        )
        return (
            f"{self.series} {word} by {told}{by}" + _begin(self.start) + _bent(self.shape)
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Elasticity(Change):
    """The series responds to what the scenario did to its driver: y * R(x') / R(x), path by path.

    x, x': the driver before and now; e: the elasticity; 0: the origin. Textbooks state elasticities
    under three conventions that differ (1 + 75 % with e = 0.325 means + 19.9, 20.8, 24.4 %):

        "log-log"  R = (x_t / x_0)^e
        "annual"   R = product of 1 + e (x_t / x_{t-1} - 1)
        "period"   R = 1 + e (x_t / x_0 - 1)

    The driver's change must stand before this one. "Before" is the driver as this series last
    responded to it, so that stacked scenarios count no change twice. Single paths where the driver
    or R is not positive stay as they are; raises UsageError where the driver's median is not.
    """

    driver: str
    elasticity: float
    convention: Convention = "log-log"

    op: ClassVar[str] = "elasticity"

    def __post_init__(self) -> None:
        check_date(self.date)
        _check_choice("convention", self.convention, Convention)
        if self.driver == self.series:
            raise UsageError(f"driver={self.driver!r} found, another series expected.")

    @property
    def responds_to(self) -> str:
        return self.driver

    def _moved(self, values: FloatArray, where: Where) -> FloatArray:
        if where.driver is None:
            raise UsageError(
                f"{self.describe()}: the driver's paths, before and now, are missing. Apply it as "
                "part of a scenario."
            )
        at = _place(where.years, where.origin)
        before, now = (np.asarray(paths, float)[..., at:] for paths in where.driver)
        for paths in (before, now):
            _check_positive(self, _median(paths), f"driver {self.driver!r}")
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            old, new = self._response(before), self._response(now)
            ratio = new / old
        meant = (old > 0) & (new > 0) & np.isfinite(ratio)
        moved = np.array(np.broadcast_to(values, (*ratio.shape[:-1], values.shape[-1])))
        moved[..., at:] = np.where(meant, moved[..., at:] * ratio, moved[..., at:])
        return moved

    def _response(self, x: FloatArray) -> FloatArray:
        if self.convention == "log-log":
            return np.asarray((x / x[..., :1]) ** self.elasticity)
        if self.convention == "period":
            return 1 + self.elasticity * (x / x[..., :1] - 1)
        steps = 1 + self.elasticity * (x[..., 1:] / x[..., :-1] - 1)
        # A product through a step that is not positive means nothing, also where two cancel.
        steps = np.where(np.minimum.accumulate(steps, axis=-1) > 0, steps, np.nan)
        return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(steps, axis=-1)], axis=-1)

    def describe(self) -> str:
        return (
            f"{self.series} follows {self.driver} with elasticity {self.elasticity:g} "
            f"({self.convention})"
        )


OPERATORS: Mapping[str, type[Change]] = {
    kind.op: kind
    for kind in (ShareShift, Multiply, DeepProcessing, Override, Target, Growth, Elasticity)
}


def check_rates(rate: Rates) -> None:
    """Raises UsageError for growth rates that are not fractions between -1 and 1."""
    for value in rate.values() if isinstance(rate, Mapping) else [rate]:
        if not -1 < value < 1:
            raise UsageError(
                f"growth of {value:g} found; a fraction a year between -1 and 1 expected, "
                "0.08 for 8 percent."
            )


def rates(rate: Rates, years: IntArray) -> FloatArray:
    """The rate of each year [Y]; NaN where none is given."""
    if isinstance(rate, Mapping):
        return np.array([float(rate.get(int(year), np.nan)) for year in years])
    return np.full(len(years), float(rate))


def _median(values: FloatArray) -> FloatArray:
    """[Y] of paths [..., Y]."""
    return np.asarray(np.median(values.reshape(-1, values.shape[-1]), axis=0))


def _place(years: IntArray, year: int) -> int:
    return int(np.searchsorted(years, year))


def _check_start(start: int | None, origin: int, last: int) -> None:
    if start is not None and not origin <= start < last:
        raise UsageError(f"start={start} found, a year from {origin} to {last - 1} expected.")


def _check_inside(
    name: str, named: Mapping[int, float] | list[int], origin: int, last: int
) -> None:
    for year in named:
        if not origin < year <= last:
            raise UsageError(f"{name}: {year} found, a year from {origin + 1} to {last} expected.")


def _check_positive(change: Change, values: FloatArray, whose: str = "") -> None:
    if not (values > 0).all():
        raise UsageError(
            f"{change.describe()}: {whose or 'a median'} of {values.min():g} found, values above "
            "0 expected. Use share_shift or override for what may be 0 or less."
        )


def _years(count: int) -> str:
    return f"{count} year{'' if count == 1 else 's'}"


def _begin(start: int | None) -> str:
    return "" if start is None else f" after {start}"


def _bent(shape: Shape) -> str:
    return "" if shape == "linear" else f", {shape}"
