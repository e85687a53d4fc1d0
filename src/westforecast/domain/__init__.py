"""The subject's own words: identities between indicators, scenarios, and what makes them differ."""

from westforecast.domain.identity import Product
from westforecast.domain.scenario import (
    OPERATORS,
    Change,
    Decomposition,
    DeepProcessing,
    Multiply,
    Scenario,
    ShareShift,
    decompose,
)

__all__ = [
    "OPERATORS",
    "Change",
    "Decomposition",
    "DeepProcessing",
    "Multiply",
    "Product",
    "Scenario",
    "ShareShift",
    "decompose",
]
