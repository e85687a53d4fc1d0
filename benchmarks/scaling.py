"""How does a backtest's time grow with series, origins, horizon and length? A chart.

`python -m benchmarks.scaling` measures (out/bench/scaling.json) and draws
(docs/images/scaling.svg); with `--draw` it only draws what was measured before.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import vl_convert

import westforecast as wf
from westforecast.report.figures import ACCENT, INK, MUTED
from westforecast.speed import ONE_THREAD, annual, machine, ours, spread, take_turns, theirs

from .data import ROOT

MEASURED, DRAWN = ROOT / "out/bench/scaling.json", ROOT / "docs/images/scaling.svg"


@dataclass(frozen=True)
class Point:
    """A synthetic panel and what is done with it; the point where the four curves meet."""

    series: int = 1000
    origins: int = 5
    horizon: int = 6
    length: int = 40


CURVES: Mapping[str, Sequence[int]] = {
    "series": (100, 300, 1000, 3000, 10_000),
    "origins": (1, 2, 5, 10, 20),
    "horizon": (1, 3, 6, 12, 24),
    "length": (20, 40, 80, 160, 320),
}


@dataclass(frozen=True)
class Rival:
    """A model, its peer, and on how many series the peer is timed (None: all)."""

    family: str
    model: str
    peer: str
    sample: int | None


RIVALS = (
    Rival("ETS", "AveragedETS", "AutoETS", 30),
    Rival("ARIMA", "AveragedARIMA", "AutoARIMA", 5),
    Rival("drift", "Drift", "RandomWalkWithDrift", None),
)
COLORS = {"ETS": ACCENT, "ARIMA": "#2b6cb0", "drift": MUTED}
OURS, PEER = "westforecast", "statsforecast"


def measure(
    repeats: int, curves: Mapping[str, Sequence[int]] = CURVES, base: Point = Point()
) -> Iterator[dict[str, Any]]:
    """A row per curve, point and side: median seconds for all series of the point.

    A peer timed on a sample has its time multiplied up to all series; `scaled` says so.
    """
    for axis, values in curves.items():
        for value in values:
            point = replace(base, **{axis: value})
            for rival in RIVALS:
                for row in _sides(rival, point, repeats):
                    yield {"axis": axis, "x": value, **row}


def _sides(rival: Rival, point: Point, repeats: int) -> list[dict[str, Any]]:
    """Those of the two that are installed, warm and taking turns."""
    frame = annual(point.series, point.length)
    part = spread(frame, rival.sample)
    sides: list[tuple[str, str, int, Callable[[], object]]] = []
    if rival.model in {spec.name for _, spec in wf.registry().specs("model")}:
        mine = partial(ours, frame, rival.model, point.horizon, point.origins)
        mine()
        sides.append((OURS, rival.model, point.series, mine))
    if find_spec(PEER):
        theirs(spread(frame, 2), rival.peer, point.horizon, 1)
        other = partial(theirs, part, rival.peer, point.horizon, point.origins)
        sides.append((PEER, rival.peer, part["unique_id"].nunique(), other))
    times = take_turns([work for *_, work in sides], repeats)
    return [
        {"family": rival.family, "side": side, "model": model, "point": asdict(point),
         "seconds": median(taken) * point.series / count, "scaled": count < point.series}
        for (side, model, count, _), taken in zip(sides, times, strict=True)
    ]  # fmt: skip


def draw(rows: Sequence[Mapping[str, Any]], base: Point = Point()) -> str:
    """Four small charts side by side, two in a row, as SVG text."""
    charts = [_chart(axis, rows, base) for axis in CURVES]
    chart = (
        alt.concat(*charts, columns=2, spacing=28)
        .configure(font="Helvetica, Arial, 'Noto Sans', sans-serif", background="white")
        .configure_view(strokeWidth=0)
        .configure_axis(
            labelColor=INK, titleColor=INK, gridColor="#e4e7eb", domainColor="#9aa5b1",
            tickColor="#9aa5b1", labelFontSize=11, titleFontSize=12, titleFontWeight="normal",
        )
    )  # fmt: skip
    return str(vl_convert.vegalite_to_svg(chart.to_dict()))


def _chart(axis: str, rows: Sequence[Mapping[str, Any]], base: Point) -> Any:
    """Seconds against one of the four, both on logarithmic scales; hollow: from a sample."""
    shown = [{k: row[k] for k in ("x", "seconds", "family", "side", "scaled")}
             for row in rows if row["axis"] == axis]  # fmt: skip
    fixed = ", ".join(f"{v:,} {k}" if k in ("series", "origins") else f"{k} {v}"
                      for k, v in asdict(base).items() if k != axis)  # fmt: skip
    low, high = _decades(rows)
    ticks: dict[str, Any] = {
        "values": list(CURVES[axis]),
        "grid": False,
        "format": ",d",
        "labelFlush": False,
    }
    powers: dict[str, Any] = {"values": [10.0**k for k in range(low, high + 1)], "format": ",~r"}
    x = alt.X("x:Q", title=None, axis=alt.Axis(**ticks), scale=alt.Scale(type="log", nice=False))
    y = alt.Y("seconds:Q", title="seconds, whole call", axis=alt.Axis(**powers),
              scale=alt.Scale(type="log", domain=[10.0**low, 10.0**high]))  # fmt: skip
    key = alt.Legend(orient="bottom", title=None, labelFontSize=12, symbolStrokeWidth=3)
    hues = alt.Scale(domain=list(COLORS), range=list(COLORS.values()))
    dashes = alt.Scale(domain=[OURS, PEER], range=[[1, 0], [5, 4]])
    color = alt.Color("family:N", scale=hues, legend=key)
    dash = alt.StrokeDash("side:N", scale=dashes, legend=key)
    drawn = alt.Chart(alt.InlineData(values=shown))
    line = drawn.mark_line(strokeWidth=2).encode(x=x, y=y, color=color, strokeDash=dash)
    dots = drawn.mark_point(size=30, opacity=1, strokeWidth=1.5).encode(
        x=x, y=y, color=color,
        fill=alt.condition("datum.scaled", alt.value("white"), color),
    )  # fmt: skip
    title = alt.TitleParams(f"{axis.capitalize()}", subtitle=fixed, anchor="start", color=INK,
                            fontSize=13, subtitleFontSize=11, subtitleColor=MUTED)  # fmt: skip
    return alt.layer(line, dots).properties(width=270, height=190, title=title)


def _decades(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Powers of ten around all times."""
    exponents = [int(f"{row['seconds']:e}".partition("e")[2]) for row in rows]
    return min(exponents), max(exponents) + 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, unless told not to, and draw."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--draw", action="store_true", help="draw what was measured before")
    parser.add_argument("--repeats", type=int, default=3, help="timed calls of each point")
    parser.add_argument("--svg", type=Path, default=DRAWN, help="where to draw")
    given = parser.parse_args(arguments)
    if not given.draw:
        MEASURED.parent.mkdir(parents=True, exist_ok=True)
        found = {"machine": machine(), "rows": list(measure(given.repeats))}
        MEASURED.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    rows = json.loads(MEASURED.read_text(encoding="utf-8"))["rows"]
    given.svg.write_text(draw(rows), encoding="utf-8")
    print(f"written {given.svg}")


if __name__ == "__main__":
    if any(os.environ.get(name) != "1" for name in ONE_THREAD):  # NumPy is read by now: start anew
        again = [sys.executable, "-m", "benchmarks.scaling", *sys.argv[1:]]
        sys.exit(subprocess.run(again, env={**os.environ, **ONE_THREAD}, cwd=ROOT).returncode)
    main()
