"""An indicator: what a series of numbers means."""

from dataclasses import dataclass, field, fields, replace
from typing import Any, cast, get_args

from westforecast.errors import UsageError, is_text, nearest
from westforecast.series.units import Dimension, Unit, read_unit
from westforecast.typing import FlowOrStock, Kind

# What fields of a closed choice may be.
_CLOSED = {"kind": get_args(Kind), "flow_or_stock": (None, *get_args(FlowOrStock))}


class SizeOfUnit(float):
    """A multiplier that was read from the unit: another unit is read anew."""


class KindOfUnit(str):
    """A kind that follows from the unit: another unit is read anew."""


_LEVEL = cast(Kind, KindOfUnit("level"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """Metadata of one series.

    id: the series' key (`unique_id` of long frames).
    name, name_zh: English and Chinese names.
    unit: the unit values are stated in, e.g. "units", "CNY", "percent", "亿元", "100 mn CNY".
    multiplier: how many units one stored unit stands for (1, 1e4 for 万, 1e8 for 亿, ...). Unless
        given it is what the unit's own words say; a plain unit may have its size here alone.
    kind: level, count, share, rate, index or price. Unless given, percent of something is a share,
        percent a year a rate, and all else a level.
    flow_or_stock: "flow" (per year) or "stock" (at a date), or None.
    price_basis: "current", "constant" or None; base_year: of constant prices or of an index.
    region: ISO 3166-2 code or a named aggregate such as CN-WEST.
    publication_lag: periods after a period's end until its value is known.
    lower, upper: bounds the quantity cannot leave; a share in percent lies in [0, 100] by itself.
    breaks: periods (integers) from which on the definition differs from the one before.

    Raises UsageError for an unknown kind, a multiplier that is not positive or contradicts the
    unit, crossed bounds.
    """

    id: str
    name: str = ""
    name_zh: str = ""
    unit: str = ""
    multiplier: float = SizeOfUnit(1.0)
    kind: Kind = _LEVEL
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
        self._read_unit()
        try:
            object.__setattr__(self, "breaks", tuple(sorted(set(self.breaks))))
        except TypeError:
            raise UsageError(
                f"indicator {self.id!r}: breaks {self.breaks!r} found, integer periods expected."
            ) from None
        for name, known in _CLOSED.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(
                    f"indicator {self.id!r}: {name} {value!r} is not known. {nearest(value, known)}"
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

    def _read_unit(self) -> None:
        """Fill in what follows from the unit; hold what is given against it."""
        if not isinstance(self.unit, str):
            raise UsageError(f"indicator {self.id!r}: unit {self.unit!r} found, text expected.")
        try:
            unit = read_unit(self.unit)
            if self.multiplier is None or isinstance(self.multiplier, SizeOfUnit):
                size: float = SizeOfUnit(unit.multiplier)
            else:
                size = unit.given(self.multiplier)
        except UsageError as error:
            raise UsageError(f"indicator {self.id!r}: {error}") from None
        object.__setattr__(self, "multiplier", size)
        if self.kind is None or isinstance(self.kind, KindOfUnit):
            object.__setattr__(self, "kind", KindOfUnit(unit.kind or "level"))

    @property
    def measure(self) -> Unit:
        """What the words of `unit` mean."""
        return read_unit(self.unit)

    @property
    def is_percent(self) -> bool:
        """Whether values are stated in percent."""
        return self.measure.is_percent

    @property
    def factor(self) -> float:
        """What one stored unit is worth in plain units: 0.01 for percent, 1e4 for 万, ..."""
        return float(self.multiplier * self.measure.scale)

    @property
    def dimension(self) -> Dimension | None:
        """What is counted, and per what: () for shares; None where it is not stated."""
        return () if self.kind == "share" else self.measure.dimension

    @property
    def whole(self) -> float:
        """What a share is at most, in stored units: 1, or 100 percent, or 1000 ‰; else infinite."""
        if self.kind != "share":
            return float("inf")
        return 1 / self.factor if self.measure.dimension == () else 1.0

    @property
    def bounds(self) -> tuple[float, float]:
        """Lower and upper bound of stored values; infinite where there is none."""
        low, high = float("-inf"), float("inf")
        if self.kind == "share":
            low, high = 0.0, self.whole
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
