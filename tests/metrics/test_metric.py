"""Metrics against hand values and against utilsforecast."""

import numpy as np
import pandas as pd
import pytest

from westforecast import UsageError
from westforecast.kernels.quantiles import normal_scores, probabilities
from westforecast.metrics import METRICS, Cells, Metric
from westforecast.plugin import load

from ..builders import NAN

PROBS = probabilities([80])


def cells(actual, forecast, **facts):
    """Cells with dull facts unless given."""
    actual, forecast = np.array(actual, float), np.array(forecast, float)
    bounds = np.stack([forecast - 1, forecast + 1], axis=1)
    dull = {
        "quantiles": bounds, "probs": PROBS, "last": np.ones_like(actual),
        "scale": np.ones_like(actual), "scale2": np.ones_like(actual),
        "steps": np.arange(1.0, len(actual) + 1),
    }  # fmt: skip
    given = {k: np.array(v) if k != "probs" else v for k, v in facts.items()}
    return Cells(actual=actual, forecast=forecast, **dull | given)


def value(name, data, level=80.0):
    """A metric over all cells as one group."""
    (loss,) = METRICS[name].columns((level,)).values()
    losses = loss(data)
    mean = losses[np.isfinite(losses)].mean()
    return np.sqrt(mean) if METRICS[name].root else mean


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mae", (1 + 2 + 3) / 3),
        ("rmse", np.sqrt((1 + 4 + 9) / 3)),
        ("mape", 100 * (1 / 10 + 2 / 20 + 3 / 40) / 3),
        ("smape", 200 * (1 / 21 + 2 / 38 + 3 / 83) / 3),
        ("mase", (1 / 2 + 2 / 2 + 3 / 6) / 3),
        ("rmsse", np.sqrt((1 / 4 + 4 / 4 + 9 / 36) / 3)),
        ("bias", (-1 + 2 - 3) / 3),  # actual - forecast
        ("coverage", 100 / 3),
        ("interval_score", (2 + 0 + 2 + 2 / 0.2 * 1 + 2 + 2 / 0.2 * 2) / 3),
    ],
)
def test_by_hand(name, expected):
    data = cells([10, 20, 40], [11, 18, 43], scale=[2, 2, 6], scale2=[4, 4, 36])
    assert value(name, data) == pytest.approx(expected)


def test_pinball_and_crps_by_hand():
    data = cells([10.0], [12.0], quantiles=[[11.0, 13.0]])
    expected = (0.9 * 1 + 0.1 * 3) / 2  # below both: (1 - p) times the distance
    assert value("pinball", data) == pytest.approx(expected)
    above = cells([15.0], [12.0], quantiles=[[11.0, 13.0]])
    assert value("pinball", above) == pytest.approx((0.1 * 4 + 0.9 * 2) / 2)


def test_growth_error_by_hand():
    data = cells([1.21, 0.5], [1.44, 0.5], last=[1.0, 0.5], steps=[2, 1])
    (loss,) = METRICS["cagr_error"].columns(()).values()
    np.testing.assert_allclose(loss(data), [100 * (1.2 - 1.1), 0], atol=1e-12)
    nowhere = cells([-1, 0, 1, 1], [1, 1, 1, 1], last=[1.0, 1.0, 0.0, NAN])
    assert np.isnan(loss(nowhere)).all()
    # To forecast nothing, or less, costs the whole growth; it is not left out.
    worst = cells([1.21, 1.21], [0.0, -1e6], last=[1.0, 1.0], steps=[2, 2])
    np.testing.assert_allclose(loss(worst), [110, 110])


@pytest.mark.parametrize(("y", "exact"), [(0.0, 0.2337), (1.0, 0.6025), (2.5, 1.943)])
def test_crps_weighs_levels_that_are_unevenly_spaced(y, exact):
    """CRPS of N(0, 1): y (2 Phi(y) - 1) + 2 phi(y) - 1 / sqrt(pi) (Gneiting & Raftery 2007)."""
    levels = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99)
    probs = probabilities(levels)
    data = cells([y], [0.0], quantiles=normal_scores(probs)[None], probs=probs)
    assert value("crps", data) == pytest.approx(exact, rel=0.03)


@pytest.mark.parametrize(("levels", "within"), [((80, 95), 0.02), ((95,), 0.02)])
def test_crps_of_few_levels_is_right_for_a_normal_law(levels, within):
    probs = probabilities(levels)
    y = normal_scores((np.arange(2000) + 0.5) / 2000)
    quantiles = np.repeat(normal_scores(probs)[None], len(y), axis=0)
    mean = METRICS["crps"].loss(cells(y, 0 * y, quantiles=quantiles, probs=probs)).mean()
    assert mean == pytest.approx(1 / np.sqrt(np.pi), rel=within)


def test_crps_of_many_quantiles_approaches_that_of_the_law():
    levels = np.arange(0.5, 100, 1.0)
    probs = probabilities(levels)
    grid = np.random.default_rng(4).normal(size=400_000)
    quantiles = np.quantile(grid, probs)[None]
    data = cells([0.0], [0.0], quantiles=quantiles, probs=probs)
    exact = (np.sqrt(2) - 1) / np.sqrt(np.pi)  # of N(0, 1) at 0
    assert value("crps", data) == pytest.approx(exact, rel=0.02)


def test_zeros_are_left_out_or_nothing_but_never_infinite():
    data = cells([0, 0, 4], [0, 2, 4], scale=[NAN, 0, 1], scale2=[NAN, 0, 1])
    assert METRICS["mape"].loss(data).tolist()[2] == 0
    assert np.isnan(METRICS["mape"].loss(data)[:2]).all()
    assert METRICS["smape"].loss(data).tolist() == [0, 200, 0]
    for name in ("mase", "rmsse"):
        losses = METRICS[name].loss(data)
        assert np.isnan(losses[:2]).all()
        assert losses[2] == 0


def test_an_interval_that_is_missing_is_left_out():
    data = cells([1, 1], [1, 1], quantiles=[[0.0, 2.0], [NAN, NAN]])
    for name in ("coverage", "interval_score"):
        (loss,) = METRICS[name].columns((80.0,)).values()
        assert np.isfinite(loss(data)).tolist() == [True, False]
    assert np.isfinite(METRICS["pinball"].loss(data)).tolist() == [True, False]


def test_an_outcome_on_the_bound_is_covered():
    assert value("coverage", cells([11.0, 9.0], [10.0, 10.0])) == 100


def test_interval_metrics_give_a_column_a_level():
    assert list(METRICS["coverage"].columns((80.0, 99.5))) == ["coverage-80", "coverage-99.5"]
    assert list(METRICS["mae"].columns((80.0,))) == ["mae"]
    quantiles = [[0.0, 4.0, 6.0, 10.0]]
    data = cells([3.0], [5.0], quantiles=quantiles, probs=probabilities([50, 80]))
    losses = METRICS["coverage"].columns((50.0, 80.0))
    assert [loss(data).item() for loss in losses.values()] == [0, 100]


def test_a_level_that_was_not_forecast_is_told():
    with pytest.raises(UsageError, match=r"no interval of level 95 .* levels=\(95, ...\)"):
        value("coverage", cells([1.0], [1.0]), level=95.0)
    with pytest.raises(UsageError, match=r"pinball and crps need intervals"):
        METRICS["crps"].loss(cells([1.0], [1.0], quantiles=np.empty((1, 0)), probs=()))


def test_a_metric_has_one_kind_of_loss():
    for fields in ({}, {"loss": abs, "per_level": max}):
        with pytest.raises(UsageError, match=r"either a loss or a per_level"):
            Metric("mine", "mine", **fields)


def test_every_metric_says_factor_and_best_and_is_registered():
    registered = {spec.name: spec.load() for _, spec in load(points=[]).specs("metric")}
    assert registered == dict(METRICS)
    for name, metric in METRICS.items():
        assert metric.name == name
        assert "is best" in metric.summary


class TestReferee:
    """utilsforecast.losses over the same numbers."""

    SEASON = 4

    @pytest.fixture
    def losses(self):
        return pytest.importorskip("utilsforecast.losses", reason="utilsforecast is not installed")

    @pytest.fixture
    def data(self):
        rng = np.random.default_rng(6)
        train = pd.DataFrame({"unique_id": np.repeat(["a", "b", "c"], 20),
                              "ds": np.tile(np.arange(20), 3),
                              "y": rng.normal(50, 9, 60)})  # fmt: skip
        test = pd.DataFrame({"unique_id": np.repeat(["a", "b", "c"], 6),
                             "ds": np.tile(np.arange(20, 26), 3),
                             "y": rng.normal(50, 9, 18)})  # fmt: skip
        test["m"] = rng.normal(50, 9, 18)
        for name, shift in (("m-lo-80", -10), ("m-hi-80", 10)):
            test[name] = test["m"] + shift
        change = train.groupby("unique_id")["y"].diff(self.SEASON)
        by = change.groupby(train["unique_id"])
        scale, scale2 = by.apply(lambda d: d.abs().mean()), by.apply(lambda d: (d**2).mean())
        ours = cells(
            test["y"], test["m"],
            quantiles=test[["m-lo-80", "m-hi-80"]].to_numpy(),
            scale=scale[test["unique_id"]].to_numpy(),
            scale2=scale2[test["unique_id"]].to_numpy(),
        )  # fmt: skip
        return train, test, ours

    @pytest.mark.parametrize(
        ("name", "theirs", "factor"),
        [
            ("mae", "mae", 1),
            ("rmse", "mse", 1),
            ("mape", "mape", 100),
            ("smape", "smape", 200),  # theirs is |e| / (|y| + |yhat|), from 0 to 1
            ("bias", "bias", -1),  # theirs is forecast - actual
        ],
    )
    def test_point_metrics(self, losses, data, name, theirs, factor):
        _, test, ours = data
        expected = getattr(losses, theirs)(test, ["m"])["m"].mean()
        found = value(name, ours) ** (2 if METRICS[name].root else 1)
        assert found == pytest.approx(factor * expected)

    def test_scaled_metrics(self, losses, data):
        train, test, ours = data
        arguments = (test, ["m"], self.SEASON, train)
        assert value("mase", ours) == pytest.approx(losses.mase(*arguments)["m"].mean())
        squares = losses.msse(*arguments)["m"].mean()
        assert value("rmsse", ours) ** 2 == pytest.approx(squares)

    def test_interval_metrics(self, losses, data):
        _, test, ours = data
        theirs = losses.coverage(test, ["m"], 80)["m"].mean()
        assert value("coverage", ours) == pytest.approx(100 * theirs)
        both = [
            losses.quantile_loss(test, {"m": name}, q=q)["m"].mean()
            for name, q in (("m-lo-80", 0.1), ("m-hi-80", 0.9))
        ]
        assert value("pinball", ours) == pytest.approx(np.mean(both))
        theirs = losses.winkler_score(test, ["m"], 80)["m"].mean()
        assert value("interval_score", ours) == pytest.approx(theirs)
