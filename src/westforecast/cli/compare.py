"""`westforecast compare DATA...`: which model is better, and is there evidence for it."""

import json
from pathlib import Path
from typing import Any

import click

from westforecast.cli.data import HELP, read_panel, reading_options
from westforecast.cli.words import FileCommand

FILES = {".csv", ".parquet", ".pq"}


@click.command("compare", cls=FileCommand, context_settings=HELP)
@click.argument("data", nargs=-1, required=True)
@reading_options("raise")
@click.option("-m", "--model", "models", multiple=True, default=("Drift", "DampedLogGrowth"),
              show_default=True, help="A model's name; may be given several times.")  # fmt: skip
@click.option("--baseline", default="Naive", show_default=True,
              help="The model that all others are held against.")  # fmt: skip
@click.option("--metric", default="mase", show_default=True,
              help="A loss, 0 at best: mase, rmsse, smape, mae, crps ...")  # fmt: skip
@click.option("--level", "levels", multiple=True, type=float,
              help="Interval coverage in percent, for metrics of intervals.")  # fmt: skip
@click.option("-h", "--h", "h", type=int, required=True, help="Steps scored.")
@click.option("--windows", "--n-windows", "n_windows", type=int, default=8, show_default=True,
              help="How many cutoffs, the latest that can be scored.")  # fmt: skip
@click.option("--cutoff", "cutoffs", multiple=True, type=int,
              help="A last year of training, instead of --windows; several allowed.")  # fmt: skip
@click.option("--step-size", type=int, default=1, show_default=True,
              help="Periods from one cutoff to the next.")  # fmt: skip
@click.option("--input-size", type=int, help="Slide over so many periods.  [default: all]")
@click.option("--min-train-size", type=int, default=1, show_default=True,
              help="Values a series needs up to a cutoff.")  # fmt: skip
@click.option("--gap", type=int, default=0, show_default=True,
              help="Periods between the last one known and the first one scored.")  # fmt: skip
@click.option("--align", type=click.Choice(["calendar", "series"]), default="calendar",
              show_default=True,
              help="Cutoffs at the same times for all, or counted back from each series' "
                   "end.")  # fmt: skip
@click.option("--alpha", type=float, default=0.05, show_default=True,
              help="How often a difference may be found where there is none.")  # fmt: skip
@click.option("--independent", is_flag=True,
              help="Series share no shock, as in a collection from many sources.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@click.option("--by", multiple=True,
              help="Scores by horizon, cutoff, dataset, region ... beside the leaderboard; several "
                   "give a table each.")  # fmt: skip
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for report.html, tables and comparison.json.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar, no table.")
def compare(data: tuple[str, ...], models: tuple[str, ...], n_windows: int,
            cutoffs: tuple[int, ...], by: tuple[str, ...], out: Path | None, as_json: bool,
            quiet: bool, freq: str | None, id_col: str, time_col: str, target_col: str, gaps: str,
            **settings: Any) -> int:  # fmt: skip
    """Compare models on DATA: CSV or Parquet files (unique_id, ds, y), or installed data sets.

    \b
    westforecast compare west.csv east.csv -m Drift -m AveragedETS --h 3
    westforecast compare west.csv --h 1 --n-windows 12 --by horizon --out out/west

    Each model is better or worse than the baseline, or there is no evidence of a difference, or
    not enough evidence to say. --freq, --id, --time, --target and --gaps apply to every file.
    Exit code 1 where a model gave no forecast somewhere.
    """
    from westforecast.comparison import MissingExtraError
    from westforecast.comparison import compare as comparison_of
    from westforecast.files import prepare

    reading = {"freq": freq, "id_col": id_col, "time_col": time_col, "target_col": target_col,
               "gaps": gaps}  # fmt: skip
    if out is not None:
        prepare(out)
    found = comparison_of(
        _named(data, reading), list(models), n_windows=None if cutoffs else n_windows,
        cutoffs=cutoffs or None, progress=False if quiet or as_json else None, **settings,
    )  # fmt: skip
    tables = {key: found.by(key) for key in by}
    if as_json:
        told = found.to_dict()
        told["by"] = {key: found.records(key) for key in by}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    elif not quiet:
        click.echo(str(found))
        for key, frame in tables.items():
            click.echo(f"\nBy {key}")
            text = frame.to_string(index=False, na_rep="-", float_format=lambda v: f"{v:,.4g}")
            click.echo(text)
    if out is not None:
        written = found.save(out)
        try:
            written.append(found.report(out / "report.html"))
        except MissingExtraError as error:
            click.echo(f"note: {error}", err=True)
        click.echo(f"Written to {out}/: {', '.join(path.name for path in written)}", err=True)
    if found.failed:
        click.echo(f"{found.failed} forecasts failed; models are compared without them.", err=True)
    return 1 if found.failed else 0


def _named(data: tuple[str, ...], reading: dict[str, Any]) -> dict[str, Any]:
    """Data sets by the name they have in tables: files by their own, less the folder and suffix."""
    from westforecast.errors import UsageError

    named: dict[str, Any] = {}
    for given in data:
        path = Path(given)
        is_file = path.suffix.lower() in FILES or "/" in given
        name = path.stem if is_file else given
        if name in named:
            raise UsageError(
                f"two data sets are called {name!r}. Give each once; files need names that differ "
                "in more than folder and suffix."
            )
        named[name] = read_panel(path, reading) if is_file else given
    return named
