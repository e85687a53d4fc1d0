"""The record a model gives back."""

import pickle

import numpy as np
import pytest

from westforecast import Forecast
from westforecast.models import Status, TooShort


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
        "no_outcome", "failed",
    ]  # fmt: skip
