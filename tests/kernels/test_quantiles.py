"""Levels are percent, probabilities are tails, quantile functions are read in normal scores."""

from statistics import NormalDist

import numpy as np
import pytest

from westforecast.errors import UsageError
from westforecast.kernels.quantiles import (
    at_scores,
    check_levels,
    inner_half,
    normal_quantiles,
    normal_scores,
    pool,
    probabilities,
    reading,
)

PROBS = probabilities([50, 80, 95])


def test_levels_are_sorted_and_distinct():
    assert check_levels([95, 80, 80.0]) == (80.0, 95.0)
    assert check_levels(80) == check_levels(np.int64(80)) == (80.0,)
    assert check_levels(()) == ()
    assert check_levels(np.array([50, 90])) == (50.0, 90.0)


def test_a_fraction_is_refused_with_a_hint():
    with pytest.raises(UsageError, match=r"level 0.95 is a fraction.* Did you mean 95\?"):
        check_levels([0.95])


@pytest.mark.parametrize("level", [0, 100, -80, 950, float("nan"), float("inf"), "80", True, None])
def test_other_levels_are_refused(level):
    with pytest.raises(UsageError, match=r"level .* found, a (percentage|number in percent)"):
        check_levels([level])


def test_probabilities_are_both_tails_in_order():
    assert probabilities([80, 95]) == (0.025, 0.1, 0.9, 0.975)
    assert probabilities([99.9])[0] == 0.0005
    assert probabilities([]) == ()


def test_normal_quantiles_are_those_of_the_law():
    mean, sd = np.array([[1.0, 2.0]]), np.array([[3.0, 0.0]])
    found = normal_quantiles(mean, sd, PROBS)
    assert found.shape == (1, 2, 6)
    np.testing.assert_allclose(found[0, 0], [NormalDist(1, 3).inv_cdf(p) for p in PROBS])
    np.testing.assert_array_equal(found[0, 1], 2.0)


def test_a_quantile_function_is_linear_in_normal_scores():
    quantiles = normal_quantiles(np.array([10.0]), np.array([2.0]), PROBS)
    scores = np.linspace(-4, 4, 41)[:, None]  # beyond the outermost quantiles as well
    np.testing.assert_allclose(at_scores(quantiles, PROBS, scores), 10 + 2 * scores)
    # at the known probabilities it is exact whatever the law
    law = np.array([[1.0, 2.0, 4.0, 4.0, 9.0, 30.0]])
    known = at_scores(law, PROBS, normal_scores(PROBS)[:, None])
    np.testing.assert_allclose(known[:, 0], law[0])


def test_a_pool_of_one_law_is_that_law():
    law = normal_quantiles(np.array([10.0]), np.array([2.0]), PROBS)[None]
    np.testing.assert_allclose(pool(law, PROBS)[0], law[0, 0], rtol=0.01)


def test_a_pool_is_the_mixture_not_the_mean_of_quantiles():
    laws = normal_quantiles(np.array([[0.0], [10.0]]), np.array([[1.0], [1.0]]), PROBS)
    found = pool(laws, PROBS)[0]
    draws = np.concatenate([np.random.default_rng(3).normal(m, 1, 200_000) for m in (0, 10)])
    np.testing.assert_allclose(found, np.quantile(draws, PROBS), atol=0.05)


def test_each_step_is_pooled_on_its_own():
    means = np.array([[0.0, 5.0, 9.0], [1.0, 5.0, 0.0]])  # [K, H]
    laws = normal_quantiles(means, np.ones_like(means), PROBS)
    found = pool(laws, PROBS, at=(0.1, 0.5))
    assert found.shape == (3, 2)
    for step in range(3):
        np.testing.assert_allclose(
            found[step], pool(laws[:, step : step + 1], PROBS, (0.1, 0.5))[0]
        )


def test_reading_is_at_scores_for_many_laws_at_once():
    probs, at = probabilities((50, 80, 95)), (0.001, 0.1, 0.3, 0.5, 0.77, 0.999)
    laws = np.sort(np.random.default_rng(5).normal(size=(7, len(probs))), axis=1)
    scores = np.repeat(normal_scores(at)[:, None], 7, axis=1)
    np.testing.assert_allclose(laws @ reading(probs, at).T, at_scores(laws, probs, scores).T)


@pytest.mark.parametrize("levels", [[99.99999999999999], [80, 80.0000001]])
def test_levels_without_a_tail_or_of_one_name_are_refused(levels):
    with pytest.raises(UsageError, match=r"no tail|both 80"):
        check_levels(levels)


class TestInnerHalf:
    PROBS = probabilities(range(2, 100, 2))

    @pytest.mark.parametrize("mean", [-0.5, -1.0, -4.0, -6.0])
    def test_it_is_what_a_normal_distribution_gives_above_the_bound(self, mean):
        """By drawing: of the numbers above 0 the share 2 (1 - p) lies above the quantile of p."""
        law = normal_quantiles(np.array(mean), np.array(3.0), self.PROBS)
        found = inner_half(law, self.PROBS, (0.1, 0.6, 0.9, 0.975), 0.0, upper=True)
        assert found[0] == 0
        above = NormalDist(mean, 3)
        inside = 1 - above.cdf(0)
        for p, x in zip((0.6, 0.9, 0.975), found[1:], strict=True):
            assert 1 - above.cdf(x) == pytest.approx(2 * (1 - p) * inside, rel=1e-6)

    def test_beyond_the_last_quantile_it_is_as_wide_as_what_comes_after_that_one(self):
        law = normal_quantiles(np.array(-50.0), np.array(3.0), self.PROBS)
        near = normal_quantiles(np.array(-50.0), np.array(3.0), self.PROBS) - law[-1]
        found = inner_half(law, self.PROBS, (0.1, 0.9, 0.975), 0.0, upper=True)
        expected = inner_half(near, self.PROBS, (0.1, 0.9, 0.975), 0.0, upper=True)
        np.testing.assert_allclose(found, expected, rtol=1e-9)
        assert 0.5 < found[1] < found[2] < 9

    def test_an_upper_bound_is_a_lower_one_from_the_other_side(self):
        law = normal_quantiles(np.array(107.0), np.array(5.0), self.PROBS)
        found = inner_half(law, self.PROBS, (0.05, 0.4, 0.95), 100.0, upper=False)
        mirrored = inner_half(-law[::-1], self.PROBS, (0.05, 0.6, 0.95), -100.0, upper=True)
        np.testing.assert_allclose(found, -mirrored[::-1], rtol=1e-12)

    def test_a_middle_on_the_bound_changes_nothing_inside(self):
        law = normal_quantiles(np.array(0.0), np.array(2.0), self.PROBS)
        found = inner_half(law, self.PROBS, (0.2, 0.7, 0.95), 0.0, upper=True)
        whole = normal_quantiles(np.array(0.0), np.array(2.0), (0.7, 0.95))
        np.testing.assert_allclose(found[1:], whole)

    def test_points_and_unknown_distributions(self):
        assert inner_half(np.full(98, -3.0), self.PROBS, (0.1, 0.9), 0.0, upper=True).tolist() == [
            0, 0,
        ]  # fmt: skip
        assert np.isnan(inner_half(np.full(98, np.nan), self.PROBS, (0.9,), 0.0, upper=True)).all()
        steps = np.repeat([-9.0, -1.0], 49)
        assert (inner_half(steps, self.PROBS, (0.1, 0.9), 0.0, upper=True) >= 0).all()
