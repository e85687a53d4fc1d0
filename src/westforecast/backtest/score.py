"""Scores by any grouping: sums and counts of cell losses over the cells all models share."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from westforecast.backtest.grid import Grid, groups
from westforecast.backtest.scale import training_facts
from westforecast.backtest.shared import Few, few_defined, few_forecast, infinite
from westforecast.errors import UsageError, WestforecastError, WestforecastWarning, nearest
from westforecast.metrics import Cells, Metric
from westforecast.metrics.metric import Loss
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.typing import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class CellLosses:
    """Losses of one metric in the cells that all models have: what models are compared on.

    column: the metric's column. root: whether scores are roots of mean losses. models: [M] those
    that have the metric anywhere. values: [M, C], infinite where a loss is. grid: the C cells.
    gone: the cells with a known outcome that are not among them. observed: how many cells have
    a known outcome. lost: of these, how many each model asked for has no forecast of its own in.
    undefined: how many the metric is undefined in for a model that has a forecast there.
    few: whether models share few cells, in all or for one value of a trait (region, kind ...).
    """

    column: str
    root: bool
    models: tuple[str, ...]
    values: FloatArray
    grid: Grid
    gone: Grid
    observed: int
    lost: Mapping[str, int]
    undefined: int
    few: Few | None


def cell_losses(grid: Grid, metric: Metric) -> CellLosses:
    """The losses that a score is the mean of, on common cells.

    A model without a single loss is left out, so that it does not take all cells from the others;
    `lost` has it. Raises UsageError for a metric that has several columns or none here.
    """
    observed = np.isfinite(grid.actuals[grid.w, grid.h])
    names = list(grid.forecasts)
    answered = observed & np.stack([_answered(grid, f) for f in grid.forecasts.values()])  # [M, C]
    found = _losses(grid, [metric], answered)
    if len(found) != 1:
        have = f"gives {', '.join(found)}" if found else "needs an interval, and there is none"
        raise UsageError(
            f"metric {metric.name!r} {have}; one loss per cell is needed. Ask for one level, "
            "e.g. 80: levels=..."
        )
    ((column, (losses, root)),) = found.items()
    values = np.full(answered.shape, np.nan)
    values[answered] = losses
    fine = ~np.isnan(values)
    there = fine.any(axis=1)
    common = fine[there].all(axis=0) & there.any()
    gone = observed & ~common
    traits = [(name,) for name in grid.traits if name not in ("unique_id", "name")]
    models = tuple(name for name, has in zip(names, there, strict=True) if has)
    known = replace(grid, forecasts={name: grid.forecasts[name] for name in models})
    both = np.asarray(answered[there].all(axis=0))
    return CellLosses(
        column=column,
        root=root,
        models=models,
        values=values[there][:, common],
        grid=replace(grid, w=grid.w[common], h=grid.h[common]),
        gone=replace(grid, w=grid.w[gone], h=grid.h[gone]),
        observed=int(observed.sum()),
        lost=dict(zip(names, (observed & ~answered).sum(axis=1).tolist(), strict=True)),
        undefined=int((answered & ~fine)[there].any(axis=0).sum()),
        few=few_forecast(known, traits, answered[there], observed)
        or few_defined(known, traits, column, fine[there], both),
    )


def score(
    grid: Grid, metrics: Sequence[Metric], by: tuple[str, ...], common: bool
) -> dict[str, np.ndarray]:
    """Group keys, scores and counts as columns; rows sorted by the keys, models in given order.

    n: cells that every score of the row rests on; n_series, n_cutoffs: how many they come from.
    n_excluded: cells whose outcome is known and that are left out because this model (`common`:
    some model) has no forecast of its own there. n_undefined: cells left out of some score of the
    row because that metric is undefined (NaN) there, `common`: for some model that has the metric
    anywhere. The three add up to the cells whose outcome is known. A score that is NaN in a row
    rests on nothing and takes no cell from the others. Several score columns: n_<column> for each,
    the cells of that score alone.
    """
    known = ("model", "horizon", "cutoff", "ds", *grid.traits)
    for name in by:
        if name not in known:
            raise UsageError(f"cannot group by {name!r}. {nearest(name, known)}")
    observed = np.isfinite(grid.actuals[grid.w, grid.h])
    answered = np.stack([_answered(grid, forecast) for forecast in grid.forecasts.values()])
    used = observed & (answered & answered.all(axis=0) if common else answered)  # [M, C]
    names, keys = list(grid.forecasts), [tuple(name for name in by if name != "model")]
    if common:
        _warn(few_forecast(grid, keys, answered, observed), _LEDGER)
    labels, group = groups(grid, by, names)  # [G] each, [M * C]
    size = int(group.max(initial=-1)) + 1
    scores, defined = {}, {}
    for column, (losses, root) in _losses(grid, metrics, used).items():
        fine = np.zeros(used.shape, bool)
        fine[used] = ~np.isnan(losses)
        if common:
            _warn(few_defined(grid, keys, column, fine, used[0]), "")
            fine = _everywhere(fine)
        kept, at = losses[fine[used]], group[fine.ravel()]
        with np.errstate(invalid="ignore"):  # a group without a cell scores NaN
            mean = np.bincount(at, kept, size) / np.bincount(at, minlength=size)
        scores[column] = (np.sqrt(mean) if root else mean) + 0.0  # no -0.0
        defined[column] = fine.ravel()
        if told := infinite(grid, column, scores[column], kept, fine):
            warnings.warn(told, WestforecastWarning, stacklevel=3)
    each = {f"n_{name}": np.bincount(group[fine], minlength=size) for name, fine in defined.items()}
    use, lost = used.ravel(), (observed & ~used).ravel()
    every = _in_every_score(use, group, defined, each)
    n = np.bincount(group[every], minlength=size)
    counts = {
        "n": n,
        "n_series": _distinct(group[every], np.tile(grid.series, len(names))[every], size),
        "n_cutoffs": _distinct(group[every], np.tile(grid.cutoff, len(names))[every], size),
        "n_excluded": np.bincount(group[lost], minlength=size),
        "n_undefined": np.bincount(group[use], minlength=size) - n,
        **(each if len(each) > 1 else {}),
    }
    if twice := (labels.keys() | counts.keys()) & scores.keys():
        raise UsageError(f"metric {min(twice)!r} has the name of another column. {_RENAME_ONE}")
    some = counts["n"] + counts["n_excluded"] + counts["n_undefined"] > 0
    return {name: column[some] for name, column in (labels | scores | counts).items()}


_LEDGER = " The ledger says why forecasts are missing."


def _warn(found: Few | None, more: str) -> None:
    """One warning where models share few cells, or none, with the remedy."""
    if found is None:
        return
    remedy = ""
    if found.blame:
        remedy = (
            " Pass common=False to score each model where it has a forecast, or leave "
            f"{found.names} out (`result.without({found.names})`)."
        )
    # where Result.scores was called
    warnings.warn(f"{found.words}.{remedy}{more}", WestforecastWarning, stacklevel=4)


def _in_every_score(
    use: BoolArray, group: IntArray, defined: Mapping[str, BoolArray], each: Mapping[str, IntArray]
) -> BoolArray:
    """[M * C] the cells that all scores of their row have; scores without any cell do not count."""
    every, scored = use.copy(), np.zeros(len(use), bool)
    for fine, n in zip(defined.values(), each.values(), strict=True):
        there = (n > 0)[group]
        every &= fine | ~there
        scored |= there
    return every & scored if defined else every


def _everywhere(fine: BoolArray) -> BoolArray:
    """[M, C] cells where a metric is defined for every model that has it anywhere."""
    has = np.asarray(fine.any(axis=1))
    return fine & np.asarray((fine | ~has[:, None]).all(axis=0))


def _answered(grid: Grid, forecast: Forecast) -> BoolArray:
    """[C] whether a model itself (no fallback) gave a forecast."""
    fine: BoolArray = forecast.status == Status.OK
    return np.isfinite(forecast.mean[grid.w, grid.h]) & fine[grid.w]


def _losses(
    grid: Grid, metrics: Sequence[Metric], used: BoolArray
) -> dict[str, tuple[FloatArray, bool]]:
    """Score column -> losses of the used cells, models one after the other, and whether a root."""
    _check_distinct(metrics)
    facts = training_facts(grid.windows)
    columns: dict[str, tuple[list[FloatArray], bool]] = {}
    for forecast, use in zip(grid.forecasts.values(), used, strict=True):
        w, h = grid.w[use], grid.h[use]
        cells = Cells(
            actual=grid.actuals[w, h],
            forecast=forecast.mean[w, h],
            quantiles=forecast.quantiles[w, h],
            probs=forecast.probs,
            last=facts.last[w],
            scale=facts.scale[w],
            scale2=facts.scale2[w],
            steps=facts.back[w] + h + 1.0,
            rounding=facts.rounding[w],
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
_RENAME_ONE = 'Give it a name of your own: dataclasses.replace(metric, name="...").'


def _loss(metric: Metric, loss: Loss, cells: Cells) -> FloatArray:
    """[C] losses. Raises WestforecastError, naming the metric and its module, where it is broken.

    What a metric says on purpose, e.g. that it needs intervals, is passed on.
    """
    expected = f"one loss a cell, an array of shape {cells.actual.shape}, expected"
    try:
        with np.errstate(all="ignore"):  # what is infinite is reported, what is NaN is undefined
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


def _distinct(group: IntArray, values: IntArray, size: int) -> IntArray:
    """How many different values each group holds [G]."""
    low = values.min(initial=0)
    width = values.max(initial=0) - low + 1
    pairs = np.unique(group * width + values - low)
    return np.bincount(pairs // width, minlength=size)
