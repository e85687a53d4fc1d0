"""`westforecast`: the group of commands, and what its exit codes mean.

0 done, 1 done with recorded failures, 2 usage, 3 invalid data.
"""

import sys
import warnings
from typing import Any

import click

from westforecast import __version__
from westforecast.cli.bench import bench
from westforecast.cli.data import backtest_file, data, forecast_file
from westforecast.cli.lists import models, studies
from westforecast.cli.plugins import plugins
from westforecast.cli.run import run
from westforecast.cli.words import in_options, tell
from westforecast.errors import WestforecastError, WestforecastWarning
from westforecast.plugin import registry


class Commands(click.Group):
    """Built-in commands, then those of plugins; a broken plugin's is absent, with a note."""

    def list_commands(self, context: click.Context) -> list[str]:
        theirs = [spec.name for _, spec in registry().specs("command")]
        return [*super().list_commands(context), *(n for n in theirs if n not in self.commands)]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        if own is not None or name not in {s.name for _, s in registry().specs("command")}:
            return own
        found: click.Command = registry().get("command", name)
        return found


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="westforecast")
def cli() -> None:
    """Forecasts of short annual indicator series.

    Exit codes: 0 done, 1 done with recorded failures, 2 usage, 3 invalid data.
    """


for command in (run, forecast_file, backtest_file, data, models, plugins, studies, bench):
    cli.add_command(command)


def main(args: list[str] | None = None) -> None:
    """Entry point: library errors become one message and an exit code, never a traceback."""
    shown, warnings.showwarning = warnings.showwarning, _warn  # type: ignore[assignment]
    try:
        code = cli.main(args=args, prog_name="westforecast", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("stopped", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except WestforecastError as error:
        code = tell(error)
    finally:
        warnings.showwarning = shown
    sys.exit(code or 0)


def _warn(message: Any, category: type[Warning], *_: Any) -> None:
    """Warnings as one line. A note from a library below is of no use to a user of the program."""
    if issubclass(category, WestforecastWarning):
        context = click.get_current_context(silent=True)
        told = in_options(str(message), context.command if context else None)
        click.echo(f"note: {told}", err=True)
