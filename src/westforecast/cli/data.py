"""`westforecast forecast FILE` and `westforecast backtest FILE`: the two verbs on a file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    """What both verbs share: how to read the file, which models, where to write."""
    options = [
        click.argument("file", type=click.Path(path_type=Path)),
        click.option("-m", "--model", "models", multiple=True, default=("DampedLogGrowth",),
                     show_default=True, help="A model's name; may be given several times."),
        click.option("--level", "levels", multiple=True, type=float, default=(80.0, 95.0),
                     show_default=True, help="Interval coverage in percent; several allowed."),
        click.option("--freq", help="Y, Q or M.  [default: what the times say, else Y]"),
        click.option("--id", "id_col", default="unique_id", show_default=True),
        click.option("--time", "time_col", default="ds", show_default=True),
        click.option("--target", "target_col", default="y", show_default=True),
        click.option("--gaps", type=click.Choice(["raise", "keep"]), default="raise",
                     show_default=True, help="What to do with missing periods inside a series."),
        click.option("--out", type=click.Path(file_okay=False, path_type=Path),
                     help="Folder for Parquet files and manifest.json."),
        click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


# -h is the horizon here, as in every forecasting tool; help is --help.
HELP = {"help_option_names": ["--help"]}


@click.command("forecast", context_settings=HELP)
@_options
@click.option("-h", "--h", "h", type=int, help="Steps ahead.")
@click.option("--until", help="Last period wanted, e.g. 2020; instead of --h.")
def forecast_file(file: Path, models: tuple[str, ...], levels: tuple[float, ...],
                  h: int | None, until: str | None, out: Path | None, quiet: bool,
                  **reading: Any) -> int:  # fmt: skip
    """Forecast every series of a long CSV or Parquet FILE (unique_id, ds, y)."""
    from westforecast.api import forecast

    period = int(until) if until is not None and until.isdigit() else until
    result = forecast(_panel(file, reading), list(models), h=h, until=period, levels=levels,
                      progress=False if quiet else None)  # fmt: skip
    return _finish(result, result.long(), out, quiet)


@click.command("backtest", context_settings=HELP)
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
              show_default=True)  # fmt: skip
def backtest_file(file: Path, models: tuple[str, ...], levels: tuple[float, ...], h: int,
                  n_windows: int, cutoffs: tuple[int, ...], step_size: int,
                  input_size: int | None, min_train_size: int, gap: int, align: str,
                  by: tuple[str, ...], metrics: tuple[str, ...], out: Path | None, quiet: bool,
                  **reading: Any) -> int:  # fmt: skip
    """Score models on the known past of a long CSV or Parquet FILE."""
    from westforecast.api import backtest

    result = backtest(
        _panel(file, reading), list(models), h=h, n_windows=None if cutoffs else n_windows,
        cutoffs=cutoffs or None, step_size=step_size, input_size=input_size,
        min_train_size=min_train_size, gap=gap, align=align,  # type: ignore[arg-type]
        levels=levels, progress=False if quiet else None,
    )  # fmt: skip
    return _finish(result, result.scores(metrics, by), out, quiet)


def _panel(file: Path, reading: dict[str, Any]) -> Any:
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
