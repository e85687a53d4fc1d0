"""Reports from the field, named after their ids: the right values, through statsforecast."""

import numpy as np
import pandas as pd
import pytest

import westforecast as wf

RISE = np.array([1.0, 2, 4, 3, 5, 6, 5, 7, 8, 9])


def forecast(name: str, y: np.ndarray, levels=(80, 95), h=3, kind="level", **settings):
    frame = pd.DataFrame({"unique_id": "a", "ds": np.arange(2000, 2000 + len(y)), "y": y})
    panel = wf.Panel.from_frame(frame, meta=pd.DataFrame({"unique_id": ["a"], "kind": [kind]}))
    return wf.forecast(panel, wf.model(f"statsforecast.{name}", **settings), h=h, levels=levels)


def long(name: str, y: np.ndarray, **options) -> pd.DataFrame:
    found = forecast(name, y, **options).long()
    assert set(found["status"]) == {"ok"}, found["reason"].tolist()
    return found


def width(name: str, y: np.ndarray, level: int = 95, **options) -> float:
    first = long(name, y, **options).iloc[0]
    return first[f"hi-{level}"] - first[f"lo-{level}"]


@pytest.mark.parametrize("level", [0, 1e3, 1e4, 1e5, 1e6])
def test_b09_the_width_of_auto_arima_does_not_depend_on_the_level(level):
    """statsmodels: 4.31 with the variance by maximum likelihood; 4.57 with its degrees of freedom.

    The same model by hand: a random walk with the mean change of 8/9.
    """
    changes = np.diff(RISE)
    sd = np.sqrt(((changes - changes.mean()) ** 2).sum() / (len(changes) - 1))
    assert width("AutoARIMA", RISE + level) == pytest.approx(2 * 1.959964 * sd, rel=1e-4)


@pytest.mark.parametrize("name", ["UCM", "Holt", "Theta", "DynamicOptimizedTheta", "GARCH"])
def test_b09_nor_does_that_of_others(name):
    assert width(name, RISE + 1e6) == pytest.approx(width(name, RISE), rel=1e-4)


@pytest.mark.parametrize("name", ["GARCH", "ARCH"])
def test_b11_the_width_of_garch_is_in_the_unit_of_the_data(name):
    noise = np.random.default_rng(0).normal(0, 1, 60)
    found = [width(name, noise * c, level=80) / 2 / c for c in (0.1, 1, 10, 100)]
    np.testing.assert_allclose(found, found[1], rtol=1e-6)
    assert found[1] == pytest.approx(1.2816 * noise.std(), rel=0.15)


def test_b11_the_point_forecast_of_garch_is_no_random_path():
    noise = 5 + np.random.default_rng(0).normal(0, 1, 60)
    np.testing.assert_allclose(long("GARCH", noise)["yhat"], noise.mean())


THETA = ["AutoTheta", "Theta", "OptimizedTheta", "DynamicTheta", "DynamicOptimizedTheta"]


@pytest.mark.parametrize("name", THETA)
@pytest.mark.parametrize("unit", [1e-3, 1e-6, 1e8])
def test_b34_theta_is_the_same_in_every_unit(name, unit):
    y = 100 + np.cumsum(np.random.default_rng(3).normal(2, 5, 16))
    columns = ["yhat", "lo-80", "hi-80", "lo-95", "hi-95"]
    found = long(name, y * unit)[columns].to_numpy() / unit
    np.testing.assert_allclose(found, long(name, y)[columns].to_numpy(), rtol=1e-9)


@pytest.mark.parametrize("name", THETA)
def test_b34_at_a_high_level_there_is_a_width(name):
    """statsforecast keeps paths in single precision, which has steps of 8 at 1e8."""
    y = np.random.default_rng(3).normal(0, 0.5, 16)
    assert width(name, y + 1e8) == pytest.approx(width(name, y), rel=1e-3)


@pytest.mark.parametrize("name", THETA)
def test_b34_on_a_straight_line_the_point_lies_inside(name):
    found = long(name, 3.7 * np.arange(1.0, 13))
    assert (found["lo-80"] <= found["yhat"]).all()
    assert (found["yhat"] <= found["hi-80"]).all()


FOUR = np.array([120.0, 140, 220, 210])


def test_b35_four_values_have_a_wide_interval_or_none():
    first = long("AutoARIMA", FOUR).iloc[0]
    assert first["yhat"] == pytest.approx(FOUR.mean(), abs=3)
    assert first["hi-95"] - first["lo-95"] > 150
    refused = forecast("AutoETS", FOUR).long()
    assert set(refused["status"]) == {"too_short"}
    for name in ("Theta", "AutoTheta", "UCM", "HistoricAverage", "GARCH"):
        found = long(name, FOUR)
        assert found["yhat"].between(100, 320).all(), name
        assert (found["hi-95"] - found["lo-95"] > 50).all(), name


DEMAND = np.array([0, 0, 3, 0, 0, 0, 2, 0, 0, 1, 0, 0, 0, 4, 0, 0], float)
CROSTON = [
    ("CrostonClassic", {}), ("CrostonOptimized", {}), ("CrostonSBA", {}), ("ADIDA", {}),
    ("IMAPA", {}), ("TSB", {"alpha_d": 0.2, "alpha_p": 0.2}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings"), CROSTON)
def test_b42_intermittent_counts_have_an_interval_from_zero_up(name, settings):
    found = long(name, DEMAND, kind="count", **settings)
    assert (found["yhat"] >= 0).all()
    assert (found["lo-80"] == 0).all()
    assert (found["hi-80"] >= found["yhat"]).all()
    assert (found["hi-95"] > found["hi-80"]).all()


def test_b42_demand_lies_inside_at_least_as_often_as_asked():
    """Counts are few, so an interval holds more than asked."""
    generator = np.random.default_rng(1)
    y = (generator.random((150, 26)) < 0.3) * (1.0 + generator.poisson(2, (150, 26)))
    frame = pd.DataFrame({
        "unique_id": np.repeat(np.arange(150), 25).astype(str),
        "ds": np.tile(np.arange(2000, 2025), 150),
        "y": y[:, :25].ravel(),
    })  # fmt: skip
    panel = wf.Panel.from_frame(frame)
    found = wf.forecast(panel, "statsforecast.CrostonClassic", h=1, levels=(80,)).long()
    outcome = y[found["unique_id"].astype(int), 25]
    assert found["lo-80"].le(outcome).mul(found["hi-80"].ge(outcome)).mean() > 0.8


def test_b42_without_an_interval_it_is_said():
    found = long("SimpleExponentialSmoothing", DEMAND, kind="count", alpha=0.3)
    assert found["lo-80"].isna().all()
    assert set(found["reason"]) == {"forecast without an interval"}


@pytest.mark.parametrize("level", [0.0, 1e6, 3e7, 1e8, 1e10])
def test_auto_ets_keeps_its_interval_at_any_level(level):
    y = np.array([1, 2, 4, 3, 5, 6, 5, 7, 8, 9, 8, 11, 10, 12.0])
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2014), "y": y + level})
    made = wf.forecast(df, "AutoETS", h=1, levels=(95,)).forecasts["AutoETS"]
    low, high = made.interval(95)
    assert (high - low)[0, 0] == pytest.approx(3.78, abs=0.03)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("AutoETS", {"model": "MAN"}),
        ("Holt", {"error_type": "M"}),
        ("HoltWinters", {"error_type": "M", "season_length": 4}),
        ("MSTL", {"season_length": 4}),
    ],
)
def test_multiplicative_forms_keep_their_interval_at_any_level(name, settings):
    y = np.tile([9.0, -7, 5, -7], 7) + np.cumsum(np.random.default_rng(0).normal(0.5, 1, 28))
    below = width(name, y + 1e7, **settings)
    assert below > 2
    for level in (1e8, 1e10):
        assert width(name, y + level, **settings) == pytest.approx(below, rel=1e-3)


def test_an_end_below_the_box_cox_scale_is_cut_and_counted():
    y = [40, 35, 33, 28, 25, 20, 18, 14, 11, 9, 6, 4.0]
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2012), "y": y, "kind": "count"})
    with pytest.warns(wf.WestforecastWarning, match="TBATS 4"):
        result = wf.forecast(df, "statsforecast.TBATS", h=4, levels=(95,))
    assert (result.wide()["statsforecast.TBATS-hi-95"] > 0.3).all()
