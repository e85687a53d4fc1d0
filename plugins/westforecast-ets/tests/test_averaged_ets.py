"""`AveragedETS`, `SESDrift` and `Theta`: the contract, the tables, and slow obvious twins."""

import csv
import runpy
import tracemalloc
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.testing import check_model, panel_of
from westforecast_ets.averaged import AveragedETS
from westforecast_ets.classic import ALPHA, SESDrift, Theta

TOOL = Path(__file__).resolve().parents[1] / "tools" / "hand_set_prior.py"
MODELS = [
    AveragedETS(), AveragedETS(select="best"), AveragedETS(scale="level"), AveragedETS(scale="log"),
    SESDrift(), SESDrift(select="average", scale="both"), Theta(), Theta(scale="log"),
]  # fmt: skip


def panel(*series, first=1990) -> wf.Panel:
    frames = [
        pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(first, first + len(y)), "y": y})
        for i, y in enumerate(series)
    ]
    return wf.Panel.from_frame(pd.concat(frames), gaps="keep")


def walk(length, seed=0, drift=0.03):
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, 0.05, length)))


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_the_model_contract(model):
    report = check_model(model)
    report.raise_if_failed()


# --- the tables -------------------------------------------------------------------------------


def rows(name):
    text = (files("westforecast_ets") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def test_the_tables_are_what_the_tool_writes():
    tool = runpy.run_path(str(TOOL))
    found = rows("prior.csv")
    for row, point in zip(found, tool["points"](), strict=True):
        assert (row["scale"], row["form"]) == point[:2]
        assert [float(x) for x in list(row.values())[2:6]] == list(point[2:6])
        assert float(row["weight"]) == pytest.approx(point[6], abs=1e-8)
    assert sum(float(row["weight"]) for row in found) == pytest.approx(1, abs=1e-5)
    assert sum(float(row["weight"]) for row in rows("season.csv")) == pytest.approx(1)


def test_candidates_are_invertible():
    """0 <= beta <= alpha <= 1 and 0 < phi <= 1: the filter forgets its beginning."""
    for row in rows("prior.csv"):
        alpha, beta, phi = (float(row[name]) for name in ("alpha", "beta", "phi"))
        assert 0 <= beta <= alpha <= 1
        assert 0 < phi <= 1


# --- AveragedETS, slowly ----------------------------------------------------------------------


def slow(y, horizon):
    """log weight, path and squared scale of every candidate: a Kalman filter each, as in
    Hyndman et al. (2008), chapter 12, on the values and on their logs."""
    found = []
    for row in rows("prior.csv"):
        data = np.log(y) if row["scale"] == "log" else y
        alpha, beta, phi, kappa, weight = (float(row[n]) for n in list(row)[2:])
        w, g = np.array([1, phi]), np.array([alpha, beta])
        step = np.array([[1, phi], [0, phi]])
        # Given the first value: level y_1 - (1 - alpha) e_1, slope phi b_0 + beta e_1.
        state = np.array([data[0], 0.0])
        error = np.array([alpha - 1, beta])
        spread = np.outer(error, error) + np.diag([0, (phi * kappa) ** 2])
        squares = logs = 0.0
        for value in data[1:]:
            variance = w @ spread @ w + 1
            gain = (step @ spread @ w + g) / variance
            innovation = value - w @ state
            state = step @ state + gain * innovation
            spread = step @ spread @ step.T + np.outer(g, g) - variance * np.outer(gain, gain)
            squares += innovation**2 / variance
            logs += np.log(variance)
        degrees = len(y) - 1
        jacobian = np.log(y[1:]).sum() if row["scale"] == "log" else 0.0
        path, scale, noise = [], [], 1.0
        row_ = w
        for _ in range(horizon):
            path.append(row_ @ state)
            scale.append(squares / degrees * (noise + row_ @ spread @ row_))
            noise += (row_ @ g) ** 2
            row_ = row_ @ step
        log_weight = np.log(weight) - 0.5 * (degrees * np.log(squares) + logs) - jacobian
        found.append((row["scale"] == "log", row["form"], log_weight, path, scale))
    logarithmic, form, log_weight, path, scale = (np.array(x) for x in zip(*found, strict=True))
    weight = np.exp(log_weight - log_weight.max())
    return logarithmic, form, weight / weight.sum(), path, scale


def test_the_average_is_that_of_filters_run_one_by_one():
    series = [walk(n, n) for n in (3, 8, 15, 31)]
    found = wf.forecast(panel(*series), AveragedETS(), h=4).forecasts["AveragedETS"].mean
    for y, forecast in zip(series, found, strict=True):
        logs, _, weight, path, _ = slow(y, 4)
        p = weight[logs].sum()
        level = np.average(path[~logs], axis=0, weights=weight[~logs])
        growth = np.exp(np.average(path[logs], axis=0, weights=weight[logs]))
        np.testing.assert_allclose(forecast, (1 - p) * level + p * growth, rtol=1e-6)


def test_best_is_the_average_within_the_likeliest_form():
    for seed in range(6):
        y = walk(14, seed)
        model = AveragedETS(select="best")
        found = wf.forecast(panel(y), {"m": model}, h=3).forecasts["m"].mean[0]
        logs, form, weight, path, _ = slow(y, 3)
        masses = {
            (k, f): weight[(logs == k) & (form == f)].sum() for k in (0, 1) for f in set(form)
        }
        k, f = max(masses, key=masses.get)
        inside = (logs == k) & (form == f)
        mean = np.average(path[inside], axis=0, weights=weight[inside])
        np.testing.assert_allclose(found, np.exp(mean) if k else mean, rtol=1e-6)


def test_grouping_candidates_hardly_moves_the_quantiles():
    """Intervals come from five laws a scale instead of 96; the exact mixture is summed here."""
    stats = pytest.importorskip("scipy.stats")
    worst = 0.0
    for seed in range(5):
        y = walk(12 + 3 * seed, seed)
        found = wf.forecast(panel(y), "AveragedETS", h=6, levels=(80, 95)).forecasts["AveragedETS"]
        logs, _, weight, path, scale = slow(y, 6)
        for h in range(6):
            for p, x in zip(found.probs, found.quantiles[0, h], strict=True):
                u = np.where(logs, np.log(max(x, 1e-300)), x) - path[:, h]
                exact = weight @ stats.t.cdf(u / np.sqrt(scale[:, h]), len(y) - 1)
                worst = max(worst, abs(exact - p))
    assert worst < 0.01


def test_a_gap_is_a_value_that_was_not_seen():
    """The forecast after a gap is that of a filter without an update there; ends need no value."""
    y = walk(16, 3)
    holes = y.copy()
    holes[[4, 5, 11]] = np.nan
    long = wf.forecast(panel(y, holes), "AveragedETS", h=2, levels=(80,)).long()
    assert set(long["status"]) == {"ok"}
    width = (long["hi-80"] - long["lo-80"]).to_numpy().reshape(2, 2)
    assert not np.isclose(width[0], width[1]).any()
    # A window that ends in a gap is forecast from its last value.
    data = panel([*y, np.nan, np.nan, 120.0])
    before = wf.Windows.of(data, [0], data.indptr[[0]], data.indptr[[1]] - 1)
    later = AveragedETS().forecast(before, 1)
    whole = wf.forecast(panel(y), "AveragedETS", h=3).forecasts["AveragedETS"]
    np.testing.assert_allclose(later.mean[0, 0], whole.mean[0, 2], rtol=1e-9)


def test_a_season_is_found_and_forecast():
    step = np.arange(40)
    swing = np.tile([20.0, -10, 5, -15], 10)
    y = 100 + step + swing + np.random.default_rng(0).normal(0, 1, 40)
    ds = pd.period_range("2010Q1", periods=40, freq="Q").to_timestamp()
    quarters = wf.Panel.from_frame(pd.DataFrame({"unique_id": "q", "ds": ds, "y": y}), freq="Q")
    found = wf.forecast(quarters, "AveragedETS", h=8, levels=(95,)).forecasts["AveragedETS"]
    expected = 100 + np.arange(40, 48) + swing[:8]
    assert np.abs(found.mean[0] - expected).max() < 5
    low, high = found.interval(95)
    assert ((low < expected) & (expected < high)).all()


def test_data_that_are_not_positive_are_seen_on_the_level_scale_only():
    y = walk(15) - 110
    found = wf.forecast(panel(y), {"both": AveragedETS(), "level": AveragedETS(scale="level")}, h=3)
    np.testing.assert_allclose(
        found.forecasts["both"].mean, found.forecasts["level"].mean, rtol=1e-12
    )
    log = wf.forecast(panel(y, walk(15)), AveragedETS(scale="log"), h=1, levels=(80,)).long()
    assert log["status"].tolist() == ["not_positive", "ok"]
    assert "needs values above 0" in log["reason"][0]


@pytest.mark.parametrize("settings", [{"select": "all"}, {"scale": "sqrt"}])
def test_settings_that_cannot_be_meant_are_refused(settings):
    with pytest.raises(UsageError, match=f"{next(iter(settings))}='.*' found, one of"):
        AveragedETS(**settings)


# --- the classics -----------------------------------------------------------------------------


def test_smoothing_with_drift_is_the_most_likely_alpha_and_its_line():
    y = walk(20, 5)
    found = wf.forecast(panel(y), SESDrift(), h=3, levels=(80,)).forecasts["SESDrift"]
    best = None
    for alpha in ALPHA:
        # Given alpha, y_t - y_1 is linear in the drift and the errors.
        design = np.arange(1.0, 20)
        errors = np.eye(20)
        level = -errors[0] * (1 - alpha)  # of y_1, in terms of e_1
        rows_ = []
        for t in range(1, 20):
            rows_.append(level + errors[t])
            level = level + alpha * errors[t]
        noise = np.array(rows_)
        joint = noise @ noise.T
        inverse = np.linalg.inv(joint)
        information = design @ inverse @ design
        drift = design @ inverse @ (y[1:] - y[0]) / information
        residual = y[1:] - y[0] - drift * design
        squares = residual @ inverse @ residual
        likelihood = (
            -0.5 * 19 * np.log(squares)
            - 0.5 * np.linalg.slogdet(joint)[1]
            - 0.5 * np.log(information)
        )
        if best is None or likelihood > best[0]:
            weight = np.linalg.solve(joint, residual)
            end = y[0] + 19 * drift + level @ noise.T @ weight
            best = likelihood, end + drift * np.arange(1, 4)
    np.testing.assert_allclose(found.mean[0], best[1], rtol=1e-6)


def test_at_alpha_one_smoothing_with_drift_is_the_baseline(monkeypatch):
    monkeypatch.setattr("westforecast_ets.classic.ALPHA", np.array([1.0]))
    from westforecast_ets import classic

    classic._grid.cache_clear()
    series = [walk(n, n) for n in (5, 12, 30)]
    found = wf.forecast(
        panel(*series), {"s": SESDrift(), "d": wf.model("Drift")}, h=4, levels=(80,)
    )
    np.testing.assert_allclose(found.forecasts["s"].mean, found.forecasts["d"].mean, rtol=1e-6)
    np.testing.assert_allclose(
        found.forecasts["s"].quantiles, found.forecasts["d"].quantiles, rtol=1e-5
    )
    # On the log scale it is the growth between the first value and the last, compounded.
    growth = wf.forecast(panel(*series), SESDrift(scale="log"), h=4).forecasts["SESDrift"].mean
    for y, path in zip(series, growth, strict=True):
        factor = (y[-1] / y[0]) ** (1 / (len(y) - 1))
        np.testing.assert_allclose(path, y[-1] * factor ** np.arange(1, 5), rtol=1e-6)
    classic._grid.cache_clear()


def test_theta_is_smoothing_plus_half_the_slope():
    y = walk(25, 8)
    found = wf.forecast(panel(y), Theta(), h=5).forecasts["Theta"].mean[0]
    slope = np.polyfit(np.arange(25), y, 1)[0]
    best = None
    for alpha in ALPHA:
        level, spread, squares, logs = y[0], (1 - alpha) ** 2, 0.0, 0.0
        for value in y[1:]:
            gain = (spread + alpha) / (spread + 1)
            squares += (value - level) ** 2 / (spread + 1)
            logs += np.log(spread + 1)
            level += gain * (value - level)
            spread = spread + alpha**2 - gain**2 * (spread + 1)
        likelihood = -0.5 * 24 * np.log(squares) - 0.5 * logs
        if best is None or likelihood > best[0]:
            tail = (1 - (1 - alpha) ** 25) / alpha
            best = likelihood, level + slope / 2 * (np.arange(5) + tail)
    np.testing.assert_allclose(found, best[1], rtol=1e-9)


def test_theta_is_close_to_that_of_statsforecast():
    pytest.importorskip("statsforecast")
    series = [walk(n, n) for n in range(12, 40, 3)]
    models = {"ours": Theta(), "theirs": wf.model("statsforecast.Theta")}
    found = wf.forecast(panel(*series), models, h=6).forecasts
    gap = np.abs(found["ours"].mean / found["theirs"].mean - 1)
    assert np.median(gap) < 0.005
    assert gap.max() < 0.1


@pytest.mark.parametrize(
    ("lengths", "horizon"), [([4000], 6), ([12] * 6000, 30)], ids=["long", "many, far ahead"]
)
def test_memory_does_not_grow_with_length_nor_with_horizon_times_windows(lengths, horizon):
    """The grid's matrices for 4,000 periods, or all candidates' paths, would be over a gigabyte."""
    windows = wf.Windows.of(panel_of([walk(n, n + k) for k, n in enumerate(lengths)]))
    AveragedETS().forecast(windows.take(np.array([0])), 1)  # what is kept for every call
    tracemalloc.start()
    found = AveragedETS().forecast(windows, horizon, (80,))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.status == 0).all()
    assert peak < 120e6
