"""`westforecast plugins list`, `models list`, `studies list`: what there is. Imports no model."""

import json

import click

from westforecast.plugin import registry


@click.group()
def plugins() -> None:
    """Installed plugins."""


@plugins.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def plugins_list(as_json: bool) -> int:
    """Every plugin with what it registers, and every broken one with the reason."""
    found = registry()
    if as_json:
        used = [
            {"distribution": p.distribution, "version": p.version, "entry_point": p.entry_point,
             "registers": {k: [s.name for s in specs] for k, specs in p.specs.items() if specs}}
            for p in found.plugins
        ]  # fmt: skip
        broken = [
            {"distribution": f.distribution, "version": f.version, "entry_point": f.entry_point,
             "kind": f.kind, "reason": f.reason}
            for f in found.failures
        ]  # fmt: skip
        click.echo(json.dumps({"plugins": used, "failures": broken}, indent=2))
    else:
        for plugin in found.plugins:
            click.echo(f"{plugin.distribution} {plugin.version}")
            for kind, specs in plugin.specs.items():
                if specs:
                    click.echo(click.wrap_text(
                        f"{kind}: {', '.join(spec.name for spec in specs)}", width=100,
                        initial_indent="  ", subsequent_indent="    ",
                    ))  # fmt: skip
        for failure in found.failures:
            click.echo(f"BROKEN {failure}")
    return 1 if found.failures else 0


@click.group()
def models() -> None:
    """Models that can be asked for by name."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Machine-readable.")
def models_list(as_json: bool) -> None:
    """Every model with its package and what it can do."""
    _show("model", as_json)


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
        click.echo(json.dumps(rows, indent=2))
        return
    for key in ("name", "package"):
        width = max((len(str(row[key])) for row in rows), default=0)
        for row in rows:
            row[key] = str(row[key]).ljust(width)
    for row in rows:
        able = f" [{', '.join(row['capabilities'])}]" if row["capabilities"] else ""
        click.echo(f"{row['name']}  {row['package']}  {row['summary']}{able}")
