"""Logistic and Gompertz: curves by hand, a slow twin, bounds that hold, unknown ceilings."""

import math
import pickle
from dataclasses import replace
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from westforecast.errors import UsageError
from westforecast.models import Status, Windows
from westforecast.series import Calendar, Indicator, Panel
from westforecast.testing.conformance import panel_of
from westforecast_growth import Gompertz, Logistic

NAN = math.nan
HORIZON, LEVELS = 5, (50, 80, 95)
MODELS = [Logistic(), Logistic(anchor="curve"), Gompertz(), Gompertz(anchor="curve")]


def shares(*series, **about):
    """A panel of shares in percent (or whatever `about` says of them)."""
    return panel_like(Indicator(id="-", **({"kind": "share", "unit": "percent"} | about)), series)


def panel_like(indicator, series):
    plain = panel_of([np.array(y, float) for y in series])
    indicators = tuple(indicator.with_(id=i.id) for i in plain.indicators)
    return Panel(plain.values, plain.indptr, plain.first, indicators, Calendar("Y", "integer"))


def one(model, y, horizon=HORIZON, levels=LEVELS, **about):
    return model.forecast(Windows.of(shares(y, **about)), horizon, levels)


def wandering(seed, n=15, rate=0.12, holes=True):
    """A share in percent that climbs a logistic curve, unevenly."""
    generator = np.random.default_rng(seed)
    z = -1 + np.cumsum(generator.normal(rate, 0.08, n))
    y = 100 / (1 + np.exp(-z))
    if holes and n > 4:
        y[generator.integers(1, n - 1, n // 5)] = NAN
    return y


def logit(s):
    return math.log(s / (1 - s))


def gompit(s):
    return -math.log(-math.log(s))


SCALES = {
    Logistic: (logit, lambda z: 1 / (1 + math.exp(-z))),
    Gompertz: (gompit, lambda z: math.exp(-math.exp(-z))),
}


def twin(model, y, ceiling, horizon, probs):
    """One series, by lists: mean [H] and quantiles [H][Q]; the floor is 0."""
    there, back = SCALES[type(model)]
    points = [(t, there(v / ceiling)) for t, v in enumerate(y) if not math.isnan(v)]
    n = len(points)
    t_mean, z_mean = sum(t for t, _ in points) / n, sum(z for _, z in points) / n
    stt = sum((t - t_mean) ** 2 for t, _ in points)
    slope = sum((t - t_mean) * (z - z_mean) for t, z in points) / stt
    mean, quantiles = [], []
    for h in range(1, horizon + 1):
        at = len(y) - 1 + h
        if model.anchor == "curve":
            residual = sum((z - z_mean - slope * (t - t_mean)) ** 2 for t, z in points)
            variance = residual / (n - 2) * (1 + 1 / n + (at - t_mean) ** 2 / stt)
            center = z_mean + slope * (at - t_mean)
        else:
            errors = [
                (z1 - z0 - slope * (t1 - t0)) ** 2 / (t1 - t0)
                for (t0, z0), (t1, z1) in pairwise(points)
            ]
            weights = [(t - t_mean) / stt for t, _ in points]
            spread = sum(
                weights[i] * weights[j] * min(points[i][0], points[j][0])
                for i in range(n)
                for j in range(n)
            )  # covariance of a random walk; the weights add up to 0, so its start does not matter
            ahead = at - points[-1][0]
            variance = sum(errors) / (len(errors) - 1) * (ahead + spread * ahead**2)
            center = points[-1][1] + slope * ahead
        mean.append(ceiling * back(center))
        sd = math.sqrt(variance)
        quantiles.append([ceiling * back(center + NormalDist().inv_cdf(p) * sd) for p in probs])
    return mean, quantiles


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_batch_equals_the_slow_twin(model):
    series = [wandering(seed, 4 + seed) for seed in range(16)]
    result = model.forecast(Windows.of(shares(*series)), HORIZON, LEVELS)
    for w, y in enumerate(series):
        mean, quantiles = twin(model, list(y), 100.0, HORIZON, result.probs)
        np.testing.assert_allclose(result.mean[w], mean, rtol=1e-10)
        np.testing.assert_allclose(result.quantiles[w], quantiles, rtol=1e-8)


@pytest.mark.parametrize("anchor", ["last", "curve"])
@pytest.mark.parametrize("keep", [range(12), [0, 3, 4, 9, 11]], ids=["unbroken", "gaps"])
def test_an_exact_curve_goes_on(anchor, keep):
    t = np.arange(17.0)
    logistic = 20 + 60 / (1 + np.exp(-0.3 * (t - 8)))
    gompertz = 80 * np.exp(-2 * np.exp(-0.2 * t))
    for model, curve in (
        (Logistic(80, lower=20, anchor=anchor), logistic),
        (Gompertz(80, anchor), gompertz),
    ):
        y = np.full(12, NAN)
        y[list(keep)] = curve[list(keep)]
        result = one(model, y)
        np.testing.assert_allclose(result.mean[0], curve[12:])
        np.testing.assert_allclose(result.quantiles[0, :, 0], curve[12:], rtol=1e-6)


def test_by_hand():
    """20 %, then 50 %: odds 1/4, 1, so 4, 16."""
    np.testing.assert_allclose(one(Logistic(), [20, 50], 2).mean[0], [80, 1600 / 17])
    # between 10 and 50: odds 1/3, 1, 3
    bounded = one(Logistic(50, lower=10), [20, 30], 1)
    assert bounded.mean[0, 0] == pytest.approx(40)
    # -log share: 1, 1/2, so 1/4
    y = 100 * np.exp([-1, -0.5])
    assert one(Gompertz(), y, 1).mean[0, 0] == pytest.approx(100 * math.exp(-0.25))


def test_the_anchor():
    """A series above its curve: "last" goes on from there, "curve" falls back."""
    y = 100 / (1 + np.exp(-np.r_[np.linspace(-1, 0, 10), 0.6]))
    last, curve = one(Logistic(), y), one(Logistic(anchor="curve"), y)
    assert last.mean[0, 0] > y[-1] > curve.mean[0, 0]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_inside_the_bounds_however_far(model):
    series = [wandering(1), [1e-6, 1e-5, 0.2, 99.9, 99.9999], [99, 98, 1, 0.001], [0.1, 99] * 6]
    result = model.forecast(Windows.of(shares(*series)), 200, (50, 99.9))
    assert (result.status == Status.OK).all()
    assert ((result.mean >= 0) & (result.mean <= 100)).all()
    assert ((result.quantiles >= 0) & (result.quantiles <= 100)).all()
    assert (np.diff(result.quantiles, axis=-1) >= 0).all()


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_intervals_widen_on_the_straight_scale(model):
    result = one(model, wandering(2))
    z = model.straighten(result.quantiles[0] / 100)
    assert (np.diff(z[:, -1] - z[:, 0]) > 0).all()


@pytest.mark.parametrize("model", [Logistic(), Gompertz()], ids=repr)
def test_without_a_ceiling_it_declines_and_says_what_to_do(model):
    result = one(model, [1.0, 2.0, 3.0], kind="level", unit="")
    assert result.status[0] == Status.OUT_OF_DOMAIN
    assert f"give {model.name}(upper=...)" in result.reason[0]


@pytest.mark.parametrize("model", [Logistic(), Gompertz()], ids=repr)
@pytest.mark.parametrize(
    ("about", "upper"),
    [
        ({}, 100.0),
        ({"unit": ""}, 1.0),
        ({"kind": "rate", "upper": 60.0}, 60.0),
        ({"upper": 70.0}, 70.0),
    ],
)
def test_the_ceiling_comes_from_the_series(model, about, upper):
    y = np.array([0.2, 0.3, 0.35]) * upper
    known = one(model, y, **about)
    given = one(replace(model, upper=upper), y, kind="level", unit="")
    np.testing.assert_allclose(known.mean, given.mean)
    np.testing.assert_allclose(known.quantiles, given.quantiles)


def test_the_floor_comes_from_the_series():
    y = [30.0, 40.0, 45.0]
    known = one(Logistic(), y, lower=20.0)
    np.testing.assert_allclose(known.mean, one(Logistic(lower=20.0), y).mean)


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize(
    ("y", "status", "reason"),
    [
        ([], Status.TOO_SHORT, "0 observed"),
        ([40.0], Status.TOO_SHORT, "1 observed"),
        ([NAN] * 5, Status.TOO_SHORT, "0 observed"),
        ([40.0, 100.0, 50.0], Status.OUT_OF_DOMAIN, "value 100 is not inside the bounds 0 to 100"),
        ([40.0, 130.0, 50.0], Status.OUT_OF_DOMAIN, "value 130"),
    ],
)
def test_statuses(model, y, status, reason):
    result = one(model, y)
    assert result.status[0] == status
    assert reason in result.reason[0]
    assert np.isnan(result.mean).all()


def test_zero_and_negative_values():
    for y in ([0.0, 1.0, 2.0], [-1.0, 1.0, 2.0]):
        assert one(Logistic(), y).status[0] == Status.OUT_OF_DOMAIN
        assert one(Gompertz(), y).status[0] == Status.NOT_POSITIVE
    assert one(Logistic(10, lower=-10), [-5.0, 0.0, 2.0], lower=-10.0).status[0] == Status.OK


@pytest.mark.parametrize(
    ("model", "about"),
    [
        (Logistic(120), {}),
        (Logistic(lower=-5), {}),
        (Logistic(5), {"lower": 10.0}),
        (Gompertz(120), {}),
    ],
)
def test_a_curve_that_leaves_the_bounds_of_its_series(model, about):
    result = one(model, [20.0, 30.0, 40.0], **about)
    assert result.status[0] == Status.OUT_OF_DOMAIN
    assert "leaves the bounds of the series" in result.reason[0]


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_constant_stays_and_two_values_have_no_interval(model):
    constant = one(model, [30.0] * 6)
    np.testing.assert_allclose(constant.mean, 30.0)
    np.testing.assert_allclose(constant.quantiles, 30.0)
    assert np.isnan(one(model, [20.0, 30.0]).quantiles).all()


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_a_bad_neighbour_does_not_matter(model):
    series = [wandering(1), [40.0, 100.0], [NAN] * 3, [5.0], [50.0] * 4, [-1.0, 2.0], wandering(2)]
    whole = model.forecast(Windows.of(shares(*series)), HORIZON, LEVELS)
    for w in (0, 6):
        alone = one(model, series[w])
        np.testing.assert_allclose(whole.mean[w], alone.mean[0], rtol=1e-13)
        np.testing.assert_allclose(whole.quantiles[w], alone.quantiles[0], rtol=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_values_after_the_cutoff_do_not_matter(model):
    y = wandering(3, 20, holes=False)
    changed = np.r_[y[:14], 1e6 - y[14:]]
    results = [
        model.forecast(Windows.of(shares(values), [0], np.array([0]), np.array([14])), 3, LEVELS)
        for values in (y, changed)
    ]
    np.testing.assert_array_equal(results[0].mean, results[1].mean)
    np.testing.assert_array_equal(results[0].quantiles, results[1].quantiles)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_percent_or_fractions_is_the_same_curve(model):
    percent, fraction = one(model, wandering(4)), one(model, wandering(4) / 100, unit="")
    np.testing.assert_allclose(percent.mean, 100 * fraction.mean)
    np.testing.assert_allclose(percent.quantiles, 100 * fraction.quantiles)


def test_intervals_cover_what_they_say():
    """Logits that walk, 20 values."""
    z = -1 + np.cumsum(np.random.default_rng(6).normal(0.08, 0.1, (4000, 25)), axis=1)
    y = 100 / (1 + np.exp(-z))
    result = Logistic().forecast(Windows.of(shares(*y[:, :20])), 5, (80,))
    low, high = result.interval(80)
    inside = ((low <= y[:, 20:]) & (y[:, 20:] <= high)).mean(axis=0)
    assert inside == pytest.approx([0.785] * 5, abs=0.02)


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        (Logistic, {"anchor": "first"}, "anchor"),
        (Gompertz, {"anchor": None}, "anchor"),
        (Logistic, {"upper": math.inf}, "upper"),
        (Logistic, {"lower": NAN}, "lower"),
        (Logistic, {"lower": 5, "upper": 5}, "not below"),
        (Gompertz, {"upper": 0}, "above 0"),
    ],
)
def test_settings_that_cannot_be_meant(model, settings, message):
    with pytest.raises(UsageError, match=message):
        model(**settings)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_picklable(model):
    assert pickle.loads(pickle.dumps(model)) == model


def test_bounds_that_do_not_add_up_in_floating_point():
    low, high = 0.3, 0.9
    assert low + (high - low) > high
    y = [0.6, 0.89, 0.8999]
    result = one(Logistic(high, lower=low), y, 300, (99,), kind="rate", unit="")
    assert (result.quantiles <= high).all()
