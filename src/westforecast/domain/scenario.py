"""Scenarios: named changes of assumptions with a written reason, and what they add up to."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from westforecast.errors import UsageError
from westforecast.series.indicator import Indicator
from westforecast.typing import FloatArray, IntArray


def phase(years: IntArray, origin: int, over: int) -> FloatArray:
    """Share of a change that is in force in each year: a straight line to 1, `over` years long.

    >>> phase(np.arange(2010, 2014), 2010, 2).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    return np.clip((np.asarray(years) - origin) / over, 0.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(ABC):
    """One change of one series. `over`: years from the origin until it is fully in force."""

    series: str
    over: int = 5

    op: ClassVar[str]

    def __post_init__(self) -> None:
        if self.over < 1:
            raise UsageError(f"over={self.over} found, at least 1 year expected.")

    @abstractmethod
    def apply(
        self, values: FloatArray, years: IntArray, origin: int, indicator: Indicator
    ) -> FloatArray:
        """Changed values [..., Y] in the series' own unit; years [Y] up to the origin stay.

        `Scenario.apply` keeps what comes out inside the indicator's bounds.
        """

    @abstractmethod
    def describe(self) -> str:
        """The change in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareShift(Change):
    """A share moved by so many percentage points: s + points * phase."""

    points: float

    op: ClassVar[str] = "share_shift"

    def apply(
        self, values: FloatArray, years: IntArray, origin: int, indicator: Indicator
    ) -> FloatArray:
        point = 1.0 if indicator.is_percent else 0.01
        return values + self.points * point * phase(years, origin, self.over)

    def describe(self) -> str:
        return f"{self.series} {self.points:+g} percentage points over {self.over} years"


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiply(Change):
    """A level multiplied: y * (1 + (factor - 1) * phase)."""

    factor: float

    op: ClassVar[str] = "multiply"

    def __post_init__(self) -> None:
        if self.over < 1 or not self.factor > 0:
            raise UsageError(
                f"factor={self.factor}, over={self.over} found; a positive factor and at least "
                "1 year expected."
            )

    def apply(
        self, values: FloatArray, years: IntArray, origin: int, indicator: Indicator
    ) -> FloatArray:
        return values * (1 + (self.factor - 1) * phase(years, origin, self.over))

    def describe(self) -> str:
        return f"{self.series} x {self.factor:.4g} over {self.over} years"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepProcessing(Change):
    """A region's processing of what it extracts rises from its own coefficient to another's.

    A deep-processing coefficient is the region's share of the nation's processing over its share of
    extraction; the nation's is 1 by construction. The series is multiplied, as by `Multiply`, by
    target / coefficient.
    """

    coefficient: float
    target: float = 1.0

    op: ClassVar[str] = "deep_processing"

    def __post_init__(self) -> None:
        if self.over < 1 or not self.coefficient > 0 or not self.target > 0:
            raise UsageError(
                f"coefficient={self.coefficient}, target={self.target}, over={self.over} found; "
                "positive coefficients and at least 1 year expected."
            )

    @property
    def factor(self) -> float:
        """What the series is multiplied by."""
        return self.target / self.coefficient

    def apply(
        self, values: FloatArray, years: IntArray, origin: int, indicator: Indicator
    ) -> FloatArray:
        same = Multiply(series=self.series, factor=self.factor, over=self.over)
        return same.apply(values, years, origin, indicator)

    def describe(self) -> str:
        return (
            f"{self.series} x {self.factor:.4f}: deep processing from "
            f"{self.coefficient:.4f} to {self.target:.4f} over {self.over} years"
        )


OPERATORS: Mapping[str, type[Change]] = {
    kind.op: kind for kind in (ShareShift, Multiply, DeepProcessing)
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, a reason in words, and changes applied one after the other."""

    name: str
    reason: str
    changes: tuple[Change, ...] = ()

    def apply(
        self,
        values: Mapping[str, FloatArray],
        years: IntArray,
        origin: int,
        indicators: Mapping[str, Indicator],
    ) -> dict[str, FloatArray]:
        """All series [P, Y] under the scenario; those it does not touch are handed through.

        A single path that leaves its indicator's bounds is set to the bound. Raises UsageError
        where the median path does: then the scenario itself cannot be meant.
        """
        changed = dict(values)
        for change in self.changes:
            name = change.series
            moved = change.apply(changed[name], years, origin, indicators[name])
            low, high = indicators[name].bounds
            middle = np.median(np.atleast_2d(moved), axis=0)
            if middle.min() < low or middle.max() > high:
                raise UsageError(
                    f"{change.describe()} leaves {low:g} to {high:g} "
                    f"({middle.min():.4g} to {middle.max():.4g}). Ask for a smaller change."
                )
            changed[name] = np.clip(moved, low, high)
        return changed


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The change of region = share x market between two years, in three parts that add up."""

    start: float
    end: float
    market: float
    share: float
    interaction: float

    @property
    def total(self) -> float:
        """end - start."""
        return self.end - self.start


def decompose(market0: float, market1: float, share0: float, share1: float) -> Decomposition:
    """dY = s0 dN + ds N0 + ds dN for Y = s N, exactly. Shares as fractions.

    market growth at the old share, share gain in the old market, and both together.

    >>> parts = decompose(60.0, 149.3, 0.0895, 0.1195)
    >>> round(parts.market + parts.share + parts.interaction - parts.total, 12)
    0.0
    """
    growth, gain = market1 - market0, share1 - share0
    return Decomposition(
        start=share0 * market0,
        end=share1 * market1,
        market=share0 * growth,
        share=gain * market0,
        interaction=gain * growth,
    )
