"""`AutoETS`: the contract, its settings, and statsforecast as the referee."""

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UsageError
from westforecast.models import quiet
from westforecast.testing import check_model
from westforecast_statsforecast.auto_ets import AutoETS

LEVELS = (80, 99.5)
SUFFIXES = ("", "-lo-80", "-hi-80", "-lo-99.5", "-hi-99.5")


def annual() -> pd.DataFrame:
    generator = np.random.default_rng(7)
    frames = []
    for i, n in enumerate((14, 21, 33)):
        y = 100 * np.exp(np.cumsum(0.03 + 0.04 * generator.standard_normal(n)))
        frames.append(pd.DataFrame({"unique_id": f"s{i}", "ds": np.arange(2020 - n, 2020), "y": y}))
    return pd.concat(frames, ignore_index=True)


def quarterly() -> pd.DataFrame:
    step = np.arange(32)
    noise = np.random.default_rng(1).normal(0, 2, 32)
    y = 100 + step + 10 * np.tile([1.0, -1.0, 2.0, -2.0], 8) + noise
    ds = pd.period_range("2010Q1", periods=32, freq="Q").to_timestamp()
    return pd.DataFrame({"unique_id": "q", "ds": ds, "y": y})


@pytest.fixture(scope="module")
def panel() -> wf.Panel:
    return wf.Panel.from_frame(annual())


@pytest.fixture(scope="module")
def quarters() -> wf.Panel:
    return wf.Panel.from_frame(quarterly(), freq="Q")


def direct(y: np.ndarray, horizon: int, **arguments) -> dict:
    with quiet():
        from statsforecast.models import AutoETS as Theirs

        return Theirs(**arguments).forecast(y=y.copy(), h=horizon, level=list(LEVELS))


@pytest.mark.parametrize("model", [AutoETS(model="AAN"), AutoETS(model="MNN")], ids=repr)
def test_the_model_contract(model):
    report = check_model(model)
    report.raise_if_failed()


@pytest.mark.parametrize("settings", [{}, {"model": "MAN", "damped": True}, {"model": "ANN"}])
def test_forecasts_are_those_of_statsforecast_called_directly(settings, panel):
    wide = wf.forecast(panel, AutoETS(**settings), h=4, levels=LEVELS).wide()
    for i in panel.ids:
        theirs = direct(panel.series(i)[1], 4, **settings)
        ours = wide[wide["unique_id"] == i]
        for suffix in SUFFIXES:
            key = suffix.lstrip("-") or "mean"
            np.testing.assert_allclose(ours[f"AutoETS{suffix}"], theirs[key], rtol=1e-3)


def test_the_season_is_the_panels_unless_set(quarters):
    y = quarters.series("q")[1]
    own = wf.forecast(quarters, AutoETS(), h=4).long()["yhat"]
    none = wf.forecast(quarters, AutoETS(season_length=1), h=4).long()["yhat"]
    np.testing.assert_array_equal(own, direct(y, 4, season_length=4)["mean"])
    np.testing.assert_array_equal(none, direct(y, 4, season_length=1)["mean"])
    assert not np.allclose(own, none)


@pytest.mark.parametrize(
    ("settings", "season", "needed"),
    [
        ({}, 1, 7),
        ({}, 4, 7),
        ({"model": "AAN"}, 1, 9),
        ({"model": "AAN", "damped": True}, 1, 10),
        ({"model": "AAA"}, 4, 11),
        ({"model": "AAA"}, 12, 19),
        ({"model": "AAA", "season_length": 4}, 12, 11),
    ],
)
def test_it_says_how_many_values_it_needs(settings, season, needed):
    assert AutoETS(**settings).required(season) == needed


def test_a_short_series_is_too_short():
    frame = pd.DataFrame({"unique_id": "a", "ds": range(6), "y": [1.0, 3, 2, 4, 3, 5]})
    long = wf.forecast(wf.Panel.from_frame(frame), "AutoETS", h=1).long()
    assert long["status"].tolist() == ["too_short"]
    assert long["reason"].tolist() == ["6 observed values, 7 needed"]


def test_forms_that_the_data_rule_out_are_out_of_domain(panel):
    seasonal = wf.forecast(panel, AutoETS(model="AAA"), h=1).long()
    assert set(seasonal["status"]) == {"out_of_domain"}
    assert seasonal["reason"][0] == "model 'AAA' needs data with a season; season_length is 1"
    negative = wf.Panel.from_frame(annual().assign(y=lambda f: -f["y"]))
    multiplicative = wf.forecast(negative, AutoETS(model="MNN"), h=1).long()
    assert set(multiplicative["status"]) == {"out_of_domain"}
    assert wf.forecast(negative, AutoETS(), h=1).failed == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"season_length": 0}, "season_length 0 found"),
        ({"model": "AA"}, "'AA' found; expected three letters"),
        ({"model": "XAN"}, "'XAN' found"),
        ({"model": "AMN"}, "'AMN' has no stable form"),
        ({"model": "ANM"}, "'ANM' has no stable form"),
        ({"model": "ZMA"}, "'ZMA' has no stable form"),
        ({"model": "ANN", "damped": True}, "no trend to damp"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(settings, message):
    with pytest.raises(UsageError, match=message):
        AutoETS(**settings)


@pytest.mark.parametrize("trend", "NAMZ")
@pytest.mark.parametrize("error", "AMZ")
@pytest.mark.parametrize("season", "NAMZ")
def test_every_form_that_is_not_refused_is_one_statsforecast_knows(error, trend, season, quarters):
    form = error + trend + season
    try:
        model = AutoETS(model=form)
    except UsageError:
        with pytest.raises(Exception, match=r"Forbidden|no model able"):
            direct(quarters.series("q")[1], 1, season_length=4, model=form)
        return
    result = wf.forecast(quarters, model, h=2, levels=(80,))
    assert result.failed == 0, result.long()["reason"][0]
