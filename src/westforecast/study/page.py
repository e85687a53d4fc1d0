"""The report of a study: one HTML page."""

from westforecast.report.document import render
from westforecast.report.figures import FanData, fan_chart, scenario_chart
from westforecast.study import records
from westforecast.study.run import StudyResult

HISTORY_SHOWN = 15  # years before the origin in charts
WIDE, SMALL = (860, 330), (420, 220)


def page(result: StudyResult) -> str:
    """The report as one HTML page."""
    study = result.study
    years = sorted({h.year for h in result.hindsight})
    return render("study.html.j2", {
        "title": study.title,
        "summary": study.summary.strip(),
        "origin": study.origin,
        "until": study.until,
        "levels": [f"{level:g}" for level in study.levels],
        "answers": [records.answer(result, derived) for derived in study.headlines],
        "lesson": records.lesson(result),
            "headline_charts": [fan_figure(result, d.name) for d in study.headlines],
        "component_charts": [
            fan_figure(result, name, small=True)
            for name, part in result.components.items() if part.result is not None
        ],
        "scenario_charts": _scenario_figures(result),
        "paths": f"{study.paths:,}",
        "chain": records.chain(result),
        "scenarios": records.scenarios(result),
        "reasons": records.reasons(result),
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


def _scenario_figures(result: StudyResult) -> list[str]:
    charts = []
    for derived in result.study.headlines:
        name, level = derived.name, result.study.levels[0]
        lines = {s: {f.year: f.point for f in result.fan(name, s)} for s in result.paths}
        band = {f.year: f.intervals[level] for f in result.fan(name)}
        history = {
            y: v for y, v in result.history(name).items()
            if y > result.study.origin - HISTORY_SHOWN
        }  # fmt: skip
        title = f"{derived.title}: scenarios over the baseline's {level:g} % interval"
        charts.append(scenario_chart(title, derived.unit, history, lines, band, *WIDE))
    return charts
