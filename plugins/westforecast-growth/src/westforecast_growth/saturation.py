"""Curves that level off at a ceiling: for shares, ratios and rates, not for money values.

Each curve is a straight line in time on its own scale, z = a + b t, fitted by least squares on the
observed periods only. Where the ceiling M is given, or the series has an upper bound, that is all.
Otherwise M is estimated with its uncertainty: the forecast is a mixture over a grid of ceilings by
how likely the values make each (`westforecast_growth.ceilings`). Before half of a curve is seen M
is close to free (35,000 simulated logistic fits, Debecker & Modis 1994, mark S): there the models
decline and ask for `upper=`. A Gompertz ceiling fitted to logistic data is too high and falls as
data accrue (Satoh & Matsumura 2019, mark S).

anchor="last" (the default) carries the fitted slope on from the last observed value,
z(h) = z_T + b h: what annual ratios leave of a curve drifts slowly, and a forecast on the fitted
curve begins with a jump back to it. The noise is a random walk: z(h) has scale^2 sigma^2 * (h + v
h^2), v = Var(b) / sigma^2. On 8,065 annual percentages of countries (World Bank, Gapminder), five
years ahead, the logistic from the last value is off by 1.7 points on average and its 80 % interval
covers 70 %; on the curve it is 2.9 points and 47 % (by normal quantiles; t adds about a point).
anchor="curve" is the textbook's forecast on the curve itself with independent errors,
scale^2 = s^2 * (1 + 1/n + (t - mean t)^2 / S_tt), s^2 with n - 2.

Quantiles are found on the scale of z and carried back, so they stay within the bounds, and the
point forecast is the median. Laws of z are Student's t with n - 2 degrees of freedom, to a known
ceiling and in the mixture.
"""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, Literal, final

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.student import student_scores
from westforecast.models import Capability, Forecast, Model, OutOfDomain, Status, Windows
from westforecast.typing import BoolArray, FloatArray, IntArray
from westforecast_growth.ceilings import (
    PRECISION,
    Anchor,
    Observed,
    Posterior,
    blocks,
    carry_on,
    estimate,
    fit,
    mixture_quantiles,
)

FEWEST = 8  # values that a ceiling may be estimated from


@dataclass(frozen=True, slots=True, eq=False)
class _Reach:
    """From where to where W curves go, [W] each. high: the ceiling where it is `known`, otherwise
    what the ceiling cannot exceed (inf: nothing)."""

    low: FloatArray
    high: FloatArray
    known: BoolArray


@dataclass(frozen=True)
class AbstractSaturation(Model):
    """What curves with a ceiling share.

    upper: the ceiling M. None: the series' own upper bound (100 for a share in percent), estimated
        where it has none. "estimate": estimated in any case, below the series' own bound if it has
        one.
    anchor: "last" carries on from the last observed value, "curve" stays on the fitted curve.

    OUT_OF_DOMAIN where the ceiling lies beyond the series' own bound, or a value is not strictly
    inside; and, of estimated ceilings, where there are fewer than 8 values, or where the values do
    not say that half-way is passed: the median of M exceeds twice the higher end of the series.
    """

    upper: float | Literal["estimate"] | None = None
    anchor: Anchor = "last"

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    min_train: ClassVar[int] = 2

    def __post_init__(self) -> None:
        if self.anchor not in ("last", "curve"):
            raise UsageError(f"anchor={self.anchor!r} found, 'last' or 'curve' expected.")
        if isinstance(self.upper, str):
            if self.upper != "estimate":
                raise UsageError(f"upper={self.upper!r} found, a number or 'estimate' expected.")
        elif self.upper is not None and not isfinite(self.upper):
            raise UsageError(f"upper={self.upper!r} found, a finite ceiling expected.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        stated = any(isinstance(bound, int | float) for bound in self._stated)
        return super().capabilities - ({"scale_equivariant"} if stated else set())

    @property
    def _stated(self) -> tuple[object, ...]:
        """Settings that may be numbers in the series' own unit."""
        return (self.upper,)

    def required(self, season_length: int) -> int:
        return FEWEST if self.upper == "estimate" else self.min_train

    @abstractmethod
    def straighten(self, height: FloatArray, ceiling: FloatArray | float = 1.0) -> FloatArray:
        """The scale on which the curve is a line, of heights above the floor, below the ceiling."""

    @abstractmethod
    def bend(self, z: FloatArray) -> FloatArray:
        """The inverse of `straighten`, as a fraction of the ceiling, in [0, 1]."""

    @abstractmethod
    def log_steepness(
        self, z: FloatArray, log_height: FloatArray, log_ceiling: FloatArray
    ) -> FloatArray:
        """log dz / dlog(height); linear, so that it takes sums and means as well."""

    def floor(self, windows: Windows) -> FloatArray:
        """Where each window's curve begins, [W]."""
        return np.zeros(len(windows))

    @final
    def ceilings(self, windows: Windows, probs: Sequence[float] = (0.05, 0.5, 0.95)) -> FloatArray:
        """Quantiles [W, Q] of the ceiling: what the values say of it, also before half-way.

        A ceiling that is given is the same at all `probs`. NaN where there is nothing to estimate
        it from: fewer than 8 values, or values outside the bounds.
        """
        found = np.full((len(windows), len(probs)), np.nan)
        windows = windows.from_first_observed()
        for piece in windows.pieces():
            part = windows.take(piece)
            rows, reach = part.rows(), self._reach(part)
            fine = ~self._objections(part, rows, reach).any(axis=0)
            fine &= np.isfinite(rows).sum(axis=1) >= np.where(reach.known, 0, FEWEST)
            given, free = np.flatnonzero(fine & reach.known), np.flatnonzero(fine & ~reach.known)
            found[piece[given]] = reach.high[given, None]
            with np.errstate(all="ignore"):
                for which, _, posterior in self._posteriors(rows, reach, free):
                    above = posterior.quantiles(np.asarray(probs, float))
                    found[piece[which]] = reach.low[which, None] + above
        return found

    @final
    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        rows, reach = windows.rows(), self._reach(windows)
        objections = self._objections(windows, rows, reach)
        fine = ~objections.any(axis=0)
        for which, fill in ((reach.known, self._to_known), (~reach.known, self._to_estimated)):
            if (fine & which).any():
                fill(result, rows, reach, np.flatnonzero(fine & which))
        for w in np.flatnonzero(~fine).tolist():
            result.fail(w, self._refusal(windows, rows[w], reach, w, objections[:, w]))
        return result

    def _reach(self, windows: Windows) -> _Reach:
        own = windows.bounds[windows.series, 1]
        if self.upper is None:
            return _Reach(self.floor(windows), own, np.isfinite(own))
        estimated = isinstance(self.upper, str)
        high = own if isinstance(self.upper, str) else np.full(len(windows), float(self.upper))
        return _Reach(self.floor(windows), high, np.full(len(windows), not estimated))

    def _objections(self, windows: Windows, rows: FloatArray, reach: _Reach) -> BoolArray:
        """[2, W]: a curve outside its series' bounds; a value outside the curve."""
        own_low, own_high = windows.bounds[windows.series].T
        low, high = reach.low, reach.high
        with np.errstate(invalid="ignore"):
            outside = (rows <= low[:, None]) | (rows >= high[:, None])
        return np.stack([(low >= high) | (low < own_low) | (high > own_high), outside.any(axis=1)])

    def _refusal(
        self, windows: Windows, row: FloatArray, reach: _Reach, w: int, objections: BoolArray
    ) -> OutOfDomain:
        low, high = reach.low[w], reach.high[w]
        if objections[0]:
            own_low, own_high = windows.bounds[windows.series[w]]
            return OutOfDomain(
                f"a curve from {low:g} to {high:g} leaves the bounds of the series, {own_low:g} to "
                f"{own_high:g}"
            )
        first = row[(row <= low) | (row >= high)][0]
        return OutOfDomain(
            f"value {first:g} is not inside the bounds {low:g} to {high:g} of the curve"
        )

    def _to_known(self, result: Forecast, rows: FloatArray, reach: _Reach, which: IntArray) -> None:
        low, height = reach.low[which], (reach.high - reach.low)[which]
        seen = Observed.of(rows[which] - low[:, None])
        z = self.straighten(seen.height, height[:, None])[:, None]
        lines = fit(z, seen, self.anchor)
        away, leverage = carry_on(seen, result.mean.shape[1], self.anchor)
        center = lines.level + lines.slope * away  # [W, H]
        scores = student_scores(result.probs, seen.count - 2)[:, None]
        straight = center[..., None] + np.sqrt(lines.noise * leverage)[..., None] * scores
        for values, line in ((result.mean, center), (result.quantiles, straight)):
            # clipped: low + height may round to a hair above the ceiling
            bent = np.clip(low + height * self.bend(line).T, low, reach.high[which])
            values[which] = bent.T

    def _to_estimated(
        self, result: Forecast, rows: FloatArray, reach: _Reach, which: IntArray
    ) -> None:
        count = np.isfinite(rows[which]).sum(axis=1)
        for w, n in zip(which[count < FEWEST].tolist(), count[count < FEWEST], strict=True):
            why = self._unknown(f"{n} values cannot tell it, {FEWEST} are needed")
            result.refuse(w, Status.OUT_OF_DOMAIN, why)
        probs = sorted({0.5, *result.probs})
        places = [probs.index(p) for p in result.probs]
        for part, seen, posterior in self._posteriors(rows, reach, which[count >= FEWEST]):
            end = np.maximum(seen.height[:, 0], seen.height[:, -1])
            median = posterior.quantiles(np.array([0.5]))[:, 0]
            past = median <= 2 * end
            low = reach.low[part]
            for k in np.flatnonzero(~past).tolist():
                middle, last = low[k] + median[k], low[k] + end[k]
                why = self._unknown(
                    f"the values put it at {middle:.4g} (median), so that {last:.4g} is "
                    f"{end[k] / median[k]:.0%} of the way, and before 50% it is close to free"
                )
                result.refuse(int(part[k]), Status.OUT_OF_DOMAIN, why)
            kept = np.flatnonzero(past)
            if not len(kept):
                continue
            found = self._mixture(seen, posterior, kept, result.mean.shape[1], np.array(probs))
            found = np.minimum(low[kept] + found.T, reach.high[part[kept]]).T
            result.mean[part[kept]] = found[..., probs.index(0.5)]
            result.quantiles[part[kept]] = found[..., places]

    def _unknown(self, why: str) -> str:
        return (
            f"no ceiling is known, and {why}: give {self.name}(upper=...), or the series an upper "
            "bound (a share has one)"
        )

    def _posteriors(
        self, rows: FloatArray, reach: _Reach, which: IntArray
    ) -> Iterator[tuple[IntArray, Observed, Posterior]]:
        """Some windows at a time: which, what they show, and what that says of the ceiling."""
        if not len(which):
            return
        low, limit = reach.low[which], (reach.high - reach.low)[which]
        whole = Observed.of(rows[which] - low[:, None])
        for block in blocks(whole):
            seen = whole.take(block)
            yield which[block], seen, estimate(self, seen, limit[block], self.anchor)

    def _mixture(
        self,
        seen: Observed,
        posterior: Posterior,
        kept: IntArray,
        horizon: int,
        probs: FloatArray,
    ) -> FloatArray:
        """Quantiles [W, H, Q], as heights, of the windows that are kept."""
        lines, seen = posterior.lines, seen.take(kept)
        away, leverage = carry_on(seen, horizon, self.anchor)
        center = lines.level[kept, :, None] + lines.slope[kept, :, None] * away[:, None]
        noise = np.maximum(lines.noise[kept, :, None], PRECISION**2)
        scale = np.sqrt(noise * leverage[:, None])
        mine = Posterior(posterior.ceiling[kept], posterior.weight[kept], lines)
        dof = int(seen.count[0]) - 2
        return mixture_quantiles(self, mine, center, scale, dof, probs)


@dataclass(frozen=True)
class Logistic(AbstractSaturation):
    """Logistic curve to a ceiling: y = L + (M - L) / (1 + exp(-b (t - t0))).

    A line in z = log((y - L) / (M - y)); steepest half-way. How it is fitted, carried on and
    bounded, and what becomes of an unknown ceiling: see `westforecast_growth.saturation`.

    upper, anchor: see `AbstractSaturation`.
    lower: the floor L; by default the series' own lower bound, 0 where it has none.
    """

    lower: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.lower is None:
            return
        if not isfinite(self.lower):
            raise UsageError(f"lower={self.lower!r} found, a finite floor expected.")
        if isinstance(self.upper, int | float) and self.lower >= self.upper:
            raise UsageError(f"lower={self.lower!r} is not below upper={self.upper!r}.")

    @property
    def _stated(self) -> tuple[object, ...]:
        return (self.upper, self.lower)

    def floor(self, windows: Windows) -> FloatArray:
        if self.lower is not None:
            return np.full(len(windows), float(self.lower))
        own = windows.bounds[windows.series, 0]
        return np.where(np.isfinite(own), own, 0.0)

    def straighten(self, height: FloatArray, ceiling: FloatArray | float = 1.0) -> FloatArray:
        return np.log(height) - np.log(ceiling - height)

    def bend(self, z: FloatArray) -> FloatArray:
        return 1 / (1 + np.exp(-z))

    def log_steepness(
        self, z: FloatArray, log_height: FloatArray, log_ceiling: FloatArray
    ) -> FloatArray:
        return z - log_height + log_ceiling  # dz / dlog(h) = M / (M - h)


@dataclass(frozen=True)
class Gompertz(AbstractSaturation):
    """Gompertz curve to a ceiling: y = M exp(-exp(-(a + b t))), from zero.

    A line in z = -log(-log(y / M)); steepest early, at 0.368 M. How it is fitted, carried on and
    bounded, and what becomes of an unknown ceiling: see `westforecast_growth.saturation`.

    upper, anchor: see `AbstractSaturation`.
    """

    positive: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.upper, int | float) and self.upper <= 0:
            raise UsageError(f"upper={self.upper!r} found, a ceiling above 0 expected.")

    def straighten(self, height: FloatArray, ceiling: FloatArray | float = 1.0) -> FloatArray:
        return np.asarray(-np.log(np.log(ceiling) - np.log(height)))

    def bend(self, z: FloatArray) -> FloatArray:
        return np.asarray(np.exp(-np.exp(-z)))

    def log_steepness(
        self, z: FloatArray, log_height: FloatArray, log_ceiling: FloatArray
    ) -> FloatArray:
        return z  # dz / dlog(h) = 1 / log(M / h)
