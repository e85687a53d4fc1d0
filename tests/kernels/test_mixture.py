"""Student's t against SciPy and closed forms; mixtures against a loop and a root finder."""

import functools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast.kernels import mixture
from westforecast.kernels.mixture import Mixture, sample_paths
from westforecast.kernels.student import student_cdf, student_pdf, student_quantile

from ..properties.strategies import modest

DOFS = (1, 2, 3, 4, 5, 10, 29, 30, 60, 199, 300, 301, 500, 5000)
PROBS = np.array([0.005, 0.025, 0.1, 0.5, 0.9, 0.975, 0.995])
every_dof = pytest.mark.parametrize("dof", DOFS)
T = np.concatenate([-np.geomspace(1e6, 1e-6, 301), [0.0], np.geomspace(1e-6, 1e6, 301)])


@functools.cache
def law(dof):
    """SciPy's law; its t of one degree of freedom is off by 1e-9 near 0, its Cauchy is not."""
    stats = pytest.importorskip("scipy.stats")
    return stats.cauchy() if dof == 1 else stats.t(dof)


def scipy_cdf(t, dof):
    """What `law(dof).cdf` gives, without its checks, which take most of the time."""
    special = pytest.importorskip("scipy.special")
    return 0.5 + math.atan(t) / math.pi if dof == 1 else special.stdtr(dof, t)


def a_mixture(seed=0, components=5, windows=7, steps=3, logarithmic=None, dof=None):
    """Level and logarithmic laws near 100 or so, as an averaged forecast has them."""
    rng = np.random.default_rng(seed)
    shape = (components, steps, windows)
    logarithmic = np.arange(components) % 2 == 1 if logarithmic is None else logarithmic
    location = 100 + 10 * rng.standard_normal(shape)
    scale = 10 * np.exp(0.5 * rng.standard_normal(shape))
    location[logarithmic] = np.log(location[logarithmic])
    scale[logarithmic] /= 100
    weight = rng.dirichlet(np.ones(components), windows).T
    dof = rng.integers(1, 41, windows) if dof is None else np.full(windows, dof)
    return Mixture(weight, location, scale, dof, logarithmic)


def single(location=0.0, scale=1.0, dof=5, logarithmic=False):
    """One law, one window, one step."""
    one = np.ones((1, 1, 1))
    return Mixture(one[0], location * one, scale * one, np.array([dof]), np.array([logarithmic]))


def of(weight, location, scale, dof=5, logarithmic=None):
    """One window and one step of several laws."""
    column = [np.array(a, float)[:, None, None] for a in (location, scale)]
    logs = np.zeros(len(weight), bool) if logarithmic is None else np.array(logarithmic)
    return Mixture(np.array(weight, float)[:, None], *column, np.array([dof]), logs)


def slow_cdf(mix, x, step, window):
    """The twin of Mixture.cdf: one law after the other, from SciPy."""
    total, dof = 0.0, int(mix.dof[window])
    for k, share in enumerate(mix.weight[:, window]):
        location, scale = mix.location[k, step, window], mix.scale[k, step, window]
        if mix.logarithmic[k] and x <= 0:
            continue
        value = math.log(x) if mix.logarithmic[k] else x
        reached = scipy_cdf((value - location) / scale, dof) if scale else value >= location
        total += share * reached
    return total


def slow_quantile(mix, p, step, window):
    """The twin of Mixture.quantiles: a bracket and a root finder."""
    brentq = pytest.importorskip("scipy.optimize").brentq
    each = mix.location + mix.scale * law(int(mix.dof[window])).ppf(p)
    each[mix.logarithmic] = np.exp(each[mix.logarithmic])
    low, high = each[:, step, window].min() - 1e-9, each[:, step, window].max() + 1e-9
    return brentq(lambda x: slow_cdf(mix, x, step, window) - p, low, high, xtol=1e-13)


@every_dof
def test_the_distribution_function_is_that_of_scipy(dof):
    found, expected = student_cdf(T, dof), law(dof).cdf(T)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)
    reachable = (T < 0) & (expected > 1e-290)  # relative accuracy of the lower tail
    np.testing.assert_allclose(found[reachable], expected[reachable], rtol=1e-12)
    assert reachable.sum() > 100


@every_dof
def test_the_density_is_that_of_scipy(dof):
    expected = law(dof).pdf(T)
    reachable = expected > 1e-290
    np.testing.assert_allclose(student_pdf(T, dof)[reachable], expected[reachable], rtol=1e-11)


def test_closed_forms_hold_as_far_as_floats_reach():
    t = np.geomspace(1e-3, 1e150, 200)
    np.testing.assert_allclose(student_cdf(-t, 1), np.arctan(1 / t) / np.pi, rtol=1e-13)
    root = np.sqrt(2 + t * t)
    np.testing.assert_allclose(student_cdf(-t, 2), 1 / root / (root + t), rtol=1e-13)
    np.testing.assert_allclose(student_pdf(t, 1), 1 / np.pi / (1 + t * t), rtol=1e-12)


def test_many_degrees_of_freedom_are_normal():
    t = np.linspace(-9, 9, 73)
    normal = [math.erfc(-v / math.sqrt(2)) / 2 for v in t]
    np.testing.assert_allclose(student_cdf(t, 10**13), normal, rtol=1e-9)
    found = single(dof=10**13).cdf(t[:, None, None])[:, 0, 0]
    np.testing.assert_allclose(found, normal, rtol=0, atol=1e-13)


@every_dof
def test_both_expansions_agree_where_they_meet(dof):
    border = math.sqrt(min(dof / 4, 7))
    below, above = student_cdf(-border * (1 + np.array([-1e-14, 1e-14])), dof)
    assert below == pytest.approx(above, rel=1e-12)
    assert student_cdf(np.array(border), dof) + below == pytest.approx(1, abs=1e-14)


def test_the_ends_of_the_line():
    ends = np.array([-np.inf, 0, np.inf, np.nan])
    np.testing.assert_allclose(student_cdf(ends, 3), [0, 0.5, 1, np.nan], atol=1e-300)
    np.testing.assert_array_equal(student_pdf(ends, 3)[[0, 2, 3]], [0, 0, np.nan])


@every_dof
def test_quantiles_of_one_law_are_those_of_scipy(dof):
    probs = np.array([1e-12, 1e-6, 0.001, 0.025, 0.2, 0.45, 0.5, 0.7, 0.975, 1 - 1e-9])
    np.testing.assert_allclose(student_quantile(probs, dof), law(dof).ppf(probs), rtol=1e-10)
    assert student_quantile(0.5, dof) == 0


def test_quantiles_of_the_far_tail_are_inverse():
    probs = np.array([1e-300, 1e-150, 1e-40])
    dof = np.array([1, 2, 7, 40, 400])[:, None]
    found = student_quantile(probs, dof)
    assert found.shape == (5, 3)
    np.testing.assert_allclose(student_cdf(found, dof), probs * np.ones_like(dof), rtol=1e-9)


@every_dof
def test_one_component_is_student_t(dof):
    one = single(dof=dof)
    np.testing.assert_allclose(
        one.cdf(T[:, None, None])[:, 0, 0], student_cdf(T, dof), rtol=0, atol=1e-14
    )
    np.testing.assert_array_equal(one.quantiles(PROBS)[0, 0], student_quantile(PROBS, dof))


@pytest.mark.parametrize("dof", [None, 1, 2, 17, 300, 301, 4000])
def test_a_mixture_is_what_a_loop_and_a_root_finder_say(dof):
    mix = a_mixture(dof=dof)
    found = mix.quantiles(PROBS)
    assert found.shape == (7, 3, len(PROBS))
    for window, step in np.ndindex(7, 3):
        expected = [slow_quantile(mix, p, step, window) for p in PROBS]
        np.testing.assert_allclose(found[window, step], expected, rtol=1e-8)
    x = np.random.default_rng(1).normal(100, 30, (4, 2, 3, 7))
    slow = [slow_cdf(mix, x[i], i[2], i[3]) for i in np.ndindex(x.shape)]
    np.testing.assert_allclose(mix.cdf(x).ravel(), slow, rtol=0, atol=1e-13)


def test_there_and_back():
    for logarithmic in (False, True, None):
        logs = None if logarithmic is None else np.full(5, logarithmic)
        mix = a_mixture(seed=2, logarithmic=logs)
        back = mix.cdf(mix.quantiles(PROBS).transpose(2, 1, 0))  # [Q, H, W]
        wanted = np.broadcast_to(PROBS[:, None, None], back.shape)
        assert (np.abs(back - wanted) <= 1e-10 * np.minimum(wanted, 1 - wanted) + 1e-14).all()


@pytest.fixture
def sweeps(monkeypatch):
    """How many points each evaluation of a mixture had."""
    points, slopes = [], mixture._Cells.slopes

    def counted(self, at, x):
        points.append(len(at))
        return slopes(self, at, x)

    monkeypatch.setattr(mixture._Cells, "slopes", counted)
    return points


def test_less_than_three_evaluations_a_quantile(sweeps):
    mix = a_mixture(seed=3, components=16, windows=50)
    assert sum(sweeps) == 0
    quantiles = mix.quantiles(PROBS)
    assert 2 * quantiles.size < sum(sweeps) < 3 * quantiles.size


def test_the_last_step_is_proved_not_hoped_for():
    # narrow laws beside a wide one: where the step ends, the slope it was taken with is long gone
    rng = np.random.default_rng(12)
    shape = (4, 1, 3000)
    scale = 10.0 ** rng.uniform(-3, 0, shape)
    scale[0] = 1.0
    weight = np.array([0.9, 0.05, 0.03, 0.02])[:, None] * np.ones(3000)
    dof = rng.integers(1, 12, 3000)
    mix = Mixture(weight, rng.standard_normal(shape), scale, dof, np.zeros(4, bool))
    wrong = np.abs(mix.cdf(mix.quantiles(PROBS).transpose(2, 1, 0)) - PROBS[:, None, None])
    assert (wrong.max(axis=(1, 2)) <= 1e-12 * np.minimum(PROBS, 1 - PROBS) + 1e-14).all()


def test_probabilities_closer_than_rounding_stay_in_order():
    mix = a_mixture(seed=13, windows=40)
    found = mix.quantiles(0.3 + 5e-17 * np.arange(60))
    assert (np.diff(found) >= 0).all()


def test_lots_and_blocks_do_not_show(monkeypatch):
    mix = a_mixture(seed=4, windows=23)
    whole, at = mix.quantiles(PROBS), np.full((2, 3, 23), 95.0)
    levels = mix.cdf(at)
    monkeypatch.setattr(mixture, "LOT", 4)
    monkeypatch.setattr(mixture, "BLOCK", 11)
    np.testing.assert_allclose(mix.quantiles(PROBS), whole, rtol=1e-12)
    np.testing.assert_allclose(mix.cdf(at), levels, rtol=1e-12)


def test_windows_and_components_may_come_in_any_order():
    mix = a_mixture(seed=5)
    rng = np.random.default_rng(6)
    w, k = rng.permutation(7), rng.permutation(5)
    mixed = Mixture(
        mix.weight[k][:, w],
        mix.location[k][:, :, w],
        mix.scale[k][:, :, w],
        mix.dof[w],
        mix.logarithmic[k],
    )
    np.testing.assert_allclose(mixed.quantiles(PROBS), mix.quantiles(PROBS)[w], rtol=1e-9)


def test_a_component_without_weight_does_not_matter():
    plain = of([0.3, 0.7], [0, 5], [1, 2]).quantiles(PROBS)
    others = [(1e300, 1e300), (-1e12, 0), (3, 1e-300)]
    for location, scale in others:
        found = of([0.3, 0, 0.7], [0, location, 5], [1, scale, 2]).quantiles(PROBS)
        np.testing.assert_allclose(found, plain, rtol=1e-9)
    alone = of([0, 1], [3, 0], [7, 1]).quantiles(PROBS)
    np.testing.assert_array_equal(alone, single().quantiles(PROBS))


def test_a_constant_series_is_known_exactly():
    assert (of([0.5, 0.5], [5.1, 5.1], [0, 0]).quantiles(PROBS) == 5.1).all()
    logs = of([0.5, 0.5], [5.1, math.log(5.1)], [0, 0], logarithmic=[False, True])
    np.testing.assert_allclose(logs.quantiles(PROBS), 5.1, rtol=1e-14)
    assert (single(0.0, 0.0).quantiles(PROBS) == 0).all()


def test_point_masses_are_steps():
    steps = of([0.1, 0.2, 0.7], [3, 1, 2], [0, 0, 0])
    probs = np.array([0.1, 0.2, 0.2001, 0.5, 0.9, 0.9001])
    np.testing.assert_array_equal(steps.quantiles(probs)[0, 0], [1, 1, 2, 2, 2, 3])
    x = np.array([np.nextafter(1, 0), 1, 2.5, 3])
    np.testing.assert_allclose(steps.cdf(x[:, None, None])[:, 0, 0], [0, 0.2, 0.9, 1])
    backwards = of([0.7, 0.2, 0.1], [2, 1, 3], [0, 0, 0])  # 0.7 + 0.2 is less than 0.9
    np.testing.assert_array_equal(backwards.quantiles(probs), steps.quantiles(probs))


def test_a_point_mass_inside_a_law_is_met_exactly(sweeps):
    mix = of([0.5, 0.5], [0, 0.25], [1, 0])
    found = mix.quantiles(np.array([0.2, 0.4, 0.7, 0.95]))[0, 0]
    np.testing.assert_array_equal(found[1:3], 0.25)
    assert len(sweeps) < 10  # and at once
    np.testing.assert_allclose(found[[0, 3]], student_quantile(np.array([0.4, 0.9]), 5), rtol=1e-9)
    logs = of([0.5, 0.5], [0, -7.3], [1, 0], logarithmic=[False, True])
    at = math.exp(-7.3)
    np.testing.assert_allclose(logs.quantiles(np.array([0.3, 0.7]))[0, 0], at, rtol=1e-13)


def test_a_scale_below_the_spacing_of_floats_is_a_point_mass():
    mix = of([0.5, 0.5], [1e6, 2e6], [1e-12, 1e-12])
    np.testing.assert_allclose(mix.quantiles(np.array([0.1, 0.9]))[0, 0], [1e6, 2e6], rtol=1e-15)
    assert (single(7.0, 5e-324).quantiles(PROBS) == 7).all()


def test_components_far_apart(sweeps):
    mix = of([0.4, 0.6], [1e-9, 1e12], [1e-9, 1.0], dof=1)
    found = mix.quantiles(np.array([0.005, 0.2, 0.7, 0.995]))[0, 0]
    inner = student_quantile(np.array([0.0125, 0.5, 1 / 6, 0.995 / 0.6 - 2 / 3]), 1)
    expected = [1e-9 + 1e-9 * inner[0], 1e-9 + 1e-9 * inner[1], 1e12 + inner[2], 1e12 + inner[3]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    wide = of([0.5, 0.5], [5, 5], [1e-9, 1e12], dof=1)
    x = wide.quantiles(PROBS).transpose(2, 1, 0)
    np.testing.assert_allclose(wide.cdf(x)[:, 0, 0], PROBS, atol=1e-9)
    assert x[0] < -1e13
    assert x[-1] > 1e13
    hard = of([0.5, 0.5], [1e-300, 1e-300], [1e-310, 1e300], dof=2)
    assert np.isfinite(hard.quantiles(PROBS)).all()
    assert len(sweeps) < 3 * 150  # 64 halvings at most, each after a step that failed


def test_a_logarithmic_law_has_no_mass_below_zero():
    logs = single(0.0, 3.0, dof=1, logarithmic=True)
    assert (logs.cdf(np.array([-1e300, -1.0, 0.0])[:, None, None]) == 0).all()
    both = of([0.5, 0.5], [0, 0], [1, 1], logarithmic=[False, True])
    assert both.cdf(np.array([[-1.0]]))[0, 0] == pytest.approx(0.5 * student_cdf(np.array(-1.0), 5))


def test_only_what_is_beyond_the_largest_float_is_infinite():
    large = single(700.0, 1.0, logarithmic=True)
    found = large.quantiles(np.array([0.999, 0.99995]))[0, 0]
    assert found[0] == pytest.approx(math.exp(700 + float(student_quantile(0.999, 5))), rel=1e-9)
    assert np.isinf(found[1])
    tails = of([0.5, 0.5], [0, 0], [1, 500], logarithmic=[False, True])
    low, high = tails.quantiles(np.array([0.7, 0.99]))[0, 0]
    assert np.isinf(high)
    assert tails.cdf(np.array([[low]]))[0, 0] == pytest.approx(0.7, rel=1e-10)
    small = single(-800.0, 1.0, logarithmic=True)
    assert (small.quantiles(PROBS) == 0).all()


def test_a_window_with_a_nan_is_missing_and_alone_in_it():
    mix = a_mixture(seed=7)
    for name in ("weight", "location", "scale"):
        values = getattr(mix, name).copy()
        values[1, ..., 4] = np.nan
        found = replace(mix, **{name: values})
        quantiles, at = found.quantiles(PROBS), found.cdf(np.full((3, 7), 99.0))
        others = np.arange(7) != 4
        assert np.isnan(quantiles[4]).all()
        assert np.isnan(at[:, 4]).all()
        np.testing.assert_array_equal(quantiles[others], mix.quantiles(PROBS)[others])
        assert np.isfinite(at[:, others]).all()


def test_no_windows_no_quantiles():
    none = np.empty((2, 3, 0))
    mix = Mixture(none[:, 0], none, none, np.empty(0, int), np.array([False, True]))
    assert mix.quantiles(PROBS).shape == (0, 3, len(PROBS))
    assert mix.cdf(np.empty((4, 3, 0))).shape == (4, 3, 0)


def test_a_mixture_checks_itself():
    mix = a_mixture()
    wrong = [
        ({"weight": mix.weight[:, :3]}, "shapes"),
        ({"dof": mix.dof[:3]}, "shapes"),
        ({"logarithmic": mix.logarithmic[:3]}, "shapes"),
        ({"scale": mix.scale[:, :2]}, "shapes"),
        ({"weight": 2 * mix.weight}, "add up to 1"),
        ({"weight": mix.weight * [[-1]] + 0.4}, "weights"),
        ({"scale": -mix.scale}, "scale"),
        ({"dof": mix.dof + 0.5}, "whole"),
        ({"dof": mix.dof * 0}, "whole"),
    ]
    for change, message in wrong:
        with pytest.raises(ValueError, match=message):
            replace(mix, **change)
    for probs in ([0.0, 0.5], [0.5, 1.0], [0.9, 0.1], [np.nan]):
        with pytest.raises(ValueError, match="rising probabilities"):
            mix.quantiles(np.array(probs))


@st.composite
def mixtures(draw):
    """Laws of every size together, with point masses, equal places and components of no weight."""
    k, h, w = draw(st.integers(1, 5)), draw(st.integers(1, 2)), draw(st.integers(1, 3))
    sizes = st.sampled_from([1e-9, 1e-3, 1.0, 1e6, 1e12])

    def array(elements, *shape):
        count = math.prod(shape)
        return np.array(draw(st.lists(elements, min_size=count, max_size=count))).reshape(shape)

    logarithmic = array(st.booleans(), k)
    location = array(st.sampled_from([-3.0, -1.0, 0.0, 1.0, 1.25, 7.0]), k, h, w)
    scale = array(st.sampled_from([0.0, 0.1, 0.5, 1.0, 3.0]), k, h, w)
    size = array(sizes, k, h, w)
    size[logarithmic] = 1.0
    weight = array(st.sampled_from([0.0, 0.03, 1.0, 2.0, 7.0]), k, w)
    weight[0] += 1e-9
    dof = array(st.sampled_from([1, 2, 3, 8, 40, 300, 301]), w)
    return Mixture(weight / weight.sum(axis=0), size * location, size * scale, dof, logarithmic)


@given(mix=mixtures())
@modest
def test_quantiles_are_numbers_in_order_where_the_mass_is(mix):
    found = mix.quantiles(PROBS)
    assert not np.isnan(found).any()
    assert (found[..., 1:] >= found[..., :-1]).all()
    slack = 1e-12 * np.minimum(PROBS, 1 - PROBS) + 3e-14
    for window, step, q in np.ndindex(found.shape):
        x, p = float(found[window, step, q]), PROBS[q]
        top = np.finfo(float).max
        wide = 4e-15 * abs(x) + 5e-324  # a jump is known to the last digits
        assert slow_cdf(mix, min(x + wide, top), step, window) >= p - slack[q]
        assert slow_cdf(mix, min(x - wide, top), step, window) <= p + slack[q]


@given(mix=mixtures(), size=st.sampled_from([10.0, 0.1, 1e5]))
@modest
def test_ten_times_the_data_ten_times_the_quantiles(mix, size):
    probs = np.array([0.0123, 0.2345, 0.51234, 0.98765])  # where no mixture above is flat
    factor = np.where(mix.logarithmic, 1.0, size)[:, None, None]
    shift = np.where(mix.logarithmic, math.log(size), 0.0)[:, None, None]
    scaled = replace(mix, location=factor * mix.location + shift, scale=factor * mix.scale)
    with np.errstate(over="ignore"):
        expected = size * mix.quantiles(probs)
    np.testing.assert_allclose(scaled.quantiles(probs), expected, rtol=1e-9)


def paths_of(weight, logarithmic, dof=6, size=40_000, seed=8):
    """Paths of three steps and the mixture of each step's margin."""
    rng = np.random.default_rng(9)
    k = len(weight)
    location = 1 + 0.3 * rng.standard_normal((k, 3))
    root = np.tril(0.3 * rng.standard_normal((k, 3, 3))) + 0.2 * np.eye(3)
    scale = np.sqrt((root**2).sum(axis=2))
    weight, logarithmic = np.array(weight, float), np.array(logarithmic)
    margins = Mixture(
        weight[:, None], location[..., None], scale[..., None], np.array([dof]), logarithmic
    )
    generator = np.random.default_rng(seed)
    paths = sample_paths(generator, weight, location, root, dof, logarithmic, size)
    return paths, margins, root


@pytest.mark.parametrize("logarithmic", [[False] * 3, [True] * 3, [False, True, False]])
def test_every_step_of_the_paths_has_its_margin(logarithmic):
    paths, margins, _ = paths_of([0.2, 0.5, 0.3], logarithmic)
    ordered = np.sort(paths, axis=0)
    reached = margins.cdf(ordered[..., None])[..., 0]
    count = len(paths)
    distance = np.abs(reached - (np.arange(count) + 0.5)[:, None] / count).max(axis=0)
    assert (distance < 1.36 / math.sqrt(count)).all()  # Kolmogorov and Smirnov, 5 percent


def test_steps_go_together_as_the_roots_say():
    paths, _, root = paths_of([1.0], [False], dof=12, size=200_000)
    cov = root[0] @ root[0].T
    size = np.sqrt(np.diag(cov))
    np.testing.assert_allclose(np.corrcoef(paths.T), cov / np.outer(size, size), atol=0.01)
    np.testing.assert_allclose(np.cov(paths.T), cov * 12 / 10, atol=0.01 * cov.max())


def test_the_steps_of_a_path_share_their_chi_square():
    eye = np.eye(2)[None]
    generator, level = np.random.default_rng(10), np.array([False])
    paths = sample_paths(generator, np.ones(1), np.zeros((1, 2)), eye, 5, level, 100_000)
    one, other = np.log(np.abs(paths)).T
    assert abs(np.corrcoef(paths.T)[0, 1]) < 0.02
    # log |t| is log |z| less half of log chi2: the shared part of the variance is known
    shared, own = 0.25 * trigamma(2.5), 0.25 * math.pi**2 / 2
    assert np.corrcoef(one, other)[0, 1] == pytest.approx(shared / (shared + own), abs=0.01)


def trigamma(x):
    """Variance of the logarithm of a gamma number of shape x."""
    return sum(1 / (x + i) ** 2 for i in range(100_000)) + 1e-5


def test_logarithmic_paths_are_exponents_of_the_same_draws():
    plain, _, _ = paths_of([0.4, 0.6], [False, False], size=50)
    logs, _, _ = paths_of([0.4, 0.6], [True, True], size=50)
    np.testing.assert_allclose(logs, np.exp(plain))
    again, _, _ = paths_of([0.4, 0.6], [True, True], size=50)
    np.testing.assert_array_equal(logs, again)


def test_paths_of_point_masses_and_of_no_weight():
    location, root = np.array([[1.0, 2.0], [3.0, 4.0], [0.0, 1000.0]]), np.zeros((3, 2, 2))
    logs = np.array([False, False, True])
    generator = np.random.default_rng(11)
    paths = sample_paths(generator, np.array([0.0, 3.0, 1.0]), location, root, 3, logs, 4000)
    values, counts = np.unique(paths, axis=0, return_counts=True)
    np.testing.assert_array_equal(values, [[1.0, np.inf], [3.0, 4.0]])
    assert counts[1] / 4000 == pytest.approx(0.75, abs=0.03)
