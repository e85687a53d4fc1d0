"""What models are tried on: ordinary panels of four kinds, hard series, and changes to both."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from westforecast.models import Windows
from westforecast.series import Calendar, Indicator, Panel
from westforecast.typing import FloatArray, Frequency, IntArray

# Values kept after the last cutoff, which a model must not read.
AFTER = 5
# Drivers begin so many periods before every series, and end so many after.
AROUND = 8


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of ordinary data: what to call it, how one series looks, what its values mean."""

    words: str
    draw: Callable[[np.random.Generator, int], FloatArray]
    indicator: Indicator
    freq: Frequency = "Y"


def _levels(generator: np.random.Generator, n: int) -> FloatArray:
    """Growth that wanders and slows."""
    growth = generator.normal(0.05, 0.04, n) * np.linspace(1, generator.uniform(0.2, 1), n)
    return np.asarray(10.0 ** generator.uniform(1, 4) * np.exp(np.cumsum(growth)))


def _shares(generator: np.random.Generator, n: int) -> FloatArray:
    """Past the middle of a logistic curve."""
    logit = 0.25 * (np.arange(n) - 0.6 * n) + np.cumsum(generator.normal(0, 0.05, n))
    return np.asarray(100 / (1 + np.exp(-logit)))


def _quarters(generator: np.random.Generator, n: int) -> FloatArray:
    """Levels with a season."""
    season = np.resize(generator.permutation([0.9, 1.0, 1.15, 0.95]), n)
    return _levels(generator, n) * season * np.exp(generator.normal(0, 0.01, n))


def _lives(generator: np.random.Generator, n: int) -> FloatArray:
    """Sales of a product over its life: they rise, peak before the cutoff, and fall."""
    done = 1 / (1 + np.exp(-0.4 * (np.arange(n + 1) - 0.45 * n)))
    sold = 10.0 ** generator.uniform(2, 4) * np.diff(done)
    return np.asarray(sold * np.exp(generator.normal(0, 0.05, n)))


_PERCENT = Indicator(id="-", kind="share", unit="percent")
KINDS = (
    Kind("annual levels above zero", _levels, Indicator(id="-")),
    Kind("annual shares in percent", _shares, _PERCENT),
    Kind("quarterly levels with a season", _quarters, Indicator(id="-"), "Q"),
    Kind("annual sales over the life of a product", _lives, Indicator(id="-")),
)


def ordinary(kind: Kind, count: int, need: int, seed: int = 20) -> Panel:
    """`count` series of 16 to 34 values or more, then their drivers `gdp` and `population`.

    need: observed values that a model asks for; series are at least ten longer.
    """
    generator = np.random.default_rng(seed)
    per_year = Calendar(kind.freq, "integer").season_length
    spare = max(0, need + 10 - 16) + 8 * (per_year - 1)
    lengths = 16 + spare + generator.permutation(np.linspace(0, 18, count).round().astype(int))
    first = 2010 * per_year - lengths + generator.integers(0, 4, count)
    begin, end = first.min() - AROUND, (first + lengths).max() + AROUND
    beside = end - begin
    drawn = [kind.draw(generator, int(n)) for n in lengths]
    drivers = [
        1e6 * np.exp(np.cumsum(generator.normal(rate, spread, beside)))
        for rate, spread in ((0.06, 0.03), (0.012, 0.004))
    ]
    ids = [*(f"s{i}" for i in range(count)), "gdp", "population"]
    meaning = [kind.indicator.with_(id=name) for name in ids[:count]]
    panel = panel_of([*drawn, *drivers], [*first.tolist(), begin, begin])
    indicators = (*meaning, *(Indicator(id=name) for name in ids[count:]))
    return replace(panel, indicators=indicators, calendar=Calendar(kind.freq, "integer"))


def panel_of(series: Sequence[FloatArray], first: Sequence[int] | None = None) -> Panel:
    """A panel of bare annual series, named check 0, check 1, ..."""
    values, indptr = _joined(series)
    return Panel(
        values=values,
        indptr=indptr,
        first=np.array([2000] * len(series) if first is None else first, np.int64),
        indicators=tuple(Indicator(id=f"check {i}") for i in range(len(series))),
        calendar=Calendar("Y", "integer"),
    )


def rolling(panel: Panel, series: Sequence[int], origins: int, unseen: int = AFTER) -> Windows:
    """Windows over some series, from a few cutoffs each; so many values lie after the last one."""
    at = [
        (s, int(panel.lengths[s]) - unseen - 3 * k)
        for s in series
        for k in range(origins)
        if panel.lengths[s] > unseen + 3 * k or k == 0
    ]
    which = np.array([s for s, _ in at], np.int64)
    kept = np.array([n if n > 0 else panel.lengths[s] for s, n in at], np.int64)
    start = panel.indptr[which]
    cutoff = panel.first[which] + kept - 1
    return Windows.of(panel, which, start, start + kept, cutoff)


def hard_series(need: int) -> dict[str, FloatArray]:
    """Series that go wrong somewhere, each with what is the matter with it."""
    n = max(20, need + 4)
    half = n // 2
    base = np.exp(np.linspace(0, 1, n)) + 0.1 * np.sin(np.arange(n))
    gap, end_gap, begin_gap = base.copy(), base.copy(), base.copy()
    gap[[5, 6, 11]] = np.nan
    end_gap[-1] = np.nan
    begin_gap[:3] = np.nan
    return {
        "constant": np.full(n, 7.0), "zeros": np.zeros(n),
        "with a zero": np.r_[base[:half], 0.0, base[half:]], "negative": -base,
        "mixed signs": base - 2, "1e12": base * 1e12, "1e-9": base * 1e-9,
        "one outlier": np.r_[base[:half], 1e6, base[half:]], "a step": np.repeat([1.0, 50.0], half),
        "gaps": gap, "all missing": np.full(n, np.nan), "one value": np.r_[3.0, np.full(n, np.nan)],
        "missing at the end": end_gap, "missing at the beginning": begin_gap,
    }  # fmt: skip


# --- changes --------------------------------------------------------------------------------------


def pieces(windows: Windows) -> list[FloatArray]:
    """The values of every series of the panel."""
    return [
        windows.values[begin:end].copy()
        for begin, end in zip(windows.indptr[:-1], windows.indptr[1:], strict=True)
    ]


def with_pieces(windows: Windows, values: Sequence[FloatArray]) -> Windows:
    """The same windows over other values; series may end elsewhere, but not begin elsewhere."""
    joined, indptr = _joined(values)
    begin, here = windows.indptr[windows.series], indptr[windows.series]
    return replace(
        windows, values=joined, indptr=indptr,
        start=windows.start - begin + here, end=windows.end - begin + here,
    )  # fmt: skip


def after(windows: Windows, cutoff: int) -> IntArray:
    """[S] how many values of each series lie at or before a cutoff."""
    return np.clip(cutoff - windows.first + 1, 0, np.diff(windows.indptr))


def reordered(windows: Windows, order: IntArray) -> Windows:
    """The same windows over a panel whose series stand in another order."""
    own = pieces(windows)
    joined, indptr = _joined([own[s] for s in order])
    place = np.argsort(order)
    series = place[windows.series]
    begin, here = windows.indptr[windows.series], indptr[series]
    ids = tuple(windows.ids[s] for s in order)
    return replace(
        windows, values=joined, indptr=indptr, first=windows.first[order], ids=ids,
        bounds=windows.bounds[order], series=series,
        start=windows.start - begin + here, end=windows.end - begin + here,
        lags=None if windows.lags is None else windows.lags[order],
        index={name: i for i, name in enumerate(ids)},
        indicators=tuple(windows.indicators[s] for s in order),
    )  # fmt: skip


def renamed(windows: Windows, which: IntArray) -> Windows:
    """The same windows where some series of the panel cannot be found by their ids."""
    gone = {int(s) for s in which}
    ids = tuple(f"{name}, gone" if s in gone else name for s, name in enumerate(windows.ids))
    return replace(
        windows, ids=ids, index={name: i for i, name in enumerate(ids)},
        indicators=tuple(i.with_(id=name) for i, name in zip(windows.indicators, ids, strict=True)),
    )  # fmt: skip


def beside(windows: Windows, series: Mapping[str, FloatArray]) -> Windows:
    """Windows over further series of the same panel, which end where the first window ends.

    They mean what the first window's series means.
    """
    own, model = pieces(windows), int(windows.series[0])
    count, cutoff = len(own), int(windows.cutoff[0])
    values = list(series.values())
    joined, indptr = _joined([*own, *values])
    which = count + np.arange(len(values))
    first = [cutoff - len(y) + 1 for y in values]
    ids = (*windows.ids, *series)
    lags = windows.lags
    return replace(
        windows, values=joined, indptr=indptr, first=np.r_[windows.first, first].astype(np.int64),
        ids=ids, bounds=np.r_[windows.bounds, windows.bounds[[model] * len(values)]],
        series=which, start=indptr[which], end=indptr[which + 1],
        lags=None if lags is None else np.r_[lags, lags[[model] * len(values)]],
        as_of=None if windows.as_of is None else np.full(len(values), cutoff),
        index={name: i for i, name in enumerate(ids)},
        indicators=(
            *windows.indicators, *(windows.indicators[model].with_(id=name) for name in series)
        ),
    )  # fmt: skip


def together(windows: Windows, more: Windows) -> Windows:
    """Both sets of windows over the panel of the second, which begins with that of the first."""
    both = None
    if windows.as_of is not None and more.as_of is not None:
        both = np.r_[windows.as_of, more.as_of]
    return replace(
        more, series=np.r_[windows.series, more.series], start=np.r_[windows.start, more.start],
        end=np.r_[windows.end, more.end], as_of=both,
    )  # fmt: skip


def _joined(values: Sequence[FloatArray]) -> tuple[FloatArray, IntArray]:
    sizes = [len(y) for y in values]
    indptr = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return np.concatenate([np.asarray(y, float) for y in values]), indptr
