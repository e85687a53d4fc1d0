"""Intensity of use: how much of a product an economy uses per unit of its activity."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

import numpy as np

from westforecast.errors import UsageError
from westforecast.kernels.windows import last_observed, observed_count, steps_between
from westforecast.models import Capability, Driver, OutOfDomain, Refusal, Windows
from westforecast.typing import FloatArray
from westforecast_growth.following import AbstractFollowing, Relation, told
from westforecast_growth.settings import is_number

# The least variance a period of a logarithm that is taken for noise: a millionth, squared.
TINY = 1e-12


@dataclass(frozen=True)
class IntensityOfUse(AbstractFollowing):
    """Intensity follows income along an inverted U: ln(Y / A) = a + b ln y + c (ln y)^2.

    A is an activity (GDP), y an income (GDP per head); intensity peaks at y* = exp(-b / 2c). The
    forecast starts from the last value:

        log Y(h) = log Y_T + log A(h) / A_T + b (l_h - l_T) + c (l_h^2 - l_T^2),   l = ln y.

    What annual intensities leave of a curve drifts, so b and c come from the same equation in
    differences (errors walk; a step over k periods has weight 1 / k), where a cancels. A peak is
    hardly known from data before it is passed, so both are shrunk towards an intensity that stays:
    b + 2 c l_T, the slope at today's income, has the prior N(0, slope^2), c has N(0, bend^2), given
    sigma^2 of the least squares fit. On seven kinds of intensity (energy, electricity, oil, coal;
    industry and manufacturing in output) of 7 to 26 countries each, 574 windows, incomes given,
    mean |log error| ten years ahead is 0.297; by least squares 0.459 (no better where c is
    significantly negative: 0.505 against 0.282), with a constant intensity 0.303.

    activity, income: drivers, taken to move together. For their future see
    `westforecast.models.DrivenModel`.
    slope, bend: standard deviations of the prior; infinite for least squares.
    peak: income at the peak where it is known from elsewhere, in the income series' own unit; then
        f = c ((l_h - ln peak)^2 - (l_T - ln peak)^2) and only c is estimated. OUT_OF_DOMAIN where
        the data have a trough there (c above 0).
    """

    activity: str
    income: str
    _: KW_ONLY
    slope: float = 0.3
    bend: float = 0.2
    peak: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.slope > 0 and self.bend > 0):
            raise UsageError(
                f"slope={self.slope!r} and bend={self.bend!r} found; standard deviations above 0 "
                "expected."
            )
        if self.peak is not None and not (is_number(self.peak) and self.peak > 0):
            raise UsageError(f"peak={self.peak!r} found, an income above 0 expected.")

    @property
    def capabilities(self) -> frozenset[Capability]:
        known = self.peak is not None  # an income in its own unit
        return super().capabilities - ({"scale_equivariant"} if known else set())

    @property
    def drivers(self) -> tuple[str, ...]:
        return (self.activity, self.income)

    def required(self, season_length: int) -> int:
        return 4

    def outlook(
        self, windows: Windows, horizon: int, levels: Sequence[float]
    ) -> tuple[Driver, Driver | None]:
        activity, income = (self.look(windows, horizon, levels, d).log() for d in self.drivers)
        return income, activity

    def grow(
        self, theta: FloatArray, start: FloatArray, change: FloatArray, elapsed: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        total = np.cumsum(change, axis=-1)
        gradient = np.stack([total, total * (2 * start + total)], axis=-1)
        return np.einsum("...p,...p->...", theta, gradient), gradient

    def relate(self, u: FloatArray, x: FloatArray, windows: Windows) -> Relation:
        # Around today's income (or the peak): there slope and curvature are nearly uncorrelated.
        centre = last_observed(x)[0] if self.peak is None else np.full(len(x), np.log(self.peak))
        change, elapsed = steps_between(u)
        moved, _ = steps_between(x)
        bent = moved * (2 * (x[:, 1:] - centre[:, None]) - moved)
        pulls = [0.0 if self.peak is None else np.inf, 0.0]
        plain, cov = _fit(change, moved, bent, elapsed, pulls)
        error = change - plain[:, :1] * moved - plain[:, 1:] * bent
        left = np.maximum(observed_count(error) - 2, 1)
        sigma2 = np.maximum(np.nansum(error**2 / elapsed, axis=1) / left, TINY)
        pulls = [sigma2 / self.slope**2 + pulls[0], sigma2 / self.bend**2]
        theta, cov = _fit(change, moved, bent, elapsed, pulls)
        # from slopes at the centre to b and c
        turn = np.broadcast_to(np.eye(2), cov.shape).copy()
        turn[:, 0, 1] = -2 * centre
        refusals: dict[int, Refusal] = {}
        if self.peak is not None:
            refusals = {
                w: OutOfDomain(
                    f"{told(self, windows, w)}: intensity has a trough, no peak, at income "
                    f"{self.peak:g} (c = {theta[w, 1]:+.3g})"
                )
                for w in np.flatnonzero(theta[:, 1] > 0).tolist()
            }
        theta = np.einsum("wpq,wq->wp", turn, theta)
        # Two, less what the prior knows of them.
        shares = [np.where(np.isfinite(k), k * cov[:, p, p], 1.0) for p, k in enumerate(pulls)]
        return Relation(
            theta, turn @ cov @ turn.swapaxes(1, 2), 2.0 - np.sum(shares, axis=0), refusals
        )


def _fit(
    y: FloatArray, one: FloatArray, two: FloatArray, elapsed: FloatArray, pulls: Sequence[object]
) -> tuple[FloatArray, FloatArray]:
    """Coefficients [W, 2] of y on two regressors [W, T-1] with weights 1 / elapsed, each pulled to
    0 with a weight (infinite: it is 0), and their covariance / sigma^2 [W, 2, 2]."""
    pull = [np.broadcast_to(np.asarray(p, float), len(y)) for p in pulls]
    aa, ab, bb, ay, by = (
        np.nansum(p * q / elapsed, axis=1)
        for p, q in ((one, one), (one, two), (two, two), (one, y), (two, y))
    )
    aa, bb = aa + pull[0], bb + pull[1]
    free = np.isfinite(aa)
    # by Cramer's rule, divided by aa, so that an infinite pull leaves the other regressor alone
    rest = bb - np.where(free, ab**2 / aa, 0)
    rest = np.where(rest > 0, rest, np.nan)
    b = np.where(free, ab / aa, 0)
    second = (by - b * ay) / rest
    first = np.where(free, ay / aa - b * second, 0)
    cov = np.stack([1 / aa + b**2 / rest, -b / rest, -b / rest, 1 / rest], axis=1)
    return np.stack([first, second], axis=1), cov.reshape(-1, 2, 2)
