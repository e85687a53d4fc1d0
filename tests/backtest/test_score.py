"""Scores: common cells with counts, any grouping, scales that never see the test part."""

import numpy as np
import pandas as pd
import pytest

from westforecast import Panel, UsageError, WestforecastError, WestforecastWarning
from westforecast.backtest import ahead, origins, run
from westforecast.metrics import METRICS, Metric
from westforecast.models import DampedLogGrowth, Drift, InSampleMean, Naive

from ..builders import NAN, panel, walk

META = {
    "a": {"region": "CN-GX", "kind": "count"},
    "b": {"region": "CN-SC"},
    "c": {"region": "CN-GX", "kind": "count"},
}
MODELS = {"Naive": Naive(), "Drift": Drift(), "growth": DampedLogGrowth()}


@pytest.fixture(scope="module")
def result():
    rows = panel(walk(20, 1), walk(17, 2), walk(12, 3), first=[1990, 1990, 1996]).to_frame()
    kept = Panel.from_frame(rows, meta=META)
    return run(origins(kept, 3, n_windows=4), MODELS, [80, 95])


def loss_of(metric, row, train):
    """One metric of one row of the long frame, from the formula."""
    y, yhat, error = row["y"], row["yhat"], row["y"] - row["yhat"]
    if metric == "cagr_error":
        rate = [(value / train[-1]) ** (1 / row["horizon"]) for value in (y, yhat)]
        return 100 * abs(rate[0] - rate[1])
    return {
        "mae": abs(error),
        "rmse": error**2,
        "smape": 200 * abs(error) / (abs(y) + abs(yhat)),
        "mase": abs(error) / np.abs(np.diff(train)).mean(),
        "rmsse": error**2 / (np.diff(train) ** 2).mean(),
        "coverage-80": 100 * (row["lo-80"] <= y <= row["hi-80"]),
    }[metric]


def by_loop(result, metric, by, model):
    """Score and count of every group of one model, by a plain loop over the long frame."""
    long, data = result.long(), result.plan.panel
    groups = {}
    for row in long[long["model"] == model].to_dict("records"):
        indicator = data.indicator(row["unique_id"])
        key = tuple(row[name] if name in row else getattr(indicator, name) for name in by)
        _, train = data.as_of(row["cutoff"]).series(row["unique_id"])
        groups.setdefault(key, []).append(loss_of(metric, row, train))
    power = 2 if metric in {"rmse", "rmsse"} else 1
    return {key: (np.mean(loss) ** (1 / power), len(loss)) for key, loss in groups.items()}


COLUMNS = ["mae", "rmse", "smape", "mase", "rmsse", "coverage-80", "cagr_error"]


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize(
    "by", [(), ("horizon",), ("cutoff",), ("ds",), ("unique_id",), ("region",), ("kind", "horizon")]
)
def test_equals_a_loop(result, column, by):
    scores = result.scores(column.split("-")[0], by=("model", *by))
    for model in MODELS:
        part = scores[scores["model"] == model]
        expected = by_loop(result, column, by, model)
        keys = [tuple(row) for row in part[list(by)].itertuples(index=False)] if by else [()]
        assert keys == sorted(expected)
        np.testing.assert_allclose(part[column], [expected[k][0] for k in keys], rtol=1e-10)
        assert part["n"].tolist() == [expected[k][1] for k in keys]


def test_rows_follow_the_order_of_keys_and_models(result):
    scores = result.scores("mae", by=["model", "horizon"])
    assert scores["model"].tolist() == [name for name in MODELS for _ in range(3)]
    assert scores["horizon"].tolist() == [1, 2, 3] * 3
    scores = result.scores("mae", by=["horizon", "model"])
    assert scores["horizon"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert scores["model"].tolist() == list(MODELS) * 3
    assert scores.columns.tolist() == [
        "horizon", "model", "mae", "n", "n_series", "n_cutoffs", "n_excluded", "n_undefined",
    ]  # fmt: skip


def test_several_scores_have_a_count_each(result):
    table = result.scores(["mae", "coverage"])
    assert table.columns.tolist() == [
        "model", "mae", "coverage-80", "coverage-95", "n", "n_series", "n_cutoffs", "n_excluded",
        "n_undefined", "n_mae", "n_coverage-80", "n_coverage-95",
    ]  # fmt: skip
    # growth has a band in fewer windows than a forecast, and is compared on those
    assert (table["n"] + table["n_undefined"] == table["n_mae"]).all()


@pytest.mark.parametrize("by", ["horizon", "cutoff", "ds", "unique_id", "region", "kind"])
@pytest.mark.parametrize("metric", ["mae", "rmse", "interval_score", "crps"])
def test_groups_recombine_to_the_whole(result, metric, by):
    parts, whole = result.scores(metric, by=["model", by]), result.scores(metric)
    column = next(c for c in parts if c.startswith(metric))
    power = 2 if METRICS[metric].root else 1
    total = (parts[column] ** power * parts["n"]).groupby(parts["model"], sort=False).sum()
    n = parts.groupby("model", sort=False)["n"].sum()
    np.testing.assert_allclose((total / n) ** (1 / power), whole[column])
    assert n.tolist() == whole["n"].tolist()


def test_models_recombine_too(result):
    each, joint = result.scores("mae"), result.scores("mae", by=())
    assert len(joint) == 1
    assert joint["mae"][0] == pytest.approx(each["mae"].mean())
    assert joint["n"][0] == each["n"].sum()
    assert joint["n_series"][0] == each["n_series"].max()  # the same series, counted once


def test_counts_say_how_many_cells_series_and_cutoffs(result):
    row = result.scores("mae").iloc[0]
    ran = result.plan.windows
    assert row["n"] == 3 * len(ran)
    assert row["n_series"] == len(np.unique(ran.series)) == 3
    assert row["n_cutoffs"] == len(np.unique(ran.cutoff)) == 4
    assert row["n_excluded"] == 0


class TestCommonCells:
    @pytest.fixture
    def uneven(self):
        # growth cannot take `b`, and Drift needs two values
        data = panel([1, 2, 3, 4, 5], [0, 1, 3, 2, 5], [7, 9, 8], first=[2000, 2000, 2002])
        models = {"Naive": Naive(), "Drift": Drift(), "growth": DampedLogGrowth()}
        return run(origins(data, 1, n_windows=2), models, [80])

    def test_only_cells_of_all_models_are_compared(self, uneven):
        scores = uneven.scores("mae")
        # two windows of `a`; of `c` the later one, when it has two values; none of `b`
        assert scores["n"].tolist() == [3, 3, 3]
        assert scores["n_excluded"].tolist() == [3, 3, 3]

    def test_each_on_its_own_where_asked(self, uneven):
        scores = uneven.scores("mae", common=False)
        ok = {name: int((f.status == 0).sum()) for name, f in uneven.forecasts.items()}
        assert dict(zip(scores["model"], scores["n"], strict=True)) == ok
        assert scores["n_excluded"].tolist() == [len(uneven.plan.windows) - ok[m] for m in MODELS]

    def test_a_group_nobody_shares_is_a_row_without_score(self, uneven):
        told = (
            r"^of 2 cells whose outcome is known in unique_id 'b' growth forecast 0, so all 3 "
            r"models are compared on none of them\. Pass common=False .*, or leave 'growth' out "
            r"\(`result\.without\('growth'\)`\)\. The ledger says why"
        )
        with pytest.warns(WestforecastWarning, match=told) as caught:
            scores = uneven.scores("mae", by=["unique_id", "model"])
        assert len(caught) == 1
        assert caught[0].filename == __file__
        row = scores[(scores["unique_id"] == "b") & (scores["model"] == "Naive")].iloc[0]
        assert np.isnan(row["mae"])
        assert (row["n"], row["n_series"], row["n_cutoffs"], row["n_excluded"]) == (0, 0, 0, 2)

    def test_a_group_without_any_outcome_is_no_row(self):
        plan = origins(panel([1, 2, 3, 4]), 3, cutoffs=[2001], allow_partial=True)
        scores = run(plan, {"n": Naive()}).scores("mae", by="horizon")
        assert scores["horizon"].tolist() == [1, 2]

    def test_a_fallbacks_forecasts_are_not_scored(self):
        data = panel([0, 1, 3, 2, 5], [1, 2, 3, 4, 5])
        plan = origins(data, 1, n_windows=2)
        plain, helped = (
            run(plan, {"growth": DampedLogGrowth()}, fallback=second).scores("mae")
            for second in (None, Naive())
        )
        pd.testing.assert_frame_equal(plain, helped)
        assert helped["n"].tolist() == [2]


class TestScales:
    def test_the_scale_never_sees_the_test_part(self):
        def scaled(data):
            return run(origins(data, 2, cutoffs=[2004]), {"n": Naive()}).scores("mase")["mase"][0]

        base = panel([1, 3, 2, 5, 4, 6, 7])
        outcomes = panel([1, 3, 2, 5, 4, 60, 7])
        after = panel([1, 3, 2, 5, 4, 6, 7, 800, 2])
        scale = np.mean([2, 1, 3, 1])
        assert scaled(base) == pytest.approx((2 + 3) / 2 / scale)
        assert scaled(outcomes) == pytest.approx((56 + 3) / 2 / scale)
        assert scaled(after) == pytest.approx(scaled(base))

    def test_a_sliding_windows_scale_is_of_what_the_model_saw(self):
        data = panel([1, 100, 2, 5, 4, 6])
        plan = origins(data, 1, window="sliding", input_size=3)
        assert run(plan, {"n": Naive()}).scores("mase")["mase"][0] == pytest.approx(2 / 2)

    def test_the_scale_is_seasonal(self):
        data = panel([1, 2, 3, 4, 2, 4, 6, 8, 5], freq="Q")
        scores = run(origins(data, 1), {"n": Naive()}).scores(["mase", "rmsse"])
        assert scores["mase"][0] == pytest.approx(3 / np.mean([1, 2, 3, 4]))
        assert scores["rmsse"][0] == pytest.approx(3 / np.sqrt(np.mean([1, 4, 9, 16])))

    def test_flat_series_are_left_out_of_scaled_metrics_alone(self):
        data = panel([5, 5, 5, 6], [1, 2, 3, 5])
        scores = run(origins(data, 1), {"n": Naive()}).scores(["mae", "mase", "rmsse"])
        assert scores["mae"][0] == pytest.approx((1 + 2) / 2)
        assert scores["mase"][0] == scores["rmsse"][0] == pytest.approx(2)
        counts = ["n", "n_series", "n_undefined", "n_mae", "n_mase", "n_rmsse"]
        assert scores.loc[0, counts].tolist() == [1, 1, 1, 2, 1, 1]
        flat = run(origins(data["a"], 1), {"n": Naive()}).scores("mase")
        assert np.isnan(flat["mase"][0])  # nothing left: no number, and no infinity
        assert flat.loc[0, ["n", "n_series", "n_undefined"]].tolist() == [0, 0, 1]

    def test_one_value_gives_no_scale(self):
        scores = run(origins(panel([5, 6]), 1), {"n": Naive()}).scores(["mae", "mase"])
        assert scores["mae"][0] == 1
        assert np.isnan(scores["mase"][0])

    def test_growth_counts_from_the_last_observed_value(self):
        # the cutoff 2002 lies in a gap: from 100 in 2001 to 121 in 2003 are two years
        data = panel([90, 100, NAN, 121])
        scores = run(origins(data, 1, cutoffs=[2002]), {"n": Naive()}).scores("cagr_error")
        assert scores["cagr_error"][0] == pytest.approx(10)


def test_intervals_a_model_lacks_are_left_out_of_interval_metrics_alone():
    data = panel([1, 2, 4], [3, 4, 5, 6, 9])
    plan = origins(data, 1, align="series", n_windows=1)
    scores = run(plan, {"Drift": Drift()}, [80]).scores(["mae", "coverage", "interval_score"])
    assert scores[["n", "n_mae", "n_coverage-80", "n_undefined"]].iloc[0].tolist() == [1, 2, 1, 1]
    assert scores["coverage-80"][0] in (0, 100)
    assert np.isfinite(scores["interval_score-80"][0])


def test_a_metric_of_ones_own():
    worst = Metric("over", "share of forecasts that were too high", lambda c: c.error < 0.0)
    data = panel([1, 2, 4, 3], [3, 4, 5, 6])
    found = run(origins(data, 1), {"n": Naive()}).scores([worst, "mae"])
    assert found["over"][0] == 0.5
    assert found.columns.tolist()[:3] == ["model", "over", "mae"]


def test_names_may_be_given_alone(result):
    pd.testing.assert_frame_equal(
        result.scores("mae", by="horizon"), result.scores(["mae"], by=["horizon"])
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["mse"]}, "no metric 'mse'. Did you mean"),
        ({"metrics": ["hits"]}, r"One of a plugin is given as westforecast.metric\('hits'\)"),
        ({"metrics": [None]}, "no metric None: a name or a westforecast Metric expected"),
        ({"metrics": [["mae"]]}, r"no metric \['mae'\]: a name or"),
        ({"metrics": ["mae", "mae"]}, "'mae' is asked for 2 times. Ask for it once"),
        ({"metrics": ["mae", Metric("mae", "", abs)]}, r"They differ: .*replace\(metric, name="),
        ({"by": ["models"]}, "cannot group by 'models'. Did you mean 'model'"),
        ({"by": ["multiplier"]}, "cannot group by 'multiplier'"),
    ],
)
def test_unknown_names_suggest_the_nearest(result, arguments, message):
    with pytest.raises(UsageError, match=message):
        result.scores(**arguments)


@pytest.mark.parametrize(
    ("loss", "told"),
    [
        (lambda cells: 1 / 0, "raised ZeroDivisionError: division by zero; one loss a cell"),
        (lambda cells: 0.5, r"gave an array of shape \(\); one loss a cell, an array of shape"),
        (lambda cells: cells.error[1:], r"gave an array of shape \(\d+,\); one loss a cell"),
        (lambda cells: ["x" for _ in cells.error], "raised ValueError: could not convert"),
    ],
)
def test_a_broken_metric_is_named_with_its_module(result, loss, told):
    broken = Metric("odd", "of a plugin", loss)
    with pytest.raises(WestforecastError, match=f"^metric 'odd' of .*test_score {told}"):
        result.scores(["mae", broken])


def test_interval_metrics_without_intervals():
    plain = run(origins(panel([1, 2, 3, 4]), 1), {"n": Naive()})
    assert "coverage-80" not in plain.scores()
    with pytest.raises(UsageError, match=r"need intervals"):
        plain.scores("crps")


def test_forecasts_of_the_future_cannot_be_scored():
    with pytest.raises(UsageError, match=r"no outcome is known .* Use westforecast.backtest"):
        run(ahead(panel([1, 2]), 1), {"n": InSampleMean()}).scores()


def test_a_metric_is_compared_where_every_model_has_it():
    """A model with intervals in half its windows is not scored on the easier half alone."""
    data = panel(walk(20, 1), walk(3, 2), first=[1990, 2007])
    plan = origins(data, 1, n_windows=1, align="series")
    result = run(plan, {"Naive": Naive(), "Drift": Drift()}, [80])
    table = result.scores(["mae", "coverage"], by=["model"])
    # Drift has no interval from the two values of the short series.
    told = "of 1 cells that all models forecast in unique_id 'b' coverage-80 is undefined for Drift"
    with pytest.warns(WestforecastWarning, match=told):
        alone = result.scores("coverage", by=["model", "unique_id"])
    alone = alone.set_index(["model", "unique_id"])
    assert np.isnan(alone.loc[("Drift", "b"), "coverage-80"])
    one = run(origins(data[["a"]], 1, align="series"), {"Naive": Naive()}, [80])
    of_a = one.scores(["coverage"])["coverage-80"][0]
    assert table.set_index("model")["coverage-80"].tolist() == [of_a, of_a]
    assert table[["n", "n_mae", "n_coverage-80"]].to_numpy().tolist() == [[1, 2, 1]] * 2
