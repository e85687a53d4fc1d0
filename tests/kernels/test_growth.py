"""Growth of rows: each kernel against a loop over one row's numbers."""

import doctest
import math
from itertools import pairwise

import numpy as np
import pytest

from westforecast.kernels import growth
from westforecast.kernels.windows import steps_between

from ..builders import NAN


def rows(seed=0, count=40, width=17):
    """Random rows with gaps; some of them short, one without a number."""
    generator = np.random.default_rng(seed)
    made = generator.normal(0, 1, (count, width)).cumsum(axis=1)
    made[generator.random(made.shape) < 0.3] = NAN
    for k in range(count):
        made[k, : generator.integers(0, width - 2)] = NAN
    made[0] = NAN
    made[1, :-1] = NAN
    return made


def seen(row):
    return [(t, v) for t, v in enumerate(row) if not math.isnan(v)]


def same(found, expected, **tolerance):
    np.testing.assert_allclose(found, expected, **{"rtol": 1e-12, "atol": 1e-13, **tolerance})


def of_each(function, *matrices):
    """function(points of each row) -> number; NaN where it cannot be had."""
    found = []
    for parts in zip(*matrices, strict=True):
        try:
            found.append(function(*map(seen, parts)))
        except (IndexError, ZeroDivisionError, ValueError):
            found.append(NAN)
    return found


def test_what_one_row_holds():
    y = rows()
    same(growth.rise(y), of_each(lambda p: p[-1][1] - p[0][1], y))
    same(growth.reach(y), of_each(lambda p: max(v for _, v in p) - min(v for _, v in p), y))
    same(growth.span(y)[1:], of_each(lambda p: p[-1][0] - p[0][0], y)[1:])
    same(growth.mean(y), of_each(lambda p: sum(v for _, v in p) / len(p), y))

    def middle(points):
        values = sorted(v for _, v in points)
        return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2

    same(growth.median(y), of_each(middle, y))
    same(growth.median(y[2]), of_each(middle, y[2:3])[0])
    same(growth.median(y.reshape(5, 8, -1)), np.reshape(of_each(middle, y), (5, 8)))
    same(growth.periods(y), np.where(np.isnan(y), NAN, np.arange(17.0)))


@pytest.mark.parametrize("window", [None, 1, 4, 100])
def test_recent(window):
    y = rows(1)
    found = growth.recent(y, window)
    for given, kept in zip(y, found, strict=True):
        points = seen(given)
        last = points[-1][0] if points else 0
        assert seen(kept) == [p for p in points if window is None or p[0] >= last - window]


def test_steps_ahead_and_damped_sums():
    ahead = growth.steps_ahead(np.array([0, 3]), 2)
    same(ahead, [[1, 2], [4, 5]])
    same(growth.damped_sum(ahead, 0.9), [[0.9, 1.71], [sum(0.9**i for i in range(1, k + 1))
                                                      for k in (4, 5)]])  # fmt: skip
    same(growth.damped_sum(ahead, 1), ahead)
    same(growth.damped_sum(ahead, 0), 0 * ahead)


def spread(weights, at):
    """w' C w, C the covariance of a random walk that starts at the first point."""
    since = [t - at[0] for t in at]
    return sum(
        v * w * min(s, t)
        for v, s in zip(weights, since, strict=True)
        for w, t in zip(weights, since, strict=True)
    )


@pytest.mark.parametrize("name", ["through_ends", "least_squares"])
def test_slopes_and_their_spread(name):
    y, x = rows(2), rows(3)
    gap = np.isnan(y + x)
    y[gap], x[gap] = NAN, NAN
    x[5] = np.where(gap[5], NAN, 7.0)  # does not move
    slope, wide = getattr(growth, name)(y, x)
    tried = 0
    for w in range(len(y)):
        py, px = seen(y[w]), seen(x[w])
        values = [v for _, v in px]
        if len(set(values)) < 2 or (name == "through_ends" and values[0] == values[-1]):
            assert np.isnan(slope[w])
            continue
        tried += 1
        if name == "through_ends":
            run = values[-1] - values[0]
            weights = [-1 / run, *[0.0] * (len(values) - 2), 1 / run]
        else:
            centre = sum(values) / len(values)
            sxx = sum((v - centre) ** 2 for v in values)
            weights = [(v - centre) / sxx for v in values]
        same(slope[w], sum(k * v for k, (_, v) in zip(weights, py, strict=True)))
        same(wide[w], spread(weights, [t for t, _ in px]), rtol=1e-9)
    assert tried > 20


@pytest.mark.parametrize("fitted", [0, 1, 2])
def test_variance_of_a_walk(fitted):
    y = rows(4)
    change, elapsed = steps_between(y)

    def variance(points):
        squares = [(b[1] - a[1]) ** 2 / (b[0] - a[0]) for a, b in pairwise(points)]
        return sum(squares) / (len(squares) - fitted) if len(squares) > fitted else NAN

    same(growth.walk_variance(change, elapsed, fitted), of_each(variance, y))


def test_causes_together():
    """Normal deviations add up in squares; wrong sides count as 0; the order does not matter."""
    scores = np.array([-1.96, -1.28, 1.28, 1.96])
    side = np.sign(scores)
    one, other = 3 * scores[None, None], 4 * scores[None, None]
    same(growth.together(one, other, side), 5 * scores[None, None])
    same(growth.together(-one, other, side), 5 * scores[None, None])
    same(growth.together(0 * one, other, side), other)
    crooked = np.array([[[0.5, 1.0, 2.0, 3.0]]])
    same(growth.together(crooked, 0 * one, side), [[[0.0, 0.0, 2.0, 3.0]]])


def test_examples():
    assert doctest.testmod(growth, extraglobs={"np": np}).failed == 0
