"""Growth models for westforecast: growth rates, ratios, elasticities, shares, saturating curves.

Names below are imported on first use: finding the plugin imports neither NumPy nor a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from westforecast_growth.plugin import MODELS

if TYPE_CHECKING:
    from westforecast_growth.bass import Bass
    from westforecast_growth.compound import CompoundGrowth, DampedGrowth
    from westforecast_growth.driven import ConstantShare, Elasticity, GrowthRatio
    from westforecast_growth.enduse import EndUse
    from westforecast_growth.intensity import IntensityOfUse
    from westforecast_growth.regression import DriverRegression
    from westforecast_growth.saturation import Gompertz, Logistic
    from westforecast_growth.share import ShareShift
    from westforecast_growth.stage import NormGrowth, StageGrowth

__all__ = [
    "Bass",
    "CompoundGrowth",
    "ConstantShare",
    "DampedGrowth",
    "DriverRegression",
    "Elasticity",
    "EndUse",
    "Gompertz",
    "GrowthRatio",
    "IntensityOfUse",
    "Logistic",
    "NormGrowth",
    "ShareShift",
    "StageGrowth",
]


def __getattr__(name: str) -> Any:
    if name not in MODELS:
        raise AttributeError(f"module 'westforecast_growth' has no attribute {name!r}")
    found = getattr(import_module(f"westforecast_growth.{MODELS[name][0]}"), name)
    globals()[name] = found
    return found
