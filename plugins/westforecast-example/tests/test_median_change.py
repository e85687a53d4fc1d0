"""`MedianChange`: the contract of models, and one forecast by hand."""

import numpy as np
import pandas as pd
import pytest

import westforecast as wf
from westforecast.testing import parametrize_with_checks
from westforecast_example.median_change import MedianChange


@parametrize_with_checks([MedianChange(), MedianChange(last=3)], tier="full")
def test_the_model_contract(check):
    check()


def test_a_forecast_by_hand():
    # The last three changes of 9, 10, 12, 13, 17 are 2, 1 and 4: median 2, mean 7/3, variance 7/3,
    # and the median's is pi / 7 times as much. The 0.9 quantile of t with 2 degrees of freedom is
    # 1.8856181.
    y = [9.0, 10, 12, 13, 17]
    panel = wf.Panel.from_frame(pd.DataFrame({"unique_id": "a", "ds": range(2006, 2011), "y": y}))
    result = wf.forecast(panel, MedianChange(last=3), until=2012, levels=(80,)).long()
    np.testing.assert_allclose(result["yhat"], [19, 21])
    half_width = 1.8856181 * np.sqrt([7 / 3 * (1 + np.pi / 7), 7 / 3 * (2 + 4 * np.pi / 7)])
    np.testing.assert_allclose(result["hi-80"] - result["yhat"], half_width, rtol=1e-7)
    np.testing.assert_allclose(result["yhat"] - result["lo-80"], half_width, rtol=1e-7)


def test_it_goes_by_its_name():
    assert wf.model("MedianChange", last=8) == MedianChange(last=8)


def test_one_change_has_no_spread():
    with pytest.raises(wf.UsageError, match="last=1 found, at least 2 changes expected"):
        MedianChange(last=1)
