"""Plausibility screens: what in a panel can hardly be true, said and never changed.

`screen(panel)` looks at every series (`jumps`) and at those that belong together (`ties`), and lets
the functions of `checks` decide and word. It raises for no data.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import log1p
from typing import Any, get_args

import numpy as np

from westforecast.domain.checks import (
    Finding,
    Rule,
    Severity,
    about,
    base_of,
    check_base,
    check_derived,
    check_growth,
    check_magnitude,
    check_part,
    check_same,
    check_sum,
    number,
)
from westforecast.domain.identity import Identity, Sum
from westforecast.domain.jumps import jumps
from westforecast.domain.ties import Ties, aligned, ties_of
from westforecast.errors import UsageError, nearest
from westforecast.series import frame as frames
from westforecast.series.indicator import Indicator, SizeOfUnit
from westforecast.series.panel import Panel, PanelLike
from westforecast.text import visible
from westforecast.typing import BoolArray, FloatArray, IntArray

# Values of a share below which nothing is said of its unit.
FEWEST = 3


@dataclass(frozen=True, slots=True)
class Screening:
    """What `screen` found: findings by rule and series, of how many series."""

    findings: tuple[Finding, ...]
    series: int

    def __len__(self) -> int:
        return len(self.findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def counts(self) -> dict[Rule, dict[Severity, int]]:
        """Findings of each rule that found something, by severity."""
        found = Counter((finding.rule, finding.severity) for finding in self.findings)
        return {
            rule: {s: found[rule, s] for s in get_args(Severity) if found[rule, s]}
            for rule in get_args(Rule)
            if any(found[rule, s] for s in get_args(Severity))
        }

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.findings if finding.severity == severity)

    def frame(self, backend: str = "pandas") -> Any:
        """One row a finding: severity, rule, series, when, found, expected, remedy.

        series: ids joined by "; ". backend: "pandas", "polars" or "pyarrow".
        """
        names = ("severity", "rule", "series", "when", "found", "expected", "remedy")
        columns: dict[str, list[str]] = {name: [] for name in names}
        for finding in self.findings:
            for name in names:
                told = getattr(finding, name)
                columns[name].append("; ".join(told) if name == "series" else told)
        return frames.build(columns, backend=backend)

    def headline(self) -> str:
        """66 series: 2 errors, 5 warnings, 1 note."""
        told = [
            f"{count} {name}{'s' * (count != 1)}"
            for name in get_args(Severity)
            if (count := len(self.of(name)))
        ]
        return f"{self.series:,} series: {', '.join(told) or 'nothing found'}"

    def __str__(self) -> str:
        """Grouped by rule, one line a finding, what to do below each group, counts at the end."""
        lines = []
        for rule, by_severity in self.counts().items():
            own = [finding for finding in self.findings if finding.rule == rule]
            lines.append(f"{rule} ({sum(by_severity.values())}): {MEANING[rule]}")
            lines += [
                f"  {f.severity:<7}  {f.where}: {f.found}; expected {f.expected}" for f in own
            ]
            lines += [f"  -> {remedy}" for remedy in dict.fromkeys(f.remedy for f in own)]
            lines.append("")
        return visible("\n".join([*lines, self.headline()]), lines=True)


MEANING: Mapping[Rule, str] = {
    "part": "a part below nothing or above its whole",
    "sum": "parts that do not add up",
    "derived": "a value that its parts do not give",
    "growth": "growth stated against growth from levels",
    "unit": "off by about a power of ten",
    "break": "a level shift far outside the series' own variation",
    "conflict": "sources that disagree",
    "base": "unlike prices put together",
    "stage": "a score in the wrong stage or half",
    "class": "one entity in two classes",
    "regression": "coefficients that the rows do not give",
}


def screen(
    data: PanelLike,
    *,
    wholes: Mapping[str, Sequence[str]] | None = None,
    parts: Mapping[str, str] | None = None,
    growth: Mapping[str, str] | None = None,
    identities: Sequence[Identity] = (),
    same: Iterable[Sequence[str]] = (),
) -> Screening:
    """What in data can hardly be true. Raises for no values and changes none.

    data: a long frame, the path of a CSV or Parquet file, or a Panel. A frame or file is read with
        gaps="keep", as the program reads it.
    wholes: whole -> its parts. The whole is a series, or any other name where the parts are shares
        that add up to 100 percent.
    parts: part -> a series it is a part of; the ratio must stay below 1 and must not jump.
    growth: level -> the series that states its growth (kind "rate", or an index previous year =
        100).
    identities: total = per capita x population and the like, by series ids.
    same: groups of series that are one quantity from several sources.

    What metadata and ids say is looked at without being told, within one region: sectors
    (industries primary, secondary, tertiary) with their total, regions of a nation, growth series
    (`x_growth` of `x`), per-capita figures, vintages (`x_pub` beside `x`), `CNC machine tools`
    within `machine tools`. Series without a region are not tied by themselves.

    Raises UsageError for ids the panel does not hold. A period is looked at where all values needed
    are observed.

    >>> import pandas as pd
    >>> y = [10.1, 11.2, 12.9, 15.0, 16.6, 188.0, 20.9, 23.0]
    >>> df = pd.DataFrame({"unique_id": "output", "ds": range(2000, 2008), "y": y})
    >>> print(screen(df).findings[0].found)
    188, about 10^1 of the 18.39 that its neighbours suggest
    """
    panel = data if isinstance(data, Panel) else Panel.of(data, gaps="keep")
    ties = ties_of(panel)
    ties.wholes.extend((whole, tuple(given)) for whole, given in (wholes or {}).items())
    ties.parts.extend((parts or {}).items())
    ties.growth.extend((growth or {}).items())
    ties.identities.extend(identities)
    ties.same.extend(tuple(group) for group in same)
    _require(panel, ties)
    # Wild values are looked for here; what overflows on the way compares as infinite or as missing.
    with np.errstate(all="ignore"):
        findings = [
            *_shares(panel),
            *_fractions(panel),
            *_unread(panel),
            *_sums(panel, ties.wholes),
            *_parts(panel, ties.parts),
            *_derived(panel, ties.identities),
            *_growths(panel, ties.growth),
            *jumps(panel, ties.parts, ties.families),
            *_conflicts(panel, ties.same),
            *_bases(panel, ties),
        ]
    rules, severities = get_args(Rule), get_args(Severity)
    findings = sorted(
        dict.fromkeys(findings),
        key=lambda f: (rules.index(f.rule), severities.index(f.severity)),
    )
    return Screening(tuple(findings), len(panel))


def _require(panel: Panel, ties: Ties) -> None:
    for whole, given in ties.wholes:
        for name in given:
            panel.index(name)
        if whole not in panel.places and any(panel.indicator(p).kind != "share" for p in given):
            raise UsageError(
                f"the whole {whole!r} is no series of the panel, and its parts are not all shares "
                f"(kind='share'), so what they add up to is unknown. {nearest(whole, panel.ids)}"
            )
    pairs = [*ties.parts, *ties.growth, *ties.same]
    pairs += [(identity.name, *identity.parts) for identity in ties.identities]
    for names in pairs:
        for name in names:
            panel.index(name)


def _worst(
    panel: Panel, names: Sequence[str], periods: IntArray, told: Sequence[Finding | None]
) -> list[Finding]:
    """One finding for all periods of one tie: the widest, with the others' periods."""
    hits = [(int(t), f) for t, f in zip(periods, told, strict=True) if f is not None]
    if not hits:
        return []
    period, worst = max(hits, key=lambda hit: hit[1].size)
    others = len(hits) - 1
    more = f" (and {others} other period{'s' * (others > 1)})" if others else ""
    when = panel.calendar.label(period) + more
    return [replace(worst, series=tuple(names), periods=tuple(t for t, _ in hits), when=when)]


def _shares(panel: Panel) -> list[Finding]:
    """Values of shares outside their whole; also of unlabelled percentages called a share."""
    wholes = np.full(len(panel), np.inf)
    for i, one in enumerate(panel.indicators):
        called = one.kind == "level" and "share" in f"{one.id} {one.name}".casefold()
        wholes[i] = 100.0 if one.is_percent and called else one.whole
    whole = np.repeat(wholes, panel.lengths)
    out = np.isfinite(whole) & ((panel.values < 0) | (panel.values > whole))
    findings = []
    for i in np.unique(np.searchsorted(panel.indptr, np.flatnonzero(out), side="right") - 1):
        own = slice(panel.indptr[i], panel.indptr[i + 1])
        places = np.flatnonzero(out[own])
        told = [check_part(float(v), float(wholes[i])) for v in panel.values[own][places]]
        findings += _worst(panel, [panel.indicators[i].id], panel.first[i] + places, told)
    return findings


def _fractions(panel: Panel) -> list[Finding]:
    """Series in percent of which no value is above 1: fractions, most likely.

    A warning where series of the same id, but for the region or its last word, are ten times as
    high; else a note, of shares alone: changes of below one percent are common.
    """
    top, groups = np.full(len(panel), np.nan), defaultdict(list)
    for i, one in enumerate(panel.indicators):
        values = panel.values[panel.indptr[i] : panel.indptr[i + 1]]
        seen = values[np.isfinite(values)]
        if one.is_percent and len(seen) >= FEWEST:
            top[i] = np.abs(seen).max()
            groups[_stem(one), one.kind].append(i)
    findings = []
    for members in groups.values():
        for i in members:
            others = [top[k] for k in members if top[k] > 1]
            if not 0 < top[i] <= 1:
                continue
            beside = bool(others) and float(np.median(others)) >= 10 * top[i]
            if not beside and panel.indicators[i].kind != "share":
                continue
            expected = (
                f"about {about(float(np.median(others)))}, as in series beside it"
                if (beside)
                else "percent, of which some are above 1"
            )
            findings.append(Finding(
                "warning" if beside else "note", "unit",
                f"no value above {number(float(top[i]))} percent", expected,
                "Multiply by 100, or declare the unit as a fraction.",
                series=(panel.indicators[i].id,),
            ))  # fmt: skip
    return findings


def _stem(one: Indicator) -> str:
    """The id less the region, or less its last word: share.A and share.B are one measure."""
    if one.region and one.region in one.id:
        return one.id.replace(one.region, "")
    return re.sub(r"[\W_]*[^\W_]*$", "", one.id) or one.industry or one.kind


def _unread(panel: Panel) -> list[Finding]:
    """Units with a word that may mean several things, beside which no multiplier is given."""
    words = defaultdict(list)
    for one in panel.indicators:
        if one.measure.doubt and isinstance(one.multiplier, SizeOfUnit):
            words[one.unit, one.measure.doubt].append(one.id)
    return [
        Finding(
            "note", "unit", f"unit {unit!r}, of which {word!r} may mean several things",
            "a unit whose size is certain", "State the unit in listed words (docs: units), or its "
            "size as the multiplier.", series=tuple(ids),
        )
        for (unit, word), ids in words.items()
    ]  # fmt: skip


def _compare(
    panel: Panel,
    names: Sequence[str],
    unit: float,
    suspect: Callable[[FloatArray], BoolArray],
    check: Callable[[Sequence[float]], Finding | None],
) -> list[Finding]:
    """What a check says of the periods in which all series are observed.

    unit: what values are told in. suspect: [names, T] -> [T] periods worth checking at all.
    """
    periods, values = aligned(panel, names)
    values = values / unit
    look_at = np.isfinite(values).all(axis=0) & suspect(values)
    # Ten digits: 32.8, as printed, not 32.800000000000004.
    told = [check([float(f"{v:.10g}") for v in column]) for column in values[:, look_at].T]
    return _worst(panel, names, periods[look_at], told)


def _unlike(one: FloatArray, other: FloatArray, tolerance: float) -> BoolArray:
    """Elementwise: unlike signs, or further apart than the tolerance."""
    ratio = one / other
    return ~(np.abs(np.log(np.where(ratio > 0, ratio, np.inf))) <= log1p(tolerance))


def _sums(panel: Panel, wholes: Iterable[tuple[str, tuple[str, ...]]]) -> list[Finding]:
    findings = []
    for whole, parts in wholes:
        if whole in panel.places:
            findings += _compare(
                panel, (whole, *parts), panel.indicator(whole).factor,
                lambda v: _unlike(v[1:].sum(axis=0), v[0], 0.004),
                lambda v: check_sum(v[1:], v[0]),
            )  # fmt: skip
        else:
            findings += _compare(
                panel, parts, 0.01, lambda v: np.abs(v.sum(axis=0) - 100) > 0.4, check_sum
            )
    return findings


def _parts(panel: Panel, pairs: Iterable[tuple[str, str]]) -> list[Finding]:
    findings = []
    for pair in pairs:
        findings += _compare(
            panel, pair, panel.indicator(pair[1]).factor,
            lambda v: (v[0] < 0) | (v[0] > v[1]), lambda v: check_part(v[0], v[1]),
        )  # fmt: skip
    return findings


def _derived(panel: Panel, identities: Iterable[Identity]) -> list[Finding]:
    """Identities in plain units; adding up has a rule and a tolerance of its own."""
    findings = []
    for identity in identities:
        if isinstance(identity, Sum):
            findings += _sums(panel, [(identity.name, identity.parts)])
            continue
        unit = panel.indicator(identity.name).factor

        def made(v: Any, made_of: Identity = identity, unit: float = unit) -> Any:
            """From values in units of the whole, which `combine` takes in plain ones."""
            return made_of.combine([np.asarray(part) * unit for part in v[1:]]) / unit

        findings += _compare(
            panel, (identity.name, *identity.parts), unit,
            lambda v, made=made: _unlike(v[0], made(v), 0.02),  # type: ignore[misc]
            lambda v, made=made: check_derived(v[0], float(made(v))),  # type: ignore[misc]
        )  # fmt: skip
    return findings


def _growths(panel: Panel, pairs: Iterable[tuple[str, str]]) -> list[Finding]:
    """Levels against the growth stated for every period between them."""
    findings = []
    for level, rate in pairs:
        about = panel.indicator(rate)
        periods, values = panel.series(level)
        stated_at, rates = panel.series(rate)
        index = about.kind == "index"
        stated = dict(zip(stated_at.tolist(), rates / 100 - 1 if index else rates * about.factor,
                          strict=True))  # fmt: skip
        seen = np.flatnonzero(np.isfinite(values))
        ends, told, broken = [], [], []
        for a, b in pairwise(seen):
            span = range(int(periods[a]) + 1, int(periods[b]) + 1)
            factors = 1 + np.array([stated.get(t, np.nan) for t in span])
            if not (factors > 0).all():  # also where one is missing
                continue
            crossed = [t for t in panel.indicator(level).breaks if t in span]
            broken += crossed
            if not crossed:
                # 0.328, as printed, not 0.32799999999999996
                mean = round(float(np.exp(np.log(factors).mean())) - 1, 9)
                ends.append(span[-1])
                told.append(check_growth(float(values[a]), float(values[b]), mean, len(span)))
        findings += _worst(panel, (level, rate), np.array(ends, np.int64), told)
        findings += [
            Finding(
                "warning", "growth", "growth stated across a declared break",
                "growth within one definition", "Take it as growth only where both ends are of one "
                "definition.", (level, rate), (t,), panel.calendar.label(t),
            )
            for t in broken
        ]  # fmt: skip
    return findings


# Sources further apart in time than this say nothing of each other.
_MEET = 2


def _conflicts(panel: Panel, groups: Iterable[tuple[str, ...]]) -> list[Finding]:
    """Sources against each other where both are observed, else where they meet.

    Of several sources of one quantity the pair that is widest apart is told.
    """
    findings = []
    for group in groups:
        found = [told for pair in combinations(group, 2) for told in _conflict(panel, pair)]
        findings += [max(found, key=lambda f: f.size)] if found else []
    return findings


def _conflict(panel: Panel, pair: tuple[str, ...]) -> list[Finding]:
    one, other = (panel.indicator(name).factor for name in pair)
    _, values = aligned(panel, pair)
    if np.isfinite(values).all(axis=0).any():
        return _compare(
            panel, pair, one, lambda v: _unlike(v[0], v[1], 0.04),
            lambda v: check_magnitude(v[0], v[1]) or check_same(v[0], v[1]),
        )  # fmt: skip
    (near, mine), (far, theirs) = (_observed(panel, name) for name in pair)
    if not len(near) or not len(far):
        return []
    gaps = np.abs(near[:, None] - far)
    a, b = np.unravel_index(int(gaps.argmin()), gaps.shape)
    if (apart := int(gaps[a, b])) > _MEET:
        return []
    told = check_same(float(mine[a]), float(theirs[b] * other / one), apart)
    return _worst(panel, pair, near[[a]], [told])


def _observed(panel: Panel, name: str) -> tuple[IntArray, FloatArray]:
    periods, values = panel.series(name)
    seen = np.isfinite(values)
    return periods[seen], values[seen]


def _bases(panel: Panel, ties: Ties) -> list[Finding]:
    """Unlike prices in one sum, product or comparison; one measure in several base years."""
    groups = [(whole, *parts) for whole, parts in ties.wholes]
    groups += [(identity.name, *identity.parts) for identity in ties.identities]
    groups += [*ties.parts, *ties.same]
    findings = []
    for names in groups:
        about = [panel.indicator(name) for name in names if name in panel.places]
        # A price or an index among them may be the deflator.
        if not any(one.kind in {"price", "index"} for one in about):
            found = check_base(about)
            findings += [found] if found else []
    years: dict[Any, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in panel.indicators:
        told = base_of(one)
        if told.startswith("constant prices of"):
            stem = re.sub(r"(?:19|20)\d\d", "", f"{one.name} {one.unit}".casefold())
            years[stem, one.industry][told].append(one.id)
    findings += [
        Finding(
            "note", "base", " and ".join(found), "one base year to compare levels",
            "Growth may be compared, levels may not.",
            tuple(name for ids in found.values() for name in ids),
        )
        for found in years.values()
        if len(found) > 1
    ]  # fmt: skip
    return findings
