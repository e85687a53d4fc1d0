"""What the package offers. Light: the models' modules are imported on first use."""

from typing import Any

from westforecast.plugin import ModelSpec, hookimpl

# What all can do. Where a setting is a number in the series' own unit, a model is no longer scale
# equivariant, and says so itself.
ABLE = frozenset({"intervals", "missing", "batch", "scale_equivariant"})
_DRIVER = {"driver": "gdp"}
_TWO = {"activity": "gdp", "income": "population"}
_SECTORS = {"sectors": ("gdp", "population"), "coefficients": (1.0, 2.5)}
_NATION = {"stage": "middle", "nation": "gdp"}
# name -> module, summary, settings it is shown with: a driver must be named
MODELS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "CompoundGrowth": ("compound", "compound growth over the sample or the last periods", {}),
    "DampedGrowth": ("compound", "compound growth that fades", {}),
    "GrowthRatio": ("driven", "growth relative to a driver's growth", _DRIVER),
    "Elasticity": ("driven", "elasticity to a driver, three labelled conventions", _DRIVER),
    "ConstantShare": ("driven", "the last share of a driver, held", _DRIVER),
    "ShareShift": ("share", "the share of a driver shifts on, damped, within (0, 1)", _DRIVER),
    "IntensityOfUse": ("intensity", "use per activity, an inverted U in income", _TWO),
    "EndUse": ("enduse", "use coefficients of using sectors times their activity", _SECTORS),
    "DriverRegression": ("regression", "least squares on a driver, t intervals", _DRIVER),
    "StageGrowth": ("stage", "growth that returns to the norm of the stage", _NATION),
    "NormGrowth": ("stage", "growth that returns to a stated norm", {}),
    "Logistic": ("saturation", "logistic curve to a known or estimated ceiling", {}),
    "Gompertz": ("saturation", "Gompertz curve to a known or estimated ceiling", {}),
    "Bass": ("bass", "Bass diffusion of sales or of a stock of adopters", {}),
}


@hookimpl
def westforecast_register_models() -> list[ModelSpec]:
    """The growth models."""
    return [
        ModelSpec(
            name=name,
            target=f"westforecast_growth.{module}:{name}",
            summary=summary,
            capabilities=ABLE | ({"driver"} if example else set()),
            example=example,
        )
        for name, (module, summary, example) in MODELS.items()
    ]
