"""Models that average a fixed set of candidates by how likely the data make each.

Everything that such models share is here: histories become tiles, each tile is seen on the level
and on the log scale, candidates of both scales compete in one likelihood, and their laws make one
mixture. A subclass adds the kernel.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.averaging import Average
from westforecast.kernels.mixture import Mixture
from westforecast.kernels.quantiles import LARGEST
from westforecast.kernels.smoothing import LONGEST
from westforecast.models.base import Model
from westforecast.models.bounds import LogOdds
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import BoolArray, FloatArray, IntArray

Select = Literal["average", "best"]
Scale = Literal["both", "level", "log"]

# Rounding of the data, relative to them: no fit is better than this.
PRECISION = 1e-9
TINY = 1e-300  # a series of zeros has a sum of squares of zero
# Histories of a tile; fewer where kernels hold a state or a covariance of each at every candidate.
WIDE, NARROW = 2048, 64


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """Windows that a kernel sees at once, on one scale: "level", or "log" where y are logarithms.

    y: [T, C] histories in columns, from the first row on, NaN after their ends and where missing,
    in units [W] of their own, powers of two, so that squares are numbers whatever the data's scale.
    column, n: [W] window w is the first n values of that column; n rises. floor: [W] the sum of
    squares below which nothing is meant. season_length: periods per season. gaps: are values
    missing? aside: [W, ...] what else the model knows of each window (`AveragedModel.aside`).
    """

    y: FloatArray
    column: IntArray
    n: IntArray
    floor: FloatArray
    unit: FloatArray
    season_length: int
    gaps: bool
    scale: str = "level"
    aside: FloatArray | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Laws:
    """What K groups of candidates say of W windows, on the scale of the tile.

    average: log mass [K, W], prior (also that of the scale) included, paths [K, H, W] and their
    squared scales, of Student-t laws with degrees [W] of freedom. form: [K] the form (orders, kind
    of trend) that a group belongs to.
    """

    average: Average
    degrees: IntArray
    form: IntArray


@dataclass(frozen=True)
class AveragedModel(Model):
    """An average over candidates, weighted by prior x marginal likelihood.

    select: "average" over all candidates, or "best": only those of the most likely form, with the
        intervals of all, as another form may be true.
    scale: "level", "log" (a model of growth; values must be above zero) or "both", which compete:
        the likelihood of logs is that of the values by its Jacobian, prod 1 / y_t.
        Unless "level" is asked for, a series that lies between two bounds, as shares do, is taken
        on the scale that knows them, log((y - low) / (high - y)), and no other.

    The point forecast is the average of the candidates' medians: of paths on the level scale and,
    on the log scale, exp of the average log path, weighted by how likely the scales are. Intervals
    are those of the mixture of Student-t laws, in which the candidates of a group have become one
    law: its squared scale is their average one and the variance between their means. From 50 % on
    they are widened to hold the point forecast. Noise below 1e-9 of the largest value is taken for
    rounding.
    """

    select: Select = "average"
    scale: Scale = "both"

    min_train: ClassVar[int] = 3
    scale_equivariant: ClassVar[bool] = True
    # The likelihood is conditional on so many first values.
    given: ClassVar[int] = 1

    def __post_init__(self) -> None:
        for name, choices in (("select", get_args(Select)), ("scale", get_args(Scale))):
            if getattr(self, name) not in choices:
                raise UsageError(
                    f"{name}={getattr(self, name)!r} found, one of {', '.join(choices)} expected."
                )

    @abstractmethod
    def laws(self, tile: Tile, horizon: int, *, spread: bool) -> Laws:
        """The candidates' laws; with `spread` also their squared scales."""

    def aside(self, windows: Windows) -> FloatArray | None:
        """[W, ...] what `laws` is to know of each window besides its values; nothing by default."""
        return None

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        odds = None if self.scale == "level" else LogOdds.of(windows)
        if odds is None or not len(odds.which):
            return self._averaged(windows, horizon, levels)
        result = Forecast.empty(len(windows), horizon, levels)
        between = replace(self, scale="level")._averaged(odds.windows, horizon, levels)
        result.put(odds.which, odds.back(between))
        others = np.setdiff1d(np.arange(len(windows)), odds.which)
        if len(others):
            result.put(others, self._averaged(windows.take(others), horizon, levels))
        return result

    def _averaged(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        aside = self.aside(windows)
        for which, tile in tiled(windows):
            if aside is not None:
                tile = replace(tile, aside=aside[which])
            found = [
                self._on(scale, tile, horizon, spread=bool(levels))
                for scale in ("level", "log")
                if self.scale in (scale, "both")
            ]
            part = _combine(found, self.select, levels, np.sqrt(tile.floor) / PRECISION)
            part.mean[:] *= tile.unit[:, None]
            part.quantiles[:] *= tile.unit[:, None, None]
            np.clip(part.quantiles, -LARGEST, LARGEST, out=part.quantiles)
            result.put(which, part)
        return result

    def _on(self, scale: str, tile: Tile, horizon: int, *, spread: bool) -> "Scaled":
        """The laws on one scale, with masses that compare across scales."""
        if scale == "level":
            laws = self.laws(tile, horizon, spread=spread)
            return Scaled(laws, laws.average.log_mass, False)
        logs, positive, jacobian = logarithms(tile, self.given)
        laws = self.laws(logs, horizon, spread=spread)
        mass = laws.average.log_mass + np.where(positive, -jacobian, -np.inf)
        return Scaled(laws, mass, True)


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """Laws with their masses [K, W] as laws of the values; logarithmic: of their logarithms."""

    laws: Laws
    log_mass: FloatArray
    logarithmic: bool


def tiled(windows: Windows) -> Iterator[tuple[IntArray, Tile]]:
    """Places of windows and their tile: histories of similar length, with or without gaps."""
    for piece, y, column in windows.tiles():
        n = windows.lengths[piece]
        longest = np.zeros(y.shape[1], np.int64)
        np.maximum.at(longest, column, n)
        missing = np.isnan(y).sum(axis=0) > len(y) - longest
        for gaps in (False, True):
            which = np.flatnonzero(missing[column] == gaps)
            if len(which):
                yield from _narrow(windows, piece, y, column, which, gaps)


def _narrow(
    windows: Windows, piece: IntArray, y: FloatArray, column: IntArray, which: IntArray, gaps: bool
) -> Iterator[tuple[IntArray, Tile]]:
    """Tiles of a bounded number of histories, for some of the windows of a piece."""
    m, length = windows.season_length, windows.lengths[piece]
    wide = WIDE if not gaps and m == 1 and len(y) <= LONGEST else NARROW
    for begin in range(0, y.shape[1], wide):
        inside = which[(column[which] >= begin) & (column[which] < begin + wide)]
        if not len(inside):
            continue
        inside = inside[np.lexsort((column[inside], length[inside]))]
        used, at = np.unique(column[inside], return_inverse=True)
        n = length[inside]
        part = y[: n[-1], used]
        largest = np.maximum.accumulate(np.nan_to_num(np.abs(part)))
        unit = 2.0 ** np.frexp(np.where(largest[-1] > 0, largest[-1], 1.0))[1]
        floor = (PRECISION * (largest / unit)[n - 1, at]) ** 2 + TINY
        yield piece[inside], Tile(part / unit, at, n, floor, unit[at], m, gaps)


def logarithms(tile: Tile, given: int) -> tuple[Tile, BoolArray, FloatArray]:
    """The tile on the log scale; whether all values of a window are above zero [W]; the sums of
    logs [W] after the values that are given: the logarithm of prod y_t."""
    negative = np.logical_or.accumulate(tile.y <= 0)
    logs = np.log(np.where(negative, 1.0, tile.y))
    total = np.cumsum(np.nan_to_num(logs), axis=0)
    n, column = tile.n, tile.column
    jacobian = total[n - 1, column] - total[np.minimum(given, n) - 1, column]
    floor = np.full(len(n), PRECISION**2)
    return replace(tile, y=logs, floor=floor, scale="log"), ~negative[n - 1, column], jacobian


def _combine(
    found: Sequence[Scaled], select: Select, levels: Sequence[float], size: FloatArray
) -> Forecast:
    """One mixture of the laws on one or both scales. size: [W] of the data."""
    log_mass = np.concatenate([part.log_mass for part in found])  # [K, W]
    chosen = _best(found, log_mass) if select == "best" else log_mass
    none = ~np.isfinite(log_mass.max(axis=0))  # no candidate is possible: refused below
    pieces = np.split(_weights(chosen), np.cumsum([len(part.log_mass) for part in found])[:-1])
    scales = [_median(part, share) for part, share in zip(found, pieces, strict=True)]
    point = _average(scales, size)
    horizon, windows = point.shape
    result = Forecast.empty(windows, horizon, levels)
    result.mean[:] = point.T
    if levels:
        law = Mixture(
            weight=_weights(log_mass),
            location=np.concatenate([part.laws.average.mean for part in found]),
            scale=_scales(found),
            dof=found[0].laws.degrees,
            logarithmic=np.repeat([p.logarithmic for p in found], [len(p.log_mass) for p in found]),
        )
        result.quantiles[:] = law.quantiles(np.array(result.probs))
        result.hold_points()
    for w in np.flatnonzero(none):
        result.refuse(int(w), Status.NOT_POSITIVE, "scale='log' needs values above 0")
    return result


def _scales(found: Sequence[Scaled]) -> FloatArray:
    """Scales [K, H, W] of all laws; what comes of `TINY` alone is none (data are near 1)."""
    variance = np.concatenate([part.laws.average.variance for part in found])
    return np.sqrt(np.where(variance < TINY * 1e20, 0.0, variance))


def _weights(log_mass: FloatArray) -> FloatArray:
    """Weights [K, W] that add up to one; whatever, where no candidate is possible."""
    peak = log_mass.max(axis=0)
    none = ~np.isfinite(peak)
    weight = np.exp(np.where(none, 0.0, log_mass - np.where(none, 0.0, peak)))
    return np.asarray(weight / weight.sum(axis=0))


def _median(part: Scaled, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The weight of a scale [W] and its median path [H, W]."""
    share = weight.sum(axis=0)
    path = np.einsum("kw,khw->hw", weight, part.laws.average.mean) / np.maximum(share, TINY)
    return share, np.exp(path) if part.logarithmic else path


def _average(scales: Sequence[tuple[FloatArray, FloatArray]], size: FloatArray) -> FloatArray:
    """The point forecast [H, W]: the average of the scales' medians, the level scale's first.

    size: [W] of the data. A growth that hardly anything speaks for would outgrow all the rest in
    thirty years: with weight w the log scale lies at most S / (1 - w) above the level scale, S the
    larger of the data and of the level scale's median. That is no limit where growth is certain.
    """
    share, path = scales[0]
    if len(scales) == 1:
        return share * path
    grown, growth = scales[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        limit = grown / share * np.maximum(size, np.abs(path))
    excess = np.fmax(grown * (growth - path) - limit, 0.0)
    return np.asarray(share * path + grown * growth - excess)


def _best(found: Sequence[Scaled], log_mass: FloatArray) -> FloatArray:
    """The masses with those of all but the likeliest form on its scale taken away."""
    form = np.concatenate([2 * part.laws.form + part.logarithmic for part in found])
    peak = np.where(np.isfinite(log_mass), log_mass, -np.inf).max(axis=0)
    share = np.exp(log_mass - np.where(np.isfinite(peak), peak, 0.0))
    mass = np.stack([share[form == f].sum(axis=0) for f in range(form.max() + 1)])
    return np.where(form[:, None] == mass.argmax(axis=0), log_mass, -np.inf)
