"""Options that several commands share, and what they say of a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

# -h is the horizon in commands that forecast, as in every forecasting tool; help is --help.
HELP = {"help_option_names": ["--help"]}
READING = ("freq", "id_col", "time_col", "target_col", "gaps")


def reading_options(gaps: str) -> Decorator:
    """How to read a file; `gaps` is the default of that option."""
    return _all(
        click.option("--freq", help="Y, Q or M.  [default: what the times say, else Y]"),
        click.option("--id", "id_col", default="unique_id", show_default=True,
                     help="Column of the series' ids."),
        click.option("--time", "time_col", default="ds", show_default=True,
                     help="Column of the times."),
        click.option("--target", "target_col", default="y", show_default=True,
                     help="Column of the values."),
        click.option("--gaps", type=click.Choice(["raise", "keep"]), default=gaps,
                     show_default=True, help="What to do with missing periods inside a series."),
    )  # fmt: skip


def model_options(models: tuple[str, ...], levels: tuple[float, ...]) -> Decorator:
    """Which models forecast what, and how; `models` and `levels` are the defaults of theirs."""
    return _all(
        click.option("-m", "--model", "models", multiple=True, default=models, show_default=True,
                     help="A model's name; may be given several times."),
        click.option("--level", "levels", multiple=True, type=float, default=levels,
                     show_default=bool(levels),
                     help="Interval coverage in percent; several allowed."),
        click.option("--series", multiple=True,
                     help="Id of a series to forecast; several allowed. The others are there as "
                          "drivers.  [default: all]"),
        click.option("--time-budget", type=float,
                     help="Seconds each model has for all series.  [default: no limit]"),
        click.option("--engine", default="auto", show_default=True,
                     help="Where the work runs: auto, serial, threads, processes, or an engine "
                          "of a plugin. No number depends on it."),
    )  # fmt: skip


def schedule_options(windows: int) -> Decorator:
    """Which cutoffs are forecast from and scored; `windows` is the default of that option."""
    return _all(
        click.option("-h", "--h", "h", type=int, required=True, help="Steps scored."),
        click.option("--windows", "--n-windows", "n_windows", type=int, default=windows,
                     show_default=True, help="How many cutoffs, the latest that can be scored."),
        click.option("--cutoff", "cutoffs", multiple=True,
                     help="A last period of training, e.g. 2010 or 2010Q4, instead of --windows; "
                          "several allowed."),
        click.option("--step-size", type=int, default=1, show_default=True,
                     help="Periods from one cutoff to the next."),
        click.option("--input-size", type=int, help="Slide over so many periods.  [default: all]"),
        click.option("--min-train-size", type=int, default=1, show_default=True,
                     help="Values a series needs up to a cutoff."),
        click.option("--gap", type=int, default=0, show_default=True,
                     help="Periods between the last one known and the first one scored."),
        click.option("--align", type=click.Choice(["calendar", "series"]), default="calendar",
                     show_default=True,
                     help="Cutoffs at the same times for all, or counted back from each series' "
                          "end."),
    )  # fmt: skip


def output_options(files: str) -> Decorator:
    """Where to write; `files` says what."""
    return _all(
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help=f"Folder for {files}."),
        click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table."),
    )  # fmt: skip


def taken(settings: dict[str, Any]) -> dict[str, Any]:
    """Options as the library takes them: nothing given is None, cutoffs go instead of windows."""
    given = {**settings, "models": list(settings["models"]), "series": settings["series"] or None}
    if "cutoffs" in settings:
        given["cutoffs"] = list(map(period, settings["cutoffs"])) or None
        given["n_windows"] = None if settings["cutoffs"] else settings["n_windows"]
    return given


def period(text: str) -> int | str:
    """A period as typed: a number (2010, 201012) or text (2010Q4)."""
    return int(text) if text.isdigit() else text


def reading(settings: dict[str, Any]) -> dict[str, Any]:
    """What `reading_options` say; it leaves the settings."""
    return {name: settings.pop(name) for name in READING}


def read_panel(file: Path, reading: dict[str, Any]) -> Any:
    """A panel from a file, read as the options say."""
    from westforecast.series import Panel

    if file.suffix.lower() in {".parquet", ".pq"}:
        return Panel.from_parquet(file, **reading)
    return Panel.from_csv(file, **reading)


def _all(*options: Decorator) -> Decorator:
    def add(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return add
