"""`westforecast models list`, `studies list`: what there is. Imports no model.

`westforecast models show NAME` imports that one.
"""

import re
from inspect import Parameter, getmro, isclass
from typing import Any

import click

from westforecast.cli.words import say
from westforecast.plugin import registry, settings_of
from westforecast.text import json_text


@click.group()
def models() -> None:
    """Models that can be asked for by name."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def models_list(as_json: bool) -> None:
    """Every model with its package and what it can do."""
    _show("model", as_json)


@models.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def models_show(name: str, as_json: bool) -> None:
    """What a model is, its settings with their defaults, and how to call it."""
    spec, factory = registry().spec("model", name), registry().get("model", name)
    package = next(p for p, s in registry().specs("model") if s is spec)
    declared = settings_of(factory)
    # What a registration sets is a default to its users.
    values = {key: p.default for key, p in (declared or {}).items()}
    values |= {k: v for k, v in getattr(spec, "settings", {}).items() if k in values}
    rows: list[dict[str, Any]] = [
        {"name": key, "needed": value is Parameter.empty,
         "default": None if value is Parameter.empty else repr(value), "says": _says(factory, key)}
        for key, value in values.items()
    ]  # fmt: skip
    given = [f"{row['name']}='...'" for row in rows if row["needed"]]
    given = given or [f"{row['name']}={row['default']}" for row in rows[:1]]
    example = f"westforecast.model({', '.join([repr(name), *given])})"
    if as_json:
        record = {"name": spec.name, "package": package, "summary": spec.summary, "settings": rows,
                  "declared": declared is not None, "example": example}  # fmt: skip
        say(json_text(record))
        return
    say(f"{spec.name}  {package}  {spec.summary}")
    if declared is None:
        say("Its settings are those of what it wraps.")
    shown = [(row["name"], row["default"] or "needed", row["says"]) for row in rows]
    widths = [max((len(row[k]) for row in shown), default=0) for k in (0, 1)]
    for key, value, says in shown:
        start = f"  {key:{widths[0]}}  {value:{widths[1]}}  "
        told = click.wrap_text(says, 100, start, " " * len(start)) if says else start.rstrip()
        say(told)
    say(f"Example: {example}")


def _says(factory: Any, setting: str) -> str:
    """The first sentence that the docstrings of a model or its bases have of a setting.

    In them an entry is `name: text.` or `name, other: text.`
    """
    entry = re.compile(
        rf"(?:^|[.;] )(?:\w+, )*{setting}(?:, \w+| [a-z ]+)*: (.+?)(?:\. |; (?=\w+: )|\.?$)"
    )
    for part in getmro(factory) if isclass(factory) else [factory]:
        found = entry.search(" ".join((vars(part).get("__doc__") or "").split()))
        if found:
            return found[1]
    return ""


@click.group()
def studies() -> None:
    """Studies that can be run by name."""


@studies.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def studies_list(as_json: bool) -> None:
    """Every study with its package."""
    _show("study", as_json)


def _show(kind: str, as_json: bool) -> None:
    rows = [
        {"name": spec.name, "package": package, "summary": spec.summary,
         "capabilities": sorted(getattr(spec, "capabilities", ()))}
        for package, spec in registry().specs(kind)
    ]  # fmt: skip
    if as_json:
        say(json_text(rows))
        return
    for key in ("name", "package"):
        width = max((len(str(row[key])) for row in rows), default=0)
        for row in rows:
            row[key] = str(row[key]).ljust(width)
    for row in rows:
        able = f" [{', '.join(row['capabilities'])}]" if row["capabilities"] else ""
        say(f"{row['name']}  {row['package']}  {row['summary']}{able}")
