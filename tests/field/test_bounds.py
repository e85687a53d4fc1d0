"""What cannot be: shares beyond 0 to 100, counts below 0, intervals shrunk to a bound."""

import warnings

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast import WestforecastWarning
from westforecast.models import DrivenModel, Model
from westforecast.plugin import registry

COUNTS = [50, 41, 30, 33, 20, 14, 9, 4]  # B14

# id -> values, fields of the indicator.
BOUNDED = {
    "count": (COUNTS, {"kind": "count"}),
    "ends_at_0": ([*COUNTS, 0.0], {"kind": "count"}),
    "rising": ([70, 75, 81, 85, 88, 91, 94, 96, 98, 99.0], {"kind": "share", "unit": "percent"}),
    "falling": ([30, 26, 21, 18, 13, 10, 7, 5, 3, 1.0], {"kind": "share", "unit": "percent"}),
    "full": ([97, 99, 100, 100, 100, 99, 100, 100.0], {"kind": "share", "unit": "percent"}),
    "fraction": ([0.2, 0.4, 0.55, 0.7, 0.82, 0.93, 0.97, 0.99], {"kind": "share"}),
    "wild": ([40, 80, 20, 90, 10, 95, 30, 60.0], {"kind": "share", "unit": "percent"}),
    "price": ([9, 7, 5.5, 4, 3, 1.5, 0.8, 0.3], {"kind": "price"}),
    "index": ([-4, -3, -1, 0, 2, 3, 4, 4.5], {"kind": "index", "lower": -5, "upper": 5}),
    "ceiling": ([1, 2, 3, 5, 7, 8, 8.5, 9.0], {"kind": "level", "upper": 10}),
    "steady": ([5.0] * 9, {"kind": "count"}),
}


def _panel(free: bool = False) -> wf.Panel:
    rows = [
        pd.DataFrame({"unique_id": name, "ds": range(2000, 2000 + len(y)), "y": y})
        for name, (y, _) in BOUNDED.items()
    ]
    meta = {} if free else {name: fields for name, (_, fields) in BOUNDED.items()}
    return wf.Panel.from_frame(pd.concat(rows), meta=meta)


def _models() -> list[str]:
    """Models that forecast a series on its own, of all packages but the wrapped ones."""
    names = []
    for package, spec in registry().specs("model"):
        if package == "westforecast-statsforecast" or not package.startswith("westforecast"):
            continue
        try:
            made = wf.model(f"{package}:{spec.name}")
        except wf.errors.UsageError:  # needs a driver
            continue
        if isinstance(made, Model) and not isinstance(made, DrivenModel):
            names.append(spec.name)
    return names


def _quietly(*args, **kwargs) -> wf.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WestforecastWarning)
        return wf.forecast(*args, **kwargs)


@pytest.mark.parametrize("name", _models())
def test_no_forecast_and_no_interval_leaves_its_bounds(name):
    levels = (50, 80, 95)
    made = _quietly(_panel(), name, h=12, levels=levels).forecasts[name]
    free = _quietly(_panel(free=True), name, h=12, levels=levels).forecasts[name]
    for w, indicator in enumerate(_panel().indicators):
        if made.status[w] != 0:
            assert made.reason[w]
            continue
        low, high = indicator.bounds
        point, quantiles = made.mean[w], made.quantiles[w]
        assert ((low <= point) & (point <= high)).all(), indicator.id
        known = np.isfinite(quantiles).all()
        if not known:
            continue
        assert ((low <= quantiles) & (quantiles <= high)).all(), indicator.id
        assert (np.diff(quantiles, axis=1) >= -1e-9 * np.abs(quantiles).max()).all(), indicator.id
        # An interval collapses only where the distribution is a point.
        width = quantiles[:, -1] - quantiles[:, 0]
        wide = free.quantiles[w, :, -1] - free.quantiles[w, :, 0]
        assert (width[wide > 1e-6] > 0).all(), indicator.id
        cut = made.cut[w] == 2
        assert (quantiles[cut, 0] <= point[cut]).all(), indicator.id
        assert (point[cut] <= quantiles[cut, -1]).all(), indicator.id


@pytest.mark.parametrize("name", ["Naive", "Drift", "SESDrift", "AveragedETS", "AveragedARIMA"])
def test_a_cut_depends_on_no_other_step_and_no_other_level(name):
    panel = _panel()
    one = _quietly(panel, name, h=12, levels=(50, 80, 95)).forecasts[name]
    near = _quietly(panel, name, h=3, levels=(80,)).forecasts[name]
    np.testing.assert_allclose(near.mean, one.mean[:, :3], rtol=1e-9)
    np.testing.assert_allclose(near.quantiles, one.quantiles[:, :3][..., [1, 4]], rtol=1e-6)


def test_b14_counts_do_not_fall_below_zero(tmp_path):
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2008), "y": COUNTS, "kind": "count"})
    panel = wf.Panel.from_frame(df)
    with pytest.warns(WestforecastWarning, match=r"Drift 3, SESDrift 3, Naive 3"):
        result = wf.forecast(panel, ["Drift", "SESDrift", "Naive"], h=3, levels=(95,))
    wide = result.wide()
    assert (wide.drop(columns=["unique_id", "ds", "cutoff"]) >= 0).all(axis=None)
    assert wide["Drift"].tolist() == [0, 0, 0]
    assert (wide["SESDrift-hi-95"] > 1).all(), "something above 0 stays possible"
    assert wide["Naive"].tolist() == [4, 4, 4]
    assert (wide["Naive-lo-95"] == 0).all()
    assert set(result.long()["cut"]) == {"point", "interval"}
    result.save(tmp_path)
    loaded = wf.load(tmp_path)
    assert loaded.cut == result.cut
    assert loaded.remarks == result.remarks


def test_inside_the_bounds_nothing_changes():
    y = [50, 52, 51, 54, 53, 55, 57, 56.0]
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2008), "y": y})
    share = wf.Panel.from_frame(df.assign(kind="share", unit="percent"))
    names = ["Naive", "Drift", "InSampleMean", "SESDrift", "Theta"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bounded = wf.forecast(share, names, h=2, levels=(80,))
    free = wf.forecast(wf.Panel.from_frame(df), names, h=2, levels=(80,))
    pd.testing.assert_frame_equal(bounded.wide(), free.wide())
    assert bounded.cut == {}
    assert bounded.remarks == ()


@pytest.mark.parametrize("name", ["AveragedETS", "AveragedARIMA"])
def test_between_two_bounds_averages_work_on_log_odds(name):
    """The same as the level scale of log odds, carried back by hand."""
    y = np.array([5, 7, 11, 16, 24, 31, 45, 52, 61, 70.0])
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2010), "y": y})
    share = wf.Panel.from_frame(df.assign(kind="share", unit="percent"))
    made = wf.forecast(share, name, h=5, levels=(80,)).forecasts[name]
    odds = wf.Panel.from_frame(df.assign(y=np.log(y / (100 - y))))
    by_hand = wf.forecast(odds, wf.model(name, scale="level"), h=5, levels=(80,))
    expected = 100 / (1 + np.exp(-by_hand.forecasts[name].quantiles))
    np.testing.assert_allclose(made.quantiles, expected, rtol=1e-9)
    expected = 100 / (1 + np.exp(-by_hand.forecasts[name].mean))
    np.testing.assert_allclose(made.mean, expected, rtol=1e-9)
    assert not made.cut.any()
    level = _quietly(share, wf.model(name, scale="level"), h=5).forecasts[name]
    assert not np.allclose(level.mean, made.mean), "asked for, the level scale it is"


def test_a_fallback_is_cut_as_well():
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2003), "y": [9, 5, 1.0]})
    panel = wf.Panel.from_frame(df.assign(kind="count"))
    with pytest.warns(WestforecastWarning, match="AveragedARIMA 2"):
        result = wf.forecast(panel, "AveragedARIMA", h=2, fallback="Drift")
    assert result.long()["yhat"].tolist() == [0, 0]
    assert result.long()["cut"].tolist() == ["point", "point"]


def test_a_backtest_scores_what_is_cut():
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2010), "y": [*COUNTS, 2, 1.0]})
    panel = wf.Panel.from_frame(df.assign(kind="count"))
    with pytest.warns(WestforecastWarning, match="Drift 2"):
        result = wf.backtest(panel, "Drift", h=2, cutoffs=[2007])
    assert result.scores("mae")["mae"].tolist() == [1.5]


def test_a_far_bound_and_a_far_step_hide_no_cut():
    y = [9, 8, 7, 5, 4, 3, 2, 1, 1, 0.5]
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2010), "y": y, "kind": "count"})
    made = _quietly(df, "Drift", h=3, levels=(80,))
    far = _quietly(df.assign(lower=0.0, upper=8e9), "Drift", h=3, levels=(80,))
    assert far.cut == made.cut == {"Drift": 3}
    pd.testing.assert_frame_equal(far.wide(), made.wide())


@pytest.mark.parametrize("name", ["Drift", "SESDrift"])
def test_far_beyond_a_bound_an_interval_keeps_a_width(name):
    y = [100, 89, 78, 67.2, 56, 45.1, 34, 23, 12.1, 2]
    df = pd.DataFrame({"unique_id": "a", "ds": range(2000, 2010), "y": y, "kind": "count"})
    made = _quietly(df, name, h=12, levels=(80, 95)).forecasts[name]
    assert (made.mean == 0).all()
    assert (np.diff(made.quantiles[0, :, -1]) > 0).all(), "wider with every step"
    assert (made.quantiles[0, :, 2] > 0.1).all()
