"""`adapt`: foreign models answer as they do at home, and leave nothing behind."""

import pickle
import sys
import time
import warnings

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast import UsageError
from westforecast.models import Status, Windows, quiet

from ..builders import panel

Y = 20 + np.arange(24.0) + 3 * np.sin(np.arange(24))
DATA = panel(Y, Y[::-1][:15], Y[:3])
WINDOWS = Windows.of(DATA)


@pytest.fixture(scope="module")
def linear():
    return pytest.importorskip("sklearn.linear_model").LinearRegression()


@pytest.fixture(scope="module")
def theta():
    with quiet():
        return pytest.importorskip("statsforecast.models").Theta()


@pytest.fixture(scope="module")
def naive():
    with quiet():
        found = pytest.importorskip("sktime.forecasting.naive")
        return found.NaiveForecaster(strategy="drift")  # warns of a change to come


class TestRegressor:
    def test_it_is_a_recursion_on_differences(self, linear):
        mean = wf.adapt(linear, lags=2).forecast(WINDOWS, 3).mean[0]
        z = list(np.diff(Y))
        rows = np.array([[z[t - 2], z[t - 1], 1] for t in range(2, len(z))])
        a, b, c = np.linalg.lstsq(rows, np.array(z[2:]), rcond=None)[0]
        level = Y[-1]
        for step in range(3):
            z.append(a * z[-2] + b * z[-1] + c)
            level += z[-1]
            assert mean[step] == pytest.approx(level, rel=1e-10)

    @pytest.mark.parametrize("differences", [0, 1, 2])
    def test_a_line_is_continued(self, linear, differences):
        line = Windows.of(panel(5 + 2.0 * np.arange(12)))
        forecast = wf.adapt(linear, lags=2, differences=differences).forecast(line, 4)
        np.testing.assert_allclose(forecast.mean[0], [29, 31, 33, 35])

    def test_a_series_too_short_for_its_lags_is_declined(self, linear):
        model = wf.adapt(linear, lags=4, differences=2)
        assert model.required(1) == 8
        seven, eight = Windows.of(panel(Y[:7])), Windows.of(panel(Y[:8]))
        assert model.forecast(seven, 1).status.tolist() == [Status.TOO_SHORT]
        assert model.forecast(eight, 1).status.tolist() == [Status.OK]

    def test_it_says_what_it_is(self, linear):
        model = wf.adapt(linear)
        assert model.name == "LinearRegression"
        assert repr(model) == (
            "AdaptedRegressor(LinearRegression(), lags=3, differences=1, min_train=6)"
        )
        assert model.capabilities == set()

    def test_random_ones_give_the_same_answer_each_time(self):
        forest = pytest.importorskip("sklearn.ensemble").RandomForestRegressor(10)
        model = wf.adapt(forest)
        first = model.forecast(WINDOWS, 3).mean
        np.testing.assert_array_equal(first, model.forecast(WINDOWS, 3).mean)
        assert not hasattr(forest, "estimators_"), "the object itself is never fitted"


class TestStatsForecast:
    def test_it_answers_as_at_home(self, theta):
        forecast = wf.adapt(theta).forecast(WINDOWS, 3, (80, 95))
        with quiet():
            home = theta.forecast(y=Y.copy(), h=3, level=[80, 95])
        np.testing.assert_array_equal(forecast.mean[0], home["mean"])
        for level in (80, 95):
            low, high = forecast.interval(level)
            np.testing.assert_array_equal(low[0], home[f"lo-{level}"])
            np.testing.assert_array_equal(high[0], home[f"hi-{level}"])

    def test_one_without_intervals_is_used_without(self):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        model = wf.adapt(models.WindowAverage(window_size=3))
        assert model.capabilities == set()
        forecast = model.forecast(WINDOWS, 2, (80,))
        assert forecast.mean[0, 0] == pytest.approx(Y[-3:].mean())
        assert np.isnan(forecast.quantiles).all()
        assert "window_size=3" in repr(model)

    def test_the_settings_of_the_object_count(self):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        short, long = (wf.adapt(models.WindowAverage(window_size=k)) for k in (2, 8))
        assert short.forecast(WINDOWS, 1).mean[0] != long.forecast(WINDOWS, 1).mean[0]


class TestSktime:
    def test_it_answers_as_at_home(self, naive):
        forecast = wf.adapt(naive).forecast(WINDOWS, 3, (80,))
        with quiet():
            home = naive.clone().fit(pd.Series(Y), fh=[1, 2, 3])
        np.testing.assert_allclose(forecast.mean[0], home.predict())
        np.testing.assert_allclose(forecast.quantiles[0], home.predict_quantiles(alpha=[0.1, 0.9]))

    def test_one_without_intervals_is_used_without(self):
        with quiet():
            croston = pytest.importorskip("sktime.forecasting.croston").Croston()
        model = wf.adapt(croston)
        assert model.capabilities == set()
        assert np.isnan(model.forecast(WINDOWS, 2, (80,)).quantiles).all()


class TestAll:
    @pytest.fixture(params=["linear", "theta", "naive"])
    def model(self, request):
        return wf.adapt(request.getfixturevalue(request.param))

    def test_short_series_are_declined(self, model):
        status = model.forecast(WINDOWS, 2).status
        assert status.tolist() == [Status.OK, Status.OK, Status.TOO_SHORT]
        assert wf.adapt(model.wrapped, min_train=20).required(1) == 20

    def test_it_pickles_and_is_backtested(self, model):
        again = pickle.loads(pickle.dumps(model))
        assert repr(again) == repr(model)
        result = wf.backtest(DATA, [model, "Naive"], h=2, n_windows=2, align="series")
        assert len(result.scores("mae")) == 2

    def test_nothing_global_is_changed(self, model):
        before = list(warnings.filters), np.random.get_state()[1].tolist()
        model.forecast(WINDOWS, 2, (80,))
        assert before == (list(warnings.filters), np.random.get_state()[1].tolist())

    def test_the_contract(self, model):
        from westforecast.testing import check_model

        report = check_model(model)
        report.raise_if_failed()


class Waiting:
    """A regressor of nobody's: it forecasts no change, and takes its time."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def get_params(self, deep=True):
        return {"seconds": self.seconds}

    def fit(self, X, y):
        time.sleep(self.seconds)

    def predict(self, X):
        return np.zeros(len(X))


def test_one_that_hangs_costs_itself(capsys):
    before = sys.stdout, list(warnings.filters), np.random.get_state()[1].tolist()
    models = {"hangs": wf.adapt(Waiting(3)), "well": wf.adapt(Waiting())}
    begun = time.perf_counter()
    result = wf.forecast(DATA, models, h=2, series=["a", "b"], time_budget=0.3)
    print("the user's own")
    assert capsys.readouterr().out == "the user's own\n"
    assert before == (sys.stdout, list(warnings.filters), np.random.get_state()[1].tolist())
    found = set(result.long()[["model", "status"]].itertuples(index=False, name=None))
    assert found == {("hangs", "out_of_time"), ("well", "ok")}
    assert models["well"].forecast(WINDOWS, 2).mean[0].tolist() == [Y[-1]] * 2
    assert time.perf_counter() - begun < 2.5, "nobody waits for the one that was left"


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("Drift", {}, r"adapt\('Drift'\) got a str; expected an object of statsforecast.models"),
        (object, {}, "got a class"),
        (len, {}, r"A function becomes a model with @westforecast.series_model"),
        ("linear", {"lags": 0}, "lags=0, differences=1 found"),
        ("linear", {"differences": -1}, "lags=3, differences=-1 found"),
        ("theta", {"lags": 3}, "Theta is a forecaster itself; lags and differences are for reg"),
        ("naive", {"differences": 1}, "NaiveForecaster is a forecaster itself"),
    ],
)
def test_what_cannot_be_adapted(given, options, message, request):
    if options:
        given = request.getfixturevalue(given)
    with pytest.raises(UsageError, match=message):
        wf.adapt(given, **options)


def test_adapting_imports_no_library():
    import subprocess

    code = (
        "import sys, westforecast as wf\nwf.adapt\n"
        "assert not {'sklearn', 'sktime', 'statsforecast'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
