"""What `AutoARIMA` and `AutoETS` have in common: their names, and statsforecast as the referee."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.models import quiet
from westforecast_statsforecast.auto_arima import AutoARIMA
from westforecast_statsforecast.auto_ets import AutoETS

LEVELS = (80, 99.5)
SUFFIXES = ("", "-lo-80", "-hi-80", "-lo-99.5", "-hi-99.5")


def annual() -> pd.DataFrame:
    generator = np.random.default_rng(7)
    frames = []
    for i, n in enumerate((14, 21, 30)):
        y = 100 * np.exp(np.cumsum(0.03 + 0.04 * generator.standard_normal(n)))
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(2020 - n, 2020), "y": y}))
    return pd.concat(frames, ignore_index=True)


@pytest.mark.parametrize(
    ("model", "settings"), [(AutoARIMA, {"max_p": 2}), (AutoETS, {"model": "AAN"})]
)
def test_it_goes_by_its_name_and_costs_nothing_until_used(model, settings):
    name = model.__name__
    assert wf.model(name, **settings) == model(**settings)
    code = (
        "import sys, westforecast as wf\n"
        f"wf.registry(), wf.model({name!r}).required(1)\n"
        "assert 'statsforecast' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


# The search of AutoARIMA sees another level and unit, and stops within its tolerance elsewhere.
@pytest.mark.parametrize(("name", "rtol"), [("AutoARIMA", 1e-5), ("AutoETS", 1e-12)])
def test_statsforecast_agrees_on_forecasts_and_on_every_fold(name, rtol):
    data = annual()
    with quiet():
        from statsforecast import StatsForecast, models

        referee = StatsForecast(models=[getattr(models, name)()], freq=1)
        level = list(LEVELS)
        ahead = referee.forecast(df=data, h=3, level=level)
        folds = referee.cross_validation(df=data, h=3, n_windows=2, step_size=1, level=level)
    panel = wf.Panel.from_frame(data)
    ours = wf.forecast(panel, name, h=3, levels=LEVELS).wide()
    rolled = wf.backtest(panel, name, h=3, n_windows=2, align="series", levels=LEVELS).wide()
    for own, theirs, keys, rows in (
        (ours, ahead, ["unique_id", "ds"], 9),
        (rolled, folds, ["unique_id", "cutoff", "ds"], 18),
    ):
        both = own.merge(theirs, on=keys, suffixes=("", "|theirs"), validate="one_to_one")
        assert len(both) == len(own) == len(theirs) == rows
        for column in (name + suffix for suffix in SUFFIXES):
            np.testing.assert_allclose(both[column], both[f"{column}|theirs"], rtol=rtol)


@pytest.mark.parametrize("name", ["AutoARIMA", "AutoETS"])
def test_a_constant_series_is_forecast_by_its_value(name):
    frame = pd.DataFrame({"unique_id": "a", "ds": range(12), "y": 5.0})
    long = wf.forecast(wf.Panel.from_frame(frame), name, h=2, levels=(80,)).long()
    np.testing.assert_allclose(long[["yhat", "lo-80", "hi-80"]], 5.0)
