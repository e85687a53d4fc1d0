"""`westforecast plugins`: which there are, what is wrong with them, tests of them, a new one."""

import sys
from functools import partial
from importlib import import_module, metadata, util
from pathlib import Path
from textwrap import fill
from typing import Any

import click

from westforecast.cli.words import say
from westforecast.errors import UnknownNameError, UsageError, WestforecastError, nearest
from westforecast.plugin import ModelSpec, PluginFailure, PluginInfo, registry
from westforecast.plugin.foreign import ForeignError, called, restored, watched
from westforecast.plugin.loading import time_limit
from westforecast.text import json_text
from westforecast.watch import OutOfTime, within


@click.group()
def plugins() -> None:
    """Plugins: list, show, doctor, test, and a new one."""


_JSON = click.option("--json", "as_json", is_flag=True, help="Machine-readable.")


@plugins.command("list")
@_JSON
def list_plugins(as_json: bool) -> int:
    """Every plugin with what it registers, and every broken one with the reason."""
    found = registry()
    if as_json:
        used = [
            {"distribution": p.distribution, "version": p.version, "entry_point": p.entry_point,
             "registers": _registered(p)}
            for p in found.plugins
        ]  # fmt: skip
        broken = [_failure(f) for f in found.failures]
        say(json_text({"plugins": used, "failures": broken}))
    else:
        for plugin in found.plugins:
            say(f"{plugin.distribution} {plugin.version}")
            for kind, names in _registered(plugin).items():
                say(_wrapped(f"{kind}: {', '.join(names)}"))
        for failure in found.failures:
            say(f"BROKEN {failure}")
    return 1 if found.failures else 0


@plugins.command("show")
@click.argument("distribution")
@_JSON
def show(distribution: str, as_json: bool) -> int:
    """What one plugin is and everything it registers."""
    found = registry()
    parts = [p for p in found.plugins if p.distribution == distribution]
    failures = [f for f in found.failures if f.distribution == distribution]
    if not parts and not failures:
        known = [p.distribution for p in found.plugins] + [f.distribution for f in found.failures]
        hint = _unregistered(distribution) or nearest(distribution, known)
        raise UnknownNameError(f"no plugin {distribution!r}. {hint}")
    version = parts[0].version if parts else failures[0].version
    registers: dict[str, list[dict[str, Any]]] = {
        kind: [
            {"name": s.name, "summary": s.summary, "target": s.target,
             "capabilities": sorted(getattr(s, "capabilities", ()))}
            for p in parts for s in p.specs[kind]
        ]
        for kind in (parts[0].specs if parts else ())
    }  # fmt: skip
    record = {
        "distribution": distribution,
        "version": version,
        "summary": _said(distribution, "Summary"),
        "entry_points": [p.entry_point for p in parts],
        "registers": registers,
        "failures": [_failure(f) for f in failures],
    }
    if as_json:
        say(json_text(record))
        return 1 if failures else 0
    say(f"{distribution} {version}  {record['summary']}".rstrip())
    for failure in failures:
        say(_wrapped(f"BROKEN {failure.kind}: {failure.reason}") + f"\n  fix: {failure.remedy}")
    for kind, rows in registers.items():
        width = max((len(row["name"]) for row in rows), default=0)
        for row in rows:
            able = f" [{', '.join(row['capabilities'])}]" if row["capabilities"] else ""
            say(_wrapped(f"{kind} {row['name']:{width}}  {row['summary']}{able}"))
    return 1 if failures else 0


@plugins.command("doctor")
@_JSON
def doctor(as_json: bool) -> int:
    """Check every plugin: imports all it registers, and says what is broken and how to mend it."""
    from westforecast.cli.doctor import diagnose
    from westforecast.report.terminal import console, table

    found = diagnose(registry())
    broken = [d for d in found if d.troubles]
    if as_json:
        say(json_text([d.record() for d in found]))
        return 1 if broken else 0
    rows = [
        (d.distribution, d.state, d.version, "-" if d.seconds is None else f"{1e3 * d.seconds:.1f}",
         len(d.registers.get("model", ())), _conformance(d.conformance))
        for d in found
    ]  # fmt: skip
    heads = ("plugin", "state", "version", "import, ms", "models", "contract")
    console().print(table("Plugins", heads, rows, left=2))
    for d in broken:
        say(f"\n{d.distribution} {d.version}: {d.state}")
        for trouble in d.troubles:
            say(_wrapped(trouble.what))
            say(f"    fix: {trouble.remedy}")
    fine = "nothing is broken" if not broken else f"{len(broken)} broken"
    say(f"\n{len(found)} plugins, {fine}.")
    return 1 if broken else 0


# A check is not interrupted. A model that takes so many times its budget is given up.
_OVERTIME = 10


@plugins.command("test")
@click.argument("names", nargs=-1, required=True)
@click.option("--tier", type=click.Choice(["quick", "full"]), default="quick", show_default=True,
              help="full: larger data, threads and spawned processes as well.")  # fmt: skip
@click.option("--time-budget", type=click.FloatRange(0, min_open=True),
              help="Seconds for each model, after which no further check is begun. A model still "
                   f"busy after {_OVERTIME} times as long is given up: it fails.  "
                   "[default: 8, full: 100]")  # fmt: skip
@click.option("--markdown", is_flag=True, help="A table for each model, to paste elsewhere.")
@click.option("-v", "--verbose", is_flag=True, help="Every check, also those that passed.")
@_JSON
def test(
    names: tuple[str, ...], tier: str, time_budget: float | None, markdown: bool, verbose: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """Hold models to the contract.

    NAMES are plugins (all their models), models, or objects of your own as module:object or
    path/to/file.py:object. Exit code 1 where a promise is broken.

    \b
    westforecast plugins test westforecast-example
    westforecast plugins test Drift --tier full
    westforecast plugins test my_model.py:MyModel
    """
    from westforecast.cli.doctor import keep_conformance

    if markdown and as_json:
        raise UsageError("--markdown and --json found; expected one of them. Leave one out.")
    found = registry()
    reports, fine = [], True
    for name in names:
        plugin = next((p for p in found.plugins if p.distribution == name), None)
        outcomes = {}
        for label, model, declared in _models(name):
            try:
                report = _report(model, tier, declared, time_budget)
            except WestforecastError as error:
                reports.append({"model": label, "ok": False, "error": str(error)})
                outcomes[label] = False
                if not as_json:
                    say(f"{label}: {error}\n")
                continue
            outcomes[label] = report.ok
            reports.append(report.to_dict())
            if markdown:
                say(report.to_markdown())
            elif not as_json:
                say(str(report) if verbose else report.verdict if report.ok else report.brief)
        fine &= all(outcomes.values())
        if plugin is not None:
            keep_conformance(plugin, tier, outcomes)
    if as_json:
        say(json_text(reports))
    return 0 if fine else 1


def _report(
    model: Any, tier: Any, declared: frozenset[str] | None, time_budget: float | None
) -> Any:
    """The report on a model. Raises UsageError where it never comes to an end."""
    from westforecast.testing import check_model
    from westforecast.testing.trial import BUDGETS

    if isinstance(model, WestforecastError):
        raise model
    budget = time_budget or BUDGETS[tier]
    checked = partial(check_model, model, tier=tier, declared=declared, time_budget=budget)
    try:
        with restored():
            return within(_OVERTIME * budget, checked)
    except OutOfTime:
        raise UsageError(
            f"is still busy after {_OVERTIME * budget:g} s and was given up. A longer "
            "--time-budget gives it more time."
        ) from None


@plugins.command("new")
@click.argument("name")
@click.option("--model", help="Name of its model.  [default: from NAME, acme-growth: AcmeGrowth]")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path(),
              help="Folder in which the folder NAME is made.  [default: this one]")  # fmt: skip
@_JSON
def new(name: str, model: str | None, into: Path, as_json: bool) -> None:
    """Write a complete plugin package with one model: it installs and passes its tests at once.

    NAME is the name of the package to be: acme-growth.
    """
    from westforecast.cli.new import render, write

    contents, folder = render(name, model), into / name
    write(folder, contents)
    if as_json:
        say(json_text({"folder": str(folder), "files": list(contents)}))
        return
    say(f"Written to {folder}/:")
    for path in contents:
        say(f"  {path}")
    say(
        f"Next:\n  cd {folder}\n  pip install -e '.[test]'\n  pytest\n"
        f"  westforecast plugins test {name}"
    )


def _models(name: str) -> list[tuple[str, Any, frozenset[str] | None]]:
    """Label, model and registered capabilities of what a name stands for.

    A model that cannot be made is there as the error that says why. Raises UnknownNameError for a
    name that nothing answers to.
    """
    found = registry()
    for failure in found.failures:
        if failure.distribution == name:
            return [(name, UsageError(f"BROKEN {failure}. {failure.remedy}"), None)]
    plugins = [p for p in found.plugins if p.distribution == name]
    if plugins:
        specs = [(p, s) for p in plugins for s in p.specs["model"] if isinstance(s, ModelSpec)]
        if not specs:
            raise UsageError(f"{name} registers no model; `plugins doctor` checks the rest of it.")
        return [(s.name, *_made(f"{p.distribution}:{s.name}", s)) for p, s in specs]
    place, _, path = name.rpartition(":")
    pairs = found.specs("model")
    known = {s.name for _, s in pairs} | {f"{p}:{s.name}" for p, s in pairs}
    if place and name not in known:
        return [(name, _object(place, path), None)]
    if name not in known:
        names = [*known, *(p.distribution for p in found.plugins)]
        hint = _unregistered(name) or nearest(name, names)
        raise UnknownNameError(
            f"no plugin and no model {name!r}. {hint} An object of your own is "
            "named as module:object or path/to/file.py:object."
        )
    spec = found.spec("model", name)
    assert isinstance(spec, ModelSpec)
    return [(name, *_made(name, spec))]


def _made(name: str, spec: ModelSpec) -> tuple[Any, frozenset[str]]:
    limit = time_limit()
    try:
        return watched(
            limit, partial(registry().model, name, **spec.example), spec.package
        ), spec.capabilities
    except OutOfTime:
        told = f"takes more than {limit:g} s to import and make. WESTFORECAST_PLUGIN_TIMEOUT=60 "
        return UsageError(f"{told}gives it more time."), spec.capabilities
    except ForeignError as error:
        cause = error.__cause__
        known = cause if isinstance(cause, WestforecastError) else UsageError(str(error))
        return known, spec.capabilities


def _object(place: str, path: str) -> Any:
    """An object of a module or a file, imported now; UsageError where that does not work."""
    try:
        return called(partial(_imported, place, path))
    except ForeignError as error:  # whatever foreign code does when it is imported
        raise UsageError(f"{path!r} cannot be had from {place!r}: {error}.") from error.__cause__


def _imported(place: str, path: str) -> Any:
    if place.endswith(".py"):
        module_spec = util.spec_from_file_location(Path(place).stem, place)
        assert module_spec is not None
        assert module_spec.loader is not None
        found: Any = util.module_from_spec(module_spec)
        sys.modules[module_spec.name] = found  # where pickle looks for its classes
        sys.path.insert(0, str(Path(place).resolve().parent))
        module_spec.loader.exec_module(found)
    else:
        sys.path.insert(0, str(Path.cwd()))
        found = import_module(place)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _registered(plugin: PluginInfo) -> dict[str, list[str]]:
    return {kind: [s.name for s in specs] for kind, specs in plugin.specs.items() if specs}


def _failure(failure: PluginFailure) -> dict[str, str]:
    return {"distribution": failure.distribution, "version": failure.version,
            "entry_point": failure.entry_point, "kind": failure.kind, "reason": failure.reason,
            "remedy": failure.remedy}  # fmt: skip


def _unregistered(distribution: str) -> str:
    """Where a distribution is installed and no plugin: what it lacks."""
    try:
        groups = {entry.group for entry in metadata.distribution(distribution).entry_points}
    except (metadata.PackageNotFoundError, ValueError):  # ValueError: no name at all
        return ""
    found = f"found: {', '.join(sorted(groups))}" if groups else "it has none"
    return (
        f"{distribution} is installed, without an entry point in the group 'westforecast' "
        f"({found}). Write [project.entry-points.westforecast] in its pyproject.toml and install "
        "it again."
    )


def _said(distribution: str, key: str) -> str:
    try:
        told = metadata.metadata(distribution)
    except metadata.PackageNotFoundError:
        return ""
    return str(told.json.get(key.lower(), ""))


def _conformance(record: dict[str, Any] | None) -> str:
    if record is None:
        return "not tested"
    count = sum(record["models"].values())
    return f"{count} of {len(record['models'])} {record['tier']} {record['date']}"


def _wrapped(text: str) -> str:
    return fill(
        text, 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip
