"""`StatsForecastModel`: names, settings, statuses, and the referee."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.errors import UnknownNameError, UsageError
from westforecast.models import quiet
from westforecast.testing import check_model
from westforecast_statsforecast.bridge import build, forecast
from westforecast_statsforecast.catalogue import OFFERS
from westforecast_statsforecast.model import StatsForecastModel


def long_frame(lengths=(16, 22, 30), seed=4) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    frames = [
        pd.DataFrame(
            {
                "unique_id": f"s{i}",
                "ds": np.arange(2020 - n, 2020),
                "y": 100 * np.exp(np.cumsum(0.03 + 0.04 * generator.standard_normal(n))),
            }
        )
        for i, n in enumerate(lengths)
    ]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> wf.Panel:
    return wf.Panel.from_frame(long_frame())


@pytest.fixture(scope="module")
def quarters() -> wf.Panel:
    y = 100 + 10 * np.tile([1.0, -1.0, 2.0, -2.0], 7) + np.random.default_rng(0).normal(0, 1, 28)
    ds = pd.period_range("2010Q1", periods=28, freq="Q").to_timestamp()
    return wf.Panel.from_frame(pd.DataFrame({"unique_id": "q", "ds": ds, "y": y}), freq="Q")


def in_a_fresh_process(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


# --- names ----------------------------------------------------------------------------------------


def test_every_offer_is_registered():
    names = {spec.name for _, spec in wf.registry().specs("model")}
    assert {f"statsforecast.{kind}" for kind in OFFERS} <= names


def test_the_plugin_module_is_light():
    in_a_fresh_process(
        "import sys, westforecast_statsforecast.plugin as plugin\n"
        "assert len(plugin.westforecast_register_models()) > 30\n"
        "assert not {'statsforecast', 'pandas', 'numpy'} & set(sys.modules)"
    )


def test_models_are_listed_and_made_without_importing_statsforecast():
    in_a_fresh_process(
        "import sys, westforecast as wf\n"
        "wf.registry()\n"
        "model = wf.model('statsforecast.AutoTheta')\n"
        "model.required(1), repr(model)\n"
        "assert 'statsforecast' not in sys.modules"
    )


def test_a_registered_name_takes_the_arguments_of_the_class():
    model = wf.model("statsforecast.AutoETS", season_length=1, model="AAN")
    assert model == StatsForecastModel("AutoETS", model="AAN", season_length=1)
    assert model.name == "statsforecast.AutoETS"


def test_mfles_goes_by_name_where_scikit_learn_is_there(panel):
    pytest.importorskip("sklearn")
    model = wf.model("statsforecast.MFLES", season_length=1)
    assert wf.forecast(panel, model, h=2).failed == 0


# --- settings -------------------------------------------------------------------------------------


def test_a_model_is_a_record():
    model = StatsForecastModel("ARIMA", order=(0, 1, 1), include_drift=True)
    assert repr(model) == "StatsForecastModel('ARIMA', include_drift=True, order=(0, 1, 1))"
    assert eval(repr(model)) == model
    assert pickle.loads(pickle.dumps(model)) == model
    assert len({model, eval(repr(model)), StatsForecastModel("ARIMA")}) == 2
    assert model.settings == {"order": (0, 1, 1), "include_drift": True}


def test_lists_and_dicts_keep_their_kind():
    model = StatsForecastModel("MSTL", season_length=[4, 8], stl_kwargs={"robust": True})
    assert model.settings == {"season_length": [4, 8], "stl_kwargs": {"robust": True}}
    assert isinstance(hash(model), int)


def test_numbers_of_numpy_are_numbers():
    given = StatsForecastModel("WindowAverage", window_size=np.int64(3))
    assert given == StatsForecastModel("WindowAverage", window_size=3)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("AutoArima", {}, r"no forecasting class 'AutoArima'.*Did you mean 'AutoARIMA'"),
        ("SklearnModel", {}, r"no forecasting class 'SklearnModel'"),
        ("AutoETS", {"modle": "AAN"}, r"AutoETS takes no argument 'modle'.*'model'.*damped, phi"),
        ("AutoETS", {"alias": "mine"}, r"takes no argument 'alias'"),
        ("WindowAverage", {}, r"WindowAverage needs window_size: pass window_size=\.\.\."),
        ("TSB", {"alpha_d": 0.1}, r"TSB needs alpha_p"),
        ("AutoETS", {"damped": np.zeros(2)}, r"damped=array.*expected a plain value"),
        ("Theta", {"decomposition_type": max}, r"expected a plain value"),
        ("AutoETS", {"phi": 3.0}, r"AutoETS\(phi=3.0\) cannot be made: Valid range"),
        ("AutoRegressive", {"lags": "one"}, r"cannot be made: .* int or a list"),
        ("Naive", {"prediction_intervals": {"windows": 3}}, r"cannot be made: .*'windows'"),
        ("WindowAverage", {"window_size": "x"}, r"cannot be made"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_once(kind, arguments, message):
    with pytest.raises(UsageError, match=message):
        StatsForecastModel(kind, **arguments)


def test_an_unknown_class_is_an_unknown_name():
    with pytest.raises(UnknownNameError):
        StatsForecastModel("Autotheta2000")


# --- seasons --------------------------------------------------------------------------------------


def test_the_season_is_the_panels_unless_given(quarters):
    y = quarters.series("q")[1]
    own = wf.forecast(quarters, "statsforecast.SeasonalNaive", h=4).long()["yhat"]
    given = wf.forecast(quarters, StatsForecastModel("SeasonalNaive", season_length=2), h=4).long()
    np.testing.assert_array_equal(own, y[-4:])
    np.testing.assert_array_equal(given["yhat"], np.tile(y[-2:], 2))


def test_a_class_that_needs_a_season_declines_annual_data(panel, quarters):
    frame = wf.forecast(panel, "statsforecast.HoltWinters", h=1).long()
    assert set(frame["status"]) == {"out_of_domain"}
    assert frame["reason"][0] == "HoltWinters needs data with a season; season_length is 1"
    assert wf.forecast(quarters, "statsforecast.HoltWinters", h=1).failed == 0


# --- statuses -------------------------------------------------------------------------------------


def test_a_failure_is_a_row_and_costs_no_neighbour(panel, monkeypatch):
    def fails(kind, arguments, y, horizon, probs):
        if len(y) == 22:
            raise ValueError("out of order")
        return forecast(kind, arguments, y, horizon, probs)

    model = StatsForecastModel("TSB", alpha_d=0.2, alpha_p=0.2)
    alone = wf.forecast(panel, model, h=1).long().set_index("unique_id")
    monkeypatch.setattr("westforecast_statsforecast.model.forecast", fails)
    frame = wf.forecast(panel, model, h=1).long().set_index("unique_id")
    assert frame.loc["s1", "status"] == "failed"
    assert frame.loc["s1", "reason"] == "ValueError: out of order"
    assert frame.loc["s2", "yhat"] == alone.loc["s2", "yhat"]


def test_a_gap_is_a_status():
    holed = long_frame().assign(y=lambda f: f["y"].where(f.index != 5))
    result = wf.forecast(wf.Panel.from_frame(holed, gaps="keep"), "statsforecast.Theta", h=1)
    assert result.long()["status"].tolist() == ["missing_values", "ok", "ok"]


def test_conformal_intervals_decline_a_series_too_short_to_hold_back_horizons(panel):
    model = StatsForecastModel("Naive", prediction_intervals={"n_windows": 3})
    frame = wf.forecast(panel, model, h=5, levels=(80,)).long()
    statuses = frame.groupby("unique_id")["status"].first()
    assert statuses.tolist() == ["too_short", "ok", "ok"]  # 16, 22 and 30 values, 17 needed
    assert "16 observed values, 17 needed: 15 are held back" in frame["reason"][0]
    ok = frame[frame["status"] == "ok"]
    assert (ok["lo-80"] < ok["hi-80"]).all()


# --- the contract and the referee -----------------------------------------------------------------

# Every class with its defaults is on trial in tests/testing/test_first_party.py of the core.
HORIZON_BOUND = "statsforecast holds back whole horizons, so errors over another are others"


def test_the_model_contract_of_a_form():
    report = check_model(StatsForecastModel("ARIMA", order=(0, 1, 1)))
    report.raise_if_failed()


def test_conformal_intervals_keep_the_contract_but_for_the_horizon():
    model = StatsForecastModel("Holt", prediction_intervals={"n_windows": 2})
    waive = dict.fromkeys(("prefix", "min_train"), HORIZON_BOUND)
    panel = wf.Panel.from_frame(long_frame(lengths=(40, 45)))
    report = check_model(model, panel, waive=waive)
    report.raise_if_failed()
    assert [c.name for c in report.skipped if c.detail == HORIZON_BOUND] == list(waive)


def test_intervals_are_declared_where_they_are_asked_for():
    asked = {"prediction_intervals": {"n_windows": 2}}
    simple = StatsForecastModel("SimpleExponentialSmoothing", alpha=0.3)
    conformal = StatsForecastModel("SimpleExponentialSmoothing", alpha=0.3, **asked)
    assert (simple.capabilities, conformal.capabilities) == (set(), {"intervals"})


def test_what_a_class_is_not_defined_for_is_declined():
    falling = wf.Panel.from_frame(long_frame(lengths=(20,)).assign(y=-np.arange(1.0, 21)))
    for model, told in (
        (StatsForecastModel("TSB", alpha_d=0.3, alpha_p=0.3), "TSB needs values of 0 or more"),
        (StatsForecastModel("CrostonClassic"), "CrostonClassic needs values of 0 or more"),
    ):
        long = wf.forecast(falling, model, h=2).long()
        assert set(long["status"]) == {"out_of_domain"}
        assert told in long["reason"][0]


def test_a_start_that_is_not_stationary_is_declined():
    doubling = wf.Panel.from_frame(long_frame(lengths=(20,)).assign(y=1.5 ** np.arange(20.0)))
    long = wf.forecast(doubling, StatsForecastModel("AutoRegressive", lags=2), h=2).long()
    assert set(long["status"]) == {"out_of_domain"}
    assert "no stationary start" in long["reason"][0]


def test_conformal_intervals_of_a_model_of_variances_are_refused():
    with pytest.raises(UsageError, match="takes no argument 'prediction_intervals'"):
        StatsForecastModel("GARCH", prediction_intervals={"n_windows": 2})


def test_engines_give_the_same_numbers(panel):
    model = StatsForecastModel("AutoTheta")

    def frame(engine):
        result = wf.backtest(panel, model, h=2, n_windows=2, levels=(80,), engine=engine)
        return result.long()

    serial = frame("serial")
    assert (serial["status"] == "ok").all()
    pd.testing.assert_frame_equal(frame("threads"), serial)
    pd.testing.assert_frame_equal(frame("processes"), serial)


def test_statsforecast_itself_agrees(panel):
    kinds = ["AutoETS", "RandomWalkWithDrift", "ARIMA"]
    ours = wf.backtest(
        panel, [StatsForecastModel(kind) for kind in kinds],
        h=3, n_windows=2, align="series", levels=(80, 99.5),
    ).wide()  # fmt: skip
    with quiet():
        from statsforecast import StatsForecast

        models = [build(kind, {}, 3) for kind in kinds]
        referee = StatsForecast(models=models, freq=1).cross_validation(
            df=long_frame(), h=3, n_windows=2, step_size=1, level=[80, 99.5]
        )
    both = ours.merge(referee, on=["unique_id", "cutoff", "ds"], validate="one_to_one")
    assert len(both) == len(ours) == len(referee) == 3 * 2 * 3
    for kind, alias in zip(kinds, ["AutoETS", "RWD", "ARIMA"], strict=True):
        for suffix in ("", "-lo-80", "-hi-80", "-lo-99.5", "-hi-99.5"):
            np.testing.assert_allclose(
                both[f"statsforecast.{kind}{suffix}"], both[alias + suffix], rtol=1e-6
            )
