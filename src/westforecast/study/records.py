"""A study's findings as rows of words: what the terminal and the page both show."""

from collections.abc import Iterable
from typing import Any, get_args

import numpy as np

from westforecast.domain import Change, DeepProcessing, stage_name
from westforecast.domain.checks import Severity
from westforecast.domain.scenario import CASES
from westforecast.domain.stage_words import INDICATOR_TITLES
from westforecast.report import words
from westforecast.study.file import COMBINATION, Derived
from westforecast.study.result import Fan, Hindsight, StudyResult
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
        "lines": [*lines, *_sampling(result, fan), *(f"assumes {line}" for line in assumed)],
    }


def _sampling(result: StudyResult, fan: Fan) -> list[str]:
    """How far the median of so many paths is known; nothing where it is exact."""
    if not fan.error:
        return []
    return [f"median ± {words.number(fan.error, 1)} from {result.study.paths:,} sample paths"]


def chain(result: StudyResult) -> list[Row]:
    """Every quantity, what is behind the answer first; `in_answer` says which that is."""
    rows = []
    headlines = {d.name for d in result.study.headlines}
    behind = _behind(result, headlines)
    for name in sorted(result.paths["baseline"], key=lambda name: name not in behind):
        fan, history = result.at_target(name), result.history(name)
        part = result.components.get(name)
        last = max(history) if history else None
        if part is not None and part.component.assumption:
            shown, how = words.number(fan.point), "assumption, held constant"
            intervals = ["-"] * len(fan.intervals)
            rows.append(_chain_row(result, name, "assumed", shown, intervals, how, behind))
            continue
        if part is not None:
            used = [model for model, weight in (part.weights or {}).items() if weight]
            how = f"{part.component.combine} of {words.count(len(used), 'model')}"
            if part.cutoff is not None and part.cutoff < result.study.origin:
                how += f", from {part.cutoff} on"
        else:
            how = " × ".join(map(result.title, result.study.derived[name].identity.parts))
        observed = f"{words.number(history[last])} ({last})" if last is not None else "-"
        intervals = [words.interval(*fan.intervals[level]) for level in result.study.levels]
        point = words.number(fan.point)
        rows.append(_chain_row(result, name, observed, point, intervals, how, behind))
    return rows


def _behind(result: StudyResult, names: Iterable[str]) -> set[str]:
    """Names and all that they are made of."""
    found = set(names)
    for name in names:
        if name in result.study.derived:
            found |= _behind(result, result.study.derived[name].identity.parts)
    return found


def _chain_row(
    result: StudyResult, name: str, last: str, point: str, intervals: list[str], how: str,
    behind: set[str],
) -> Row:  # fmt: skip
    return {
        "title": result.title(name), "unit": result.unit(name), "last": last, "point": point,
        "intervals": intervals, "how": how if name in behind else f"{how}; beside the answer",
        "headline": name in {d.name for d in result.study.headlines}, "in_answer": name in behind,
        "implied": last != "-" and name in result.study.derived
                   and result.rests_on_assumption(name),
    }  # fmt: skip


def scenarios(result: StudyResult) -> list[Row]:
    """Each headline under each scenario; `split` where its change falls into market and share."""
    blocks = []
    level = result.study.levels[0]
    for derived in result.study.headlines:
        rows = []
        for scenario in result.paths:
            fans = result.fan(derived.name, scenario)
            row = {
                "name": scenario,
                "start": words.number(fans[0].point),
                "end": words.number(fans[-1].point),
                "interval": words.interval(*fans[-1].intervals[level]),
                "total": words.sign(fans[-1].point - fans[0].point),
            }
            if parts := result.decompositions.get((scenario, derived.name)):
                row |= {"total": words.sign(parts.total), "market": words.sign(parts.market),
                        "share": words.sign(parts.share),
                        "interaction": words.sign(parts.interaction)}  # fmt: skip
            rows.append(row)
        observed = result.study.origin in result.history(derived.market or derived.name)
        blocks.append({
            "title": derived.title, "unit": derived.unit, "rows": rows,
            "mark": "" if observed else "*", "split": all("market" in row for row in rows),
        })  # fmt: skip
    return blocks


def reasons(result: StudyResult) -> list[Row]:
    rows = []
    for scenario in result.study.scenarios:
        told = [_told(result, change.describe(), change) for change in scenario.signed]
        signed = [text for text in (scenario.author, scenario.date) if text]
        rows.append({"name": scenario.name, "change": "; ".join(told) or "nothing changes",
                     "reason": scenario.reason, "signed": ", ".join(signed)})  # fmt: skip
    return rows


def _told(result: StudyResult, text: str, change: Change) -> str:
    """A change in words, series by their titles."""
    text = text.replace(change.series, result.title(change.series), 1)
    if change.responds_to:
        followed = f"follows {change.responds_to}"
        text = text.replace(followed, f"follows {result.title(change.responds_to)}", 1)
    if isinstance(change, DeepProcessing):
        text += " (smelting share over mining share)"
    return text


def trail(result: StudyResult) -> list[Row]:
    """The audit trail: who, when, what, from, to, why, and the effect on each headline."""
    rows, before = [], ""
    for entry, change in zip(result.trail, _changes(result), strict=True):
        rows.append({
            "name": entry.scenario,
            "first": entry.scenario != before,
            "who": entry.author or "not said",
            "when": entry.date,
            "what": _told(result, entry.what, change),
            "from": f"{words.number(entry.before)} {result.unit(entry.series)}",
            "to": words.number(entry.after),
            "reason": entry.reason,
            "effects": [words.sign(entry.effect[d.name]) for d in result.study.headlines],
        })  # fmt: skip
        before = entry.scenario
    return rows


def _changes(result: StudyResult) -> list[Change]:
    return [change for scenario in result.study.scenarios for change in scenario.changes]


def chains(result: StudyResult) -> list[Row]:
    """What each component's change adds to each headline's, scenario by scenario."""
    blocks = []
    for derived in result.study.headlines:
        parts = {s: p for (s, name), p in result.chains.items() if name == derived.name}
        if parts:
            factors = list(next(iter(parts.values())))
            rows = [
                {"name": scenario, "total": words.sign(sum(found.values())),
                 "parts": [words.sign(found[factor]) for factor in factors]}
                for scenario, found in parts.items()
            ]  # fmt: skip
            blocks.append({"title": derived.title, "unit": derived.unit, "rows": rows,
                           "factors": [result.title(factor) for factor in factors]})  # fmt: skip
    return blocks


def outlook(result: StudyResult) -> list[Row]:
    """The low / medium / high table beside the past's spread of growth."""
    if result.study.outlook is None:
        return []
    bands = {band.series: band for band in result.bands}
    study, rows = result.study, []
    for row in result.study.outlook.rows:
        if row.series not in bands:
            continue
        band, name = bands[row.series], result.title(row.series)
        why = [row.why(case) for case in CASES]
        rows.append({
            "title": name,
            "rates": [words.percent(row.average(case, study.origin, study.until))
                      for case in CASES],
            "past": f"{words.percent(band.past[0])} to {words.percent(band.past[1])}"
                    if band.past else "-",
            "warns": band.narrow or band.beside,
            "note": _capital(band.note.removeprefix(f"{row.series}: ")),
            "reason": " / ".join(dict.fromkeys(why)),
        })  # fmt: skip
    return rows


def targets(result: StudyResult) -> list[Row]:
    """Each target: how likely, the pace it takes, and how often that pace was kept."""
    rows = []
    for target in result.targets:
        told, goal = target.attainment, target.aim.goal
        past = told.precedents
        rows.append({
            "title": result.title(goal.quantity),
            "goal": f"{result.title(goal.quantity)}: {goal.text}",
            "chance": _chance(told.probability, told.error),
            "short": f"{'≥' if goal.at_least else '≤'} {words.number(goal.value)}, {goal.year}",
            "required": told.pace(told.required),
            "expected": told.pace(told.expected),
            "kept": f"{past.reached} of {past.windows}"
                    if past and past.windows else "-",
            "sentence": told.sentence,
            "reason": words.sentence(goal.reason),
            "source": words.sentence(goal.source),
            "series": words.count(past.series, "series", "series") if past else "-",
            "scenarios": [
                {"name": name, "chance": _chance(*found)} for name, found in target.chances.items()
            ],
        })  # fmt: skip
    return rows


def moved(targets: list[Row]) -> tuple[list[Row], list[Row]]:
    """Targets (rows) whose probability depends on the scenario, and those no scenario moves."""
    alike: tuple[list[Row], list[Row]] = ([], [])
    for row in targets:
        alike[len({found["chance"] for found in row["scenarios"]}) == 1].append(row)
    return alike


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _chance(probability: float, error: float) -> str:
    return f"{100 * probability:.0f} % ± {100 * error:.1f}"


def standings(result: StudyResult) -> list[Row]:
    """Card, path and probabilities of the stages of every region, and what came."""
    rows = []
    for standing in result.standings:
        path, card = standing.path, standing.card
        steps = [h for h, year in enumerate(path.years) if year in _marks(result)]
        probs = path.probabilities()[0]
        low, high = path.interval(result.study.levels[0])
        years = [
            {
                "year": int(path.years[h]),
                "median": words.number(float(np.median(path.paths[0, :, h])), 3),
                "interval": words.interval(float(low[0, h]), float(high[0, h])),
                "probs": [f"{100 * p:.0f}" for p in probs[h]],
                "came": words.number(standing.outcomes.get(int(path.years[h])), 3),
            }
            for h in steps
        ]
        reached = path.reach_years(min(card.stage + 1, 5))[0] if card.stage < 5 else np.nan
        rows.append({
            "title": standing.region.title,
            "composite": words.number(card.composite, 3),
            "stage": card.name,
            "year": card.year,
            "next": stage_name(min(card.stage + 1, 5)),
            "reached": f"{reached:.0f}" if np.isfinite(reached) else f"after {path.years[-1]}",
            "missing": f"{100 * (1 - card.weight):.0f} %" if card.missing else "",
            "left_out": words.count(standing.left_out, "year") if standing.left_out else "",
            "entries": [
                {**row, "name": INDICATOR_TITLES[row["indicator"]],
                 "score": words.number(row["score"], 3), "points": words.number(row["points"], 3),
                 "weight": f"{100 * row['weight']:.0f} %"}
                for row in card.rows()
            ],
            "years": years,
        })  # fmt: skip
    return rows


def unplaced(result: StudyResult) -> list[Row]:
    """Regions without a stage, each with its reason."""
    titles = {r.name: r.title for r in result.study.stages.regions} if result.study.stages else {}
    return [
        {"title": titles[name], "reason": words.sentence(reason)}
        for name, reason in result.unplaced.items()
    ]


def _marks(result: StudyResult) -> list[int]:
    """Every fifth year after the origin, and the last."""
    study = result.study
    return sorted({*range(study.origin + 5, study.until, 5), study.until,
                   *(max(s.outcomes) for s in result.standings
                     if s.outcomes and max(s.outcomes) < study.until)})  # fmt: skip


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
                "rank": float(row["mase"]) if np.isfinite(row["mase"]) else np.inf,
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


def findings(result: StudyResult) -> list[Row]:
    """What the screens say of the data, most severe first."""
    return [
        {"severity": f.severity, "rule": f.rule, "where": f.where, "found": f.found,
         "expected": f.expected, "remedy": f.remedy}
        for f in sorted(result.findings, key=lambda f: get_args(Severity).index(f.severity))
    ]  # fmt: skip


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
