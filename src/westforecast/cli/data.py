"""`forecast FILE`, `backtest FILE` and `data screen FILE`: what is done with a data file."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from westforecast.cli.options import (
    HELP,
    model_options,
    output_options,
    period,
    read_panel,
    reading,
    reading_options,
    schedule_options,
    taken,
)
from westforecast.cli.words import FileCommand, say
from westforecast.text import json_text

FILE = click.argument("file", type=click.Path(path_type=Path))
FALLBACK = click.option("--fallback", help="A model that answers where another fails.")
FILES = "Parquet files and manifest.json"


@click.command("forecast", cls=FileCommand, context_settings=HELP)
@FILE
@reading_options("raise")
@model_options(("DampedLogGrowth",), levels=(80.0, 95.0))
@FALLBACK
@click.option("-h", "--h", "h", type=int, help="Steps ahead.")
@click.option("--until", help="Last period wanted, e.g. 2020; instead of --h.")
@output_options(FILES)
def forecast_file(file: Path, until: str | None, out: Path | None, quiet: bool,
                  **settings: Any) -> int:  # fmt: skip
    """Forecast the series of a long CSV or Parquet FILE (unique_id, ds, y)."""
    from westforecast.api import forecast

    panel = read_panel(file, reading(settings))
    result = forecast(
        panel, until=until and period(until), progress=_progress(quiet), **taken(settings)
    )
    return _finish(result, result.long(), out, quiet)


@click.command("backtest", cls=FileCommand, context_settings=HELP)
@FILE
@reading_options("raise")
@model_options(("DampedLogGrowth",), levels=(80.0, 95.0))
@FALLBACK
@schedule_options(windows=3)
@click.option("--by", multiple=True, default=("model",), show_default=True,
              help="Group scores by model, horizon, cutoff, unique_id, region ...")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, default=("mase", "smape", "coverage"),
              show_default=True,
              help="A metric's name, also of a plugin; several allowed.")  # fmt: skip
@click.option("--common/--own-cells", default=True, show_default=True,
              help="Score what all models forecast, or all that each did.")  # fmt: skip
@output_options(FILES)
def backtest_file(file: Path, by: tuple[str, ...], metrics: tuple[str, ...], common: bool,
                  out: Path | None, quiet: bool, **settings: Any) -> int:  # fmt: skip
    """Score models on the known past of a long CSV or Parquet FILE."""
    from westforecast.api import backtest, metric

    wanted = [metric(name) for name in metrics]  # a wrong name is told before the work
    panel = read_panel(file, reading(settings))
    result = backtest(panel, progress=_progress(quiet), **taken(settings))
    return _finish(result, result.scores(wanted, by, common=common), out, quiet)


@click.group()
def data() -> None:
    """Looks at data before anything is made of them."""


@data.command("screen", cls=FileCommand, context_settings=HELP)
@FILE
@reading_options("keep")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def data_screen(file: Path, as_json: bool, **settings: Any) -> int:
    """Say what in a long CSV or Parquet FILE can hardly be true.

    Columns such as unit, kind, region and industry tell which series belong together. Exit code 1
    where something cannot be true as written (severity error), 0 otherwise.
    """
    from westforecast.domain import screen

    screening = screen(read_panel(file, reading(settings)))
    if as_json:
        findings = [asdict(finding) for finding in screening]
        for finding in findings:
            del finding["size"]
        told = {"series": screening.series, "counts": screening.counts(), "findings": findings}
        say(json_text(told))
    else:
        say(str(screening))
    return 1 if screening.of("error") else 0


def _progress(quiet: bool) -> bool | None:
    return False if quiet else None


def _finish(result: Any, frame: Any, out: Path | None, quiet: bool) -> int:
    if not quiet:
        say(frame.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:,.6g}"))
    if out is not None:
        written = result.save(out)
        say(f"Written to {out}/: {', '.join(path.name for path in written)}", err=True)
    if result.failed:
        say(f"{result.failed} forecasts failed; see the status and reason columns.", err=True)
    return 1 if result.failed else 0
