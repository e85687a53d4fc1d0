"""Words for scores that could mislead: few cells in common, in all or in a group; infinite ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.backtest.grid import Grid, groups
from westforecast.typing import BoolArray, FloatArray, IntArray

# Common cells that are a smaller share than this of those there could be are warned of.
FEW = 0.1


def infinite(
    grid: Grid, column: str, scores: FloatArray, losses: FloatArray, fine: BoolArray
) -> str:
    """Words for scores that are infinite, or no number for that reason; empty where none is.

    losses: those of the cells scored, as in fine [M, C].
    """
    beyond = np.zeros(fine.shape, bool)
    beyond[fine] = np.isinf(losses)
    if beyond.any():
        m, c = np.argwhere(beyond)[0]
        name, series = list(grid.forecasts)[m], grid.windows.ids[grid.series[c]]
        n, more = int(beyond[m].sum()), int(beyond.any(axis=1).sum()) - 1
        others = f" and in some of {more} more {'model' if more == 1 else 'models'}" if more else ""
        found = (
            f"is infinite in {n} {'cell' if n == 1 else 'cells'} of {name!r}{others} (first: "
            f"series {series!r}, step {grid.h[c] + 1}), and so are the scores they are in"
        )
    elif np.isinf(scores).any():
        found = "has losses whose sum is larger than a number can be, so that scores are infinite"
    else:
        return ""
    return f"{column} {found}. Look at these forecasts and their unit, or leave the model out."


@dataclass(frozen=True, slots=True)
class Few:
    """Models share few cells. words: where, and how many each has. blame: those that have least."""

    words: str
    blame: tuple[str, ...]

    @property
    def names(self) -> str:
        """The models to blame, as one writes them in a call."""
        return ", ".join(map(repr, self.blame))


def few_forecast(
    grid: Grid, keys: Iterable[tuple[str, ...]], answered: BoolArray, observed: BoolArray
) -> Few | None:
    """Whether models have few forecasts in common: in all, or in a group of some key.

    answered: [M, C] whether a model has a forecast; observed: [C] known outcomes. In all, few of
    the cells with a known outcome; in a group, few of those that some model has.
    """
    names = list(grid.forecasts)
    for by in dict.fromkeys([(), *keys]) if names else ():
        each, shared, total, label = _shared(grid, by, answered, observed)
        short = shared < FEW * (each.max(axis=0) if by else total)
        if len(names) == 1:  # it shares with nobody
            short = (total > 0) & (shared == 0) & (not by)
        if short.any():
            g = int(short.argmax())
            where = f" in {label(g)}" if by else ""
            told = dict(zip(names, each[:, g].tolist(), strict=True))
            return Few(
                few(told, int(shared[g]), int(total[g]), where) + _more(short),
                _blame(names, each[:, g]),
            )
    return None


def few_defined(
    grid: Grid, keys: Iterable[tuple[str, ...]], column: str, fine: BoolArray, used: BoolArray
) -> Few | None:
    """Whether a metric that is undefined for one model leaves the others few cells of a group.

    fine: [M, C] whether it is defined. used: [C] cells that all models forecast.
    """
    has = np.flatnonzero(fine.any(axis=1))
    names = [list(grid.forecasts)[m] for m in has]
    for by in dict.fromkeys([(), *keys]) if names else ():
        each, shared, total, label = _shared(grid, by, fine[has], used)
        short = shared < FEW * each.max(axis=0)
        if short.any():
            g = int(short.argmax())
            k = int(each[:, g].argmin())
            where = f" in {label(g)}" if by else ""
            words = (
                f"of {total[g]} cells that all models forecast{where} {column} is undefined for "
                f"{names[k]} in {total[g] - each[k, g]}, so all {len(names)} models that have it "
                f"are compared by it on {shared[g] or 'none'} of them{_more(short)}"
            )
            return Few(words, _blame(names, each[:, g]))
    return None


def _shared(
    grid: Grid, by: tuple[str, ...], has: BoolArray, there: BoolArray
) -> tuple[IntArray, IntArray, IntArray, Callable[[int], str]]:
    """Of each group: cells that each model has [M, G], that all have [G], that there are [G], and
    what it is called. has: [M, C]. there: [C]."""
    labels, group = groups(grid, by, ("",))
    size = int(group.max(initial=-1)) + 1
    each = np.stack([np.bincount(group[row & there], minlength=size) for row in has])
    shared = np.bincount(group[has.all(axis=0) & there], minlength=size)
    total = np.bincount(group[there], minlength=size)

    def label(g: int) -> str:
        return ", ".join(f"{name} {column[g]!r}" for name, column in labels.items())

    return each, shared, total, label


def _blame(names: Sequence[str], each: IntArray) -> tuple[str, ...]:
    """The models that have hardly any of the cells that others have, or else the least; nobody
    where none has any. each: [M]."""
    if len(names) == 1 or not each.any():
        return ()
    least = tuple(name for name, n in zip(names, each, strict=True) if n < FEW * each.max())
    return least or (names[int(each.argmin())],)


def _more(short: BoolArray) -> str:
    n = int(short.sum()) - 1
    return f", and likewise in {n} more {'group' if n == 1 else 'groups'}" if n else ""


def few(each: Mapping[str, int], shared: int, observed: int, where: str = "") -> str:
    """Words for how few cells models share. each: model -> cells of `observed` it forecast."""
    least = sorted(each, key=each.__getitem__)
    told = [f"{name} forecast {each[name]}" for name in least if each[name] < observed]
    more = f" and {len(told) - 5} more models less than all" if len(told) > 5 else ""
    found = "there is nothing to score"
    if len(each) > 1:
        found = f"all {len(each)} models are compared on {shared or 'none'} of them"
    cells = f"of {observed} cells whose outcome is known{where}"
    return f"{cells} {', '.join(told[:5])}{more}, so {found}"
