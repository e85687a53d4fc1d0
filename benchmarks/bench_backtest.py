"""How long does a whole backtest take, frame in and score table out, and which part of it?"""

from functools import partial

import numpy as np
import pytest

import westforecast as wf
from westforecast.api import named_models
from westforecast.backtest import origins as schedule
from westforecast.backtest import run
from westforecast.engines import SerialEngine
from westforecast.speed import LEAST, annual, eligible, ours, spread

HORIZON, LENGTH = 6, 40
MODELS = ["Naive", "Drift", "DampedLogGrowth", "AveragedETS", "AveragedARIMA"]
TWINS = 4  # series that are also forecast alone


@pytest.mark.benchmark(group="whole backtest of the synthetic panel")
@pytest.mark.parametrize(
    ("series", "origins"), [(100, 5), (645, 1), (645, 5), (645, 20), (4096, 5)]
)
@pytest.mark.parametrize("model", MODELS)
def bench_backtest(benchmark, one_thread, installed, model, series, origins):
    installed("model", model)
    series = series if benchmark.enabled else min(series, 645)
    frame = annual(series, LENGTH)
    result, scores = benchmark(ours, frame, model, HORIZON, origins)
    assert scores["n"].item() == series * origins * HORIZON
    assert result.failed == 0
    alone_is_the_same(frame, model, origins, result)


def alone_is_the_same(frame, model, origins, result) -> None:
    """Each window of a few series, forecast from a frame that holds nothing else."""
    windows = result.plan.windows
    for name, part in spread(frame, TWINS).groupby("unique_id", sort=False):
        at = np.flatnonzero(windows.series == windows.ids.index(name))
        assert len(at) == origins
        for w in at:
            seen = part.iloc[: windows.lengths[w]]
            alone = wf.forecast(wf.Panel.from_frame(seen), model, h=HORIZON, progress=False)
            np.testing.assert_allclose(
                result.forecasts[model].mean[w], alone.forecasts[model].mean[0], rtol=1e-7
            )


@pytest.mark.benchmark(group="whole backtest with 80 and 95 percent intervals")
@pytest.mark.parametrize("model", MODELS)
def bench_backtest_with_intervals(benchmark, one_thread, installed, synthetic, model):
    """What intervals cost on top: the synthetic panel, five origins."""
    installed("model", model)
    frame = eligible(synthetic, HORIZON, 5)
    result, _ = benchmark(ours, frame, model, HORIZON, 5, levels=(80, 95))
    bare, _ = ours(frame, model, HORIZON, 5)
    np.testing.assert_allclose(
        result.forecasts[model].mean, bare.forecasts[model].mean, rtol=1e-9, atol=1e-12
    )
    quantiles = result.forecasts[model].quantiles
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles, axis=-1) >= 0).all()


@pytest.mark.benchmark(group="stages of a backtest, 645 series")
@pytest.mark.parametrize("origins", [5, 20])
@pytest.mark.parametrize("stage", ["frame to panel", "windows", "forecasts", "scores"])
def bench_stage(benchmark, one_thread, synthetic, stage, origins):
    """With Drift, whose own cost is next to nothing: what every model pays."""
    panel = wf.Panel.from_frame(synthetic)
    planned = partial(
        schedule, panel, HORIZON, n_windows=origins, align="series", min_train_size=LEAST
    )
    plan = planned()
    models = named_models("Drift")
    result = run(plan, models, engine=SerialEngine())
    work = {
        "frame to panel": partial(wf.Panel.from_frame, synthetic),
        "windows": planned,
        "forecasts": partial(run, plan, models, engine=SerialEngine()),
        "scores": partial(result.scores, ["smape", "mase"]),
    }[stage]
    found = benchmark(work)
    if stage == "frame to panel":
        np.testing.assert_array_equal(found.values, synthetic["y"])
    elif stage == "windows":
        np.testing.assert_array_equal(found.windows.end, plan.windows.end)
    elif stage == "forecasts":
        w = len(plan.windows) // 2
        y = plan.windows.y(w)
        slope = (y[-1] - y[0]) / (len(y) - 1)
        expected = y[-1] + slope * np.arange(1, HORIZON + 1)
        np.testing.assert_allclose(found.forecasts["Drift"].mean[w], expected)
    else:
        actual, mean = result.actuals, result.forecasts["Drift"].mean
        smape = np.mean(200 * np.abs(actual - mean) / (np.abs(actual) + np.abs(mean)))
        assert found["smape"].item() == pytest.approx(smape)
