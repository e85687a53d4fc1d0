"""Windows of a flat array as rectangles that array code can work on."""

from collections.abc import Iterator

import numpy as np

from westforecast.typing import BoolArray, FloatArray, IntArray

# A tile of this many numbers fits a core's second-level cache with room for results.
TILE = 1 << 18


def rectangle(values: FloatArray, start: IntArray, end: IntArray) -> FloatArray:
    """Windows as rows [W, T], each ending in the last column, NaN before its start.

    values: [N] flat. start, end: [W] absolute positions. T is the longest window.
    """
    lengths = end - start
    longest = int(lengths.max(initial=0))
    at = end[:, None] - longest + np.arange(longest)  # [W, T]
    inside = at >= start[:, None]
    rows = np.full(at.shape, np.nan)
    rows[inside] = values[at[inside]]
    return rows


def tiles(lengths: IntArray, budget: int = TILE) -> Iterator[IntArray]:
    """Positions of windows, in pieces of similar length whose rectangles stay below `budget`."""
    order = np.argsort(lengths, kind="stable")
    begin = 0
    while begin < len(order):
        end, longest = begin + 1, int(lengths[order[begin]])
        while end < len(order):
            longest = int(lengths[order[end]])
            if longest * (end + 1 - begin) > budget:
                break
            end += 1
        yield order[begin:end]
        begin = end


def last_observed(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The last number of each row [W] and how many columns before the end it stands [W].

    Rows without a number give NaN and the row's width.
    """
    seen = np.isfinite(rows)
    back = np.argmax(seen[:, ::-1], axis=1)
    any_seen = seen.any(axis=1)
    width = rows.shape[1]
    back = np.where(any_seen, back, width)
    at = np.clip(width - 1 - back, 0, max(width - 1, 0))
    last = (
        np.where(any_seen, rows[np.arange(len(rows)), at], np.nan)
        if width
        else np.full(len(rows), np.nan)
    )
    return last, back


def first_observed(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The first number of each row [W] and its column [W]."""
    value, back = last_observed(rows[:, ::-1])
    return value, back


def steps_between(rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Changes between consecutive observed values [W, T-1] and the periods they took [W, T-1].

    A change stands in the column of its later value; other places are NaN. Without gaps these are
    first differences and ones.
    """
    seen = np.isfinite(rows)
    column = np.arange(rows.shape[1])
    # Column of the last observed value strictly before each column, -1 where there is none.
    before = np.maximum.accumulate(np.where(seen, column, -1), axis=1)[:, :-1]
    valid = seen[:, 1:] & (before >= 0)
    previous = np.take_along_axis(rows, np.maximum(before, 0), axis=1)
    change = np.where(valid, rows[:, 1:] - previous, np.nan)
    elapsed = np.where(valid, column[1:] - before, np.nan)
    return change, elapsed


def observed_count(rows: FloatArray) -> IntArray:
    """How many numbers each row holds [W]."""
    return np.isfinite(rows).sum(axis=1)


def has_gap(rows: FloatArray) -> BoolArray:
    """Whether a row misses a value at or after its first number [W]."""
    seen = np.isfinite(rows)
    started = np.logical_or.accumulate(seen, axis=1)
    return (started & ~seen).any(axis=1)
