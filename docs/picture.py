"""Draws the fan chart of the README: the CNC study at its default origin."""

from pathlib import Path

from westforecast.plugin import registry
from westforecast.study import read_study, run_study
from westforecast.study.page import fan_figure

if __name__ == "__main__":
    result = run_study(read_study(registry().get("study", "cnc")()))
    target = Path(__file__).parent / "images" / "cnc-fan.svg"
    target.write_text(fan_figure(result, result.study.headlines[0].name), encoding="utf-8")
    print(f"written {target.relative_to(Path(__file__).parents[1])}")
