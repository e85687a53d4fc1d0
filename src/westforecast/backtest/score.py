"""Scores by any grouping: sums and counts of cell losses over the cells all models share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.errors import UsageError, nearest
from westforecast.kernels.windows import rectangle, tiles
from westforecast.metrics import Cells, Metric
from westforecast.models.forecast import Forecast
from westforecast.models.status import Status
from westforecast.models.windows import Windows
from westforecast.typing import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """All cells of a run: window w[c], step h[c] (0-based), and the group keys of each cell [C]."""

    windows: Windows
    actuals: FloatArray
    forecasts: Mapping[str, Forecast]
    used: Mapping[str, BoolArray]
    keys: Mapping[str, np.ndarray]
    w: np.ndarray
    h: np.ndarray


def score(
    grid: Grid, metrics: Sequence[Metric], by: tuple[str, ...], common: bool
) -> dict[str, Any]:
    """Group keys, scores and counts as columns; rows sorted by the keys, models in given order."""
    known = ("model", *grid.keys)
    for name in by:
        if name not in known:
            raise UsageError(f"cannot group by {name!r}. {nearest(name, known)}")
    actual = grid.actuals[grid.w, grid.h]
    observed = np.isfinite(actual)
    answered = {
        name: np.isfinite(f.mean[grid.w, grid.h]) & (f.status == Status.OK)[grid.w]
        for name, f in grid.forecasts.items()
    }
    shared = np.logical_and.reduce(list(answered.values()))
    scale, scale2, last = _training_facts(grid.windows)
    tables = []
    for name, forecast in grid.forecasts.items():
        use = observed & (shared if common else answered[name])
        w, h = grid.w[use], grid.h[use]
        cells = Cells(
            actual=actual[use],
            forecast=forecast.mean[w, h],
            quantiles=forecast.quantiles[w, h],
            probs=forecast.probs,
            last=last[w],
            scale=scale[w],
            scale2=scale2[w],
            steps=h + 1.0,
        )
        losses = _losses(cells, metrics, forecast.probs)
        keys = {k: v[use] for k, v in grid.keys.items()}
        lost = {k: v[observed & ~use] for k, v in grid.keys.items()}
        tables.append((name, keys, losses, lost))
    return _aggregate(tables, metrics, by)


def _losses(
    cells: Cells, metrics: Sequence[Metric], probs: tuple[float, ...]
) -> dict[str, tuple[FloatArray, bool]]:
    levels = tuple(round(100 * (1 - 2 * p), 10) for p in reversed(probs) if p < 0.5)
    return {
        column: (loss(cells), metric.root)
        for metric in metrics
        for column, loss in metric.columns(levels).items()
    }


def _training_facts(windows: Windows) -> tuple[FloatArray, FloatArray, FloatArray]:
    """In-sample scales and the last observed value of each window [W]: nothing after its cutoff."""
    scale = np.full(len(windows), np.nan)
    scale2, last = scale.copy(), scale.copy()
    m = windows.season_length
    for tile in tiles(windows.lengths):
        rows = rectangle(windows.values, windows.start[tile], windows.end[tile])
        change = np.abs(rows[:, m:] - rows[:, :-m]) if rows.shape[1] > m else rows[:, :0]
        count = np.isfinite(change).sum(axis=1)
        some = np.maximum(count, 1)
        scale[tile] = np.where(count > 0, np.nansum(change, axis=1) / some, np.nan)
        scale2[tile] = np.where(count > 0, np.nansum(change**2, axis=1) / some, np.nan)
        if rows.shape[1]:
            seen = np.isfinite(rows)
            at = rows.shape[1] - 1 - np.argmax(seen[:, ::-1], axis=1)
            last[tile] = rows[np.arange(len(rows)), at]
    return scale, scale2, last


def _aggregate(
    tables: Sequence[tuple[str, Any, Any, Any]], metrics: Sequence[Metric], by: tuple[str, ...]
) -> dict[str, Any]:
    """Pool cells of all models into groups; a score is root?(sum of losses / count of finite ones)."""
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    columns: dict[str, bool] = {}
    for name, keys, losses, lost in tables:
        columns |= {column: root for column, (_, root) in losses.items()}
        for group, members in _groups(name, keys, by):
            entry = sums.setdefault(group, {"n": 0, "series": set(), "cutoffs": set(), "lost": 0})
            entry["n"] += len(members)
            entry["series"].update(keys["unique_id"][members])
            entry["cutoffs"].update(keys["cutoff"][members].tolist())
            for column, (loss, _) in losses.items():
                part = loss[members]
                finite = np.isfinite(part)
                total, count = entry.get(column, (0.0, 0))
                entry[column] = (total + float(part[finite].sum()), count + int(finite.sum()))
        for group, members in _groups(name, lost, by):
            entry = sums.setdefault(group, {"n": 0, "series": set(), "cutoffs": set(), "lost": 0})
            entry["lost"] += len(members)
    place = {name: k for k, (name, *_) in enumerate(tables)}
    rows = sorted(
        sums.items(),
        key=lambda row: [place[v] if k == "model" else v for k, v in zip(by, row[0], strict=True)],
    )
    table: dict[str, Any] = {}
    for k, key in enumerate(by):
        values = [group[k] for group, _ in rows]
        numeric = key in {"horizon", "cutoff", "ds"}
        table[key] = np.array(values, dtype=np.int64 if numeric else object)
    for column, root in columns.items():
        table[column] = np.array([_mean(entry.get(column, (0.0, 0)), root) for _, entry in rows])
    table["n"] = np.array([entry["n"] for _, entry in rows], dtype=np.int64)
    table["n_series"] = np.array([len(entry["series"]) for _, entry in rows], dtype=np.int64)
    table["n_cutoffs"] = np.array([len(entry["cutoffs"]) for _, entry in rows], dtype=np.int64)
    table["n_excluded"] = np.array([entry["lost"] for _, entry in rows], dtype=np.int64)
    return table


def _mean(total_count: tuple[float, int], root: bool) -> float:
    total, count = total_count
    if not count:
        return float("nan")
    return float(np.sqrt(total / count)) if root else total / count


def _groups(
    name: str, keys: Mapping[str, np.ndarray], by: tuple[str, ...]
) -> list[tuple[tuple[Any, ...], np.ndarray]]:
    """(group key, positions of its cells) of one model."""
    size = len(keys["unique_id"])
    code = np.zeros(size, np.int64)
    parts: list[tuple[np.ndarray, np.ndarray]] = []
    for key in by:
        if key == "model":
            continue
        distinct, inverse = np.unique(keys[key], return_inverse=True)
        parts.append((distinct, inverse))
        code = code * len(distinct) + inverse
    groups = []
    order = np.argsort(code, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(code[order])) + 1) if size else []:
        found = iter([distinct[inverse[members[0]]] for distinct, inverse in parts])
        groups.append((tuple(name if key == "model" else next(found) for key in by), members))
    return groups
