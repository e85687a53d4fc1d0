"""What the package offers. Light: the model is imported when it is first asked for."""

from westforecast.plugin import ModelSpec, hookimpl


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """`MedianChange`."""
    return [
        ModelSpec(
            name="MedianChange",
            target="westforecast_example.median_change:MedianChange",
            summary="the median of the last changes, carried on",
            capabilities=frozenset({"intervals", "scale_equivariant"}),
        )
    ]
