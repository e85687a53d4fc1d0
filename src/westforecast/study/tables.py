"""Tables and the manifest of a study: every number it forecast or scored, as columns."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np

from westforecast.backtest.result import versions
from westforecast.models import Status
from westforecast.plugin import registry
from westforecast.study.component import ComponentForecast
from westforecast.study.file import COMBINATION
from westforecast.study.result import Fan, StudyResult, fans
from westforecast.study.stages import Standing


def forecast_columns(result: StudyResult) -> dict[str, Any]:
    """One row per quantity, scenario, model and year, failures included.

    Components have a row for each model and for the combination; everything else follows from the
    joint paths. `point` says what yhat is; `sampling_error` is its standard error from having so
    many paths and no more; numbers are given up to the digit that it touches.
    """
    rows: list[dict[str, Any]] = []
    for name, part in result.components.items():
        rows += _model_rows(result, name, part)
    for scenario, paths in result.paths.items():
        for name in paths:
            same = np.array_equal(paths[name], result.paths["baseline"][name])
            if scenario != "baseline" and same:
                continue  # the scenario does not touch it
            for fan in result.fan(name, scenario)[1:]:
                rows.append(_row(result, name, scenario, COMBINATION, fan))
    for standing in result.standings:
        rows += _stage_rows(standing, list(rows[0]))
    return {key: _column([row[key] for row in rows]) for key in rows[0]}


def _stage_rows(standing: Standing, columns: list[str]) -> list[dict[str, Any]]:
    """The simulated stage index of a region, a row a year."""
    path = standing.path
    origin = int(path.years[0]) - 1
    rows = []
    for fan in fans(path.paths[0], path.years, path.levels):
        fan, year = fan.rounded(0.0, 100.0), fan.year
        row: dict[str, Any] = dict.fromkeys(columns, "") | {
            "unique_id": f"stage_index.{standing.region.name}",
            "title": f"Index of industrialization, {standing.region.title}",
            "unit": "points", "scenario": "baseline", "model": "simulated", "ds": year,
            "cutoff": origin, "horizon": year - origin, "point": "median", "status": "ok",
            "yhat": fan.point, "model_used": "simulated", "sampling_error": _error(fan),
            "y": standing.outcomes.get(year, float("nan")),
        }  # fmt: skip
        rows.append(row | _ends(fan))
    return rows


def _row(
    result: StudyResult, name: str, scenario: str, model: str, fan: Fan,
    status: str = "ok", reason: str = "", point: str = "median",
) -> dict[str, Any]:  # fmt: skip
    observed = result.outcomes(name).get(fan.year, float("nan")) if scenario == "baseline" else None
    row: dict[str, Any] = {
        "unique_id": name,
        "title": result.title(name),
        "unit": result.unit(name),
        "scenario": scenario,
        "model": model,
        "ds": fan.year,
        "cutoff": result.cutoff(name),
        "horizon": fan.year - result.cutoff(name),
        "yhat": fan.point,
        "point": point,
    }
    return (
        row
        | _ends(fan)
        | {
            "sampling_error": _error(fan),
            "y": float("nan") if observed is None else observed,
            "status": status,
            "reason": reason,
            "model_used": model if status == "ok" else "",
        }
    )


def _ends(fan: Fan) -> dict[str, float]:
    return {
        f"{side}-{level:g}": end
        for level, ends in fan.intervals.items()
        for side, end in zip(("lo", "hi"), ends, strict=True)
    }


def _error(fan: Fan) -> float:
    return float(f"{fan.error:.2g}")


def _model_rows(result: StudyResult, name: str, part: ComponentForecast) -> list[dict[str, Any]]:
    if part.result is None or part.cutoff is None:
        return []
    rows = []
    for model, forecast in part.result.forecasts.items():
        if model == COMBINATION:
            continue  # its rows come from the joint paths
        status = Status(int(forecast.status[0]))
        for year in result.years[1:]:
            step = int(year) - part.cutoff - 1
            ends = {
                level: tuple(float(end[0, step]) for end in forecast.interval(level))
                for level in result.study.levels
            }
            fan = Fan(int(year), float(forecast.mean[0, step]), ends)  # type: ignore[arg-type]
            rows.append(_row(result, name, "baseline", model, fan, status.label,
                             forecast.reason.get(0, ""), "the model's own"))  # fmt: skip
    return rows


def score_columns(result: StudyResult) -> dict[str, Any]:
    """Scores before the origin: a row per quantity, model and horizon, and one for all horizons."""
    rows = []
    for name, part in result.components.items():
        weights = {**(part.weights or {}), COMBINATION: 1.0}
        for source, horizon in ((part.record, "all"), (part.by_horizon, "")):
            for row in source:
                scores = {k: v for k, v in row.items() if k not in ("model", "horizon", "chosen")}
                rows.append({
                    "unique_id": name, "title": part.component.title, "model": row["model"],
                    "horizon": horizon or str(row["horizon"]),
                    "weight": weights.get(str(row["model"]), 0.0), **scores,
                })  # fmt: skip
    if not rows:
        return {"unique_id": [], "model": [], "horizon": []}
    return {key: _column([row[key] for row in rows]) for key in rows[0]}


def _column(values: list[Any]) -> Any:
    if any(isinstance(value, str) for value in values):
        return np.array(values, dtype=object)
    return np.array(values)


def manifest(result: StudyResult) -> dict[str, Any]:
    """Everything needed to make the result again, and what it cost."""
    study = result.study
    models = [
        model for part in result.components.values() if part.result is not None
        for model in part.result.models.values()
    ]  # fmt: skip
    return {
        "format": 1,
        "study": study.name,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "study_file": {"name": study.path.name, "sha256": study.digest},
        "data": {"name": study.data.name, "sha256": result.panel.digest()},
        "origin": study.origin,
        "until": study.until,
        "levels": list(study.levels),
        "paths": study.paths,
        "seed": study.seed,
        "components": {
            name: {
                "data": part.component.data or None,
                "assumption": part.component.assumption or None,
                "cutoff": part.cutoff,
                "combine": part.component.combine,
                "weights": dict(part.weights or {}),
                "models": {
                    label: repr(model)
                    for label, model in (part.result.models if part.result else {}).items()
                },
                "share_of_sampled_values_at_a_bound": part.at_bound,
            }
            for name, part in result.components.items()
        },
        "scenarios": {
            scenario.name: {
                "reason": scenario.reason,
                "author": scenario.author,
                "date": scenario.date,
            }
            for scenario in study.scenarios
        },
        "changes": [{**asdict(entry), "effect": dict(entry.effect)} for entry in result.trail],
        "targets": [
            {
                "quantity": target.aim.goal.quantity,
                "goal": target.aim.goal.text,
                "reason": target.aim.goal.reason,
                "source": target.aim.goal.source,
                "probability": {name: p for name, (p, _) in target.chances.items()},
                "sentence": target.attainment.sentence,
            }
            for target in result.targets
        ],
        "failures": [
            dict(zip(("series", "model", "status", "reason"), failure, strict=True))
            for failure in result.failures
        ],
        "notes": list(result.notes),
        "versions": versions(models),
        "plugins": {p.distribution: p.version for p in registry().plugins},
        "seconds": round(result.seconds, 2),
    }
