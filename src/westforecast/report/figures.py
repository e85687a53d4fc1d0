"""Charts as SVG text: they print, open offline and need no script."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import altair as alt
import vl_convert
from rich.cells import cell_len, set_cell_size

from westforecast.text import visible

INK, ACCENT, MUTED = "#1f2933", "#b4451f", "#7b8794"
# Scenario lines: the first, the baseline's, is black and the others far from it in lightness; on a
# grey printer dashes tell them apart.
LINES = ("#000000", "#4ba3dd", "#c2410c", "#15906b", "#d39a00", "#8e5bc0", "#d4609a", "#7a8b2a")
DASHES = ((1, 0), (1, 0), (8, 3), (2, 2), (8, 3, 2, 3), (14, 4), (5, 2), (3, 5))
LABEL_ROOM = 90  # pixels for a year below the axis
WIDTH, HEIGHT = 620, 290
LETTER, TITLE_LETTER = 6.4, 7.5  # pixels of one in names and in titles
NAME_ROOM = 400  # pixels of a name beside a line
NAMED = {"values", "domain", "sort"}  # parts of a description that hold names
# What every object of JavaScript has; the renderer finds it where it looks for names.
BUILT_IN = {
    "constructor", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString",
    "toString", "valueOf", "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__",
    "__lookupSetter__",
}  # fmt: skip

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class FanData:
    """What a fan chart shows.

    history, outcomes: year -> value, before and after the origin. fan: year -> (median, {level:
    interval}). history_label: what the history is. span: ends of the axis; None takes 0 and what
    the values need.
    """

    title: str
    unit: str
    history: Mapping[int, float]
    fan: Mapping[int, tuple[float, Mapping[float, Interval]]]
    outcomes: Mapping[int, float]
    history_label: str = "observed"
    span: Interval | None = None


def fan_chart(data: FanData, width: int = WIDTH, height: int = HEIGHT) -> str:
    """History, median and intervals, and outcomes where they are known, as SVG.

    The fan begins at the last observed point, with no width.
    """
    levels = sorted(next(iter(data.fan.values()))[1], reverse=True)
    known = _last(data.history, data.fan)
    fan = {y: (v, dict.fromkeys(levels, (v, v))) for y, v in known.items()} | dict(data.fan)
    axes = _Axes(data.unit, width, data.span)
    words = " and ".join(f"{level:g}" for level in reversed(levels))
    median = f"median forecast with {words} % intervals"
    layers = [
        _band(
            {y: ends[level] for y, (_, ends) in fan.items()},
            axes,
            ACCENT,
            0.15 + 0.15 * k,
        )
        for k, level in enumerate(levels)
    ]
    lines: dict[str, Mapping[int, float]] = {median: {y: point for y, (point, _) in fan.items()}}
    colors = {median: ACCENT}
    later = "○ outcome, not used for the forecast"
    if data.history:
        lines[data.history_label], colors[data.history_label] = data.history, INK
    if data.outcomes:
        colors[later] = MUTED
    key = _key(colors, columns=1 if width < 500 else 0)  # a wide key would squeeze the chart
    layers.append(_lines(lines, key, axes))
    layers.append(_points({data.history_label: data.history}, key, axes, filled=True))
    layers.append(_points({later: data.outcomes}, key, axes, filled=False))
    return svg(alt.layer(*layers), data.title, width, height)


def scenario_chart(
    title: str,
    unit: str,
    history: Mapping[int, float],
    scenarios: Mapping[str, Mapping[int, float]],
    band: Mapping[int, Interval],
    width: int = WIDTH,
    height: int = HEIGHT,
) -> str:
    """Medians of scenarios over the baseline's interval `band`, as SVG.

    The first is the baseline's. Lines and band begin at the last observed point. Lines beyond as
    many as there are colours take them again.
    """
    label, axes = "up to the origin", _Axes(unit, width)
    while label in scenarios:  # whose names are their authors'
        label += " "
    colors = {name: LINES[k % len(LINES)] for k, name in enumerate(scenarios)}
    dashes = {name: DASHES[k % len(DASHES)] for k, name in enumerate(scenarios)}
    if history:
        colors[label], dashes[label] = MUTED, DASHES[0]
    key = _key(colors, columns=3)
    known = _last(history, band)
    joined = {name: {**known, **line} for name, line in scenarios.items()}
    layers = [
        _band({**{y: (v, v) for y, v in known.items()}, **band}, axes, MUTED, 0.2),
        _lines({**joined, label: history}, key, axes, dashes),
        _points({label: history}, key, axes, filled=True),
    ]
    return svg(alt.layer(*layers), title, width, height)


def _last(history: Mapping[int, float], ahead: Mapping[int, Any]) -> dict[int, float]:
    """The last observed point, if it lies before what is ahead."""
    year = max(history, default=None)
    return {year: history[year]} if year is not None and year < min(ahead) else {}


@dataclass(frozen=True, slots=True)
class _Axes:
    """Axes that all layers of a chart share."""

    unit: str
    width: int
    span: Interval | None = None

    def x(self) -> Any:
        axis = alt.Axis(format="d", title=None, grid=False, tickMinStep=1, labelFlush=False,
                        tickCount=max(2, self.width // LABEL_ROOM))  # fmt: skip
        return alt.X("year:Q", axis=axis, scale=alt.Scale(zero=False, nice=False))

    def y(self, field: str = "value") -> Any:
        scale = alt.Scale(zero=True, nice=True)
        if self.span is not None:
            scale = alt.Scale(domain=list(self.span), nice=False)
        axis = alt.Axis(format=",~r", tickCount=6)
        return alt.Y(f"{field}:Q", title=self.unit, scale=scale, axis=axis)


def _band(ends: Mapping[int, Interval], axes: _Axes, color: str, opacity: float) -> Any:
    rows = [{"year": y, "low": low, "high": high} for y, (low, high) in sorted(ends.items())]
    area = alt.Chart(alt.InlineData(values=rows)).mark_area(color=color, opacity=opacity)
    return area.encode(x=axes.x(), y=axes.y("low"), y2="high:Q")


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
    scale = alt.Scale(domain=list(colors), range=list(colors.values()))
    return alt.Color("what:N", scale=scale, legend=_legend(columns or len(colors)))


def _legend(columns: int) -> Any:
    return alt.Legend(
        orient="bottom", title=None, labelLimit=NAME_ROOM, columns=columns, labelFontSize=12,
        symbolType="stroke", symbolOpacity=1, symbolStrokeWidth=3, symbolSize=500,
    )  # fmt: skip


def _lines(
    values: Mapping[str, Mapping[int, float]],
    key: Any,
    axes: _Axes,
    dashes: Mapping[str, tuple[int, ...]] | None = None,
) -> Any:
    """A line each; `dashes` draws them apart and in the key too."""
    mark = alt.Chart(_rows(values)).mark_line(strokeWidth=2)
    drawn = mark.encode(x=axes.x(), y=axes.y(), color=key)
    if dashes is None:
        return drawn
    scale = alt.Scale(domain=list(dashes), range=[list(dash) for dash in dashes.values()])
    return drawn.encode(strokeDash=alt.StrokeDash("what:N", scale=scale, legend=_legend(3)))


def _points(values: Mapping[str, Mapping[int, float]], key: Any, axes: _Axes, filled: bool) -> Any:
    mark = alt.Chart(_rows(values)).mark_point(size=34, opacity=1, filled=filled, strokeWidth=1.8)
    fill = {} if filled else {"fill": alt.value("white")}
    return mark.encode(x=axes.x(), y=axes.y(), color=key, **fill)


def svg(chart: Any, title: str, width: int, height: int) -> str:
    """Any altair chart as SVG text, in the look all charts share.

    Titles, units and names are anybody's: `_Texts` makes them safe to draw.
    """
    font = "Helvetica, Arial, 'Noto Sans', 'Noto Sans CJK SC', sans-serif"
    drawn = (
        chart.properties(
            width=width,
            height=height,
            title=alt.TitleParams(title, anchor="start", fontSize=15, color=INK, offset=10),
        )
        # Labels for screen readers are expressions, in which a backslash of a name would act.
        .configure(font=font, background="white", aria=False)
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=INK, titleColor=INK, gridColor="#e4e7eb", domainColor="#9aa5b1",
            tickColor="#9aa5b1", labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
            labelLimit=NAME_ROOM,
        )
    )  # fmt: skip
    texts = _Texts(int(max(width, height) / TITLE_LETTER), NAME_ROOM)
    return str(vl_convert.vegalite_to_svg(texts.safe(drawn.to_dict())))


class _Texts:
    """The texts of a chart's description, safe to draw.

    The renderer ends the process where it meets a control character, fails where it cuts a name in
    the middle of an emoji, and takes "constructor" for a part of its own. So texts are put on one
    line, what cannot be seen is escaped, and long ones are cut here; names stay apart from each
    other.

    title: letters there is room for. names: pixels for names beside lines, unless the chart says.
    """

    def __init__(self, title: int, names: int) -> None:
        self._title, self._names = title, names
        self._shown: dict[str, str] = {}  # what is drawn -> for which text

    def safe(self, spec: Any) -> Any:
        self._names = min([self._names, *_limits(spec)])
        return self._safe(spec, self._title)

    def _safe(self, spec: Any, room: int) -> Any:
        if isinstance(spec, str):
            return self._text(spec, room)
        if isinstance(spec, list):
            return [self._safe(value, room) for value in spec]
        if not isinstance(spec, Mapping):
            return spec
        names = int(self._names / LETTER)
        return {
            key: 0 if key == "labelLimit" else self._safe(value, names if key in NAMED else room)
            for key, value in spec.items()
        }

    def _text(self, text: str, room: int) -> str:
        plain = visible(text)
        shown, tries = _cut(plain, room), 1
        if shown in BUILT_IN:
            shown += " "
        while self._shown.setdefault(shown, text) != text:
            tries += 1
            shown = f"{_cut(plain, room - 4)} ({tries})"
        return shown


def _limits(spec: Any) -> list[int]:
    """All that a description says of the room for names, in pixels."""
    if isinstance(spec, list):
        return [limit for value in spec for limit in _limits(value)]
    if not isinstance(spec, Mapping):
        return []
    own = [spec["labelLimit"]] if spec.get("labelLimit") else []
    return own + _limits(list(spec.values()))


def _cut(text: str, room: int) -> str:
    """A text of at most so many letters, of which Chinese ones count double."""
    return text if cell_len(text) <= room else f"{set_cell_size(text, room - 1).rstrip()}…"
