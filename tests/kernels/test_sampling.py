"""Random numbers by name and step; how far a figure read off sample paths is known."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from westforecast.errors import UsageError
from westforecast.kernels.sampling import check_paths, rounded, sampled, score_walks, stream

CORRELATION = np.array([[1.0, -0.6, 0.0], [-0.6, 1.0, 0.5], [0.0, 0.5, 1.0]])


def streams(*names, seed=2):
    return [stream(seed, name) for name in names]


def test_score_walks_have_exact_margins_and_the_dependence_asked_for():
    scores = score_walks(CORRELATION, 4000, 6, streams("a", "b", "c"))
    exact = [NormalDist().inv_cdf((i + 0.5) / 4000) for i in range(4000)]
    for k in range(3):
        for h in range(6):
            np.testing.assert_allclose(np.sort(scores[:, k, h]), exact)
    np.testing.assert_allclose(np.corrcoef(scores[:, :, 5].T), CORRELATION, atol=0.05)
    # A random walk: steps g < h have correlation sqrt(g / h).
    assert np.corrcoef(scores[:, 0, 1], scores[:, 0, 5])[0, 1] == pytest.approx(
        math.sqrt(2 / 6), abs=0.05
    )


@given(st.integers(1, 8), st.integers(1, 8), st.permutations(range(3)))
def test_numbers_of_a_step_depend_neither_on_the_horizon_nor_on_the_order(short, more, order):
    names = ["a", "b", "c"]
    long = score_walks(CORRELATION, 50, short + more, streams(*names))
    np.testing.assert_array_equal(
        score_walks(CORRELATION, 50, short, streams(*names)), long[..., :short]
    )
    turned = score_walks(
        CORRELATION[np.ix_(order, order)], 50, short, streams(*(names[k] for k in order))
    )
    np.testing.assert_array_equal(turned, long[:, order, :short])


def test_streams_are_apart_by_name_and_seed():
    # plumless and buckeroo share their CRC-32: short checksums would make twins of them.
    drawn = [
        tuple(own.standard_normal(3))
        for own in (stream(1, "plumless"), stream(1, "buckeroo"), stream(2, "plumless"),
                    stream(1, "a", "b"), stream(1, "ab"), stream(1, "机床"))
    ]  # fmt: skip
    assert len(set(drawn)) == len(drawn)
    assert drawn[0] == tuple(stream(1, "plumless").standard_normal(3))


@pytest.mark.parametrize("p", [0.5, 0.1, 0.975])
def test_errors_of_sampled_quantiles_by_simulation(p):
    generator = np.random.default_rng(5)
    paths = generator.lognormal(0, 0.8, (2000, 400))
    values, errors = sampled(paths, [p])
    assert errors.mean() == pytest.approx(values.std(), rel=0.1)


def test_figures_are_given_up_to_the_digit_that_sampling_touches():
    assert rounded(61987.3, 940.0) == 62000
    assert rounded(61987.3, 1.2) == 61987
    assert rounded(0.123456, 0.0031) == 0.123
    assert rounded(-5.4321, 0.02) == -5.43
    assert rounded(8.95, 0.0) == 8.95
    assert rounded(240 * 8.95 / 100, 0.0) == 21.48
    assert math.isnan(rounded(math.nan, 1.0))
    assert rounded(math.inf, math.inf) == math.inf
    assert sampled(np.full((100, 2), 7.0), [0.1, 0.5])[1].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("count", [1, 0, -5, 2.0, "100", True, 10**9, 10**30, float("nan")])
def test_absurd_numbers_of_paths_are_refused(count):
    with pytest.raises(UsageError, match="n_paths="):
        check_paths("n_paths", count, 100)
    assert check_paths("n_paths", 4000, 100) == 4000
