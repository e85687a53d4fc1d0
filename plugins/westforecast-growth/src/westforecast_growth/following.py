"""What models share whose logarithm follows a driver's.

They say log y(h) = log y_T + [s(h) - s_T] + f(x from T to T + h; theta), x the driver in logs, s
another one (population, activity) that passes on one to one, or none. T is the last period in which
the series is observed and the drivers known (observed, assumed or expected).

The point forecast is the median. The quantile at p puts two independent deviations together:

    log q_p(h) = log y(h) + sign(t_p) * sqrt( d_p(h)^2 + t_p^2 * sigma^2 * (k + f' V f') )

d_p(h): the drivers' own forecasts at their quantile p, put through the relation, less log y(h).
    Drivers are taken to move together. Known, frozen and assumed ones deviate by nothing.
sigma^2: variance per period of what the relation leaves of the series' past changes, over all
    steps with all of them observed. k: periods from T to the step.
t_p: quantile of Student's t with the degrees of freedom of sigma^2, steps less parameters fitted.
V = Var(theta) / sigma^2, f' = df/dtheta: theta was estimated from the same noise. So what is left
    of n steps has the expected square sum sigma^2 * (n - 2 p + sum_k f'_k V f'_k / elapsed_k) with
    p parameters fitted (n - p by least squares of changes), by which it is divided.

Where the driver is certain, the noise normal in logs and theta the mean change this is exact; with
a driver that is forecast it is close, and as wide as the driver's own intervals allow.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from westforecast.kernels.growth import mean_square, steps_ahead, together
from westforecast.kernels.quantiles import exp_quantiles
from westforecast.kernels.student import student_scores
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import (
    DrivenModel,
    Driver,
    Forecast,
    OutOfDomain,
    Refusal,
    TooShort,
    Windows,
)
from westforecast.models.driver import called
from westforecast.typing import BoolArray, FloatArray, IntArray
from westforecast_growth.meaning import beyond


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """What W windows say of their series and its driver.

    theta: [W, P] parameters. cov: [W, P, P] their covariance / sigma^2. fitted: [W] how many were
    taken from the past changes; parts of one where a prior shrinks them. refusals: window -> why it
    has none.
    """

    theta: FloatArray
    cov: FloatArray
    fitted: FloatArray
    refusals: dict[int, Refusal]

    @classmethod
    def single(
        cls,
        theta: FloatArray,
        spread: FloatArray,
        refusals: dict[int, Refusal],
        shrink: float = 1.0,
    ) -> "Relation":
        """One estimated parameter [W] and its variance / sigma^2 [W] before it is shrunk.

        Shrinking by s is what a normal prior does that makes the variance s times as large.
        """
        fitted = np.full(len(theta), shrink)
        return cls(theta[:, None], shrink * spread[:, None, None], fitted, refusals)

    @classmethod
    def given(cls, value: float, count: int) -> "Relation":
        """One parameter that is not estimated."""
        return cls(np.full((count, 1), float(value)), np.zeros((count, 1, 1)), np.zeros(count), {})


ROUNDING = 1e-9  # of how many parameters were fitted
# A standard deviation in logs of which nothing can be made: 95 % span a factor of e^20.
BOUNDLESS = 5.0


@dataclass(frozen=True)
class AbstractFollowing(DrivenModel):
    """What models share whose logarithm follows a driver's. Settings: see `DrivenModel`."""

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True

    @abstractmethod
    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        """The relation of u = y - s and x, logs [W, T], missing at the same places.

        windows: whose they are, for what is said where there is none.
        """

    def outlook(
        self, windows: Windows, horizon: int, levels: Sequence[float]
    ) -> tuple[Driver, Driver | None]:
        """x and s, in logs."""
        return self.look(windows, horizon, levels, self.drivers[0]).log(), None

    def grow(
        self, theta: FloatArray, start: FloatArray, change: FloatArray, elapsed: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """f [..., K] and its derivative by theta [..., K, P]; here theta times the log change of x.

        theta: [..., 1, P]. start: [..., 1] log level of x. change: [..., K] its log changes from
        there, step after step. elapsed: [..., K] periods each took.
        """
        total = np.cumsum(change, axis=-1)
        return theta[..., 0] * total, total[..., None]

    @final
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        y = np.log(windows.rows())  # [W, T]
        x, scale = self.outlook(windows, horizon, levels)
        s = _nothing(x) if scale is None else scale
        both = np.isfinite(y + x.seen + s.seen)
        u, past = np.where(both, y - s.seen, np.nan), np.where(both, x.seen, np.nan)
        relation = self.relate(u, past, windows)
        sigma2, dof, impossible = self._noise(u, past, relation)
        result, sd = self._carry_on(y, x, s, relation, sigma2, dof, levels)
        impossible |= ~(np.isfinite(result.mean) & (result.mean > 0)).all(axis=1)
        impossible |= (sd > BOUNDLESS).any(axis=1)
        return self.explain(
            result, s.refusals, x.refusals, self._few(windows, observed_count(u)),
            relation.refusals, self._overdone(windows, relation, impossible),
            beyond(result, windows),
        )  # fmt: skip

    def _noise(
        self, u: FloatArray, x: FloatArray, of: Relation
    ) -> tuple[FloatArray, IntArray, BoolArray]:
        """sigma^2 [W] of what the relation leaves of each step, its degrees of freedom [W], and
        whether the relation forbids a step [W]."""
        change, elapsed = steps_between(u)
        moved, _ = steps_between(x)
        every = of.theta[:, None, None], (x[:, 1:] - moved)[..., None]
        expected, slope = self.grow(*every, moved[..., None], elapsed[..., None])  # step by step
        error = change - expected[..., 0]
        left = np.isfinite(error)
        error = np.where(left, error / np.sqrt(elapsed), np.nan)
        taken = np.einsum("wtp,wpq,wtq->wt", slope[..., 0, :], of.cov, slope[..., 0, :]) / elapsed
        count = observed_count(error)
        dof = np.floor(count - of.fitted + ROUNDING).astype(np.int64)
        divisor = count - 2 * of.fitted + np.nansum(np.where(left, taken, np.nan), axis=1)
        sigma2 = mean_square(error, np.where(dof > 0, divisor, 0))
        forbidden = np.any(np.isfinite(moved) & ~left, axis=1)
        return sigma2, dof, forbidden

    def _carry_on(
        self, y: FloatArray, x: Driver, s: Driver, of: Relation, sigma2: FloatArray,
        dof: IntArray, levels: Sequence[float],
    ) -> tuple[Forecast, FloatArray]:  # fmt: skip
        """The forecast, and the standard deviation [W, H] of the relation's own part, in logs."""
        width, horizon = y.shape[1], x.path.shape[1] - y.shape[1]
        usable = np.isfinite(y + x.path[:, :width] + s.path[:, :width])
        last, back = last_observed(np.where(usable, y, np.nan))
        back = np.minimum(back, width - 1)
        first = width - 1 - int(back.max())  # the earliest T
        begun = np.arange(first, x.path.shape[1]) >= (width - 1 - back)[:, None]
        path = np.where(begun, x.path[:, first:], np.nan)
        base = last - s.path[np.arange(len(y)), width - 1 - back]
        until = path.shape[1] - horizon

        def level(ahead: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
            """log y [W, H] of a driver that goes on in one way [W, H], and df/dtheta."""
            change, elapsed = steps_between(np.concatenate([path[:, :until], ahead], axis=1))
            begin = x.path[np.arange(len(y)), width - 1 - back][:, None]
            theta = of.theta[:, None]
            known = np.where(np.isnan(elapsed), 1.0, elapsed)
            grown, slope = self.grow(theta, begin, np.nan_to_num(change), known)
            grown = np.where(np.isnan(ahead), np.nan, grown[:, -horizon:])
            return base[:, None] + scale + grown, slope[:, -horizon:]

        mu, slope = level(path[:, until:], s.path[:, width:])
        own = np.einsum("whp,wpq,whq->wh", slope, of.cov, slope)
        sd = np.sqrt(sigma2[:, None] * (steps_ahead(back, horizon) + own))
        result = Forecast.empty(len(y), horizon, levels)
        result.mean[:] = np.exp(mu)
        probs = np.array(result.probs)
        away = np.empty_like(result.quantiles)  # [W, H, Q]
        for q in range(len(probs)):
            away[..., q] = level(x.quantiles[..., q], s.quantiles[..., q])[0] - mu
        noise = sd[..., None] * student_scores(result.probs, dof)[:, None]
        away = together(away, noise, np.sign(probs - 0.5))
        result.quantiles[:] = exp_quantiles(mu[..., None] + away)
        return result, sd

    def _few(self, windows: Windows, shared: IntArray) -> dict[int, Refusal]:
        needed = self.required(windows.season_length)
        return {
            w: TooShort(
                f"{shared[w]} periods shared with {told(self, windows, w)}, {needed} needed"
            )
            for w in np.flatnonzero(shared < needed).tolist()
        }

    def _overdone(
        self, windows: Windows, relation: Relation, impossible: BoolArray
    ) -> dict[int, Refusal]:
        return {
            w: OutOfDomain(
                f"parameter {', '.join(f'{value:.3g}' for value in relation.theta[w])} on the "
                f"growth of {told(self, windows, w)}, past or expected, leaves nothing or knows no "
                "bounds"
            )
            for w in np.flatnonzero(impossible).tolist()
        }


def told(model: DrivenModel, windows: Windows, window: int) -> str:
    """A model's drivers of one window, in words."""
    names = ", ".join(repr(called(windows, window, driver)) for driver in model.drivers)
    return f"driver {names}" if len(model.drivers) == 1 else f"drivers {names}"


def _nothing(like: Driver) -> Driver:
    """A driver that never moves."""
    seen, path, laws = (
        np.broadcast_to(0.0, part.shape) for part in (like.seen, like.path, like.quantiles)
    )
    return Driver(seen, path, laws, {})
