"""The record a model gives back."""

import pickle

import numpy as np
import pytest

from westforecast import Forecast
from westforecast.models import Status, TooShort
from westforecast.models.forecast import SAME


def test_empty_is_nan_and_fine():
    empty = Forecast.empty(2, 3, [80])
    assert empty.mean.shape == (2, 3)
    assert empty.quantiles.shape == (2, 3, 2)
    assert np.isnan(empty.mean).all()
    assert (empty.status == Status.OK).all()
    assert len(empty) == 2


def test_a_lognormal_law_is_the_exponential_of_a_normal_one():
    mu, sigma = np.array([[1.0]]), np.array([[0.5]])
    logs, law = Forecast.normal(mu, sigma, [80]), Forecast.lognormal(mu, sigma, [80])
    np.testing.assert_allclose(law.quantiles, np.exp(logs.quantiles))
    np.testing.assert_allclose(law.mean, np.exp(1.0))  # the median


def test_a_lognormal_law_of_an_estimated_sigma_is_students():
    """Tables: t of 0.95 is 6.3138 with 1 degree of freedom, 2.0150 with 5; 0 counts as 1."""
    mu, sigma = np.zeros((4, 2)), np.full((4, 2), 0.1)
    law = Forecast.lognormal(mu, sigma, [90], np.array([5, 1, 5, 0]))
    np.testing.assert_allclose(
        10 * np.log(law.quantiles[:, 1, 1]), [2.0150, 6.3138, 2.0150, 6.3138], atol=5e-5
    )
    np.testing.assert_allclose(law.quantiles[..., 0], 1 / law.quantiles[..., 1])
    np.testing.assert_allclose(law.mean, 1.0)


def test_intervals_by_level():
    law = Forecast.normal(np.zeros((1, 1)), np.ones((1, 1)), [80, 95])
    low, high = law.interval(95)
    np.testing.assert_allclose([low.item(), high.item()], [-1.959964, 1.959964], atol=1e-6)
    with pytest.raises(ValueError, match=r"not in tuple"):
        law.interval(50)


def test_parts_are_put_in_their_places():
    whole = Forecast.empty(4, 1, [])
    part = Forecast.normal(np.array([[1.0], [2.0]]), np.ones((2, 1)), [])
    part.fail(1, TooShort("3 needed"))
    whole.put(np.array([3, 0]), part)
    np.testing.assert_array_equal(whole.mean[:, 0], [np.nan, np.nan, np.nan, 1.0])
    assert whole.status.tolist() == [Status.TOO_SHORT, 0, 0, 0]
    assert whole.reason == {0: "3 needed"}
    assert isinstance(whole.errors[0], TooShort)


def test_a_refused_window_holds_no_number():
    law = Forecast.normal(np.zeros((2, 3)), np.ones((2, 3)), [80])
    law.refuse(0, Status.OUT_OF_DOMAIN, "no")
    law.fail(1, ZeroDivisionError("by zero"))
    assert np.isnan(law.mean).all()
    assert np.isnan(law.quantiles).all()
    assert law.status.tolist() == [Status.OUT_OF_DOMAIN, Status.FAILED]
    assert law.reason == {0: "no", 1: "ZeroDivisionError: by zero"}


class Stubborn(Exception):
    """Cannot be made again from its arguments, as many an exception."""

    def __init__(self, code, *, detail):
        super().__init__(f"{code}: {detail}")


def test_records_cross_process_borders_with_any_exception():
    law = Forecast.empty(2, 1, [])
    law.fail(0, ValueError("plain"))
    law.fail(1, Stubborn(5, detail="x"))
    there = pickle.loads(pickle.dumps(law))
    assert repr(there.errors[0]) == "ValueError('plain')"
    assert repr(there.errors[1]) == "RuntimeError('Stubborn: 5: x')"
    assert there.reason == law.reason


def test_words_of_statuses():
    assert [status.label for status in Status] == [
        "ok", "too_short", "missing_values", "not_positive", "out_of_domain", "no_driver",
        "no_outcome", "failed", "out_of_time",
    ]  # fmt: skip


class TestDifference:
    ONES = Forecast.normal(np.ones((3, 2)), np.ones((3, 2)), [80])

    def other(self, change=0.0):
        return Forecast.normal(np.ones((3, 2)) + change, np.ones((3, 2)), [80])

    def test_it_is_relative_and_by_window(self):
        other = self.other(np.array([[0, 0], [0, 1.0], [1e-9, 0]]))
        assert (self.ONES.difference(self.ONES) == 0).all()
        found = other.difference(self.ONES)
        # the lower bound of 80 percent is nearest to zero, so its change is the largest
        low = abs(self.ONES.interval(80)[0][0, 0])
        np.testing.assert_allclose(found, [0, 1 / (low + 0.01), 1e-9 / (low + 0.01)], rtol=1e-6)
        assert (found <= SAME).tolist() == [True, False, True]

    def test_what_is_missing_in_both_is_equal_and_in_one_is_not(self):
        here, there = self.other(), self.other()
        here.quantiles[0] = there.quantiles[0] = np.nan
        here.quantiles[1, 1, 0] = np.nan
        there.refuse(2, Status.FAILED, "no")
        assert here.difference(there).tolist() == [0, np.inf, np.inf]
        here.refuse(2, Status.TOO_SHORT, "too short")
        assert here.difference(there)[2] == np.inf, "another status is a difference"

    def test_it_is_the_tolerance_of_numpy(self):
        draw = np.random.default_rng(1)
        a = draw.normal(size=(200, 1)) * 10.0 ** draw.uniform(-6, 3, (200, 1))
        b = a + draw.normal(size=a.shape) * 10.0 ** draw.uniform(-12, -5, a.shape)
        laws = [Forecast.normal(mean, np.ones_like(mean), []) for mean in (a, b)]
        expected = np.isclose(a, b, rtol=1e-7, atol=1e-9)[:, 0]
        assert 0 < expected.sum() < 200
        np.testing.assert_array_equal(laws[0].difference(laws[1]) <= SAME, expected)
