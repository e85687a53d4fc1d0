"""Shares: log-ratios and back, zeros, dependence, and forecasts that add up in every path."""

import math
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import westforecast as wf
from westforecast import DataError, Indicator, Panel, UsageError
from westforecast.domain import decompose
from westforecast.domain.shares import (
    close,
    composition,
    independent_parts,
    largest_block,
    log_ratios,
    read_law,
    replace_zeros,
    shrunk_correlation,
)
from westforecast.kernels.quantiles import LAW

NAN = float("nan")


def panel(values, first=1995, names=None, **meaning):
    """Columns of values [T, K] as annual series; NaN before the first value is no value."""
    values = np.asarray(values, float)
    names = names or [f"p{k}" for k in range(values.shape[1])]
    years = range(first, first + len(values))
    frame = pd.concat(
        pd.DataFrame({"unique_id": n, "ds": years, "y": values[:, k]}) for k, n in enumerate(names)
    )
    meta = {n: Indicator(id=n, **meaning) for n in names} if meaning else None
    return Panel.from_frame(frame, meta=meta, gaps="keep")


def wandering(length=15, parts=4, seed=0, size=0.05):
    """Positive parts [T, K] whose logs walk."""
    rng = np.random.default_rng(seed)
    return 100 * np.exp(np.cumsum(rng.normal(0.03, size, (length, parts)), axis=0))


# --- arrays -------------------------------------------------------------------------------------

parts = st.integers(1, 7).flatmap(
    lambda k: arrays(float, st.tuples(st.integers(1, 5), st.just(k)),
                     elements=st.floats(-700, 700))
)  # fmt: skip


@settings(derandomize=True, max_examples=300)
@given(parts)
def test_any_numbers_make_shares(ratios):
    shares = composition(ratios)
    np.testing.assert_allclose(shares.sum(axis=-1), 1, rtol=0, atol=1e-12)
    assert (shares > 0).all()
    assert (shares < 1).all() or ratios.shape[-1] == 1


@settings(derandomize=True, max_examples=200)
@given(st.integers(2, 7), st.integers(0, 2**32 - 1), st.floats(1e-6, 1e6))
def test_there_and_back(count, seed, size):
    values = size * np.random.default_rng(seed).lognormal(0, 2, (6, count))
    core = np.random.default_rng(seed).permutation(count) < max(1, count - 2)
    for chosen in (None, core):
        np.testing.assert_allclose(composition(log_ratios(values, chosen)), close(values))


def test_log_ratios_by_a_loop():
    values = wandering()
    by_hand = [[math.log(x) - sum(map(math.log, row)) / len(row) for x in row] for row in values]
    np.testing.assert_allclose(log_ratios(values), by_hand)


def test_two_parts_are_a_logit():
    share = np.array([0.2, 0.5, 0.9])
    ratios = log_ratios(np.column_stack([share, 1 - share]))
    np.testing.assert_allclose(2 * ratios[:, 0], np.log(share / (1 - share)))


def test_zeros_make_room_and_leave_the_others_ratios():
    shares = np.array([[0.0, 0.25, 0.75], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0]])
    filled = replace_zeros(shares, 0.01)
    np.testing.assert_allclose(filled.sum(axis=1), 1)
    np.testing.assert_allclose(filled[0], [0.01, 0.2475, 0.7425])
    assert filled[0, 2] / filled[0, 1] == pytest.approx(3)
    assert filled[1].tolist() == shares[1].tolist()


def test_a_late_part_does_not_cost_the_others_their_past():
    values = np.ones((20, 5))
    values[:8, 1] = NAN
    assert largest_block(values).tolist() == [True, False, True, True, True]
    values[:8, 1:] = NAN  # 12 years of five are more than 20 of one
    assert largest_block(values).all()
    values[:, :] = 1.0
    values[4, 0], values[6, 3] = NAN, NAN  # gaps are no late beginning
    assert largest_block(values).all()


def test_parts_that_change_independently_by_simulation():
    """The target against the correlation of simulated log-ratios of independent parts."""
    spread = np.array([0.1, 0.2, 0.4, 0.3, 0.1])
    core = np.array([True, True, True, True, False])
    logs = np.random.default_rng(1).normal(0, spread, (200_000, 5))
    ratios = logs - logs[:, core].mean(axis=1, keepdims=True)
    found = independent_parts(ratios.var(axis=0), core)
    np.testing.assert_allclose(found, np.corrcoef(ratios.T), atol=0.01)


@pytest.mark.parametrize("count", [2, 3, 12])
def test_alike_parts_have_correlation_of_minus_one_over_the_others(count):
    found = independent_parts(np.full(count, 0.3), np.ones(count, bool))
    np.testing.assert_allclose(found[~np.eye(count, dtype=bool)], -1 / (count - 1))


def test_a_part_that_never_changes_goes_with_none():
    found = independent_parts(np.array([0.0, 0.0]), np.ones(2, bool))
    assert found.tolist() == np.eye(2).tolist()


def by_pairs(changes, target):
    """Schäfer & Strimmer's weight, pair by pair."""
    n, count = changes.shape
    x = (changes - changes.mean(axis=0)) / changes.std(axis=0, ddof=1)
    noise, apart = 0.0, 0.0
    for i in range(count):
        for j in range(count):
            if i != j:
                w = [x[t, i] * x[t, j] for t in range(n)]
                mean = sum(w) / n
                r = n / (n - 1) * mean
                noise += n / (n - 1) ** 3 * sum((v - mean) ** 2 for v in w)
                apart += (r - target[i, j]) ** 2
    weight = min(1.0, noise / apart)
    return weight * target + (1 - weight) * np.corrcoef(changes.T), weight


@pytest.mark.parametrize("length", [4, 12, 60])
def test_shrinkage_against_its_twin(length):
    rng = np.random.default_rng(length)
    changes = rng.normal(0, 1, (length, 4)) + rng.normal(0, 1.5, (length, 1))
    found, weight = shrunk_correlation(changes, np.eye(4))
    expected, by_hand = by_pairs(changes, np.eye(4))
    assert weight == pytest.approx(by_hand)
    np.testing.assert_allclose(found, expected)
    assert np.linalg.eigvalsh(found).min() > -1e-12


def test_few_changes_say_nothing_and_many_say_it_all():
    target = np.full((2, 2), -1.0)
    np.fill_diagonal(target, 1.0)
    rng = np.random.default_rng(0)
    few, weight = shrunk_correlation(rng.normal(size=(3, 2)), target)
    assert weight == 1 and few.tolist() == target.tolist()
    gaps = rng.normal(size=(9, 2))
    gaps[3:, 0] = NAN
    assert shrunk_correlation(gaps, target)[1] == 1
    together = rng.normal(size=(4000, 1)) + 0.2 * rng.normal(size=(4000, 2))
    found, weight = shrunk_correlation(together, np.eye(2))
    assert weight < 0.01 and found[0, 1] > 0.9


def test_a_law_known_by_one_interval_keeps_its_middle():
    quantiles, probs = np.array([[1.0, 9.0]]), (0.1, 0.9)
    zero = np.zeros((1, 1))
    assert read_law(np.array([3.0]), quantiles, probs, zero).item() == 3.0
    assert read_law(np.array([0.5]), quantiles, probs, zero).item() == 5.0, "no median"


# --- forecasts ----------------------------------------------------------------------------------


@settings(derandomize=True, max_examples=25, deadline=None)
@given(
    st.integers(2, 6), st.integers(3, 15), st.integers(0, 2**32 - 1), st.floats(0.001, 2),
    st.sampled_from(["Naive", "Drift", "InSampleMean"]),
)  # fmt: skip
def test_every_path_adds_up_to_one(count, length, seed, size, model):
    data = panel(wandering(length, count, seed, size))
    made = wf.forecast_shares(data, model=model, h=4, n_paths=50)
    assert made.paths.shape == (50, count, 4)
    assert (made.paths > 0).all() and (made.paths < 1).all()
    np.testing.assert_allclose(made.paths.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(made.point.sum(axis=0), 1, atol=1e-12)
    low, high = made.interval(80)
    assert (low <= high).all() and (low > 0).all() and (high < 1).all()


def test_regions_add_up_to_the_nation_in_every_path():
    data = panel(wandering())
    shares = wf.forecast_shares(data, h=5, n_paths=200)
    nation = np.random.default_rng(5).lognormal(8, 0.3, (200, 5))
    regions = shares.top_down(nation)
    np.testing.assert_allclose(regions.paths.sum(axis=1), nation, rtol=1e-12)
    np.testing.assert_allclose(regions.paths, shares.paths * nation[:, None, :])
    np.testing.assert_allclose(regions.point.sum(axis=0), np.median(nation, axis=0))
    with pytest.raises(UsageError, match="levels already"):
        regions.top_down(nation)


def test_the_order_of_parts_does_not_matter():
    values = wandering(parts=5)
    values[:9, 2] = NAN
    there = wf.forecast_shares(panel(values), model="Drift", h=3, n_paths=100)
    names = ["p3", "p0", "p4", "p2", "p1"]
    back = wf.forecast_shares(panel(values), names, model="Drift", h=3, n_paths=100)
    moved = panel(values[:, ::-1], names=[f"p{k}" for k in range(4, -1, -1)])
    other = wf.forecast_shares(moved, model="Drift", h=3, n_paths=100)
    order = [there.parts.index(name) for name in names]
    assert back.parts == tuple(names)
    np.testing.assert_array_equal(back.paths, there.paths[:, order])
    np.testing.assert_array_equal(back.point, there.point[order])
    np.testing.assert_array_equal(back.correlation, there.correlation[np.ix_(order, order)])
    np.testing.assert_array_equal(other.paths[:, ::-1], there.paths)


def test_levels_and_shares_of_them_are_the_same():
    values = wandering()
    levels = wf.forecast_shares(panel(values), model="Drift", h=3)
    shares = wf.forecast_shares(panel(100 * close(values), unit="percent", kind="share"),
                                model="Drift", h=3)  # fmt: skip
    np.testing.assert_allclose(shares.paths, levels.paths)


def test_two_parts_give_the_law_of_the_logit():
    values = wandering(parts=2)
    made = wf.forecast_shares(panel(values), model="Drift", h=6, n_paths=4000, levels=(80,))
    logit = np.log(values[:, :1] / values[:, 1:])
    direct = wf.forecast(panel(logit), "Drift", h=6, levels=(80,)).forecasts["Drift"]
    np.testing.assert_allclose(made.point[0], 1 / (1 + np.exp(-direct.mean[0])))
    low, high = made.interval(80)
    np.testing.assert_allclose(low[0], 1 / (1 + np.exp(-direct.quantiles[0, :, 0])), atol=2e-4)
    np.testing.assert_allclose(high[0], 1 / (1 + np.exp(-direct.quantiles[0, :, 1])), atol=2e-4)


def test_constant_shares_stay():
    grown = np.outer(1.1 ** np.arange(10), [1.0, 3.0, 6.0])
    made = wf.forecast_shares(panel(grown), model="Drift", h=5, n_paths=20)
    np.testing.assert_allclose(made.paths, np.broadcast_to([[0.1], [0.3], [0.6]], (20, 3, 5)))


def test_a_linear_trend_of_shares_goes_negative_and_ours_cannot():
    """The documented failure: domain.md, section 5.4."""
    share = np.linspace(0.30, 0.02, 15)
    values = np.column_stack([share, 1 - share])
    line = wf.forecast(panel(values), "Drift", h=10).forecasts["Drift"].mean
    assert line[0, -1] < 0 and line[1, -1] > 1
    made = wf.forecast_shares(panel(values), model="Drift", h=10)
    assert (made.paths > 0).all() and (made.paths < 1).all()
    assert 0 < made.point[0, -1] < 0.02


@pytest.mark.parametrize("model", [wf.model("DampedLogGrowth"), "Drift", "Naive"])
def test_a_model_that_cannot_take_log_ratios_says_so(model):
    data = panel(wandering())
    if model in ("Drift", "Naive"):
        assert wf.forecast_shares(data, model=model, h=1).point.shape == (4, 1)
    else:
        with pytest.raises(UsageError, match=r"cannot forecast the share of 'p\d' \(not_positive"):
            wf.forecast_shares(data, model=model, h=1)


def test_missing_years():
    values = wandering(15, 3)
    values[4, 1] = NAN
    made = wf.forecast_shares(panel(values), model="Drift", h=3)
    assert np.isfinite(made.paths).all()
    full = wandering(15, 3)
    without = wf.forecast_shares(panel(full), model="Drift", h=3)
    np.testing.assert_allclose(made.point, without.point, err_msg="Drift needs the ends alone")


def test_a_new_region_with_few_values():
    values = wandering(20, 4)
    values[:17, 3] = NAN
    made = wf.forecast_shares(panel(values), model="Drift", h=3, seed=1)
    assert made.shrinkage == 1.0, "two changes say nothing about dependence"
    np.testing.assert_allclose(made.paths.sum(axis=1), 1)
    # The others keep their whole past: their ratios are those of a forecast without the new one.
    without = wf.forecast_shares(panel(values[:, :3]), model="Drift", h=3, seed=1)
    np.testing.assert_allclose(made.point[0] / made.point[1], without.point[0] / without.point[1])


def test_a_region_too_new_for_the_model():
    values = wandering(20, 4)
    values[:18, 3] = NAN
    kept = {"model": wf.model("SeasonalNaive", season_length=5), "h": 3}
    with pytest.raises(UsageError, match=r"share of 'p3' \(too_short.*fallback='Naive'"):
        wf.forecast_shares(panel(values), **kept)
    made = wf.forecast_shares(panel(values), **kept, fallback="Naive")
    np.testing.assert_allclose(made.paths.sum(axis=1), 1)
    values[:19, 3] = NAN
    with pytest.raises(UsageError, match=r"share of 'p3' \(it gives no interval"):
        wf.forecast_shares(panel(values), model="Naive", h=3)


def test_quarters_read_as_given():
    quarters = [f"{y}Q{q}" for y in range(2005, 2010) for q in range(1, 5)]
    values = wandering(20, 2)
    frame = pd.concat(
        pd.DataFrame({"unique_id": n, "ds": quarters, "y": values[:, k]})
        for k, n in enumerate("ab")
    )
    long = wf.forecast_shares(Panel.from_frame(frame), until="2010Q2", levels=(80,)).long()
    assert long["ds"].tolist() == ["2010Q1", "2010Q2"] * 2
    assert list(long) == ["unique_id", "ds", "cutoff", "horizon", "yhat", "lo-80", "hi-80"]
    assert long["horizon"].tolist() == [1, 2, 1, 2] and set(long["cutoff"]) == {"2009Q4"}
    assert ((long["lo-80"] < long["yhat"]) & (long["yhat"] < long["hi-80"])).all()


# --- a whole and its rest -----------------------------------------------------------------------


def test_the_rest_of_the_whole_is_a_part():
    values = wandering(parts=3)
    whole = values.sum(axis=1, keepdims=True)
    data = panel(np.column_stack([values, whole]), names=["a", "b", "c", "nation"])
    made = wf.forecast_shares(data, ["b", "a"], whole="nation", h=4)
    assert made.parts == ("b", "a", "rest of nation")
    three = wf.forecast_shares(panel(values, names=["a", "b", "rest of nation"]), h=4)
    np.testing.assert_allclose(made.paths[:, [1, 0, 2]], three.paths)
    all_of_it = wf.forecast_shares(data, whole="nation", h=4)
    assert all_of_it.parts == ("a", "b", "c")


def test_a_rest_within_rounding_of_nothing_is_nothing():
    whole = np.array([100.0, 100.0, 100.0, 100.0])
    data = panel(np.column_stack([[60, 70, 75.2, 60], [20, 20, 25.2, 20], whole]),
                 names=["a", "b", "n"])  # fmt: skip
    with pytest.raises(DataError, match=r"1 problem.*\n.*'rest of n' in 1997: 0; .*zeros=0\.001"):
        wf.forecast_shares(data, whole="n", h=1)
    made = wf.forecast_shares(data, whole="n", h=1, zeros=0.001)
    np.testing.assert_allclose(made.point[:, 0], [0.6, 0.2, 0.2])


def test_units_of_parts_and_whole_are_converted():
    kinds = {"nation": 1e8, "west": 1e4}
    values = {"nation": [10.0, 11.0, 12.0], "west": [2e4, 2.2e4, 2.4e4]}
    frame = pd.concat(
        pd.DataFrame({"unique_id": n, "ds": [2000, 2001, 2002], "y": y}) for n, y in values.items()
    )
    meta = {n: Indicator(id=n, unit="CNY", multiplier=m) for n, m in kinds.items()}
    made = wf.forecast_shares(Panel.from_frame(frame, meta=meta), ["west"], whole="nation", h=1)
    np.testing.assert_allclose(made.point[:, 0], [0.2, 0.8])
    meta["west"] = Indicator(id="west", unit="persons")
    with pytest.raises(UsageError, match=r"'nation' is stated in CNY, but made of .* persons"):
        wf.forecast_shares(Panel.from_frame(frame, meta=meta), ["west"], whole="nation", h=1)


def nation_and_parts(last=2009):
    values = wandering(15, 3, seed=4)
    return panel(np.column_stack([values, values.sum(axis=1)]), last - 14, ["a", "b", "c", "n"])


def test_top_down_from_a_forecast_of_the_nation():
    data = nation_and_parts()
    shares = wf.forecast_shares(data, whole="n", h=4, n_paths=2000)
    nation = wf.forecast(data[["n"]], "DampedLogGrowth", h=4, levels=LAW)
    regions = shares.top_down(nation)
    forecast = nation.forecasts["DampedLogGrowth"]
    np.testing.assert_allclose(regions.point.sum(axis=0), forecast.mean[0])
    drawn = regions.paths.sum(axis=1)
    np.testing.assert_allclose(
        np.quantile(drawn, [0.1, 0.9], axis=0), np.stack(forecast.interval(80.0))[:, 0], rtol=2e-3
    )
    # The nation's stream is not that of the shares.
    assert abs(np.corrcoef(drawn[:, 3], shares.paths[:, 0, 3])[0, 1]) < 0.08
    assert "levels of 'n', 3 parts, 2010-2013, 2000 paths" in repr(regions)
    assert "shares of 'n'" in repr(shares)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (
            lambda d: np.ones((10, 4)),
            r"shape \(10, 4\); finite sample paths of shape \(50, 4\)",
        ),
        (lambda d: np.full((50, 4), NAN), "finite sample paths"),
        (lambda d: wf.forecast(d[["a"]], "Drift", h=4, levels=(80,)), "does not forecast 'n'"),
        (lambda d: wf.forecast(d[["n"]], ["Drift", "Naive"], h=4), "2 models and 1 forecasts"),
        (lambda d: wf.forecast(d[["n"]], "Drift", h=3, levels=(80,)), "from 2010 on, 3 steps"),
        (lambda d: wf.forecast(d[["n"]], "Drift", h=4), "has no interval to draw paths from"),
    ],
)
def test_a_nation_that_does_not_fit(make, told):
    data = nation_and_parts()
    shares = wf.forecast_shares(data, whole="n", h=4, n_paths=50)
    with pytest.raises(UsageError, match=told):
        shares.top_down(make(data))


# --- refusals -----------------------------------------------------------------------------------


def test_zeros_are_refused_unless_a_share_is_given_for_them():
    values = wandering(10, 3)
    values[3, 1] = 0
    with pytest.raises(DataError, match=r"'p1' in 1998: 0; expected a value above 0.*zeros=0\.001"):
        wf.forecast_shares(panel(values), h=1)
    made = wf.forecast_shares(panel(values), h=1, zeros=0.001)
    np.testing.assert_allclose(made.paths.sum(axis=1), 1)
    ratios = made.result.plan.panel
    filled = replace_zeros(close(values), 0.001)
    assert ratios.value("p1", 1998) == pytest.approx(log_ratios(filled)[3, 1])
    assert ratios.value("p1", 1999) == pytest.approx(log_ratios(values[4])[1])
    with pytest.raises(UsageError, match=r"zeros=0\.5 found, a small fraction below 0\.33"):
        wf.forecast_shares(panel(values), h=1, zeros=0.5)


def test_parts_that_are_no_parts():
    values = wandering(6, 3)
    with pytest.raises(DataError, match=r"'p2' in 1999: -1; .* Correct the value"):
        wf.forecast_shares(panel(np.where(np.arange(18).reshape(6, 3) == 14, -1, values)), h=1)
    short = values.copy()
    short[4:, 0] = NAN
    with pytest.raises(DataError, match=r"series 'p1': ends in 2000; .*panel\.as_of\(1998\)"):
        wf.forecast_shares(panel(short), h=1)
    whole = np.column_stack([values, 0.9 * values.sum(axis=1)])
    data = panel(whole, names=["a", "b", "c", "n"])
    with pytest.raises(DataError, match=r"6 problems.*\n.*'n' in 1995: parts exceed it by"):
        wf.forecast_shares(data, whole="n", h=1)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"parts": ["p0"]}, "1 parts found; a part alone has the share 1"),
        ({"parts": ["p0", "p0"]}, "name a series twice"),
        ({"parts": "p0"}, r"a list of ids expected: \['p0'\]"),
        ({"parts": ["p0", "q1"]}, "no series 'q1' in the panel"),
        ({"parts": ["p0", "p1"], "whole": "p1"}, "or the whole"),
        ({"levels": (0.8,)}, "Did you mean 80"),
        ({"n_paths": 1}, "n_paths=1"),
        ({"until": 2010}, "exactly one of h and until"),
    ],
)
def test_arguments_that_cannot_be_meant(settings, told):
    with pytest.raises(UsageError, match=told):
        wf.forecast_shares(panel(wandering()), **{"h": 1, **settings})


def test_a_seed_is_a_seed():
    data = panel(wandering())
    one, same, other = (wf.forecast_shares(data, h=2, seed=s, n_paths=30).paths for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


# --- the subject --------------------------------------------------------------------------------


def test_a_change_of_region_is_market_growth_share_gain_and_both():
    """T7: dY = s0 dN + ds N0 + ds dN, in every path."""
    values = wandering()
    shares = wf.forecast_shares(panel(values), model="Drift", h=5, n_paths=40)
    nation0 = values[-1].sum()
    nation = nation0 * np.exp(np.random.default_rng(0).normal(0.3, 0.2, (40, 5)))
    regions = shares.top_down(nation)
    for p in range(40):
        for k in range(4):
            s0 = values[-1, k] / nation0
            cut = decompose(nation0, nation[p, -1], s0, shares.paths[p, k, -1])
            moved = regions.paths[p, k, -1] - values[-1, k]
            assert cut.market + cut.share + cut.interaction == pytest.approx(moved, abs=1e-9)


class DampedShift(wf.SeriesModel):
    """The average change goes on, each step less by a fifth, as in the explanation."""

    def forecast_one(self, y, horizon, probs, context):
        change, step = np.diff(y), np.arange(1, horizon + 1)
        mean = y[-1] + change.mean() * np.cumsum(0.8**step)
        normal = np.array([NormalDist().inv_cdf(p) for p in probs])
        return mean, mean[:, None] + change.std(ddof=1) * np.sqrt(step)[:, None] * normal


@pytest.mark.parametrize(
    ("origin", "constant", "damped", "drift", "covered"),
    [(2003, 0.782, 0.600, 0.543, 52), (2005, 0.582, 0.352, 0.583, 63),
     (2008, 0.514, 0.708, 1.150, 77)],
)  # fmt: skip
def test_shares_of_the_western_provinces(shared, origin, constant, damped, drift, covered):
    """Shares in the western sum from 1998 on, ten years ahead: percentage points of error."""
    frame = pd.read_csv(shared / "data" / "macro_western_provinces.csv")
    frame = frame[
        (frame.series_id == "gdp_cur_pub") & (frame.region != "CN-WEST") & (frame.year >= 1998)
    ]
    columns = {"id_col": "region", "time_col": "year", "target_col": "value"}
    data = Panel.from_frame(frame[["region", "year", "value"]], **columns)
    known = close(np.array([[data.value(i, y) for i in data.ids] for y in range(1998, 2019)]))
    actual = known[origin - 1997 : origin - 1987].T
    last = known[origin - 1998][:, None]
    assert 100 * np.abs(last - actual).mean() == pytest.approx(constant, abs=0.001)
    for model, expected in (("Naive", constant), (DampedShift(), damped), ("Drift", drift)):
        made = wf.forecast_shares(data.as_of(origin), model=model, until=origin + 10)
        np.testing.assert_allclose(made.paths.sum(axis=1), 1)
        assert 100 * np.abs(made.point - actual).mean() == pytest.approx(expected, abs=0.001)
        if model == "Naive":
            low, high = made.interval(80)
            inside = 100 * ((low <= actual) & (actual <= high)).mean()
            assert inside == pytest.approx(covered, abs=2)
