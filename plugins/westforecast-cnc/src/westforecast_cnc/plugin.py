"""What this package registers: the study `cnc` and its data set."""

from westforecast.plugin import DatasetSpec, StudySpec, hookimpl


@hookimpl
def westforecast_register_studies() -> list[StudySpec]:
    """`westforecast run cnc`."""
    return [
        StudySpec(
            name="cnc",
            target="westforecast_cnc.files:study",
            summary="CNC machine tool output of western China to 2020",
        )
    ]


@hookimpl
def westforecast_register_datasets() -> list[DatasetSpec]:
    """`westforecast.dataset("cnc")`."""
    return [
        DatasetSpec(
            name="cnc",
            target="westforecast_cnc.files:dataset",
            summary="Chinese machine tools and macro figures behind the study, 1978-2024",
        )
    ]
