"""Intervals hold what they say, within 5 points, on series that follow what each model assumes."""

import numpy as np
import pytest

from .coverage import CASES, inside

# which assume any smoothing or ARIMA, not walks alone
AVERAGES = {"SESDrift, walks", "Theta, walks", "AveragedARIMA, walks"}


@pytest.mark.parametrize("name", [name for name in CASES if name not in AVERAGES])
def test_intervals_hold_what_they_say(name):
    case = CASES[name]
    sizes = [n for n in (4, 6, 8, 20) if (found := inside(case, n, (1,), 20)) is not None]
    assert sizes, "no interval from 20 values"
    for n in sizes:
        found = inside(case, n, (1, 3, 5), 2000)
        assert found is not None
        np.testing.assert_allclose(found, np.tile([[80.0], [95.0]], 3), atol=5, err_msg=f"n = {n}")
