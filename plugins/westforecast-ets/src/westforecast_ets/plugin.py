"""What the package offers. Light: the model's module is imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`AveragedETS`, `SESDrift` and `Theta`."""
    return [
        ModelSpec(
            name="AveragedETS",
            target="westforecast_ets.averaged:AveragedETS",
            summary="exponential smoothing averaged over forms and parameters, all origins at once",
            capabilities=frozenset({"intervals", "missing", "batch", "scale_equivariant"}),
        ),
        ModelSpec(
            name="SESDrift",
            target="westforecast_ets.classic:SESDrift",
            summary="simple exponential smoothing with a constant drift",
            capabilities=frozenset({"intervals", "missing", "batch", "scale_equivariant"}),
        ),
        ModelSpec(
            name="Theta",
            target="westforecast_ets.classic:Theta",
            summary="simple exponential smoothing plus half the slope of a straight line",
            capabilities=frozenset({"intervals", "batch", "scale_equivariant"}),
        ),
    ]
