"""Which windows are forecast: one per series for a forecast, rolling origins for a backtest."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.series.panel import Panel
from westforecast.series.times import decode
from westforecast.typing import Align, BoolArray, FloatArray, IntArray, WindowShape

LONGEST = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """Windows to forecast, and what cannot be.

    windows: [W]. horizon: H, steps a model is asked for. first_step: first step wanted (gap + 1).
    last_step: [W] last step wanted of each window. skipped: (series, cutoff, status, reason) of
    windows that were wanted and cannot run.
    """

    panel: Panel
    windows: Windows
    horizon: int
    first_step: int
    last_step: IntArray
    skipped: tuple[tuple[int, int, Status, str], ...] = ()

    def actuals(self) -> FloatArray:
        """Observed values [W, H] at the steps of each window, NaN where there is none."""
        panel, windows = self.panel, self.windows
        at = windows.end[:, None] + np.arange(self.horizon)
        known = at < panel.indptr[windows.series + 1][:, None]
        wanted = np.arange(1, self.horizon + 1) <= self.last_step[:, None]
        actual = np.full(at.shape, np.nan)
        mask = known & wanted
        actual[mask] = panel.values[at[mask]]
        return actual

    def only(self, series: str | Iterable[str] | None) -> "Plan":
        """The part of the plan that is about some series; the others are there as drivers.

        series: their ids, None for all. Raises UnknownNameError for an id that the panel does not
        have, UsageError where no window is left.
        """
        return self._part(_chosen(self.panel, series))

    def _part(self, mine: BoolArray) -> "Plan":
        kept = mine[self.windows.series]
        skipped = tuple(entry for entry in self.skipped if mine[entry[0]])
        if not kept.any():
            why = [f"; {reason} (series {self.panel.ids[s]!r})" for s, _, _, reason in skipped[:1]]
            raise UsageError(
                f"no window can be evaluated: {len(skipped)} were tried{''.join(why)}. Ask for "
                "fewer windows, a shorter h, or other cutoffs."
            )
        last = self.last_step[kept]
        return replace(
            self, windows=self.windows.take(kept), last_step=last, horizon=int(last.max()),
            skipped=skipped,
        )  # fmt: skip


def ahead(
    panel: Panel, h: int | None = None, until: Any = None, *,
    series: str | Iterable[str] | None = None,
) -> Plan:  # fmt: skip
    """One window a series, ending with its last value; everything in the panel is known.

    h: steps, or until: the last period wanted (a year, or the caller's own type); exactly one.
    With `until` each series has its own horizon. series: ids of those to forecast, all unless
    given; the others are there as drivers and may reach beyond `until`. Raises UsageError where no
    step is left.
    """
    if (h is None) == (until is None):
        raise UsageError(
            f"exactly one of h and until is needed; found h={h!r} and until={until!r}. "
            "h=5 forecasts five steps, until=2020 forecasts to the year 2020."
        )
    if len(panel) == 0:
        raise UsageError("the panel holds no series; there is nothing to forecast.")
    filled, mine = panel.lengths > 0, _chosen(panel, series)
    if h is not None:
        last_step = np.full(len(panel), _positive("h", h), np.int64)
    else:
        target = decode(panel.calendar, until)
        last_step = target - panel.last
        late = np.flatnonzero(mine & filled & (last_step < 1))
        if len(late):
            i = late[0]
            label = panel.calendar.label
            before = label(target - 1) if label(target).isdigit() else repr(label(target - 1))
            raise UsageError(
                f"until={label(target)} is not after the last observation of {len(late)} series "
                f"(first: {panel.ids[i]!r}, last observed {label(int(panel.last[i]))}). "
                f"Ask for a later period, or forecast panel.as_of({before})."
            )
        # A series without any value has no horizon of its own; its status will say why.
        last_step = np.where(filled, last_step, 1)
    horizon = _steps(int(last_step[mine].max()))
    published = (panel.last + _lags(panel))[filled]
    as_of = np.full(len(panel), published.max() if len(published) else 0)
    windows = Windows.of(panel, as_of=as_of)
    return Plan(panel, windows, horizon, 1, last_step)._part(mine)


def origins(
    panel: Panel,
    h: int,
    *,
    n_windows: int | None = None,
    cutoffs: Sequence[Any] | None = None,
    step_size: int = 1,
    window: WindowShape | None = None,
    input_size: int | None = None,
    min_train_size: int = 1,
    gap: int = 0,
    align: Align = "calendar",
    allow_partial: bool = False,
    series: str | Iterable[str] | None = None,
) -> Plan:
    """Rolling origins. Arguments as in `westforecast.backtest`.

    Cutoffs of a calendar-aligned backtest count back from the last period at which at least half of
    the series have h outcomes; those of a series-aligned one count back from each series' own end.
    Series that are there as drivers only have no say in it.
    A series with a publication lag ends so many periods before the cutoff.
    """
    h, gap = _positive("h", h), _not_negative("gap", gap)
    step_size = _positive("step_size", step_size)
    min_train_size = _positive("min_train_size", min_train_size)
    window = window or ("expanding" if input_size is None else "sliding")
    if window not in get_args(WindowShape) or align not in get_args(Align):
        raise UsageError(
            f"window={window!r}, align={align!r} found; expected window 'expanding' or 'sliding' "
            "and align 'calendar' or 'series'."
        )
    if n_windows is not None and cutoffs is not None:
        raise UsageError("n_windows and cutoffs cannot both be given; cutoffs name the windows.")
    if (window == "sliding") != (input_size is not None):
        raise UsageError(
            f"window={window!r} with input_size={input_size!r}: a sliding window needs its "
            "input_size, an expanding one has none."
        )
    if input_size is not None:
        _positive("input_size", input_size)
    mine = _chosen(panel, series)
    filled = mine & (panel.lengths > 0)
    if not filled.any():
        what = "the panel" if series is None else "what `series` names"
        raise UsageError(f"{what} holds no observed value; there is nothing to backtest.")
    lead = _steps(h + gap)
    if cutoffs is not None:
        if isinstance(cutoffs, str) or not isinstance(cutoffs, Iterable):
            raise UsageError(
                f"cutoffs={cutoffs!r} found, a list of periods expected: [{cutoffs!r}]."
            )
        wanted = np.unique([decode(panel.calendar, c) for c in cutoffs])
        if not len(wanted):
            raise UsageError("cutoffs is empty; name at least one period.")
        grid = np.broadcast_to(wanted, (len(panel), len(wanted)))
    else:
        count = _positive("n_windows", 1 if n_windows is None else n_windows)
        back = step_size * np.arange(count)[::-1]
        # A partial horizon is enough where it is allowed, so the last cutoff may come later.
        final = panel.last + _lags(panel) - (gap + 1 if allow_partial else lead)
        if align == "calendar":
            latest = np.sort(final[filled])[::-1]
            final = np.full(len(panel), latest[(len(latest) + 1) // 2 - 1])
        grid = final[:, None] - back
    plan = _windows(panel, grid, h, gap, input_size, min_train_size, allow_partial)
    return plan._part(mine)


def _windows(
    panel: Panel, grid: IntArray, h: int, gap: int, input_size: int | None, min_train: int,
    allow_partial: bool,
) -> Plan:  # fmt: skip
    label = panel.calendar.label
    begin, stop = panel.indptr[:-1, None], panel.indptr[1:, None]
    observed = np.concatenate([[0], np.cumsum(np.isfinite(panel.values))])
    # A series published late ends so many periods before the cutoff, as `Panel.as_of` has it.
    end = begin + grid - _lags(panel)[:, None] - panel.first[:, None] + 1  # [S, O]
    known = np.clip(end, begin, stop)
    start = np.broadcast_to(begin, end.shape)
    if input_size is not None:
        start = np.maximum(begin, known - input_size)
    n_train = observed[known] - observed[start]
    outcomes = (
        observed[np.clip(end + gap + h, begin, stop)] - observed[np.clip(end + gap, begin, stop)]
    )
    short = (n_train < min_train) | (end <= begin)
    beyond = end + gap + h > stop
    unseen = (outcomes == 0) | (beyond & (not allow_partial))
    skipped = []
    for s, o in np.argwhere(short | unseen):
        cutoff = int(grid[s, o])
        if short[s, o]:
            reason = f"{n_train[s, o]} values up to {label(cutoff)}, {min_train} needed"
            skipped.append((int(s), cutoff, Status.TOO_SHORT, reason))
        else:
            ends = f"the series ends in {label(int(panel.last[s]))}"
            why = ends if beyond[s, o] else "they are missing"
            reason = f"{outcomes[s, o]} of {h} outcomes after {label(cutoff)}; {why}"
            skipped.append((int(s), cutoff, Status.NO_OUTCOME, reason))
    series, origin = np.nonzero(~short & ~unseen)
    windows = Windows.of(
        panel, series, start[series, origin], end[series, origin], grid[series, origin]
    )
    last_step = np.full(len(series), h + gap, np.int64)
    return Plan(panel, windows, h + gap, gap + 1, last_step, tuple(skipped))


def _chosen(panel: Panel, series: str | Iterable[str] | None) -> BoolArray:
    """[S] which series are wanted."""
    if series is None:
        return np.ones(len(panel), bool)
    ids = [series] if isinstance(series, str) else list(series)
    if not ids:
        raise UsageError("series is empty; name at least one, or leave it out for all.")
    mine = np.zeros(len(panel), bool)
    mine[[panel.index(unique_id) for unique_id in ids]] = True
    return mine


def _steps(horizon: int) -> int:
    """The horizon, unless it is one that can only be a mistake (until=202012)."""
    if horizon > LONGEST:
        raise UsageError(f"{horizon:,} steps are to be forecast; at most {LONGEST:,} can be.")
    return horizon


def _lags(panel: Panel) -> IntArray:
    return np.array([indicator.publication_lag for indicator in panel.indicators], np.int64)


def _positive(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise UsageError(f"{name}={value!r} found, a whole number of at least 1 expected.")
    return int(value)


def _not_negative(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 0:
        raise UsageError(f"{name}={value!r} found, a whole number of at least 0 expected.")
    return int(value)
