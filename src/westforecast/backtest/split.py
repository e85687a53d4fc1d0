"""Whose error is it: the model's, or that of what it expected of its drivers?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from westforecast.backtest.result import Result
from westforecast.backtest.run import run
from westforecast.backtest.schedule import origins
from westforecast.engines import Engine
from westforecast.errors import UsageError
from westforecast.models.base import Model
from westforecast.models.driver import DrivenModel
from westforecast.models.status import Status
from westforecast.series import frame as frames
from westforecast.series.panel import Panel
from westforecast.typing import FloatArray, IntArray

NAMES = ("ex ante", "ex post")


@dataclass(frozen=True, eq=False)
class ErrorSplit:
    """A model's errors (actual - forecast) in two parts that add up, cell by cell.

        error        = y - forecast with the drivers as expected (ex ante)
        model_error  = y - forecast with the drivers as they came (ex post)
        driver_error = error - model_error

    result: both forecasts, named "ex ante" and "ex post". log: whether errors are differences of
    logarithms (0.10 is about 10 percent), else in the series' own units.
    """

    result: Result
    log: bool

    def long(self) -> Any:
        """One row per series, cutoff and step whose outcome is known: y, yhat_ex_ante, yhat_ex_post
        and the three errors; NaN where one of both forecasts failed."""
        w, h = self._cells()
        plan, (before, after) = self.result.plan, self._forecasts()
        errors = self._errors()[:, w, h]
        ids, cutoff = np.array(plan.windows.ids, dtype=object), plan.windows.cutoff[w]
        columns = {
            "unique_id": ids[plan.windows.series[w]], "ds": cutoff + h + 1, "cutoff": cutoff,
            "horizon": h + 1, "y": self.result.actuals[w, h], "yhat_ex_ante": before[w, h],
            "yhat_ex_post": after[w, h], "error": errors[0], "model_error": errors[1],
            "driver_error": errors[2],
        }  # fmt: skip
        panel = plan.panel
        return frames.build(columns, panel.form, panel.calendar, ("ds", "cutoff"))

    def by_horizon(self) -> Any:
        """One row per step: mean errors, which add up (bias), and mean absolute errors, which do
        not: parts may cancel. n: cells both forecasts have, n_excluded: cells one of them lacks."""
        w, h = self._cells()
        errors = self._errors()[:, w, h]
        steps = np.unique(h)
        both = np.asarray(np.isfinite(errors).all(axis=0))
        rows = [np.flatnonzero(both & (h == step)) for step in steps]
        columns: dict[str, Any] = {"horizon": steps + 1}
        for prefix, size in (("mean", lambda e: e), ("mae", np.abs)):
            for name, part in zip(("error", "model_error", "driver_error"), errors, strict=True):
                columns[f"{prefix}_{name}"] = np.array(
                    [size(part[row]).mean() if len(row) else np.nan for row in rows]
                )
        columns["n"] = np.array([len(row) for row in rows])
        columns["n_excluded"] = np.array([(h == step).sum() for step in steps]) - columns["n"]
        panel = self.result.plan.panel
        return frames.build(columns, panel.form, panel.calendar, ())

    def _cells(self) -> tuple[IntArray, IntArray]:
        known = np.isfinite(self.result.actuals)
        known[:, : self.result.plan.first_step - 1] = False
        if self.log:
            known &= self.result.actuals > 0
        w, h = np.nonzero(known)
        return w, h

    def _forecasts(self) -> list[FloatArray]:
        """Ex ante and ex post [W, H], NaN where a window failed."""
        found = (self.result.forecasts[name] for name in NAMES)
        return [np.where((f.status == Status.OK)[:, None], f.mean, np.nan) for f in found]

    def _errors(self) -> FloatArray:
        """error, model_error and driver_error [3, W, H]."""
        scale = np.log if self.log else np.asarray
        with np.errstate(invalid="ignore", divide="ignore"):  # cells that are none
            y, before, after = (scale(part) for part in (self.result.actuals, *self._forecasts()))
        return np.stack([y - before, y - after, after - before])


def split_errors(
    panel: Panel, model: Model, h: int, *, log: bool | None = None,
    engine: Engine | None = None, **schedule: Any,
) -> ErrorSplit:  # fmt: skip
    """What `westforecast.split_errors` does with a model's name, done with the model itself."""
    if not isinstance(model, DrivenModel):
        raise UsageError(f"{model!r} has no driver, so all of its error is its own.")
    if not model.ex_ante:
        raise UsageError('driver_mode="actual" found; give the model as it would be used ex ante.')
    plan = origins(panel, h, **schedule)
    models = dict(zip(NAMES, (model, model.ex_post()), strict=True))
    settings = {"call": "split_errors", "h": h, **{k: str(v) for k, v in schedule.items()}}
    result = run(plan, models, engine=engine, settings=settings)
    return ErrorSplit(result, model.positive if log is None else log)
