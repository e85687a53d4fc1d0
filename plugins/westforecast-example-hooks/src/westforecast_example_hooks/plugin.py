"""What the package offers. Light: each thing is imported when it is first asked for."""

from westforecast.plugin import (
    CommandSpec,
    DatasetSpec,
    EngineSpec,
    MetricSpec,
    StudySpec,
    hookimpl,
)


@hookimpl
def westforecast_register_metrics() -> list[MetricSpec]:
    """`direction`."""
    return [
        MetricSpec(
            name="direction",
            target="westforecast_example_hooks.direction:DIRECTION",
            summary="forecasts on the wrong side of the last known value, in percent",
        )
    ]


@hookimpl
def westforecast_register_datasets() -> list[DatasetSpec]:
    """`pumps`."""
    return [
        DatasetSpec(
            name="pumps",
            target="westforecast_example_hooks.pumps:pumps",
            summary="pumps made in Arcadia and its East, 1998-2013; invented",
        )
    ]


@hookimpl
def westforecast_register_studies() -> list[StudySpec]:
    """`westforecast run pumps`."""
    return [
        StudySpec(
            name="pumps",
            target="westforecast_example_hooks.pumps_study:study",
            summary="pumps of Arcadia's East to 2015; invented",
        )
    ]


@hookimpl
def westforecast_register_engines() -> list[EngineSpec]:
    """`timed`."""
    return [
        EngineSpec(
            name="timed",
            target="westforecast_example_hooks.timed:TimedEngine",
            summary="one task after the other, its seconds logged",
        )
    ]


@hookimpl
def westforecast_register_commands() -> list[CommandSpec]:
    """`westforecast export`."""
    return [
        CommandSpec(
            name="export",
            target="westforecast_example_hooks.export:export",
            summary="an installed data set as a CSV table",
        )
    ]
