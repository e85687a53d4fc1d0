"""Forecasting one quantity of a study: its models, their record before the origin, sample paths."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from westforecast.api import named_models
from westforecast.backtest import Result, ahead, origins, run
from westforecast.errors import (
    DataError,
    PluginError,
    Problem,
    UsageError,
    WestforecastWarning,
    nearest,
)
from westforecast.kernels.quantiles import LAW, at_scores, pool
from westforecast.kernels.sampling import score_walks, stream
from westforecast.models import Forecast, Model, Status
from westforecast.plugin import registry
from westforecast.series import Indicator, Panel
from westforecast.study.file import COMBINATION, Component, Study
from westforecast.typing import FloatArray, IntArray

NO_INTERVAL = "forecast without an interval; left out of the combination"
METRICS = ("mase", "smape", "cagr_error", "crps", "coverage")


@dataclass(frozen=True, slots=True, eq=False)
class ComponentForecast:
    """One quantity of a study.

    years: [Y] origin to target. paths: [P, Y] sample paths, in the quantity's own unit; a value
    known at the origin is the same in every path. observed: year -> value up to the origin.
    outcomes: year -> value after it. cutoff: year of the last observed value used.
    result: what the models forecast; backtest: what they would have, before the origin.
    record: one row per model of scores before the origin. weights: model -> weight in the
    combination. at_bound: share of sampled values that stand at a bound.
    """

    component: Component
    indicator: Indicator
    years: IntArray
    paths: FloatArray
    observed: Mapping[int, float]
    outcomes: Mapping[int, float]
    cutoff: int | None = None
    result: Result | None = None
    backtest: Result | None = None
    record: tuple[Mapping[str, Any], ...] = ()
    by_horizon: tuple[Mapping[str, Any], ...] = ()
    weights: Mapping[str, float] | None = None
    at_bound: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> tuple[tuple[str, str, str], ...]:
        """(model, status, reason) of models that gave no forecast at the origin, or no interval."""
        if self.result is None:
            return ()
        found = []
        for name, f in self.result.forecasts.items():
            if f.status[0] != Status.OK:
                found.append((name, Status(int(f.status[0])).label, f.reason.get(0, "")))
            elif name in self.component.models and not np.isfinite(f.quantiles).all():
                found.append((name, "no_interval", NO_INTERVAL))
        return tuple(found)


def assumed(study: Study, component: Component, years: IntArray) -> ComponentForecast:
    """A quantity held at an assumed value: the same in every path and year.

    Raises StudyError for a value outside its bounds: a share of more than the whole.
    """
    given = study.assumptions[component.assumption]
    about = Indicator(
        id=component.name, name=component.title, unit=given.unit, source=given.source
    )  # fmt: skip
    indicator = _sized(study, component, about)
    low, high = indicator.bounds
    if not low <= given.value <= high:
        raise study.error(
            f"series.{component.name}.assumption",
            f"{given.id} is {given.value:g} {given.unit}; {low:g} to {high:g} expected",
        )
    values = np.full((study.paths, len(years)), given.value)
    return ComponentForecast(component, indicator, years, values, {}, {})


def forecast_component(study: Study, component: Component, panel: Panel) -> ComponentForecast:
    """Compare a component's models before the origin, combine or choose, and draw sample paths.

    Raises DataError where there is no value up to the origin, or where every model failed.
    """
    full = _panel_of(study, component, panel)
    known = full.as_of(study.origin)
    s = known.index(component.data)
    years = np.arange(study.origin, study.until + 1)
    if known.lengths[s] == 0:
        raise _impossible(
            component, study, "no observed value", "a value", "Choose a later origin."
        )
    models = _models(study, component)
    cutoff = int(known.last[s])
    result = run(
        ahead(known, until=study.until, series=[component.data]), models, (*LAW, *study.levels)
    )
    chosen, backtest, notes = _compare(study, component, known, s, models, result)
    combined = combine([result.forecasts[name] for name in chosen], known.indicators[s].bounds)
    result = replace(result, forecasts={**result.forecasts, COMBINATION: combined},
                     used={**result.used, COMBINATION: np.zeros(1, bool)})  # fmt: skip
    record, by_horizon = _record(backtest, chosen)
    indicator = _sized(study, component, known.indicators[s])
    paths, at_bound = _paths(study, component, combined, cutoff, known, indicator, years)
    periods, values = full.series(component.data)
    seen = {int(t): float(v) for t, v in zip(periods, values, strict=True) if np.isfinite(v)}
    return ComponentForecast(
        component=component,
        indicator=indicator,
        years=years,
        paths=paths,
        observed={t: v for t, v in seen.items() if t <= cutoff},
        outcomes={t: v for t, v in seen.items() if t > cutoff},
        cutoff=cutoff,
        result=result,
        backtest=backtest,
        record=record,
        by_horizon=by_horizon,
        weights={name: (1 / len(chosen) if name in chosen else 0.0) for name in models},
        at_bound=at_bound,
        notes=notes,
    )


def _sized(study: Study, component: Component, indicator: Indicator) -> Indicator:
    """With the multiplier of the file. Raises StudyError where it contradicts the unit."""
    if component.multiplier is None:
        return indicator
    try:
        return indicator.with_(multiplier=component.multiplier)
    except UsageError as error:
        raise study.error(f"series.{component.name}.multiplier", str(error)) from None


def combine(forecasts: list[Forecast], bounds: tuple[float, float] = (-np.inf, np.inf)) -> Forecast:
    """The linear pool of several forecasts with equal weights; its point is the pooled median.

    bounds: what the quantity cannot leave, nor the tails of the pool, which are read beyond the
    last quantiles known.
    """
    probs = forecasts[0].probs
    read = pool(np.stack([f.quantiles for f in forecasts]), probs, at=(*probs, 0.5)).clip(*bounds)
    status = np.max([f.status for f in forecasts], axis=0)
    reason = {k: why for f in forecasts for k, why in f.reason.items()}
    return Forecast(read[..., -1], read[..., :-1], probs, status, reason)


def _panel_of(study: Study, component: Component, panel: Panel) -> Panel:
    """The panel, with the component's series from `start` on; the others are there as drivers."""
    drivers = [m["driver"] for m in component.models.values() if "driver" in m]
    for name in (component.data, *drivers):
        if name not in panel.places and "{" not in name:
            key = f"series.{component.name}.{'data' if name == component.data else 'models'}"
            told = f"no series {name!r} in {study.data.name}. {nearest(name, panel.places)}"
            raise study.error(key, told)
    if component.start is None:
        return panel
    return panel.since(component.start, id=[component.data])


def _models(study: Study, component: Component) -> dict[str, Model]:
    own = component.models.get(component.benchmark, {}).get("model", component.benchmark)
    names = {spec.name for _, spec in registry().specs("model")}
    if component.benchmark in names and own.rpartition(":")[2] != component.benchmark:
        raise study.error(
            f"series.{component.name}.models",
            f"{own} is labelled {component.benchmark!r}, which the benchmark is called; a label of "
            "its own expected",
        )
    try:
        models = named_models({
            label: registry().model(
                settings["model"], **{k: v for k, v in settings.items() if k != "model"}
            )
            for label, settings in component.models.items()
        })  # fmt: skip
    except (UsageError, PluginError) as error:
        raise study.error(f"series.{component.name}.models", str(error)) from error
    if component.benchmark not in models:
        try:
            models = {component.benchmark: registry().model(component.benchmark), **models}
        except (UsageError, PluginError) as error:
            raise study.error(f"series.{component.name}.benchmark", str(error)) from error
    return models


def _compare(
    study: Study, component: Component, known: Panel, s: int, models: Mapping[str, Model],
    result: Result,
) -> tuple[list[str], Result | None, tuple[str, ...]]:  # fmt: skip
    """Models in the combination, the backtest behind the choice, and remarks."""
    able = [
        name for name in component.models
        if result.forecasts[name].status[0] == Status.OK
        and np.isfinite(result.forecasts[name].quantiles).all()
    ]  # fmt: skip
    if not able:
        told = "; ".join(
            f"{name}: {result.forecasts[name].reason.get(0, 'gives no interval')}"
            for name in component.models
        )
        raise _impossible(component, study, f"every model failed ({told})", "at least one forecast",
                          "Choose a later origin or other models.")  # fmt: skip
    periods, values = known.series(component.data)
    seen = periods[np.isfinite(values)]
    if len(seen) <= study.min_train:
        note = f"{len(seen)} values up to {study.origin}: too few to compare models by backtest"
        return able, None, (note,)
    lag = known.indicators[s].publication_lag
    cutoffs = [int(t) + lag for t in periods if seen[study.min_train - 1] <= t < seen[-1]]
    plan = origins(known, study.horizon, cutoffs=cutoffs, min_train_size=study.min_train,
                   allow_partial=True, series=[component.data])  # fmt: skip
    backtest = run(plan, models, (*LAW, *study.levels))
    chosen, silent = able, _silent(backtest)
    notes: tuple[str, ...] = ()
    if component.combine == "best" and len(silent) < len(backtest.forecasts):
        chosen, notes = _best(able, _rows(backtest, ("model",)))
    if silent:
        lost = " and the combination with it" if set(silent) & set(chosen) else ""
        notes += (
            f"{', '.join(silent)} gave no forecast before {study.origin}: left out of the "
            f"record{lost}",
        )
    pooled = combine([backtest.forecasts[name] for name in chosen], known.indicators[s].bounds)
    return (
        chosen,
        replace(
            backtest,
            forecasts={**backtest.forecasts, COMBINATION: pooled},
            used={**backtest.used, COMBINATION: np.zeros(len(pooled), bool)},
        ),
        notes,
    )


def _best(able: list[str], rows: list[dict[str, Any]]) -> tuple[list[str], tuple[str, ...]]:
    """The model with the smallest MASE, or sMAPE where gaps leave no scale for MASE."""
    for metric in ("mase", "smape"):
        scores = {row["model"]: row[metric] for row in rows if row["model"] in able}
        if scores and np.isfinite(list(scores.values())).all():
            return [min(sorted(scores), key=scores.__getitem__)], (
                f"chosen by {metric} before the origin",
            )
    return able, ("no score to choose a model by; all are pooled",)


def _silent(backtest: Result) -> tuple[str, ...]:
    """Models that gave no forecast in any window; beside them no model has a cell to share."""
    return tuple(
        name for name, f in backtest.forecasts.items() if not (f.status == Status.OK).any()
    )


def _record(
    backtest: Result | None, chosen: list[str]
) -> tuple[tuple[Mapping[str, Any], ...], tuple[Mapping[str, Any], ...]]:
    if backtest is None or len(_silent(backtest)) == len(backtest.forecasts):
        return (), ()
    rows = [{**row, "chosen": row["model"] in chosen} for row in _rows(backtest, ("model",))]
    return tuple(rows), tuple(_rows(backtest, ("model", "horizon")))


def _rows(backtest: Result, by: tuple[str, ...]) -> list[dict[str, Any]]:
    """Scores of the models that forecast anything; counts of cells say how many they share."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WestforecastWarning)
        frame = backtest.without(*_silent(backtest)).scores(METRICS, by=by)
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False)]


def _paths(
    study: Study, component: Component, combined: Forecast, cutoff: int, known: Panel,
    indicator: Indicator, years: IntArray,
) -> tuple[FloatArray, float]:  # fmt: skip
    """Sample paths [P, Y] whose law at every year is the combination's, and the share of the values
    that stand at a bound.

    Steps are correlated as those of a random walk are (`kernels.sampling.score_walks`). Components
    are drawn independently of each other, each from the stream of its name. Years up to the cutoff
    hold the observed value; a sampled value outside the bounds is set to the bound: the tails that
    lie beyond the last quantile known.
    """
    own = [stream(study.seed, component.name)]
    scores = score_walks(np.eye(1), study.paths, combined.mean.shape[1], own)[:, 0]  # [P, H]
    drawn = at_scores(combined.quantiles[0], combined.probs, scores)
    low, high = indicator.bounds
    drawn = np.clip(drawn, low, high)
    at_bound = float(((drawn == low) | (drawn == high)).mean())
    paths = np.empty((study.paths, len(years)))
    for y, year in enumerate(years):
        paths[:, y] = (
            drawn[:, year - cutoff - 1] if year > cutoff else known.value(component.data, int(year))
        )
    return paths, at_bound


def _impossible(
    component: Component, study: Study, found: str, expected: str, remedy: str
) -> DataError:
    where = f"series {component.name!r} ({component.data}) up to {study.origin}"
    return DataError([Problem(where, found, expected, remedy)], study.path.name)
