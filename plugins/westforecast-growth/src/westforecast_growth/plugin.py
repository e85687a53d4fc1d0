"""What the package offers. Light: the models' modules are imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl

# name -> module, summary, what it can do besides intervals, gaps and batches
_MODELS = {
    "CompoundGrowth": ("compound", "compound growth over the sample or the last periods", set()),
    "DampedGrowth": ("compound", "compound growth that fades", set()),
    "GrowthRatio": ("driven", "growth relative to a driver's growth", {"driver"}),
    "Elasticity": ("driven", "elasticity to a driver, three labelled conventions", {"driver"}),
    "ConstantShare": ("driven", "the last share of a driver, held", {"driver"}),
    "Logistic": ("saturation", "logistic curve to a known ceiling", {"bounded"}),
    "Gompertz": ("saturation", "Gompertz curve to a known ceiling", {"bounded"}),
}


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """The growth models."""
    return [
        ModelSpec(
            name=name,
            target=f"westforecast_growth.{module}:{name}",
            summary=summary,
            capabilities=frozenset({"intervals", "missing", "batch"} | further),
        )
        for name, (module, summary, further) in _MODELS.items()
    ]
