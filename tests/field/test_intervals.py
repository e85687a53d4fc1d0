"""Intervals that follow from few values: reports from the field, by hand and in simulation."""

import numpy as np
import pytest
from scipy import stats

from westforecast import Panel, Windows
from westforecast.models import (
    DampedLogGrowth,
    Drift,
    InSampleMean,
    Naive,
    SeasonalNaive,
    Status,
)
from westforecast.models.averaged import _average
from westforecast.series import Indicator
from westforecast.series.calendar import Calendar
from westforecast_arima.averaged import AveragedARIMA
from westforecast_ets.averaged import AveragedETS
from westforecast_ets.classic import SESDrift, Theta
from westforecast_example.median_change import MedianChange
from westforecast_growth import CompoundGrowth, DampedGrowth, NormGrowth

SIZES = (3, 4, 6, 8, 20)
BASELINES = (Naive(), Drift(), SeasonalNaive(), InSampleMean(), DampedLogGrowth())
GROWTH = (CompoundGrowth(), DampedGrowth(), NormGrowth(norm=0.04))
AVERAGED = (AveragedETS(), AveragedETS(select="best"), AveragedARIMA(), SESDrift(), Theta())


def panel(rows, kind="level"):
    """Annual series, one a row [S, T]."""
    rows = np.asarray(rows, float)
    return Panel(
        values=rows.ravel(),
        indptr=np.arange(len(rows) + 1) * rows.shape[1],
        first=np.full(len(rows), 2000),
        indicators=tuple(
            Indicator(id=f"s{k}", kind=kind, unit="percent") for k in range(len(rows))
        ),
        calendar=Calendar("Y"),
    )


def held(model, rows, n, steps):
    """Percent of the outcomes that 80 and 95 % intervals of the first n values hold [2, K]."""
    data = panel(rows)
    windows = Windows.of(data, end=data.indptr[:-1] + n)
    found = model.forecast(windows, max(steps), (80, 95))
    at = np.array(steps) - 1
    outcome = rows[:, n:][:, at]
    ends = [found.interval(level) for level in (80, 95)]
    return np.array([
        100 * ((low[:, at] <= outcome) & (outcome <= high[:, at])).mean(axis=0)
        for low, high in ends
    ])  # fmt: skip


@pytest.mark.parametrize("n", [3, 4, 5, 8, 20])
def test_b12_the_default_model_holds_what_it_says_on_lognormal_walks(n):
    steps = np.random.default_rng(12).normal(0.04, 0.08, (3000, n + 5))
    rows = 100 * np.exp(steps.cumsum(axis=1))
    found = held(DampedLogGrowth(), rows, n, (1, 3, 5))
    np.testing.assert_allclose(found, np.tile([[80.0], [95.0]], 3), atol=5)


def test_b21_drift_has_the_textbook_standard_deviation_and_student_s_t():
    y = [112, 118, 132, 129, 121, 135, 148, 148, 136, 119]
    found = Drift().forecast(Windows.of(panel([y])), 3, (95,))
    low, high = found.interval(95)
    # FPP3, section 5.5, takes the variance as known: 119.778 [95.5789, 143.9766] is 1.96 of the
    # standard deviation. It is estimated from 9 differences and a slope: 8 degrees of freedom.
    textbook = np.array([95.5789069, 143.9766486])
    sd = (textbook[1] - textbook[0]) / (2 * stats.norm.ppf(0.975))
    assert found.mean[0, 0] == pytest.approx(119.7777778)
    score = stats.t.ppf(0.975, 8)
    assert (high[0, 0] - low[0, 0]) / (2 * score) == pytest.approx(sd, rel=1e-6)
    np.testing.assert_allclose([low[0, 0], high[0, 0]], [91.3064914, 148.2490641], rtol=1e-7)


@pytest.mark.parametrize("value", [7.0, 0.1, 1e9, 0.0])
def test_b32_a_constant_series_stays_and_has_no_width(value):
    models = [*BASELINES, *GROWTH, *AVERAGED, MedianChange()]
    windows = Windows.of(panel([[value] * 9]))
    for model in models:
        found = model.forecast(windows, 3, (50, 95))
        if value == 0 and model.positive:
            assert found.status[0] == Status.NOT_POSITIVE
            continue
        if isinstance(model, NormGrowth):
            continue  # it returns to a norm: a constant is no constant to it
        np.testing.assert_allclose(found.mean, value, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(found.quantiles, value, rtol=1e-5, atol=1e-9)


def test_b35_four_values_give_no_flat_zero_but_a_wide_interval_or_a_refusal():
    windows = Windows.of(panel([[120, 140, 220, 210]]))
    for model in (*BASELINES, *GROWTH, *AVERAGED, MedianChange()):
        found = model.forecast(windows, 3, (95,))
        if found.status[0] != Status.OK:
            assert found.status[0] == Status.TOO_SHORT
            continue
        low, high = found.interval(95)
        assert (found.mean > 100).all()
        assert (high - low > 100).all(), model


def test_a_share_is_forecast_as_log_odds_and_stays_inside():
    rows = np.array([[60.0, 70, 80, 88, 93], [1.0, 1.1, 1.25, 1.3, 1.5], [50, 60, 80, 95, 100]])
    found = DampedLogGrowth().forecast(Windows.of(panel(rows, "share")), 20, (80, 99))
    assert (found.quantiles[:2] > 0).all() and (found.quantiles[:2] < 100).all()
    assert (np.diff(found.mean[0]) > 0).all() and found.mean[0, -1] > 93
    plain = DampedLogGrowth().forecast(Windows.of(panel(rows)), 20, (80, 99))
    np.testing.assert_allclose(found.mean[1], plain.mean[1], rtol=0.02)  # a small share: log growth
    on_logs = np.minimum(plain.mean[2], 100)  # a value on a bound has no log odds
    np.testing.assert_array_equal(found.mean[2], on_logs)


KINDS = {
    "walk": lambda r, n: 100 + r.normal(0, 5, (60, n)).cumsum(axis=1),
    "growth": lambda r, n: np.exp(r.normal(0.08, 0.2, (60, n)).cumsum(axis=1)),
    "noise": lambda r, n: np.exp(r.normal(0, 1, (60, n))),
    "fast": lambda r, n: np.exp(0.3 * np.arange(n) + r.normal(0, 0.1, (60, n))),
    "signs": lambda r, n: r.standard_cauchy((60, n)),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("model", [*BASELINES, *GROWTH, *AVERAGED, MedianChange()], ids=repr)
def test_the_point_forecast_lies_inside_its_own_intervals(model, kind):
    for n in (3, 4, 7, 15):
        rows = KINDS[kind](np.random.default_rng(n), n)
        found = model.forecast(Windows.of(panel(rows)), 30, (50, 80, 99))
        fine = found.status == Status.OK
        assert not (found.status == Status.FAILED).any(), "an end beyond all numbers is no failure"
        asked = kind != "signs" or not model.positive
        assert fine.sum() > 30 or n < model.min_train or not asked
        for level in (50, 80, 99):
            low, high = (end[fine] for end in found.interval(level))
            slack = 1e-9 * np.abs(found.mean[fine])
            assert (low - slack <= found.mean[fine]).all()
            assert (found.mean[fine] <= high + slack).all()


def test_a_growth_that_little_speaks_for_does_not_carry_the_point_forecast_away():
    grown, level, log = np.array([0.05, 0.4]), np.array([[100.0, 100]]), np.array([[1e7, 120.0]])
    found = _average([(1 - grown, level), (grown, log)], np.array([90.0, 90.0]))
    np.testing.assert_allclose(found, [[100 + 100 * 0.05 / 0.95, 108]])
    # No jump where one scale becomes likelier than the other, nor where the level comes to nothing.
    grown, row = np.linspace(0.3, 0.7, 401), np.ones((1, 401))
    for path in (0.0, 0.1, 100.0):
        moved = _average([(1 - grown, path * row), (grown, 50 * row)], 90 * row[0])
        assert np.abs(np.diff(moved)).max() < 0.5
    none, one = np.zeros(1), np.ones(1)
    assert _average([(none, np.ones((1, 1))), (one, np.full((1, 1), 1e9))], one) == 1e9
