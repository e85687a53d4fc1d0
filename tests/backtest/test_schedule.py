"""Which windows are forecast, which cannot be, and what is known of their outcomes."""

import numpy as np
import pandas as pd
import pytest

from westforecast import Panel, UsageError
from westforecast.backtest import ahead, origins
from westforecast.errors import UnknownNameError
from westforecast.models import Status

from ..builders import NAN, frame, panel

YEARS = panel(range(1, 11))  # 2000 to 2009
RAGGED = panel(range(1, 11), range(1, 9), range(1, 6))  # to 2009, 2007, 2004


def seen(plan):
    """(series, first period, cutoff) of each window."""
    windows = plan.windows
    ids = np.array(windows.ids)[windows.series]
    return list(zip(ids.tolist(), windows.first_period.tolist(), windows.cutoff.tolist(),
                    strict=True))  # fmt: skip


def cutoffs(plan, unique_id="a"):
    return [cutoff for name, _, cutoff in seen(plan) if name == unique_id]


class TestAhead:
    def test_one_window_a_series_to_its_end(self):
        plan = ahead(RAGGED, h=3)
        assert seen(plan) == [("a", 2000, 2009), ("b", 2000, 2007), ("c", 2000, 2004)]
        assert (plan.horizon, plan.first_step, plan.last_step.tolist()) == (3, 1, [3, 3, 3])
        assert np.isnan(plan.actuals()).all()

    def test_until_gives_each_series_its_own_horizon(self):
        plan = ahead(RAGGED, until=2011)
        assert (plan.horizon, plan.last_step.tolist()) == (7, [2, 4, 7])

    def test_until_in_the_callers_own_type(self):
        stamps = pd.to_datetime(["2008-12-31", "2009-12-31"])
        kept = Panel.from_frame(frame([1.0, 2.0], stamps))
        for until in (2012, "2012", pd.Timestamp("2012-12-31"), pd.Period("2012")):
            assert ahead(kept, until=until).horizon == 3
        assert ahead(panel([1, 2], first=8040, freq="Q"), until="2010Q4").horizon == 2

    def test_one_value_is_a_series(self):
        assert ahead(panel([5]), until=2003).last_step.tolist() == [3]
        with pytest.raises(UsageError, match=r"not after the last observation of 1 series"):
            ahead(panel([5]), until=2000)

    def test_a_series_without_values_has_one_step(self):
        plan = ahead(panel([1, 2], [NAN]), until=2010)
        assert plan.last_step.tolist() == [9, 1]
        assert plan.windows.lengths.tolist() == [2, 0]

    @pytest.mark.parametrize("arguments", [{}, {"h": 3, "until": 2012}])
    def test_exactly_one_of_h_and_until(self, arguments):
        with pytest.raises(UsageError, match=r"exactly one of h and until is needed; found h="):
            ahead(YEARS, **arguments)

    def test_until_before_the_last_observation(self):
        with pytest.raises(UsageError) as caught:
            ahead(RAGGED, until=2007)
        assert str(caught.value) == (
            "until=2007 is not after the last observation of 2 series (first: 'a', last observed "
            "2009). Ask for a later period, or forecast panel.as_of(2006)."
        )
        assert ahead(RAGGED.as_of(2006), until=2007).last_step.tolist() == [1, 1, 3]
        months = panel([1, 2], first=24120, freq="M").to_frame()
        months["ds"] = ["2010-01", "2010-02"]
        with pytest.raises(UsageError, match=r"as_of\('2010-01'\)"):
            ahead(Panel.from_frame(months, freq="M"), until="2010-02")

    @pytest.mark.parametrize("h", [0, -1, 1.5, "3", True])
    def test_h_is_a_whole_number_from_one_on(self, h):
        with pytest.raises(UsageError, match=r"h=.* found, a whole number of at least 1"):
            ahead(YEARS, h=h)

    def test_a_mistyped_horizon_does_not_take_all_memory(self):
        with pytest.raises(UsageError, match=r"202,012 steps are to be forecast; at most 10,000"):
            ahead(YEARS, h=202012)
        with pytest.raises(UsageError, match=r"202012 is not an annual period"):
            ahead(YEARS, until=202012)

    def test_nothing_to_forecast(self):
        with pytest.raises(UsageError, match=r"holds no series"):
            ahead(YEARS.select(id=()), h=1)


class TestOrigins:
    def test_an_expanding_window_keeps_its_start(self):
        plan = origins(YEARS, 2, n_windows=3)
        assert seen(plan) == [("a", 2000, 2005), ("a", 2000, 2006), ("a", 2000, 2007)]
        np.testing.assert_array_equal(plan.actuals(), [[7, 8], [8, 9], [9, 10]])

    def test_an_input_size_alone_means_a_sliding_window(self):
        assert seen(origins(YEARS, 2, input_size=4)) == [("a", 2004, 2007)]

    def test_a_sliding_window_moves_it(self):
        plan = origins(YEARS, 2, n_windows=3, window="sliding", input_size=4)
        assert seen(plan) == [("a", 2002, 2005), ("a", 2003, 2006), ("a", 2004, 2007)]
        short = origins(YEARS, 1, cutoffs=[2001], window="sliding", input_size=4)
        assert seen(short) == [("a", 2000, 2001)]

    def test_steps_between_origins(self):
        assert cutoffs(origins(YEARS, 2, n_windows=3, step_size=3)) == [2001, 2004, 2007]

    def test_a_gap_leaves_periods_out(self):
        plan = origins(YEARS, 2, gap=1)
        assert cutoffs(plan) == [2006]
        assert (plan.horizon, plan.first_step) == (3, 2)
        np.testing.assert_array_equal(plan.actuals()[0, 1:], [9, 10])

    def test_cutoffs_can_be_named(self):
        plan = origins(YEARS, 2, cutoffs=[2005, "2003", 2005.0])
        assert cutoffs(plan) == [2003, 2005]

    def test_one_window_unless_told(self):
        assert cutoffs(origins(YEARS, 3)) == [2006]

    def test_calendar_alignment_is_where_most_series_have_outcomes(self):
        plan = origins(RAGGED, 2, n_windows=2)
        # b, the middle one, has two outcomes after 2005
        assert cutoffs(plan, "a") == cutoffs(plan, "b") == [2004, 2005]
        assert cutoffs(plan, "c") == []
        assert plan.skipped == (
            (2, 2004, Status.NO_OUTCOME, "0 of 2 outcomes after 2004; the series ends in 2004"),
            (2, 2005, Status.NO_OUTCOME, "0 of 2 outcomes after 2005; the series ends in 2004"),
        )

    def test_a_half_of_the_series_is_enough(self):
        assert cutoffs(origins(panel(range(10), range(8)), 2)) == [2007]

    def test_series_alignment_counts_from_each_end(self):
        plan = origins(RAGGED, 2, n_windows=2, align="series")
        assert [cutoffs(plan, name) for name in "abc"] == [
            [2006, 2007],
            [2004, 2005],
            [2001, 2002],
        ]
        assert plan.skipped == ()

    def test_partial_horizons_where_allowed(self):
        plan = origins(YEARS, 3, n_windows=3, allow_partial=True)
        assert cutoffs(plan) == [2006, 2007, 2008]
        np.testing.assert_array_equal(plan.actuals(), [[8, 9, 10], [9, 10, NAN], [10, NAN, NAN]])
        strict = origins(YEARS, 3, cutoffs=[2006, 2007])
        assert cutoffs(strict) == [2006]
        assert strict.skipped[0][3] == "2 of 3 outcomes after 2007; the series ends in 2009"

    def test_windows_too_short_are_skipped_with_a_reason(self):
        plan = origins(YEARS, 2, n_windows=8, min_train_size=7)
        assert cutoffs(plan) == [2006, 2007]
        assert plan.skipped[0] == (0, 2000, Status.TOO_SHORT, "1 values up to 2000, 7 needed")
        assert len(plan.skipped) == 6

    def test_more_windows_than_periods(self):
        plan = origins(YEARS, 2, n_windows=20)
        assert cutoffs(plan) == list(range(2000, 2008))
        assert {status for _, _, status, _ in plan.skipped} == {Status.TOO_SHORT}

    def test_min_train_counts_values_and_not_periods(self):
        gappy = panel([1, NAN, NAN, 4, 5, 6])
        assert cutoffs(origins(gappy, 1, n_windows=5, min_train_size=2)) == [2003, 2004]

    def test_cutoffs_and_outcomes_in_a_gap(self):
        gappy = panel([1, 2, NAN, NAN, 5, NAN, 7])
        plan = origins(gappy, 2, n_windows=5)
        # after 2001 there are two periods and no outcome
        assert cutoffs(plan) == [2000, 2002, 2003, 2004]
        np.testing.assert_array_equal(plan.actuals(), [[2, NAN], [NAN, 5], [5, NAN], [NAN, 7]])
        assert plan.skipped == ((0, 2001, Status.NO_OUTCOME,
                                 "0 of 2 outcomes after 2001; they are missing"),)  # fmt: skip

    def test_a_neighbours_values_are_no_outcome(self):
        plan = origins(RAGGED, 3, cutoffs=[2003, 2006], allow_partial=True)
        actual = dict(zip(seen(plan), plan.actuals().tolist(), strict=True))
        assert actual[("c", 2000, 2003)] == pytest.approx([5, NAN, NAN], nan_ok=True)
        assert actual[("b", 2000, 2006)] == pytest.approx([8, NAN, NAN], nan_ok=True)

    def test_series_without_values_are_skipped(self):
        plan = origins(panel([1, 2, 3], [NAN, NAN, NAN]), 1)
        assert [name for name, *_ in seen(plan)] == ["a"]
        assert plan.skipped[0][:3] == (1, 2001, Status.TOO_SHORT)


class TestSeries:
    def test_part_of_a_plan_is_the_plan_of_a_part(self):
        plan = origins(RAGGED, 2, cutoffs=[2002, 2005])
        part = plan.only(["c", "b"])
        assert seen(part) == [row for row in seen(plan) if row[0] != "a"]
        assert part.skipped == tuple(entry for entry in plan.skipped if entry[0] != 0)
        assert part.skipped
        assert len(part.last_step) == len(part.windows) == len(part.actuals())
        assert part.panel is RAGGED
        assert seen(plan.only(None)) == seen(plan)
        assert seen(origins(RAGGED, 2, cutoffs=[2002, 2005], series=("c", "b"))) == seen(part)

    def test_the_horizon_is_that_of_the_part(self):
        plan = ahead(RAGGED, until=2011)
        assert (plan.horizon, plan.only("a").horizon, plan.only("a").last_step.tolist()) == (
            7, 2, [2],
        )  # fmt: skip

    def test_drivers_may_reach_beyond_the_target(self):
        plan = ahead(RAGGED, until=2008, series="c")
        assert (seen(plan), plan.horizon) == ([("c", 2000, 2004)], 4)
        with pytest.raises(UsageError, match=r"until=2008 is not after .* 1 series .first: 'a'"):
            ahead(RAGGED, until=2008, series=["a", "c"])
        # what is known of them is known
        assert plan.windows.as_of.tolist() == ahead(RAGGED, until=2011).windows.as_of[:1].tolist()

    def test_drivers_do_not_move_the_cutoffs(self):
        assert cutoffs(origins(RAGGED, 2, n_windows=1), "c") == []
        assert cutoffs(origins(RAGGED, 2, series="c"), "c") == [2002]

    def test_nothing_left(self):
        plan = origins(RAGGED, 2, cutoffs=[2002, 2005])
        with pytest.raises(UsageError, match=r"1 were tried; 0 of 2 outcomes .*series 'c'"):
            origins(RAGGED, 2, cutoffs=[2005]).only("c")
        with pytest.raises(UsageError, match=r"can be evaluated: 0 were tried\. Ask for fewer"):
            plan.only("a").only("c")
        with pytest.raises(UsageError, match=r"series is empty"):
            plan.only([])
        with pytest.raises(UsageError, match=r"what `series` names holds no observed value"):
            origins(panel([1, 2, 3], [NAN]), 1, series="b")

    def test_an_unknown_id(self):
        with pytest.raises(UnknownNameError, match=r"no series 'd' in the panel. Known: a, b, c"):
            origins(RAGGED, 2, cutoffs=[2002]).only(["a", "d"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"h": 0}, "h=0 found"),
        ({"n_windows": 0}, "n_windows=0 found"),
        ({"step_size": 0}, "step_size=0 found"),
        ({"gap": -1}, "gap=-1 found, a whole number of at least 0"),
        ({"min_train_size": 0}, "min_train_size=0 found"),
        ({"min_train_size": None}, "min_train_size=None found"),
        ({"window": "sliding"}, "a sliding window needs its input_size"),
        ({"window": "expanding", "input_size": 3}, "an expanding one has none"),
        ({"window": "sliding", "input_size": 0}, "input_size=0 found"),
        ({"window": "rolling", "input_size": 3}, "window='rolling', .* 'expanding' or 'sliding'"),
        ({"align": "end"}, "align='end' found; expected .* 'calendar' or 'series'"),
        ({"n_windows": 2, "cutoffs": [2005]}, "cannot both be given"),
        ({"cutoffs": []}, "cutoffs is empty"),
        ({"cutoffs": 2005}, r"cutoffs=2005 found, a list of periods expected: \[2005\]"),
        ({"cutoffs": "2005"}, r"a list of periods expected: \['2005'\]"),
        ({"h": 20_000}, "20,000 steps are to be forecast; at most 10,000 can be"),
        ({"cutoffs": ["soon"]}, "'soon' is not an annual period"),
        ({"h": 10}, "no window can be evaluated: 1 were tried; 0 values up to 1999"),
        ({"cutoffs": [2015]}, "0 of 2 outcomes after 2015; the series ends in 2009 .series 'a'"),
    ],
)
def test_plans_that_cannot_be_meant(arguments, message):
    with pytest.raises(UsageError, match=message):
        origins(YEARS, **{"h": 2} | arguments)


def test_nothing_to_backtest():
    for kept in (YEARS.select(id=()), panel([NAN])):
        with pytest.raises(UsageError, match=r"holds no observed value; there is nothing"):
            origins(kept, 1)
