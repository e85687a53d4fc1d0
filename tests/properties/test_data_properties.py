"""What panels, plans and scores promise for any data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from westforecast import Panel, UsageError
from westforecast.backtest import origins, run
from westforecast.models import Drift, InSampleMean, Naive, Status

from .strategies import modest, panels


@given(data=panels(), backend=st.sampled_from(["pandas", "polars", "pyarrow"]))
@modest
def test_a_panel_comes_back_from_its_frame(data, backend):
    back = data.to_frame(backend=backend)
    filled = data.select(id=[i for i, n in zip(data.ids, data.lengths, strict=True) if n])
    assume(len(filled))
    assert Panel.from_frame(back, gaps="keep").digest() == filled.digest()


@given(data=panels(), order=st.randoms(use_true_random=False))
@modest
def test_rows_may_come_in_any_order(data, order):
    rows = data.to_frame()
    assume(len(rows))
    places = list(range(len(rows)))
    order.shuffle(places)
    mixed = Panel.from_frame(rows.iloc[places], gaps="keep")
    for unique_id in mixed.ids:
        for one, other in zip(mixed.series(unique_id), data.series(unique_id), strict=True):
            np.testing.assert_array_equal(one, other)


@given(data=panels(), year=st.integers(1985, 2035), later=st.integers(0, 5))
@modest
def test_what_was_known_stays_known(data, year, later):
    then, now = data.as_of(year), data.as_of(year + later)
    assert then.ids == now.ids == data.ids
    assert (then.last[then.lengths > 0] <= year).all()
    assert now.as_of(year).digest() == then.digest()
    for unique_id in data.ids:
        periods, values = then.series(unique_id)
        known = [data.value(unique_id, int(period)) for period in periods]
        np.testing.assert_array_equal(values, known)


@given(
    data=panels(),
    h=st.integers(1, 4),
    n_windows=st.integers(1, 5),
    step_size=st.integers(1, 3),
    gap=st.integers(0, 2),
    align=st.sampled_from(["calendar", "series"]),
    allow_partial=st.booleans(),
)
@modest
def test_a_plan_accounts_for_every_window_and_shows_no_future(data, **settings):
    try:
        plan = origins(data, settings.pop("h"), **settings)
    except UsageError:
        return  # no window at all; that it says so is tested elsewhere
    windows = plan.windows
    assert len(windows) + len(plan.skipped) == len(data) * settings["n_windows"]
    begin, stop = data.indptr[windows.series], data.indptr[windows.series + 1]
    assert ((windows.start >= begin) & (windows.end <= stop)).all()
    outcomes = np.isfinite(plan.actuals()[:, plan.first_step - 1 :])
    assert outcomes.any(axis=1).all()
    ledger = run(plan, {"Naive": Naive()}).ledger
    assert len(ledger) == len(data) * settings["n_windows"]


@given(data=panels(gaps=False, min_size=8), factor=st.sampled_from([0.25, 8.0]))
@modest
def test_scores_without_units_do_not_depend_on_units(data, factor):
    plan = origins(data, 2, n_windows=2, align="series")
    larger = Panel(factor * data.values, data.indptr, data.first, data.indicators, data.calendar)
    models = {"Drift": Drift(), "mean": InSampleMean()}
    tables = [
        run(p, models, [80]).scores(["mase", "rmsse", "smape", "mae"])
        for p in (plan, origins(larger, 2, n_windows=2, align="series"))
    ]
    for name in ("mase", "rmsse", "smape"):
        np.testing.assert_allclose(tables[0][name], tables[1][name], rtol=1e-6, atol=1e-9)
        assert not np.isinf(tables[0][name]).any()
    assert tables[0]["smape"].between(0, 200).all()
    np.testing.assert_allclose(factor * tables[0]["mae"], tables[1]["mae"], rtol=1e-6)


@pytest.mark.filterwarnings("ignore:of .* cells whose outcome is known")  # Drift needs two values
@given(data=panels(min_size=6), by=st.sampled_from(["horizon", "cutoff", "ds", "unique_id"]))
@modest
def test_scores_of_any_grouping_recombine(data, by):
    try:
        result = run(origins(data, 2, n_windows=3, align="series"), {"n": Naive(), "d": Drift()})
    except UsageError:
        return
    parts, whole = result.scores("mae", by=["model", by]), result.scores("mae")
    total = (parts["mae"].fillna(0) * parts["n"]).groupby(parts["model"]).sum()
    n = parts.groupby("model")["n"].sum()
    expected = whole.set_index("model")
    pd.testing.assert_series_equal(n, expected["n"].sort_index(), check_names=False)
    np.testing.assert_allclose(total, (expected["mae"] * n).fillna(0).sort_index(), rtol=1e-9)
    excluded = parts.groupby("model")["n_excluded"].sum()
    assert excluded.tolist() == expected["n_excluded"].sort_index().tolist()
    assert (result.forecasts["n"].status == Status.OK).all()
