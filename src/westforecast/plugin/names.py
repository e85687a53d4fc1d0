"""The registry: what turns names into objects, and the record of what is broken."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter, signature
from typing import Any, Literal, get_args, get_type_hints

from westforecast.errors import (
    PluginError,
    UnknownNameError,
    UsageError,
    WestforecastError,
    closest,
    nearest,
)
from westforecast.plugin.foreign import ForeignError, called, contained
from westforecast.plugin.specs import Spec

CORE = "westforecast"

Failure = Literal[
    "import_error", "wrong_object", "bad_signature", "unknown_hook", "hook_raised", "bad_spec",
    "duplicate_name", "api_version", "timeout",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class PluginFailure:
    """Why a plugin is not in use, and what to do about it."""

    kind: Failure
    distribution: str
    version: str
    entry_point: str
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}: {self.kind}: {self.reason}"


class BrokenError(PluginError):
    """Something that a plugin registered cannot be used. reason: why, less what and whose."""

    reason = ""


def remedy(kind: Failure, distribution: str) -> str:
    """One line a user can follow."""
    first = {
        "import_error": f"pip install --upgrade {distribution}, or what it needs",
        "timeout": "WESTFORECAST_PLUGIN_TIMEOUT=60 gives it more time",
        "api_version": f"pip install --upgrade westforecast {distribution}",
    }.get(kind, f"pip install --upgrade {distribution}, tell its author")
    return first + leave_out(distribution)


def leave_out(distribution: str) -> str:
    """The last resort, as the end of a sentence. There is none for the library itself."""
    if distribution == CORE:
        return ""
    return f", or leave it out: WESTFORECAST_DISABLE={distribution}"


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """A plugin in use and what it registered, as kind -> specs; seconds it took to load."""

    distribution: str
    version: str
    entry_point: str
    specs: Mapping[str, tuple[Spec, ...]]
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that can be asked for by name. `name` if unique, `distribution:name` always.

    A name of the library's own means the library's, whoever else offers it.
    """

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
        had it; UsageError where two packages, none of them this, offer the same short name.
        """
        return self._pair(kind, name)[1]

    def _pair(self, kind: str, name: str) -> tuple[str, Spec]:
        distribution, _, short = name.rpartition(":")
        pairs = self._found.get((kind, short), [])
        if distribution:
            pairs = [pair for pair in pairs if pair[0] == normal(distribution)]
        else:  # what the library does by default asks for its own by their short names
            pairs = [pair for pair in pairs if pair[0] == CORE] or pairs
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
                f" Broken plugins that may have had it: {names}; see `westforecast plugins doctor`."
            )
        raise UnknownNameError(f"no {kind} {name!r}. {nearest(short, known)}{broken}")

    def package(self, kind: str, name: str) -> str:
        """The distribution that registers a name. Raises as `spec`."""
        return self._pair(kind, name)[0]

    def get(self, kind: str, name: str, *wanted: type) -> Any:
        """The object behind a name, imported now.

        wanted: types of which it must be one, any unless given.

        Raises as `spec`, and PluginError where the import fails or gives something else, naming
        package, cause and what to do.
        """
        distribution, spec = self._pair(kind, name)
        found = self._tried(kind, name, f"cannot be loaded from {spec.target!r}:", spec.load)
        if wanted and not isinstance(found, wanted):
            reason = f"cannot be used: {spec.target!r} is {_what(found)}; {_or(wanted)} expected"
            raise _broken(kind, name, distribution, reason)
        return found

    def made(self, kind: str, name: str, *wanted: type) -> Any:
        """What the function or class behind a name gives: a panel, the path of a study, an engine.

        wanted: types of which it must be one, any unless given.

        Raises as `get`, and PluginError where the call fails.
        """
        maker = self.get(kind, name)
        distribution, spec = self._pair(kind, name)
        found = self._tried(kind, name, f"cannot be made: {spec.target!r} raised", maker)
        if wanted and not isinstance(found, wanted):
            reason = f"cannot be used: {spec.target!r} gave {_what(found)}; {_or(wanted)} expected"
            raise _broken(kind, name, distribution, reason)
        return found

    def _tried(self, kind: str, name: str, what: str, function: Callable[[], Any]) -> Any:
        """What foreign code gives; whatever it raises, the user hears which package."""
        try:
            with contained():
                return called(function)
        except ForeignError as error:
            package = self.package(kind, name)
            raise _broken(kind, name, package, f"{what} {error}") from error.__cause__

    def model(self, name: str, **settings: Any) -> Any:
        """A model by name with its settings.

        Raises as `get`, UsageError for settings it does not have, for those it needs and for values
        that it refuses.

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
            with contained():
                return called(lambda: factory(**given))
        except ForeignError as error:
            cause = error.__cause__
            if isinstance(cause, WestforecastError):
                raise cause from None
            if isinstance(cause, TypeError | ValueError):
                made = ", ".join(f"{k}={v!r}" for k, v in settings.items()) or "none"
                raise UsageError(
                    f"model {name!r} cannot be made with these settings ({made}): {error}"
                ) from cause
            reason = f"cannot be made: {spec.target!r} raised {error}"
            raise _broken("model", name, self.package("model", name), reason) from cause

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


def _broken(kind: str, name: str, distribution: str, reason: str) -> BrokenError:
    leave = (
        ""
        if distribution == CORE
        else (f", or leave it out with WESTFORECAST_DISABLE={distribution}")
    )
    error = BrokenError(
        f"{kind} {name!r} of {distribution} {reason.rstrip('.')}. "
        f"Repair or update that package{leave}."
    )
    error.reason = reason
    return error


def _what(found: Any) -> str:
    return f"the class {found.__name__}" if isinstance(found, type) else type(found).__name__


def _or(wanted: tuple[type, ...]) -> str:
    return " or ".join(kind.__name__ for kind in wanted)


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
    except (
        NameError,
        TypeError,
        AttributeError,
        SyntaxError,
    ):  # not resolvable: then nothing is declared
        return set()
    return {
        key for key, hint in hints.items()
        if any(isinstance(h, type) and issubclass(h, Model) for h in (hint, *get_args(hint)))
    }  # fmt: skip


def normal(distribution: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()
