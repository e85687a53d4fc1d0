"""What every baseline promises for any data."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast import Windows
from westforecast.models import DampedLogGrowth, Drift, InSampleMean, Naive, SeasonalNaive, Status

from ..builders import panel
from .strategies import modest, series, windows

MODELS = [Naive(), Drift(), InSampleMean(), SeasonalNaive(), SeasonalNaive(4), DampedLogGrowth()]
LEVELS = [50, 80, 95]
every_model = pytest.mark.parametrize("model", MODELS, ids=repr)


def same(one, other, scale=1.0):
    """Equal but for the rounding of sums; scale: by how much the second is larger."""
    np.testing.assert_array_equal(one.status, other.status)
    size = np.nanmax(np.abs(other.quantiles), initial=0) + np.nanmax(np.abs(other.mean), initial=0)
    for name in ("mean", "quantiles"):
        np.testing.assert_allclose(
            scale * getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-12 * size
        )


@every_model
@given(seen=windows())
@modest
def test_any_data_give_a_status_and_never_an_exception(model, seen):
    found = model.forecast(seen, 4, LEVELS)
    fine = found.status == Status.OK
    assert np.isfinite(found.mean).all(axis=1).tolist() == fine.tolist()
    assert not np.isinf(found.quantiles).any()
    assert set(found.reason) == set(np.flatnonzero(~fine))


@every_model
@given(seen=windows())
@modest
def test_quantiles_are_ordered_and_nested_around_the_forecast(model, seen):
    found = model.forecast(seen, 4, LEVELS)
    known = np.isfinite(found.quantiles).all(axis=2)
    assert (np.diff(found.quantiles[known], axis=1) >= 0).all()
    low, high = found.interval(50)
    slack = 1e-9 * np.abs(found.mean[known])
    assert (low[known] <= found.mean[known] + slack).all()
    assert (high[known] >= found.mean[known] - slack).all()


@every_model
@given(seen=windows(), junk=st.sampled_from([np.nan, 0.0, -1e9, 1e9]))
@modest
def test_nothing_outside_a_window_matters(model, seen, junk):
    for w in range(len(seen)):
        one = seen.take(np.array([w]))
        begin, end = int(one.start[0]), int(one.end[0])

        def spoil(values, begin=begin, end=end):
            values[:begin] = values[end:] = junk
            return values

        before, after = (model.forecast(x, 3, LEVELS) for x in (one, one.with_values(spoil)))
        np.testing.assert_array_equal(before.mean, after.mean)
        np.testing.assert_array_equal(before.quantiles, after.quantiles)
        assert before.reason == after.reason


@every_model
@given(seen=windows())
@modest
def test_a_batch_equals_one_by_one(model, seen):
    batch = model.forecast(seen, 3, LEVELS)
    for w in range(len(seen)):
        alone = model.forecast(seen.take(np.array([w])), 3, LEVELS)
        assert alone.status[0] == batch.status[w]
        assert alone.reason.get(0) == batch.reason.get(w)
        size = np.nanmax(np.abs(alone.quantiles), initial=0)
        for name in ("mean", "quantiles"):
            np.testing.assert_allclose(
                getattr(batch, name)[w], getattr(alone, name)[0], rtol=1e-9, atol=1e-12 * size
            )


@every_model
@given(seen=windows(), data=st.data())
@modest
def test_the_order_of_windows_does_not_matter(model, seen, data):
    order = np.array(data.draw(st.permutations(range(len(seen)))))
    straight, mixed = model.forecast(seen, 3, LEVELS), model.forecast(seen.take(order), 3, LEVELS)
    np.testing.assert_array_equal(straight.status[order], mixed.status)
    np.testing.assert_allclose(straight.mean[order], mixed.mean, rtol=1e-12)
    np.testing.assert_allclose(straight.quantiles[order], mixed.quantiles, rtol=1e-9, atol=1e-300)


@every_model
@given(seen=windows(), factor=st.sampled_from([0.125, 3.0, 1024.0]))
@modest
def test_another_unit_gives_the_same_forecast_in_that_unit(model, seen, factor):
    larger = seen.with_values(lambda values: factor * values)
    same(model.forecast(seen, 3, LEVELS), model.forecast(larger, 3, LEVELS), factor)


@pytest.mark.parametrize("model", MODELS[:-1], ids=repr)
@given(values=series(gaps=False, min_size=4), shift=st.sampled_from([-5.0, 0.5, 16.0]))
@modest
def test_a_shift_shifts_the_forecast(model, values, shift):
    values = [v / (max(map(abs, values)) or 1) for v in values]  # a shift must not drown them
    base, moved = (Windows.of(panel(y)) for y in (values, [v + shift for v in values]))
    one, other = model.forecast(base, 3, LEVELS), model.forecast(moved, 3, LEVELS)
    np.testing.assert_allclose(one.mean + shift, other.mean, atol=1e-9)
    np.testing.assert_allclose(one.quantiles + shift, other.quantiles, atol=1e-6)


@every_model
@given(seen=windows())
@modest
def test_the_first_steps_of_a_longer_forecast_are_the_shorter_one(model, seen):
    short, long = model.forecast(seen, 2, LEVELS), model.forecast(seen, 6, LEVELS)
    fine = (short.status == Status.OK) & (long.status == Status.OK)
    np.testing.assert_array_equal(short.mean[fine], long.mean[fine, :2])
    np.testing.assert_array_equal(short.quantiles[fine], long.quantiles[fine, :2])
