"""How fast is a whole backtest of the baselines, frame in and score table out?

Side by side with statsforecast's rolling evaluation of the same models on the same windows.
"""

import time

import numpy as np
import pytest

import westforecast as wf

HORIZON = 6


def ours(frame, origins):
    """Frame in, forecasts and scores out."""
    panel = wf.Panel.from_frame(frame)
    result = wf.backtest(panel, ["Naive", "Drift"], h=HORIZON, n_windows=origins, align="series",
                         allow_partial=False)  # fmt: skip
    return result, result.scores(["smape", "mase"])


def one_by_one(frame, origins):
    """The same forecasts, a loop over series and origins: the slow, obvious twin."""
    rows = []
    for _, y in frame.groupby("unique_id", sort=False)["y"]:
        y = y.to_numpy()
        for k in range(origins):
            train = y[: len(y) - HORIZON - (origins - 1 - k)]
            step = np.arange(1, HORIZON + 1)
            rows.append((np.repeat(train[-1], HORIZON),
                         train[-1] + step * (train[-1] - train[0]) / (len(train) - 1)))  # fmt: skip
    return np.array(rows)


@pytest.mark.benchmark(group="baselines, frame to scores")
@pytest.mark.parametrize("origins", [1, 5])
def bench_backtest_of_baselines(benchmark, annual, origins):
    result, scores = benchmark(ours, annual, origins)
    slow = one_by_one(annual, origins)
    np.testing.assert_allclose(result.forecasts["Naive"].mean, slow[:, 0])
    np.testing.assert_allclose(result.forecasts["Drift"].mean, slow[:, 1])
    assert scores["n"].tolist() == [645 * origins * HORIZON] * 2


@pytest.mark.benchmark(group="baselines, frame to scores")
def bench_ratio_to_statsforecast(benchmark, m3):
    """Same series, same origins, same horizon, one thread each, both warm and taking turns.

    extra_info holds the ratio of best times, and of their best to our worst.
    """
    models = pytest.importorskip("statsforecast.models", reason="statsforecast is not installed")
    from statsforecast import StatsForecast

    origins = 3  # the shortest M3 series leave 6 values before the first
    peer = StatsForecast([models.Naive(), models.RandomWalkWithDrift()], freq=1, n_jobs=1)

    def theirs(frame, origins):
        return peer.cross_validation(df=frame, h=HORIZON, n_windows=origins, step_size=1)

    keys = ["unique_id", "cutoff", "ds"]
    wide = ours(m3, origins)[0].wide().sort_values(keys, ignore_index=True)
    found = theirs(m3, origins).sort_values(keys, ignore_index=True)
    np.testing.assert_allclose(wide["Naive"], found["Naive"], rtol=1e-6)
    np.testing.assert_allclose(wide["Drift"], found["RWD"], rtol=1e-6)
    times = {work: [] for work in (ours, theirs)}
    for _ in range(5 if benchmark.enabled else 1):
        for work, taken in times.items():
            begin = time.perf_counter()
            work(m3, origins)
            taken.append(time.perf_counter() - begin)
    benchmark(ours, m3, origins)
    benchmark.extra_info["statsforecast over ours, best to best"] = round(
        min(times[theirs]) / min(times[ours]), 2
    )
    benchmark.extra_info["statsforecast over ours, best to worst"] = round(
        min(times[theirs]) / max(times[ours]), 2
    )
