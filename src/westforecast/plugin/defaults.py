"""The core registers its own models, metrics, engines and data sets through the public hooks."""

from westforecast.plugin.hookspecs import hookimpl
from westforecast.plugin.specs import EngineSpec, MetricSpec, ModelSpec

_BASELINES = {
    "Naive": "the last observed value",
    "Drift": "the line through the first and the last value",
    "SeasonalNaive": "the value one season ago",
    "InSampleMean": "the mean of all values",
    "DampedLogGrowth": "median log growth, shrunk and damped",
}
_ENGINES = {
    "auto": ("AutoEngine", "threads for batch models, one-series models one after the other"),
    "serial": ("SerialEngine", "one task after the other, in this process"),
    "threads": ("ThreadEngine", "threads of this process"),
    "processes": ("ProcessEngine", "spawned processes"),
}
_METRICS = (
    "mae", "rmse", "mape", "smape", "mase", "rmsse", "bias", "cagr_error", "coverage",
    "interval_score", "pinball", "crps",
)  # fmt: skip


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """The baselines."""
    return [
        ModelSpec(
            name=name,
            target=f"westforecast.models:{name}",
            summary=summary,
            capabilities=frozenset(
                {"intervals", "batch", "scale_equivariant"}
                | (set() if name == "SeasonalNaive" else {"missing"})
            ),
        )
        for name, summary in _BASELINES.items()
    ]


@hookimpl
def westforecast_register_metrics() -> list[MetricSpec]:
    """The catalogue of metrics."""
    return [
        MetricSpec(name=name, target=f"westforecast.metrics.metric:{name.upper()}")
        for name in _METRICS
    ]


@hookimpl
def westforecast_register_engines() -> list[EngineSpec]:
    """Auto, serial, threads, processes."""
    return [
        EngineSpec(name=name, target=f"westforecast.engines:{target}", summary=summary)
        for name, (target, summary) in _ENGINES.items()
    ]
