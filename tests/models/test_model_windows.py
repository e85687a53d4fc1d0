"""A window shows a part of a panel and copies nothing."""

import pickle
from copy import deepcopy

import numpy as np
import pytest

from westforecast import Panel, Windows
from westforecast.backtest import ahead
from westforecast.errors import UsageError

from ..builders import NAN, panel

DATA = panel([1, 2, 3, 4], [10, NAN, 30], first=[2000, 2002])


def test_by_default_one_per_series_to_its_end():
    windows = Windows.of(DATA)
    assert len(windows) == 2
    assert windows.lengths.tolist() == [4, 3]
    assert windows.first_period.tolist() == [2000, 2002]
    assert windows.cutoff.tolist() == [2003, 2004]
    assert windows.season_length == 1


def test_any_part_can_be_shown():
    windows = Windows.of(DATA, [1, 0], np.array([5, 1]), np.array([7, 3]))
    np.testing.assert_array_equal(windows.rows(), [[NAN, 30], [2, 3]])
    assert windows.first_period.tolist() == [2003, 2001]
    assert windows.cutoff.tolist() == [2004, 2002]
    assert windows.take(np.array([False, True])).ids[0] == "a"
    assert windows.take(np.array([1])).y(0).tolist() == [2, 3]


def test_values_are_shared_and_cannot_be_written():
    windows = Windows.of(DATA)
    assert np.shares_memory(windows.y(0), DATA.values)
    there = pickle.loads(pickle.dumps(windows))  # arrays come writable out of a pickle
    for shown in (windows, there, windows.with_values(lambda values: 2 * values)):
        with pytest.raises(ValueError, match=r"read-only"):
            shown.y(0)[0] = 9


def test_bounds_come_from_the_indicators():
    assert Windows.of(DATA).bounds.tolist() == [[-np.inf, np.inf]] * 2


def test_a_companion_is_seen_up_to_the_cutoff_and_no_further():
    windows = Windows.of(DATA, [0, 1, 1], np.array([0, 4, 4]), np.array([4, 5, 7]))
    np.testing.assert_array_equal(windows.companion("b", 0), [NAN, NAN, 10, NAN])
    np.testing.assert_array_equal(windows.companion("a", 1), [3])
    np.testing.assert_array_equal(windows.companion("a", 2), [3, 4, NAN])
    np.testing.assert_array_equal(windows.companion("a", 0), windows.y(0))
    assert windows.companion("z", 0) is None


def test_a_companion_that_never_overlaps_is_missing():
    apart = Windows.of(panel([1, 2], [5], first=[2000, 2010]))
    assert np.isnan(apart.companion("b", 0)).all()
    assert np.isnan(apart.companion("a", 1)).all()


def test_a_companions_neighbours_are_not_seen():
    # series lie side by side in one array: nothing of `b` may leak into `a`
    windows = Windows.of(panel([1, 2], [30, 40], [5, 6, 7, 8], first=[2001, 2001, 2000]))
    np.testing.assert_array_equal(windows.companion("a", 2), [NAN, 1, 2, NAN])
    np.testing.assert_array_equal(windows.companion("b", 2), [NAN, 30, 40, NAN])


def test_missing_values_at_the_start_of_a_window_are_left_out():
    data = panel([1, NAN, NAN, 4, 5])
    windows = Windows.of(data, [0, 0, 0], np.array([1, 0, 1]), np.array([5, 5, 3]))
    begun = windows.from_first_observed()
    assert begun.start.tolist() == [3, 0, 3], "the last holds no value at all"
    assert begun.lengths.tolist() == [2, 5, 0]
    assert begun.first_period.tolist()[:2] == [2003, 2000]


def test_a_companion_is_seen_as_it_was_published():
    rows = panel([1, 2, 3, 4], [10, 20, 30, 40]).to_frame()
    data = Panel.from_frame(rows, meta={"b": {"publication_lag": 2}})
    windows = Windows.of(data, [0], np.array([0]), np.array([4]))
    np.testing.assert_array_equal(windows.companion("b", 0), [10, 20, 30, 40])
    then = Windows.of(data, [0], np.array([0]), np.array([4]), as_of=np.array([2003]))
    np.testing.assert_array_equal(then.companion("b", 0), [10, 20, NAN, NAN])
    np.testing.assert_array_equal(then.companion("a", 0), [1, 2, 3, 4])
    np.testing.assert_array_equal(then.take(np.array([0])).companion("b", 0), [10, 20, NAN, NAN])
    early = Windows.of(data, [0], np.array([0]), np.array([1]), as_of=np.array([2000]))
    np.testing.assert_array_equal(early.companion("b", 0), [NAN])


class TestPieces:
    LENGTHS = np.random.default_rng(5).integers(900, 1800, 90)

    def windows(self, origins=3):
        """Windows of several origins a series, in no order."""
        indptr = np.concatenate([[0], np.cumsum(self.LENGTHS)])
        series = np.repeat(np.arange(len(self.LENGTHS)), origins)
        end = indptr[series + 1] - np.tile(np.arange(origins), len(self.LENGTHS))
        data = panel(*(np.ones(n) for n in self.LENGTHS))
        mixed = np.random.default_rng(6).permutation(len(series))
        return Windows.of(data, series, indptr[series], end).take(mixed)

    def test_each_window_is_in_one_piece_and_histories_stay_whole(self):
        windows = self.windows()
        pieces = list(windows.pieces())
        assert len(pieces) > 1
        np.testing.assert_array_equal(np.sort(np.concatenate(pieces)), np.arange(len(windows)))
        for piece in pieces:
            assert (np.diff(piece) > 0).all()
            assert set(np.unique(windows.series[piece], return_counts=True)[1]) == {3}
            (one,) = windows.take(piece).pieces()
            assert one.tolist() == list(range(len(piece)))

    def test_histories_are_the_longest_windows(self):
        windows = self.windows()
        whole, which = windows.histories()
        np.testing.assert_array_equal(whole.lengths, np.sort(self.LENGTHS))
        np.testing.assert_array_equal(whole.lengths, self.LENGTHS[whole.series])
        np.testing.assert_array_equal(whole.series[which], windows.series)

    def test_the_order_of_histories_is_that_of_their_content(self):
        """So tiles hold the same series in the same order, and sums round alike."""
        series = [np.random.default_rng(k).normal(size=5 + k % 3) for k in range(12)]
        mixed = np.random.default_rng(7).permutation(12)
        found = []
        for order in (np.arange(12), mixed):
            whole = Windows.of(panel(*(series[k] for k in order))).histories()[0]
            found.append(order[whole.series].tolist())
        assert found[0] == found[1]

    def test_no_window_no_piece(self):
        assert list(Windows.of(DATA, []).pieces()) == []


def test_values_that_meet_a_condition_are_counted_in_each_window():
    data = panel([1, -2, NAN, 4, -5.0], [0, 0, 7.0])
    windows = Windows.of(data, [0, 0, 1, 0], np.array([0, 1, 5, 2]), np.array([5, 3, 5, 4]))
    seen, negative = windows.count(np.isfinite, lambda y: y <= 0)
    assert seen.tolist() == [4, 1, 0, 1]
    assert negative.tolist() == [2, 1, 0, 0]


class TestPartners:
    def test_one_for_all_or_none(self):
        assert Windows.of(DATA).partners("b").tolist() == [1, 1]
        assert Windows.of(DATA).partners("z").tolist() == [-1, -1]

    def test_a_field_of_the_indicator_names_the_series_own(self):
        rows = panel([1, 2], [3, 4], [5, 6], [7, 8]).to_frame()
        meta = {"a": {"region": "b"}, "b": {"region": "a"}, "c": {"region": "z"}}
        windows = Windows.of(Panel.from_frame(rows, meta=meta), [0, 1, 1, 2, 3])
        assert windows.partners("{region}").tolist() == [1, 0, 0, -1, -1]
        assert windows.take(np.array([3, 1])).partners("{region}").tolist() == [-1, 0]

    @pytest.mark.parametrize("template", ["{province}", "{}", "{0}", "{region"])
    def test_another_field_is_an_error(self, template):
        with pytest.raises(UsageError, match=r"fields of an indicator in braces .* region"):
            Windows.of(DATA).partners(template)


class TestBeside:
    def test_whole_histories_up_to_when_the_forecast_is_made(self):
        windows = Windows.of(DATA, [0, 0], np.array([2, 2]), np.array([4, 3]))
        other = windows.beside(np.array([1, 1]))
        assert other.first_period.tolist() == [2002, 2002]
        assert [other.y(w).tolist() for w in (0, 1)] == [
            [10, pytest.approx(NAN, nan_ok=True)],
            [10],
        ]
        own = windows.beside(np.array([0, 0]))
        assert own.start.tolist() == [0, 0], "a sliding window hides nothing of the others"
        assert own.cutoff.tolist() == [2003, 2002]

    def test_what_is_known_later_than_the_own_cutoff_is_shown_if_it_was_published(self):
        rows = panel([1, 2], [10, 20, 30, 40, 50]).to_frame()
        data = Panel.from_frame(rows, meta={"b": {"publication_lag": 1}})
        windows = Windows.of(data, [0, 0], as_of=np.array([2003, 2001]))
        assert [windows.beside(np.array([1, 1])).y(w).tolist() for w in (0, 1)] == [
            [10, 20, 30],
            [10],
        ]

    def test_nothing_published_is_nothing_seen(self):
        windows = Windows.of(panel([1, 2], [5, 6], first=[2000, 2010]))
        assert windows.beside(np.array([1, 1])).lengths.tolist() == [0, 2]

    def test_a_forecast_knows_all_there_is(self):
        plan = ahead(panel([1, 2], [10, 20, 30]), h=1)
        assert plan.windows.beside(np.array([1, 1])).y(0).tolist() == [10, 20, 30]


def pickled(windows):
    return pickle.loads(pickle.dumps(windows))


@pytest.mark.parametrize("how", [lambda windows: windows, pickled, deepcopy])
def test_no_model_can_make_the_data_writable(how):
    windows = how(Windows.of(panel([1, 2, 3], [4, 5])))
    for name in ("values", "indptr", "first", "bounds", "lags"):
        with pytest.raises(ValueError, match="WRITEABLE"):
            getattr(windows, name).flags.writeable = True
    with pytest.raises(ValueError, match="read-only"):
        windows.y(0)[0] = 9
    assert windows.y(0).tolist() == [1, 2, 3]
