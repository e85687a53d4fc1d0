"""Which model is better, and is there evidence for it: leaderboards, tests, verdicts, a report."""

from westforecast.comparison.comparison import Comparison, MissingExtraError
from westforecast.comparison.run import compare

__all__ = ["Comparison", "MissingExtraError", "compare"]
