"""Predictive distributions that statsforecast draws by chance, gets wrong or leaves out.

Each function takes a model of statsforecast, the values it is shown and the horizon, and gives
point forecasts [H] and a function of probabilities: quantiles [H, Q].
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from westforecast.kernels.quantiles import normal_quantiles
from westforecast.kernels.standard import ROUNDING
from westforecast.typing import FloatArray

SEED = 1

Answer = tuple[FloatArray, FloatArray]


def theta(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """Theta methods: normal, with the variance that their recursion gives to independent errors.

    statsforecast takes quantiles of 200 paths in single precision: they need not widen with the
    horizon nor hold the point forecast, and at a level of 1e8 they have no width. It adds an
    additive season to the residuals where it should subtract it, so that the season counts as
    error. Recursion: Fiorucci, Pellegrini, Louzada, Petropoulos & Koehler (2016), International
    Journal of Forecasting 32(4), eqs 12-17.
    """
    model.fit(y=y)
    fitted = model.model_
    residuals, season = np.asarray(fitted["residuals"], float), np.ones(horizon)
    if fitted.get("decompose"):
        cycle = np.asarray(fitted["seas_forecast"]["mean"], float)
        past = cycle[np.arange(-len(y), 0) % len(cycle)]
        if fitted["decomposition_type"] == "additive":
            residuals = residuals - past
        else:
            residuals, season = residuals / past, np.resize(cycle, horizon)
    seen = residuals[3:] if len(residuals) > 4 else residuals
    sd = _spread(np.std(seen, ddof=1), y) * season * _theta_responses(fitted, horizon)
    return _normal(model.predict(horizon)["mean"], sd, probs)


def _theta_responses(fitted: Mapping[str, Any], horizon: int) -> FloatArray:
    """Standard deviation [H] per unit of the errors': all paths of one unit error each, summed."""
    alpha, theta = fitted["par"]["alpha"], fitted["par"]["theta"]
    dynamic = fitted["modeltype"] in ("DSTM", "DOTM")
    level, mean, slope, intercept = (np.zeros(horizon) for _ in range(4))
    responses = np.empty((horizon, horizon))  # [H, path]
    for step, i in enumerate(range(fitted["n"], fitted["n"] + horizon)):
        decay = (1 - alpha) ** i
        line = intercept * decay + slope * (1 - decay * (1 - alpha)) / alpha
        now = level + (1 - 1 / theta) * line + np.eye(horizon)[step]
        level = alpha * now + (1 - alpha) * level
        if dynamic:  # the line is fitted anew to every value; else it is that of the sample
            slope = ((i - 1) * slope + 6 * (now - mean) / (i + 1)) / (i + 2)  # from the old mean
            mean = (i * mean + now) / (i + 1)
            intercept = mean - slope * (i + 2) / 2
        responses[step] = now
    total: FloatArray = (responses**2).sum(axis=1)
    return np.sqrt(total)


def ces(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """Complex exponential smoothing: normal, with the variance of its linear state space form.

    statsforecast adds one error to the last states and none to later ones, so that intervals stay
    as wide as at the first step. Svetunkov, Kourentzes & Ord (2022), Naval Research Logistics
    69(8), section 3.
    """
    model.fit(y=y)
    fitted, library = model.model_, import_module("statsforecast.ces")
    p, kind = fitted["par"], fitted["seasontype"]
    gain = [p["alpha_0"] - p["alpha_1"], p["alpha_0"] + p["alpha_1"]]
    if kind == "P":
        gain += [p["beta_0"]]
    if kind == "F":
        gain += [p["beta_0"] - p["beta_1"], p["beta_0"] + p["beta_1"]]
    impulse = np.zeros_like(fitted["states"], dtype=float)
    impulse[fitted["n"] + fitted["m"] - 1] = gain  # the states after the last value
    response = np.zeros(horizon)
    library.cesforecast(
        states=impulse, n=fitted["n"], m=fitted["m"], season=library.switch_ces(kind),
        h=horizon, f=response, **p,
    )  # fmt: skip
    growth = np.sqrt(1 + np.cumsum(np.r_[0.0, response[:-1] ** 2]))
    sd = _spread(np.sqrt(fitted["sigma2"]), y) * growth
    return _normal(model.predict(horizon)["mean"], sd, probs)


def garch(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """ARCH and GARCH about the mean of the values: normal, with the expected variance.

    statsforecast's point forecast is one random path about 0, and its intervals are as wide as the
    variance, not its root. Bollerslev (1986), Journal of Econometrics 31(3).
    """
    mean = np.mean(y)
    returns = y - mean
    variance = np.zeros(horizon)
    if _spread(np.abs(returns).max(), y):
        model.fit(y=returns)
        fitted = model.model_
        p, coefficients = fitted["p"], fitted["coeff"]
        squares, variances = list(fitted["y_vals"] ** 2), list(fitted["sigma2_vals"])
        for step in range(horizon):
            recent = [*squares[::-1][:p], *variances[::-1][: fitted["q"]]]
            variance[step] = coefficients[0] + coefficients[1:] @ recent
            squares.append(variance[step])  # what is expected of it
            variances.append(variance[step])
    return _normal(np.full(horizon, mean), np.sqrt(variance), probs)


def tbats(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """TBATS: normal on the Box-Cox scale, continued below its lower end with the sign turned.

    statsforecast leaves such an end as it is on the transformed scale. With z = power x + 1,
    y = sign(z) |z|^(1 / power): Bickel & Doksum (1981), J. Am. Statistical Association 76(374).
    """
    library = import_module("statsforecast.tbats")
    model.fit(y=y)
    fitted, power = model.model_, model.model_["BoxCox_lambda"]
    mean = library.tbats_forecast(fitted, horizon)["mean"]
    answer = _normal(mean, library._compute_sigmah(fitted, horizon), probs)
    if power is None:
        return answer
    with np.errstate(over="ignore"):
        mean, quantiles = (
            np.exp(x)
            if power == 0
            else np.sign(1 + power * x) * np.abs(1 + power * x) ** (1 / power)
            for x in answer
        )
    return mean, quantiles


def pool(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """Conformal seasonal pool: quantiles of a seeded sample, and its median for the point forecast.

    statsforecast draws from a fresh generator, and gives the value one season ago, which may lie
    outside of the pool.
    """
    paths = model.simulate(horizon, model.n_samples, y=y, seed=SEED)  # [path, H]
    at = [model._oriented_index(p, len(paths)) for p in probs]
    return np.median(paths, axis=0), np.quantile(paths, at, axis=0).T.reshape(horizon, len(probs))


def demand(model: Any, y: FloatArray, horizon: int, probs: Sequence[float]) -> Answer:
    """Intermittent demand: how past values were distributed, zeros included, about the forecast.

    The empirical distribution, in the manner of Willemain, Smart & Schwarz (2004), International
    Journal of Forecasting 20(3), times what makes the forecast its mean. An interval ends
    no nearer than the point forecast, which is the mean of a skewed distribution.
    """
    mean = np.asarray(model.forecast(y=y, h=horizon)["mean"], float)
    shape = np.quantile(y, probs, method="weibull") / (np.mean(y) or 1.0)
    shape = np.where(np.asarray(probs) < 0.5, np.minimum(shape, 1), np.maximum(shape, 1))
    return mean, mean[:, None] * shape


def _spread(sd: float, y: FloatArray) -> float:
    """A standard deviation, 0 where it is rounding beside the values."""
    return 0.0 if sd <= ROUNDING * np.abs(y).max() else float(sd)


def _normal(mean: FloatArray, sd: FloatArray, probs: Sequence[float]) -> Answer:
    return np.asarray(mean, float), normal_quantiles(np.asarray(mean, float), sd, probs)


OWN: dict[str, Callable[[Any, FloatArray, int, Sequence[float]], Answer]] = {
    "AutoTheta": theta,
    "Theta": theta,
    "OptimizedTheta": theta,
    "DynamicTheta": theta,
    "DynamicOptimizedTheta": theta,
    "AutoCES": ces,
    "GARCH": garch,
    "ARCH": garch,
    "AutoTBATS": tbats,
    "TBATS": tbats,
    "ConformalSeasonalPool": pool,
    "ADIDA": demand,
    "CrostonClassic": demand,
    "CrostonOptimized": demand,
    "CrostonSBA": demand,
    "IMAPA": demand,
    "TSB": demand,
}
