"""Charts as SVG text: they print, open offline and need no script."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert

INK, ACCENT, MUTED = "#1f2933", "#b4451f", "#7b8794"
# Scenario lines: distinct in hue and in lightness, so that they survive a grey printer.
LINES = ("#1f2933", "#5aa9e6", "#2b6cb0", "#123a6b", "#e0a100", "#b4451f", "#2f8f6b", "#8b3fa0")
WIDTH, HEIGHT = 620, 290

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FanData:
    """What a fan chart shows.

    history, outcomes: year -> value, before and after the origin. fan: year -> (median, {level:
    interval}). history_label: what the history is.
    """

    title: str
    unit: str
    history: Mapping[int, float]
    fan: Mapping[int, tuple[float, Mapping[float, Interval]]]
    outcomes: Mapping[int, float]
    history_label: str = "observed"


def fan_chart(data: FanData, width: int = WIDTH, height: int = HEIGHT) -> str:
    """History, median and intervals, and outcomes where they are known, as SVG."""
    levels = sorted(next(iter(data.fan.values()))[1], reverse=True)
    words = " and ".join(f"{level:g}" for level in reversed(levels))
    median = f"median forecast with {words} % intervals"
    layers = [
        _band(
            {y: ends[level] for y, (_, ends) in data.fan.items()},
            data.unit,
            ACCENT,
            0.15 + 0.15 * k,
        )
        for k, level in enumerate(levels)
    ]
    lines: dict[str, Mapping[int, float]] = {
        median: {y: point for y, (point, _) in data.fan.items()}
    }
    colors = {median: ACCENT}
    later = "○ outcome, not used for the forecast"
    if data.history:
        lines[data.history_label], colors[data.history_label] = data.history, INK
    if data.outcomes:
        colors[later] = MUTED
    key = _key(colors, columns=1 if width < 500 else 0)  # a wide key would squeeze the chart
    layers.append(_lines(lines, key, data.unit))
    layers.append(_points({data.history_label: data.history}, key, data.unit, filled=True))
    layers.append(_points({later: data.outcomes}, key, data.unit, filled=False))
    return _svg(alt.layer(*layers), data.title, width, height)


def scenario_chart(
    title: str,
    unit: str,
    history: Mapping[int, float],
    scenarios: Mapping[str, Mapping[int, float]],
    band: Mapping[int, Interval],
    width: int = WIDTH,
    height: int = HEIGHT,
) -> str:
    """Medians of scenarios over the baseline's interval `band`, as SVG."""
    colors = dict(zip(scenarios, LINES * 4, strict=False))
    label = "up to the origin"
    key = _key({**colors, label: MUTED} if history else colors, columns=3)
    layers = [
        _band(band, unit, MUTED, 0.2),
        _lines({**scenarios, label: history}, key, unit),
        _points({label: history}, key, unit, filled=True),
    ]
    return _svg(alt.layer(*layers), title, width, height)


def _x() -> Any:
    axis = alt.Axis(format="d", title=None, grid=False, tickMinStep=1, labelFlush=False)
    return alt.X("year:Q", axis=axis, scale=alt.Scale(zero=False, nice=False))


def _y(unit: str, field: str = "value") -> Any:
    axis = alt.Axis(format=",~r", tickCount=6)
    return alt.Y(f"{field}:Q", title=unit, scale=alt.Scale(zero=True, nice=True), axis=axis)


def _band(ends: Mapping[int, Interval], unit: str, color: str, opacity: float) -> Any:
    rows = [{"year": y, "low": low, "high": high} for y, (low, high) in sorted(ends.items())]
    area = alt.Chart(alt.InlineData(values=rows)).mark_area(color=color, opacity=opacity)
    return area.encode(x=_x(), y=_y(unit, "low"), y2="high:Q")


def _rows(values: Mapping[str, Mapping[int, float]]) -> Any:
    return alt.InlineData(
        values=[
            {"year": year, "value": value, "what": what}
            for what, line in values.items()
            for year, value in sorted(line.items())
        ]
    )


def _key(colors: Mapping[str, str], columns: int = 0) -> Any:
    """Colour by what a line is, with a key below the chart."""
    legend = alt.Legend(
        orient="bottom", title=None, labelLimit=400, columns=columns or len(colors),
        labelFontSize=12, symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3,
    )  # fmt: skip
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color("what:N", scale=scale, legend=legend)


def _lines(values: Mapping[str, Mapping[int, float]], key: Any, unit: str) -> Any:
    mark = alt.Chart(_rows(values)).mark_line(strokeWidth=2)
    return mark.encode(x=_x(), y=_y(unit), color=key)


def _points(values: Mapping[str, Mapping[int, float]], key: Any, unit: str, filled: bool) -> Any:
    mark = alt.Chart(_rows(values)).mark_point(size=34, opacity=1, filled=filled, strokeWidth=1.8)
    fill = {} if filled else {"fill": alt.value("white")}
    return mark.encode(x=_x(), y=_y(unit), color=key, **fill)


def _svg(chart: Any, title: str, width: int, height: int) -> str:
    font = "Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
    drawn = (
        chart.properties(
            width=width,
            height=height,
            title=alt.TitleParams(title, anchor="start", fontSize=15, color=INK, offset=10),
        )
        .configure(font=font, background="white")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=INK, titleColor=INK, gridColor="#e4e7eb", domainColor="#9aa5b1",
            tickColor="#9aa5b1", labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
        )
    )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(drawn.to_dict()))
