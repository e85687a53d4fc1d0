"""What models that follow a driver share.

They say log y(h) = log y_T + f(driver from T to T + h; e), T being the last period in which the
series is observed and the driver known (observed, assumed or expected).

The point forecast is the median. The quantile at p puts two independent deviations together:

    log q_p(h) = log y(h) + sign(z_p) * sqrt( d_p(h)^2 + z_p^2 * sigma^2 * (k + v * (df/de)^2) )

d_p(h) = f(x_p; e) - f(x; e): the driver's own forecast at its quantile p, put through the relation.
    It counts from the driver's last value and is zero for an assumed path.
sigma^2: variance per period of what the relation leaves of the series' past changes, over all
    steps with both observed. k: periods from T to the step.
v = Var(e) / sigma^2: e was estimated from the same noise.

Where driver and noise are normal in logs and f is linear (log-log) this is exact.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import ClassVar, final

import numpy as np

from westforecast.kernels.quantiles import normal_scores
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import (
    DampedLogGrowth,
    Forecast,
    Model,
    OutOfDomain,
    Refusal,
    TooShort,
    Windows,
)
from westforecast.typing import BoolArray, FloatArray
from westforecast_growth.driver import Driver, look_beside
from westforecast_growth.response import Convention, response
from westforecast_growth.settings import check_driver
from westforecast_growth.walk import steps_ahead, walk_variance


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """What W windows say of their series and its driver.

    elasticity: [W] e. spread: [W] Var(e) / sigma^2. fitted: parameters taken from the past changes.
    refusals: window -> why it has none.
    """

    elasticity: FloatArray
    spread: FloatArray
    fitted: int
    refusals: dict[int, Refusal]


@dataclass(frozen=True)
class AbstractDriven(Model):
    """What models with a driver share.

    driver: `unique_id` of another series of the panel, seen up to the cutoff and no further.
    driver_model: forecasts the driver from its own values (ex ante); None is `DampedLogGrowth()`.
    driver_path: period -> level, an assumption that takes the forecast's place. It must name every
        period after the cutoff; observed values win over it.

    Status NO_DRIVER where the panel has no such series, it has no value, or no future.
    """

    driver: str
    _: KW_ONLY
    driver_model: Model | None = None
    # A dict has no hash; two models with different paths may share theirs, and still differ.
    driver_path: Mapping[int, float] | None = field(default=None, hash=False)

    missing: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        path = check_driver(self.driver, self.driver_model, self.driver_path)
        object.__setattr__(self, "driver_path", path)

    @abstractmethod
    def relate(self, y: FloatArray, x: FloatArray) -> Relation:
        """The relation of log series and log driver [W, T], missing at the same places."""

    @property
    def form(self) -> Convention:
        """How the driver's growth becomes the series' growth."""
        return "log-log"

    @final
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        y = np.log(windows.rows())  # [W, T]
        driver = look_beside(
            windows, horizon, levels, self.driver,
            model=self.driver_model or DampedLogGrowth(), assumed=self.driver_path,
        )  # fmt: skip
        both = np.where(np.isfinite(driver.seen), y, np.nan)
        relation = self.relate(both, np.where(np.isfinite(y), driver.seen, np.nan))
        sigma2, impossible = self._noise(both, driver.seen, relation)
        result = self._carry_on(y, driver, relation, sigma2, horizon, levels)
        shared, needed = observed_count(both), self.required(windows.season_length)
        impossible |= ~(np.isfinite(result.mean) & (result.mean > 0)).all(axis=1)
        for w in range(len(windows)):
            refusal = driver.refusals[w]
            if refusal is None and shared[w] < needed:
                refusal = TooShort(
                    f"{shared[w]} periods shared with driver {self.driver!r}, {needed} needed"
                )
            refusal = refusal or relation.refusals.get(w)
            if refusal is None and impossible[w]:
                refusal = OutOfDomain(
                    f"elasticity {relation.elasticity[w]:.3g} times the growth of driver "
                    f"{self.driver!r}, past or expected, leaves nothing or knows no bounds"
                )
            if refusal is not None:
                result.fail(w, refusal)
        return result

    def _noise(
        self, y: FloatArray, x: FloatArray, relation: Relation
    ) -> tuple[FloatArray, BoolArray]:
        """sigma^2 [W] of what the relation leaves of each step; whether it forbids a step [W]."""
        change, elapsed = steps_between(y)
        moved, _ = steps_between(np.where(np.isfinite(y), x, np.nan))
        expected, _ = response(
            relation.elasticity[:, None, None], moved[..., None], elapsed[..., None], self.form
        )  # [W, T - 1, 1]: every step by itself
        error = change - expected[..., 0]
        usable = np.isfinite(error)
        sigma2 = walk_variance(np.where(usable, error, np.nan), elapsed, relation.fitted)
        return sigma2, np.any(np.isfinite(moved) & ~usable, axis=1)

    def _carry_on(
        self, y: FloatArray, driver: Driver, relation: Relation, sigma2: FloatArray,
        horizon: int, levels: Sequence[float],
    ) -> Forecast:  # fmt: skip
        known = np.isfinite(driver.path[:, : y.shape[1]])
        last, back = last_observed(np.where(known, y, np.nan))
        column = np.arange(driver.path.shape[1])
        start = (y.shape[1] - 1 - back)[:, None]  # T, [W, 1]
        path = np.where(column >= start, driver.path, np.nan)  # [W, T + H]
        grown, slope = self._grown(path, relation, horizon)
        mu = last[:, None] + grown  # [W, H]
        reach = steps_ahead(back, horizon) + relation.spread[:, None] * slope**2
        sd = np.sqrt(sigma2[:, None] * reach)
        result = Forecast.lognormal(mu, sd, levels)
        away = np.empty_like(result.quantiles)  # [W, H, Q]
        for q in range(away.shape[-1]):
            at_quantile = np.where(column > start, driver.paths[..., q], path)
            away[..., q] = self._grown(at_quantile, relation, horizon)[0] - grown
        away = _together(away, sd, normal_scores(result.probs))
        return replace(result, quantiles=np.exp(mu[..., None] + away))

    def _grown(
        self, path: FloatArray, relation: Relation, horizon: int
    ) -> tuple[FloatArray, FloatArray]:
        """Log growth [W, H] since the first number of each driver path, and its derivative by e."""
        change, elapsed = steps_between(path)
        unknown = np.isnan(path[:, -horizon:])  # no driver, or one without an interval
        grown, slope = response(
            relation.elasticity[:, None],
            np.nan_to_num(change),
            np.where(np.isnan(elapsed), 1.0, elapsed),
            self.form,
        )
        grown = np.where(np.isnan(grown), -np.inf, grown)[:, -horizon:]
        return np.where(unknown, np.nan, grown), np.where(unknown, np.nan, slope[:, -horizon:])


def _together(driver: FloatArray, sd: FloatArray, scores: FloatArray) -> FloatArray:
    """Deviations [W, H, Q] of two independent causes put together, quantile by quantile.

    driver: [W, H, Q] deviations at the driver's quantiles, in any order. sd: [W, H] of the rest.
    """
    side = np.sign(scores)
    rising = np.maximum(side * np.sort(driver, axis=-1), 0)
    away: FloatArray = side * np.sqrt(rising**2 + (sd[..., None] * scores) ** 2)
    return away
