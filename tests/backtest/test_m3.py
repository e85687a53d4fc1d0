"""The M3 yearly set: known scores of known forecasts, by the library's own scoring."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from westforecast import Panel, SeriesModel
from westforecast.backtest import origins, run
from westforecast.models import DampedLogGrowth, Drift, Naive

PUBLISHED = {  # sMAPE and MASE, means over the 645 series
    "RBF": (16.424, 2.720), "ForcX": (16.480, 2.769), "AutoBox2": (16.593, 2.754),
    "THETA": (16.974, 2.806), "COMB S-H-D": (17.072, 2.876), "NAIVE2": (17.880, 3.172),
    "SINGLE": (17.817, 3.171), "DAMPEN": (17.360, 3.032), "ROBUST-Trend": (17.033, 2.625),
    "ForecastPro": (17.271, 3.026),
}  # fmt: skip


@dataclass(frozen=True)
class Replay(SeriesModel):
    """Hands out forecasts that somebody else made."""

    forecasts: dict = field(repr=False)

    def forecast_one(self, y, horizon, probs, context):
        return self.forecasts[context.unique_id], np.empty((horizon, 0))


@pytest.fixture(scope="module")
def folder(request):
    folder = request.config.rootpath.parent / "shared" / "data" / "benchmarks"
    if not folder.is_dir():
        pytest.skip("no shared/data/benchmarks beside the repository")
    return folder


@pytest.fixture(scope="module")
def plan(folder):
    frame = pd.read_parquet(folder / "m3_yearly.parquet")
    plan = origins(Panel.from_frame(frame, ignore=["split"]), 6, align="series")
    # the test part of the competition is what is to be forecast here
    ends = frame[frame["split"] == "train"].groupby("unique_id")["ds"].max()
    windows = plan.windows
    names = np.array(windows.ids)[windows.series]
    np.testing.assert_array_equal(windows.cutoff, ends[names])
    assert len(windows) == 645
    return plan


def scores(result):
    table = result.scores(["smape", "mase"]).set_index("model")
    assert (table["n"] == 645 * 6).all()
    return {name: (round(s, 3), round(m, 3)) for name, s, m in
            zip(table.index, table["smape"], table["mase"], strict=True)}  # fmt: skip


def test_published_forecasts_score_as_published(folder, plan):
    table = pd.read_parquet(folder / "m3_yearly_published_forecasts.parquet")
    table = table.sort_values(["method", "unique_id", "ds"])
    models = {}
    for name in PUBLISHED:
        part = table[table["method"] == name]
        models[name] = Replay({i: f.to_numpy() for i, f in part.groupby("unique_id")["forecast"]})
    assert scores(run(plan, models)) == PUBLISHED


def test_baselines_score_as_elsewhere(plan):
    models = {"Naive": Naive(), "Drift": Drift(), "growth": DampedLogGrowth()}
    assert scores(run(plan, models)) == {
        "Naive": (17.880, 3.172),
        "Drift": (16.790, 2.632),
        "growth": (16.493, 2.760),
    }
