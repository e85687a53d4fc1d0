"""CompoundGrowth and DampedGrowth: hand-computed values, a slow twin, gaps, odd input."""

import math
import pickle
from dataclasses import FrozenInstanceError
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.kernels.student import student_quantile
from westforecast.models import Status, Windows
from westforecast.series import Calendar, Indicator, Panel
from westforecast.testing import panel_of
from westforecast_growth import CompoundGrowth, DampedGrowth

NAN = math.nan
HORIZON, LEVELS = 6, (80, 95)
M3 = Path(__file__).parents[4] / "shared" / "data" / "benchmarks" / "m3_yearly.parquet"


def twin(y, horizon, probs, damping=1.0, window=None):
    """One series, one value after the other: mean [H] and quantiles [H][Q] of the two models."""
    seen = [(t, v) for t, v in enumerate(y) if not math.isnan(v)]
    end, last = seen[-1]
    used = [(t, v) for t, v in seen if window is None or t >= end - window]
    begin, first = used[0]
    n = end - begin
    g = math.log(last / first) / n
    whole = math.log(last / seen[0][1]) / (end - seen[0][0])
    squares = []
    for (t0, v0), (t1, v1) in pairwise(seen):
        squares.append((math.log(v1 / v0) - whole * (t1 - t0)) ** 2 / (t1 - t0))
    dof = len(squares) - 1
    variance = sum(squares) / dof if dof > 0 else NAN
    mean, quantiles = [], []
    for h in range(1, horizon + 1):
        k = len(y) - 1 - end + h
        weight = sum(damping**i for i in range(1, k + 1))
        sd = math.sqrt(variance * (k + weight**2 / n))
        mean.append(last * math.exp(g * weight))
        scores = [float(student_quantile(p, max(dof, 1))) for p in probs]
        quantiles.append([mean[-1] * math.exp(score * sd) for score in scores])
    return mean, quantiles


def random_series(seed, count=30):
    """Growing series of 2 to 25 values with holes; the first and the last value stay."""
    generator = np.random.default_rng(seed)
    series = []
    for _ in range(count):
        n = int(generator.integers(2, 26))
        y = 100 * np.exp(np.cumsum(generator.normal(0.08, 0.15, n)))
        hole = generator.random(n) < 0.25
        hole[[0, -1]] = False
        y[hole] = np.nan
        series.append(y)
    return series


def only(series, model, horizon=HORIZON, levels=LEVELS):
    return model.forecast(Windows.of(panel_of([np.array(series, float)])), horizon, levels)


MODELS = [
    (CompoundGrowth(), {}),
    (CompoundGrowth(window=4), {"window": 4}),
    (DampedGrowth(), {"damping": 0.95}),
    (DampedGrowth(0.7, window=30), {"damping": 0.7}),
]


@pytest.mark.parametrize(("model", "settings"), MODELS)
def test_batch_equals_the_slow_twin(model, settings):
    series = random_series(7)
    result = model.forecast(Windows.of(panel_of(series)), HORIZON, LEVELS)
    answered = 0
    for w, y in enumerate(series):
        if result.status[w] != Status.OK:
            assert "observed value in the last 4" in result.reason[w]
            continue
        answered += 1
        mean, quantiles = twin(list(y), HORIZON, result.probs, **settings)
        np.testing.assert_allclose(result.mean[w], mean, rtol=1e-12)
        np.testing.assert_allclose(result.quantiles[w], quantiles, rtol=1e-10)
    assert answered >= 25


def test_by_hand():
    assert only([100, 110, 121], CompoundGrowth(), 2).mean[0] == pytest.approx([133.1, 146.41])
    damped = only([100, 200], DampedGrowth(0.5), 2).mean[0]
    assert damped == pytest.approx([200 * 2**0.5, 200 * 2**0.75])
    # 100, 50, 100 and then 10 % a year: only the last two periods count
    short = only([100, 50, 100, 110, 121], CompoundGrowth(window=2), 1).mean[0]
    assert short == pytest.approx([133.1])


def test_damping_one_is_compound_growth():
    a = only([5, 7, 8, 13], CompoundGrowth())
    b = only([5, 7, 8, 13], DampedGrowth(1.0))
    np.testing.assert_array_equal(a.mean, b.mean)
    np.testing.assert_array_equal(a.quantiles, b.quantiles)


def test_a_gap_counts_its_periods():
    assert only([100, NAN, 121], CompoundGrowth(), 1).mean[0] == pytest.approx([133.1])
    # a window of two periods reaches over the hole, one of a single period finds one value
    assert only([7, 100, NAN, 121], CompoundGrowth(window=2), 1).mean[0] == pytest.approx([133.1])
    lonely = only([7, 100, NAN, 121], CompoundGrowth(window=1))
    assert lonely.status[0] == Status.TOO_SHORT
    assert lonely.reason[0] == "1 observed value in the last 1 periods, 2 needed"


def test_missing_at_the_end_lengthens_the_horizon():
    y = np.array([100.0, 104.0, 115.0, NAN, NAN])
    late = CompoundGrowth().forecast(Windows.of(panel_of([y])), 2, LEVELS)
    early = CompoundGrowth().forecast(Windows.of(panel_of([y[:3]])), 4, LEVELS)
    np.testing.assert_allclose(late.mean[0], early.mean[0, 2:])
    np.testing.assert_allclose(late.quantiles[0], early.quantiles[0, 2:])


def test_intervals_widen_with_the_horizon_and_with_a_short_window():
    y = np.exp(np.linspace(0, 1, 15) + 0.1 * np.sin(np.arange(15)))
    whole, short = only(y, CompoundGrowth()), only(y, CompoundGrowth(window=3))
    width = np.log(whole.quantiles[0, :, -1] / whole.quantiles[0, :, 0])
    assert (np.diff(width) > 0).all()
    assert (np.log(short.quantiles[0, :, -1] / short.quantiles[0, :, 0]) > width).all()


@pytest.mark.parametrize("model", [CompoundGrowth(), DampedGrowth()])
@pytest.mark.parametrize(
    ("y", "status"),
    [
        ([], Status.TOO_SHORT),
        ([3.0], Status.TOO_SHORT),
        ([NAN, NAN, NAN], Status.TOO_SHORT),
        ([1.0, 0.0, 2.0], Status.NOT_POSITIVE),
        ([1.0, -1.0, 2.0], Status.NOT_POSITIVE),
    ],
)
def test_statuses(model, y, status):
    result = only(y, model)
    assert result.status[0] == status
    assert result.reason[0]
    assert np.isnan(result.mean).all()


@pytest.mark.parametrize("model", [CompoundGrowth(), DampedGrowth()])
def test_two_values_have_no_interval_and_a_constant_a_narrow_one(model):
    assert np.isnan(only([1.0, 2.0], model).quantiles).all()
    constant = only([4.0] * 5, model)
    np.testing.assert_allclose(constant.mean, 4.0)
    np.testing.assert_allclose(constant.quantiles, 4.0)


@pytest.mark.parametrize("model", [CompoundGrowth(window=5), DampedGrowth()])
def test_scale_does_not_matter(model):
    y = random_series(11, 1)[0]
    a, b = only(y, model), only(1e6 * y, model)
    np.testing.assert_allclose(b.mean, 1e6 * a.mean)
    np.testing.assert_allclose(b.quantiles, 1e6 * a.quantiles)


def test_a_forecast_equals_the_last_fold_of_a_backtest():
    panel = panel_of([np.exp(np.linspace(0, 2, 20))])
    fold = wf.backtest(panel, CompoundGrowth(), h=3, cutoffs=[2016]).long()["yhat"]
    ahead = wf.forecast(panel.as_of(2016), CompoundGrowth(), h=3).long()["yhat"]
    np.testing.assert_array_equal(fold, ahead)


@pytest.mark.parametrize("n", [4, 6, 8, 12, 20])
def test_intervals_cover_what_they_say(n):
    """A random walk with drift, however short; normal quantiles held 0.88 of 0.95 with n = 6."""
    steps = np.cumsum(np.random.default_rng(n).normal(0.05, 0.1, (4000, n + 5)), axis=1)
    windows = Windows.of(panel_of(list(np.exp(steps[:, :n]))))
    result = CompoundGrowth().forecast(windows, 5, (80, 95))
    for level in (80, 95):
        low, high = np.log(result.interval(level))
        inside = ((low <= steps[:, n:]) & (steps[:, n:] <= high)).mean(axis=0)
        assert inside == pytest.approx([level / 100] * 5, abs=0.02)


@pytest.mark.parametrize("model", [CompoundGrowth(), DampedGrowth()])
def test_a_share_beyond_all_is_no_forecast(model):
    plain = panel_of([np.array([60.0, 75.0, 90.0]), np.full(9, 100.0)])
    told = tuple(Indicator(id=i.id, kind="share", unit="percent") for i in plain.indicators)
    panel = Panel(plain.values, plain.indptr, plain.first, told, Calendar("Y", "integer"))
    found = model.forecast(Windows.of(panel), 2)
    assert found.status.tolist() == [Status.OUT_OF_DOMAIN, Status.OK]
    assert "at step 1 leaves the bounds of the series, 0 to 100" in found.reason[0]
    assert "Logistic" in found.reason[0]
    np.testing.assert_allclose(found.mean[1], 100.0)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (CompoundGrowth(), 18.89),
        (CompoundGrowth(window=5), 21.84),
        (CompoundGrowth(window=3), 22.44),
    ],
)
def test_known_accuracy_on_the_m3_yearly_series(model, expected):
    """sMAPE as computed apart from this library (research/domain.md, 5.3)."""
    if not M3.exists():
        pytest.skip(f"{M3} is not on this machine")
    frame = pd.read_parquet(M3, columns=["unique_id", "ds", "y"])
    long = wf.backtest(wf.Panel.from_frame(frame), model, h=6, align="series").long()
    error = 200 * (long["yhat"] - long["y"]).abs() / (long["yhat"].abs() + long["y"].abs())
    assert len(error) == 6 * 645
    assert error.mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("window", [0, -1, 2.5, True, "5"])
def test_a_window_is_a_whole_number(window):
    with pytest.raises(UsageError, match="window"):
        CompoundGrowth(window=window)


@pytest.mark.parametrize("damping", [-0.1, 1.01, NAN])
def test_damping_lies_in_zero_to_one(damping):
    with pytest.raises(UsageError, match="damping"):
        DampedGrowth(damping)


def test_frozen_and_picklable():
    model = DampedGrowth(0.9, window=5)
    assert pickle.loads(pickle.dumps(model)) == model
    with pytest.raises(FrozenInstanceError):
        model.damping = 1.0
