"""`adapt`: foreign models answer as they do at home, and leave nothing behind."""

import importlib
import pickle
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast import UsageError, watch
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
    def test_it_answers_as_at_home(self):
        with quiet():
            holt = pytest.importorskip("statsforecast.models").Holt()
            home = holt.forecast(y=Y.copy(), h=3, level=[80, 95])
        forecast = wf.adapt(holt).forecast(WINDOWS, 3, (80, 95))
        # It is shown the values in standard form, where its search ends a little elsewhere.
        np.testing.assert_allclose(forecast.mean[0], home["mean"], rtol=1e-3)
        for level in (80, 95):
            low, high = forecast.interval(level)
            np.testing.assert_allclose(low[0], home[f"lo-{level}"], rtol=0.01)
            np.testing.assert_allclose(high[0], home[f"hi-{level}"], rtol=0.01)

    def test_intervals_read_from_few_paths_are_not_passed_on(self, theta):
        forecast = wf.adapt(theta).forecast(WINDOWS, 3, (80, 95))
        with quiet():
            home = theta.forecast(y=Y.copy(), h=3)
        np.testing.assert_allclose(forecast.mean[0], home["mean"], rtol=1e-3)
        assert np.isnan(forecast.quantiles).all()

    @pytest.mark.parametrize("kind", ["AutoARIMA", "DynamicOptimizedTheta", "UCM", "Holt"])
    def test_level_and_unit_are_those_of_the_data(self, kind):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        model = wf.adapt(getattr(models, kind)())

        def numbers(values):
            forecast = model.forecast(Windows.of(panel(values)), 3, (80, 95))
            return np.c_[forecast.mean[0], forecast.quantiles[0]]

        own = numbers(Y)
        np.testing.assert_allclose(numbers(Y + 1e6) - 1e6, own, atol=1e-4 * Y.std())
        np.testing.assert_allclose(numbers(Y * 1e-6) * 1e6, own, rtol=1e-6)

    def test_conformal_ones_are_passed_on_unless_about_a_random_path(self):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
            conformal = importlib.import_module("statsforecast.utils").ConformalIntervals(h=2)
        for kind in ("Theta", "AutoCES"):
            model = wf.adapt(getattr(models, kind)(prediction_intervals=conformal))
            assert np.isfinite(model.forecast(Windows.of(panel(Y)), 2, (80,)).quantiles).all()
        garch = wf.adapt(models.GARCH(prediction_intervals=conformal))
        assert garch.capabilities == set()

    @pytest.mark.parametrize(
        ("kind", "settings"),
        [("AutoETS", {}), ("AutoETS", {"model": "MAN"}), ("Holt", {"error_type": "M"}),
         ("MSTL", {"season_length": 4})],
    )  # fmt: skip
    def test_multiplicative_forms_keep_their_interval_at_any_level(self, kind, settings):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        wrapped = getattr(models, kind)(**settings)
        said = repr(wf.adapt(wrapped))

        def width(level):
            windows = Windows.of(panel(Y / Y.std() + level))
            low, high = wf.adapt(wrapped).forecast(windows, 1, (95,)).interval(95)
            return float((high - low)[0, 0])

        assert width(1e7) > 0.01
        assert width(1e10) == pytest.approx(width(1e7), rel=1e-3)
        assert repr(wf.adapt(wrapped)) == said

    def test_seasons_are_taken_out_for_any_forecaster_of_the_rest(self):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        for rest in (models.AutoCES(), models.Naive()):  # what AutoCES calls a model is no form
            model = wf.adapt(models.MSTL(season_length=4, trend_forecaster=rest))
            assert model.forecast(Windows.of(panel(Y + 1e8)), 1).status.tolist() == [Status.OK]

    @pytest.mark.parametrize(
        ("kind", "settings"),
        [("GARCH", {}), ("ARCH", {}), ("AutoCES", {}),
         ("ConformalSeasonalPool", {"season_length": 1}),
         ("TBATS", {"season_length": 1})],
    )  # fmt: skip
    def test_intervals_that_are_wrong_are_not_passed_on(self, kind, settings):
        with quiet():
            models = pytest.importorskip("statsforecast.models")
        model = wf.adapt(getattr(models, kind)(**settings))
        assert model.capabilities == set()
        assert np.isnan(model.forecast(WINDOWS, 2, (80,)).quantiles).all()

    def test_an_object_of_a_derived_class_is_shown_the_values_as_they_are(self):
        with quiet():
            models = pytest.importorskip("statsforecast.models")

        class Last(models.Theta):
            def forecast(self, y, h, **_):
                return {"mean": np.full(h, y[-1])}

        assert wf.adapt(Last()).forecast(Windows.of(panel(Y + 100)), 1).mean[0, 0] == Y[-1] + 100

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
        watch.clock.spend(self.seconds)

    def predict(self, X):
        return np.zeros(len(X))


def test_one_that_hangs_costs_itself(capsys, clock):
    before = sys.stdout, list(warnings.filters), np.random.get_state()[1].tolist()
    models = {"hangs": wf.adapt(Waiting(6)), "well": wf.adapt(Waiting())}
    result = wf.forecast(DATA, models, h=2, series=["a", "b"], time_budget=0.6)
    print("the user's own")
    assert capsys.readouterr().out == "the user's own\n"
    assert before == (sys.stdout, list(warnings.filters), np.random.get_state()[1].tolist())
    found = set(result.long()[["model", "status"]].itertuples(index=False, name=None))
    assert found == {("hangs", "out_of_time"), ("well", "ok")}
    assert models["well"].forecast(WINDOWS, 2).mean[0].tolist() == [Y[-1]] * 2


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("Drift", {}, r"adapt\('Drift'\) got a str; expected an object of statsforecast.models"),
        (object, {}, "got a class"),
        (len, {}, r"A function becomes a model with @westforecast.series_model"),
        ("linear", {"lags": 0}, "lags=0 found, a whole number of at least 1 expected"),
        ("linear", {"lags": "2"}, "lags='2' found"),
        ("linear", {"lags": 2.5}, "lags=2.5 found"),
        ("linear", {"lags": True}, "lags=True found"),
        ("linear", {"differences": -1}, "differences=-1 found"),
        ("naive", {"min_train": "a"}, "min_train='a' found"),
        ("naive", {"min_train": -3}, "min_train=-3 found"),
        ("theta", {"lags": 3}, "Theta is a forecaster itself; lags and differences are for reg"),
        ("naive", {"differences": 1}, "NaiveForecaster is a forecaster itself"),
    ],
)
def test_what_cannot_be_adapted(given, options, message, request):
    if options:
        given = request.getfixturevalue(given)
    with pytest.raises(UsageError, match=message):
        wf.adapt(given, **options)


def of(path, *given, **settings):
    """An object of a class of another library, which may not be installed."""
    module, _, name = path.rpartition(".")
    with quiet():
        return getattr(pytest.importorskip(module), name)(*given, **settings)


class TestWhatItIs:
    @pytest.mark.parametrize(
        ("path", "given", "message"),
        [
            ("sklearn.cluster.KMeans", [2], "got a KMeans, a clusterer; expected"),
            ("sklearn.linear_model.LogisticRegression", [], "a classifier; expected"),
            ("sktime.regression.dummy.DummyRegressor", [], "expected .* an sktime forecaster"),
        ],
    )
    def test_what_is_no_regressor_is_refused(self, path, given, message):
        with pytest.raises(UsageError, match=message):
            wf.adapt(of(path, *given))

    def test_a_class_is_refused(self, linear, theta, naive):
        for given in (linear, theta, naive):
            name = type(given).__name__
            with pytest.raises(UsageError, match=rf"expected an object: adapt\({name}\(...\)\)"):
                wf.adapt(type(given))

    def test_several_models_in_one_are_refused(self, theta):
        several = of("statsforecast.StatsForecast", models=[theta], freq=1)
        with pytest.raises(UsageError, match=r"holds several: adapt each of its `models`"):
            wf.adapt(several)

    def test_a_regressor_in_a_pipeline_or_a_search_is_one(self, linear):
        scale = of("sklearn.preprocessing.StandardScaler")
        pipeline = of("sklearn.pipeline.Pipeline", [("scale", scale), ("line", linear)])
        search = of("sklearn.model_selection.GridSearchCV", pipeline, {"line__positive": [False]})
        alone, *others = (wf.adapt(m, lags=1).forecast(WINDOWS, 2).mean[0]
                          for m in (linear, pipeline, search))  # fmt: skip
        for other in others:
            np.testing.assert_allclose(other, alone)


class TestOnlySettingsCount:
    def test_what_a_regressor_was_fitted_to_is_forgotten(self):
        forest = of("sklearn.ensemble.RandomForestRegressor", 5, warm_start=True, random_state=0)
        fresh = wf.adapt(forest)
        fitted = wf.adapt(forest.fit(np.zeros((9, 3)), np.full(9, 1000.0)))
        expected = fresh.forecast(WINDOWS, 2).mean
        np.testing.assert_array_equal(fitted.forecast(WINDOWS, 2).mean, expected)
        assert fitted == fresh

    def test_also_inside_of_a_forecaster(self):
        forest = of("sklearn.ensemble.RandomForestRegressor", 5, warm_start=True, random_state=0)
        reduced = "sktime.forecasting.compose.make_reduction"
        fresh = wf.adapt(of(reduced, forest, window_length=3)).forecast(WINDOWS, 2).mean
        forest.fit(np.zeros((9, 3)), np.full(9, 1000.0))
        fitted = wf.adapt(of(reduced, forest, window_length=3)).forecast(WINDOWS, 2).mean
        np.testing.assert_array_equal(fitted, fresh)

    def test_a_fitted_object_of_statsforecast_is_as_an_unfitted_one(self):
        fresh = wf.adapt(of("statsforecast.models.AutoETS", model="ANN"))
        fitted = wf.adapt(of("statsforecast.models.AutoETS", model="ANN").fit(1000 + Y))
        assert fitted == fresh
        assert repr(fitted) == "AdaptedStatsForecast(AutoETS(model='ANN'), min_train=4)"
        expected = fresh.forecast(WINDOWS, 2).mean
        np.testing.assert_array_equal(fitted.forecast(WINDOWS, 2).mean, expected)

    def test_a_regressor_of_no_library(self):
        waiting = Waiting(0)
        model = wf.adapt(waiting)
        waiting.seconds = 100
        assert (
            repr(model)
            == "AdaptedRegressor(Waiting(seconds=0), lags=3, differences=1, min_train=6)"
        )
        assert model == wf.adapt(Waiting(0)) != wf.adapt(Waiting(1))

    def test_one_that_cannot_be_made_anew_is_refused(self):
        class Odd(Waiting):
            def __init__(self):
                super().__init__()

        with pytest.raises(UsageError, match=r"cannot make the object anew .* unexpected keyword"):
            wf.adapt(Odd())

    def test_one_that_is_frozen_is_refused(self, linear):
        with pytest.raises(UsageError, match="fitted for good"):
            wf.adapt(of("sklearn.frozen.FrozenEstimator", linear))

    def test_every_setting_tells_models_apart(self):
        function = "sklearn.preprocessing.FunctionTransformer"
        intervals = "statsforecast.utils.ConformalIntervals"
        pairs = [
            [of("sklearn.pipeline.Pipeline", [(f"step{k}", of(function)) for k in range(40)]
                + [("last", of("sklearn.linear_model.Ridge", alpha))]) for alpha in (1, 2)],
            [of("sklearn.compose.TransformedTargetRegressor", func=f, inverse_func=g)
             for f, g in ((np.log, np.exp), (np.exp, np.log))],
            [of("statsforecast.models.Naive", prediction_intervals=of(intervals, n))
             for n in (2, 3)],
        ]  # fmt: skip
        for one, other in pairs:
            assert wf.adapt(one) == wf.adapt(one) != wf.adapt(other)

    @pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
    def test_a_generator_is_no_seed(self, make):
        forest = of("sklearn.ensemble.RandomForestRegressor", random_state=make(0))
        for given in (forest, of("sktime.forecasting.compose.make_reduction", forest)):
            with pytest.raises(UsageError, match=r"has random_state=.* give an integer"):
                wf.adapt(given)


def test_adapting_imports_no_library():
    import subprocess

    code = (
        "import sys, westforecast as wf\nwf.adapt\n"
        "assert not {'sklearn', 'sktime', 'statsforecast'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
