"""Tests of equal accuracy against R, arch and slow twins; their symmetries; their odd cases."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from westforecast import UsageError
from westforecast.comparison.inference import (
    Resamples,
    bootstrap_means,
    bootstrap_reach,
    common_shocks,
    counts,
    diebold_mariano,
    holm,
    holm_sizes,
    log_ratio,
    mean_ranks,
    model_confidence_set,
    overlap_facts,
    overlap_reach,
    paired_bootstrap,
    student_means,
)

R = Path(__file__).parent / "r"  # the scripts, and what they wrote
DM, ERRORS = pd.read_csv(R / "dm.csv"), pd.read_csv(R / "dm_errors.csv")
VARIANCES = ["acf", "bartlett", "overlap"]


def losses(case, power):
    rows = ERRORS[ERRORS["case"] == case]
    return (np.abs(rows[name].to_numpy()) ** power for name in "ab")


class TestDieboldMariano:
    @pytest.mark.parametrize(
        "row", list(DM.itertuples()), ids=lambda r: f"{r.case}-{r.power}-{r.variance}"
    )
    def test_equals_r(self, row):
        a, b = losses(row.case, row.power)
        found = diebold_mariano(a, b, row.h, variance=row.variance)
        if row.fell_back:  # R goes back to h = 1, this library to Bartlett
            assert found.variance == "bartlett"
            assert found == diebold_mariano(a, b, row.h, variance="bartlett")
            found = diebold_mariano(a, b, 1)
        else:
            assert found.variance == row.variance
        assert found.statistic == pytest.approx(row.statistic, rel=1e-10)
        assert found.p_value == pytest.approx(row.p_value, rel=1e-10)

    def test_the_fixtures_hold_a_variance_that_is_not_positive(self):
        assert DM["fell_back"].sum() >= 2
        assert set(DM["variance"]) == {"acf", "bartlett"}
        assert set(DM["h"]) == {1, 2, 5}

    @pytest.mark.parametrize("variance", VARIANCES)
    @pytest.mark.parametrize("h", [1, 2, 5])
    def test_swapping_models_swaps_the_sign_and_scale_is_nothing(self, variance, h):
        a, b = np.random.default_rng(0).exponential(size=(2, 14))
        one, other = (diebold_mariano(*p, h, variance=variance) for p in ((a, b), (b, a)))
        assert one.statistic == pytest.approx(-other.statistic)
        assert one.p_value == pytest.approx(other.p_value)
        scaled = diebold_mariano(1e6 * a, 1e6 * b, h, variance=variance)
        assert scaled.statistic == pytest.approx(one.statistic)
        assert 0 < one.p_value <= 1

    def test_without_overlap_all_variances_are_the_paired_t_test(self):
        a, b = np.random.default_rng(1).exponential(size=(2, 9))
        expected = stats.ttest_rel(a, b)
        for variance in VARIANCES:
            found = diebold_mariano(a, b, 1, variance=variance)
            assert found.statistic == pytest.approx(expected.statistic)
            assert found.p_value == pytest.approx(expected.pvalue)

    @pytest.mark.parametrize(("n", "h"), [(8, 1), (8, 3), (12, 5), (30, 6)])
    def test_overlap_by_matrices(self, n, h):
        r = np.array([[max(0, 1 - abs(i - j) / h) for j in range(n)] for i in range(n)])
        m = np.eye(n) - 1 / n
        lost, dof, share = overlap_facts(n, h)
        assert lost == pytest.approx(np.trace(m @ r))
        assert dof == pytest.approx(np.trace(m @ r) ** 2 / np.trace(m @ r @ m @ r))
        assert share == pytest.approx(np.ones(n) @ r @ np.ones(n) / n**2)
        d = np.random.default_rng(2).normal(size=n)
        found = diebold_mariano(d, np.zeros(n), h, variance="overlap")
        t = d.mean() / np.sqrt(d @ m @ d / lost * share)
        assert found.statistic == pytest.approx(t)
        assert found.p_value == pytest.approx(2 * stats.t.sf(abs(t), dof))

    @pytest.mark.parametrize("variance", VARIANCES)
    def test_odd_cases_are_numbers_or_nothing(self, variance):
        one = np.arange(9.0)
        same = diebold_mariano(one, one, 2, variance=variance)
        assert (same.statistic, same.p_value) == (0, 1)
        always = diebold_mariano(one + 1, one, 2, variance=variance)
        assert (always.statistic, always.p_value) == (np.inf, 0)
        for n, h in ((1, 1), (0, 1), (3, 3), (2, 5)):
            few = diebold_mariano(one[:n], one[:n] + 1, h, variance=variance)
            assert np.isnan(few.statistic)
            assert np.isnan(few.p_value)

    @pytest.mark.parametrize(
        ("args", "settings", "told"),
        [
            (([1, 2], [1]), {}, "one length expected"),
            (([[1]], [[1]]), {}, "one length expected"),
            (([1, 2], [1, 3], 0), {}, "h=0 found"),
            (([1, 2], [1, 3]), {"variance": "hac"}, "expected acf, bartlett, overlap"),
        ],
    )
    def test_mistakes(self, args, settings, told):
        with pytest.raises(UsageError, match=told):
            diebold_mariano(*args, **settings)


def test_holm_by_hand_and_by_loop():
    assert holm([0.01, 0.04, 0.03]).tolist() == pytest.approx([0.03, 0.06, 0.06])
    p = np.random.default_rng(3).random(7)
    order = np.argsort(p)
    largest = 0.0
    for k, place in enumerate(order):
        largest = max(largest, min(1, (7 - k) * p[place]))
        assert holm(p)[place] == pytest.approx(largest)
    with_nan = holm([0.01, np.nan, 0.04])
    assert with_nan[[0, 2]].tolist() == pytest.approx([0.02, 0.04])
    assert np.isnan(with_nan[1])
    assert len(holm([])) == 0


def test_the_sizes_that_tests_are_read_at_are_holms_correction():
    rng = np.random.default_rng(12)
    for k in (1, 2, 3, 7):
        for alpha in (0.05, 0.3):
            for p in rng.random((200, k)) ** 3:
                sizes = holm_sizes(p, alpha)
                assert ((p <= sizes) == (holm(p) <= alpha)).all()
                assert ((sizes >= alpha / k * (1 - 1e-12)) & (sizes <= alpha * (1 + 1e-12))).all()
    assert holm_sizes([0.0, 0.0], 0.05).tolist() == [0.025, 0.025]
    with_nan = holm_sizes([0.01, np.nan, 0.04], 0.05)
    assert with_nan[[0, 2]].tolist() == pytest.approx([0.025, 0.05])
    assert np.isnan(with_nan[1])
    assert len(holm_sizes([], 0.05)) == 0


class TestReach:
    """What is not rejected is as far from the difference found as the reach; tried by shifting."""

    def test_of_the_overlap_test(self):
        d = np.random.default_rng(13).normal(0.4, 1, size=(14, 3))
        for h in (1, 3):
            reach = overlap_reach(d, h, np.array([0.05, 0.02, 0.3]))
            for k, size in enumerate((0.05, 0.02, 0.3)):
                for end, found in ((0.999, False), (1.001, True)):
                    moved = d[:, k] - d[:, k].mean() + end * reach[k]
                    p = diebold_mariano(moved, np.zeros(14), h, variance="overlap").p_value
                    assert (p <= size) == found

    def test_of_the_bootstrap(self):
        d = np.random.default_rng(14).normal(0.4, 1, size=(30, 3))
        sizes = np.array([0.05, 0.02, 0.3])
        reach = bootstrap_reach(d, Resamples(30, 199), sizes)
        for end, found in ((0.999, False), (1.001, True)):
            _, p = paired_bootstrap(d - d.mean(axis=0) + end * reach, Resamples(30, 199))
            assert ((p <= sizes) == found).all()

    def test_odd_cases(self):
        rows = np.stack([np.zeros(20), np.ones(20), np.r_[np.zeros(19), 1.0]], axis=1)
        reach = bootstrap_reach(rows, Resamples(20, 400), np.full(3, 0.05))
        assert reach.tolist() == [0, np.inf, np.inf]  # resamples that show no spread find nothing
        few = bootstrap_reach(rows + np.arange(20)[:, None], Resamples(20, 99), np.full(3, 0.009))
        assert np.isinf(few).all()  # 99 resamples cannot go below 1 in 100
        assert overlap_reach(np.ones((9, 1)), 2, np.array([0.05])).tolist() == [0]


def test_mean_ranks_by_loop():
    table = np.random.default_rng(4).integers(0, 4, (30, 6)).astype(float)
    found = mean_ranks(table)
    np.testing.assert_allclose(found, np.mean([stats.rankdata(row) for row in table], axis=0))


def test_rounding_is_a_tie():
    found = mean_ranks(np.array([[1.0, 1.0 + 1e-12, 2.0]]))
    assert found.tolist() == [1.5, 1.5, 3.0]


class TestResamples:
    def test_counts_are_the_same_each_time_and_sum_to_the_rows(self):
        made = Resamples(7, 50, seed=3)
        first, second = (np.concatenate(list(made)) for _ in range(2))
        assert first.shape == (50, 7)
        np.testing.assert_array_equal(first, second)
        assert (first.sum(axis=1) == 7).all()
        assert (first != np.concatenate(list(Resamples(7, 50, seed=4)))).any()

    def test_many_rows_come_in_pieces(self):
        sizes = [len(part) for part in Resamples(600_000, 7)]
        assert sizes == [3, 3, 1]

    def test_blocks_keep_their_order_and_have_the_mean_length_asked_for(self):
        rows = Resamples(50, 400, block=5.0)._rows(400, np.random.default_rng(0))
        follows = (rows[:, 1:] - rows[:, :-1]) % 50 == 1
        # 1 - 1/5 follow their predecessor, and one in 50 of the others by chance
        assert follows.mean() == pytest.approx(0.8 + 0.2 / 50, abs=0.01)
        assert np.bincount(rows.ravel(), minlength=50).min() > 250


def arch_set(*arguments, **settings):
    """The confidence set of another library; it is not there on every Python."""
    return pytest.importorskip("arch.bootstrap").MCS(*arguments, **settings)


class TestConfidenceSet:
    LOSSES = np.random.default_rng(1).normal(size=(60, 6)) ** 2 + np.array([0, 0, 0.2, 0.3, 0.6, 1])

    @pytest.mark.parametrize(("ours", "theirs"), [("range", "R"), ("max", "max")])
    @pytest.mark.parametrize("block", [1, 4])
    def test_equals_arch_on_its_own_resamples(self, ours, theirs, block):
        referee = arch_set(
            self.LOSSES, 0.1, reps=400, block_size=block, method=theirs, bootstrap="stationary",
            seed=3,
        )  # fmt: skip
        referee.compute()
        drawn = np.array(referee._bootstrap_indices)
        away = bootstrap_means(self.LOSSES, [counts(drawn)])
        found = model_confidence_set(self.LOSSES.mean(axis=0), away, ours)
        expected = referee.pvalues["Pvalue"].sort_index().to_numpy()
        np.testing.assert_allclose(found, expected, atol=1e-12)

    def test_close_to_arch_on_resamples_of_our_own(self):
        referee = arch_set(self.LOSSES, 0.1, reps=4000, block_size=3, method="max", seed=1)
        referee.compute()
        away = bootstrap_means(self.LOSSES, Resamples(60, 4000, seed=5, block=3.0))
        found = model_confidence_set(self.LOSSES.mean(axis=0), away)
        np.testing.assert_allclose(found, referee.pvalues["Pvalue"].sort_index(), atol=0.04)

    def test_many_observations_make_both_ways_of_drawing_agree(self):
        rows = np.random.default_rng(6).exponential(size=(600, 4))
        rows += [0, 0.05, 0.1, 0.4]
        mean = rows.mean(axis=0)
        by_rows = model_confidence_set(mean, bootstrap_means(rows, Resamples(600, 3000)))
        away, spread = student_means(rows, 1, 3000)
        by_law = model_confidence_set(mean, away, spread=spread)
        np.testing.assert_allclose(by_rows, by_law, atol=0.04)

    @pytest.mark.parametrize("statistic", ["max", "range"])
    def test_equal_copies_fare_alike_and_nothing_apart_is_one_set(self, statistic):
        mean, drawn = self.LOSSES.mean(axis=0), Resamples(60, 500)
        twice = self.LOSSES[:, [0, 5, 5, 2]]
        away = bootstrap_means(twice, drawn)
        found = model_confidence_set(twice.mean(axis=0), away, statistic)
        assert found[1] == found[2] < 0.05
        same = self.LOSSES[:, [0, 0, 0]]
        found = model_confidence_set(same.mean(axis=0), bootstrap_means(same, drawn), statistic)
        assert found.tolist() == [1, 1, 1]
        zero = np.zeros((60, 3))
        assert model_confidence_set(zero[0], bootstrap_means(zero, drawn), statistic).min() == 1
        order = [3, 0, 5, 1, 4, 2]
        plain, other = (
            model_confidence_set(mean[k], bootstrap_means(self.LOSSES[:, k], drawn), statistic)
            for k in (slice(None), order)
        )
        np.testing.assert_allclose(plain[order], other)


class TestPairedBootstrap:
    def test_equals_a_loop(self):
        rng = np.random.default_rng(7)
        rows = rng.normal(0.2, 1, size=(25, 3))
        drawn = rng.integers(25, size=(200, 25))
        t, p = paired_bootstrap(rows, [counts(drawn)])
        for k in range(3):
            d = rows[:, k]
            expected = d.mean() / (d.std(ddof=1) / np.sqrt(25))
            beyond = 0
            for draw in drawn:
                star = d[draw]
                value = (star.mean() - d.mean()) / (star.std(ddof=1) / np.sqrt(25))
                beyond += abs(value) >= abs(expected)
            assert t[k] == pytest.approx(expected)
            assert p[k] == pytest.approx((1 + beyond) / 201)

    def test_odd_cases(self):
        rows = np.stack([np.zeros(20), np.ones(20), np.r_[np.zeros(19), 1.0]], axis=1)
        t, p = paired_bootstrap(rows, Resamples(20, 400))
        assert t[0] == 0
        assert p[0] == 1
        assert t[1] == np.inf
        assert p[2] > 0.2  # one series of 20 differs: no evidence

    def test_sign_and_order_do_not_matter(self):
        rows = np.random.default_rng(8).normal(0.3, 1, size=(30, 1))
        (t, p), (u, q) = (paired_bootstrap(x, Resamples(30, 500)) for x in (rows, -rows))
        assert t[0] == -u[0]
        assert p[0] == q[0]


def test_log_ratios_of_nothing():
    ratio = log_ratio(np.array([0.0, 0.0, 1.0, 4.0]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert ratio.tolist() == [0, -np.inf, np.inf, np.log(4)]
    assert log_ratio(np.array([4.0]), np.array([1.0]), root=True)[0] == pytest.approx(np.log(2))


class TestCommonShocks:
    def test_equals_the_textbook_on_a_full_table(self):
        d = np.random.default_rng(10).normal(size=(12, 5))  # series, cutoffs
        series, cutoff = (code.ravel() for code in np.indices(d.shape))
        rest = d - d.mean(axis=1, keepdims=True) - d.mean(axis=0) + d.mean()
        between = 12 * ((d.mean(axis=0) - d.mean()) ** 2).sum() / 4
        ratio = between / ((rest**2).sum() / (11 * 4))
        found = common_shocks(d.reshape(-1, 1), series, cutoff)
        assert found[0] == pytest.approx(stats.f.sf(ratio, 4, 44))

    def test_finds_what_series_share_and_nothing_where_they_do_not(self):
        rng = np.random.default_rng(11)
        own, shock = rng.normal(size=(40, 6)), rng.normal(size=6)
        series, cutoff = (code.ravel() for code in np.indices(own.shape))
        found = common_shocks(
            np.stack([own.ravel(), (own + shock).ravel(), np.zeros(240)], axis=1), series, cutoff
        )
        assert found[0] > 0.05
        assert found[1] < 1e-6
        assert found[2] == 1

    def test_says_nothing_of_one_cutoff(self):
        series, cutoff = np.arange(9), np.zeros(9, np.int64)
        assert np.isnan(common_shocks(np.ones((9, 2)), series, cutoff)).all()


def test_sizes_are_of_the_tests_that_have_a_p_value():
    sizes = holm_sizes([0.0, np.nan, np.nan, 0.04], 0.05)
    np.testing.assert_allclose(sizes, [0.025, np.nan, np.nan, 0.05])
