"""What the package offers. Light: the model's module is imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`AutoETS`."""
    return [
        ModelSpec(
            name="AutoETS",
            target="westforecast_ets.auto:AutoETS",
            summary="exponential smoothing, form chosen by AICc",
            capabilities=frozenset({"intervals"}),
        )
    ]
