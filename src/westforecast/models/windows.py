"""Windows: what models see. A window is (series, start, end); no window copies data."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.windows import TILE, columns, rectangle, tiles
from westforecast.series.indicator import FIELDS, Indicator
from westforecast.series.panel import Panel
from westforecast.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """Parts of a panel that a model may see, one per forecast wanted.

    values: [N], indptr: [S + 1], first: [S], ids: [S] - the panel's arrays, shared and read-only.
    bounds: [S, 2] what each series cannot leave. season_length: periods per season (1 = none).
    series: [W] which series. start, end: [W] absolute positions; a model may use
    `values[start:end]` of its window and, through `companion` and `beside`, what was known of other
    series when the forecast is made.
    lags: [S] publication lags. as_of: [W] period at whose end the forecast is made: nothing that
    was published later is shown. index: id -> series. indicators: [S] what the series mean.
    """

    values: FloatArray
    indptr: IntArray
    first: IntArray
    ids: tuple[str, ...]
    bounds: FloatArray
    season_length: int
    series: IntArray
    start: IntArray
    end: IntArray
    lags: IntArray | None = None
    as_of: IntArray | None = None
    index: Mapping[str, int] | None = None
    indicators: tuple[Indicator, ...] = ()

    @classmethod
    def of(
        cls,
        panel: Panel,
        series: Sequence[int] | IntArray | None = None,
        start: IntArray | None = None,
        end: IntArray | None = None,
        as_of: IntArray | None = None,
    ) -> "Windows":
        """Windows into a panel; by default one per series that ends with its last value."""
        which = np.arange(len(panel)) if series is None else np.asarray(series, np.int64)
        bounds = np.array([i.bounds for i in panel.indicators], float).reshape(-1, 2).copy()
        return cls(
            values=_read_only(panel.values),
            indptr=_read_only(panel.indptr),
            first=_read_only(panel.first),
            ids=panel.ids,
            bounds=_read_only(bounds),
            season_length=panel.calendar.season_length,
            series=which,
            start=panel.indptr[which] if start is None else start,
            end=panel.indptr[which + 1] if end is None else end,
            lags=_read_only(np.array([i.publication_lag for i in panel.indicators], np.int64)),
            as_of=as_of,
            index=panel.places,
            indicators=panel.indicators,
        )

    # Arrays come out of a pickle writable, and in a worker process all models share them.
    def __reduce__(self) -> tuple[Callable[..., "Windows"], tuple[Any, ...]]:
        return _unpickled, tuple(getattr(self, field.name) for field in fields(self))

    def __len__(self) -> int:
        return len(self.series)

    @property
    def lengths(self) -> IntArray:
        """[W] periods inside each window."""
        return self.end - self.start

    @property
    def cutoff(self) -> IntArray:
        """[W] period of each window's last place."""
        return self.first[self.series] + self.end - 1 - self.indptr[self.series]

    @property
    def first_period(self) -> IntArray:
        """[W] period of each window's first place."""
        return self.first[self.series] + self.start - self.indptr[self.series]

    def y(self, window: int) -> FloatArray:
        """The values of one window, oldest first; read-only."""
        view = self.values[self.start[window] : self.end[window]]
        view.flags.writeable = False
        return view

    def rows(self) -> FloatArray:
        """All windows as one rectangle [W, T], ending in the last column, NaN before a start."""
        return rectangle(self.values, self.start, self.end)

    def histories(self) -> tuple["Windows", IntArray]:
        """The distinct beginnings with their longest windows, and which of them a window has [W].

        An expanding backtest has one history a series, however many origins: window w sees the
        first `lengths[w]` values of its history, so work on a history is shared by all its origins.
        Histories are ordered by length, by their last and first values and as windows ask for them,
        so that tiles of them hold the same series in the same order whatever the panel's own order.
        """
        order = np.lexsort((-self.end, self.start, self.series))
        fresh = np.ones(len(order), bool)
        fresh[1:] = (np.diff(self.series[order]) != 0) | (np.diff(self.start[order]) != 0)
        whole = self.take(order[fresh])
        values = self.values if len(self.values) else np.zeros(1)  # all windows may be empty
        ends = [values.take(at, mode="clip") for at in (whole.start, whole.end - 1)]
        asked = np.minimum.reduceat(order, np.flatnonzero(fresh))
        canonical = np.lexsort((asked, *ends, whole.lengths))
        which = np.empty(len(order), np.int64)
        which[order] = np.argsort(canonical)[np.cumsum(fresh) - 1]
        return whole.take(canonical), which

    def tiles(self) -> Iterator[tuple[IntArray, FloatArray, IntArray]]:
        """Histories of similar length as columns [T, C]: what is summed along them serves all their
        windows. First the places of windows [P], last the column of each [P]."""
        for piece in self.pieces():
            whole, column = self.take(piece).histories()
            yield piece, columns(self.values, whole.start, whole.end), column

    def count(self, *conditions: Callable[[FloatArray], BoolArray]) -> Iterator[IntArray]:
        """For each condition, how many values of each window [W] meet it."""
        found = np.zeros((len(conditions), len(self)), np.int64)
        for piece, y, column in self.tiles():
            met = np.zeros((len(y) + 1, y.shape[1]), np.int64)
            for to, condition in zip(found, conditions, strict=True):
                np.cumsum(condition(y), axis=0, out=met[1:])
                to[piece] = met[self.lengths[piece], column]
        yield from found

    def largest(self) -> FloatArray:
        """The largest |y| of each window [W], 0 where it has no value."""
        found = np.zeros(len(self))
        for piece, y, column in self.tiles():
            top = np.zeros((len(y) + 1, y.shape[1]))
            np.maximum.accumulate(np.nan_to_num(np.abs(y)), axis=0, out=top[1:])
            found[piece] = top[self.lengths[piece], column]
        return found

    def pieces(self) -> Iterator[IntArray]:
        """Positions of windows [P], rising, in tiles of whole histories of similar length."""
        if 0 < len(self) * int(self.lengths.max(initial=0)) <= TILE:
            yield np.arange(len(self))
            return
        whole, which = self.histories()
        tile = np.empty(len(whole), np.int64)  # of each history
        for k, members in enumerate(tiles(whole.lengths, np.bincount(which))):
            tile[members] = k
        sizes = np.bincount(tile[which])
        order = np.argsort(tile[which], kind="stable")
        for end, size in zip(np.cumsum(sizes), sizes, strict=True):
            yield order[end - size : end]

    def from_first_observed(self) -> "Windows":
        """The windows less missing values at their start, as a sliding window may have in a gap."""
        start = self.start.copy()
        filled = np.flatnonzero(self.lengths > 0)
        for w in filled[np.isnan(self.values[start[filled]])]:
            seen = np.flatnonzero(~np.isnan(self.y(int(w))))
            start[w] = start[w] + seen[0] if len(seen) else self.end[w]
        return replace(self, start=start)

    def to_last_observed(self) -> "Windows":
        """The windows less missing values at their end; empty where nothing is observed."""
        end = self.end.copy()
        while True:
            filled = np.flatnonzero(end > self.start)
            missing = filled[np.isnan(self.values[end[filled] - 1])]
            if not len(missing):
                return replace(self, end=end)
            end[missing] -= 1

    def take(self, which: IntArray | BoolArray) -> "Windows":
        """Some of the windows, over the same data."""
        return replace(
            self,
            series=self.series[which],
            start=self.start[which],
            end=self.end[which],
            as_of=None if self.as_of is None else self.as_of[which],
        )

    def companion(self, unique_id: str, window: int) -> FloatArray | None:
        """Another series of the panel over the periods of a window, NaN where it has no value.

        Nothing after the window's cutoff is shown, and in a backtest nothing that was not published
        by then. None where the panel has no such series.
        """
        alone = self.take(np.array([window]))
        places = alone.partners(unique_id)
        if places[0] < 0:
            return None
        other = alone.beside(places)
        length = int(alone.lengths[0])
        row = np.full(length, np.nan)
        offset = int(alone.first_period[0] - other.first_period[0])
        y = other.y(0)
        low, high = max(0, -offset), min(length, len(y) - offset)
        if high > low:
            row[low:high] = y[offset + low : offset + high]
        return row

    def partners(self, template: str) -> IntArray:
        """[W] the series of the panel that goes with each window's own, -1 where there is none.

        template: a `unique_id`, or one with fields of the window's own indicator in it:
        "gdp.{region}". Raises UsageError for a field that indicators do not have.
        """
        index = self.index or {name: i for i, name in enumerate(self.ids)}
        if "{" not in template:
            return np.full(len(self), index.get(template, -1))
        found = np.full(len(self.ids), -1)
        for s in np.unique(self.series):
            own = self.indicators[s]
            try:
                name = template.format(**{field: getattr(own, field) for field in FIELDS})
            except (KeyError, IndexError, ValueError):
                raise UsageError(
                    f"{template!r} found; expected a unique_id, with fields of an indicator in "
                    f"braces where it depends on the series: {', '.join(FIELDS)}."
                ) from None
            found[s] = index.get(name, -1)
        return found[self.series]

    def beside(self, partners: IntArray) -> "Windows":
        """What is known of other series when each forecast is made: whole histories, [W] windows.

        partners: [W] positions of series, as from `partners`; none of them negative. A history ends
        with the last value published by then, which may lie after the window's own cutoff; it is
        empty where nothing was published.
        """
        begin, stop = self.indptr[partners], self.indptr[partners + 1]
        known = self.cutoff if self.as_of is None else self.as_of
        if self.as_of is not None and self.lags is not None:
            known = known - self.lags[partners]
        end = np.clip(begin + known - self.first[partners] + 1, begin, stop)
        return replace(self, series=partners, start=begin, end=end)

    def with_values(self, change: Callable[[FloatArray], FloatArray]) -> "Windows":
        """The same windows over changed data: for tests of look-ahead and of scale."""
        return replace(self, values=change(self.values.copy()))


def _unpickled(*parts: Any) -> Windows:
    return Windows(*(_read_only(p) if isinstance(p, np.ndarray) else p for p in parts))


def _read_only(array: Any) -> Any:
    """A view of an array that owns its data; unlike that, it cannot be made writable."""
    array.flags.writeable = False
    return array.view()
