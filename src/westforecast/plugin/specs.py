"""Light registrations: a name, where the thing lives, one sentence; imported when used."""

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from importlib import import_module
from reprlib import repr as shown
from typing import Any

from westforecast.errors import PluginError

# Versions of the plugin interface that this library keeps its promises to.
API_VERSIONS = (1,)

_TARGET = re.compile(r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")
_NAME = re.compile(r"^[A-Za-z][\w.\-]*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """What every registration says.

    name: how users ask for it; letters, digits, dots, hyphens and underscores, no colon.
    target: "package.module:object", imported on first use.
    summary: one sentence for lists.
    api_version: of the contract it was written for; a registry that does not know it refuses it.

    Raises PluginError for fields of another form.
    """

    name: str
    target: str
    summary: str = ""
    # The first version, not the current one: what says nothing was written before there were more.
    api_version: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.match(self.name):
            raise PluginError(
                f"name {shown(self.name)} found; expected a letter followed by letters, digits, "
                "'.', '-' or '_'"
            )
        if "-lo-" in self.name or "-hi-" in self.name:
            raise PluginError(f"name {self.name!r} reads like an interval column (-lo-, -hi-)")
        if not isinstance(self.target, str) or not _TARGET.match(self.target):
            raise PluginError(
                f"target {shown(self.target)} found; expected 'package.module:object'"
            )
        if not isinstance(self.summary, str):
            raise self._odd("summary", "a text")

    def _odd(self, key: str, expected: str) -> PluginError:
        found = shown(getattr(self, key))
        return PluginError(f"{self.name!r} has {key}={found}; expected {expected}")

    @property
    def package(self) -> str:
        """The import package of the target."""
        return self.target.partition(":")[0].partition(".")[0]

    def load(self) -> Any:
        """The object behind the target. Raises whatever its import raises."""
        module, _, path = self.target.partition(":")
        found: Any = import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec(Spec):
    """A model: `target` is a Model class (or a function returning one); `settings` are given to it.

    capabilities: what lists show without importing the model: its `Model.capabilities`.
    example: further settings it is shown and tried with, where it needs some: {"driver": "gdp"}.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    capabilities: frozenset[str] = frozenset()
    example: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Spec.__post_init__(self)
        for key in ("settings", "example"):
            given = getattr(self, key)
            if not isinstance(given, Mapping) or not all(isinstance(k, str) for k in given):
                raise self._odd(key, 'a dict of settings by name: {"driver": "gdp"}')
        able = self.capabilities
        if not isinstance(able, Set) or not all(isinstance(name, str) for name in able):
            raise self._odd("capabilities", 'a frozenset of texts: frozenset({"intervals"})')


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSpec(Spec):
    """A metric: `target` is a westforecast.metrics.Metric."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSpec(Spec):
    """A data set: `target` is a function without arguments that returns a Panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySpec(Spec):
    """A study: `target` is a function without arguments that returns the path of its TOML file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec(Spec):
    """An engine: `target` is an Engine class."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSpec(Spec):
    """A command of `westforecast`: `target` is a click command."""
