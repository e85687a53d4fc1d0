"""The model contract as runnable checks, for authors of plugins. Needs no test library."""

from westforecast.testing.conformance import Check, Report, check_model

__all__ = ["Check", "Report", "check_model"]
