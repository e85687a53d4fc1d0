"""What the package offers. Light: the model's module is imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`AutoARIMA`."""
    return [
        ModelSpec(
            name="AutoARIMA",
            target="westforecast_arima.auto:AutoARIMA",
            summary="ARIMA, orders chosen by AICc",
            capabilities=frozenset({"intervals"}),
        )
    ]
