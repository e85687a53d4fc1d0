"""Jumps: values off by a power of ten, and level shifts far outside what is usual.

A change is compared with the changes around it, not with all: growth comes in regimes. What is left
over, the residual, is measured in multiples of the usual residual of the series (robust) and of its
second largest one; both must be wide, for annual series have heavy tails. How often the thresholds
are met in clean data, and what they miss, is in docs/explanation/screens.md.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import comb, inf, isfinite
from typing import NamedTuple

import numpy as np

from westforecast.domain.checks import (
    Finding,
    Severity,
    about,
    check_magnitude,
    number,
    percent,
)
from westforecast.domain.ties import FAMILY, aligned
from westforecast.kernels.growth import median
from westforecast.series.indicator import Indicator
from westforecast.series.panel import Panel
from westforecast.typing import BoolArray, FloatArray, IntArray

# Changes looked at on each side of one: its neighbourhood says what is usual there.
_REACH = 4
# Fewest changes for a series' own variation to be known, and for a ratio's.
_LEAST, _LEAST_RATIO = 8, 4
# Steps in logs (logits of shares) below _STEP are no break; no variation is taken as below _FLOOR.
_STEP, _FLOOR = 0.1, 0.02


class _Far(NamedTuple):
    """How far outside a step is: multiples of the usual and of the second largest residual."""

    usual: float
    second: float

    def beyond(self, limit: "_Far") -> bool:
        return self.usual >= limit.usual and self.second >= limit.second


_WARN, _NOTE = _Far(5.0, 2.5), _Far(3.5, 1.75)
_SHORT = _Far(3.0, 0.35)  # a short ratio: multiple of the second largest; least step
_UNIT = 4.0  # a power of ten: multiple of the second largest residual
_BESIDE = 0.04  # which is taken as at least this, in decades
# Families: a member's own multiple, and the chance below which so many are no coincidence.
_JOINT, _CHANCE = 2.5, 1e-4
_BLOCK = 2_000_000  # cells worked on at once

_REMEDY = "If the definition or vintage changed, say so in `breaks`, or cut with `since`."


def jumps(
    panel: Panel, pairs: Sequence[tuple[str, str]], families: Sequence[Sequence[int]]
) -> list[Finding]:
    """Findings of the rules "unit" and "break", one a series and period.

    pairs: part and whole, whose ratio may jump. families: places of series of one measure in
    several regions. Breaks are looked for in annual series only: a season would be taken for one.
    Floating-point warnings are the caller's to silence.
    """
    slips: list[Finding] = []
    breaks: list[Finding] = []
    members = {i for family in families for i in family}
    own: dict[int, _Own] = {}
    for rows in _blocks(panel):
        found, slipped = _slips(panel, rows)
        slips += found
        if panel.calendar.freq == "Y":
            breaks += _breaks(panel, rows, slipped, members, own)
    if panel.calendar.freq == "Y":
        for family in families:
            breaks += _joint(panel, family, own) + _short_members(panel, family)
        for part, whole in pairs:
            breaks += _ratio_jump(panel, part, whole)
    return slips + _once(breaks) + _declarations(panel)


def _once(breaks: list[Finding]) -> list[Finding]:
    """One finding a series and period: that of many regions, else the one that weighs most."""
    kept: list[Finding] = []
    told: set[tuple[str, tuple[int, ...]]] = set()
    for finding in sorted(breaks, key=lambda f: (len(f.series) < 3, f.severity != "warning")):
        places = {(name, finding.periods) for name in finding.series}
        if len(finding.series) == 2:  # a ratio is about its part
            places = {(finding.series[0], finding.periods)}
        if not places <= told:
            kept.append(finding)
            told |= places
    return kept


# --- arrays -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rows:
    """Observed values of some series, left-aligned; at [S] says which series of the panel.

    steps: periods from each value to the next, NaN after the last.
    """

    at: IntArray
    periods: IntArray  # [S, T]
    values: FloatArray  # [S, T], NaN after the last
    steps: FloatArray  # [S, T - 1]


def _blocks(panel: Panel) -> Iterator[_Rows]:
    """All series by length, so that long ones do not widen the rows of short ones."""
    seen = np.flatnonzero(np.isfinite(panel.values))
    owner = np.searchsorted(panel.indptr, seen, side="right") - 1
    counts = np.bincount(owner, minlength=len(panel)).astype(np.int64)
    begins = np.concatenate([[0], np.cumsum(counts)])
    when = panel.first[owner] + seen - panel.indptr[owner]
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] > 1]
    while len(order):
        cells = counts[order] * np.arange(1, len(order) + 1)
        size = max(int(np.searchsorted(cells, _BLOCK)), 1)
        at, order = order[:size], order[size:]
        column = np.arange(counts[at].max())
        inside = column < counts[at, None]
        cell = np.where(inside, begins[at, None] + column, 0)
        periods = np.where(inside, when[cell], 0)
        values = np.where(inside, panel.values[seen[cell]], np.nan)
        steps = np.where(inside[:, 1:], np.diff(periods, axis=1), np.nan)
        yield _Rows(at, periods, values, steps)


@dataclass(frozen=True, slots=True)
class _Scale:
    """The scale each of S series varies on: logits of shares, logs, or multiples of its size.

    whole [S]: of a share, infinite for others. size [S]: of a linear one, NaN for others.
    """

    whole: FloatArray
    size: FloatArray

    @classmethod
    def of(cls, values: FloatArray, indicators: Sequence[Indicator]) -> "_Scale":
        """Shares strictly inside their whole are logits, positive values logs, others linear."""
        whole = np.array([indicator.whole for indicator in indicators])
        low, high = np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1)
        usual, most = median(np.abs(values)), np.fmax.reduce(np.abs(values), axis=1)
        size = np.where(usual > 0, usual, np.where(most > 0, most, 1.0))
        inner = (low > 0) & (high < whole)
        return cls(np.where(inner, whole, inf), np.where(low > 0, np.nan, size))

    def apply(self, values: FloatArray) -> FloatArray:
        """values: [S, T]."""
        whole, size = self.whole[:, None], self.size[:, None]
        logs = np.log(np.where(np.isfinite(whole), values / (whole - values), values))
        return np.where(np.isfinite(size), values / size, logs)

    def carried(self, k: int, after: float, step: float) -> float:
        """The value of series k that `after` is a step away from."""
        if isfinite(self.size[k]):
            return after - step * float(self.size[k])
        whole = float(self.whole[k])
        if isfinite(whole):
            odds = after / (whole - after) / np.exp(step)
            return float(whole * odds / (1 + odds))
        return float(after / np.exp(step))


def _residuals(scaled: FloatArray, steps: FloatArray, skip: BoolArray) -> FloatArray:
    """[S, T - 1] change less the median yearly change around it times the years it took.

    scaled: [S, T]. steps: years between values. skip: changes that say nothing of others.
    """
    changes = np.diff(scaled, axis=1) / steps
    usable = np.where(skip, np.nan, changes)
    width = usable.shape[1]
    padded = np.pad(usable, ((0, 0), (_REACH, _REACH)), constant_values=np.nan)
    beside = [k for k in range(2 * _REACH + 1) if k != _REACH]
    around = median(np.stack([padded[:, k : k + width] for k in beside], axis=-1))
    # Where nothing is around, no change is expected.
    return np.asarray((changes - np.nan_to_num(around)) * steps)


@dataclass(frozen=True, slots=True)
class _Largest:
    """The largest residual of each of S rows: where, how wide, how far outside."""

    place: IntArray
    step: FloatArray
    usual: FloatArray
    second: FloatArray
    lasting: BoolArray  # neither neighbour takes half of it back
    changes: IntArray

    @classmethod
    def of(cls, residuals: FloatArray, steps: FloatArray, skip: BoolArray) -> "_Largest":
        """residuals: [S, T - 1], judged a year. skip: changes that are known breaks or none."""
        rate = np.where(skip, np.nan, residuals / steps)
        size = np.abs(rate)
        rows, columns = np.arange(len(size)), np.arange(size.shape[1])
        place = np.argmax(np.nan_to_num(size, nan=-1.0), axis=1)
        top = rate[rows, place]
        near = np.abs(columns - place[:, None]) <= 1
        second = np.where(near | np.isnan(size), 0.0, size).max(axis=1)
        padded = np.pad(np.nan_to_num(rate), ((0, 0), (1, 1)))
        beside = np.minimum(*(padded[rows, place + k] * np.sign(top) for k in (0, 2)))
        return cls(
            place.astype(np.int64),
            residuals[rows, place],
            np.abs(top) / np.maximum(1.4826 * median(size), _FLOOR),
            np.abs(top) / np.maximum(second, _FLOOR),
            beside > -0.5 * np.abs(top),
            np.isfinite(rate).sum(axis=1).astype(np.int64),
        )

    def far(self, k: int) -> _Far:
        return _Far(float(self.usual[k]), float(self.second[k]))


# --- powers of ten ------------------------------------------------------------------------------


def _slips(panel: Panel, rows: _Rows) -> tuple[list[Finding], BoolArray]:
    """Values or segments off by a power of ten; also [S] which rows have one."""
    hit = np.zeros(len(rows.at), bool)
    positive = np.fmin.reduce(rows.values, axis=1) > 0
    logs = np.log10(np.where(positive[:, None], rows.values, np.nan))
    residuals = _residuals(logs, rows.steps, np.isnan(rows.steps))
    power = np.round(residuals)
    near = np.isfinite(residuals) & (power != 0) & (np.abs(residuals - power) <= 0.1)
    kinds = [panel.indicators[i].kind for i in rows.at]
    # A share that falls or rises by a hundred was a fraction among percents; by ten, it may.
    shares = np.array([kind == "share" for kind in kinds], bool)
    near &= ~shares[:, None] | (np.abs(power) == 2)
    able = np.array([kind != "rate" for kind in kinds], bool)
    changes = np.isfinite(residuals).sum(axis=1)
    findings = []
    for k in np.flatnonzero(near.any(axis=1) & able & (changes >= 3)):
        own, places = residuals[k, : changes[k]], np.flatnonzero(near[k])
        # One slip is one jump, or one there and one back.
        if len(places) > 2 or (len(places) == 2 and power[k, places].sum() != 0):
            continue
        steps = rows.steps[k, : changes[k]]
        others = np.abs(np.delete(own / steps, places)).max(initial=_BESIDE)
        if (np.abs(own[places]) < _UNIT * others * steps[places]).any():
            continue
        found = _slip(panel, rows, int(k), own, places)
        if found is not None:
            hit[k] = True
            findings.append(found)
    return findings, hit


def _slip(
    panel: Panel, rows: _Rows, k: int, residuals: FloatArray, places: IntArray
) -> Finding | None:
    """The finding about one row: what lies between two jumps, or on the shorter side of one."""
    begin, count = int(places[0]) + 1, len(residuals) + 1
    end = int(places[1]) + 1 if len(places) == 2 else count
    jump = float(residuals[begin - 1])
    if len(places) == 1 and begin < count - begin:
        begin, end, shown, jump = 0, begin, begin - 1, -jump
    else:
        shown = begin
    value = float(rows.values[k, shown])
    reference = float(value / np.power(10.0, jump))
    told = check_magnitude(value, reference)
    if told is None:
        return None
    # Up or down for good, by ten, a real quantity may go as well.
    for_good = len(places) == 1 and end - begin > 2
    span = rows.periods[k, begin:end]
    return replace(
        told, severity="warning" if for_good else "error",
        found=f"{number(value)}, about 10^{round(jump)} of the {about(reference)} that its "
        "neighbours suggest",
        series=(panel.indicators[rows.at[k]].id,), periods=tuple(span.tolist()),
        when=panel.calendar.span(span[0], span[-1]),
    )  # fmt: skip


# --- level shifts -------------------------------------------------------------------------------


class _Own(NamedTuple):
    """The largest change of one series: when, up or down, and of how many."""

    period: int
    sign: float
    changes: int


def _breaks(
    panel: Panel, rows: _Rows, slipped: BoolArray, members: set[int], own: dict[int, _Own]
) -> list[Finding]:
    """Steps outside the series' own variation; `own` learns the largest ones of `members`."""
    indicators = [panel.indicators[i] for i in rows.at]
    skip = np.isnan(rows.steps) | _declared(indicators, rows.periods)
    scale = _Scale.of(rows.values, indicators)
    residuals = _residuals(scale.apply(rows.values), rows.steps, skip)
    largest = _Largest.of(residuals, rows.steps, skip)
    wide = np.abs(np.nan_to_num(largest.step)) >= _STEP
    wide &= largest.lasting & (largest.changes >= _LEAST) & ~slipped
    findings = []
    for k in map(int, np.flatnonzero(wide & (largest.usual >= _JOINT))):
        i, before = int(rows.at[k]), int(largest.place[k])
        period, step, far = int(rows.periods[k, before + 1]), float(largest.step[k]), largest.far(k)
        if i in members:
            own[i] = _Own(period, float(np.sign(step)), int(largest.changes[k]))
        if not far.beyond(_NOTE):
            continue
        severity: Severity = "warning" if far.beyond(_WARN) else "note"
        old, new = (float(v) for v in rows.values[k, before : before + 2])
        findings.append(Finding(
            severity, "break", f"{number(old)} to {number(new)}",
            f"about {about(scale.carried(k, new, step))}: the step is {far.usual:.1f} times the "
            f"usual deviation, {far.second:.1f} times the second largest", _REMEDY,
            (panel.indicators[i].id,), (period,), panel.calendar.label(period), abs(step),
        ))  # fmt: skip
    return findings


def _declared(indicators: Sequence[Indicator], periods: IntArray) -> BoolArray:
    """[S, T - 1] changes that cross a declared break."""
    crossed = np.zeros((len(periods), periods.shape[1] - 1), bool)
    for k, indicator in enumerate(indicators):
        for t in indicator.breaks:
            crossed[k] |= (periods[k, :-1] < t) & (t <= periods[k, 1:])
    return crossed


def _joint(panel: Panel, family: Sequence[int], own: dict[int, _Own]) -> list[Finding]:
    """A period in which more regions have their largest change than chance allows.

    By chance one of m changes is the largest, and half of those go up: p = 1 / 2m a region.
    """
    able = [own[i] for i in family if i in own]
    if len(able) < 3:
        return []
    (period, sign), count = Counter((one.period, one.sign) for one in able).most_common(1)[0]
    n, chance = len(family), 0.5 / float(np.median([one.changes for one in able]))
    tail = sum(comb(n, j) * chance**j * (1 - chance) ** (n - j) for j in range(count, n + 1))
    if count < 3 or tail >= _CHANCE:
        return []
    names = tuple(
        panel.indicators[i].id for i in family if i in own and own[i][:2] == (period, sign)
    )
    return [Finding(
        "warning", "break",
        f"the largest change, {'up' if sign > 0 else 'down'}, of {count} of {n} regions at once",
        "largest changes spread over the years",
        "Look for a new vintage or definition, or a common shock, and say so in `breaks`.",
        names, (period,), panel.calendar.label(period), float(count),
    )]  # fmt: skip


def _short_members(panel: Panel, family: Sequence[int]) -> list[Finding]:
    """Series too short to know their own variation, against other regions in the same years."""
    indicators = [panel.indicators[i] for i in family]
    first = int(panel.first[list(family)].min())
    values = np.full((len(family), int(panel.last[list(family)].max()) - first + 1), np.nan)
    for k, indicator in enumerate(indicators):
        periods, own = panel.series(indicator.id)
        values[k, periods - first] = own
    if values.shape[1] < 2:
        return []
    scale = _Scale.of(values, indicators)
    changes = np.diff(scale.apply(values), axis=1)
    enough = np.isfinite(changes).sum(axis=0) >= FAMILY
    apart = np.where(enough, changes - median(changes.T), np.nan)
    if not np.isfinite(apart).any():
        return []
    usual = max(1.4826 * float(median(np.abs(apart).ravel())), _FLOOR)
    findings = []
    for k in map(int, np.flatnonzero(np.isfinite(changes).sum(axis=1) < _LEAST)):
        size = np.abs(np.nan_to_num(apart[k]))
        t = int(np.argmax(size))
        period = first + t + 1
        if size[t] < max(_WARN.usual * usual, _SHORT.second) or period in indicators[k].breaks:
            continue
        expected = scale.carried(k, float(values[k, t + 1]), float(apart[k, t]))
        findings.append(Finding(
            "warning", "break", f"{number(values[k, t])} to {number(values[k, t + 1])}",
            f"about {about(expected)}, had it changed as other regions", _REMEDY,
            (indicators[k].id,), (period,), panel.calendar.label(period), float(size[t]),
        ))  # fmt: skip
    return findings


def _ratio_jump(panel: Panel, part: str, whole: str) -> list[Finding]:
    """A part's share in its whole that jumps: the definition of one of them changed."""
    periods, values = aligned(panel, (part, whole))
    ratio = values[0] / values[1]
    seen = np.isfinite(ratio) & (ratio > 0) & (ratio < 1)
    periods, ratio = periods[seen], ratio[seen]
    if len(ratio) <= _LEAST_RATIO:
        return []
    breaks = {*panel.indicator(part).breaks, *panel.indicator(whole).breaks}
    skip = np.array([[any(a < t <= b for t in breaks) for a, b in pairwise(periods)]], bool)
    steps = np.diff(periods)[None].astype(float)
    scale = _Scale(np.ones(1), np.full(1, np.nan))
    largest = _Largest.of(_residuals(scale.apply(ratio[None]), steps, skip), steps, skip)
    far, step, k = largest.far(0), float(largest.step[0]), int(largest.place[0])
    if largest.changes[0] >= _LEAST:
        hit = far.beyond(_WARN) and abs(step) >= _STEP
    else:
        hit = far.second >= _SHORT.usual and abs(step) >= _SHORT.second
    if not (hit and largest.lasting[0]):
        return []
    shares = (*ratio[k : k + 2], scale.carried(0, float(ratio[k + 1]), step))
    before, after, expected = (f"{100 * share:.1f} %" for share in shares)
    period = int(periods[k + 1])
    return [Finding(
        "warning", "break", f"{before} to {after} of the whole",
        f"about {expected}: the step is {far.second:.1f} times the second largest",
        _REMEDY, (part, whole), (period,), panel.calendar.label(period), abs(step),
    )]  # fmt: skip


def _declarations(panel: Panel) -> list[Finding]:
    """Declared breaks inside a series: known, and growth across them is none."""
    findings = []
    for indicator in panel.indicators:
        if not indicator.breaks:
            continue
        periods, values = panel.series(indicator.id)
        periods, values = periods[np.isfinite(values)], values[np.isfinite(values)]
        for t in indicator.breaks:
            k = int(np.searchsorted(periods, t))
            if not 0 < k < len(periods):
                continue
            across = percent(values[k] / values[k - 1] - 1) if values[k - 1] > 0 else "a step"
            findings.append(Finding(
                "note", "break", f"a declared break, {across} across it", "no growth read from it",
                "Estimate on one side only (`since`).",
                (indicator.id,), (t,), panel.calendar.label(t),
            ))  # fmt: skip
    return findings
