"""Loading plugins one by one, so that a broken one costs itself and nobody else.

pluggy validates hooks but does not isolate: one raising implementation fails the whole call, a
failed registration leaves half a plugin behind, and a misspelt hook passes unnoticed. So every
entry point is loaded, checked, registered and called on its own, and taken out where it fails.
"""

import os
import sys
import time
import warnings
from collections.abc import Callable, Iterable
from functools import cache, partial
from importlib.metadata import EntryPoint, PackageNotFoundError, entry_points, version
from reprlib import repr as shown
from typing import Any

import pluggy

from westforecast.errors import PluginError, UsageError, WestforecastWarning, nearest
from westforecast.plugin import defaults, hookspecs
from westforecast.plugin.foreign import ForeignError, called, contained, watched
from westforecast.plugin.hookspecs import HOOKS, PROJECT
from westforecast.plugin.names import (
    CORE,
    Failure,
    PluginFailure,
    PluginInfo,
    Registry,
    normal,
    remedy,
)
from westforecast.plugin.specs import API_VERSIONS, Spec
from westforecast.watch import OutOfTime

GROUP = "westforecast"


def load(points: Iterable[EntryPoint] | None = None, core: bool = True) -> Registry:
    """Load the core's own registrations and plugins from entry points (all installed by default).

    Environment: WESTFORECAST_PLUGINS, a comma-separated list of distributions to allow (empty =
    none); WESTFORECAST_DISABLE, a list to leave out; WESTFORECAST_STRICT=1 raises PluginError for
    the first broken plugin instead of warning; WESTFORECAST_PLUGIN_TIMEOUT, seconds a plugin has
    to be imported and to answer its hooks (10).
    """
    limit = time_limit()
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    plugins: list[PluginInfo] = []
    failures: list[PluginFailure] = []
    if core:
        own = (CORE, _core_version(), "core")
        endless = partial(_in_time, float("inf"), CORE)
        plugins.append(_use(manager, own, lambda: defaults, set(), endless))
    for point in sorted(_allowed(points), key=lambda p: (_distribution(p), p.name)):
        who = distribution, _, _ = _distribution(point), _version(point), point.name
        taken = {
            (kind, spec.name)
            for info in plugins
            if info.distribution == distribution
            for kind, specs in info.specs.items()
            for spec in specs
        }
        package = point.module.partition(".")[0]
        # In this very thread, where its import is under way: another one would wait for that.
        timed = partial(_in_time, float("inf") if _under_way(package) else limit, package)
        try:
            with contained():
                plugins.append(_use(manager, who, partial(_imported, point, timed), taken, timed))
        except _Broken as broken:
            mend = remedy(broken.kind, distribution)
            failure = PluginFailure(broken.kind, *who, broken.reason, mend)
            if os.environ.get("WESTFORECAST_STRICT") == "1":
                raise PluginError(f"plugin {failure}") from broken.__cause__
            failures.append(failure)
    if failures:
        told = "; ".join(map(str, failures))
        stop = "" if told.endswith((".", "?", "!")) else "."
        warnings.warn(
            f"{len(failures)} plugin(s) are broken and left out: {told}{stop} The rest works. "
            "`westforecast plugins doctor` says what to do.",
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


def _imported(point: EntryPoint, timed: Callable[[str, Callable[[], Any]], Any]) -> Any:
    try:
        return timed(f"import of {point.module}", point.load)
    except ForeignError as error:
        raise _Broken("import_error", str(error)) from error.__cause__


def _under_way(package: str) -> bool:
    """Whether this thread is importing the package just now, and asked for the registry meanwhile:
    another thread would wait for that import, and this one for it.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        inside = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if frame.f_code.co_name == "<module>" and inside == package:
            return True
    return False


def _in_time(limit: float, package: str, what: str, function: Callable[[], Any]) -> Any:
    """What foreign code of a package gives. Raises ForeignError, and _Broken after the limit."""
    if limit == float("inf"):
        return called(function)
    try:
        return watched(limit, function, package)
    except OutOfTime as error:
        raise _Broken("timeout", f"{what} took more than {limit:g} s") from error


def time_limit() -> float:
    """Seconds that plugins' code has to be imported, to answer a hook, to make what it registered.

    The environment's WESTFORECAST_PLUGIN_TIMEOUT, else 10. Raises UsageError for no such number.
    """
    given = os.environ.get("WESTFORECAST_PLUGIN_TIMEOUT", "")
    try:
        seconds = float(given or 10)
    except ValueError:
        seconds = 0.0
    if not seconds > 0:
        raise UsageError(
            f"WESTFORECAST_PLUGIN_TIMEOUT={given!r} found; a number of seconds above 0 expected "
            "(inf for no limit)."
        )
    return seconds


def _use(
    manager: pluggy.PluginManager,
    who: tuple[str, str, str],
    imported: Callable[[], Any],
    taken: set[tuple[str, str]],
    timed: Callable[[str, Callable[[], Any]], Any],
) -> PluginInfo:
    """Import, check, register and call one plugin; roll back and raise _Broken on any failure.

    who: distribution, version, entry point. taken: (kind, name) of what the same distribution
    registered through other entry points. timed: calls foreign code, told what it does.
    """
    name = f"{who[0]}:{who[2]}"
    started = time.perf_counter()
    try:
        plugin = imported()
        specs = timed("calling its hooks", partial(_answers, manager, plugin, name))
        for kind, found in specs.items():
            _check_specs(kind, found, taken)
    except (_Broken, ForeignError) as error:
        if manager.has_plugin(name):
            manager.unregister(name=name)
        broken = error if isinstance(error, _Broken) else error.__cause__
        if isinstance(broken, _Broken):
            raise broken from broken.__cause__
        # A foreign object may raise anything, even where it is looked at.
        raise _Broken("wrong_object", str(error)) from broken
    return PluginInfo(*who, specs, time.perf_counter() - started)


def _check_specs(kind: str, specs: tuple[Spec, ...], taken: set[tuple[str, str]]) -> None:
    for spec in specs:
        if spec.api_version not in API_VERSIONS:
            known = " and ".join(map(str, API_VERSIONS))
            raise _Broken(
                "api_version",
                f"{kind} {spec.name!r} is written for version {spec.api_version} of the plugin "
                f"interface; westforecast {_core_version()} knows {known}",
            )
        if (kind, spec.name) in taken:
            raise _Broken("duplicate_name", f"{kind} {spec.name!r} is registered twice")
        taken.add((kind, spec.name))


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
        raise _Broken("wrong_object", f"{shown(plugin)} implements no hook of westforecast")


def _answers(manager: pluggy.PluginManager, plugin: Any, name: str) -> dict[str, tuple[Spec, ...]]:
    """Register a plugin and ask it: what each of its hooks registers, by kind."""
    _check_hooks(plugin)
    try:
        manager.register(plugin, name)
    except pluggy.PluginValidationError as error:
        raise _Broken("bad_signature", " ".join(str(error).split())) from error
    return {kind: _call(manager, plugin, hook, wanted) for hook, (kind, wanted) in HOOKS.items()}


def _call(manager: pluggy.PluginManager, plugin: Any, hook: str, wanted: type) -> tuple[Spec, ...]:
    specs: list[Spec] = []
    for implementation in getattr(manager.hook, hook).get_hookimpls():
        if implementation.plugin is not plugin:
            continue
        try:
            listed = called(partial(_listed, implementation.function))
        except ForeignError as error:
            cause = error.__cause__
            if isinstance(cause, PluginError):
                raise _Broken("bad_spec", f"{hook}: {cause}") from cause
            raise _Broken("hook_raised", f"{hook}: {error}") from cause
        if listed is None:
            continue
        if not isinstance(listed, list) or not all(isinstance(spec, wanted) for spec in listed):
            raise _Broken(
                "bad_spec", f"{hook} gave {shown(listed)}; a list of {wanted.__name__} expected"
            )
        specs += listed
    return tuple(specs)


def _listed(function: Callable[[], Any]) -> Any:
    answer = function()
    return list(answer) if isinstance(answer, Iterable) else answer


def _allowed(points: Iterable[EntryPoint] | None) -> list[EntryPoint]:
    found = list(entry_points(group=GROUP) if points is None else points)
    only = os.environ.get("WESTFORECAST_PLUGINS")
    without = _names(os.environ.get("WESTFORECAST_DISABLE", ""))
    if only is not None:
        found = [point for point in found if _distribution(point) in _names(only)]
    return [point for point in found if _distribution(point) not in without]


def _names(text: str) -> set[str]:
    return {normal(name.strip()) for name in text.split(",") if name.strip()}


def _distribution(point: EntryPoint) -> str:
    return normal(point.dist.name or "unknown") if point.dist else "unknown"


def _version(point: EntryPoint) -> str:
    return point.dist.version or "?" if point.dist else "?"


def _core_version() -> str:
    try:
        return version("westforecast")
    except PackageNotFoundError:  # run from a source tree
        return "?"
