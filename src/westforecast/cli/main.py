"""`westforecast`: the group of commands, and what its exit codes mean.

0 done, 1 done with recorded failures, 2 usage, 3 invalid data.
"""

import os
import sys
import warnings
from collections import Counter
from functools import partial
from typing import Any

import click

from westforecast import __version__
from westforecast.cli.bench import bench
from westforecast.cli.compare import compare
from westforecast.cli.data import backtest_file, data, forecast_file
from westforecast.cli.lists import models, studies
from westforecast.cli.plugins import plugins
from westforecast.cli.run import run
from westforecast.cli.words import in_options, say, tell
from westforecast.errors import PluginError, WestforecastError, WestforecastWarning
from westforecast.plugin import registry
from westforecast.plugin.foreign import ForeignError, told, watched
from westforecast.plugin.loading import time_limit
from westforecast.watch import PASSES, OutOfTime


class Commands(click.Group):
    """Built-in commands, then those of plugins.

    A plugin's goes by its name, or by distribution:name where a built-in one or another package has
    that. A broken one is absent from help, with a note, and says why where it is asked for.
    """

    def list_commands(self, context: click.Context) -> list[str]:
        names, broken, limit = [], [], time_limit()
        for name in self._theirs():
            package = registry().spec("command", name).package
            try:
                watched(limit, partial(self.get_command, context, name), package)
            except OutOfTime:
                package = registry().package("command", name)
                broken.append(
                    f"command {name!r} of {package} takes more than {limit:g} s to import. "
                    f"WESTFORECAST_PLUGIN_TIMEOUT={6 * limit:g} gives it more time."
                )
            except ForeignError as error:
                broken.append(str(error.__cause__))
            else:
                names.append(name)
        if broken and not context.resilient_parsing:  # which is when a shell completes a word
            told = f"{len(broken)} command(s) are broken and left out: {' '.join(broken)}"
            warnings.warn(told, WestforecastWarning, stacklevel=2)
        return [*super().list_commands(context), *names]

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        own = super().get_command(context, name)
        short = name.rpartition(":")[2]
        if own is not None or short not in {spec.name for _, spec in registry().specs("command")}:
            return own
        found: click.Command = registry().get("command", name, click.Command)
        return found

    def invoke(self, context: click.Context) -> Any:
        """Run a command. A mistake in a plugin's is a message that names the package."""
        try:
            return super().invoke(context)
        except _MEANT:
            raise
        except BaseException as error:
            name = context.invoked_subcommand
            strict = os.environ.get("WESTFORECAST_STRICT") == "1"
            if strict or name is None or name in self.commands:
                raise
            package = registry().package("command", name)
            raise PluginError(
                f"command {name!r} of {package} failed: {told(error)}. Update "
                "that package or tell its author; WESTFORECAST_STRICT=1 shows where it failed."
            ) from error

    def _theirs(self) -> list[str]:
        """The names that plugins' commands go by."""
        specs = registry().specs("command")
        count = Counter([*self.commands, *(spec.name for _, spec in specs)])
        return [
            spec.name if count[spec.name] == 1 else f"{distribution}:{spec.name}"
            for distribution, spec in specs
        ]


# What a command raises for its user to read, or to end in peace.
_MEANT = (
    WestforecastError, click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError,
    SystemExit, *PASSES,
)  # fmt: skip


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="westforecast")
def cli() -> None:
    """Forecasts of short annual indicator series.

    Exit codes: 0 done, 1 done with recorded failures, 2 usage, 3 invalid data.
    """


for command in (
    run, forecast_file, backtest_file, compare, data, models, plugins, studies, bench
):  # fmt: skip
    cli.add_command(command)


def main(args: list[str] | None = None) -> None:
    """Entry point: library errors become one message and an exit code, never a traceback."""
    shown, warnings.showwarning = warnings.showwarning, _warn  # type: ignore[assignment]
    try:
        code = cli.main(args=args, prog_name="westforecast", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        say("stopped", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = 2
    except WestforecastError as error:
        code = tell(error)
    finally:
        warnings.showwarning = shown
    # What else a plugin's command may return is no exit code.
    sys.exit(code if type(code) is int else 0)


def _warn(message: Any, category: type[Warning], *_: Any) -> None:
    """Warnings as one line. A note from a library below is of no use to a user of the program."""
    if issubclass(category, WestforecastWarning):
        context = click.get_current_context(silent=True)
        told = in_options(str(message), context.command if context else None)
        say(f"note: {told}", err=True)
