"""`westforecast run`: a study, from its name or its file."""

from dataclasses import replace
from pathlib import Path

import click


@click.command()
@click.argument("study")
@click.option("--origin", type=int, help="Last year of data used; the study file's own by default.")
@click.option("--until", type=int, help="Target year; the study file's own by default.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Folder for report.html and tables.  [default: out/NAME]")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress, no summary.")
def run(study: str, origin: int | None, until: int | None, out: Path | None, quiet: bool) -> int:
    """Run a study: an installed one by name (cnc), or any by the path of its TOML file.

    \b
    westforecast run cnc
    westforecast run cnc --origin 2008 --until 2015 --out out/cnc-2008
    westforecast run path/to/my.toml
    """
    from rich.text import Text

    from westforecast.errors import UsageError
    from westforecast.files import prepare
    from westforecast.plugin import registry
    from westforecast.report.terminal import console
    from westforecast.study import read_study, run_study, write_study
    from westforecast.study.summary import summary

    is_file = study.endswith(".toml") or "/" in study
    described = read_study(study if is_file else registry().made("study", study, Path, str))
    first = described.origin if origin is None else origin
    last = described.until if until is None else until
    if last <= first:
        raise UsageError(
            f"until {last} is not after origin {first}. "
            "Ask for a later --until or an earlier --origin."
        )
    described = replace(described, origin=first, until=last)
    folder = out or Path("out") / described.name
    prepare(folder)
    screen = console()
    if quiet or not console(stderr=True).is_terminal:
        result = run_study(described)
        written = write_study(result, folder)
    else:
        with console(stderr=True).status("reading data") as status:
            result = run_study(described, lambda k, n, what: status.update(Text(f"{k}/{n} {what}")))
            status.update("writing the report")
            written = write_study(result, folder)
    if not quiet:
        screen.print(summary(result))
        screen.print(f"Written to {folder}/: {', '.join(path.name for path in written)}")
    return 1 if result.failures else 0
