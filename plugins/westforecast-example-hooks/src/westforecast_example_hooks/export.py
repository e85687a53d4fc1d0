"""`westforecast export NAME`: an installed data set as a CSV table.

Light, because `westforecast --help` imports it: what is heavy is imported when the command runs.
"""

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from westforecast import Panel


@click.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path),
              help="File to write, whole or not at all.  [default: standard output]")  # fmt: skip
def export(name: str, out: Path | None) -> int:
    """Write NAME, an installed data set, as a long CSV table.

    One row a series and period: unique_id, ds, y, then what the series say of themselves (name,
    unit, kind, region ...). y is empty where a value inside a series is missing.

    \b
    westforecast export pumps --out pumps.csv
    westforecast forecast pumps.csv --h 3 --gaps keep
    """
    from westforecast import dataset
    from westforecast.files import write_whole

    table = csv_of(dataset(name))
    if out is None:
        click.echo(table, nl=False)
    else:
        write_whole(out.parent, {out.name: table})
        click.echo(f"Written to {out}", err=True)
    return 0


def csv_of(panel: "Panel") -> bytes:
    """A panel as CSV (UTF-8) that `Panel.from_csv(..., gaps="keep")` reads as the same panel.

    Fields of the indicators that no series has anything to say of are left out.
    """
    from westforecast import Indicator

    table = panel.to_frame(backend="pandas")
    table.columns = ["unique_id", "ds", "y"]  # whatever the data set calls them
    for field in fields(Indicator):
        said = {i.id: getattr(i, field.name) for i in panel.indicators}
        if field.name != "id" and any(value != field.default for value in said.values()):
            table[field.name] = table["unique_id"].map(
                {key: _text(value) for key, value in said.items()}
            )
    written: str = table.to_csv(index=False, lineterminator="\n")
    return written.encode()


def _text(value: object) -> object:
    """Years of breaks as 2004; 2011; all else as it is."""
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value
