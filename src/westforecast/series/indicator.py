"""An indicator: what a series of numbers means."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from westforecast.errors import UsageError, is_text, nearest
from westforecast.typing import FlowOrStock, Kind

# What fields of a closed choice may be.
_CLOSED = {"kind": get_args(Kind), "flow_or_stock": (None, *get_args(FlowOrStock))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Metadata of one series.

    id: the series' key (`unique_id` of long frames).
    name, name_zh: English and Chinese names.
    unit: the unit values are stated in, e.g. "units", "CNY", "percent".
    multiplier: how many units one stored unit stands for (1, 1e4 for 万, 1e8 for 亿, ...).
    kind: level, count, share, rate, index or price.
    flow_or_stock: "flow" (per year) or "stock" (at a date), or None.
    price_basis: "current", "constant" or None; base_year: of constant prices or of an index.
    region: ISO 3166-2 code or a named aggregate such as CN-WEST.
    publication_lag: periods after a period's end until its value is known.
    lower, upper: bounds the quantity cannot leave; a share in percent lies in [0, 100] by itself.
    breaks: periods (integers) from which on the definition differs from the one before.

    Raises UsageError for an unknown kind, a multiplier that is not positive, crossed bounds.
    """

    id: str
    name: str = ""
    name_zh: str = ""
    unit: str = ""
    multiplier: float = 1.0
    kind: Kind = "level"
    flow_or_stock: FlowOrStock | None = None
    price_basis: str | None = None
    base_year: int | None = None
    region: str = ""
    industry: str = ""
    source: str = ""
    publication_lag: int = 0
    lower: float | None = None
    upper: float | None = None
    breaks: tuple[int, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in FIELDS:
            if isinstance(value := getattr(self, name), str) and not is_text(value):
                raise UsageError(f"{name} {value!r} of an indicator holds a lone surrogate or NUL.")
        for name, known in _CLOSED.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(
                    f"indicator {self.id!r}: {name} {value!r} is not known. {nearest(value, known)}"
                )
        if not self.multiplier > 0:
            raise UsageError(
                f"indicator {self.id!r}: multiplier {self.multiplier!r} found, a positive number "
                "expected (1, 1e4 for 万, 1e8 for 亿)."
            )
        if self.publication_lag < 0:
            raise UsageError(
                f"indicator {self.id!r}: publication_lag {self.publication_lag} found, "
                "0 or more periods expected."
            )
        low, high = self.bounds
        if not low < high:
            raise UsageError(
                f"indicator {self.id!r}: lower bound {low:g} is not below upper bound {high:g}."
            )

    @property
    def is_percent(self) -> bool:
        """Whether values are stated in percent."""
        return self.unit.casefold() in {"percent", "pct", "%"}

    @property
    def factor(self) -> float:
        """What one stored unit is worth in plain units: 0.01 for percent, 1e4 for 万, ..."""
        return self.multiplier * (0.01 if self.is_percent else 1.0)

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound of stored values; infinite where there is none."""
        low, high = float("-inf"), float("inf")
        if self.kind == "share":
            low, high = 0.0, 100.0 if self.is_percent else 1.0
        elif self.kind in {"count", "price"}:
            low = 0.0
        return (
            low if self.lower is None else self.lower,
            high if self.upper is None else self.upper,
        )

    def with_(self, **changes: Any) -> "Indicator":
        """The same indicator with some fields changed."""
        return replace(self, **changes)


FIELDS = tuple(f.name for f in fields(Indicator))
