"""Growth models for westforecast: growth rates, ratios, elasticities, shares, saturating curves.

Names below are imported on first use: finding the plugin imports neither NumPy nor a model.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from westforecast_growth.compound import CompoundGrowth, DampedGrowth
    from westforecast_growth.driven import ConstantShare, Elasticity, GrowthRatio
    from westforecast_growth.saturation import Gompertz, Logistic

_HOME = {
    "CompoundGrowth": "compound",
    "DampedGrowth": "compound",
    "GrowthRatio": "driven",
    "Elasticity": "driven",
    "ConstantShare": "driven",
    "Logistic": "saturation",
    "Gompertz": "saturation",
}

__all__ = [
    "CompoundGrowth",
    "ConstantShare",
    "DampedGrowth",
    "Elasticity",
    "Gompertz",
    "GrowthRatio",
    "Logistic",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'westforecast_growth' has no attribute {name!r}")
    found = getattr(import_module(f"westforecast_growth.{_HOME[name]}"), name)
    globals()[name] = found
    return found
