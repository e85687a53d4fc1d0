"""A series in standard form: about a fixed level, in a fixed size, whatever its unit."""

from dataclasses import dataclass

import numpy as np

from westforecast.typing import FloatArray

# Where values differ by less than this part of the largest, they differ by rounding alone.
ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Standard:
    """An affine map to standard form and back: `into` gives (y - centre) / unit * size + level.

    What searches for its numbers (an optimizer from a fixed start with a fixed tolerance, a test
    for constant values, single precision) finds others at another level or in another unit. Where
    the model itself is equivariant, it is given standard values and its answers are carried back.
    """

    centre: float = 0.0
    unit: float = 1.0
    level: float = 0.0
    size: float = 1.0

    @classmethod
    def of(
        cls, y: FloatArray, *, location: bool, level: float = 0.0, size: float = 1.0
    ) -> "Standard":
        """The map that takes `y` [T] to [level - size, level + size].

        location: whether the level may be moved; else the largest absolute value becomes
        |level| + size. Values that are all alike stay as they are.

        >>> Standard.of(np.array([1e6, 1e6 + 4]), location=True)
        Standard(centre=1000002.0, unit=2.0, level=0.0, size=1.0)
        """
        # Halves first: the sum or difference of the ends may lie beyond the largest float.
        low, high = float(y.min()) / 2, float(y.max()) / 2
        half, largest = high - low, float(np.abs(y).max())
        if not (half > ROUNDING * largest and half > np.finfo(float).tiny):
            return cls()
        if location:
            return cls(low + high, half, level, size)
        return cls(unit=largest, size=abs(level) + size)

    def into(self, y: FloatArray) -> FloatArray:
        """Values [...] of the series in standard form.

        To 13 places: in another unit the last digits differ, and a choice between settings that
        fit equally well should not hang on them.
        """
        if self == Standard():
            return y
        return np.round((y - self.centre) / self.unit, 13) * self.size + self.level

    def back(self, x: FloatArray) -> FloatArray:
        """Values [...] in standard form as values of the series."""
        return (x - self.level) / self.size * self.unit + self.centre
