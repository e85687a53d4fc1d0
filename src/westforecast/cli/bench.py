"""`westforecast bench speed`: how fast whole backtests are on this machine."""

from statistics import median
from typing import Any

import click

from westforecast.cli.words import say
from westforecast.text import json_text


@click.group()
def bench() -> None:
    """Measure this installation."""


@bench.command()
@click.option(
    "-m",
    "--model",
    "models",
    multiple=True,
    help="A model's name; may be given several times.  "
    "[default: Naive, Drift and the averaging models that are installed]",
)
@click.option(
    "--series",
    type=click.IntRange(1, 100_000),
    default=645,
    show_default=True,
    help="Series of the synthetic annual panel.",
)
@click.option(
    "--origins",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Origins a series; every model is estimated anew at each.",
)
@click.option(
    "--horizon",
    type=click.IntRange(1),
    default=6,
    show_default=True,
    help="Steps forecast and scored.",
)
@click.option(
    "--repeats", type=click.IntRange(1), default=3, show_default=True, help="Timed calls of each."
)
@click.option(
    "--peer/--no-peer",
    default=True,
    show_default=True,
    help="Time statsforecast too, where it is installed.",
)
@click.option(
    "--peer-series",
    type=click.IntRange(2),
    help="Series the peer is timed on, evenly spread.  "
    "[default: all for cheap models, 100 for AutoETS, 10 for AutoARIMA]",
)
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")  # fmt: skip
def speed(models: tuple[str, ...], as_json: bool, **settings: Any) -> int:
    """Time whole backtests with one thread: frame in, score table out.

    The data are a synthetic annual panel, the same everywhere. Where statsforecast is installed its
    cross_validation does the same work in turns with ours.
    """
    from westforecast.api import named_models
    from westforecast.plugin import registry
    from westforecast.report.terminal import console
    from westforecast.speed import Settings, measure_apart
    from westforecast.speed.compare import DEFAULT

    installed = {spec.name for _, spec in registry().specs("model")}
    chosen = models or tuple(name for name in DEFAULT if name in installed)
    named_models(chosen)  # a wrong name is told before the work
    wanted = Settings(models=chosen, **settings)
    watched = console(stderr=True)
    if watched.is_terminal and not as_json:
        with watched.status("timing backtests; the peer's AutoARIMA takes most of the time"):
            found = measure_apart(wanted)
    else:
        found = measure_apart(wanted)
    if as_json:
        say(json_text(found))
    else:
        _show(found)
    failed = sum(row["failed"] for row in found["rows"])
    if failed:
        say(f"{failed} forecasts failed; their times are not comparable.", err=True)
    return 1 if failed else 0


def _show(found: dict[str, Any]) -> None:
    """Machine, data, a table of times and what it means, for a terminal."""
    from westforecast.report.terminal import console, table
    from westforecast.speed import DIGEST
    from westforecast.speed.annual import SERIES

    machine, panel, settings = found["machine"], found["panel"], found["settings"]
    versions = ", ".join(f"{name} {v}" for name, v in machine["packages"].items())
    published = panel["series"] == SERIES and panel["sha256"] == DIGEST
    screen = console()
    screen.print(f"{machine['cpu']}, one thread; Python {machine['python']}, {versions}")
    screen.print(
        f"Synthetic annual panel, {panel['series']} series (sha256 {panel['sha256']}"
        f"{', the one of the published figures' if published else ''}); the {panel['eligible']} "
        f"long enough for {settings['origins']} origins, h = {settings['horizon']}"
    )
    screen.print()
    heads = ["model", "windows", "ms", "µs/window", "peer", "windows", "µs/window", "faster",
             "at least"]  # fmt: skip
    title = "Whole backtests, frame in and score table out, estimated anew at every origin"
    rows = [_cells(row, settings["origins"]) for row in found["rows"]]
    screen.print(table(title, heads, rows))
    screen.print()
    for note in _notes(found):
        screen.print(note)


def _cells(row: dict[str, Any], origins: int) -> list[str]:
    windows, seconds = _side(row["ours"], origins)
    mine = [
        row["model"],
        f"{windows:,}",
        f"{1e3 * seconds:,.1f}",
        f"{1e6 * seconds / windows:,.1f}",
    ]
    if row["theirs"] is None:
        return [*mine, *"-----"]
    windows, seconds = _side(row["theirs"], origins)
    other = [row["theirs"]["name"], f"{windows:,}", f"{1e6 * seconds / windows:,.1f}"]
    return [*mine, *other, *(_ratio(row[name]) for name in ("ratio", "best_to_worst"))]


def _side(side: dict[str, Any], origins: int) -> tuple[int, float]:
    """Windows, and the median time for all of them."""
    return side["series"] * origins, median(side["seconds"])


def _ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _notes(found: dict[str, Any]) -> list[str]:
    if not found["settings"]["peer"]:
        return []
    if "statsforecast" not in found["machine"]["packages"]:
        return ["statsforecast is not installed, so there is nothing to compare with."]
    return [
        "Median times of whole calls; ours with scores, the peer's cross_validation without.",
        "faster: ratio of the times a window; at least: of the peer's best to our worst.",
    ]
