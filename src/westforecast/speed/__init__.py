"""How fast is a backtest here? The data, the clock and both sides of the comparison.

`westforecast bench speed` prints it; `benchmarks/` of the repository measures more with it.
"""

from westforecast.speed.annual import DIGEST, annual, digest
from westforecast.speed.compare import Settings, measure, measure_apart
from westforecast.speed.machine import ONE_THREAD, machine
from westforecast.speed.sides import LEAST, eligible, ours, spread, theirs
from westforecast.speed.times import Duel, Times, seconds, take_turns

__all__ = [
    "DIGEST",
    "LEAST",
    "ONE_THREAD",
    "Duel",
    "Settings",
    "Times",
    "annual",
    "digest",
    "eligible",
    "machine",
    "measure",
    "measure_apart",
    "ours",
    "seconds",
    "spread",
    "take_turns",
    "theirs",
]
