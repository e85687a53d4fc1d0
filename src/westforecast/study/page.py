"""The report of a study: one HTML page."""

import numpy as np

from westforecast.domain import stage_name
from westforecast.report.document import render
from westforecast.report.figures import LINES, FanData, fan_chart, scenario_chart
from westforecast.study import records
from westforecast.study.plans import BASELINE
from westforecast.study.result import StudyResult
from westforecast.study.stages import Standing

HISTORY_SHOWN = 15  # years before the origin in charts
LINES_SHOWN = len(LINES) - 1  # scenarios in one chart beside the baseline
WIDE, SMALL = (860, 330), (420, 220)


def page(result: StudyResult) -> str:
    """The report as one HTML page."""
    study = result.study
    years = sorted({h.year for h in result.hindsight})
    stands, targets, scenarios = (
        records.standings(result), records.targets(result), records.scenarios(result)
    )  # fmt: skip
    moved, unmoved = records.moved(targets)
    return render("study.html.j2", {
        "title": study.title,
        "summary": study.summary.strip(),
        "origin": study.origin,
        "until": study.until,
        "levels": [f"{level:g}" for level in study.levels],
        "answers": [records.answer(result, derived) for derived in study.headlines],
        "lesson": records.lesson(result),
        "standings": stands,
        "unplaced": records.unplaced(result),
        "stages_shown": _stages_shown(stands),
        "stage_charts": [stage_figure(result, standing) for standing in result.standings],
        "headline_charts": [fan_figure(result, d.name) for d in study.headlines],
        "component_charts": [
            fan_figure(result, name, small=True)
            for name, part in result.components.items() if part.result is not None
        ],
        "scenario_charts": _scenario_figures(result),
        "paths": f"{study.paths:,}",
        "chain": records.chain(result),
        "scenarios": scenarios,
        "split": any(block["split"] for block in scenarios),
        "reasons": records.reasons(result),
        "trail": records.trail(result),
        "headlines": [f"{derived.title}, {derived.unit}" for derived in study.headlines],
        "factors": records.chains(result),
        "outlook": records.outlook(result),
        "targets": targets,
        "moved_targets": moved,
        "unmoved_targets": unmoved,
        "record": records.record(result),
        "min_train": study.min_train,
        "horizon": study.horizon,
        "failures": records.failures(result),
        "hindsight": records.hindsight(result),
        "comparisons": records.comparisons(result),
        "hindsight_years": f"{years[0]} to {years[-1]}" if years else "",
        "claims": result.claims,
        "claim_summary": records.claim_summary(result),
        "notes": [*study.notes, *result.notes],
        "assumptions": list(study.assumptions.values()),
        "findings": records.findings(result),
        "sources": records.sources(result),
        "footer": records.footer(result),
    })  # fmt: skip


def fan_figure(result: StudyResult, name: str, small: bool = False) -> str:
    """The fan chart of one quantity, as SVG."""
    origin = result.study.origin
    history = {y: v for y, v in result.history(name).items() if y > origin - HISTORY_SHOWN}
    implied = result.rests_on_assumption(name)
    fan = {f.year: (f.point, f.intervals) for f in result.fan(name)}
    data = FanData(
        title=result.title(name), unit=result.unit(name), history=history, fan=fan,
        outcomes={y: v for y, v in result.outcomes(name).items() if y <= result.study.until},
        history_label="implied by the assumed share" if implied else "observed",
    )  # fmt: skip
    return fan_chart(data, *(SMALL if small else WIDE))


def stage_figure(result: StudyResult, standing: Standing) -> str:
    """The fan chart of one region's stage index, as SVG."""
    path, origin = standing.path, result.study.origin
    ends = {level: path.interval(level) for level in result.study.levels}
    fan = {
        int(year): (
            float(np.median(path.paths[0, :, h])),
            {level: (float(low[0, h]), float(high[0, h])) for level, (low, high) in ends.items()},
        )
        for h, year in enumerate(path.years)
    }
    data = FanData(
        title=f"{standing.region.title}: index of industrialization",
        unit="points of 100",
        history={y: v for y, v in standing.observed.items() if y > origin - HISTORY_SHOWN},
        fan=fan,
        outcomes={y: v for y, v in standing.outcomes.items() if y <= result.study.until},
        history_label="computed from what was observed",
        span=(0.0, 100.0),
    )
    return fan_chart(data, *SMALL)


def _stages_shown(stands: list[records.Row]) -> list[tuple[int, str]]:
    """Stages (place, name) that have a probability above 0 in any region and year shown."""
    rows = [year["probs"] for row in stands for year in row["years"]]
    return [
        (k, stage_name(k + 1)) for k in range(5) if any(probs[k] not in {"0", ""} for probs in rows)
    ]


def _scenario_figures(result: StudyResult) -> list[str]:
    """A chart a headline and group of scenarios, each with the baseline and its interval."""
    charts = []
    for derived in result.study.headlines:
        name, level = derived.name, result.study.levels[0]
        band = {f.year: f.intervals[level] for f in result.fan(name)}
        history = {
            y: v for y, v in result.history(name).items()
            if y > result.study.origin - HISTORY_SHOWN
        }  # fmt: skip
        for label, group in _groups(result).items():
            lines = {s: {f.year: f.point for f in result.fan(name, s)} for s in group}
            title = f"{derived.title}: {label} over the baseline's {level:g} % interval"
            charts.append(scenario_chart(title, derived.unit, history, lines, band, *WIDE))
    return charts


def _groups(result: StudyResult) -> dict[str, list[str]]:
    """Scenarios by chart: as many as there are colours; low, medium and high have their own."""
    made = {s.name for s in result.study.outlook.scenarios()} if result.study.outlook else set()
    own = [name for name in result.paths if name != BASELINE.name and name not in made]
    parts = [own[k : k + LINES_SHOWN] for k in range(0, len(own), LINES_SHOWN)]
    groups = {
        "scenarios" if len(parts) == 1 else f"scenarios ({k} of {len(parts)})": part
        for k, part in enumerate(parts, start=1)
    }
    if cases := [name for name in result.paths if name in made]:
        groups[", ".join(cases)] = cases
    return {label: [BASELINE.name, *group] for label, group in (groups or {"median": []}).items()}
