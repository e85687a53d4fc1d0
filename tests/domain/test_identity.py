"""Identities: units count, order does not, circles are refused."""

import numpy as np
import pytest

from westforecast.domain import Product
from westforecast.domain.identity import in_order
from westforecast.errors import UsageError
from westforecast.series import Indicator


def test_percent_and_multipliers_count():
    percent = Indicator(id="r", unit="percent", kind="share").factor
    thousand = Indicator(id="v", unit="1000 CNY per unit", multiplier=1e3).factor
    values = {"n": np.array([600_000.0]), "v": np.array([100.0]), "r": np.array([50.0])}
    factors = {"n": 1.0, "v": thousand, "r": percent}
    billions = Product("value", ("n", "v", "r"), 1e9).evaluate(values, factors)
    assert billions.tolist() == pytest.approx([30.0])


def test_identities_are_ordered_by_what_they_need():
    last, first = Product("last", ("first", "a")), Product("first", ("a", "b"))
    assert [p.name for p in in_order([last, first], ["a", "b"])] == ["first", "last"]


def test_unknown_parts_and_circles_are_refused():
    with pytest.raises(UsageError, match=r"'shar', which is not defined\. Did you mean 'share'"):
        in_order([Product("x", ("shar",))], ["share"])
    with pytest.raises(UsageError, match="need each other: x, y"):
        in_order([Product("x", ("y",)), Product("y", ("x",))], [])
