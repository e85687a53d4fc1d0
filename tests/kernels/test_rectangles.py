"""Windows as rectangles: each kernel against the obvious loop over windows."""

import itertools

import numpy as np
import pytest

from westforecast.kernels.windows import (
    columns,
    first_observed,
    last_observed,
    observed_count,
    rectangle,
    steps_between,
    tiles,
)

from ..builders import NAN

ROWS = np.array(
    [
        [1.0, 2.0, 4.0, 7.0],
        [NAN, 5.0, NAN, 3.0],
        [1.0, NAN, NAN, NAN],
        [NAN, NAN, NAN, NAN],
        [NAN, NAN, NAN, 9.0],
    ]
)


def test_rectangles_end_together():
    values = np.arange(10.0)
    rows = rectangle(values, np.array([0, 3, 9, 5]), np.array([2, 7, 10, 5]))
    np.testing.assert_array_equal(
        rows, [[NAN, NAN, 0, 1], [3, 4, 5, 6], [NAN, NAN, NAN, 9], [NAN] * 4]
    )


def test_rectangles_copy():
    values = np.arange(3.0)
    rectangle(values, np.array([0]), np.array([3]))[:] = -1
    assert values.tolist() == [0, 1, 2]


def test_no_window_and_no_width():
    nothing = np.array([], np.int64)
    assert rectangle(np.arange(3.0), nothing, nothing).shape == (0, 0)
    empty = rectangle(np.arange(3.0), np.array([1]), np.array([1]))
    assert empty.shape == (1, 0)
    last, back = last_observed(empty)
    assert np.isnan(last).all()
    assert back.tolist() == [0]
    assert observed_count(empty).tolist() == [0]
    assert steps_between(empty)[0].shape == (1, 0)


@pytest.mark.parametrize("budget", [1, 6, 50, 10_000])
def test_tiles_cover_every_window_once_within_the_budget(budget):
    lengths = np.random.default_rng(1).integers(0, 40, 300)
    pieces = list(tiles(lengths, budget=budget))
    assert sorted(np.concatenate(pieces)) == list(range(300))
    for piece in pieces:
        assert len(piece) == 1 or lengths[piece].max() * len(piece) <= budget
    # greedy: no two neighbours would fit together
    for one, two in itertools.pairwise(pieces):
        joint = np.append(one, two[:1])
        assert lengths[joint].max() * len(joint) > budget


def test_no_tiles_of_nothing():
    assert list(tiles(np.array([], np.int64))) == []


def test_first_and_last_values():
    last, back = last_observed(ROWS)
    np.testing.assert_array_equal(last, [7, 3, 1, NAN, 9])
    assert back.tolist() == [0, 0, 3, 4, 0]
    first, column = first_observed(ROWS)
    np.testing.assert_array_equal(first, [1, 5, 1, NAN, 9])
    assert column.tolist() == [0, 1, 0, 4, 3]


def test_steps_span_gaps():
    change, elapsed = steps_between(ROWS)
    np.testing.assert_array_equal(change[0], [1, 2, 3])
    np.testing.assert_array_equal(elapsed[0], [1, 1, 1])
    np.testing.assert_array_equal(change[1], [NAN, NAN, -2])
    np.testing.assert_array_equal(elapsed[1], [NAN, NAN, 2])
    assert np.isnan(change[2:]).all()


def test_steps_equal_a_loop():
    rng = np.random.default_rng(2)
    rows = np.where(rng.random((50, 12)) < 0.4, NAN, rng.normal(size=(50, 12)))
    change, elapsed = steps_between(rows)
    for row, found, took in zip(rows, change, elapsed, strict=True):
        at = np.flatnonzero(np.isfinite(row))
        expected, periods = np.full(11, NAN), np.full(11, NAN)
        for a, b in itertools.pairwise(at):
            expected[b - 1], periods[b - 1] = row[b] - row[a], b - a
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(took, periods)


def test_counts():
    assert observed_count(ROWS).tolist() == [4, 2, 1, 0, 1]


def test_columns_begin_together():
    values = np.arange(10.0)
    found = columns(values, np.array([0, 3, 9, 5]), np.array([2, 7, 10, 5]))
    np.testing.assert_array_equal(
        found.T, [[0, 1, NAN, NAN], [3, 4, 5, 6], [9, NAN, NAN, NAN], [NAN] * 4]
    )


def test_what_is_looked_at_often_counts_so_often_against_the_budget():
    lengths, repeats = np.array([4, 4, 4, 4]), np.array([1, 3, 1, 1])
    assert [tile.tolist() for tile in tiles(lengths, repeats, budget=16)] == [[0, 1], [2, 3]]
