"""Bass: the differential equation, late starts, a slow twin, recovered curves, refusals."""

import math
import pickle
from dataclasses import replace

import numpy as np
import pytest

from westforecast.errors import UsageError
from westforecast.kernels.student import student_cdf
from westforecast.models import Status, Windows
from westforecast.testing import check_model, panel_of
from westforecast_growth.bass import Bass, adopted, peak_time

NAN = math.nan


def windows(*series):
    return Windows.of(panel_of([np.array(y, float) for y in series]))


def sales(p, q, n, noise=0.0, count=1, potential=1000.0, seed=0):
    """Sales [count, n] from the launch on, off by `noise` in logs."""
    p, q = np.reshape(p, (-1, 1)), np.reshape(q, (-1, 1))
    curve = potential * np.diff(adopted(np.arange(n + 1.0), p, q), axis=1)
    return curve * np.exp(np.random.default_rng(seed).normal(0, noise, (count, n)))


@pytest.mark.parametrize(("p", "q"), [(0.03, 0.38), (0.002, 1.2), (0.3, 0.05), (0.1, 0.1)])
def test_the_closed_form_solves_the_differential_equation(p, q):
    """dF/dt = (p + q F)(1 - F) by Runge and Kutta's method."""

    def speed(share):
        return (p + q * share) * (1 - share)

    share, step, path = 0.0, 0.01, [0.0]
    for _ in range(3000):
        a = speed(share)
        b = speed(share + step / 2 * a)
        c = speed(share + step / 2 * b)
        share += step / 6 * (a + 2 * b + 2 * c + speed(share + step * c))
        path.append(share)
    np.testing.assert_allclose(adopted(np.arange(3001) * step, p, q), path, atol=1e-9)


def test_the_peak():
    t = np.arange(0, 40, 0.001)
    for p, q in ((0.03, 0.38), (0.002, 1.2)):
        fastest = t[np.diff(adopted(t, p, q)).argmax()]
        assert peak_time(p, q) == pytest.approx(fastest, abs=0.01)
        # just before half-way: F = (1 - p / q) / 2
        assert adopted(peak_time(p, q), p, q) == pytest.approx((1 - p / q) / 2)
    assert peak_time(0.3, 0.1) < 0


def test_the_rest_of_a_curve_is_a_curve():
    p, q, start = 0.01, 0.5, 7.0
    before = adopted(start, p, q)
    t = np.arange(20.0)
    rest = (adopted(start + t, p, q) - before) / (1 - before)
    np.testing.assert_allclose(rest, adopted(t, p + q * before, q * (1 - before)), atol=1e-12)


def twin(y, horizon, probs, potential=None):
    """One unbroken series of sales: dense grid around the best of a wide one, by plain formulas.

    Quantiles [H][Q] of sales, the median of M, and the probability that half has bought.
    """
    n, x = len(y), np.log(y)
    degrees = n - (potential is None)

    def on(log_p, log_q):
        log_p, log_q = (a.ravel()[:, None] for a in np.meshgrid(log_p, log_q, indexing="ij"))
        share = adopted(np.arange(n + horizon + 1.0), np.exp(log_p), np.exp(log_q))
        curve = np.log(np.maximum(np.diff(share, axis=1), 1e-300))
        error = x - curve[:, :n]
        center = error.mean(axis=1) if potential is None else np.full(len(error), log(potential))
        squares = ((error - center[:, None]) ** 2).sum(axis=1)
        prior = ((log_p[:, 0] - log(0.03)) / 1.0) ** 2 + ((log_q[:, 0] - log(0.38)) / 0.6) ** 2
        mass = -degrees / 2 * np.log(squares) - prior / 2
        weight = np.exp(mass - mass.max())
        return log_p[:, 0], log_q[:, 0], weight / weight.sum(), center, squares, curve, share

    log, sides = math.log, [np.linspace(-9, -0.5, 120), np.linspace(-4, 0.5, 120)]
    for _ in range(3):
        log_p, log_q, weight, center, squares, curve, share = on(*sides)
        sides = []
        for values in (log_p, log_q):
            mean = weight @ values
            sd = math.sqrt(weight @ (values - mean) ** 2) + 0.01
            sides.append(np.linspace(mean - 5 * sd, mean + 5 * sd, 120))
    own = 0.0 if potential is not None else 1 / n
    scale = np.sqrt(squares / degrees * (1 + own))

    def quantile(location, scale, p):
        low, high = location.min() - 5, location.max() + 5
        for _ in range(50):
            middle = (low + high) / 2
            total = weight @ student_cdf((middle - location) / scale, degrees)
            low, high = (middle, high) if total < p else (low, middle)
        return math.exp(high)

    found = [[quantile(center + curve[:, n + h], scale, p) for p in probs] for h in range(horizon)]
    middle = quantile(center, np.sqrt(squares / degrees / n), 0.5)
    return np.array(found), middle, weight @ (share[:, n] >= 0.5)


@pytest.mark.parametrize(
    ("n", "noise", "potential"),
    [(14, 0.05, None), (16, 0.1, 1000.0), (24, 0.1, None), (20, 0.2, 1000.0)],
)
def test_it_equals_the_slow_twin(n, noise, potential):
    y = sales(0.02, 0.35, n, noise, seed=n)[0]
    expected, middle, _ = twin(y, 4, (0.1, 0.5, 0.9), potential)
    result = Bass(potential=potential).forecast(windows(y), 4, (80,))
    found = np.column_stack([result.quantiles[0], result.mean[0]])[:, [0, 2, 1]]
    width = (expected[:, 2] - expected[:, 0])[:, None]
    assert (np.abs(found - expected) < 0.02 * width).all()
    if potential is None:
        estimate = Bass().estimates(windows(y), (0.5,)).potential[0, 0]
        assert estimate == pytest.approx(middle, rel=0.01)


def test_refusals_follow_the_probability_that_half_has_bought():
    checked = set()
    for n in range(6, 13, 2):
        y = sales(0.015, 0.4, n, 0.1, seed=n)[0]
        _, _, half = twin(y, 1, (0.5,))
        result = Bass().forecast(windows(y), 1)
        if abs(half - 0.5) > 0.1:
            assert (result.status[0] == Status.OK) == (half > 0.5)
            checked.add(half > 0.5)
    assert checked == {True, False}


@pytest.mark.parametrize("keep", [range(14), [0, 1, 2, 5, 6, 7, 8, 11, 12, 13]])
def test_an_exact_curve_goes_on(keep):
    y = sales(0.02, 0.35, 19)[0]
    stock = np.cumsum(y) + 50  # and something sold before
    for model, curve in (
        (Bass(), y),
        (Bass(potential=1000), y),
        (Bass(cumulative=True), stock),
    ):
        seen = np.full(14, NAN)
        seen[list(keep)] = curve[list(keep)]
        result = model.forecast(windows(seen), 5, (80,))
        assert result.status[0] == Status.OK
        np.testing.assert_allclose(result.mean[0], curve[14:], rtol=2e-3)
        np.testing.assert_allclose(result.quantiles[0, :, 0], curve[14:], rtol=5e-3)


def test_curves_are_recovered():
    generator = np.random.default_rng(3)
    count = 800
    p, q = 0.03 * np.exp(generator.normal(0, 0.5, count)), generator.uniform(0.25, 0.6, count)
    y = sales(p, q, 25, 0.1, count, seed=4)
    model, seen = Bass(), windows(*y[:, :20])
    found = model.estimates(seen, (0.05, 0.5, 0.95))
    for values, truth in (
        (found.p, p), (found.q, q), (found.peak, peak_time(p, q)),
        (found.potential, np.full(count, 1000.0)), (found.share, adopted(20, p, q)),
    ):  # fmt: skip
        inside = (values[:, 0] <= truth) & (truth <= values[:, 2])
        assert inside.mean() == pytest.approx(0.9, abs=0.04)
        assert abs(np.median(values[:, 1] / truth) - 1) < 0.03
    result = model.forecast(seen, 5, (80,))
    assert (result.status == Status.OK).mean() > 0.99
    low, high = result.interval(80)
    inside = (low <= y[:, 20:]) & (y[:, 20:] <= high)
    assert inside[result.status == Status.OK].mean() == pytest.approx(0.8, abs=0.03)


def test_before_half_way_it_declines():
    count = 300
    y = sales(0.005, 0.35, 20, 0.08, count, seed=5)  # the peak comes in the 13th year
    early, late = (Bass().forecast(windows(*y[:, :n]), 2) for n in (9, 18))
    assert (early.status == Status.OUT_OF_DOMAIN).mean() > 0.95
    assert (late.status == Status.OK).mean() > 0.99
    w = int(np.flatnonzero(early.status)[0])
    found = Bass().estimates(windows(y[w, :9]), (0.5,))
    said = early.reason[w]
    assert f"potential at {found.potential[0, 0]:.4g}" in said
    assert f"{found.share[0, 0]:.0%}" in said and "give Bass(potential=...)" in said
    given = Bass(potential=1000).forecast(windows(*y[:, :9]), 9, (80,))
    assert (given.status == Status.OK).all()
    apart = np.median(given.mean / y[:, 9:18], axis=0)
    np.testing.assert_allclose(apart, 1, atol=0.15)


def test_a_stock_forecasts_its_sales():
    y = sales(0.02, 0.35, 25, 0.1, 400, seed=6)
    stock = np.cumsum(y, axis=1)
    result = Bass(cumulative=True).forecast(windows(*stock[:, :18]), 7, (80,))
    low, high = result.interval(80)
    inside = (low <= stock[:, 18:]) & (stock[:, 18:] <= high)
    assert inside.mean() == pytest.approx(0.8, abs=0.04)
    found = Bass(cumulative=True).estimates(windows(*stock[:, :18]), (0.05, 0.95)).potential
    assert ((found[:, 0] < 1000) & (found[:, 1] > 1000)).mean() == pytest.approx(0.9, abs=0.05)
    # the first stock is a date, the first sale a period: one period less
    first = Bass().forecast(windows(y[0, 1:18]), 7)
    total = Bass(cumulative=True).forecast(windows(stock[0, :18]), 7)
    steps = np.diff(np.r_[stock[0, 17], total.mean[0]])
    np.testing.assert_allclose(steps, first.mean[0], rtol=0.03)


def test_the_law_of_a_sum_of_sales():
    """Fenton's lognormal law against a million sums of independent sales: M is given, and 50 years
    leave little doubt of p and q, which the sales of all years have in common."""
    y = sales(0.004, 0.1, 50, 0.3, seed=7)[0]
    model = Bass(cumulative=True, potential=1000)
    stock = np.r_[1e-9, 1e-9 + np.cumsum(y)]
    result = model.forecast(windows(stock), 3, (80,))
    steps = Bass(potential=1000).forecast(windows(y), 3, (80,))
    sigma = np.log(steps.quantiles[0, :, 1] / steps.quantiles[0, :, 0]) / 2 / 1.2816
    drawn = np.random.default_rng(8).normal(np.log(steps.mean[0]), sigma, (1_000_000, 3))
    sums = stock[-1] + np.cumsum(np.exp(drawn), axis=1)
    expected = np.quantile(sums, [0.1, 0.9], axis=0).T - stock[-1]
    np.testing.assert_allclose(result.quantiles[0] - stock[-1], expected, rtol=0.04)


def test_missing_at_the_end():
    y = sales(0.02, 0.35, 20)[0]
    for model, curve in ((Bass(), y), (Bass(cumulative=True), np.cumsum(y))):
        seen = np.r_[curve[:15], NAN, NAN]
        result = model.forecast(windows(seen), 3)
        np.testing.assert_allclose(result.mean[0], curve[17:], rtol=5e-3)


@pytest.mark.parametrize(
    ("model", "y", "status", "reason"),
    [
        (Bass(), [], Status.TOO_SHORT, "0 observed"),
        (Bass(), [3.0, 5, 6, 5], Status.TOO_SHORT, "4 observed values, 5 needed"),
        (Bass(), [3.0, 5, 0, 5, 3, 1], Status.NOT_POSITIVE, "smallest value 0"),
        (Bass(), [3.0, 5, -1, 5, 3, 1], Status.NOT_POSITIVE, "smallest value -1"),
        (Bass(True), [3.0, 5, 4, 5, 6, 7], Status.OUT_OF_DOMAIN, "does not rise"),
        (Bass(True), [3.0, 5, 5, 6, 7, 8], Status.OUT_OF_DOMAIN, "does not rise"),
        (Bass(potential=20), [3.0, 5, 6, 5, 3], Status.OUT_OF_DOMAIN, "22 has been sold"),
        (Bass(True, 20), [3.0, 9, 14, 18, 22], Status.OUT_OF_DOMAIN, "22 has been sold"),
    ],
)
def test_statuses(model, y, status, reason):
    result = model.forecast(windows(y, sales(0.02, 0.35, 18)[0]), 2, (80,))
    assert result.status[0] == status
    assert reason in result.reason[0]
    assert np.isnan(result.mean[0]).all()
    found = replace(model).estimates(windows(y), (0.5,))
    assert np.isnan([found.p, found.q, found.peak, found.potential, found.share]).all()


def test_a_neighbour_does_not_matter():
    series = [sales(0.02, 0.35, n, 0.1, seed=n)[0] for n in (14, 18, 18, 25)]
    series[1][4] = NAN
    for model in (Bass(), Bass(cumulative=True)):
        data = [np.nancumsum(y) if model.cumulative else y for y in series]
        whole = model.forecast(windows(*data, [1.0] * 4, [-1.0] * 9), 3, (80,))
        for w, y in enumerate(data):
            alone = model.forecast(windows(y), 3, (80,))
            assert whole.status[w] == alone.status[0]
            np.testing.assert_allclose(whole.mean[w], alone.mean[0], rtol=1e-9)
            np.testing.assert_allclose(whole.quantiles[w], alone.quantiles[0], rtol=1e-9)


@pytest.mark.parametrize(
    "settings", [{"potential": 0}, {"potential": -5}, {"potential": NAN}, {"potential": math.inf}]
)
def test_settings_that_cannot_be_meant(settings):
    with pytest.raises(UsageError, match="potential"):
        Bass(**settings)


def test_picklable():
    model = Bass(cumulative=True, potential=9.0)
    assert pickle.loads(pickle.dumps(model)) == model


@pytest.mark.parametrize(
    "model", [Bass(), Bass(potential=2000), Bass(True), Bass(True, 3000)], ids=repr
)
def test_conformance(model):
    generator = np.random.default_rng(4)
    series = []
    for n in generator.integers(15, 36, 8).tolist():
        y = sales(0.03, 0.4, n, 0.1, potential=1000, seed=n)[0]
        series.append(np.cumsum(y) if model.cumulative else y)
    report = check_model(model, panel_of(series))
    report.raise_if_failed()
