"""What the library says, as the command line says it: `gaps='keep'` is `--gaps keep` here."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import click

from westforecast.errors import DataError, WestforecastError
from westforecast.text import visible

# A value as messages write it: None, ..., 'keep', [2005] or 2005.
_VALUE = r"=(None|\.\.\.|'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\w+(?:\.\w+)*)"
# What helps only who holds the object: (see `.problems` of this error).
_OBJECTS = re.compile(r" \((?:see )?`(?:result)?\.[^`]*`[^)]*\)")


def say(text: str, *, err: bool = False) -> None:
    """Print a text; what it quotes is anybody's, and nothing in it acts unseen on a terminal."""
    click.echo(visible(text, lines=True), err=err)


class FileCommand(click.Command):
    """A command whose options are arguments of the library; messages name the options."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except WestforecastError as error:
            return tell(error, self)


def tell(error: WestforecastError, command: click.Command | None = None) -> int:
    """Print an error and return its exit code: 3 for invalid data, else 2."""
    if isinstance(error, DataError):  # what was found is quoted as it is
        problems = [
            replace(
                problem,
                expected=in_options(problem.expected, command),
                remedy=in_options(problem.remedy, command),
            )
            for problem in error.problems
        ]
        say(f"error: {_OBJECTS.sub('', str(DataError(problems, error.origin)))}", err=True)
        return 3
    say(f"error: {in_options(str(error), command)}", err=True)
    return 2


def in_options(text: str, command: click.Command | None) -> str:
    """Arguments in a text as the options of the command that took them."""
    if not isinstance(command, FileCommand):
        return text
    for option in command.params:
        if isinstance(option, click.Option) and option.name:
            text = re.sub(rf"\b{option.name}{_VALUE}", partial(_given, option), text)
            if "_" in option.name:  # no word of English
                text = re.sub(rf"\b{option.name}\b", option.opts[-1], text)
    return _OBJECTS.sub("", text)


def _given(option: click.Option, found: re.Match[str]) -> str:
    value, name = found[1].strip("'\""), option.opts[-1]
    if value == "False" and option.secondary_opts:
        return option.secondary_opts[-1]
    if value == "None":
        return f"no {name}"
    return name if option.is_flag else f"{name} {value}"
