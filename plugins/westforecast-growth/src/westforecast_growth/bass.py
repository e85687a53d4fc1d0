"""Bass's diffusion: sales of a durable from first buyers and from word of mouth.

    dF/dt = (p + q F) (1 - F),  F(0) = 0
    F(t) = (1 - exp(-(p + q) t)) / (1 + (q / p) exp(-(p + q) t))

F is the share of the potential M that has bought by t; p: innovation, q: imitation, per period
(Bass 1969, Management Science 15, 215-227, mark R). Sales of a period are M (F(t) - F(t - 1)),
highest around t* = ln(q / p) / (p + q).

Noise is multiplicative: log sales = log M + log(F(t) - F(t - 1)) + e, e ~ N(0, sigma^2)
independently, so that M is a constant of a regression: with log M and log sigma flat, the marginal
likelihood of (p, q) is S^(-(n - 1) / 2), S the sum of squares about the mean of log sales -
log(F(t) - F(t - 1)). It is averaged over a grid of (p, q) around the most likely pair, and what a
pair says of M and of a future step is a Student-t law of logarithms with n - 1 degrees of freedom.

A series that begins after the launch needs nothing else: from the share F_0 on, the rest of the
curve is a Bass curve with p' = p + q F_0, q' = q (1 - F_0), M' = M (1 - F_0). So p, q and M are
those from the first value on, and a stock is last year's stock and the sales since.

The prior is normal in (log p, log q) around the averages of published studies, p 0.03 and q 0.38 a
year (Sultan, Farley & Lehmann 1990, Journal of Marketing Research 27, 70-77, mark R), with standard
deviations of 1 and 0.6: 95 % within 0.004 to 0.21 and 0.12 to 1.23. The spread is a judgement (mark
?), wide because p' and q' of a late start differ from p and q. It is a prior for annual data.

Axes: W windows, P periods of sales, G grid points, K groups of them, H steps, Q quantiles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import ClassVar, final

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.averaging import average_by_group
from westforecast.kernels.mixture import Mixture
from westforecast.models import (
    Capability,
    Forecast,
    Model,
    OutOfDomain,
    Refusal,
    Status,
    TooShort,
    Windows,
)
from westforecast.typing import BoolArray, FloatArray, IntArray

# Where the search for the most likely (p, q) begins.
P_RANGE, P_NODES = (1e-5, 1.0), 18
Q_RANGE, Q_NODES = (0.01, 3.0), 18
PRIOR_MEAN, PRIOR_SD = np.log([0.03, 0.38]), np.array([1.0, 0.6])
CLIMB = 8  # steps of the search
DIFFERENCE = 1e-6  # of log p and log q, for slopes
# Both grids, in standard deviations of the posterior, along each of its two axes.
ROUGH, NODES = np.linspace(-3, 3, 5), np.linspace(-3, 3, 7)
TRACE = 0.05  # of a grid's own variance, which the next one keeps at least
FEWEST = 5  # values
PRECISION = 1e-6  # relative noise of sales below this is rounding
WINDOWS = 256  # worked on at a time
PIECE = 1 << 15  # numbers [W, G, P] worked on at a time, so that they stay in the cache


def adopted(t: FloatArray | float, p: FloatArray | float, q: FloatArray | float) -> FloatArray:
    """F(t), the share of the potential that has bought t periods after the launch.

    t >= 0; p > 0, q >= 0 per period. Arrays broadcast.

    >>> adopted(np.array([0.0, 5.0, 50.0]), 0.03, 0.38).round(3)
    array([0.   , 0.331, 1.   ])
    """
    gone = np.exp(-(np.asarray(p, float) + q) * t)
    return np.asarray((1 - gone) / (1 + np.asarray(q, float) / p * gone))


def peak_time(p: FloatArray | float, q: FloatArray | float) -> FloatArray:
    """t* = ln(q / p) / (p + q), when most is sold, in periods after the launch.

    Negative where q < p: sales fall from the first period on.

    >>> float(peak_time(0.03, 0.38).round(2))
    6.19
    """
    p, q = np.asarray(p, float), np.asarray(q, float)
    return np.asarray(np.log(q / p) / (p + q))


@dataclass(frozen=True, slots=True, eq=False)
class Estimates:
    """What W windows say of their curve: quantiles [W, Q] each, NaN where they cannot be used.

    p, q: per period, from the first value on. peak: t* in periods since the start of the first
    value's period (of a stock: since its first date). potential: M, of all buyers from the first
    value on, for a stock with those before. share: of the potential that has bought by the last
    value.
    """

    p: FloatArray
    q: FloatArray
    peak: FloatArray
    potential: FloatArray
    share: FloatArray


@dataclass(frozen=True)
class Bass(Model):
    """Bass's diffusion curve for sales per period, or for a stock of adopters.

    cumulative: values are a stock (all who have bought so far) and not sales of the period.
    potential: M where it is known: all sales from the first value on; the final stock of a stock.

    Point forecasts are medians of the mixture. Gaps are taken as they are; the sales of several
    periods, between two known stocks, are one observation. OUT_OF_DOMAIN where a stock does not
    rise, where more than `potential` is sold, and, without a given potential, before half-way: the
    values give no better than even odds that half of the potential has bought. Before the peak,
    which comes just ahead of it, M is close to free.
    """

    cumulative: bool = False
    potential: float | None = None

    missing: ClassVar[bool] = True
    scale_equivariant: ClassVar[bool] = True
    positive: ClassVar[bool] = True
    min_train: ClassVar[int] = FEWEST

    def __post_init__(self) -> None:
        if not isinstance(self.cumulative, bool):
            raise UsageError(f"cumulative={self.cumulative!r} found, True or False expected.")
        if self.potential is not None and not (isfinite(self.potential) and self.potential > 0):
            raise UsageError(f"potential={self.potential!r} found, a number above 0 expected.")

    @final
    def estimates(self, windows: Windows, probs: Sequence[float] = (0.05, 0.5, 0.95)) -> Estimates:
        """What the values say of p, q, peak and potential, also before half-way.

        windows: with at least 5 positive values each; others give NaN.
        """
        found = np.full((5, len(windows), len(probs)), np.nan)
        windows, at = windows.from_first_observed(), np.asarray(probs, float)
        seen, low = windows.count(np.isfinite, lambda y: y <= 0)
        able = np.flatnonzero((seen >= FEWEST) & (low == 0))
        for piece in windows.take(able).pieces():
            with np.errstate(all="ignore"):
                for which, sales, fit in self._fits(windows.take(able[piece])):
                    for to, values in zip(found, fit.quantiles(sales, at), strict=True):
                        to[able[piece[which]]] = np.where(sales.usable[:, None], values, np.nan)
        return Estimates(*found)

    @property
    def capabilities(self) -> frozenset[Capability]:
        known = self.potential is not None  # a number in the series' own unit
        return super().capabilities - ({"scale_equivariant"} if known else set())

    def compute(self, windows: Windows, horizon: int, levels: Sequence[float]) -> Forecast:
        result = Forecast.empty(len(windows), horizon, levels)
        probs = sorted({0.5, *result.probs})
        for which, sales, fit in self._fits(windows):
            law = fit.ahead(sales, horizon, self.cumulative)
            quantiles = sales.base[:, None, None] + law.quantiles(np.array(probs))
            result.mean[which] = quantiles[..., probs.index(0.5)]
            result.quantiles[which] = quantiles[..., [probs.index(p) for p in result.probs]]
            for k in np.flatnonzero(~sales.usable).tolist():
                result.fail(int(which[k]), self._objection(sales, k))
            if self.potential is None:
                self._refuse_early(result, which, sales, fit)
        return result

    def _fits(self, windows: Windows) -> Iterator[tuple[IntArray, "_Sales", "_Fit"]]:
        """Some windows at a time, of one length: which, their sales, and the grid over them."""
        for n in np.unique(windows.lengths).tolist():
            same = np.flatnonzero(windows.lengths == n)
            values = windows.values[windows.start[same][:, None] + np.arange(n)]
            # Stocks have to have their dates in common, sales only their length.
            dates = np.isfinite(values) if self.cumulative else np.ones((len(same), 1), bool)
            _, pattern = np.unique(dates, axis=0, return_inverse=True)
            for k in range(pattern.max() + 1):
                group = np.flatnonzero(pattern == k)
                for begin in range(0, len(group), WINDOWS):
                    which = group[begin : begin + WINDOWS]
                    sales = _Sales.of(values[which], self.cumulative, self.potential)
                    yield same[which], sales, _fit(sales)

    def _objection(self, sales: "_Sales", k: int) -> Refusal:
        if not sales.rises[k]:
            return OutOfDomain("the stock does not rise throughout; a stock of adopters does")
        if sales.count[k] < FEWEST - 1:
            return TooShort(f"{sales.count[k]} periods of sales, {FEWEST - 1} needed")
        return OutOfDomain(
            f"{sales.sold[k] + sales.before[k]:g} has been sold, no less than "
            f"{self.name}(potential={self.potential:g})"
        )

    def _refuse_early(
        self, result: Forecast, which: IntArray, sales: "_Sales", fit: "_Fit"
    ) -> None:
        half = np.einsum("wg,wg->w", fit.weight, fit.share(sales) >= 0.5)
        early = np.flatnonzero(sales.usable & (half < 0.5))
        if not len(early):
            return
        *_, potential, share = fit.quantiles(sales, np.array([0.5]))
        for k in early.tolist():
            reason = (
                f"the values put the potential at {potential[k, 0]:.4g} and the share that has "
                f"bought at {share[k, 0]:.0%} (medians), and half-way passed with probability "
                f"{half[k]:.0%}; before that the potential is close to free: give "
                f"{self.name}(potential=...)"
            )
            result.refuse(int(which[k]), Status.OUT_OF_DOMAIN, reason)


@dataclass(frozen=True, slots=True, eq=False)
class _Sales:
    """Logs of sales [W, P], 0 where none are known, of windows with the same periods of sales.

    seen: [W, P] 1 where sales are known, 0 elsewhere. begin, end: [P] of each period, since the
    start. stop: the end of the window. count: [W] how many are known. last: [W] the end of the last
    of them. base: [W] what forecasts are added to: the last stock, or 0. before, sold: [W] what was
    sold before the first period and since. rises: [W] False where a stock does not. potential: [W]
    M if it is given, less what was sold before.
    """

    log: FloatArray
    seen: FloatArray
    begin: FloatArray
    end: FloatArray
    stop: float
    count: IntArray
    last: FloatArray
    base: FloatArray
    before: FloatArray
    sold: FloatArray
    rises: BoolArray
    potential: FloatArray | None

    @classmethod
    def of(cls, values: FloatArray, cumulative: bool, potential: float | None) -> "_Sales":
        """Of rows [W, T] that begin with a value; NaN is missing, at the same dates in stocks."""
        width = values.shape[1]
        dates = np.arange(width + 1.0)
        base = before = np.zeros(len(values))
        if cumulative:
            dates = np.flatnonzero(np.isfinite(values[0])) + 0.0
            stock = values[:, dates.astype(int)]
            base, before, values = stock[:, -1], stock[:, 0], np.diff(stock, axis=1)
        seen = values > 0  # no missing value is
        return cls(
            log=np.log(np.where(seen, values, 1.0)),
            seen=seen.astype(float),
            begin=dates[:-1],
            end=dates[1:],
            stop=width - 1.0 if cumulative else float(width),
            count=seen.sum(axis=1),
            last=np.where(seen, dates[1:], 0.0).max(axis=1, initial=0.0),
            base=base,
            before=before,
            sold=np.where(seen, values, 0.0).sum(axis=1),
            rises=np.asarray((seen | np.isnan(values)).all(axis=1)),
            potential=None if potential is None else potential - before,
        )

    @property
    def usable(self) -> BoolArray:
        """Whether a curve can be laid through them [W]."""
        fine = self.rises & (self.count >= FEWEST - 1)
        return fine if self.potential is None else fine & (self.potential > self.sold)


def _log_sales(
    begin: FloatArray, elapsed: FloatArray, log_p: FloatArray, log_q: FloatArray
) -> FloatArray:
    """log(F(begin + elapsed) - F(begin)), of arrays that broadcast.

    With a = q / p, r = p + q, E = exp(-r begin), D = exp(-r elapsed):
    (1 + a) E (1 - D) / ((1 + a E) (1 + a E D)), in which nothing cancels.
    """
    rate, ratio = np.exp(log_p) + np.exp(log_q), np.exp(log_q - log_p)
    kept = np.exp(-rate * elapsed)
    path = rate * begin
    left = np.exp(-path)
    left *= ratio
    product = (1 + left) * (1 + left * kept)
    found = np.log((1 + ratio) * (1 - kept) / product)
    found -= path
    return np.asarray(found)


@dataclass(frozen=True, slots=True, eq=False)
class _Fit:
    """Grid points [W, G] and what they weigh, adding up to 1.

    center, noise: [W, G] of log M, and sigma^2. known: is M given?
    """

    log_p: FloatArray
    log_q: FloatArray
    weight: FloatArray
    center: FloatArray
    noise: FloatArray
    known: bool

    def share(self, sales: _Sales) -> FloatArray:
        """What has bought by the last value, as a share of the potential [W, G]."""
        return adopted(sales.last[:, None], np.exp(self.log_p), np.exp(self.log_q))

    def ahead(self, sales: _Sales, horizon: int, cumulative: bool) -> Mixture:
        """Laws of the sales of each step, or of the sum of all since the last value.

        A sum of lognormal sales is given the lognormal law of its mean and variance (Fenton 1960,
        mark R).
        """
        p, q = self.log_p[:, None], self.log_q[:, None]
        step = sales.stop + np.arange(1, horizon + 1.0)[:, None]
        own = np.asarray(0.0 if self.known else 1 / np.maximum(sales.count, 1)[:, None, None])
        noise = self.noise[:, None]
        if not cumulative:
            location = _log_sales(step - 1, np.ones(1), p, q)
            return self._mixture(sales, location, noise * (1 + own))
        # Since the last stock: what is missing up to the end of the window, then step by step.
        first = sales.last[:, None, None]
        total = _log_sales(first, step - first, p, q)
        squares = np.cumsum(np.exp(2 * _log_sales(step - 1, np.ones(1), p, q)), axis=1)
        missing = sales.stop - first
        squares += np.where(
            missing > 0, np.exp(2 * _log_sales(first, np.maximum(missing, 1.0), p, q)), 0.0
        )
        squares *= np.exp(-2 * total)
        within = np.log1p(np.expm1(noise) * squares)
        return self._mixture(sales, total + (noise - within) / 2, within + noise * own)

    def _mixture(self, sales: _Sales, location: FloatArray, square: FloatArray) -> Mixture:
        """Groups of the grid become one law each; location, square: [W, H, G], without log M."""
        grouped = average_by_group(
            np.log(np.maximum(self.weight, 1e-300)),
            _ROWS,
            location + self.center[:, None],
            np.broadcast_to(square, location.shape),
        )
        mass = np.exp(grouped.log_mass).T
        assert grouped.variance is not None  # within was given
        return Mixture(
            weight=mass / mass.sum(axis=0),
            location=grouped.mean.transpose(2, 1, 0),
            scale=np.sqrt(grouped.variance).transpose(2, 1, 0),
            dof=_degrees(sales),
            logarithmic=np.ones(len(mass), bool),
        )

    def quantiles(self, sales: _Sales, probs: FloatArray) -> Iterator[FloatArray]:
        """Quantiles [W, Q] of p, q, peak, potential and share."""
        p, q = np.exp(self.log_p), np.exp(self.log_q)
        yield _weighted(p, self.weight, probs)
        yield _weighted(q, self.weight, probs)
        yield _weighted(peak_time(p, q), self.weight, probs)
        if sales.potential is not None:
            yield np.repeat((sales.potential + sales.before)[:, None], len(probs), axis=1)
        else:
            square = (self.noise / np.maximum(sales.count, 1)[:, None])[:, None]
            law = self._mixture(sales, np.zeros_like(square), square)
            yield sales.before[:, None] + law.quantiles(probs)[:, 0]
        yield _weighted(self.share(sales), self.weight, probs)


def _weighted(values: FloatArray, weight: FloatArray, probs: FloatArray) -> FloatArray:
    """Quantiles [W, Q] of values [W, G], linear between the middles of their weights."""
    order = np.argsort(values, axis=1)
    values = np.take_along_axis(values, order, axis=1)
    weight = np.take_along_axis(weight, order, axis=1)
    middle = np.cumsum(weight, axis=1) - weight / 2
    return np.array([np.interp(probs, m, v) for m, v in zip(middle, values, strict=True)])


# Unit nodes [2, G] of the grids around a point, and which share a first coordinate [G, K].
_UNITS = [np.stack(np.meshgrid(x, x, indexing="ij")).reshape(2, -1) for x in (ROUGH, NODES)]
_ROWS = np.repeat(np.eye(len(NODES)), len(NODES), axis=0)


def _fit(sales: _Sales) -> _Fit:
    """A grid around the most likely (p, q), in the axes of the posterior's curvature there, and a
    second one in the axes and to the width of what the first found likely."""
    node, root = _mode(sales)
    for unit in _UNITS:
        nodes = node[..., None] + np.einsum("wij,jg->iwg", root, unit)
        center, squares = _closely(sales, nodes)
        log = _log_posterior(sales, nodes, squares)
        weight = np.exp(log - log.max(axis=1, keepdims=True))
        weight /= weight.sum(axis=1, keepdims=True)
        node = np.einsum("iwg,wg->iw", nodes, weight)
        away = nodes - node[..., None]
        covariance = np.einsum("wg,iwg,jwg->wij", weight, away, away)
        # A trace of the grid's own width, should one node have all of the weight.
        root = np.linalg.cholesky(covariance + TRACE * root @ root.swapaxes(1, 2))
    noise = _floored(sales, squares) / _degrees(sales)[:, None]
    return _Fit(nodes[0], nodes[1], weight, center, noise, sales.potential is not None)


def _mode(sales: _Sales) -> tuple[FloatArray, FloatArray]:
    """The most likely (log p, log q) [2, W], and a root [W, 2, 2] of the covariance around it.

    The best node of a coarse grid, then Levenberg and Marquardt's steps: the curvature is that of
    the regression linearized, degrees / S * J'J, and of the prior.
    """
    sides = [
        np.linspace(np.log(ends[0]), np.log(ends[1]), nodes)
        for ends, nodes in ((P_RANGE, P_NODES), (Q_RANGE, Q_NODES))
    ]
    grid = np.stack(np.meshgrid(*sides, indexing="ij")).reshape(2, 1, -1)
    log = _log_posterior(sales, grid, _coarse(sales, grid)[1])
    node, height = grid[:, 0, log.argmax(axis=1)], log.max(axis=1)
    damping = np.full(len(height), 0.1)
    for _ in range(CLIMB):
        slope, curvature = _slope(sales, node)
        damped = curvature + damping[:, None, None] * curvature * np.eye(2)
        tried = node + np.linalg.solve(damped, slope[..., None])[..., 0].T
        found = _log_posterior(sales, tried[..., None], _closely(sales, tried[..., None])[1])[:, 0]
        better = found > height
        node, height = np.where(better, tried, node), np.where(better, found, height)
        damping *= np.where(better, 0.2, 5.0)
    _, curvature = _slope(sales, node)
    return node, np.linalg.cholesky(np.linalg.inv(curvature))


def _slope(sales: _Sales, node: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Slope [W, 2] of the log posterior at nodes [2, W], and its curvature [W, 2, 2]."""
    near = node[..., None] + DIFFERENCE * np.array([[0, 1, 0], [0, 0, 1]])[:, None]
    curve = _log_sales(sales.begin, sales.end - sales.begin, *near[..., None])  # [W, 3, P]
    sides = (curve[:, 1:] - curve[:, :1]) / DIFFERENCE
    error = (sales.log - curve[:, 0]) * sales.seen
    n = np.maximum(sales.count, 1)[:, None]
    if sales.potential is None:
        sides = sides - ((sides * sales.seen[:, None]).sum(axis=2) / n)[..., None]
        error = error - error.sum(axis=1, keepdims=True) / n
    else:
        error = error - np.log(np.maximum(sales.potential, 1e-300))[:, None]
    error, sides = error * sales.seen, sides * sales.seen[:, None]
    precision = _degrees(sales)[:, None] / _floored(sales, (error**2).sum(axis=1)[:, None])
    slope = precision * np.einsum("wip,wp->wi", sides, error)
    slope -= (node.T - PRIOR_MEAN) / PRIOR_SD**2
    curvature = precision[..., None] * np.einsum("wip,wjp->wij", sides, sides)
    return slope, curvature + np.diag(1 / PRIOR_SD**2)


def _degrees(sales: _Sales) -> IntArray:
    """Degrees of freedom [W]: log M takes one unless it is given."""
    return np.maximum(sales.count - (sales.potential is None), 1)


def _floored(sales: _Sales, squares: FloatArray) -> FloatArray:
    """Sums of squares [W, G], not below what rounding makes."""
    return np.maximum(squares, np.maximum(sales.count, 1)[:, None] * PRECISION**2)


def _log_posterior(sales: _Sales, node: FloatArray, squares: FloatArray) -> FloatArray:
    """log(prior x marginal likelihood) [W, G] up to a constant."""
    log = -_degrees(sales)[:, None] / 2 * np.log(_floored(sales, squares))
    for x, mean, sd in zip(node, PRIOR_MEAN, PRIOR_SD, strict=True):
        log = log - ((x - mean) / sd) ** 2 / 2
    return np.asarray(log)


def _coarse(sales: _Sales, node: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log M and sum of squares [W, G] of nodes that all windows share, by matrix products."""
    curve = _log_sales(sales.begin[:, None], (sales.end - sales.begin)[:, None], *node)  # [P, G]
    return _sums(
        sales, cross=sales.log @ curve, total=sales.seen @ curve, square=sales.seen @ curve**2
    )


def _closely(sales: _Sales, node: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log M and sum of squares [W, G] of each window's own nodes."""
    elapsed = sales.end - sales.begin
    if (elapsed == elapsed[0]).all():
        elapsed = elapsed[:1]
    data = np.stack([sales.log, sales.seen], axis=-1)  # [W, P, 2]
    cross, total, square = np.empty((3, *node.shape[1:]))
    size = max(1, PIECE // (node.shape[2] * len(sales.begin)))
    for start in range(0, len(data), size):
        at = slice(start, start + size)
        curve = _log_sales(sales.begin, elapsed, *node[:, at, :, None])  # [W, G, P]
        cross[at], total[at] = np.moveaxis(curve @ data[at], -1, 0)
        square[at] = np.einsum("wgp,wgp,wp->wg", curve, curve, sales.seen[at])
    return _sums(sales, cross, total, square)


def _sums(
    sales: _Sales, cross: FloatArray, total: FloatArray, square: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Log M and sum of squares [W, G], from sums over log sales x curve, curve and curve^2."""
    n = np.maximum(sales.count, 1)[:, None]
    logs = (sales.log * sales.seen).sum(axis=1)[:, None]
    all_squares = (sales.log**2 * sales.seen).sum(axis=1)[:, None] - 2 * cross + square
    if sales.potential is None:
        center = (logs - total) / n
    else:
        center = np.broadcast_to(np.log(np.maximum(sales.potential, 1e-300))[:, None], cross.shape)
    squares = all_squares - 2 * center * (logs - total) + n * center**2
    return center, np.maximum(squares, 0.0)
