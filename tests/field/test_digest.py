"""The digest of a panel: what it depends on, and what not."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast import Panel

IDS = st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=3)
VALUES = st.none() | st.floats(-1e9, 1e9) | st.integers(-9, 9).map(float)
ROWS = st.dictionaries(st.tuples(IDS, st.integers(1990, 1995)), VALUES, min_size=1, max_size=12)
KINDS = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}


def columns(rows):
    return {
        "unique_id": [unique_id for (unique_id, _), _ in rows],
        "ds": [year for (_, year), _ in rows],
        "y": pd.array([y for _, y in rows], "Float64").to_numpy(float, na_value=np.nan),
    }


@given(ROWS, st.randoms(use_true_random=False), st.sampled_from(sorted(KINDS)))
def test_no_order_of_rows_no_kind_of_frame_changes_the_digest(rows, random, kind):
    given_rows = list(rows.items())
    panel = Panel.from_frame(pd.DataFrame(columns(given_rows)), gaps="keep")
    random.shuffle(given_rows)
    other = Panel.from_frame(KINDS[kind](columns(given_rows)), gaps="keep")
    assert other.digest() == panel.digest()
    assert panel.select(id=other.ids).digest() == panel.digest()


@given(ROWS, st.integers(0, 11), st.sampled_from(["y", "ds", "unique_id"]))
def test_every_entry_counts(rows, at, column):
    made = pd.DataFrame(columns(list(rows.items())))
    made["y"] = made["y"].fillna(7.0)
    at %= len(made)
    changed = made.copy()
    old = made.at[at, column]
    new = {"y": 0.5 if old != 0.5 else 1.5, "ds": 2000, "unique_id": "abcd"}
    changed.loc[at, column] = new[column]
    whole, other = (Panel.from_frame(each, gaps="keep").digest() for each in (made, changed))
    assert whole != other


def made(ds=(2008, 2009, 2010), y=(1.0, 2.0, 0.0), **meta):
    frame = pd.DataFrame({"unique_id": "a", "ds": list(ds), "y": np.array(y)})
    return Panel.from_frame(frame, meta={"a": meta})


@pytest.mark.parametrize(
    "same",
    [
        made(y=np.array([1, 2, 0])),
        made(y=np.array([1, 2, 0], np.float32)),
        made(y=(1.0, 2.0, -0.0)),
        made(ds=pd.to_datetime(["2008-12-31", "2009-12-31", "2010-12-31"])),
        made(ds=[dt.date(2008, 1, 1), dt.date(2009, 1, 1), dt.date(2010, 1, 1)]),
        made(ds=pd.period_range("2008", periods=3, freq="Y")),
        made(ds=["2008", "2009", "2010"]),
        made(name="Lathes", name_zh="车床", source="a yearbook"),
        made(multiplier=1),
    ],
)
def test_what_changes_no_number_does_not_count(same):
    assert same.digest() == made().digest()


def test_what_may_change_numbers_counts():
    fields = {
        "unit": "CNY", "multiplier": 1e4, "kind": "count", "flow_or_stock": "flow",
        "price_basis": "constant", "base_year": 2005, "region": "CN-SC", "industry": "machines",
        "publication_lag": 1, "lower": -1.0, "upper": 9.0, "breaks": (2009,),
    }  # fmt: skip
    digests = [made(**{name: value}).digest() for name, value in fields.items()]
    assert len({made().digest(), *digests}) == len(fields) + 1
    assert made(kind="count").digest() == made(kind="count", lower=0.0).digest()  # as it is
    assert made(multiplier=10_000).digest() == made(multiplier=1e4).digest()


def test_no_two_panels_share_a_digest_by_how_ids_or_values_are_joined():
    def of(**series):
        rows = [(name, 2008 + k, y) for name, ys in series.items() for k, y in enumerate(ys)]
        return Panel.from_frame(pd.DataFrame(rows, columns=["unique_id", "ds", "y"])).digest()

    digests = {
        of(a=[1.0], b=[2.0]), of(a=[1.0, 2.0]), of(a=[2.0], b=[1.0]), of(ab=[1.0, 2.0]),
        of(**{'a", "b': [1.0]}), of(a=[1.0]), of(b=[1.0]),
    }  # fmt: skip
    assert len(digests) == 7
