"""Scores by any grouping: sums and counts of cell losses over the cells all models share."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.errors import UsageError, WestforecastError, WestforecastWarning, nearest
from westforecast.metrics import Cells, Metric
from westforecast.metrics.metric import Loss
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import BoolArray, FloatArray, IntArray

# Common cells that are a smaller share than this of those whose outcome is known are told of.
FEW = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """All cells of a run: cell c is step h[c] (0-based) of window w[c], C cells.

    actuals: [W, H]. traits: texts said of each series [S] (unique_id, region ...) to group by.
    """

    windows: Windows
    actuals: FloatArray
    forecasts: Mapping[str, Forecast]
    traits: Mapping[str, Sequence[str]]
    w: IntArray
    h: IntArray

    @property
    def series(self) -> IntArray:
        """[C] the series of each cell."""
        return self.windows.series[self.w]

    @property
    def cutoff(self) -> IntArray:
        """[C] the cutoff of each cell."""
        return self.windows.cutoff[self.w]

    def key(self, name: str) -> tuple[np.ndarray, IntArray]:
        """The sorted distinct values of a key, and which of them each cell has [C]."""
        if name in self.traits:
            labels, code = np.unique(np.array(self.traits[name]), return_inverse=True)
            return labels.astype(object), code[self.series]
        found = {"horizon": self.h + 1, "cutoff": self.cutoff, "ds": self.cutoff + self.h + 1}
        return np.unique(found[name], return_inverse=True)


def score(
    grid: Grid, metrics: Sequence[Metric], by: tuple[str, ...], common: bool
) -> dict[str, np.ndarray]:
    """Group keys, scores and counts as columns; rows sorted by the keys, models in given order.

    n: cells scored; n_series, n_cutoffs: how many they come from; n_excluded: cells whose outcome
    is known and that are left out because this model (`common`: some model) has no forecast of its
    own there. A cell where one metric is undefined (NaN) is left out of that metric alone;
    `common`: for all models that have the metric anywhere.
    """
    known = ("model", "horizon", "cutoff", "ds", *grid.traits)
    for name in by:
        if name not in known:
            raise UsageError(f"cannot group by {name!r}. {nearest(name, known)}")
    observed = np.isfinite(grid.actuals[grid.w, grid.h])
    answered = np.stack([_answered(grid, forecast) for forecast in grid.forecasts.values()])
    used = observed & (answered & answered.all(axis=0) if common else answered)  # [M, C]
    if common:
        _warn_of_few(list(grid.forecasts), answered & observed, int(observed.sum()))
    labels, group = _groups(grid, by)  # [G] each, [M * C]
    size = int(group.max(initial=-1)) + 1
    use, lost = used.ravel(), (observed & ~used).ravel()
    models = len(grid.forecasts)
    scores = {}
    for column, (losses, root) in _losses(grid, metrics, used).items():
        fine = np.isfinite(losses)
        if common:
            fine = _everywhere(fine.reshape(models, -1)).ravel()
        at = group[use][fine]
        with np.errstate(invalid="ignore"):  # a group without a cell scores NaN
            mean = np.bincount(at, losses[fine], size) / np.bincount(at, minlength=size)
        scores[column] = np.sqrt(mean) if root else mean
    counts = {
        "n": np.bincount(group[use], minlength=size),
        "n_series": _distinct(group[use], np.tile(grid.series, models)[use], size),
        "n_cutoffs": _distinct(group[use], np.tile(grid.cutoff, models)[use], size),
        "n_excluded": np.bincount(group[lost], minlength=size),
    }
    some = (counts["n"] > 0) | (counts["n_excluded"] > 0)
    return {name: column[some] for name, column in (labels | scores | counts).items()}


def _warn_of_few(names: Sequence[str], answered: BoolArray, observed: int) -> None:
    """One warning where models have few common cells, or none. answered: [M, C] of observed."""
    shared, each = int(answered.all(axis=0).sum()), answered.sum(axis=1)
    if shared >= FEW * observed or (len(names) == 1 and shared):
        return
    least = np.argsort(each, kind="stable")
    told = [f"{names[m]} forecast {each[m]}" for m in least if each[m] < observed]
    more = f" and {len(told) - 5} more models less than all" if len(told) > 5 else ""
    found, remedy = "there is nothing to score", ""
    if len(names) > 1:
        found = f"all {len(names)} models are compared on {shared or 'none'} of them"
        worst = names[least[0]]
        remedy = (
            "Pass common=False to score each model where it has a forecast, or leave "
            f"{worst!r} out (`result.without({worst!r})`). "
        )
    warnings.warn(
        f"of {observed} cells whose outcome is known {', '.join(told[:5])}{more}, so {found}. "
        f"{remedy}The ledger says why forecasts are missing.",
        WestforecastWarning,
        stacklevel=4,  # where Result.scores was called
    )


def _everywhere(fine: BoolArray) -> BoolArray:
    """[M, C] cells where a metric is defined for every model that has it anywhere."""
    has = np.asarray(fine.any(axis=1))
    return fine & np.asarray((fine | ~has[:, None]).all(axis=0))


def _answered(grid: Grid, forecast: Forecast) -> BoolArray:
    """[C] whether a model itself (no fallback) gave a forecast."""
    fine: BoolArray = forecast.status == Status.OK
    return np.isfinite(forecast.mean[grid.w, grid.h]) & fine[grid.w]


def _groups(grid: Grid, by: tuple[str, ...]) -> tuple[dict[str, np.ndarray], IntArray]:
    """Keys of each group [G], sorted, and the group of each cell of each model [M * C]."""
    models = len(grid.forecasts)
    code = np.zeros(models * len(grid.w), np.int64)
    keys = {}
    for name in by:
        if name == "model":
            distinct = np.array(list(grid.forecasts), dtype=object)
            which = np.repeat(np.arange(models), len(grid.w))
        else:
            distinct, which = grid.key(name)
            which = np.tile(which, models)
        keys[name] = distinct, which
        code = code * len(distinct) + which
    _, place, group = np.unique(code, return_index=True, return_inverse=True)
    return {name: distinct[which[place]] for name, (distinct, which) in keys.items()}, group


def _losses(
    grid: Grid, metrics: Sequence[Metric], used: BoolArray
) -> dict[str, tuple[FloatArray, bool]]:
    """Score column -> losses of the used cells, models one after the other, and whether a root."""
    _check_distinct(metrics)
    scale, scale2, last, back = _training_facts(grid.windows)
    columns: dict[str, tuple[list[FloatArray], bool]] = {}
    for forecast, use in zip(grid.forecasts.values(), used, strict=True):
        w, h = grid.w[use], grid.h[use]
        cells = Cells(
            actual=grid.actuals[w, h],
            forecast=forecast.mean[w, h],
            quantiles=forecast.quantiles[w, h],
            probs=forecast.probs,
            last=last[w],
            scale=scale[w],
            scale2=scale2[w],
            steps=back[w] + h + 1.0,
        )
        levels = tuple(round(100 * (1 - 2 * p), 10) for p in reversed(cells.probs) if p < 0.5)
        for metric in metrics:
            for column, loss in metric.columns(levels).items():
                columns.setdefault(column, ([], metric.root))[0].append(_loss(metric, loss, cells))
    return {name: (np.concatenate(parts), root) for name, (parts, root) in columns.items()}


def _check_distinct(metrics: Sequence[Metric]) -> None:
    """Raise UsageError for two metrics whose scores would be columns of one name."""
    names = [metric.name for metric in metrics]
    for metric in metrics:
        if names.count(metric.name) > 1:
            same = all(metric == other for other in metrics if other.name == metric.name)
            raise UsageError(
                f"metric {metric.name!r} is asked for {names.count(metric.name)} times. "
                + ("Ask for it once." if same else _RENAME)
            )


# Two packages may each have one.
_RENAME = (
    'They differ: give one a name of your own, dataclasses.replace(metric, name="..."), or ask '
    "for them one after the other."
)


def _loss(metric: Metric, loss: Loss, cells: Cells) -> FloatArray:
    """[C] losses. Raises WestforecastError, naming the metric and its module, where it is broken.

    What a metric says on purpose, e.g. that it needs intervals, is passed on.
    """
    expected = f"one loss a cell, an array of shape {cells.actual.shape}, expected"
    try:
        found = np.asarray(loss(cells), float)
    except WestforecastError:
        raise
    except Exception as error:  # a plugin's, whatever it is
        told = f"raised {type(error).__name__}: {str(error).rstrip('.')}"
        raise WestforecastError(f"{_whose(metric)} {told}; {expected}. {_REMEDY}") from error
    if found.shape != cells.actual.shape:
        told = f"gave an array of shape {found.shape}"
        raise WestforecastError(f"{_whose(metric)} {told}; {expected}. {_REMEDY}")
    return found


_REMEDY = "Leave it out, and update its package or tell its author."


def _whose(metric: Metric) -> str:
    module = getattr(metric.loss or metric.per_level, "__module__", "unknown")
    return f"metric {metric.name!r} of {module}"


def _training_facts(windows: Windows) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Of each window [W], from nothing after its cutoff: mean |y_t - y_{t-m}|, mean of its square,
    the last observed value, and how many periods before the cutoff that stands."""
    scale, scale2, last = (np.full(len(windows), np.nan) for _ in range(3))
    back = np.zeros(len(windows), np.int64)
    m = windows.season_length
    for piece, y, column in windows.tiles():
        n = windows.lengths[piece]
        change = np.full((len(y) + 1, y.shape[1]), np.nan)  # up to so many values
        change[m + 1 :] = np.abs(y[m:] - y[: max(len(y) - m, 0)])
        count = np.cumsum(np.isfinite(change), axis=0)[n, column]
        size = np.nan_to_num(change)
        with np.errstate(invalid="ignore", over="ignore"):  # no pair of values: no scale
            scale[piece] = np.cumsum(size, axis=0)[n, column] / count
            scale2[piece] = np.cumsum(size**2, axis=0)[n, column] / count
        place = np.arange(1, len(y) + 1)[:, None] * np.isfinite(y)
        latest = np.zeros_like(change, dtype=np.int64)  # place of the last value, from 1; 0: none
        np.maximum.accumulate(place, axis=0, out=latest[1:])
        at = latest[n, column]
        last[piece] = np.where(at > 0, y[at - 1, column], np.nan) if len(y) else np.nan
        back[piece] = n - at
    return scale, scale2, last, back


def _distinct(group: IntArray, values: IntArray, size: int) -> IntArray:
    """How many different values each group holds [G]."""
    low = values.min(initial=0)
    width = values.max(initial=0) - low + 1
    pairs = np.unique(group * width + values - low)
    return np.bincount(pairs // width, minlength=size)
