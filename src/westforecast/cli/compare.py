"""`westforecast compare DATA...`: which model is better, and is there evidence for it."""

from pathlib import Path
from typing import Any

import click

from westforecast.cli.options import (
    HELP,
    model_options,
    output_options,
    read_panel,
    reading,
    reading_options,
    schedule_options,
    taken,
)
from westforecast.cli.words import FileCommand, say
from westforecast.text import json_text


@click.command("compare", cls=FileCommand, context_settings=HELP)
@click.argument("data", nargs=-1, required=True)
@reading_options("raise")
@model_options(("Drift", "DampedLogGrowth"), levels=())
@click.option("--baseline", default="Naive", show_default=True,
              help="The model that all others are held against.")  # fmt: skip
@click.option("--metric", default="mase", show_default=True,
              help="A loss, 0 at best: mase, rmsse, smape, mae, crps ...")  # fmt: skip
@schedule_options(windows=8)
@click.option("--alpha", type=float, default=0.05, show_default=True,
              help="How often a difference may be found where there is none.")  # fmt: skip
@click.option("--independent", is_flag=True,
              help="Series share no shock, as in a collection from many sources.")  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="Of the resampling.")
@click.option("--by", multiple=True,
              help="Scores by horizon, cutoff, dataset, region ... beside the leaderboard; several "
                   "give a table each.")  # fmt: skip
@output_options("report.html, tables and comparison.json")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def compare(data: tuple[str, ...], by: tuple[str, ...], out: Path | None, as_json: bool,
            quiet: bool, **settings: Any) -> int:  # fmt: skip
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
    from westforecast.comparison.words import by_table, printed
    from westforecast.files import prepare
    from westforecast.report.terminal import table

    if out is not None:
        prepare(out)
    named = _named(data, reading(settings))
    found = comparison_of(named, progress=False if quiet or as_json else None, **taken(settings))
    by = tuple(dict.fromkeys(by))
    tables = {key: by_table(found, key) for key in by}
    if as_json:
        told = found.to_dict()
        told["by"] = {key: found.records(key) for key in by}
        say(json_text(told))
    elif not quiet:
        say(str(found))
        for key, (heads, rows) in tables.items():
            say(f"\n{printed(table(f'By {key}', heads, rows, left=2))}")
    if out is not None:
        written = found.save(out, by)
        try:
            written.append(found.report(out / "report.html", by))
        except MissingExtraError as error:
            say(f"note: {error}", err=True)
        say(f"Written to {out}/: {', '.join(path.name for path in written)}", err=True)
    if found.failed:
        each = ", ".join(f"{status} {n}" for status, n in found.statuses.items())
        are = "forecast is" if found.failed == 1 else "forecasts are"
        lost = f"{found.failed} {are} missing: {each}"
        say(f"{lost}; models are compared without them.", err=True)
    return 1 if found.failed else 0


def _named(data: tuple[str, ...], how: dict[str, Any]) -> dict[str, Any]:
    """Data sets by the name they have in tables, files read as the options say."""
    from westforecast.comparison.run import dataset_name
    from westforecast.errors import UsageError
    from westforecast.series.panel import is_path

    named: dict[str, Any] = {}
    for given in data:
        name = dataset_name(given)
        if name in named:
            raise UsageError(
                f"two data sets are called {name!r}. Give each once; files need names that differ "
                "in more than folder and suffix."
            )
        named[name] = read_panel(Path(given), how) if is_path(given) else given
    return named
