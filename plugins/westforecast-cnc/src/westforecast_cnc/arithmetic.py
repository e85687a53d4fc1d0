"""The sums behind the source text's claims: numbers in, numbers out, shares as fractions."""

from dataclasses import dataclass


def implied_total(part_gain: float, share_gain: float) -> float:
    """Return the total of which `share_gain` (a fraction) is `part_gain`; same unit as `part_gain`.

    Holds only while the total stands still: "3 points more is 2 bn more" fixes the total.

    >>> round(implied_total(2.0, 0.03), 1)
    66.7
    """
    return part_gain / share_gain


@dataclass(frozen=True, slots=True)
class Processing:
    """Deep processing of two regions, from their shares (fractions) of mining and smelting.

    The coefficient of a region is its share of smelting over its share of mining: above 1 where a
    region smelts more than it mines. The nation's is 1 by construction.
    """

    west_mining: float
    west_smelting: float
    east_mining: float
    east_smelting: float

    @property
    def west(self) -> float:
        """The West's coefficient."""
        return self.west_smelting / self.west_mining

    @property
    def east(self) -> float:
        """The East's coefficient."""
        return self.east_smelting / self.east_mining

    @property
    def rest_mining(self) -> float:
        """Share of mining outside West and East."""
        return 1.0 - self.west_mining - self.east_mining

    @property
    def rest_smelting(self) -> float:
        """Share of smelting outside West and East."""
        return 1.0 - self.west_smelting - self.east_smelting

    @property
    def rest(self) -> float:
        """The coefficient of all other regions."""
        return self.rest_smelting / self.rest_mining

    @property
    def multiple_at_nation(self) -> float:
        """Western smelting at the nation's coefficient over western smelting now."""
        return 1.0 / self.west

    @property
    def multiple_at_east(self) -> float:
        """Western smelting at the East's coefficient over western smelting now."""
        return self.east / self.west
