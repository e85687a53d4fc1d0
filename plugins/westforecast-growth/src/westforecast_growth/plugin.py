"""What the package offers. Light: the models' modules are imported on first use."""

from westforecast.plugin import ModelSpec, hookimpl

# name -> module, summary, what it can do besides intervals, gaps and batches
MODELS: dict[str, tuple[str, str, set[str]]] = {
    "CompoundGrowth": ("compound", "compound growth over the sample or the last periods", set()),
    "DampedGrowth": ("compound", "compound growth that fades", set()),
    "GrowthRatio": ("driven", "growth relative to a driver's growth", {"driver"}),
    "Elasticity": ("driven", "elasticity to a driver, three labelled conventions", {"driver"}),
    "ConstantShare": ("driven", "the last share of a driver, held", {"driver"}),
    "ShareShift": ("share", "the share of a driver shifts on, damped, within (0, 1)", {"driver"}),
    "IntensityOfUse": ("intensity", "use per activity, an inverted U in income", {"driver"}),
    "EndUse": ("enduse", "use coefficients of using sectors times their activity", {"driver"}),
    "DriverRegression": ("regression", "least squares on a driver, t intervals", {"driver"}),
    "StageGrowth": ("stage", "growth that returns to the norm of the stage", {"driver"}),
    "NormGrowth": ("stage", "growth that returns to a stated norm", set()),
    "Logistic": ("saturation", "logistic curve to a known or estimated ceiling", {"bounded"}),
    "Gompertz": ("saturation", "Gompertz curve to a known or estimated ceiling", {"bounded"}),
    "Bass": ("bass", "Bass diffusion of sales or of a stock of adopters", set()),
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
        for name, (module, summary, further) in MODELS.items()
    ]
