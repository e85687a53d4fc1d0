"""Other rules that put a region or an industry into a class: each with its source and mark.

They are cruder than the stage index of `westforecast.domain.stage` and are kept for texts that use
their words. Classes are numbers from 1 on; 0 says that the value is missing. Marks: S read in a
public source, R recalled, C computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.errors import UnknownNameError, UsageError, nearest
from westforecast.typing import FloatArray, IntArray

_COMPARE = {">=": np.greater_equal, ">": np.greater, "<=": np.less_equal, "<": np.less}
# Rounding may leave a share this far outside 0 to 1.
_SLACK = 1e-9


@dataclass(frozen=True, slots=True)
class Rule:
    """Classes of one quantity, in the order of development.

    cuts: what a value must meet to leave class 1, 2, ...: (comparison, bound), one fewer than
    classes. share: whether the quantity is a share, given as a fraction. mark: S, C, R or ?.
    """

    quantity: str
    classes: tuple[str, ...]
    cuts: tuple[tuple[str, float], ...]
    share: bool
    mark: str
    source: str
    note: str = ""

    def classify(self, values: Any) -> IntArray:
        """Class 1, 2, ... of each value, of any shape; 0 where it is NaN.

        Raises UsageError for negative or infinite values, and for a share above 1.
        """
        x = fraction(self.quantity, values) if self.share else positive(self.quantity, values)
        met = [_COMPARE[sign](x, bound) for sign, bound in self.cuts]
        return np.where(np.isnan(x), 0, 1 + np.sum(met, axis=0))

    def name(self, code: int) -> str:
        """A class in words; "-" for 0."""
        return "-" if code == 0 else self.classes[int(code) - 1]


RULES: Mapping[str, Rule] = {
    "hoffmann": Rule(
        "net output of consumer goods industries / of capital goods industries",
        ("stage 1", "stage 2", "stage 3", "stage 4"),
        (("<=", 3.5), ("<=", 1.5), ("<", 1.0)),
        False,
        "S",
        "lw33.cn/article/fc9b5c2d8e7e943d87160484.html; czkjst.org",
        "printed 5 (+-1), 2.5 (+-1), 1 (+-0.5), <1: 3.5 to 4 is in no range, 0.5 to 1 in two. "
        "Decided here: a stage begins where its range is entered from above, so 3.8 is still "
        "stage 1 and 0.8 is already stage 4, where capital goods outweigh consumer goods",
    ),
    "folk_income": Rule(
        "GDP per capita in current USD",
        ("before", "early", "middle", "late"),
        ((">=", 1000), (">=", 3000), (">=", 5000)),
        False,
        "S",
        "stampinkub.com/industry_274600",
        "low authority; knows no price base",
    ),
    "folk_industrialization": Rule(
        "industrial value added / GDP",
        ("before", "early", "semi-industrialized", "industrialized"),
        ((">=", 0.2), (">=", 0.4), (">", 0.6)),
        True,
        "S",
        "stampinkub.com/industry_274600",
        "low authority; falls again where services take over",
    ),
    "northam": Rule(
        "urban share of population",
        ("slow", "fast", "slow again"),
        ((">=", 0.3), (">", 0.7)),
        True,
        "S",
        "tihaiku.com/jzgc/348111.html; destinyresearchinstitute.com/n95771.htm",
        "printed <30, 30-70, >70 percent",
    ),
    "world_bank_2011": Rule(
        "GNI per capita in USD",
        ("low income", "lower middle income", "upper middle income", "high income"),
        ((">", 1005), (">", 3975), (">", 12275)),
        False,
        "S",
        "m.wenke99.com/p-9466456.html",
        "printed for whole dollars; the World Bank sets new bounds each year",
    ),
}


def classify(rule: str, values: Any) -> IntArray:
    """Class 1, 2, ... under a rule of `RULES`, of any shape; 0 where the value is NaN.

    Raises UnknownNameError for a rule that is not there, UsageError for impossible values.

    >>> classify("hoffmann", [5.0, 2.5, 1.0, 0.8]).tolist()
    [1, 2, 3, 4]
    """
    if rule not in RULES:
        raise UnknownNameError(f"no rule {rule!r}. {nearest(rule, RULES)}")
    return RULES[rule].classify(values)


def late_stage(primary: Any, secondary: Any, tertiary: Any) -> FloatArray:
    """Whether A < 10 % and I > S: late industrialization. Shares of GDP as fractions.

    1.0 yes, 0.0 no, NaN where missing values leave it open. Mark S: answer of the Chinese
    planning consultants' examination, tihaiku.com/jzgc/348111.html.

    >>> late_stage(0.093, 0.465, 0.442).tolist()
    1.0
    """
    a, i, s = (
        fraction(name, share)
        for name, share in zip(
            ("primary", "secondary", "tertiary"), (primary, secondary, tertiary), strict=True
        )
    )
    return _all(_holds(a, a < 0.10), _holds(i + s, i > s))


def industrialization_complete(
    primary: Any, primary_employment_share: Any, urban_share: Any
) -> FloatArray:
    """Whether agriculture is below 15 % of GDP and 20 % of employment, and cities above 60 %.

    Fractions in; 1.0 yes, 0.0 no, NaN where missing values leave it open: one test that fails
    settles it. Mark S, low authority: stampinkub.com/industry_274600 and
    max.book118.com/html/2020/0430/7056053061002132.shtm.
    """
    a = fraction("primary", primary)
    e = fraction("primary_employment_share", primary_employment_share)
    u = fraction("urban_share", urban_share)
    return _all(_holds(a, a < 0.15), _holds(e, e < 0.20), _holds(u, u > 0.60))


def _holds(values: FloatArray, met: Any) -> FloatArray:
    return np.where(np.isnan(values), np.nan, met)


def _all(*facts: FloatArray) -> FloatArray:
    """Three-valued "and": 0 where any is 0, else NaN where any is NaN."""
    columns = np.array(np.broadcast_arrays(*facts))
    return np.where((columns == 0).any(axis=0), 0.0, columns.sum(axis=0) / len(facts))


def fraction(name: str, values: Any) -> FloatArray:
    """Values as an array of fractions; NaN = missing.

    Raises UsageError for negative values and for a share above 1, which is taken for percent.
    """
    x = _numbers(name, values)
    wrong = (x < -_SLACK) | (x > 1 + _SLACK)
    if wrong.any():
        worst = float(x[wrong].max())
        percent = 1 < worst <= 100
        remedy = f" Divide percent by 100: {name}={worst / 100:.6g}." if percent else ""
        raise UsageError(
            f"{name}: {worst:.6g} found ({wrong.sum()} of {x.size} values), a fraction between 0 "
            f"and 1 expected.{remedy}"
        )
    return np.clip(x, 0.0, 1.0)


def positive(name: str, values: Any) -> FloatArray:
    """Values as an array of numbers above 0; NaN = missing. Raises UsageError for others."""
    x = _numbers(name, values)
    wrong = x <= 0
    if wrong.any():
        raise UsageError(
            f"{name}: {float(x[wrong].min()):.6g} found ({wrong.sum()} of {x.size} values), "
            "numbers above 0 expected. Write NaN for a missing value."
        )
    return x


def _numbers(name: str, values: Any) -> FloatArray:
    try:
        x = np.asarray(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: {values!r} found, numbers expected.") from error
    if np.isinf(x).any():
        raise UsageError(
            f"{name}: {np.isinf(x).sum()} infinite of {x.size} values found, numbers expected. "
            "Write NaN for a missing value."
        )
    return x
