"""Which series of a panel belong together, as ids and metadata say.

Wholes and parts, levels and their stated growth, totals and per-capita figures, vintages of one
quantity, one measure in several regions. Only series that name their region are tied.
"""

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from westforecast.domain.checks import base_of
from westforecast.domain.identity import Identity, Product
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel
from westforecast.series.units import COUNTS
from westforecast.typing import FloatArray, IntArray

# Regions of which a family of one measure must have so many to speak of usual changes.
FAMILY = 5


@dataclass(frozen=True, slots=True)
class Ties:
    """Which series belong together, by id; families by position."""

    wholes: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    parts: list[tuple[str, str]] = field(default_factory=list)
    growth: list[tuple[str, str]] = field(default_factory=list)
    identities: list[Identity] = field(default_factory=list)
    same: list[tuple[str, ...]] = field(default_factory=list)
    families: list[list[int]] = field(default_factory=list)


def aligned(panel: Panel, names: Sequence[str]) -> tuple[IntArray, FloatArray]:
    """Periods [T] all series have in common, and values [len(names), T] in plain units."""
    at = [panel.index(name) for name in names]
    first = int(panel.first[at].max())
    last = max(int(panel.last[at].min()), first - 1)
    starts = [panel.indptr[i] + first - panel.first[i] for i in at]
    rows = [
        panel.values[k : k + last - first + 1] * panel.indicators[i].factor
        for i, k in zip(at, starts, strict=True)
    ]
    return np.arange(first, last + 1), np.array(rows).reshape(len(at), -1)


def _dimension(indicator: Indicator) -> Hashable:
    """What is counted, a head or not, and whether in constant prices: CNY for CNY 100 mn."""
    pairs = indicator.dimension
    if pairs is None:
        return indicator.unit.casefold()
    counted = tuple(pair for pair in pairs if pair[1] > 0 or pair[0] not in COUNTS)
    return counted, "constant" in indicator.unit.casefold()


_YEAR = re.compile(r"(?:19|20)\d\d")

# Words of an id that name a vintage or a way of coming by a value, not a quantity.
_VINTAGE = {
    "pub", "published", "prelim", "preliminary", "final", "first", "latest", "revised", "report",
    "text", "communique", "alt", "calc", "computed", "derived", "chain", "rounded", "csy", "yb",
    "cqyb", "yearbook", "4c",
}  # fmt: skip
_GROWTH = {"growth", "yoy", "prev", "rate", "stated"}
_RELATIVE = {"pc", "capita", "per", "share", "ratio", "idx", "index", "price", *_GROWTH}
_SECTORS = {
    "primary": "A", "agriculture": "A", "secondary": "I", "tertiary": "S", "services": "S"
}  # fmt: skip
_SECTOR_WORDS = {*_SECTORS, "agr", "agri", "industry"}

# The four economic zones of the National Bureau of Statistics, and the twelve western provinces.
_REGIONS = {
    "CN": ("CN-EAST", "CN-CENTRAL", "CN-WEST", "CN-NORTHEAST"),
    "CN-WEST": ("CN-NM", "CN-GX", "CN-CQ", "CN-SC", "CN-GZ", "CN-YN",
                "CN-XZ", "CN-SN", "CN-GS", "CN-QH", "CN-NX", "CN-XJ"),
}  # fmt: skip
_OF_NATION = re.compile(r"\b(?:in|of) (?:the )?(?:nation|national|country)\b")

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What id and metadata of one series say. raw: words of the id less the region's."""

    place: int
    indicator: Indicator
    raw: Words
    words: Words  # raw less vintages: the quantity
    dimension: Hashable

    @property
    def id(self) -> str:
        return self.indicator.id


def _known(place: int, indicator: Indicator) -> _Known:
    region = set(re.findall(r"[^\W_]+", indicator.region.casefold()))
    raw = frozenset(re.findall(r"[^\W_]+", indicator.id.casefold())) - region
    raw = frozenset("cur" if word in {"nominal", "current"} else word for word in raw)
    words = frozenset(w for w in raw if w not in _VINTAGE and _YEAR.sub("", w, 1) not in _VINTAGE)
    return _Known(place, indicator, raw, words or raw, _dimension(indicator))


def ties_of(panel: Panel) -> Ties:
    """What ids and metadata say belongs together; only series that name their region."""
    known = [_known(i, ind) for i, ind in enumerate(panel.indicators) if ind.region]
    ties = Ties()
    by_region: dict[str, list[_Known]] = defaultdict(list)
    for one in known:
        by_region[one.indicator.region].append(one)
    for own in by_region.values():
        ties.wholes.extend(_sectors(own))
        ties.growth.extend(_growth_of(own))
        ties.identities.extend(_per_capita(own))
        ties.same.extend(_vintages(own))
        ties.parts.extend(_within(own))
    _regions(known, ties)
    return ties


def _best(one: _Known, candidates: Iterable[_Known]) -> _Known | None:
    """The candidate of the same vintage words, else the one that shares most."""
    return min(candidates, key=lambda c: (len(c.raw ^ one.raw), c.place), default=None)


def _sectors(own: list[_Known]) -> list[tuple[str, tuple[str, ...]]]:
    """Primary, secondary and tertiary of one measure, with 100 percent or their total."""
    groups: dict[Any, dict[str, list[_Known]]] = defaultdict(lambda: defaultdict(list))
    for one in own:
        first = (one.indicator.industry.casefold().split() or [""])[0]
        if first in _SECTORS and one.indicator.kind in {"share", "level", "count"}:
            key = (one.raw - _SECTOR_WORDS, one.indicator.kind, one.dimension)
            groups[key][_SECTORS[first]].append(one)
    found = []
    for (rest, kind, dimension), sectors in groups.items():
        if len(sectors) < 3 or any(len(several) > 1 for several in sectors.values()):
            continue
        ids = tuple(sectors[s][0].id for s in "AIS")
        if kind == "share":
            found.append((f"100 percent of {', '.join(sorted(rest)) or 'all'}", ids))
            continue
        found += [
            (whole.id, ids)
            for whole in own
            if whole.dimension == dimension
            and whole.raw & {"gdp", "grp", "total"}
            and whole.raw - {"gdp", "grp", "total"} == rest - {"va", "gva"}
        ][:1]
    return found


def _growth_of(own: list[_Known]) -> list[tuple[str, str]]:
    """Levels with the series that states their growth."""
    levels = defaultdict(list)
    for one in own:
        if not one.words & _GROWTH and one.indicator.kind in {"level", "count", "price", "index"}:
            levels[_yearless(one.words)].append(one)
    found = []
    for one in own:
        stated = one.words & _GROWTH and one.indicator.kind in {"rate", "index"}
        if stated and (level := _best(one, levels.get(_yearless(one.words - _GROWTH), ()))):
            found.append((level.id, one.id))
    return found


def _yearless(words: Words) -> Words:
    """Without base years: gdp_idx_prev states the growth of gdp_idx_1978."""
    return frozenset(word for word in words if not _YEAR.fullmatch(word))


def _per_capita(own: list[_Known]) -> list[Identity]:
    """Total = per capita x population, all of one region."""
    heads = [one for one in own if "population" in one.words and one.indicator.kind == "count"]
    found: list[Identity] = []
    for one in own if heads else ():
        if one.indicator.kind != "level" or not one.words & {"pc", "capita"}:
            continue
        rest = one.words - {"pc", "per", "capita"}
        total = _best(one, (c for c in own if c.words == rest and c.dimension == one.dimension))
        people = _best(one, (c for c in heads if c.words - {"population"} <= rest))
        if total and people:
            found.append(Product(total.id, (one.id, people.id)))
    return found


def _vintages(own: list[_Known]) -> list[tuple[str, ...]]:
    """Series that are one quantity in several vintages."""
    groups: dict[Any, list[str]] = defaultdict(list)
    for one in own:
        about = one.indicator
        if about.kind in {"level", "count", "share", "price"}:
            # What says nothing of prices is taken to be in current ones.
            base = base_of(about).removeprefix("current prices")
            groups[one.words, about.kind, about.industry, one.dimension, base].append(one.id)
    return [tuple(ids) for ids in groups.values() if len(ids) > 1]


def _within(own: list[_Known]) -> list[tuple[str, str]]:
    """CNC machine tools within machine tools: the industry's longer name, the id's added word."""
    counts = [one for one in own if one.indicator.kind in {"level", "count"}]
    by_words = defaultdict(list)
    for one in counts:
        by_words[one.raw, one.dimension].append(one)
    found = []
    for part in counts:
        added = set(re.findall(r"\w+", part.indicator.industry.casefold())) & part.raw
        for word in sorted(added):
            for whole in by_words.get((part.raw - {word}, part.dimension), ()):
                if part.indicator.industry.casefold().endswith(
                    f" {whole.indicator.industry.casefold()}"
                ):
                    found.append((part.id, whole.id))
    return found


def _regions(known: list[_Known], ties: Ties) -> None:
    """One measure in several regions: parts of a nation, complete partitions, families."""
    groups: dict[Any, dict[str, _Known]] = defaultdict(dict)
    loose: dict[Any, list[_Known]] = defaultdict(list)
    for one in known:
        about = one.indicator
        groups[one.raw, about.kind, one.dimension].setdefault(about.region, one)
        if about.kind in {"level", "count"} and not one.words & _RELATIVE:
            loose[one.words, about.kind, about.industry, one.dimension, about.region].append(one)
    for (raw, kind, _), members in groups.items():
        if len(members) >= FAMILY:
            ties.families.append([one.place for one in members.values()])
        for whole, regions in _REGIONS.items():
            if not all(region in members for region in regions):
                continue
            ids = tuple(members[region].id for region in regions)
            if kind == "share" and all(
                _OF_NATION.search(members[r].indicator.name.casefold()) for r in regions
            ):
                ties.wholes.append((f"100 percent of {whole}", ids))
            elif kind in {"level", "count"} and whole in members and not raw & _RELATIVE:
                ties.wholes.append((members[whole].id, ids))
    for (*what, region), inner in loose.items():
        # The nearest larger region there is: the west, else the nation.
        larger = [name for name, members_ in _REGIONS.items() if region in members_][::-1]
        larger = [name for name in (*larger, region.split("-")[0]) if name != region]
        wholes = next((loose[*what, name] for name in larger if (*what, name) in loose), ())
        ties.parts.extend((one.id, w.id) for one in inner if (w := _best(one, wholes)))
