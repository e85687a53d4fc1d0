"""`AveragedARIMA`: the contract, its tables, and data of every kind."""

import csv
import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.models import Status, Windows
from westforecast.testing import check_model, panel_of
from westforecast_arima.averaged import AveragedARIMA
from westforecast_arima.candidates import GIVEN, candidates

MODELS = [
    AveragedARIMA(),
    AveragedARIMA(select="best"),
    AveragedARIMA(scale="level"),
    AveragedARIMA(scale="log"),
]
SCALES = pytest.mark.parametrize("scale", ["level", "log"])
LEVELS = (50, 80, 95)


def series(count: int, length: int, growth=0.03, noise=0.04, seed=7) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    steps = growth + noise * generator.standard_normal((count, length))
    return list(100 * np.exp(np.cumsum(steps, axis=1)))


def forecast(model, *values, horizon=4, levels=LEVELS):
    return model.forecast(Windows.of(panel_of(values)), horizon, levels)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_model_contract(model):
    report = check_model(model)
    report.raise_if_failed()


def test_it_goes_by_its_name_and_costs_nothing_until_used():
    assert wf.model("AveragedARIMA", select="best") == AveragedARIMA(select="best")
    code = (
        "import sys, westforecast as wf\n"
        "wf.registry()\n"
        "assert 'westforecast_arima.averaged' not in sys.modules\n"
        "wf.model('AveragedARIMA')\n"
        "assert not {'statsforecast', 'scipy', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# Tables


@SCALES
def test_the_tables_are_candidates_that_make_sense(scale):
    grid = candidates(scale)
    assert candidates(scale) is grid
    every = np.column_stack([grid.orders, grid.constant])
    assert len(np.unique(every, axis=0)) == len(every)
    p, d, q = grid.orders.T
    assert (p + d).max() == grid.given == GIVEN == AveragedARIMA.given
    assert (grid.constant[d == 0] > 0).all()
    assert (grid.constant[d == 1] == 0).any()
    assert (grid.constant[d == 2] == 0).all()
    for degree in range(q.max() + 1):
        here = grid.degree == degree
        np.testing.assert_allclose(np.exp(grid.log_theta[here]).sum(), 1)
        assert len(np.unique(grid.theta[here], axis=0)) == here.sum()
        assert (grid.theta[here, degree:] == 0).all()
        assert (grid.theta[here, :degree].any(axis=1)).all() or degree == 0
    for theta in grid.theta:
        assert (np.abs(np.roots(np.r_[1.0, theta])) < 1).all(), f"{theta} is not invertible"
    assert (np.diff(grid.weight, axis=1) > 0).all()  # higher lags are shrunk more


def test_weights_are_those_of_both_scales_together():
    total = sum(np.exp(candidates(scale).log_order).sum() for scale in ("level", "log"))
    np.testing.assert_allclose(total, 1)


@pytest.mark.parametrize("name", ["orders", "moving_averages", "shrinkage"])
def test_the_readme_explains_every_column(name, request):
    header = (files("westforecast_arima") / f"{name}.csv").read_text("utf-8").splitlines()[0]
    readme = request.path.parents[1].joinpath("README.md").read_text("utf-8")
    part = readme.split(f"`{name}.csv`")[-1]
    assert all(f"`{column}`" in part for column in next(csv.reader([header])))


# What it forecasts


def test_best_keeps_one_order_on_one_scale():
    values = series(6, 24)
    all_, best = forecast(AveragedARIMA(), *values), forecast(AveragedARIMA(select="best"), *values)
    assert not np.allclose(all_.mean, best.mean, rtol=1e-6)
    one_scale = [forecast(AveragedARIMA("best", scale), *values) for scale in ("level", "log")]
    close = [np.isclose(best.mean, one.mean, rtol=1e-10).all(axis=1) for one in one_scale]
    assert (close[0] | close[1]).all()
    assert not close[0].all()


def test_a_backtest_is_what_each_origin_would_have_said():
    panel = panel_of(series(3, 25))
    rolled = wf.backtest(panel, "AveragedARIMA", h=3, n_windows=4, align="series", levels=LEVELS)
    long = rolled.long()
    for cutoff, fold in long.groupby("cutoff"):
        keep = int(cutoff) - 2000 + 1
        short = panel_of([panel.values[a : a + keep] for a in panel.indptr[:-1]])
        once = wf.forecast(short, "AveragedARIMA", h=3, levels=LEVELS).long()
        np.testing.assert_allclose(fold["yhat"], once["yhat"], rtol=1e-10)
        np.testing.assert_allclose(fold["hi-95"], once["hi-95"], rtol=1e-6)


@pytest.mark.parametrize(("length", "status"), [(5, Status.TOO_SHORT), (6, Status.OK)])
def test_it_needs_six_values(length, status):
    found = forecast(AveragedARIMA(), *series(1, length))
    assert found.status.tolist() == [status]


def test_gaps_are_refused():
    values = series(1, 20)[0]
    values[8] = np.nan
    assert forecast(AveragedARIMA(), values).status.tolist() == [Status.MISSING_VALUES]


def test_logarithms_need_positive_values_and_both_scales_do_not():
    values = series(1, 20)[0] - 120
    assert forecast(AveragedARIMA(scale="log"), values).status.tolist() == [Status.NOT_POSITIVE]
    both, level = forecast(AveragedARIMA(), values), forecast(AveragedARIMA(scale="level"), values)
    np.testing.assert_allclose(both.mean, level.mean, rtol=1e-12)


@pytest.mark.parametrize("value", [7.0, 0.0, -3e12, 2e-9])
@pytest.mark.parametrize("model", MODELS[:3], ids=repr)
def test_a_constant_series_is_forecast_by_its_value(model, value):
    found = forecast(model, np.full(12, value))
    np.testing.assert_allclose(found.mean, value, rtol=1e-6)
    np.testing.assert_allclose(found.quantiles, value, rtol=1e-3, atol=1e-140)


def test_steady_growth_goes_on():
    found = forecast(AveragedARIMA(), 10 * 1.05 ** np.arange(20), 4 + 3.0 * np.arange(20))
    np.testing.assert_allclose(found.mean[0], 10 * 1.05 ** np.arange(20, 24), rtol=0.02)
    np.testing.assert_allclose(found.mean[1], 4 + 3.0 * np.arange(20, 24), rtol=1e-3)


def test_it_is_more_accurate_than_naive_on_series_that_grow():
    values = series(60, 30, growth=0.04)
    past, future = [y[:24] for y in values], np.array([y[24:] for y in values])
    errors = {
        name: np.abs(forecast(wf.model(name), *past, horizon=6).mean - future).mean()
        for name in ("AveragedARIMA", "Naive")
    }
    assert errors["AveragedARIMA"] < 0.8 * errors["Naive"]


@SCALES
def test_intervals_cover_what_they_promise(scale):
    values = series(150, 26)
    values = np.array(values if scale == "log" else np.log(values))
    found = forecast(AveragedARIMA(scale=scale), *values[:, :23], horizon=3)
    for level in LEVELS:
        low, high = found.interval(level)
        covered = ((low <= values[:, 23:]) & (values[:, 23:] <= high)).mean()
        assert abs(covered - level / 100) < 0.06


@given(
    kind=st.sampled_from(["plain", "constant", "growing", "sparse"]),
    scale=st.sampled_from([1e-12, 1e-3, 1.0, 1e6, 1e15]),
    values=st.lists(st.floats(-10, 10), min_size=1, max_size=20),
)
@settings(derandomize=True, max_examples=60, deadline=None)
def test_any_data_give_numbers_or_a_status(kind, scale, values):
    size = len(values)
    y = (
        scale
        * {
            "plain": np.array(values),
            "constant": np.full(size, values[0]),
            "growing": (1 + values[0] / 20) ** np.arange(size),
            "sparse": np.where(np.array(values) > 5, values, 0.0),
        }[kind]
    )
    for model in MODELS:
        found = forecast(model, y)
        fine = found.status == Status.OK
        assert fine[0] == (size >= 6 and (model.scale != "log" or (y > 0).all()))
        assert np.isfinite(found.mean[fine]).all()
        assert np.isfinite(found.quantiles[fine]).all()
        assert (np.diff(found.quantiles[fine], axis=2) >= 0).all()


@pytest.mark.parametrize("setting", [{"select": "first"}, {"scale": "root"}])
def test_settings_that_cannot_be_meant_are_refused(setting):
    (name,) = setting
    with pytest.raises(UsageError, match=f"{name}="):
        AveragedARIMA(**setting)


@pytest.mark.parametrize(
    "y",
    [
        [0] * 8 + [4], [0] * 8 + [4, 9], [7] * 12 + [0], [7] * 12 + [9], [7] * 12 + [9, 10],
        [7] * 9 + [8, 8], [3] + [7] * 9 + [8], [100.5] * 10 + [101],
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("scale", ["both", "level"])
def test_a_change_after_years_without_any_is_not_multiplied(y, scale):
    """The lags of a flat history say nothing of the coefficient that its last change meets."""
    found = forecast(AveragedARIMA(scale=scale), np.array(y, float), horizon=7, levels=[80, 95])
    assert found.status[0] == Status.OK, found.reason
    low, high = found.interval(80)
    size = np.ptp(y)
    assert np.abs(found.mean[0] - y[-1]).max() < 7 * size
    assert (high - low).max() < 12 * size
