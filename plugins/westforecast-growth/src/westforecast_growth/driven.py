"""Models that follow a driver: a growth ratio, an elasticity, a constant share.

How the driver is seen, what their quantiles are: see `westforecast_growth.following`.
"""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from math import isfinite
from typing import ClassVar

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.growth import (
    Convention,
    least_squares,
    periods,
    reach,
    recent,
    response,
    rise,
    span,
    through_ends,
)
from westforecast.kernels.windows import observed_count
from westforecast.models import Driver, OutOfDomain, Refusal, TooShort, Windows
from westforecast.models.driver import called
from westforecast.typing import FloatArray
from westforecast_growth.following import AbstractFollowing, Relation
from westforecast_growth.response import check_convention
from westforecast_growth.settings import check_least, check_window, is_number

# No stated elasticity is larger, up or down; what is was stated in percent.
MOST = 20.0


@dataclass(frozen=True)
class GrowthRatio(AbstractFollowing):
    """The series' growth relative to the driver's: yhat(h) = y_T * (x(T + h) / x_T)^r.

    r = log(y_b / y_a) / log(x_b / x_a), a and b the first and the last period with both observed.
    It is a ratio of log growth: r = 1 is a constant share, and a path compounds exactly.
    Var(r) = sigma^2 * (b - a) / log(x_b / x_a)^2. Taken as they are, growth ratios over-forecast;
    `shrink` draws them towards a norm, as a prior around it would: Var(r) becomes shrink * Var(r).

    window: periods to look back for r, all by default.
    shrink, norm: the ratio used is norm + shrink * (r - norm); 1 takes r as it is, 0 the norm.
    min_growth: the driver's mean log growth a period must exceed this, up or down; a ratio to a
        growth near zero means nothing (OUT_OF_DOMAIN).
    driver and its future: see `westforecast.models.DrivenModel`.
    """

    driver: str
    _: KW_ONLY
    window: int | None = None
    shrink: float = 1.0
    norm: float = 1.0
    min_growth: float = 0.005

    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_window(self.window)
        check_least("min_growth", self.min_growth)
        if not 0 <= self.shrink <= 1 or not isfinite(self.norm):
            raise UsageError(
                f"shrink {self.shrink} and norm {self.norm} found; expected 0 <= shrink <= 1 and a "
                "finite norm."
            )

    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        u, x = recent(u, self.window), recent(x, self.window)
        ratio, spread = through_ends(u, x)
        ratio = self.norm + self.shrink * (ratio - self.norm)
        refusals = _objections(x, rise(x), self, windows)
        return Relation.single(ratio, spread, refusals, self.shrink)


@dataclass(frozen=True)
class Elasticity(AbstractFollowing):
    """Growth from the driver's growth by an elasticity e, under one of three labelled conventions.

    convention   yhat(h)                                  e
    "log-log"    y_T * (x(T + h) / x_T)^e                 least-squares slope of log y on log x
    "annual"     y_T * prod_t (1 + e * g_t)               ratio of the average growth a period
    "period"     y_T * (1 + e * (x(T + h) / x_T - 1))     the same ratio

    g_t = x_t / x_{t-1} - 1, averages are compound. The forecast starts from the last value, not
    from a fitted line. The conventions differ a lot (`westforecast_growth.response`): "period" is
    what planning textbooks do with incomes, a yearly ratio applied to the whole growth since T, and
    drifts away from the others as the horizon grows.

    Var(e) / sigma^2 is sum_k elapsed_k * (sum_{t >= k} w_t)^2 with the least-squares weights w
    (errors walk), or ((1 + g_y) / g_x)^2 / n for the ratio of average growth over n periods.

    elasticity: e itself, where experts set it; it then counts as certain. Estimated by default.
    population: a second driver; e then relates the series per inhabitant, and population multiplies
        (the textbook's income elasticity, per 10,000 inhabitants). Its unit does not matter.
    window: periods to look back for e, all by default.
    min_growth: as for `GrowthRatio`; under "log-log" the range of log x a period must exceed it.
    driver and its future: see `westforecast.models.DrivenModel`.
    """

    driver: str
    convention: Convention = "log-log"
    _: KW_ONLY
    elasticity: float | None = None
    population: str | None = None
    window: int | None = None
    min_growth: float = 0.005

    def __post_init__(self) -> None:
        super().__post_init__()
        check_convention(self.convention)
        check_window(self.window)
        check_least("min_growth", self.min_growth)
        if self.elasticity is not None and not is_number(self.elasticity):
            raise UsageError(f"elasticity {self.elasticity} found, a finite number expected.")
        if self.elasticity is not None and abs(self.elasticity) > MOST:
            raise UsageError(
                f"elasticity {self.elasticity:g} found; percent of growth for one percent of the "
                f"driver's expected, {self.elasticity / 100:g} perhaps."
            )

    @property
    def drivers(self) -> tuple[str, ...]:
        return (self.driver,) if self.population is None else (self.driver, self.population)

    def required(self, season_length: int) -> int:
        return 1 if self.elasticity is not None else 2

    def outlook(
        self, windows: Windows, horizon: int, levels: Sequence[float]
    ) -> tuple[Driver, Driver | None]:
        found = [self.look(windows, horizon, levels, name).log() for name in self.drivers]
        return found[0], found[1] if len(found) > 1 else None

    def grow(
        self, theta: FloatArray, start: FloatArray, change: FloatArray, elapsed: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        grown, slope = response(theta[..., 0], change, elapsed, self.convention)
        return grown, slope[..., None]

    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        if self.elasticity is not None:
            return Relation.given(self.elasticity, len(u))
        u, x = recent(u, self.window), recent(x, self.window)
        log_log = self.convention == "log-log"
        ratio, spread = least_squares(u, x) if log_log else _average_rates(u, x)
        moved = reach(x) if log_log else rise(x)
        return Relation.single(ratio, spread, _objections(x, moved, self, windows))


@dataclass(frozen=True)
class ConstantShare(AbstractFollowing):
    """The last share of the driver, held: yhat(h) = (y_T / x_T) * x(T + h).

    The share walks in logs: sigma^2 is the mean square of its past log changes, per period.
    Where the driver is published later than the series, x_T is the driver's own forecast (or
    assumed level) of that period. `ShareShift` lets the share move on.

    driver and its future: see `westforecast.models.DrivenModel`.
    """

    driver: str

    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        return Relation.given(1.0, len(u))


def _average_rates(y: FloatArray, x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Ratio of the average growth a period, and its variance / sigma^2 (delta method); both [W]."""
    time = periods(x)
    own, driver = (np.expm1(through_ends(rows, time)[0]) for rows in (y, x))  # [W]
    return own / driver, ((1 + own) / driver) ** 2 / span(x)


def _objections(
    x: FloatArray, moved: FloatArray, model: GrowthRatio | Elasticity, windows: Windows
) -> dict[int, Refusal]:
    """Windows whose driver was seen too rarely, or moved too little a period, for a ratio.

    x: [W, T] log driver over the periods looked at. moved: [W] how far it moved over them.
    """
    seen = observed_count(x)
    pace = moved / np.maximum(span(x), 1)
    refusals: dict[int, Refusal] = {}
    for w in np.flatnonzero(~(np.abs(pace) > model.min_growth)).tolist():
        driver = f"driver {called(windows, w, model.driver)!r}"
        few = TooShort(
            f"{seen[w]} periods shared with {driver} in the last {model.window}, 2 needed"
        )
        flat = OutOfDomain(
            f"{driver} moved {pace[w]:+.2%} a period; a ratio to its growth needs "
            f"more than {model.min_growth:.2%}, up or down (min_growth)"
        )
        refusals[w] = few if seen[w] < 2 else flat
    return refusals
