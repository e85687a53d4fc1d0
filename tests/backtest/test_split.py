"""Whose error it is: two parts that add up, cell by cell."""

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast import UsageError
from westforecast.models import DrivenModel, Forecast, Naive

YEARS = range(1990, 2020)


class Share(DrivenModel):
    """The last share of the driver gdp, held."""

    positive = True

    @property
    def drivers(self):
        return ("gdp",)

    def compute(self, windows, horizon, levels):
        driver = self.look(windows, horizon, levels, "gdp")
        y, width = windows.rows(), int(windows.lengths.max())
        mean = y[:, -1:] / driver.path[:, [width - 1]] * driver.path[:, width:]
        result = Forecast.empty(len(windows), horizon, levels)
        result.mean[:] = mean
        return self.explain(result, driver.refusals)


@pytest.fixture
def panel():
    generator = np.random.default_rng(4)
    gdp = 100 * np.exp(generator.normal(0.08, 0.05, 30).cumsum())
    frames = [pd.DataFrame({"unique_id": "gdp", "ds": YEARS, "y": gdp})]
    for name in "abc":
        y = 0.1 * gdp * np.exp(generator.normal(0, 0.03, 30).cumsum())
        frames.append(pd.DataFrame({"unique_id": name, "ds": YEARS, "y": y}))
    return wf.Panel.from_frame(pd.concat(frames))


PATH = dict.fromkeys(range(2000, 2030), 1e3)


@pytest.mark.parametrize(
    "settings",
    [{}, {"driver_mode": "frozen"}, {"driver_model": Naive()}, {"driver_path": PATH}],
)
def test_parts_against_two_backtests(panel, settings):
    model = Share(**settings)
    split = wf.split_errors(panel, model, 3, n_windows=5)
    assert split.log
    cells = split.long()
    models = {"before": model, "after": Share(driver_mode="actual")}
    wide = wf.backtest(panel, models, h=3, n_windows=5).wide()
    both = cells.merge(wide, on=["unique_id", "ds", "cutoff"], suffixes=("", "_again"))
    assert len(both) == len(cells) == 4 * 5 * 3
    own = both["unique_id"] == "gdp"  # what came would be its forecast
    assert both.loc[own, ["yhat_ex_post", "driver_error"]].isna().all(axis=None)
    both = both[~own]
    np.testing.assert_array_equal(both["yhat_ex_ante"], both["before"])
    np.testing.assert_array_equal(both["yhat_ex_post"], both["after"])
    np.testing.assert_allclose(both["error"], np.log(both["y"] / both["before"]), atol=1e-12)
    np.testing.assert_allclose(both["model_error"], np.log(both["y"] / both["after"]), atol=1e-12)
    parts = both["model_error"] + both["driver_error"]
    np.testing.assert_allclose(parts, both["error"], rtol=0, atol=1e-14)


def test_sums_by_horizon(panel):
    split = wf.split_errors(panel, Share(), 3, n_windows=5, gap=1)
    cells, table = split.long().dropna(), split.by_horizon()
    assert table["horizon"].tolist() == [2, 3, 4]
    assert table["n"].tolist() == [15] * 3
    assert table["n_excluded"].tolist() == [5] * 3
    for name in ("error", "model_error", "driver_error"):
        groups = cells.groupby("horizon")[name]
        np.testing.assert_allclose(table[f"mean_{name}"], groups.mean())
        np.testing.assert_allclose(table[f"mae_{name}"], groups.apply(lambda e: e.abs().mean()))
    np.testing.assert_allclose(
        table["mean_error"], table["mean_model_error"] + table["mean_driver_error"], atol=1e-14
    )


def test_plain_errors(panel):
    split = wf.split_errors(panel, Share(), 2, log=False)
    cells = split.long().dropna()
    np.testing.assert_allclose(cells["error"], cells["y"] - cells["yhat_ex_ante"])
    np.testing.assert_allclose(cells["driver_error"], cells["yhat_ex_post"] - cells["yhat_ex_ante"])


def test_both_forecasts_are_labelled(panel):
    manifest = wf.split_errors(panel, Share(), 2).result.manifest()
    assert manifest["ex_ante"] == {"ex ante": True, "ex post": False}


def test_a_known_driver_has_no_error(panel):
    cells = wf.split_errors(panel, Share(driver_role="known"), 2).long().dropna()
    assert (cells["driver_error"] == 0).all()
    assert len(cells)


@pytest.mark.parametrize(
    ("model", "message"),
    [(Naive(), "has no driver"), (Share(driver_mode="actual"), "ex ante")],
)
def test_models_that_cannot_be_split(panel, model, message):
    with pytest.raises(UsageError, match=message):
        wf.split_errors(panel, model, 2)
