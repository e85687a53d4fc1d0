"""The model contract as runnable checks, for authors of plugins. Needs no test library."""

from westforecast.testing.check import Check, Finding, Tier, registered
from westforecast.testing.conformance import check_model, parametrize_with_checks
from westforecast.testing.data import panel_of
from westforecast.testing.report import Report

__all__ = [
    "Check",
    "Finding",
    "Report",
    "Tier",
    "check_model",
    "panel_of",
    "parametrize_with_checks",
    "registered",
]
