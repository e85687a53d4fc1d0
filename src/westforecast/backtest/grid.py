"""The cells of a run, and groups of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from westforecast.models.forecast import Forecast
from westforecast.models.windows import Windows
from westforecast.typing import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """All cells of a run: cell c is step h[c] (0-based) of window w[c], C cells.

    actuals: [W, H]. traits: texts said of each series [S] (unique_id, region ...) to group by.
    """

    windows: Windows
    actuals: FloatArray
    forecasts: Mapping[str, Forecast]
    traits: Mapping[str, Sequence[str]]
    w: IntArray
    h: IntArray

    @property
    def series(self) -> IntArray:
        """[C] the series of each cell."""
        return self.windows.series[self.w]

    @property
    def cutoff(self) -> IntArray:
        """[C] the cutoff of each cell."""
        return self.windows.cutoff[self.w]

    def key(self, name: str) -> tuple[np.ndarray, IntArray]:
        """The sorted distinct values of a key, and which of them each cell has [C]."""
        if name in self.traits:
            labels, code = np.unique(np.array(self.traits[name]), return_inverse=True)
            return labels.astype(object), code[self.series]
        found = {"horizon": self.h + 1, "cutoff": self.cutoff, "ds": self.cutoff + self.h + 1}
        return np.unique(found[name], return_inverse=True)


def groups(
    grid: Grid, by: tuple[str, ...], names: Sequence[str]
) -> tuple[dict[str, np.ndarray], IntArray]:
    """Keys of each group [G], sorted, and the group of each cell of each model [M * C]."""
    models = len(names)
    code = np.zeros(models * len(grid.w), np.int64)
    keys = {}
    for name in by:
        if name == "model":
            distinct = np.array(list(names), dtype=object)
            which = np.repeat(np.arange(models), len(grid.w))
        else:
            distinct, which = grid.key(name)
            which = np.tile(which, models)
        keys[name] = distinct, which
        code = code * len(distinct) + which
    _, place, group = np.unique(code, return_index=True, return_inverse=True)
    return {name: distinct[which[place]] for name, (distinct, which) in keys.items()}, group
