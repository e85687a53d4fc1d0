"""Shares that stay between 0 and 1 and add up: log-ratios and back, zeros, dependence, paths.

A composition is forecast through the logarithms of its parts less the mean logarithm (centred
log-ratios, Aitchison, The Statistical Analysis of Compositional Data, 1986, chapter 4). Any numbers
on that scale make shares again by `composition`, and no part is a base that results could depend
on. Snyder, Ord, Koehler, McLaren & Beaumont, Int. J. of Forecasting 33 (2017), 502-512, forecast
market shares so, with exponential smoothing.

Axes: T periods, K parts, P sample paths, H steps.
"""

from collections.abc import Sequence

import numpy as np

from westforecast.kernels.quantiles import at_scores
from westforecast.typing import BoolArray, FloatArray

# A share more than e^30 times smaller than the largest (1e-13) is as good as none; kept there, it
# is above 0 and the largest is below 1 in double precision too.
DEEPEST = 30.0

# A correlation of fewer changes than these is not estimated: the variance of three products says
# nothing.
FEWEST = 4


def close(values: FloatArray) -> FloatArray:
    """Parts [..., K] over their sum: shares that add up to one."""
    shares: FloatArray = values / values.sum(axis=-1, keepdims=True)
    return shares


def largest_block(values: FloatArray) -> BoolArray:
    """The parts [K] that log-ratios are centred on: those with long histories.

    values: [T, K], NaN = missing. Of the parts that begin by some period, as many as make the
    largest complete block, parts x periods in which all of them are observed. All parts, unless one
    begins so late that it would cost the others more of their past than it adds.
    """
    seen = np.isfinite(values)
    begin = np.where(seen.any(axis=0), seen.argmax(axis=0), len(seen))
    best, chosen = -1, np.ones(values.shape[1], bool)
    for latest in np.unique(begin):
        parts = begin <= latest
        size = int(parts.sum()) * int(seen[:, parts].all(axis=1).sum())
        if size >= best:  # of equals the one with more parts
            best, chosen = size, parts
    return chosen


def log_ratios(values: FloatArray, core: BoolArray | None = None) -> FloatArray:
    """z_i = log x_i - mean of log x over the core [..., K].

    values: positive parts [..., K], as levels or shares: a common factor falls out. core: [K] parts
    the mean is taken over; all unless given, which makes these centred log-ratios. NaN where a
    part, or any part of the core, is missing.
    """
    logs = np.log(values)
    center = (logs if core is None else logs[..., core]).mean(axis=-1, keepdims=True)
    ratios: FloatArray = logs - center
    return ratios


def composition(ratios: FloatArray) -> FloatArray:
    """Shares [..., K] of any log-ratios [..., K]: s_i = exp z_i / sum_j exp z_j.

    Each is above 0, below 1 where there are two parts or more, and together they are 1.
    """
    below = ratios - ratios.max(axis=-1, keepdims=True)
    return close(np.exp(np.maximum(below, -DEEPEST)))


def replace_zeros(shares: FloatArray, size: float) -> FloatArray:
    """Zeros replaced by `size`, the other shares [..., K] scaled down to make room.

    Multiplicative replacement: ratios between the others stay as they are (Martín-Fernández,
    Barceló-Vidal & Pawlowsky-Glahn, Mathematical Geology 35 (2003), 253-278).
    """
    zero = shares == 0
    room = 1 - size * zero.sum(axis=-1, keepdims=True)
    return np.where(zero, size, shares * room)


def independent_parts(variances: FloatArray, core: BoolArray) -> FloatArray:
    """Correlation [K, K] that log-ratios have when the parts themselves change independently.

    variances: [K] of the log-ratios. Centred on a mean, they cannot be independent: two parts have
    correlation -1, K alike parts -1 / (K - 1). With z = A log x and variances d of the logs, the
    covariance is A diag(d) A' (complete subcompositional independence, Aitchison 1986, chapter 10);
    d is what best gives the variances.
    """
    count = len(variances)
    centring = np.eye(count) - core / core.sum()
    own = np.linalg.lstsq(centring**2, variances, rcond=None)[0].clip(min=0)
    return _correlation(centring * own @ centring.T)


def shrunk_correlation(changes: FloatArray, target: FloatArray) -> tuple[FloatArray, float]:
    """Correlation [K, K] of changes [T, K], drawn towards a target, and the target's weight.

    The weight is sum var(r_ij) / sum (r_ij - t_ij)^2 over pairs, at most 1 (Schäfer & Strimmer,
    Stat. Appl. in Genetics and Mol. Biology 4 (2005), 32, with the target taken as known). Rows
    that lack a value are left out; with fewer than four rows the target is all there is.
    """
    rows = changes[np.isfinite(changes).all(axis=1)]
    n = len(rows)
    if n < FEWEST:
        return target, 1.0
    spread = rows.std(axis=0, ddof=1)
    moves = spread > 1e-12 * np.abs(rows).max(axis=0)  # and not by rounding alone
    standard = np.where(moves, (rows - rows.mean(axis=0)) / np.where(moves, spread, 1.0), 0.0)
    products = standard[:, :, None] * standard[:, None, :]  # [T, K, K]
    found = products.sum(axis=0) / (n - 1)
    noise = n / (n - 1) ** 3 * ((products - products.mean(axis=0)) ** 2).sum(axis=0)
    pairs = ~np.eye(len(target), dtype=bool)
    apart = ((found - target)[pairs] ** 2).sum()
    weight = float(min(1.0, noise[pairs].sum() / apart)) if apart > 0 else 1.0
    mixed = weight * target + (1 - weight) * found
    np.fill_diagonal(mixed, 1.0)
    return mixed, weight


def read_law(
    mean: FloatArray, quantiles: FloatArray, probs: Sequence[float], scores: FloatArray
) -> FloatArray:
    """Values [P, H] of laws of which a few quantiles [H, Q] are known, at normal scores [P, H].

    As `kernels.quantiles.at_scores`; the point forecasts `mean` [H] are taken for medians at steps
    where they lie between their neighbours, so that a skewed law known by one interval keeps its
    middle.
    """
    half = len(probs) // 2
    between = (quantiles[:, half - 1] <= mean) & (mean <= quantiles[:, half])
    values = at_scores(quantiles, probs, scores)
    if between.any():
        whole = np.insert(quantiles[between], half, mean[between], axis=1)
        values[:, between] = at_scores(
            whole, (*probs[:half], 0.5, *probs[half:]), scores[:, between]
        )
    return values


def _correlation(covariance: FloatArray) -> FloatArray:
    """A covariance [K, K] with its variances divided out; 0 beside what does not vary."""
    spread = np.sqrt(np.diag(covariance))
    scale = np.where(spread > 1e-12 * spread.max(initial=0), spread, np.inf)
    correlation: FloatArray = covariance / np.outer(scale, scale)
    np.fill_diagonal(correlation, 1.0)
    return correlation
