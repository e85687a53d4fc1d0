"""Reconciliation: totals add up, and hierarchicalforecast does what numpy does by hand."""

import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import westforecast as wf
from westforecast import DataError, UsageError
from westforecast.domain import Sum
from westforecast.reconcile import METHODS

from .builders import panel

STRUCTURE = {"e": ["d", "c"], "d": ["a", "b"]}
MODELS = ["Naive", "DampedLogGrowth"]  # the second is not linear, so its totals do not add up
# Rows e, d, a, b, c.
S = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
NAMES = ("e", "d", "a", "b", "c")

needs_library = pytest.mark.skipif(
    find_spec("hierarchicalforecast") is None,
    reason="hierarchicalforecast is not installed",
)


def data(length=25, seed=3, **options):
    rng = np.random.default_rng(seed)
    a, b, c = (s * np.exp(np.cumsum(rng.normal(m, v, length)))
               for s, m, v in ((100, 0.05, 0.05), (60, 0.02, 0.05), (30, 0.08, 0.1)))  # fmt: skip
    return panel(a, b, c, a + b, a + b + c, **options)


def rows(result, model, field="mean"):
    """Numbers of a forecast [5, ...] in the order of `NAMES`."""
    windows = result.plan.windows
    where = {windows.ids[s]: w for w, s in enumerate(windows.series)}
    return getattr(result.forecasts[model], field)[[where[name] for name in NAMES]]


def past(backtest, model, last=None):
    """Errors one step ahead [5, E], in the order of `NAMES`, of outcomes up to a period."""
    windows, table = backtest.plan.windows, {}
    for w, s in enumerate(windows.series):
        if last is None or windows.cutoff[w] + 1 <= last:
            gap = backtest.actuals[w, 0] - backtest.forecasts[model].mean[w, 0]
            table.setdefault(windows.ids[s], []).append(gap)
    return np.array([table[name] for name in NAMES])


def projection(weights):
    """S (S' W^-1 S)^-1 S' W^-1: generalized least squares, written out."""
    inverse = np.linalg.inv(weights)
    return S @ np.linalg.solve(S.T @ inverse @ S, S.T @ inverse)


def shrunk(gaps):
    """Schäfer & Strimmer's covariance with a diagonal target, from correlations."""
    n = gaps.shape[1]
    spread = gaps.std(axis=1, ddof=1)
    x = (gaps - gaps.mean(axis=1, keepdims=True)) / spread[:, None]
    w = x[:, None, :] * x[None, :, :]
    r = w.sum(axis=2) / (n - 1)
    noise = n / (n - 1) ** 3 * ((w - w.mean(axis=2, keepdims=True)) ** 2).sum(axis=2)
    pairs = ~np.eye(len(gaps), dtype=bool)
    weight = min(1.0, noise[pairs].sum() / (r[pairs] ** 2).sum())
    return np.where(pairs, (1 - weight) * r, 1.0) * np.outer(spread, spread)


@pytest.fixture(scope="module")
def given():
    known = data()
    return (
        wf.forecast(known, MODELS, until=2030, levels=(80, 95)),
        wf.backtest(known, MODELS, h=2, n_windows=14, levels=(80,)),
    )


# --- the referee --------------------------------------------------------------------------------


@needs_library
@pytest.mark.parametrize("model", MODELS)
def test_bottom_up_and_least_squares_by_hand(given, model):
    result, errors = given
    made = wf.reconcile(result, STRUCTURE, ["bottom_up", "ols", "wls_struct"])
    base = rows(result, model)
    np.testing.assert_allclose(rows(made, f"{model}/bottom_up"), S @ base[2:])
    np.testing.assert_allclose(rows(made, f"{model}/ols"), projection(np.eye(5)) @ base)
    weights = np.diag(S.sum(axis=1))
    np.testing.assert_allclose(rows(made, f"{model}/wls_struct"), projection(weights) @ base)
    gaps = past(errors, model)
    made = wf.reconcile(result, STRUCTURE, ["wls_var", "mint_shrink"], errors=errors)
    variances = np.diag((gaps**2).mean(axis=1))
    np.testing.assert_allclose(rows(made, f"{model}/wls_var"), projection(variances) @ base)
    np.testing.assert_allclose(
        rows(made, f"{model}/mint_shrink"), projection(shrunk(gaps)) @ base, rtol=1e-4
    )


@needs_library
def test_top_down_by_hand():
    known = data()[["a", "b", "c", "e"]]
    result = wf.forecast(known, "DampedLogGrowth", h=4)
    made = wf.reconcile(result, {"e": ["b", "a", "c"]}, "top_down")
    base = result.forecasts["DampedLogGrowth"].mean
    found = made.forecasts["DampedLogGrowth/top_down"].mean
    np.testing.assert_allclose(found[3], base[3])
    np.testing.assert_allclose(found[:3], base[3] * base[:3] / base[:3].sum(axis=0))


# --- what a result is ---------------------------------------------------------------------------


@needs_library
@pytest.mark.parametrize("method", [m for m in METHODS if m != "top_down"])
def test_totals_add_up_and_the_models_stay(given, method):
    result, errors = given
    made = wf.reconcile(result, STRUCTURE, method, errors=errors)
    assert list(made.forecasts) == [*MODELS, *(f"{m}/{method}" for m in MODELS)]
    e, d, a, b, c = rows(result, "DampedLogGrowth")
    assert np.abs(e - d - c).max() > 0.1, "the models' own totals do not"
    for model in MODELS:
        e, d, a, b, c = rows(made, f"{model}/{method}")
        np.testing.assert_allclose(e, d + c)
        np.testing.assert_allclose(d, a + b)
        np.testing.assert_array_equal(rows(made, model), rows(result, model))
        low, high = (rows(made, f"{model}/{method}", "quantiles")[..., q] for q in (0, 3))
        point = rows(made, f"{model}/{method}")
        assert (low < point).all() and (point < high).all()
    long = made.long()
    assert set(long["model_used"]) == set(made.forecasts)
    assert f"Naive/{method}-lo-80" in made.wide()
    assert made.manifest()["settings"]["reconciled"] == [method]


@needs_library
def test_bottom_up_leaves_the_intervals_of_parts(given):
    result, errors = given
    made = wf.reconcile(result, STRUCTURE, errors=errors, n_paths=4000)
    found = rows(made, "DampedLogGrowth/bottom_up", "quantiles")[2:]
    np.testing.assert_allclose(found, rows(result, "DampedLogGrowth", "quantiles")[2:], rtol=5e-3)


@needs_library
def test_intervals_of_totals_follow_the_dependence_of_errors():
    """Parts that err together make a total less certain than parts that err apart."""
    rng = np.random.default_rng(0)
    common, own = rng.normal(0, 1, 60), rng.normal(0, 1, (2, 60))
    width = {}
    for name, (x, y) in {"together": (common, common + 0.1 * own[0]), "apart": own}.items():
        x, y = 100 + np.cumsum(x), 100 + np.cumsum(y)
        known = panel(x, y, x + y)
        result = wf.forecast(known, "Naive", h=1, levels=(80,))
        errors = wf.backtest(known, "Naive", h=1, n_windows=50)
        made = wf.reconcile(result, {"c": ["a", "b"]}, errors=errors, n_paths=4000)
        low, high = (made.forecasts["Naive/bottom_up"].quantiles[2, 0, q] for q in (0, 1))
        parts = result.forecasts["Naive"].quantiles
        ends = parts[:2, 0, 1] - parts[:2, 0, 0]
        width[name] = (high - low) / ends.sum(), (high - low) / np.hypot(*ends)
    assert width["together"][0] == pytest.approx(1, abs=0.05), "widths add up"
    assert width["apart"][1] == pytest.approx(1, abs=0.1), "squares of widths add up"


@needs_library
def test_units_are_converted():
    known = data()
    e = known.indicator("e")
    scaled = wf.Panel.from_frame(
        known.to_frame().assign(y=lambda f: np.where(f["unique_id"] == "e", f["y"] / 1e4, f["y"])),
        meta={"e": e.with_(multiplier=1e4)},
    )
    plain = wf.reconcile(wf.forecast(known, "DampedLogGrowth", h=3), STRUCTURE, "ols")
    other = wf.reconcile(wf.forecast(scaled, "DampedLogGrowth", h=3), STRUCTURE, "ols")
    name = "DampedLogGrowth/ols"
    np.testing.assert_allclose(rows(other, name)[0] * 1e4, rows(plain, name)[0])
    np.testing.assert_allclose(rows(other, name)[1:], rows(plain, name)[1:])


@needs_library
def test_the_order_of_series_and_sums_does_not_matter(given):
    result, errors = given
    there = wf.reconcile(result, STRUCTURE, "mint_shrink", errors=errors)
    sums = [Sum("d", ("b", "a")), Sum("e", ("c", "d"))]
    shuffled = wf.forecast(data()[["e", "c", "a", "d", "b"]], MODELS, until=2030, levels=(80, 95))
    back = wf.reconcile(shuffled, sums, "mint_shrink", errors=errors)
    for field in ("mean", "quantiles"):
        np.testing.assert_allclose(
            rows(back, "Naive/mint_shrink", field), rows(there, "Naive/mint_shrink", field)
        )


# --- backtests ----------------------------------------------------------------------------------


@needs_library
def test_a_backtest_is_scored_with_and_without():
    errors = wf.backtest(data(), MODELS, h=2, n_windows=14, levels=(80,))
    made = wf.reconcile(errors, STRUCTURE, ["bottom_up", "mint_shrink"])
    scores = made.scores(["mae", "coverage"])
    assert set(scores["model"]) == set(made.forecasts)
    ledger = made.ledger
    refused = ledger[ledger["status"] == "failed"]
    # Cutoffs 2009 to 2022: four errors are known from the fifth on.
    assert sorted(set(refused["cutoff"])) == [2009, 2010, 2011, 2012]
    assert set(refused["model"]) == {f"{m}/mint_shrink" for m in MODELS}
    assert refused["reason"].str.contains("needs 4 past errors of all series").all()
    early = made.plan.windows.cutoff < 2013
    forecast = made.forecasts["Naive/bottom_up"]
    assert np.isfinite(forecast.mean).all()
    assert np.isnan(forecast.quantiles[early]).all()
    assert np.isfinite(forecast.quantiles[~early]).all()
    assert forecast.reason[int(np.flatnonzero(early)[0])] == "forecast without an interval"


@needs_library
def test_no_look_ahead():
    """A reconciled forecast does not change with anything after its cutoff."""
    known = data()
    changed = known.to_frame()
    late = changed["ds"] > 2018
    changed.loc[late, "y"] *= 3.0  # sums stay sums
    settings = {"h": 2, "cutoffs": range(2008, 2022), "levels": (80,)}
    name = "DampedLogGrowth/mint_shrink"
    one, other = (
        wf.reconcile(wf.backtest(p, MODELS, **settings), STRUCTURE, "mint_shrink")
        for p in (known, wf.Panel.from_frame(changed))
    )
    before = one.plan.windows.cutoff <= 2018
    for field in ("mean", "quantiles"):
        a, b = (getattr(r.forecasts[name], field) for r in (one, other))
        np.testing.assert_array_equal(a[before], b[before])
        assert not np.array_equal(a[~before], b[~before])


@needs_library
def test_a_cutoff_of_a_backtest_is_the_forecast_of_that_year():
    errors = wf.backtest(data(), MODELS, h=2, n_windows=14, levels=(80,))
    made = wf.reconcile(errors, STRUCTURE, "mint_shrink")
    last = errors.plan.windows.cutoff.max()
    gaps = past(errors, "Naive", last)
    at = errors.plan.windows.cutoff == last
    order = [errors.plan.windows.ids[s] for s in errors.plan.windows.series[at]]
    base = errors.forecasts["Naive"].mean[at][[order.index(n) for n in NAMES]]
    found = made.forecasts["Naive/mint_shrink"].mean[at][[order.index(n) for n in NAMES]]
    np.testing.assert_allclose(found, projection(shrunk(gaps)) @ base, rtol=1e-4)


@needs_library
def test_what_the_library_refuses_is_a_row():
    """Naive errors of lines that never change are zero: no covariance can be made of them."""
    still = panel([5.0] * 12, [7.0] * 12, [12.0] * 12)
    result = wf.forecast(still, ["Naive", "Drift"], h=1, levels=(80,))
    errors = wf.backtest(still, ["Naive", "Drift"], h=1, n_windows=8)
    made = wf.reconcile(result, {"c": ["a", "b"]}, ["bottom_up", "mint_shrink"], errors=errors)
    lost = made.forecasts["Naive/mint_shrink"]
    assert np.isnan(lost.mean).all() and np.isnan(lost.quantiles).all()
    assert "residuals close to 0" in lost.reason[0]
    np.testing.assert_allclose(made.forecasts["Naive/bottom_up"].quantiles[2], 12)


# --- refusals -----------------------------------------------------------------------------------


@needs_library
def test_a_part_without_a_forecast_takes_its_group():
    known = data()
    frame = known.to_frame()
    negative = frame["unique_id"] == "c"
    total = frame["unique_id"] == "e"
    first = frame["ds"] == 2001
    value = frame.loc[negative & first, "y"].item()
    frame.loc[negative & first, "y"] = -1.0
    frame.loc[total & first, "y"] -= value + 1.0
    result = wf.forecast(wf.Panel.from_frame(frame), MODELS, h=2)
    made = wf.reconcile(result, STRUCTURE)
    lost = made.forecasts["DampedLogGrowth/bottom_up"]
    assert np.isnan(lost.mean).all()
    assert "not reconciled: 'c' has no forecast (not_positive: smallest" in lost.reason[0]
    assert np.isfinite(made.forecasts["Naive/bottom_up"].mean).all()


@needs_library
def test_without_errors_there_is_no_interval(given):
    made = wf.reconcile(given[0], STRUCTURE)
    assert np.isnan(made.forecasts["Naive/bottom_up"].quantiles).all()
    assert set(made.long().query("model == 'Naive/bottom_up'")["reason"]) == {
        "forecast without an interval"
    }
    refused = wf.reconcile(given[0], STRUCTURE, "mint_shrink")
    assert "pass errors=, a backtest" in refused.forecasts["Naive/mint_shrink"].reason[0]


@needs_library
def test_b41_reconciled_counts_are_not_negative():
    east, west = np.linspace(90, 3, 10).round(), np.linspace(10, 28, 10).round()
    free = panel(east, west, east + west)
    meta = {name: free.indicator(name).with_(kind="count") for name in "abc"}
    known = wf.Panel.from_frame(free.to_frame(), meta=meta)
    with pytest.warns(wf.WestforecastWarning, match="Drift"):
        base = wf.forecast(known, "Drift", h=4, levels=(80,))
    errors = wf.backtest(known, "Drift", h=1, n_windows=6)
    with pytest.warns(wf.WestforecastWarning, match="Drift/ols 4"):
        made = wf.reconcile(base, {"c": ["a", "b"]}, "ols", errors=errors)
    made = made.forecasts["Drift/ols"]
    assert (made.mean >= 0).all()
    assert (made.quantiles >= 0).all()
    np.testing.assert_allclose(made.mean[2], made.mean[0] + made.mean[1])
    assert made.mean[0].tolist() == [0, 0, 0, 0]


@needs_library
def test_a_part_pushed_below_zero_is_set_to_it_and_sums_still_hold():
    rng = np.random.default_rng(1)
    small, large = rng.uniform(0.9, 1.1, 12), 1000 + np.cumsum(rng.normal(0, 50, 12))
    known = panel(small, large, small + large)
    meta = {name: known.indicator(name).with_(kind="count") for name in "abc"}
    known = wf.Panel.from_frame(known.to_frame(), meta=meta)
    result = wf.forecast(known, "DampedLogGrowth", h=1)
    forecast = result.forecasts["DampedLogGrowth"]
    forecast.mean[2] = forecast.mean[:2].sum(axis=0) - 60
    with pytest.warns(wf.WestforecastWarning, match="DampedLogGrowth/ols 1"):
        made = wf.reconcile(result, {"c": ["a", "b"]}, "ols")
    points = made.forecasts["DampedLogGrowth/ols"].mean[:, 0]
    # Least squares takes 20 from each part: about -19 for the small one.
    assert points[0] == 0
    assert points[2] == points[1]
    assert points[1] == pytest.approx(forecast.mean[1, 0] - 20)
    assert (
        "was beyond its bounds and set to them (0 and above)"
        in made.forecasts["DampedLogGrowth/ols"].reason[0]
    )
    assert made.cut["DampedLogGrowth/ols"] == 1


@pytest.mark.parametrize(
    ("structure", "method", "told"),
    [
        (STRUCTURE, "olss", "no method 'olss'. Did you mean 'ols'"),
        ({}, "ols", "structure is to say which totals have which parts"),
        ([("e", "d")], "ols", "structure is to say"),
        ({"e": ["d", "c"], "d": ["a", "q"]}, "ols", "no series 'q' in the panel"),
        ({"e": ["a", "b", "c"]}, "ols", "series d of the result are not in the structure"),
        ({"e": ["d", "c"], "d": ["a", "b", "e"]}, "ols", "these identities need each other: d, e"),
        ([Sum("e", ("d", "c")), Sum("e", ("a", "b", "c")), Sum("d", ("a", "b"))], "ols",
         "has 'e' twice"),
        (STRUCTURE, "top_down", "branches of unlike depth"),
        ({"e": ["d", "a", "c"], "d": ["a", "b"]}, "top_down", "found a in two totals"),
        ({"e": ["a", "c"], "d": ["b"]}, "top_down", "found d with one part"),
    ],
)  # fmt: skip
def test_structures_that_cannot_be_meant(given, structure, method, told):
    with pytest.raises(UsageError, match=told):
        wf.reconcile(given[0], structure, method)


def test_totals_that_do_not_add_up_in_the_data(given):
    wrong = {"e": ["d", "a"], "d": ["b", "c"]}
    with pytest.raises(DataError, match=r"\d+ problems in the data, whose totals are to be sums"):
        wf.reconcile(given[0], wrong)


@needs_library
def test_a_tolerance_takes_totals_that_are_off():
    known = data().to_frame()
    known.loc[known["unique_id"] == "e", "y"] *= 1.03
    result = wf.forecast(wf.Panel.from_frame(known), "Naive", h=1)
    with pytest.raises(DataError, match=r"\(\+3\.0%\); expected a difference of at most 1\.0%"):
        wf.reconcile(result, STRUCTURE)
    made = wf.reconcile(result, STRUCTURE, tolerance=0.05)
    e, d, _, _, c = rows(made, "Naive/bottom_up")
    np.testing.assert_allclose(e, d + c)


def test_series_that_end_apart():
    known = data().to_frame()
    short = known[(known["unique_id"] != "b") | (known["ds"] < 2024)]
    result = wf.forecast(wf.Panel.from_frame(short), "Naive", until=2026)
    with pytest.raises(DataError, match=r"series 'b': ends in 2023; expected 2024.*as_of\(2023\)"):
        wf.reconcile(result, STRUCTURE)


@needs_library
def test_errors_of_other_models(given):
    errors = wf.backtest(data(), {"naive one": "Naive"}, h=1, n_windows=5)
    with pytest.raises(UsageError, match=r"errors holds no model 'Naive'\. Did you mean 'naive o"):
        wf.reconcile(given[0], STRUCTURE, "mint_shrink", errors=errors)


def test_a_missing_library_is_named(given, monkeypatch):
    monkeypatch.setitem(sys.modules, "hierarchicalforecast", None)
    monkeypatch.delitem(sys.modules, "hierarchicalforecast.methods", raising=False)
    with pytest.raises(UsageError, match=r'pip install "westforecast\[hierarchy\]"'):
        wf.reconcile(given[0], STRUCTURE)


def test_reconcile_is_the_verb_and_its_library_is_imported_on_use():
    code = """
import sys, westforecast as wf, westforecast.composition, westforecast.reconcile
assert callable(wf.reconcile) and callable(wf.forecast_shares)
assert not {"hierarchicalforecast", "matplotlib", "sklearn"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
