"""A backtest shows a model what was published by the cutoff, and no more."""

from dataclasses import dataclass

import numpy as np
import pytest

import westforecast as wf
from westforecast import Indicator, Panel, SeriesModel

from ..builders import panel, walk


@dataclass(frozen=True)
class FollowsOther(SeriesModel):
    """The sum of what is seen of series `b`: changes with every value shown."""

    def forecast_one(self, y, horizon, probs, context):
        seen = context.companion("b")
        total = np.nansum(seen) + y.sum()
        return np.full(horizon, total), np.full((horizon, len(probs)), total)


def lagged(late_a=0, late_b=0):
    bare = panel(walk(15, 1), walk(15, 2))
    meta = {"a": Indicator(id="a", publication_lag=late_a),
            "b": Indicator(id="b", publication_lag=late_b)}  # fmt: skip
    return Panel.from_frame(bare.to_frame(), meta=meta)


@pytest.mark.parametrize(("late_a", "late_b"), [(0, 0), (0, 3), (2, 0), (2, 3), (3, 1)])
@pytest.mark.parametrize("model", [FollowsOther(), wf.model("Drift")])
def test_a_fold_equals_a_forecast_from_what_was_known(late_a, late_b, model):
    data = lagged(late_a, late_b)
    fold = wf.backtest(data, model, h=2, cutoffs=[2009]).long()
    then = wf.forecast(data.as_of(2009), model, h=2).long()
    for name in ("a", "b"):
        mine, known = (f[f["unique_id"] == name].reset_index(drop=True) for f in (fold, then))
        assert mine["cutoff"].tolist() == known["cutoff"].tolist()
        np.testing.assert_allclose(mine["yhat"], known["yhat"])


def test_unpublished_values_change_nothing():
    data = lagged(late_b=3)
    rows = data.to_frame()
    late = (rows["unique_id"] == "b") & rows["ds"].between(2007, 2009)
    changed = rows.assign(y=rows["y"].where(~late, 1e6))
    meta = {i.id: i for i in data.indicators}
    other = Panel.from_frame(changed, meta=meta)
    before, after = (
        wf.backtest(p, FollowsOther(), h=2, cutoffs=[2009]).long().query("unique_id == 'a'")
        for p in (data, other)
    )
    np.testing.assert_array_equal(before["yhat"], after["yhat"])


def test_cutoffs_counted_from_the_end_still_have_their_outcomes():
    result = wf.backtest(lagged(2, 2), "Naive", h=3, n_windows=2)
    assert np.isfinite(result.actuals).all()
    assert sorted(set(result.long()["cutoff"])) == [2010, 2011]
