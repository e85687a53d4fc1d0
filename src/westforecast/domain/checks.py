"""Checks of a few numbers: one rule each, None where they are plausible, else a `Finding`.

What a text or a table claims is checked with these; `screen` finds the cells of a panel worth
checking and lets the same functions decide and word. Thresholds with their reasons are in
docs/explanation/screens.md. Severities: error = cannot be true as written; warning = unlikely, or
two statements differ that may have a reason; note = to be known.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, log, log1p, log10
from typing import Literal

import numpy as np

from westforecast.domain.stage import StageIndex
from westforecast.domain.stage_words import stage_name
from westforecast.series.indicator import Indicator
from westforecast.text import visible
from westforecast.typing import FloatArray

Severity = Literal["error", "warning", "note"]
Rule = Literal[
    "part", "sum", "derived", "growth", "unit", "break", "conflict", "base", "stage", "class",
    "regression",
]  # fmt: skip

# Two statements of one quantity that are further apart cannot both be right, whatever the vintage:
# the widest revision on record here is a factor of 1.49 (Inner Mongolia's GDP of 2011).
_IMPOSSIBLE = log(1.5)
_SHOWN = 4  # series named in a line


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is hardly true: where, what was found, what was expected, what to do.

    series: ids, none where numbers were checked that are in no panel. periods: all periods (as
    integers) it holds for; `when` says them as the caller does. size: how far apart found and
    expected are, in logs, to compare findings of one rule.
    """

    severity: Severity
    rule: Rule
    found: str
    expected: str
    remedy: str
    series: tuple[str, ...] = ()
    periods: tuple[int, ...] = ()
    when: str = ""
    size: float = 0.0

    @property
    def where(self) -> str:
        """Series and periods in words; empty for bare numbers."""
        shown = ", ".join(self.series[:_SHOWN])
        more = f" and {len(self.series) - _SHOWN} more" if len(self.series) > _SHOWN else ""
        return ", ".join(part for part in (shown + more, self.when) if part)

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return visible(
            f"{self.severity} ({self.rule}) {where}{self.found}; expected {self.expected}. "
            f"{self.remedy}"
        )


def check_part(part: float, whole: float = 1.0) -> Finding | None:
    """A share outside 0 to 1 (`whole=100` for percent), or a part larger than its whole.

    Rule "part", an error: 0 <= part <= 1.001 whole; the 0.001 is for rounded tables.

    >>> print(check_part(103.2, 100))
    error (part) 103.2; expected 0 to 100. Check the value, its unit and what it is a part of.
    """
    if isnan(part) or isnan(whole) or -1e-9 * abs(whole) <= part <= 1.001 * whole:
        return None
    return Finding(
        "error", "part", number(part), f"0 to {number(whole)}",
        _hint(part, whole) + "Check the value, its unit and what it is a part of.",
        size=log_gap(part, whole),
    )  # fmt: skip


def check_sum(
    parts: Sequence[float], whole: float = 100.0, tolerance: float = 0.005
) -> Finding | None:
    """Parts that do not add up to their whole: 1.7 + 49.9 + 49.6 percent.

    Rule "sum". |sum - whole| > tolerance x |whole|, and more than the parts' printed digits allow
    (half a unit of the last digit each). An error where shares (a whole of 1 or 100) add up to more
    than their whole, or a factor of 1.5 is missed; otherwise a warning, for a part may be left out,
    or parts and whole be of unlike vintages.

    >>> print(check_sum([1.7, 49.9, 49.6]))  # doctest: +ELLIPSIS
    error (sum) 1.7 + 49.9 + 49.6 = 101.2; expected 100. ...
    """
    total = float(np.sum(parts))
    allowed = max(tolerance * abs(whole), sum(map(half_digit, parts)))
    if isnan(total) or isnan(whole) or abs(total - whole) <= allowed:
        return None
    told = " + ".join(map(number, parts)) if len(parts) <= 6 else f"sum of {len(parts)} parts"
    size = log_gap(total, whole)
    impossible = size > _IMPOSSIBLE or (whole in {1.0, 100.0} and total > whole)
    return Finding(
        "error" if impossible else "warning", "sum", f"{told} = {number(total)}", number(whole),
        _hint(total, whole) + "Look for a misprint, a part that is missing or counted twice, or "
        "parts of another vintage.", size=size,
    )  # fmt: skip


def check_derived(found: float, expected: float, tolerance: float = 0.03) -> Finding | None:
    """A value against what follows from others: total against per capita x population.

    Rule "derived". |ln(found / expected)| > ln(1 + tolerance). 3 percent cover year-end against
    mid-year population and the rounding of per-capita figures. An error beyond a factor of 1.5.

    >>> print(check_derived(0.35, 5.7 / 1184))  # a share as printed, and from its two levels
    ... # doctest: +ELLIPSIS
    error (derived) 0.35 stated; expected 0.004814 from the others. They differ by about 10^2: ...
    """
    if isnan(found) or isnan(expected) or log_gap(found, expected) <= log1p(tolerance):
        return None
    return _mismatch(
        "derived", found, expected, f"{number(found)} stated",
        f"{about(expected)} from the others", "Check units, years and definitions of each.",
    )  # fmt: skip


def check_growth(
    previous: float, current: float, stated: float, periods: int = 1, tolerance: float = 0.01
) -> Finding | None:
    """Growth as stated against growth from two levels.

    previous, current: levels, `periods` periods apart. stated: growth a period, as a fraction.
    Rule "growth". current / (previous (1 + stated)^periods) off 1 by more than `tolerance`, and
    than the digits of all three allow; 1 percent, for what rounding and slight revisions leave.
    Where the levels grow as in another number of periods, that is said. Levels that are not above
    zero are not looked at. An error beyond a factor of 1.5, otherwise a warning.

    >>> print(check_growth(59_639, 85_756, 0.328))  # doctest: +ELLIPSIS
    warning (growth) +43.8 % from 59,639 to 85,756; expected +32.8 %, as stated, to 79,200. ...
    """
    if not (previous > 0 and current > 0 and stated > -1) or not isfinite(current * previous):
        return None
    # In logs: what is written by mistake may be beyond all numbers.
    size = abs(log(current) - log(previous) - periods * log1p(stated))
    rounding = (
        half_digit(previous) / previous
        + half_digit(current) / current
        + periods * half_digit(stated) / (1 + stated)
    )
    if size <= log1p(max(tolerance, rounding)):
        return None
    expected = current * float(np.exp(log(previous) + periods * log1p(stated) - log(current)))
    grown = (log(current) - log(previous)) / log1p(stated) if abs(stated) >= 0.001 else periods
    wrong = 1 <= round(grown) != periods > 1 and abs(grown - round(grown)) <= 0.25
    over = f" in {periods} periods" if periods > 1 else ""
    a_period = f"{stated:+.1%} a period".replace("%", " %") if periods > 1 else percent(stated)
    return _mismatch(
        "growth", current, expected,
        f"{percent(current / previous - 1)} from {number(previous)} to {number(current)}{over}",
        f"{a_period}, as stated, to {about(expected)}",
        f"It is about what {round(grown)} of {periods} periods give." if wrong
        else "Look for a misprint, a revised base, or growth on a comparable basis.",
    )  # fmt: skip


def check_magnitude(value: float, reference: float, tolerance: float = 0.1) -> Finding | None:
    """A value off by about a power of ten against a neighbour or a second source.

    Rule "unit", an error. log10(value / reference) within `tolerance` of a whole number other than
    0; 0.1 is a factor of 1.26, so a year's growth does not hide a slipped decimal point.

    >>> print(check_magnitude(18_915.53, 184_002.11))  # doctest: +ELLIPSIS
    error (unit) 18,915.53, about 10^-1 of 184,002.11; expected about 189,200. ...
    """
    power = _power(value, reference, tolerance)
    if not power:
        return None
    return Finding(
        "error", "unit", f"{number(value)}, about 10^{power} of {number(reference)}",
        f"about {about(value / 10.0**power)}",
        "Check the unit (万, 亿, thousands) and the decimal point.",
        size=log_gap(value, reference),
    )  # fmt: skip


def check_same(
    value: float, other: float, apart: int = 0, tolerance: float = 0.05, growth: float = 0.25
) -> Finding | None:
    """Two sources of one quantity that disagree, in one period or `apart` periods from each other.

    Rule "conflict". |ln(value / other)| > ln(1 + tolerance) + apart x ln(1 + growth). Sources of
    one cell differ by 1 to 3 percent as a rule, so 5; western nominal GDP grew at most 23 percent a
    year in 1998 to 2018, so 25. An error beyond a factor of 1.5 in one period.

    >>> print(check_same(6736.83, 4283, apart=1))  # doctest: +ELLIPSIS
    warning (conflict) 6,736.83 against 4,283, 1 period apart; expected within a factor of 1.31. ...
    """
    allowed = log1p(tolerance) + apart * log1p(growth)
    size = log_gap(value, other)
    if isnan(value) or isnan(other) or size <= allowed:
        return None
    gap = f", {apart} period{'s' * (apart > 1)} apart" if apart else ""
    return Finding(
        "error" if size - allowed > _IMPOSSIBLE else "warning", "conflict",
        f"{number(value)} against {number(other)}{gap}",
        f"within a factor of {np.exp(allowed):.3g}",
        _hint(value, other) + "Use one source throughout, and say which.", size=size,
    )  # fmt: skip


def check_base(indicators: Iterable[Indicator]) -> Finding | None:
    """Series of unlike prices that are added, divided or compared.

    Rule "base", an error: current beside constant prices, or constant prices of unlike years, by
    `price_basis` and `base_year`, else by the words of unit and name. Series that state nothing are
    not looked at.
    """
    bases: dict[str, list[str]] = defaultdict(list)
    for indicator in indicators:
        if told := base_of(indicator):
            bases[told].append(indicator.id)
    if len(bases) < 2:
        return None
    return Finding(
        "error", "base", "; ".join(f"{', '.join(ids)} in {told}" for told, ids in bases.items()),
        "one price basis and base year", "Convert to one of them first, with a deflator.",
        series=tuple(name for ids in bases.values() for name in ids),
    )  # fmt: skip


def check_stage(score: float, stated: str) -> Finding | None:
    """A composite score of industrialization in a stage, or half of one, that it does not lie in.

    stated: as `stage_name` says it: "late II", or "late" where no half is claimed. Rule "stage", an
    error; the halves part at the middle of a stage (late: 82.5). A score so near a bound that its
    last digit decides is let pass.

    >>> print(check_stage(80, "late II"))  # doctest: +ELLIPSIS
    error (stage) 80 called late II; expected late I. ...
    """
    if isnan(score):
        return None
    digit = half_digit(score)
    near = np.clip([score - digit, score, score + digit], 0, 100)
    fits = [str(name) for name in stage_name(*StageIndex().stage_of(near))]
    claim = stated.strip().casefold()
    if claim in {fit.casefold() for fit in fits} | {fit.split()[0] for fit in fits}:
        return None
    return Finding(
        "error", "stage", f"{number(score)} called {stated}", fits[1],
        "Check the score and the row it was read from.",
    )  # fmt: skip


def check_classes(
    classes: Mapping[str, Iterable[str]], members: Iterable[str] = ()
) -> Finding | None:
    """Entities in two classes at once, or, where `members` are given, in none.

    classes: class -> its entities. Rule "class", an error.

    >>> northwest = ["Greater Northwest"]
    >>> print(check_classes({"middle I": northwest, "middle II": northwest}))
    ... # doctest: +ELLIPSIS
    error (class) Greater Northwest in middle I and middle II; expected one class for each. ...
    """
    held: dict[str, list[str]] = {name: [] for name in members}
    for label, entities in classes.items():
        for entity in entities:
            held.setdefault(entity, []).append(label)
    wrong = [
        f"{entity} in {' and '.join(labels) or 'none'}"
        for entity, labels in held.items()
        if len(labels) != 1
    ]
    if not wrong:
        return None
    return Finding(
        "error", "class", "; ".join(wrong), "one class for each",
        "Look for a name printed for another one.",
    )  # fmt: skip


def check_regression(
    x: Sequence[float], y: Sequence[float], intercept: float, slope: float
) -> Finding | None:
    """Rows that do not give the line printed with them; names rows whose x may be misprinted.

    x, y: [N] rows. Rule "regression", an error: the least-squares intercept or slope differs from
    the stated one by more than one unit of its last printed digit (authors round and truncate).
    """
    a, b = _line(np.asarray(x, float), np.asarray(y, float))
    if _as_printed(a, intercept) and _as_printed(b, slope):
        return None
    fits = _corrections(np.asarray(x, float), np.asarray(y, float), intercept, slope)
    remedy = "Check each row against another copy."
    if fits:
        rows = [f"row {i + 1} with x = {value:.4g}, not {number(x[i])}" for i, value in fits]
        remedy = f"One of these would give that line: {'; '.join(rows[:_SHOWN])}."
    return Finding(
        "error", "regression", f"{a:.5g} + {b:.5g} x from the rows",
        f"{number(intercept)} + {number(slope)} x, as stated", remedy, size=log_gap(b, slope),
    )  # fmt: skip


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    dx = x - x.mean()
    slope = float(dx @ y / (dx @ dx))
    return float(y.mean() - slope * x.mean()), slope


def _as_printed(value: float, stated: float) -> bool:
    return abs(value - stated) <= 2 * half_digit(stated)


def _corrections(
    x: FloatArray, y: FloatArray, intercept: float, slope: float
) -> list[tuple[int, float]]:
    """(row, x) that give the stated line when one x is replaced, the smallest change first.

    Sxy - slope Sxx = 0 is quadratic in the x of one row; the intercept then decides.
    """
    n, found = len(x), []
    for i in range(n):
        others = np.delete(np.arange(n), i)
        sx, sxx, sxy = x[others].sum(), x[others] @ x[others], x[others] @ y[others]
        quadratic = (
            -slope * (1 - 1 / n),
            y[i] - y.mean() + 2 * slope * sx / n,
            sxy - sx * y.mean() - slope * (sxx - sx * sx / n),
        )
        for root in np.roots(quadratic):
            tried = x.copy()
            tried[i] = root.real
            if abs(root.imag) < 1e-9 and _as_printed(_line(tried, y)[0], intercept):
                found.append((abs(root.real / x[i] - 1), i, float(root.real)))
    return [(i, value) for _, i, value in sorted(found)]


# --- words and sizes of numbers -----------------------------------------------------------------


def number(value: float) -> str:
    """184,002.11; 0.004814; 85,756."""
    if not isfinite(value) or value == 0 or not 0.01 <= abs(value) < 1e12:
        return f"{value:.4g}"
    if abs(value) < 1:
        return f"{value:.4g}"
    return f"{value:,.3f}".rstrip("0").rstrip(".")


def about(value: float) -> str:
    """A computed value to four digits: 79,200; 0.004814."""
    return number(float(f"{value:.4g}")) if isfinite(value) else f"{value}"


def percent(fraction: float) -> str:
    return f"{100 * fraction:+,.1f} %"


def half_digit(value: float) -> float:
    """Half a unit of the last digit a number is written with: 0.05 for 49.9, 0.5 for 290."""
    text = repr(float(value))
    if not isfinite(value) or "e" in text:
        return 0.0
    decimals = text.partition(".")[2].rstrip("0")
    return 0.5 * 10.0 ** -len(decimals)


def log_gap(one: float, other: float) -> float:
    """|ln(one / other)|; infinite for unlike signs or where only one is 0."""
    if one == other:
        return 0.0
    ratio = one / other if other else 0.0
    return abs(log(ratio)) if ratio > 0 else inf


def _power(value: float, reference: float, tolerance: float) -> int:
    """The power of ten, other than 0, that two numbers are about apart; 0 where they are not."""
    ratio = value / reference if reference else 0.0
    if not (isfinite(ratio) and ratio > 0):
        return 0
    power = round(log10(ratio))
    return power if abs(log10(ratio) - power) <= tolerance else 0


def _hint(found: float, expected: float) -> str:
    # Wider than the rule "unit": the figures already contradict each other.
    power = abs(_power(found, expected, 0.2))
    return f"They differ by about 10^{power}: check unit and decimal point. " if power else ""


def _mismatch(
    rule: Rule, found: float, expected: float, told: str, wanted: str, remedy: str
) -> Finding:
    size = log_gap(found, expected)
    severity: Severity = "error" if size > _IMPOSSIBLE else "warning"
    return Finding(severity, rule, told, wanted, _hint(found, expected) + remedy, size=size)


def base_of(indicator: Indicator) -> str:
    """The prices a series is in: "current prices", "constant prices of 2015"; "" where unsaid."""
    text = f"{indicator.unit} {indicator.name}".casefold()
    basis = indicator.price_basis or next(
        (word for word in ("constant", "current") if re.search(rf"\b{word}\b", text)), ""
    )
    if indicator.kind in {"share", "rate", "count", "index"} or not basis:
        return ""
    if basis == "current":
        return "current prices"
    year = indicator.base_year or next(iter(re.findall(r"\b(?:19|20)\d\d\b", text)), None)
    return f"{basis} prices of {year}" if year else f"{basis} prices"
