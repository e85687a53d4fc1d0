"""The hooks a plugin may implement. Each returns a list of light registrations."""

# mypy: disable-error-code="empty-body"

from collections.abc import Iterable

import pluggy

from westforecast.plugin.specs import (
    CommandSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    ModelSpec,
    StudySpec,
)

PROJECT = "westforecast"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def westforecast_register_models() -> Iterable[ModelSpec]:
    """Models that can be asked for by name."""


@hookspec
def westforecast_register_metrics() -> Iterable[MetricSpec]:
    """Metrics that can be asked for by name."""


@hookspec
def westforecast_register_datasets() -> Iterable[DatasetSpec]:
    """Panels that ship with a package."""


@hookspec
def westforecast_register_studies() -> Iterable[StudySpec]:
    """Studies that `westforecast run NAME` runs."""


@hookspec
def westforecast_register_engines() -> Iterable[EngineSpec]:
    """Places where work can run."""


@hookspec
def westforecast_register_commands() -> Iterable[CommandSpec]:
    """Further commands of the `westforecast` program."""


# hook name -> the word users see, and the type of what the hook must return
HOOKS: dict[str, tuple[str, type]] = {
    "westforecast_register_models": ("model", ModelSpec),
    "westforecast_register_metrics": ("metric", MetricSpec),
    "westforecast_register_datasets": ("dataset", DatasetSpec),
    "westforecast_register_studies": ("study", StudySpec),
    "westforecast_register_engines": ("engine", EngineSpec),
    "westforecast_register_commands": ("command", CommandSpec),
}
