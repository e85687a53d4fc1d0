"""What models that average candidates promise for any data; they come from plugins."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import westforecast as wf
from westforecast import Windows
from westforecast.errors import UnknownNameError
from westforecast.models import Status

from ..builders import panel, walk
from .strategies import modest, panels, windows

LEVELS = [50, 80, 95]


def made(name, **settings):
    try:
        return wf.model(name, **settings)
    except UnknownNameError:
        return pytest.param(None, marks=pytest.mark.skip(f"no plugin offers {name}"))


MODELS = [
    made("AveragedETS"), made("AveragedETS", select="best"), made("AveragedARIMA"),
    made("AveragedARIMA", select="best"), made("SESDrift"), made("Theta", scale="both"),
]  # fmt: skip
every_model = pytest.mark.parametrize("model", MODELS, ids=repr)
# Hypothesis calls a model hundreds of times; the others differ from these in little.
one_of_a_kind = pytest.mark.parametrize("model", [MODELS[0], MODELS[2], MODELS[4]], ids=repr)

HARD = {
    "constant": np.full(20, 7.0), "zeros": np.zeros(20), "one step": np.repeat([1.0, 2.0], 10),
    "line": np.arange(1.0, 21), "growth": 1.1 ** np.arange(20), "1e12": 1e12 * walk(20),
    "1e-9": 1e-9 * walk(20), "one outlier": np.r_[walk(10), 1e9, walk(10)],
    "negative": -walk(20), "with a zero": np.r_[walk(10), 0.0, walk(10)],
    "gaps": np.where(np.arange(20) % 6 == 4, np.nan, walk(20)), "three values": walk(3),
    "alternating": np.tile([1.0, -1.0], 10), "tiny noise": 1e6 + 1e-6 * walk(20),
    "long": walk(400),
}  # fmt: skip


def finite_or_refused(found) -> None:
    fine = found.status == Status.OK
    assert np.isfinite(found.mean).all(axis=1).tolist() == fine.tolist()
    assert np.isfinite(found.quantiles).all(axis=(1, 2)).tolist() == fine.tolist()
    assert (np.diff(found.quantiles[fine], axis=2) >= 0).all()
    assert set(found.reason) == set(np.flatnonzero(~fine))


@every_model
@pytest.mark.parametrize("name", HARD)
def test_hard_series_give_a_finite_answer_or_a_status_and_no_warning(model, name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = model.forecast(Windows.of(panel(HARD[name])), 30, LEVELS)
    finite_or_refused(found)
    if name not in ("gaps", "three values"):
        assert found.status[0] == Status.OK, found.reason


@every_model
def test_a_hard_series_does_not_change_its_neighbours(model):
    good = walk(25, seed=9)
    alone = model.forecast(Windows.of(panel(good)), 6, LEVELS)
    among = model.forecast(Windows.of(panel(*HARD.values(), good)), 6, LEVELS)
    np.testing.assert_allclose(among.mean[-1], alone.mean[0], rtol=1e-9)
    np.testing.assert_allclose(among.quantiles[-1], alone.quantiles[0], rtol=1e-7)


@every_model
def test_flat_and_straight_series_go_on(model):
    """A constant is forecast by its value, and a line nearly by itself."""
    data = panel(HARD["constant"], HARD["zeros"], 100 + 5.0 * np.arange(15))
    found = model.forecast(Windows.of(data), 5, LEVELS)
    np.testing.assert_allclose(found.mean[0], 7.0, rtol=1e-6)
    np.testing.assert_allclose(found.mean[1], 0.0, atol=1e-9)
    line = 170 + 5.0 * np.arange(1, 6)
    slack = 13.0 if "Theta" in repr(model) else 1.0  # Theta goes on with half the slope
    np.testing.assert_allclose(found.mean[2], line, atol=slack)


@one_of_a_kind
@given(seen=windows())
@modest
def test_any_data_give_a_finite_answer_or_a_status(model, seen):
    finite_or_refused(model.forecast(seen, 4, LEVELS))


@one_of_a_kind
@given(data=panels(min_size=8), junk=st.sampled_from([np.nan, 0.0, -1e9, 1e9]))
@modest
def test_nothing_after_a_window_matters_even_if_later_windows_see_it(model, data, junk):
    """No look-ahead between the origins of a history, which share their work."""
    assume((data.lengths >= 4).all())
    ends = np.array([e for s in range(len(data)) for e in data.indptr[s + 1] - [3, 2, 1, 0]])
    series = np.repeat(np.arange(len(data)), 4)
    together = Windows.of(data, series, data.indptr[series], ends)

    def spoil(values):
        for end in ends[::4]:
            values[end : end + 3] = junk
        return values

    one, other = (model.forecast(w, 3, LEVELS) for w in (together, together.with_values(spoil)))
    for name in ("status", "mean", "quantiles"):
        before, after = (getattr(f, name)[::4] for f in (one, other))
        np.testing.assert_allclose(before, after, rtol=1e-6, atol=1e-300)


@one_of_a_kind
@given(data=panels(positive=True, gaps=False, min_size=8))
@modest
def test_every_origin_of_a_backtest_is_a_forecast_from_there(model, data):
    """All origins at once, and each alone from a panel that ends there."""
    ends = [int(e) for s in range(len(data)) for e in range(data.indptr[s] + 7, data.indptr[s + 1])]
    series = np.searchsorted(data.indptr, ends, side="left") - 1
    together = Windows.of(data, series, data.indptr[series], np.array(ends, np.int64))
    found = model.forecast(together, 3, LEVELS)
    for w in range(0, len(ends), 4):
        one = model.forecast(together.take(np.array([w])), 3, LEVELS)
        assert one.status[0] == found.status[w]
        np.testing.assert_allclose(found.mean[w], one.mean[0], rtol=1e-6)


SOME = [walk(int(n), k) for k, n in enumerate(np.random.default_rng(8).integers(12, 40, 60))]


@one_of_a_kind
def test_neither_the_order_of_series_nor_workers_change_a_bit(model):
    """Tiles are composed by content, so the same products are computed."""
    order = np.random.default_rng(9).permutation(len(SOME))
    names = np.array([f"s{k}" for k in range(len(SOME))])

    def run(which, engine):
        series = panel(*(SOME[k] for k in which))
        series = replace(
            series,
            indicators=tuple(
                replace(one, id=str(names[k]))
                for k, one in zip(which, series.indicators, strict=True)
            ),
        )
        found = wf.backtest(
            series, {"m": model}, h=3, n_windows=4, levels=(80,), align="series", engine=engine
        )
        columns = ["unique_id", "cutoff", "horizon", "yhat", "lo-80", "hi-80"]
        return found.long()[columns].sort_values(columns[:3], ignore_index=True)

    first = run(np.arange(len(SOME)), "serial")
    for which, engine in ((order, "serial"), (order, "auto"), (order[::-1], "threads")):
        again = run(which, engine)
        assert first.equals(again)


@one_of_a_kind
def test_sliding_windows_are_histories_of_their_own(model):
    """Each forecast of a sliding backtest is that of its window alone in a panel."""
    found = wf.backtest(
        panel(*SOME[:6]), {"m": model}, h=2, n_windows=5, input_size=10, align="series"
    )
    windows = found.plan.windows
    assert (windows.lengths == 10).all()
    cut = [windows.y(w).copy() for w in range(len(windows))]
    for w, y in enumerate(cut):
        one = model.forecast(Windows.of(panel(y)), 2)
        np.testing.assert_allclose(found.forecasts["m"].mean[w], one.mean[0], rtol=1e-9)
