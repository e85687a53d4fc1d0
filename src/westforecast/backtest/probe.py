"""The probe: does a model say the same of a window among others as it says of it alone?"""

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from westforecast.models.forecast import SAME, Forecast
from westforecast.models.status import Status
from westforecast.typing import FloatArray, IntArray

# Windows with a forecast that are tried alone.
PROBED = 4


@dataclass(frozen=True, slots=True)
class Probe:
    """How a model's forecasts were made, and what came of making some of them both ways.

    path: "batch" (many windows a call) or "one by one". probed, equal: windows tried both ways, and
    those that came out the same. largest_difference: as `Forecast.difference` has it, None where
    not only numbers differ. note: the finding in words.
    """

    path: Literal["batch", "one by one"]
    probed: int | None = None
    equal: int | None = None
    largest_difference: float | None = None
    note: str | None = None

    def record(self) -> dict[str, object]:
        """What there is to tell, as plain values."""
        return {name: value for name, value in asdict(self).items() if value is not None}


ONE_BY_ONE = Probe("one by one")
OUT_OF_TIME = Probe("batch", probed=0, note="no time was left to try windows alone")
ONLY_WINDOW = Probe("batch", probed=0, note="the only window, so there is nothing to compare")


def sample(forecast: Forecast, by_length: IntArray) -> IntArray:
    """Windows to try alone: the shortest with a forecast, the longest, and some between.

    The longest of those without a forecast is tried as well. by_length: [W] all windows, rising.
    """
    good = forecast.status[by_length] == Status.OK
    spread = np.linspace(0, max(good.sum() - 1, 0), PROBED).round().astype(np.int64)
    with_one, without = by_length[good], by_length[~good]
    return np.concatenate([with_one[np.unique(spread)[: len(with_one)]], without[-1:]])


def compare(batch: Forecast, alone: Forecast, size: FloatArray | float = 1.0) -> tuple[Probe, int]:
    """What the probe found, and which of the windows tried differs most.

    batch, alone: the same windows, forecast among others and one by one. size: [W] below it numbers
    are as good as 0.
    """
    apart = batch.difference(alone, size)
    worst, equal = int(apart.argmax()), int((apart <= SAME).sum())
    largest = float(apart[worst])
    if np.isfinite(largest):
        found = f"largest difference {largest:.2g} of the value, {SAME:g} allowed"
    else:
        ours, theirs = (Status(f.status[worst]).label for f in (batch, alone))
        found = f"{ours} among others, {theirs} alone"
        if ours == theirs:
            found = "one of the two lacks its interval"
    probe = Probe(
        path="batch" if equal == len(apart) else "one by one",
        probed=len(apart),
        equal=equal,
        largest_difference=largest if np.isfinite(largest) else None,
        note=f"equal on {equal} of {len(apart)} probed windows; {found}",
    )
    return probe, worst
