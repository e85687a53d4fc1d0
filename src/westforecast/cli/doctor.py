"""What `westforecast plugins doctor` finds: each plugin, its state, and the one-line fix."""

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click

from westforecast.errors import PluginError, UsageError
from westforecast.files import write_whole
from westforecast.plugin import ModelSpec, PluginInfo, Registry, Spec
from westforecast.watch import OutOfTime, within

# Seconds until the import of what a plugin registered counts as hanging.
PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong with a plugin, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One plugin.

    state: "ok", "broken" (some of what it registers cannot be used), or why it is left out.
    seconds: to import it and call its hooks. registers: kind -> names. conformance: the last record
    of `plugins test`, None where there is none of this version.
    """

    distribution: str
    version: str
    entry_point: str
    state: str
    seconds: float | None
    registers: dict[str, list[str]]
    conformance: dict[str, Any] | None
    troubles: tuple[Trouble, ...]

    def record(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def diagnose(registry: Registry) -> list[Diagnosis]:
    """Every plugin of a registry, those left out included. Imports what they registered."""
    found = [_in_use(registry, plugin) for plugin in registry.plugins]
    for failure in registry.failures:
        trouble = Trouble(failure.reason, failure.remedy)
        found.append(
            Diagnosis(
                failure.distribution, failure.version, failure.entry_point, failure.kind, None, {},
                None, (trouble,),
            )
        )  # fmt: skip
    return found


def _in_use(registry: Registry, plugin: PluginInfo) -> Diagnosis:
    troubles = []
    for kind, specs in plugin.specs.items():
        for spec in specs:
            told = _tried(registry, plugin, kind, spec)
            if told is not None:
                troubles.append(replace(told, what=f"{kind} {spec.name!r}: {told.what}"))
    conformance = last_conformance(plugin.distribution)
    if conformance is not None and conformance["version"] != plugin.version:
        conformance = None
    elif conformance is not None and not conformance["ok"]:
        broken = ", ".join(name for name, ok in conformance["models"].items() if not ok)
        again = f"westforecast plugins test {plugin.distribution}"
        troubles.append(Trouble(f"{broken}: broke the model contract when last tested", again))
    return Diagnosis(
        distribution=plugin.distribution,
        version=plugin.version,
        entry_point=plugin.entry_point,
        state="broken" if troubles else "ok",
        seconds=plugin.seconds,
        registers={kind: [s.name for s in specs] for kind, specs in plugin.specs.items() if specs},
        conformance=conformance,
        troubles=tuple(troubles),
    )


def _tried(registry: Registry, plugin: PluginInfo, kind: str, spec: Spec) -> Trouble | None:
    """Why what a plugin registered cannot be used as it says; None where it can."""
    name, package = f"{plugin.distribution}:{spec.name}", plugin.distribution
    leave = f"or leave it out: WESTFORECAST_DISABLE={package}"
    try:
        within(PATIENCE, partial(registry.get, kind, name))
        if isinstance(spec, ModelSpec):
            return _misdeclared(registry, name, spec)
    except OutOfTime:
        told = f"import of {spec.target!r} took more than {PATIENCE:g} s"
        return Trouble(told, f"pip install --upgrade {package}, {leave}")
    except PluginError as error:
        cause = error.__cause__
        told = f"{type(cause).__name__}: {cause}" if cause else str(error)
        if isinstance(cause, ModuleNotFoundError) and cause.name:
            wanted = cause.name.partition(".")[0]
            return Trouble(told, f"pip install {wanted} (or what brings that module), {leave}")
        return Trouble(told, f"pip install --upgrade {package}, tell its author, {leave}")
    return None


def _misdeclared(registry: Registry, name: str, spec: ModelSpec) -> Trouble | None:
    """What its author has to mend in the registration of a model that can be imported."""
    from westforecast.models import Model

    try:
        model = registry.model(name, **spec.example)
    except UsageError as error:
        if not spec.example:  # it needs settings, and nobody said which to try it with
            return None
        return Trouble(f"cannot be made with its example: {error}", "its author mends `example`")
    if not isinstance(model, Model):
        found = f"{spec.target!r} gave a {type(model).__name__}; a westforecast Model expected"
        return Trouble(found, "its author mends `target`")
    if model.capabilities != spec.capabilities:
        given, real = (", ".join(sorted(c)) or "none" for c in (spec.capabilities,
                                                                model.capabilities))  # fmt: skip
        return Trouble(
            f"is registered with the capabilities {given}; the model has {real}",
            f"its author writes capabilities={set(model.capabilities) or 'frozenset()'}",
        )
    return None


# --- the last conformance result ------------------------------------------------------------------


def folder() -> Path:
    """Where results are kept between calls: WESTFORECAST_CACHE, or the user's folder for this."""
    return Path(os.environ.get("WESTFORECAST_CACHE") or click.get_app_dir("westforecast"))


def last_conformance(distribution: str) -> dict[str, Any] | None:
    """The last result of `plugins test` for a whole plugin; None where there is none to read."""
    path = folder() / "conformance" / f"{distribution}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        wanted = {"version", "ok", "tier", "date", "models"}
        return found if wanted <= set(found) else None
    except (OSError, ValueError, TypeError):
        return None


def keep_conformance(
    distribution: str, version: str, tier: str, models: dict[str, bool]
) -> Path | None:
    """Write the result of `plugins test` down; None where no folder can be written."""
    told = {
        "version": version,
        "ok": all(models.values()),
        "tier": tier,
        "date": datetime.now(UTC).date().isoformat(),
        "models": models,
    }
    data = json.dumps(told, indent=2).encode()
    try:
        return write_whole(folder() / "conformance", {f"{distribution}.json": data})[0]
    except UsageError:  # the test is what was asked for, not its record
        return None
