"""`AutoARIMA`: the contract, its settings, and statsforecast as the referee."""

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.models import quiet
from westforecast.testing import check_model
from westforecast_statsforecast.auto_arima import AutoARIMA

LEVELS = (80, 99.5)
SUFFIXES = ("", "-lo-80", "-hi-80", "-lo-99.5", "-hi-99.5")


def annual(lengths=(14, 21, 30)) -> pd.DataFrame:
    generator = np.random.default_rng(7)
    frames = []
    for i, n in enumerate(lengths):
        y = 100 * np.exp(np.cumsum(0.03 + 0.04 * generator.standard_normal(n)))
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(2020 - n, 2020), "y": y}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> wf.Panel:
    return wf.Panel.from_frame(annual())


@pytest.fixture(scope="module")
def quarters() -> wf.Panel:
    noise = np.random.default_rng(1).normal(0, 2, 32)
    y = 100 + np.arange(32) + 10 * np.tile([1.0, -1.0, 2.0, -2.0], 8) + noise
    ds = pd.period_range("2010Q1", periods=32, freq="Q").to_timestamp()
    return wf.Panel.from_frame(pd.DataFrame({"unique_id": "q", "ds": ds, "y": y}), freq="Q")


def direct(y: np.ndarray, horizon: int, **arguments) -> dict:
    with quiet():
        from statsforecast.models import AutoARIMA as Theirs

        return Theirs(**arguments).forecast(y=y.copy(), h=horizon, level=list(LEVELS))


def test_the_model_contract():
    report = check_model(AutoARIMA(d=1, max_p=1, max_q=1))
    report.raise_if_failed()


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {}),
        (
            {"stationary": True, "max_p": 0, "max_q": 1},
            {"stationary": True, "max_p": 0, "max_q": 1},
        ),
        ({"d": 1, "drift": False}, {"d": 1, "allowdrift": False}),
        ({"max_p": 1, "max_q": 0, "max_d": 1}, {"max_p": 1, "max_q": 0, "max_d": 1}),
        (
            {"d": 0, "mean": False, "max_p": 1, "max_q": 1, "stepwise": False, "max_order": 1},
            {"d": 0, "allowmean": False, "max_p": 1, "max_q": 1, "stepwise": False, "max_order": 1},
        ),
    ],
)
def test_forecasts_are_those_of_statsforecast_called_directly(ours, theirs, panel):
    wide = wf.forecast(panel, AutoARIMA(**ours), h=4, levels=LEVELS).wide()
    for i in panel.ids:
        answer = direct(panel.series(i)[1], 4, **theirs)
        mine = wide[wide["unique_id"] == i]
        for suffix in SUFFIXES:
            key = suffix.lstrip("-") or "mean"
            # Its search sees another level and unit, and stops within its tolerance elsewhere.
            np.testing.assert_allclose(mine[f"AutoARIMA{suffix}"], answer[key], rtol=0.02)


def test_the_season_is_the_panels_unless_set(quarters):
    y = quarters.series("q")[1]
    settings = {"max_p": 1, "max_q": 1, "max_P": 1, "max_Q": 1}
    own = wf.forecast(quarters, AutoARIMA(**settings), h=4).long()["yhat"]
    none = wf.forecast(quarters, AutoARIMA(season_length=1, **settings), h=4).long()["yhat"]
    for ours, m in ((own, 4), (none, 1)):
        theirs = direct(y, 4, season_length=m, **settings)["mean"]
        np.testing.assert_allclose(ours, theirs, rtol=0.1)
    assert not np.allclose(own, none)


@pytest.mark.parametrize(
    ("settings", "season", "needed"),
    [({}, 1, 4), ({}, 4, 4), ({"d": 2, "D": 1}, 4, 8), ({"D": 1, "season_length": 12}, 4, 14)],
)
def test_it_says_how_many_values_it_needs(settings, season, needed):
    assert AutoARIMA(**settings).required(season) == needed


@pytest.mark.parametrize("length", [3, 4, 5, 6, 7])
def test_from_four_values_on_it_forecasts(length):
    long = wf.forecast(
        wf.Panel.from_frame(annual((length,))), "AutoARIMA", h=2, levels=(80,)
    ).long()
    if length < 4:
        assert set(long["reason"]) == {"3 observed values, 4 needed"}
        assert set(long["status"]) == {"too_short"}
    else:
        assert set(long["status"]) == {"ok"}
        assert (long["lo-80"] < long["hi-80"]).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"season_length": 0}, "season_length 0 found"),
        ({"max_p": -1}, "max_p=-1 found"),
        ({"d": -1}, "d=-1 found"),
        ({"stationary": True, "d": 1}, "stationary=True with d=1"),
        ({"season_length": 1, "D": 1}, "no season to difference"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        AutoARIMA(**settings)
