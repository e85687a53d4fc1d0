"""Loading plugins one by one, so that a broken one costs itself and nobody else.

pluggy validates hooks but does not isolate: one raising implementation fails the whole call, a
failed registration leaves half a plugin behind, and a misspelt hook passes unnoticed. So every
entry point is loaded, checked, registered and called on its own, and taken out where it fails.
"""

import os
import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from inspect import Parameter, signature
from typing import Any, Literal, get_args, get_type_hints

import pluggy

from westforecast.errors import (
    PluginError,
    UnknownNameError,
    UsageError,
    WestforecastWarning,
    closest,
    nearest,
)
from westforecast.plugin import defaults, hookspecs
from westforecast.plugin.hookspecs import HOOKS, PROJECT
from westforecast.plugin.specs import Spec

Failure = Literal[
    "import_error", "wrong_object", "bad_signature", "unknown_hook", "hook_raised", "bad_spec",
    "duplicate_name",
]  # fmt: skip

GROUP = "westforecast"


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """Why a plugin is not in use."""

    kind: Failure
    distribution: str
    version: str
    entry_point: str
    reason: str

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}: {self.kind}: {self.reason}"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin in use and what it registered, as kind -> specs."""

    distribution: str
    version: str
    entry_point: str
    specs: Mapping[str, tuple[Spec, ...]]


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that can be asked for by name. `name` if unique, `distribution:name` always."""

    plugins: tuple[PluginInfo, ...]
    failures: tuple[PluginFailure, ...]
    _found: dict[tuple[str, str], list[tuple[str, Spec]]] = field(
        init=False, repr=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        for plugin in self.plugins:
            for kind, specs in plugin.specs.items():
                for spec in specs:
                    entry = self._found.setdefault((kind, spec.name), [])
                    entry.append((plugin.distribution, spec))

    def specs(self, kind: str) -> list[tuple[str, Spec]]:
        """(distribution, spec) of every registration of a kind, sorted by name."""
        found = [pair for (k, _), pairs in self._found.items() if k == kind for pair in pairs]
        return sorted(found, key=lambda pair: (pair[1].name.casefold(), pair[0]))

    def spec(self, kind: str, name: str) -> Spec:
        """The registration behind a name.

        Raises UnknownNameError, suggesting the nearest name and naming broken plugins that may have
        had it; UsageError where two packages offer the same short name.
        """
        return self._pair(kind, name)[1]

    def _pair(self, kind: str, name: str) -> tuple[str, Spec]:
        distribution, _, short = name.rpartition(":")
        pairs = self._found.get((kind, short), [])
        if distribution:
            pairs = [pair for pair in pairs if pair[0] == _normal(distribution)]
        if len(pairs) == 1:
            return pairs[0]
        if pairs:
            full = " or ".join(f"{package}:{short}" for package, _ in pairs)
            raise UsageError(
                f"{kind} {short!r} is offered by {len(pairs)} packages. Ask for {full}."
            )
        known = [spec.name for _, spec in self.specs(kind)]
        broken = ""
        if self.failures:
            names = ", ".join(f"{f.distribution} ({f.kind})" for f in self.failures)
            broken = (
                f" Broken plugins that may have had it: {names}; see `westforecast plugins list`."
            )
        raise UnknownNameError(f"no {kind} {name!r}. {nearest(short, known)}{broken}")

    def get(self, kind: str, name: str) -> Any:
        """The object behind a name, imported now.

        Raises as `spec`, and PluginError where the import fails, naming package and cause.
        """
        distribution, spec = self._pair(kind, name)
        try:
            return spec.load()
        except Exception as error:  # whatever an import raises, the user hears which package
            raise PluginError(
                f"{kind} {name!r} of {distribution} cannot be loaded from {spec.target!r}: "
                f"{type(error).__name__}: {error}. Repair or update that package, or leave it out "
                f"with WESTFORECAST_DISABLE={distribution}."
            ) from error

    def model(self, name: str, **settings: Any) -> Any:
        """A model by name with its settings.

        Raises as `get`, UsageError for settings it does not have and for those it needs.

        A setting that is a model itself may be given as a name or, as text files have it, a table:
        {"model": "DampedLogGrowth", "damping": 0.9}.
        """
        spec = self.spec("model", name)
        factory = self.get("model", name)
        given = {**getattr(spec, "settings", {}), **settings}
        _check_settings(name, given, settings_of(factory))
        for key in given.keys() & _model_settings(factory):
            given[key] = self._nested(name, key, given[key])
        try:
            return factory(**given)
        except TypeError as error:
            told = ", ".join(f"{k}={v!r}" for k, v in settings.items()) or "none"
            raise UsageError(
                f"model {name!r} cannot be made with these settings ({told}): {error}"
            ) from error

    def _nested(self, name: str, key: str, given: Any) -> Any:
        """The model behind a name or a table; anything else as it is."""
        if isinstance(given, str):
            return self.model(given)
        if not isinstance(given, Mapping):
            return given
        if not isinstance(given.get("model"), str):
            raise UsageError(
                f'model {name!r}: {key}={dict(given)!r} found; a name or {{ model = "...", ... }} '
                "expected."
            )
        return self.model(given["model"], **{k: v for k, v in given.items() if k != "model"})


def settings_of(factory: Any) -> dict[str, Parameter] | None:
    """Settings by name, as a model declares them; None where it takes any, or cannot say."""
    try:
        declared = signature(factory).parameters
    except (TypeError, ValueError):  # made outside Python
        return None
    if any(p.kind is Parameter.VAR_KEYWORD for p in declared.values()):
        return None
    by_name = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return {key: p for key, p in declared.items() if p.kind in by_name}


def _check_settings(
    name: str, given: Mapping[str, Any], known: Mapping[str, Parameter] | None
) -> None:
    if known is None:
        return
    listed = f"Its settings: {', '.join(known)}." if known else "It has no settings."
    for key in given:
        if key not in known:
            close = closest(key, known)
            hint = f"Did you mean {close!r}? " if close else ""
            raise UsageError(
                f"model {name!r} has no setting {key!r} (found: {key}={given[key]!r}). "
                f"{hint}{listed}"
            )
    missing = [k for k, p in known.items() if p.default is Parameter.empty and k not in given]
    if missing:
        example = ", ".join(f"{key}=..." for key in missing)
        raise UsageError(
            f"model {name!r} needs {' and '.join(missing)}: "
            f"westforecast.model({name!r}, {example}). {listed}"
        )


def _model_settings(factory: Any) -> set[str]:
    """Settings declared as a Model, or as a Model or None."""
    from westforecast.models.base import Model  # here, so that listing models imports no NumPy

    try:
        hints = get_type_hints(factory)
    except (NameError, TypeError, AttributeError):  # not resolvable: then nothing is declared
        return set()
    return {
        key for key, hint in hints.items()
        if any(isinstance(h, type) and issubclass(h, Model) for h in (hint, *get_args(hint)))
    }  # fmt: skip


def load(points: Iterable[EntryPoint] | None = None, core: bool = True) -> Registry:
    """Load the core's own registrations and plugins from entry points (all installed by default).

    Environment: WESTFORECAST_PLUGINS, a comma-separated list of distributions to allow (empty =
    none); WESTFORECAST_DISABLE, a list to leave out; WESTFORECAST_STRICT=1 raises PluginError for
    the first broken plugin instead of warning.
    """
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins: list[PluginInfo] = []
    failures: list[PluginFailure] = []
    if core:
        plugins.append(_use(manager, defaults, "westforecast", _core_version(), "core", set()))
    for point in sorted(_allowed(points), key=lambda p: (_distribution(p), p.name)):
        distribution, version = _distribution(point), _version(point)
        taken = {
            (kind, spec.name)
            for info in plugins
            if info.distribution == distribution
            for kind, specs in info.specs.items()
            for spec in specs
        }
        try:
            plugin = _imported(point)
            plugins.append(_use(manager, plugin, distribution, version, point.name, taken))
        except _Broken as broken:
            failure = PluginFailure(broken.kind, distribution, version, point.name, broken.reason)
            if os.environ.get("WESTFORECAST_STRICT") == "1":
                raise PluginError(f"plugin {failure}") from broken.__cause__
            failures.append(failure)
    if failures:
        told = "; ".join(map(str, failures))
        warnings.warn(
            f"{len(failures)} plugin(s) are broken and left out: {told}. The rest works. "
            "`westforecast plugins list` shows more.",
            WestforecastWarning,
            stacklevel=2,
        )
    return Registry(tuple(plugins), tuple(failures))


@cache
def registry() -> Registry:
    """The registry of this process: loaded once, on first use."""
    return load()


class _Broken(Exception):
    def __init__(self, kind: Failure, reason: str) -> None:
        super().__init__(reason)
        self.kind: Failure = kind
        self.reason = reason


def _imported(point: EntryPoint) -> Any:
    try:
        return point.load()
    except Exception as error:  # any exception at import is the plugin's; Ctrl-C still passes
        raise _Broken("import_error", f"{type(error).__name__}: {error}") from error


def _use(
    manager: pluggy.PluginManager,
    plugin: Any,
    distribution: str,
    version: str,
    entry_point: str,
    taken: set[tuple[str, str]],
) -> PluginInfo:
    """Check, register and call one plugin; roll back and raise _Broken on any failure.

    taken: (kind, name) of what the same distribution registered through other entry points.
    """
    name = f"{distribution}:{entry_point}"
    try:
        _check_hooks(plugin)
        try:
            manager.register(plugin, name)
        except pluggy.PluginValidationError as error:
            raise _Broken("bad_signature", str(error)) from error
        specs = {
            kind: _call(manager, plugin, hook, wanted) for hook, (kind, wanted) in HOOKS.items()
        }
        for kind, found in specs.items():
            for spec in found:
                if (kind, spec.name) in taken:
                    raise _Broken("duplicate_name", f"{kind} {spec.name!r} is registered twice")
                taken.add((kind, spec.name))
    except Exception as error:  # a foreign object may raise anything, even where it is looked at
        if manager.has_plugin(name):
            manager.unregister(name=name)
        if isinstance(error, _Broken):
            raise
        raise _Broken("wrong_object", f"{type(error).__name__}: {error}") from error
    return PluginInfo(distribution, version, entry_point, specs)


def _check_hooks(plugin: Any) -> None:
    """Refuse objects without hooks, hooks this library does not know, and unmarked lookalikes."""
    marked: set[str] = set()
    for name in dir(plugin):
        options = getattr(getattr(plugin, name, None), f"{PROJECT}_impl", None)
        if isinstance(options, dict):
            marked.add(name)
            name = options.get("specname") or name
        elif not name.startswith(f"{PROJECT}_register"):
            continue
        if name not in HOOKS:
            raise _Broken("unknown_hook", f"no hook {name!r}. {nearest(name, HOOKS)}")
        if not isinstance(options, dict):
            raise _Broken("wrong_object", f"{name} is not marked with @hookimpl")
    if not marked:
        raise _Broken("wrong_object", f"{plugin!r} implements no hook of westforecast")


def _call(manager: pluggy.PluginManager, plugin: Any, hook: str, wanted: type) -> tuple[Spec, ...]:
    specs: list[Spec] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin is not plugin:
            continue
        try:
            answer = implementation.function()
            listed = list(answer) if isinstance(answer, Iterable) else answer
        except PluginError as error:
            raise _Broken("bad_spec", f"{hook}: {error}") from error
        except Exception as error:  # a raising hook must cost only its own plugin
            raise _Broken("hook_raised", f"{hook}: {type(error).__name__}: {error}") from error
        if listed is None:
            continue
        if not isinstance(listed, list) or not all(isinstance(spec, wanted) for spec in listed):
            raise _Broken(
                "bad_spec", f"{hook} gave {listed!r}; a list of {wanted.__name__} expected"
            )
        specs += listed
    return tuple(specs)


def _allowed(points: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    found = list(entry_points(group=GROUP) if points is None else points)
    only = os.environ.get("WESTFORECAST_PLUGINS")
    without = _names(os.environ.get("WESTFORECAST_DISABLE", ""))
    if only is not None:
        found = [point for point in found if _distribution(point) in _names(only)]
    return [point for point in found if _distribution(point) not in without]


def _names(text: str) -> set[str]:
    return {_normal(name.strip()) for name in text.split(",") if name.strip()}


def _normal(distribution: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def _distribution(point: EntryPoint) -> str:
    return _normal(point.dist.name or "unknown") if point.dist else "unknown"


def _version(point: EntryPoint) -> str:
    return point.dist.version or "?" if point.dist else "?"


def _core_version() -> str:
    try:
        return version("westforecast")
    except PackageNotFoundError:  # run from a source tree
        return "?"
