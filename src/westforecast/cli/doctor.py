"""What `westforecast plugins doctor` finds: each plugin, its state, and the one-line fix."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from westforecast.engines import Engine
from westforecast.errors import UsageError
from westforecast.files import write_whole
from westforecast.metrics import Metric
from westforecast.models import Model
from westforecast.plugin import ModelSpec, PluginInfo, Registry, Spec, settings_of
from westforecast.plugin.foreign import ForeignError, told, watched
from westforecast.plugin.loading import time_limit
from westforecast.plugin.names import CORE, BrokenError, leave_out, remedy
from westforecast.series import Panel
from westforecast.study import read_study
from westforecast.watch import OutOfTime

# kind -> what the library does where a user asks for a name of it, less the work itself.
USES: dict[str, Callable[[Registry, str], object]] = {
    "model": lambda registry, name: registry.model(name, **_example(registry, name)),
    "metric": lambda registry, name: registry.get("metric", name, Metric),
    "dataset": lambda registry, name: registry.made("dataset", name, Panel),
    "study": lambda registry, name: read_study(registry.made("study", name, Path, str)),
    "engine": lambda registry, name: registry.made("engine", name, Engine),
    "command": lambda registry, name: registry.get("command", name, click.Command),
}


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
    of `plugins test`, None where there is none of this code.
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
            trouble = _tried(registry, plugin, kind, spec)
            if trouble is not None:
                what = f"{kind} {spec.name!r}: {trouble.what}"
                troubles.append(replace(trouble, what=what))
    conformance = last_conformance(plugin.distribution)
    if conformance is not None and conformance["code"] != code_of(plugin):
        conformance = None  # of other code, whatever its version
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
    package = plugin.distribution
    limit = float("inf") if package == CORE else time_limit()
    try:
        found = watched(limit, partial(_used, registry, package, kind, spec), spec.package)
    except OutOfTime:
        what = f"{spec.target!r} took more than {limit:g} s to import and make"
        return Trouble(what, remedy("timeout", package))
    except ForeignError as error:
        return _trouble(error.__cause__, str(error), package)
    core = registry.specs(kind) if package != CORE else []
    if found is None and (CORE, spec.name) in {(owner, s.name) for owner, s in core}:
        what = "is a name of the library's own, which comes first"
        return Trouble(what, f"its author renames it; until then ask for {package}:{spec.name}")
    return found


def _trouble(error: BaseException | None, what: str, package: str) -> Trouble:
    if not isinstance(error, BrokenError):
        return Trouble(what, remedy("bad_spec", package))
    cause = error.__cause__
    if isinstance(cause, ModuleNotFoundError) and cause.name:
        wanted = cause.name.partition(".")[0]
        mend = f"pip install {wanted} (or what brings that module){leave_out(package)}"
        return Trouble(error.reason, mend)
    return Trouble(error.reason, remedy("bad_spec", package))


def _used(registry: Registry, package: str, kind: str, spec: Spec) -> Trouble | None:
    """Use it as the library would; what its author has to mend in a registration that loads."""
    name = f"{package}:{spec.name}"
    if isinstance(spec, ModelSpec):
        return _misdeclared(registry, name, spec)
    USES[kind](registry, name)
    return None


def _misdeclared(registry: Registry, name: str, spec: ModelSpec) -> Trouble | None:
    factory = registry.get("model", name)
    given = {*spec.settings, *spec.example}
    needed = [k for k, p in (settings_of(factory) or {}).items() if p.default is p.empty]
    if isinstance(factory, type) and issubclass(factory, Model) and not given.issuperset(needed):
        return None  # it needs settings, and nobody said which to try it with
    try:
        model = USES["model"](registry, name)
    except UsageError as error:
        how = "with its example" if spec.example else "as it is registered"
        return Trouble(f"cannot be made {how}: {told(error)}", "its author mends `example`")
    if not isinstance(model, Model):
        found = f"{spec.target!r} gave a {type(model).__name__}; a westforecast Model expected"
        return Trouble(found, "its author mends `target`")
    if model.capabilities != spec.capabilities:
        claimed, real = (", ".join(sorted(c)) or "none" for c in (spec.capabilities,
                                                                model.capabilities))  # fmt: skip
        return Trouble(
            f"is registered with the capabilities {claimed}; the model has {real}",
            f"its author writes capabilities={set(model.capabilities) or 'frozenset()'}",
        )
    return None


def _example(registry: Registry, name: str) -> dict[str, Any]:
    spec = registry.spec("model", name)
    return dict(spec.example) if isinstance(spec, ModelSpec) else {}


# --- the last conformance result ------------------------------------------------------------------


def folder() -> Path:
    """Where results are kept between calls: WESTFORECAST_CACHE, or the user's folder for this."""
    return Path(os.environ.get("WESTFORECAST_CACHE") or click.get_app_dir("westforecast"))


def last_conformance(distribution: str) -> dict[str, Any] | None:
    """The last result of `plugins test` for a whole plugin; None where there is none to read."""
    path = folder() / "conformance" / f"{distribution}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        wanted = {"version", "code", "ok", "tier", "date", "models"}
        return found if wanted <= set(found) else None
    except (OSError, ValueError, TypeError):
        return None


def code_of(plugin: PluginInfo) -> str:
    """Digest of a plugin's version and of all Python files of the packages that it names."""
    places = [plugin.entry_point, *(s.target for specs in plugin.specs.values() for s in specs)]
    digest = hashlib.sha256(plugin.version.encode())
    for top in sorted({place.partition(":")[0].partition(".")[0] for place in places}):
        found = find_spec(top)
        if found is None:
            continue
        folders = found.submodule_search_locations
        files = [Path(found.origin)] if found.origin and not folders else []
        files += [file for folder in folders or () for file in sorted(Path(folder).rglob("*.py"))]
        for file in files:
            digest.update(file.read_bytes())
    return digest.hexdigest()


def keep_conformance(plugin: PluginInfo, tier: str, models: dict[str, bool]) -> Path | None:
    """Write the result of `plugins test` down; None where no folder can be written."""
    record = {
        "version": plugin.version,
        "code": code_of(plugin),
        "ok": all(models.values()),
        "tier": tier,
        "date": datetime.now(UTC).date().isoformat(),
        "models": models,
    }
    data = json.dumps(record, indent=2).encode()
    try:
        return write_whole(folder() / "conformance", {f"{plugin.distribution}.json": data})[0]
    except UsageError:  # the test is what was asked for, not its record
        return None
