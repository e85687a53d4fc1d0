"""Identities: some quantities are forecast, others follow from them in every sample path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from westforecast.errors import UsageError, nearest
from westforecast.typing import FloatArray


@dataclass(frozen=True, slots=True)
class Product:
    """name = the product of its parts, in plain units: CNC output = cutting output x CNC ratio.

    parts: names of the factors. multiplier: what one unit of the result stands for (1e9 for
    billions). A part stated in percent counts as a fraction, one in 万 as ten thousand.
    """

    name: str
    parts: tuple[str, ...]
    multiplier: float = 1.0

    def evaluate(
        self, values: Mapping[str, FloatArray], factors: Mapping[str, float]
    ) -> FloatArray:
        """The product, elementwise.

        values: part -> array of any shape, all alike. factors: part -> `Indicator.factor`, what one
        stored unit is worth in plain units.
        """
        result: FloatArray | None = None
        for part in self.parts:
            plain = values[part] * factors[part]
            result = plain if result is None else result * plain
        assert result is not None, "a product has parts"
        return result / self.multiplier


def in_order(identities: Sequence[Product], known: Sequence[str]) -> list[Product]:
    """Identities sorted so that each comes after those it is made of.

    Raises UsageError for a part that nothing defines, and for identities that need each other.
    """
    ready, waiting, ordered = set(known), list(identities), []
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
        waiting = [identity for identity in waiting if identity.name not in ready]
    return ordered
