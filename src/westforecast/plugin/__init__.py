"""The plugin mechanism: what authors import, and what turns names into objects.

Nothing here imports NumPy or a data frame library: listing plugins and models costs milliseconds.
"""

from westforecast.plugin.hookspecs import hookimpl
from westforecast.plugin.loading import load, registry
from westforecast.plugin.names import PluginFailure, PluginInfo, Registry, settings_of
from westforecast.plugin.specs import (
    API_VERSIONS,
    CommandSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    Spec,
    StudySpec,
)

__all__ = [
    "API_VERSIONS",
    "CommandSpec",
    "DatasetSpec",
    "EngineSpec",
    "MetricSpec",
    "ModelSpec",
    "PluginFailure",
    "PluginInfo",
    "Registry",
    "Spec",
    "StudySpec",
    "hookimpl",
    "load",
    "registry",
    "settings_of",
]
