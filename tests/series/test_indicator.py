"""An indicator says what numbers mean and what they cannot be."""

import math
import pickle

import pytest

from westforecast import Indicator
from westforecast.errors import UsageError


@pytest.mark.parametrize(
    ("fields", "bounds"),
    [
        ({}, (-math.inf, math.inf)),
        ({"kind": "rate"}, (-math.inf, math.inf)),
        ({"kind": "index"}, (-math.inf, math.inf)),
        ({"kind": "count"}, (0, math.inf)),
        ({"kind": "price"}, (0, math.inf)),
        ({"kind": "share"}, (0, 1)),
        ({"kind": "share", "unit": "percent"}, (0, 100)),
        ({"kind": "share", "unit": "%"}, (0, 100)),
        ({"kind": "share", "unit": "percent", "upper": 80.0}, (0, 80)),
        ({"kind": "count", "lower": -1.0}, (-1, math.inf)),
    ],
)
def test_bounds(fields, bounds):
    assert Indicator(id="a", **fields).bounds == bounds


def test_factor_turns_stored_units_into_plain_ones():
    assert Indicator(id="a", unit="CNY", multiplier=1e8).factor == 1e8
    assert Indicator(id="a", unit="percent", kind="share").factor == 0.01


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "shares"}, "kind 'shares' is not known. Did you mean 'share'"),
        ({"flow_or_stock": "stocks"}, "flow_or_stock 'stocks' is not known. Did you mean 'stock'"),
        ({"multiplier": 0}, "multiplier 0 found, a positive number expected .1, 1e4 for 万"),
        ({"multiplier": math.nan}, "multiplier nan found"),
        ({"publication_lag": -1}, "publication_lag -1 found, 0 or more"),
        ({"lower": 2.0, "upper": 1.0}, "lower bound 2 is not below upper bound 1"),
        ({"lower": math.nan}, "lower bound nan is not below"),
    ],
)
def test_contradictions_are_refused_with_the_series_named(fields, message):
    with pytest.raises(UsageError, match=f"indicator 'a': {message}"):
        Indicator(id="a", **fields)


def test_an_indicator_is_a_value():
    share = Indicator(id="a", kind="share", unit="percent", breaks=(2004,))
    assert share.with_(kind="level").bounds == (-math.inf, math.inf)
    assert share.kind == "share"
    assert pickle.loads(pickle.dumps(share)) == share
    assert hash(share) == hash(share.with_(region=""))


def test_breaks_have_one_order():
    one, other = (Indicator(id="a", breaks=breaks) for breaks in ([2003, 2001], (2001, 2003)))
    assert one == other
    assert one.breaks == (2001, 2003)
    with pytest.raises(UsageError, match="breaks 2003 found, integer periods expected"):
        Indicator(id="a", breaks=2003)
