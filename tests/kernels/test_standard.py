"""Standard form: there and back, whatever the level, the unit and the size of the floats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast.kernels.standard import Standard

Y = np.array([3.0, 8.0, 5.0, 6.5])


@given(
    st.lists(st.floats(-1e6, 1e6).map(lambda x: round(x, 3)), min_size=2, max_size=9),
    st.booleans(),
)
def test_back_undoes_into(values, location):
    y = np.array(values)
    form = Standard.of(y, location=location, level=5.0, size=3.0)
    np.testing.assert_allclose(form.back(form.into(y)), y, atol=1e-11 * (np.abs(y).max() + 1))


def test_with_location_values_fill_the_form():
    form = Standard.of(Y, location=True, level=100.0, size=8.0)
    assert (form.into(Y).min(), form.into(Y).max()) == (92, 108)


def test_without_location_zero_stays_zero_and_the_largest_is_the_form_s_upper_end():
    form = Standard.of(-Y, location=False, level=100.0, size=8.0)
    assert form.into(np.zeros(1))[0] == 0
    assert form.into(-Y).min() == -108


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 7.0, 1e8])
def test_in_every_unit_the_form_is_the_same_to_the_bit(unit):
    for location in (True, False):
        own = Standard.of(Y, location=location).into(Y)
        other = Standard.of(Y * unit, location=location).into(Y * unit)
        np.testing.assert_array_equal(own, other)


@pytest.mark.parametrize("y", [np.full(4, 0.1), np.zeros(3), 0.1 * np.array([3, 3, 3]) + 1e-17])
def test_values_that_are_alike_stay_as_they_are(y):
    assert Standard.of(y, location=True).into(y) is y
    assert Standard.of(y, location=False).into(y) is y


@pytest.mark.parametrize("y", [np.array([-1.6e308, 1.7e308]), np.array([0.0, 5e-324])])
def test_the_ends_of_the_floats_are_no_trouble(y):
    form = Standard.of(y, location=True)
    assert np.isfinite(form.into(y)).all()
    assert np.isfinite(form.back(form.into(y))).all()
