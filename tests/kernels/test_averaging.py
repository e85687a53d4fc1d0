"""Streaming averages: pieces give what the whole gives, whatever the sizes of the weights."""

import numpy as np
import pytest

from westforecast.kernels.averaging import Average, average, average_by_group, stack


@pytest.fixture
def data():
    generator = np.random.default_rng(0)
    log_weight = generator.normal(-900, 300, (12, 5))  # far below what exp can hold
    return log_weight, generator.normal(size=(12, 3, 5)), generator.uniform(0, 2, (12, 3, 5))


def slow(log_weight, values, within):
    """One window and quantity at a time, weights scaled by the largest."""
    means, variances = np.empty(values.shape[1:]), np.empty(values.shape[1:])
    for w in range(values.shape[2]):
        weight = np.exp(log_weight[:, w] - log_weight[:, w].max())
        weight /= weight.sum()
        for m in range(values.shape[1]):
            means[m, w] = sum(weight * values[:, m, w])
            variances[m, w] = sum(weight * ((values[:, m, w] - means[m, w]) ** 2 + within[:, m, w]))
    return means, variances


def test_an_average_is_the_weighted_mean_and_the_variance_of_the_mixture(data):
    found = average(*data)
    mean, variance = slow(*data)
    np.testing.assert_allclose(found.mean, mean)
    np.testing.assert_allclose(found.variance, variance)
    np.testing.assert_allclose(found.log_mass, np.logaddexp.reduce(data[0], axis=0))


def test_groups_are_averages_of_their_own(data):
    log_weight, values, within = data
    group = np.array([2, 0, 0, 1, 2, 1, 0, 2, 1, 1, 0, 2])
    member = (group[:, None] == np.arange(3)).astype(float)
    turned = (a.transpose(2, 1, 0) for a in (values, within))
    found = average_by_group(log_weight.T.copy(), member, *turned)
    peak = log_weight.max(axis=0)
    for k in range(3):
        inside = group == k
        own = average(log_weight[inside], values[inside], within[inside])
        far = own.log_mass < peak - 700  # such a group weighs nothing beside the others
        assert (found.log_mass[far, k] < peak[far] - 700).all()
        near = ~far
        np.testing.assert_allclose(found.log_mass[near, k], own.log_mass[near])
        np.testing.assert_allclose(found.mean[near, :, k], own.mean[:, near].T)
        np.testing.assert_allclose(found.variance[near, :, k], own.variance[:, near].T)


def test_groups_are_put_one_after_the_other(data):
    whole = average(*data)
    two = stack([Average(whole.log_mass[None], whole.mean[None], whole.variance[None])] * 2)
    assert two.mean.shape == two.variance.shape == (2, *whole.mean.shape)
    np.testing.assert_array_equal(two.log_mass[1], whole.log_mass)
    assert stack([Average(whole.log_mass, whole.mean)] * 2).variance is None


def test_no_weight_is_no_mass_and_no_nan():
    none = average(np.full((3, 2), -np.inf), np.ones((3, 1, 2)), np.ones((3, 1, 2)))
    np.testing.assert_array_equal(none.log_mass, -np.inf)
    np.testing.assert_array_equal(none.mean, 0)
