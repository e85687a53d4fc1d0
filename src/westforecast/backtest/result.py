"""What a run gave: long and wide frames, the ledger, scores, and files."""

import hashlib
import json
import platform
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import PackageNotFoundError, requires, version
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from westforecast.backtest.archive import FORMAT, NAME, packed
from westforecast.backtest.grid import Grid
from westforecast.backtest.probe import Probe
from westforecast.backtest.schedule import Plan
from westforecast.backtest.score import CellLosses, cell_losses, score
from westforecast.errors import UnknownNameError, UsageError, WestforecastWarning, nearest, warn
from westforecast.files import write_whole
from westforecast.kernels.quantiles import probabilities
from westforecast.metrics import METRICS, Metric
from westforecast.models.base import Model
from westforecast.models.forecast import CUT_POINT, Forecast
from westforecast.models.status import Status
from westforecast.series import frame as frames
from westforecast.typing import BoolArray, FloatArray, IntArray

_EX_ANTE = attrgetter("ex_ante")
META = ("name", "unit", "kind", "region", "industry", "source")


@dataclass(frozen=True, eq=False)
class Result:
    """Forecasts of several models over the windows of a plan, with outcomes where they are known.

    Made by `westforecast.forecast` and `westforecast.backtest`. Frames come in the kind of frame
    the panel was read from. probes: how each model's windows were forecast, many a call or one by
    one, and what it gave for a few of them either way. saved: of one that was loaded, the parts of
    its manifest that nothing here can say again.
    """

    plan: Plan
    forecasts: Mapping[str, Forecast]
    models: Mapping[str, Model]
    levels: tuple[float, ...]
    used: Mapping[str, BoolArray]
    fallback: str | None
    settings: Mapping[str, object]
    seconds: float
    probes: Mapping[str, Probe]
    saved: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        windows, cutoff = self.plan.windows, self.plan.windows.cutoff
        span = self.plan.panel.calendar.span(int(cutoff.min()), int(cutoff.max()))
        return (
            f"Result: {len(self.forecasts)} models x {len(windows)} windows "
            f"({len(np.unique(windows.series))} series, cutoff {span}), up to "
            f"{self.plan.horizon} steps, {self.failed} failed, {len(self.plan.skipped)} skipped"
            + (f", {sum(self.cut.values()):,} cells cut at bounds" if self.cut else "")
        )

    @cached_property
    def actuals(self) -> FloatArray:
        """Outcomes [W, H], NaN where unknown or not asked for."""
        return self.plan.actuals()

    @property
    def failed(self) -> int:
        """How many (window, model) pairs gave no forecast of their own."""
        return sum(int((f.status != Status.OK).sum()) for f in self.forecasts.values())

    @property
    def cut(self) -> dict[str, int]:
        """How many cells (a step of a window) were cut at a bound of their series, by model."""
        return {name: point + interval for name, (point, interval, _) in self._cuts().items()}

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of the numbers should know: what was cut at bounds, which windows have no
        interval, what models with drivers state, which models were run one by one."""
        found = []
        for name, (point, interval, series) in self._cuts().items():
            counts = ((point, "point forecasts"), (interval, "intervals"))
            what = " and ".join(f"{count:,} {word}" for count, word in counts if count)
            found.append(f"{name}: {what} cut at the bounds of {series:,} series.")
        for name, forecast in self.forecasts.items():
            bare = np.isnan(forecast.quantiles).any(axis=(1, 2)) & (forecast.status == Status.OK)
            if bare.any():
                found.append(f"{name}: {int(bare.sum()):,} windows have no interval.")
        for name, model in self.models.items():
            if stated := _stated(model):
                found.append(f"{name}: {stated}")
        for name, probe in self.probes.items():
            if probe.path == "one by one" and probe.note:
                found.append(f"{name}: forecast one by one ({probe.note}).")
        return tuple(found)

    def _cuts(self) -> dict[str, tuple[int, int, int]]:
        """Of models with any: point forecasts, intervals alone, and series that were cut."""
        found = {}
        w, h = self._places()
        for name, forecast in self.forecasts.items():
            kind = forecast.cut[w, h]
            if kind.any():
                series = np.unique(self.plan.windows.series[w[kind > 0]])
                point = int((kind == CUT_POINT).sum())
                found[name] = point, int((kind > 0).sum()) - point, len(series)
        return found

    def without(self, *models: str) -> "Result":
        """The same run less some models, e.g. one that failed and leaves few cells to compare.

        Raises UnknownNameError for a model that is not there, UsageError where none is left.
        """
        for name in models:
            if name not in self.forecasts:
                raise UnknownNameError(
                    f"no model {name!r} in this result. {nearest(name, self.forecasts)}"
                )
        if not set(self.forecasts) - set(models):
            raise UsageError("no model would be left; keep at least one.")
        return replace(
            self,
            forecasts={name: f for name, f in self.forecasts.items() if name not in models},
            models={name: model for name, model in self.models.items() if name not in models},
            used={name: used for name, used in self.used.items() if name not in models},
            probes={name: probe for name, probe in self.probes.items() if name not in models},
        )

    # --- frames ---------------------------------------------------------------------------------

    def long(self) -> Any:
        """One row per series, cutoff, step and model: the canonical form, failures included.

        Columns: unique_id, ds, cutoff, horizon, model, y (where outcomes are known), yhat, lo-80,
        hi-80, ..., cut ("point" or "interval" where that was cut at a bound of the series), status,
        reason, model_used. Ids, times and the names of the first two and of y are the caller's own,
        here and in all frames.
        """
        return self._build(self._long_columns(), ("ds", "cutoff"))

    def wide(self) -> Any:
        """Nixtla-shaped: unique_id, ds, cutoff, y and one column per model (and interval end)."""
        w, h = self._places()
        columns: dict[str, Any] = self._keys(w, h)
        if np.isfinite(self.actuals).any():
            columns["y"] = self.actuals[w, h]
        for name, forecast in self.forecasts.items():
            columns[name] = forecast.mean[w, h]
            for suffix, place in self._ends():
                columns[f"{name}-{suffix}"] = forecast.quantiles[w, h, place]
        return self._build(columns, ("ds", "cutoff"))

    @property
    def ledger(self) -> Any:
        """One row per series, cutoff and model: status, reason, who answered, values seen."""
        return self._build(self._ledger_columns(), ("cutoff",))

    def scores(
        self,
        metrics: str | Metric | Sequence[str | Metric] = ("mase", "smape", "coverage"),
        by: str | Sequence[str] = ("model",),
        *,
        common: bool = True,
    ) -> Any:
        """Scores of the forecasts whose outcomes are known, one row per group.

        metrics: names from `westforecast.metrics.METRICS`, or Metric objects; a plugin's is
        `westforecast.metric("name")`. Those that need an interval give a column per level
        (coverage-80).
        by: any of model, horizon, cutoff, ds, unique_id (also by the names they have in the panel's
        frame), or a field of the indicators (name, unit, kind, region, industry, source).
        common: compare only cells that every model forecast; `n_excluded` counts those lost.

        Every score is a mean over cells (rmse and rmsse its root), less those where the metric is
        undefined, e.g. mase of a series that was flat up to rounding. `n`, `n_series`, `n_cutoffs`:
        what every score of the row rests on; `n_undefined`: cells left out of some score of the
        row, where that metric is undefined; with several score columns `n_<column>`: the cells of
        each. A score of no cell is NaN, and takes none from the others. An infinite loss makes its
        scores infinite, with a warning. Forecasts a fallback made are not scored. Warns where
        `common` leaves less than a tenth of the cells, in all or in a group: a model that forecast
        little takes them from all others (`without` leaves it out). Raises UsageError for an
        unknown metric or grouping, a metric asked for twice, and where no outcome is known;
        WestforecastError where a metric is broken.
        """
        wanted = [metrics] if isinstance(metrics, str | Metric) else metrics
        keys = tuple(map(self.plan.panel.form.key, (by,) if isinstance(by, str) else by))
        columns = score(self._grid(), [_metric(m) for m in wanted], keys, common)
        return self._build(columns, [c for c in ("cutoff", "ds") if c in columns])

    def losses(self, metric: str | Metric = "mase") -> Any:
        """What scores are means of: one row per cell that all models have, and model.

        Columns: unique_id, ds, cutoff, horizon, model and the metric's own (squared errors for
        rmse). A model that has no loss anywhere is left out. Warns as `scores`, of groups by any
        field of the indicators. Raises UsageError as `scores`, and for a metric with a column per
        level where there are several levels.
        """
        found = self.cell_losses(metric)
        if found.few is not None and found.few.blame:
            names = found.few.names
            told = f"{found.few.words}. Leave {names} out (`result.without({names})`)."
            warnings.warn(told, WestforecastWarning, stacklevel=2)
        grid, count = found.grid, len(found.models)
        keys = {name: np.tile(column, count) for name, column in self._keys(grid.w, grid.h).items()}
        columns: dict[str, Any] = keys | {"horizon": np.tile(grid.h + 1, count)}
        columns["model"] = np.repeat(np.array(found.models, dtype=object), len(grid.w))
        columns[found.column] = found.values.ravel()
        return self._build(columns, ("ds", "cutoff"))

    def cell_losses(self, metric: str | Metric) -> CellLosses:
        """The same as arrays, with counts of the cells that are not in it."""
        return cell_losses(self._grid(), _metric(metric))

    # --- files ----------------------------------------------------------------------------------

    def manifest(self) -> dict[str, Any]:
        """Settings, versions and the data's digest: what is needed to make this result again."""
        return {
            "format": FORMAT,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "settings": dict(self.settings),
            "models": {name: _asked(repr, model) for name, model in self.models.items()},
            "ex_ante": {name: _asked(_EX_ANTE, model) for name, model in self.models.items()},
            "cut": self.cut,
            "levels": list(self.levels),
            "fallback": self.fallback,
            "probes": {name: probe.record() for name, probe in self.probes.items()},
            "windows": len(self.plan.windows),
            "failed": self.failed,
            "skipped": len(self.plan.skipped),
            "data": {"sha256": self.plan.panel.digest(), "series": len(self.plan.panel)},
            "versions": versions(self.models.values()),
            "seconds": round(self.seconds, 3),
            "stated": {name: _stated(model) for name, model in self.models.items()},
            "remarks": list(self.remarks),
            **self.saved,
        }

    def save(self, folder: str | Path) -> list[Path]:
        """Write forecasts.parquet, ledger.parquet, manifest.json and result.npz, each whole or not
        at all. `westforecast.load(folder)` reads the result again."""
        manifest = self.manifest()
        kept = packed(self.plan, self.forecasts, self.used, manifest)
        manifest |= {"files": {NAME: hashlib.sha256(kept).hexdigest()}}
        contents = {
            "forecasts.parquet": frames.to_parquet_bytes(self.long()),
            "ledger.parquet": frames.to_parquet_bytes(self.ledger),
            "manifest.json": json.dumps(manifest, indent=2, default=str).encode(),
            NAME: kept,
        }
        return write_whole(folder, contents)

    # --- columns --------------------------------------------------------------------------------

    def _build(self, columns: Mapping[str, Any], times: Sequence[str]) -> Any:
        panel = self.plan.panel
        return frames.build(columns, panel.form, panel.calendar, times)

    def _places(self) -> tuple[IntArray, IntArray]:
        """Window and step (0-based) of every wanted cell, windows first."""
        step = np.arange(1, self.plan.horizon + 1)
        wanted = (step >= self.plan.first_step) & (step <= self.plan.last_step[:, None])
        w, h = np.nonzero(wanted)
        return w.astype(np.int64), h.astype(np.int64)

    def _keys(self, w: IntArray, h: IntArray) -> dict[str, Any]:
        windows = self.plan.windows
        ids = np.array(windows.ids, dtype=object)
        cutoff = windows.cutoff[w]
        return {"unique_id": ids[windows.series[w]], "ds": cutoff + h + 1, "cutoff": cutoff}

    def _ends(self) -> list[tuple[str, int]]:
        """lo-80, hi-80, ... and the place of each among the quantiles."""
        probs = probabilities(self.levels)
        ends = []
        for level in self.levels:
            low, high = probabilities([level])
            ends += [(f"lo-{level:g}", probs.index(low)), (f"hi-{level:g}", probs.index(high))]
        return ends

    def _long_columns(self) -> dict[str, Any]:
        w, h = self._places()
        count = len(self.forecasts)
        keys = {name: np.tile(column, count) for name, column in self._keys(w, h).items()}
        columns: dict[str, Any] = keys | {"horizon": np.tile(h + 1, count)}
        columns["model"] = np.repeat(np.array(list(self.forecasts), dtype=object), len(w))
        if np.isfinite(self.actuals).any():
            columns["y"] = np.tile(self.actuals[w, h], count)
        each = self.forecasts.values()
        columns["yhat"] = np.concatenate([f.mean[w, h] for f in each])
        for suffix, place in self._ends():
            columns[suffix] = np.concatenate([f.quantiles[w, h, place] for f in each])
        words = np.array(["", "interval", "point"], dtype=object)
        columns["cut"] = words[np.concatenate([f.cut[w, h] for f in each])]
        return columns | self._outcome_columns(w)

    def _outcome_columns(self, w: IntArray) -> dict[str, Any]:
        status, reason, used = [], [], []
        words = np.array([Status(s).label for s in range(len(Status))], dtype=object)
        for name, forecast in self.forecasts.items():
            told = np.array(
                [forecast.reason.get(i, "") for i in range(len(forecast))], dtype=object
            )
            who = np.where(forecast.status == Status.OK, name, "").astype(object)
            who[self.used[name]] = self.fallback
            status.append(words[forecast.status][w])
            reason.append(told[w])
            used.append(who[w])
        return {
            "status": np.concatenate(status),
            "reason": np.concatenate(reason),
            "model_used": np.concatenate(used),
        }

    def _ledger_columns(self) -> dict[str, Any]:
        windows, count = self.plan.windows, len(self.forecasts)
        every = np.arange(len(windows))
        ids = np.array(windows.ids, dtype=object)
        seen = np.concatenate([[0], np.cumsum(np.isfinite(windows.values))])
        run = {
            "unique_id": np.tile(ids[windows.series], count),
            "cutoff": np.tile(windows.cutoff, count),
            "model": np.repeat(np.array(list(self.forecasts), dtype=object), len(windows)),
            **self._outcome_columns(every),
            "n_train": np.tile(seen[windows.end] - seen[windows.start], count),
        }
        if not self.plan.skipped:
            return run
        names = list(self.forecasts)
        skipped = [(s, c, m, st.label, why) for m in names for s, c, st, why in self.plan.skipped]
        more = {
            "unique_id": ids[[row[0] for row in skipped]],
            "cutoff": np.array([row[1] for row in skipped]),
            "model": np.array([row[2] for row in skipped], dtype=object),
            "status": np.array([row[3] for row in skipped], dtype=object),
            "reason": np.array([row[4] for row in skipped], dtype=object),
            "model_used": np.array([""] * len(skipped), dtype=object),
            "n_train": np.zeros(len(skipped), np.int64),
        }
        return {name: np.concatenate([column, more[name]]) for name, column in run.items()}

    def _grid(self) -> Grid:
        plan = self.plan
        if not np.isfinite(self.actuals).any():
            raise UsageError(
                "no outcome is known for these forecasts, so there is nothing to score. "
                "Use westforecast.backtest to forecast a past that is known."
            )
        panel = plan.panel
        traits = {name: [getattr(i, name) for i in panel.indicators] for name in META}
        traits["unique_id"] = list(panel.ids)
        return Grid(plan.windows, self.actuals, self.forecasts, traits, *self._places())


def _metric(metric: str | Metric) -> Metric:
    if isinstance(metric, Metric):
        return metric
    if not isinstance(metric, str):
        raise UsageError(f"no metric {metric!r}: a name or a westforecast Metric expected.")
    try:
        return METRICS[metric]
    except KeyError:
        raise UnknownNameError(
            f"no metric {metric!r}. {nearest(metric, METRICS)} One of a plugin is given as "
            f"westforecast.metric({metric!r})."
        ) from None


def versions(models: Any = ()) -> dict[str, str]:
    """Versions of Python, the core, the models' distributions and what those need directly."""
    packages = {"westforecast", "numpy", "pandas"}
    origins = {type(model).__module__.split(".")[0].replace("_", "-") for model in models}
    for origin in origins:
        packages |= {origin, *_needs(origin)}
    found = {"python": platform.python_version()}
    for package in sorted(packages):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a distribution"
    return found


def _needs(distribution: str) -> set[str]:
    """Names of what a distribution needs without extras; empty where it is not installed."""
    try:
        needed = requires(distribution) or []
    except PackageNotFoundError:
        return set()
    return {
        re.split(r"[^A-Za-z0-9._-]", need, maxsplit=1)[0]
        for need in needed
        if "extra ==" not in need
    }


def warn_of_cuts(cut: Mapping[str, int]) -> None:
    """One warning that names the models of which cells were cut, with their numbers."""
    if cut:
        counts = ", ".join(f"{name} {count:,}" for name, count in cut.items())
        warn(
            f"cells whose forecast or interval was cut at a bound of the series: {counts}. The "
            "column `cut` of long() and `remarks` say where. On a scale that keeps the bounds "
            "(AveragedETS, Logistic for shares) little is left to cut."
        )


def _stated(model: Model) -> str:
    """What a model with drivers, or one of a saved result, states of its own."""
    return str(getattr(model, "remark", "") or "")


def _asked(question: Callable[[Model], Any], model: Model) -> Any:
    """What a model says of itself, or that it cannot: no reason to lose its forecasts."""
    try:
        return question(model)
    except Exception as error:
        return f"{type(model).__name__} cannot say: {type(error).__name__}: {error}"
