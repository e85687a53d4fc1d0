"""`forecast FILE`, `backtest FILE` and `data screen FILE`: what is done with a data file."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from westforecast.cli.words import FileCommand


def _reading(gaps: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The file and how to read it; `gaps` is the default of that option."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        return click.argument("file", type=click.Path(path_type=Path))(
            reading_options(gaps)(function)
        )

    return add


def reading_options(gaps: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """How to read a file; `gaps` is the default of that option."""

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        options = [
            click.option("--freq", help="Y, Q or M.  [default: what the times say, else Y]"),
            click.option("--id", "id_col", default="unique_id", show_default=True,
                         help="Column of the series' ids."),
            click.option("--time", "time_col", default="ds", show_default=True,
                         help="Column of the times."),
            click.option("--target", "target_col", default="y", show_default=True,
                         help="Column of the values."),
            click.option("--gaps", type=click.Choice(["raise", "keep"]), default=gaps,
                         show_default=True,
                         help="What to do with missing periods inside a series."),
        ]  # fmt: skip
        for option in reversed(options):
            function = option(function)
        return function

    return add


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What both verbs share: how to read the file, which models, where to write."""
    options = [
        click.option("-m", "--model", "models", multiple=True, default=("DampedLogGrowth",),
                     show_default=True, help="A model's name; may be given several times."),
        click.option("--level", "levels", multiple=True, type=float, default=(80.0, 95.0),
                     show_default=True, help="Interval coverage in percent; several allowed."),
        click.option("--series", multiple=True,
                     help="Id of a series to forecast; several allowed. The others are there as "
                          "drivers.  [default: all]"),
        click.option("--fallback", help="A model that answers where another fails."),
        click.option("--time-budget", type=float,
                     help="Seconds each model has for all series.  [default: no limit]"),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help="Folder for Parquet files and manifest.json."),
        click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return _reading("raise")(function)


# -h is the horizon here, as in every forecasting tool; help is --help.
HELP = {"help_option_names": ["--help"]}


@click.command("forecast", cls=FileCommand, context_settings=HELP)
@_options
@click.option("-h", "--h", "h", type=int, help="Steps ahead.")
@click.option("--until", help="Last period wanted, e.g. 2020; instead of --h.")
def forecast_file(file: Path, models: tuple[str, ...], levels: tuple[float, ...],
                  series: tuple[str, ...], fallback: str | None, time_budget: float | None,
                  h: int | None, until: str | None, out: Path | None, quiet: bool,
                  **reading: Any) -> int:  # fmt: skip
    """Forecast the series of a long CSV or Parquet FILE (unique_id, ds, y)."""
    from westforecast.api import forecast

    period = int(until) if until is not None and until.isdigit() else until
    result = forecast(read_panel(file, reading), list(models), h=h, until=period,
                      series=series or None, levels=levels, fallback=fallback,
                      time_budget=time_budget, progress=False if quiet else None)  # fmt: skip
    return _finish(result, result.long(), out, quiet)


@click.command("backtest", cls=FileCommand, context_settings=HELP)
@_options
@click.option("-h", "--h", "h", type=int, required=True, help="Steps scored.")
@click.option("--windows", "n_windows", type=int, default=3, show_default=True)
@click.option("--cutoff", "cutoffs", multiple=True, type=int,
              help="A last year of training, instead of --windows; several allowed.")  # fmt: skip
@click.option("--step-size", type=int, default=1, show_default=True)
@click.option("--input-size", type=int, help="Slide over so many periods.  [default: all]")
@click.option("--min-train-size", type=int, default=1, show_default=True)
@click.option("--gap", type=int, default=0, show_default=True,
              help="Periods between the last one known and the first one scored.")  # fmt: skip
@click.option("--align", type=click.Choice(["calendar", "series"]), default="calendar",
              show_default=True)  # fmt: skip
@click.option("--by", multiple=True, default=("model",), show_default=True,
              help="Group scores by model, horizon, cutoff, unique_id, region ...")  # fmt: skip
@click.option("--metric", "metrics", multiple=True, default=("mase", "smape", "coverage"),
              show_default=True,
              help="A metric's name, also of a plugin; several allowed.")  # fmt: skip
@click.option("--common/--own-cells", default=True, show_default=True,
              help="Score what all models forecast, or all that each did.")  # fmt: skip
def backtest_file(file: Path, models: tuple[str, ...], levels: tuple[float, ...],
                  series: tuple[str, ...], fallback: str | None, time_budget: float | None,
                  h: int, n_windows: int, cutoffs: tuple[int, ...],
                  step_size: int, input_size: int | None, min_train_size: int, gap: int, align: str,
                  by: tuple[str, ...], metrics: tuple[str, ...], common: bool, out: Path | None,
                  quiet: bool, **reading: Any) -> int:  # fmt: skip
    """Score models on the known past of a long CSV or Parquet FILE."""
    from westforecast.api import backtest, metric

    wanted = [metric(name) for name in metrics]  # a wrong name is told before the work
    result = backtest(
        read_panel(file, reading), list(models), h=h, n_windows=None if cutoffs else n_windows,
        cutoffs=cutoffs or None, step_size=step_size, input_size=input_size,
        min_train_size=min_train_size, gap=gap, align=align,  # type: ignore[arg-type]
        series=series or None, levels=levels, fallback=fallback, time_budget=time_budget,
        progress=False if quiet else None,
    )  # fmt: skip
    return _finish(result, result.scores(wanted, by, common=common), out, quiet)


@click.group()
def data() -> None:
    """Looks at data before anything is made of them."""


@data.command("screen", cls=FileCommand, context_settings=HELP)
@_reading("keep")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def data_screen(file: Path, as_json: bool, **reading: Any) -> int:
    """Say what in a long CSV or Parquet FILE can hardly be true.

    Columns such as unit, kind, region and industry tell which series belong together. Exit code 1
    where something cannot be true as written (severity error), 0 otherwise.
    """
    from westforecast.domain import screen

    screening = screen(read_panel(file, reading))
    if as_json:
        findings = [asdict(finding) for finding in screening]
        for finding in findings:
            del finding["size"]
        told = {"series": screening.series, "counts": screening.counts(), "findings": findings}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo(str(screening))
    return 1 if screening.of("error") else 0


def read_panel(file: Path, reading: dict[str, Any]) -> Any:
    """A panel from a file, read as the options say."""
    from westforecast.series import Panel

    if file.suffix.lower() in {".parquet", ".pq"}:
        return Panel.from_parquet(file, **reading)
    return Panel.from_csv(file, **reading)


def _finish(result: Any, frame: Any, out: Path | None, quiet: bool) -> int:
    if not quiet:
        click.echo(frame.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:,.6g}"))
    if out is not None:
        written = result.save(out)
        click.echo(f"Written to {out}/: {', '.join(path.name for path in written)}", err=True)
    if result.failed:
        click.echo(
            f"{result.failed} forecasts failed; see the status and reason columns.", err=True
        )
    return 1 if result.failed else 0
