"""Charts of a comparison as SVG text: skill with bands, errors along a key."""

from typing import Any

import altair as alt
import numpy as np

from westforecast.comparison.comparison import Comparison
from westforecast.report.figures import ACCENT, DASHES, INK, LINES, MUTED, svg

WIDTH = 860
MUCH_WORSE = -0.5  # a skill below would squeeze the others: drawn at the edge, or not at all
LONGEST = 260  # room for a name beside a chart


def skill_chart(comparison: Comparison) -> str:
    """Skill of each model against the baseline with its band, best first."""
    board = comparison.board()
    shown = [m for m in board.order if m != board.base and np.isfinite(board.skill[m])]
    names = [comparison.models[m] for m in shown]
    low, high = board.band[:, shown]
    skill = board.skill[shown]
    near = skill >= MUCH_WORSE
    worst = min(0.0, float(skill[near].min(initial=0.0)))
    ends = np.maximum(low[near & np.isfinite(low)], 2 * worst - 0.5)  # wider bands run out of sight
    edge = min(-0.05, 1.15 * min(worst, float(ends.min(initial=0.0))))
    rows = [
        {
            "model": name,
            "skill": 100 * (skill[k] if near[k] else edge),
            "low": 100 * max(low[k], edge) if near[k] and np.isfinite(low[k]) else None,
            "high": 100 * high[k] if near[k] and np.isfinite(high[k]) else None,
            "far": "" if near[k] else f"◀ {100 * skill[k]:.0f} %",
        }
        for k, name in enumerate(names)
    ]
    data = alt.InlineData(values=rows)
    title = f"skill against {comparison.baseline}, percent; right of 0 is better"
    y = alt.Y("model:N", sort=names, title=None, axis=alt.Axis(grid=False, labelLimit=LONGEST))
    signed = "datum.value == 0 ? '0' : format(datum.value, '+d')"
    axis, scale = alt.Axis(labelExpr=signed, tickCount=7), alt.Scale(nice=False, padding=12)
    x = alt.X("skill:Q", title=title, axis=axis, scale=scale)
    zero = alt.Chart(alt.InlineData(values=[{"skill": 0}])).mark_rule(color=MUTED, strokeWidth=1.5)
    band = alt.Chart(data).mark_rule(color=ACCENT, strokeWidth=5, opacity=0.35)
    dots = alt.Chart(data).mark_point(color=ACCENT, filled=True, size=70, opacity=1)
    far = alt.Chart(data).mark_text(align="left", color=INK, fontSize=12)
    layers = alt.layer(
        zero.encode(x=x),
        band.encode(y=y, x=alt.X("low:Q", title=title, axis=axis, scale=scale), x2="high:Q"),
        dots.transform_filter(alt.datum.far == "").encode(y=y, x=x),
        far.encode(y=y, x=x, text="far:N"),
    )
    level = f"{100 * (1 - comparison.alpha):g}"
    banded = f", with {level} % bands" if np.isfinite(low).any() else ""
    return svg(layers, f"Skill{banded}", WIDTH, max(60, 30 * len(names)))


def lines_chart(comparison: Comparison, key: str, title: str) -> str:
    """The score along horizons or cutoffs, a line each for the baseline and the best others.

    With several data sets, the ratio of scores to the baseline's.
    """
    columns = comparison.labelled([key])
    several = len(comparison.datasets) > 1
    values = 1 - columns["skill"] if several else columns[comparison.losses.column]
    shown = lines_shown(comparison)
    rows = [
        {"at": str(at), "model": model, "value": float(value)}
        for at, model, value in zip(columns[key], columns["model"], values, strict=True)
        if model in shown and np.isfinite(value)
    ]
    order = list(dict.fromkeys(str(at) for at in columns[key]))
    axis = alt.Axis(title=None, labelAngle=0, grid=False, labelOverlap="greedy")
    unit = f"{comparison.losses.column} over {comparison.baseline}'s" if several else (
        comparison.losses.column
    )  # fmt: skip
    colors = alt.Scale(domain=shown, range=[LINES[k % len(LINES)] for k in range(len(shown))])
    dashes = alt.Scale(
        domain=shown, range=[list(DASHES[k % len(DASHES)]) for k in range(len(shown))]
    )
    legend = alt.Legend(
        orient="bottom", title=None, columns=4, labelLimit=200, symbolStrokeWidth=3, symbolSize=500,
        symbolType="stroke", labelFontSize=12,
    )  # fmt: skip
    chart: Any = alt.Chart(alt.InlineData(values=rows)).mark_line(
        strokeWidth=2, point=len(order) < 40
    )
    drawn = chart.encode(
        x=alt.X("at:O", sort=order, axis=axis),
        y=alt.Y("value:Q", title=unit, scale=alt.Scale(zero=True, nice=True)),
        color=alt.Color("model:N", scale=colors, legend=legend),
        strokeDash=alt.StrokeDash("model:N", scale=dashes, legend=legend),
    )
    return svg(drawn, title, WIDTH, 300)


def lines_shown(comparison: Comparison) -> list[str]:
    """The baseline and the best others, as many as there are colours; those far worse are not."""
    board = comparison.board()
    others = [m for m in board.order if m != board.base]
    near = [m for m in others if not board.skill[m] < MUCH_WORSE] or others
    return [comparison.baseline, *(comparison.models[m] for m in near[: len(LINES) - 1])]
