"""A study's findings as rows of words: what the terminal and the page both show."""

from typing import Any

import numpy as np

from westforecast.domain import DeepProcessing
from westforecast.report import words
from westforecast.study.file import COMBINATION, Derived
from westforecast.study.run import Hindsight, StudyResult
from westforecast.study.tables import manifest

Row = dict[str, Any]


def answer(result: StudyResult, derived: Derived) -> Row:
    fan = result.at_target(derived.name)
    lines = [
        f"{level:g} % interval {words.interval(*fan.intervals[level])}"
        for level in result.study.levels
    ]
    assumed = [
        f"{part.component.title}: {words.number(part.paths[0, 0])} {part.indicator.unit}, constant"
        for part in result.components.values()
        if part.component.assumption
    ]
    return {
        "title": derived.title,
        "point": f"{words.number(fan.point)} {derived.unit}",
        "lines": [*lines, *(f"assumes {line}" for line in assumed)],
    }


def chain(result: StudyResult) -> list[Row]:
    rows = []
    headlines = {d.name for d in result.study.headlines}
    for name in result.paths["baseline"]:
        fan, history = result.at_target(name), result.history(name)
        part = result.components.get(name)
        last = max(history) if history else None
        if part is not None and part.component.assumption:
            shown, how = words.number(fan.point), "assumption, held constant"
            rows.append(
                _chain_row(result, name, "assumed", shown, ["-"] * len(fan.intervals), how, False)
            )
            continue
        if part is not None:
            used = [model for model, weight in (part.weights or {}).items() if weight]
            how = f"{part.component.combine} of {words.count(len(used), 'model')}"
            if part.cutoff is not None and part.cutoff < result.study.origin:
                how += f", from {part.cutoff} on"
        else:
            how = " × ".join(map(result.title, result.study.derived[name].identity.parts))
        implied = ", implied" if result.rests_on_assumption(name) else ""
        observed = f"{words.number(history[last])} ({last}{implied})" if last is not None else "-"
        intervals = [words.interval(*fan.intervals[level]) for level in result.study.levels]
        rows.append(_chain_row(result, name, observed, words.number(fan.point), intervals, how,
                               name in headlines))  # fmt: skip
    return rows


def _chain_row(
    result: StudyResult, name: str, last: str, point: str, intervals: list[str], how: str,
    headline: bool,
) -> Row:  # fmt: skip
    return {
        "title": result.title(name), "unit": result.unit(name), "last": last, "point": point,
        "intervals": intervals, "how": how, "headline": headline,
    }  # fmt: skip


def scenarios(result: StudyResult) -> list[Row]:
    blocks = []
    level = result.study.levels[0]
    for derived in result.study.headlines:
        if not derived.market:
            continue
        rows = []
        for scenario in result.paths:
            parts = result.decompositions[scenario, derived.name]
            fan = result.at_target(derived.name, scenario)
            rows.append({
                "name": scenario,
                "start": words.number(parts.start),
                "end": words.number(parts.end),
                "interval": words.interval(*fan.intervals[level]),
                "total": words.sign(parts.total),
                "market": words.sign(parts.market),
                "share": words.sign(parts.share),
                "interaction": words.sign(parts.interaction),
            })  # fmt: skip
        observed = result.study.origin in result.history(derived.market)
        mark = "" if observed else "*"
        blocks.append({"title": derived.title, "unit": derived.unit, "rows": rows, "mark": mark})
    return blocks


def reasons(result: StudyResult) -> list[Row]:
    rows = []
    for scenario in result.study.scenarios:
        told = []
        for change in scenario.changes:
            name = result.title(change.series)
            told.append(change.describe().replace(change.series, name, 1))
            if isinstance(change, DeepProcessing):
                told[-1] += " (smelting share over mining share)"
        rows.append({"name": scenario.name, "change": "; ".join(told) or "nothing changes",
                     "reason": scenario.reason})  # fmt: skip
    return rows


def record(result: StudyResult) -> list[Row]:
    rows = []
    for name, part in result.components.items():
        weights = part.weights or {}
        for k, row in enumerate(part.record):
            model = str(row["model"])
            weight = "" if model == COMBINATION else f"{weights.get(model, 0):.2f}"
            if model == part.component.benchmark and not weights.get(model):
                weight = "benchmark"
            rows.append({
                "name": name,
                "title": part.component.title,
                "first": k == 0,
                "model": model,
                "weight": weight,
                **{k: words.number(float(row[k]), 3) for k in ("mase", "smape", "cagr_error")},
                "coverage": [words.number(float(row[f"coverage-{level:g}"]), 3)
                             for level in result.study.levels],
                "n": int(row["n"]),
                "n_excluded": int(row["n_excluded"]),
                "n_cutoffs": int(row["n_cutoffs"]),
            })  # fmt: skip
    return rows


def hindsight(result: StudyResult) -> list[Row]:
    groups: dict[tuple[str, str], list[Hindsight]] = {}
    for row in result.hindsight:
        groups.setdefault((row.series, row.model), []).append(row)
    rows, before = [], ""
    for (name, model), cells in groups.items():
        last = max(cells, key=lambda cell: cell.year)
        levels = result.study.levels
        rows.append({
            "name": name,
            "title": result.title(name),
            "first": name != before,
            "model": model,
            "n": len(cells),
            "mape": _mean_size([cell.error for cell in cells]),
            "inside": [_share([cell.hit[level] for cell in cells]) for level in levels],
            "year": last.year,
            "forecast": words.number(last.forecast),
            "outcome": words.number(last.outcome),
            "error": words.percent(last.error),
            "hits": [_hit(last.hit[level]) for level in levels],
        })  # fmt: skip
        before = name
    return rows


def comparisons(result: StudyResult) -> list[Row]:
    """Every forecast whose outcome is known, one by one."""
    return [
        {
            "title": result.title(row.series),
            "model": row.model,
            "year": row.year,
            "forecast": words.number(row.forecast),
            "outcome": words.number(row.outcome),
            "error": words.percent(row.error),
            "hits": [_hit(row.hit[level]) for level in result.study.levels],
        }
        for row in result.hindsight
    ]


def _share(hits: list[bool | None]) -> str:
    known = [hit for hit in hits if hit is not None]
    return f"{sum(known)} of {len(known)}" if known else "-"


def _hit(hit: bool | None) -> str:
    return "no interval" if hit is None else "hit" if hit else "miss"


def failures(result: StudyResult) -> list[str]:
    return [
        f"{result.title(name)}, {model}: {reason} ({status})"
        for name, model, status, reason in result.failures
    ]


def claim_summary(result: StudyResult) -> str:
    if not result.claims:
        return ""
    verdicts = [claim.verdict for claim in result.claims]
    told = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(sorted(verdicts)))
    claims = words.count(len(verdicts), "claim")
    return f"{claims} of the source text: {told}."


def sources(result: StudyResult) -> list[Row]:
    rows = []
    for indicator, record in zip(result.panel.indicators, result.panel.describe(), strict=True):
        rows.append({
            "id": indicator.id, "name": indicator.name, "unit": indicator.unit,
            "years": f"{record['first']}-{record['last']}", "n": record["n"],
            "source": indicator.source,
        })  # fmt: skip
    return rows


def footer(result: StudyResult) -> str:
    told = manifest(result)
    used = ", ".join(f"{name} {version}" for name, version in told["versions"].items())
    return (
        f"Study file {result.study.path.name} (sha256 {result.study.digest[:12]}), data "
        f"sha256 {told['data']['sha256'][:12]}, seed {told['seed']}, {used}."
    )


def first_component(result: StudyResult) -> str:
    """The first component that is forecast, whose record matters most; "" where none is."""
    return next((name for name, part in result.components.items() if part.result is not None), "")


def lesson(result: StudyResult) -> str:
    """What hindsight says of the first component, in a sentence; "" where nothing is known yet."""
    name = first_component(result)
    errors: dict[str, list[float]] = {}
    for row in result.hindsight:
        if row.series == name and np.isfinite(row.error):
            errors.setdefault(row.model, []).append(row.error)
    if COMBINATION not in errors:
        return ""
    part = result.components[name].component
    missed = errors[COMBINATION]
    told = (
        f"Hindsight, which the forecast did not use: over {words.count(len(missed), 'year')} the "
        f"forecast of {result.title(name)} was off by {_mean_size(missed)} on average"
    )
    if part.benchmark in errors and part.benchmark not in part.models:
        told += f", the plain benchmark {part.benchmark} by {_mean_size(errors[part.benchmark])}"
    side = "too high" if np.mean(missed) > 0 else "too low"
    return (
        f"{told}; it was {side} in {sum((e > 0) == (side == 'too high') for e in missed)} of them."
    )


def _mean_size(errors: list[float]) -> str:
    sizes = [abs(error) for error in errors if np.isfinite(error)]
    return f"{100 * np.mean(sizes):.1f} %" if sizes else "-"
