"""What a measurement is held against: a value, a target, and which side of it is right."""

from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Claim:
    """One figure with its target.

    value: None where nothing was timed. target: None for a figure that is only reported.
    gate: whether missing the target fails `make bench`; ratios may, absolute figures may not.
    """

    what: str
    value: float | None
    target: float | None = None
    sense: Literal["at least", "at most"] = "at least"
    unit: str = "x"
    gate: bool = True
    note: str = ""

    @property
    def verdict(self) -> str:
        """met, missed, or - where there is no target or no value."""
        if self.value is None or self.target is None:
            return "-"
        met = self.value >= self.target if self.sense == "at least" else self.value <= self.target
        return "met" if met else "missed"


def claim(benchmark: Any, made: Claim) -> None:
    """Leave a claim with a benchmark, for the table."""
    benchmark.extra_info.setdefault("claims", []).append(asdict(made))
