"""What the package offers. Light: the model's module is imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`AveragedARIMA`."""
    return [
        ModelSpec(
            name="AveragedARIMA",
            target="westforecast_arima.averaged:AveragedARIMA",
            summary="ARIMA averaged over orders and parameters, all origins at once",
            capabilities=frozenset({"intervals", "batch", "scale_equivariant"}),
        ),
    ]
