"""Decompositions: what a change is made of, in parts that add up exactly."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from westforecast.errors import UsageError
from westforecast.typing import FloatArray


@dataclass(frozen=True, slots=True)
class Decomposition:
    """The change of region = share x market between two years, in three parts that add up."""

    start: float
    end: float
    market: float
    share: float
    interaction: float

    @property
    def total(self) -> float:
        """end - start."""
        return self.end - self.start


def decompose(market0: float, market1: float, share0: float, share1: float) -> Decomposition:
    """dY = s0 dN + ds N0 + ds dN for Y = s N, exactly. Shares as fractions.

    market growth at the old share, share gain in the old market, and both together.

    >>> parts = decompose(60.0, 149.3, 0.0895, 0.1195)
    >>> round(parts.market + parts.share + parts.interaction - parts.total, 12)
    0.0
    """
    growth, gain = market1 - market0, share1 - share0
    return Decomposition(
        start=share0 * market0,
        end=share1 * market1,
        market=share0 * growth,
        share=gain * market0,
        interaction=gain * growth,
    )


def log_mean(a: FloatArray | float, b: FloatArray | float) -> FloatArray:
    """The logarithmic mean (b - a) / ln(b / a); a where both are equal, 0 where one is 0.

    >>> round(float(log_mean(1.0, np.e)), 6)
    1.718282
    """
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = np.log(b) - np.log(a)
        mean = a * np.expm1(distance) / distance  # no cancellation where a and b are close
    mean = np.where(distance == 0, a, mean)
    return np.where((a > 0) & (b > 0), mean, 0.0)


def divisia(
    start: Mapping[str, FloatArray | float], end: Mapping[str, FloatArray | float]
) -> dict[str, FloatArray]:
    """The change of a product of factors, split among them: log-mean Divisia index (LMDI I).

    start, end: factor -> value(s) of any one shape, before and after. The part of factor k is
    L(Y0, Y1) ln(x_k1 / x_k0) with Y the product and L the logarithmic mean; parts add up to
    Y1 - Y0 exactly, in any order of the factors, and without an interaction term.

    Zeros are the limits for a small positive number in their place (Ang and Liu 2007): where the
    product is 0 at one end, the factors that are 0 there take the whole change in equal parts;
    where it is 0 at both, every part is 0. Raises UsageError for negative factors, which have no
    logarithm, and for factors that are not the same at both ends.

    Source: Ang, B. W. (2004), Energy Policy 32, 1131-1139 (R).

    >>> parts = divisia({"market": 60.0, "share": 0.1}, {"market": 120.0, "share": 0.1})
    >>> {name: round(float(part), 9) for name, part in parts.items()}
    {'market': 6.0, 'share': 0.0}
    """
    if list(start) != list(end) or not start:
        raise UsageError(
            f"factors {', '.join(start)} before and {', '.join(end)} after found; the same ones "
            "expected."
        )
    arrays = np.broadcast_arrays(*(np.asarray(v, float) for v in (*start.values(), *end.values())))
    x = np.stack(arrays).reshape(2, len(start), *arrays[0].shape)  # [2, K, ...]
    if (x < 0).any():
        raise UsageError(
            f"a factor of {x.min():g} found; factors of 0 or more expected. Use `decompose` for "
            "two factors of any sign."
        )
    y0, y1 = x.prod(axis=1)
    positive = (x > 0).all(axis=(0, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(x[1]) - np.log(x[0])
        parts = log_mean(y0, y1) * logs
    # Where the product is 0 at exactly one end, those factors that are 0 there share the change.
    zero = np.where(y0 == 0, x[0] == 0, x[1] == 0) & ((y0 == 0) != (y1 == 0))
    shares = zero / np.maximum(zero.sum(axis=0), 1)
    parts = np.where(positive, parts, shares * (y1 - y0))
    return dict(zip(start, parts, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class ShiftShare:
    """Growth of a region's industries in three parts that add up; arrays [..., I], start's unit.

    national: as if each had grown as the whole nation did. mix: what its own industry grew more or
    less than the nation. competitive: what it grew more or less than its industry in the nation.
    """

    national: FloatArray
    mix: FloatArray
    competitive: FloatArray

    @property
    def total(self) -> FloatArray:
        """The change of each industry [..., I]."""
        return self.national + self.mix + self.competitive


def shift_share(
    region0: FloatArray, region1: FloatArray, nation0: FloatArray, nation1: FloatArray
) -> ShiftShare:
    """Shift-share analysis: r0 G + r0 (G_i - G) + (r1 - r0 (1 + G_i)), exactly r1 - r0.

    region0, region1: [..., I] one or several regions' industries at two dates. nation0, nation1:
    [I]. G: growth of the nation's sum, G_i of its industry i. An industry the nation did not have
    is all competitive. Raises UsageError where a region has what the nation has not.

    Source: the classical form (Dunn 1960), as in the sources of constant-share projection (S).

    >>> parts = shift_share([10.0, 20.0], [12.0, 30.0], [100.0, 100.0], [110.0, 140.0])
    >>> parts.national.tolist(), parts.mix.round(9).tolist(), parts.competitive.tolist()
    ([2.5, 5.0], [-1.5, 3.0], [1.0, 2.0])
    """
    region0, region1, nation0, nation1 = (
        np.asarray(a, float) for a in (region0, region1, nation0, nation1)
    )
    if ((nation0 == 0) & (region0 != 0)).any() or not nation0.sum() > 0:
        raise UsageError(
            "a nation of 0 where the region has output found; the nation includes the region."
        )
    overall = nation1.sum() / nation0.sum() - 1
    own = np.divide(
        nation1, nation0, out=np.full(nation0.shape, 1 + overall), where=nation0 != 0
    ) - 1  # fmt: skip
    return ShiftShare(
        national=region0 * overall,
        mix=region0 * (own - overall),
        competitive=region1 - region0 * (1 + own),
    )
