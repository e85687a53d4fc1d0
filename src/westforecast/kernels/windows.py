"""Windows of a flat array as rectangles that array code can work on."""

from collections.abc import Iterator

import numpy as np

from westforecast.typing import FloatArray, IntArray

# A tile of this many numbers fits a core's second-level cache with room for results, and leaves
# enough tiles in a few hundred series for every core to have some.
TILE = 1 << 18


def rectangle(values: FloatArray, start: IntArray, end: IntArray) -> FloatArray:
    """Windows as rows [W, T], each ending in the last column, NaN before its start.

    values: [N] flat. start, end: [W] absolute positions. T is the longest window.
    """
    lengths = end - start
    longest = int(lengths.max(initial=0))
    at = end[:, None] - longest + np.arange(longest)  # [W, T]
    rows = values.take(at, mode="clip")
    rows[at < start[:, None]] = np.nan
    return rows


def columns(values: FloatArray, start: IntArray, end: IntArray) -> FloatArray:
    """Windows as columns [T, W], each beginning in the first row, NaN after its end.

    The time-major twin of `rectangle`: what recursions and filter matrices work on.
    """
    longest = int((end - start).max(initial=0))
    at = start[:, None] + np.arange(longest)
    inside = at < end[:, None]
    found = np.full(at.shape, np.nan)
    found[inside] = values[at[inside]]  # [W, T]: what is copied lies together
    return found.T


def tiles(
    lengths: IntArray, repeats: IntArray | None = None, budget: int = TILE
) -> Iterator[IntArray]:
    """Positions of rows, in pieces of similar length whose rectangles stay below `budget` numbers.

    lengths: [W]. repeats: [W] how often a row is looked at (1), which counts against the budget.
    A row that alone exceeds the budget is a piece of its own.
    """
    order = np.argsort(lengths, kind="stable")
    length = lengths[order]
    total = np.arange(1, len(order) + 1) if repeats is None else np.cumsum(repeats[order])
    begin, before = 0, 0
    while begin < len(order):
        area = length[begin:] * (total[begin:] - before)  # rising
        end = begin + max(1, int(np.searchsorted(area, budget, side="right")))
        yield order[begin:end]
        begin, before = end, int(total[end - 1])


def last_observed(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The last number of each row [W] and how many columns before the end it stands [W].

    Rows without a number give NaN and the row's width.
    """
    width = rows.shape[1]
    # Place of the last number counted from 1; 0 is a column of NaN put before the others.
    place = np.max(np.where(np.isfinite(rows), np.arange(1, width + 1), 0), axis=1, initial=0)
    padded = np.column_stack([np.full(len(rows), np.nan), rows])
    return padded[np.arange(len(rows)), place], width - place


def first_observed(rows: FloatArray) -> tuple[FloatArray, IntArray]:
    """The first number of each row [W] and its column [W]; NaN and the row's width if none."""
    return last_observed(rows[:, ::-1])


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
    return np.asarray(np.isfinite(rows).sum(axis=1), dtype=np.int64)
