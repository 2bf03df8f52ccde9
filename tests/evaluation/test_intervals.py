import math

import numpy as np
import pytest
import torch
from scipy import stats

from ltr.evaluation import difference_interval, difference_intervals, mean_interval, mean_intervals

NAN = math.nan


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_equals_scipy_to_the_noise_of_the_resampling(method):
    values = np.random.default_rng(3).gamma(0.5, size=80)
    found = mean_interval(values, resamples=40_000, method=method)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=40_000, method=method, rng=np.random.default_rng(7)
    )
    # A 2.5 % quantile of 40,000 resamples is known to about 0.014 standard errors of the mean, and
    # BCa looks further out and moves with the noise of its bias.
    near = 0.15 * expected.standard_error
    assert found.low == pytest.approx(expected.confidence_interval.low, abs=near)
    assert found.high == pytest.approx(expected.confidence_interval.high, abs=near)
    assert found.value == pytest.approx(values.mean(), abs=1e-15)


def test_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(11)
    samples = rng.beta(2, 1, (300, 60))
    found = [mean_interval(sample, resamples=300, confidence=0.9) for sample in samples]
    covered = np.mean([one.low <= 2 / 3 <= one.high for one in found])
    # 0.9 nominal; five standard errors of 300 trials are 0.087.
    assert 0.82 <= covered <= 0.96


def test_paired_difference_covers_the_true_difference_about_as_often_as_it_says():
    rng = np.random.default_rng(12)
    hard = rng.normal(0, 1, (300, 60))
    better = hard + rng.normal(0.1, 0.2, (300, 60))
    found = [
        difference_interval(one, other, resamples=300, confidence=0.9)
        for one, other in zip(better, hard, strict=True)
    ]
    covered = np.mean([one.low <= 0.1 <= one.high for one in found])
    assert 0.82 <= covered <= 0.96


def test_pairing_takes_the_difficulty_of_the_lists_out():
    rng = np.random.default_rng(5)
    hard = rng.normal(0, 1, 100)
    better = hard + rng.normal(0.1, 0.05, 100)
    paired = difference_interval(better, hard)
    alone = mean_interval(better)
    assert paired.low > 0
    assert paired.high - paired.low < 0.2 * (alone.high - alone.low)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    values = np.random.default_rng(0).random(50)
    assert mean_interval(values, seed=4) == mean_interval(values, seed=4)
    assert mean_interval(values, seed=4) != mean_interval(values, seed=5)


@pytest.mark.parametrize(
    ("blank", "mean", "lists"),
    [("skip", (0.2 + 0.6) / 2, 2), ("zero", (0.2 + 0.6) / 4, 4), ("one", (0.2 + 0.6 + 2) / 4, 4)],
)
def test_blank_lists_follow_the_policy_and_are_counted(blank, mean, lists):
    found = mean_interval([0.2, NAN, 0.6, NAN], blank=blank)
    assert found.value == pytest.approx(mean)
    assert (found.lists, found.blank) == (lists, 2)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(
    ("blank", "mean", "lists"),
    [("skip", 0.1, 1), ("zero", (0.1 - 0.4) / 3, 3), ("one", (0.1 + 0.6) / 3, 3)],
)
def test_a_difference_counts_a_list_that_misses_either_value(blank, mean, lists):
    found = difference_interval([0.5, NAN, NAN], [0.4, NAN, 0.4], blank=blank)
    assert found.value == pytest.approx(mean)
    assert (found.lists, found.blank) == (lists, 2)


def test_one_list_has_a_mean_and_no_interval():
    found = mean_interval([0.7])
    assert (found.value, found.lists) == (0.7, 1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


@pytest.mark.parametrize("values", [[], [NAN, NAN]])
def test_no_list_has_neither_mean_nor_interval(values):
    found = mean_interval(values)
    assert (found.lists, found.blank) == (0, len(values))
    assert all(math.isnan(number) for number in (found.value, found.low, found.high))


def test_lists_that_all_agree_have_an_interval_without_width():
    found = mean_interval([0.5] * 10)
    assert (found.low, found.value, found.high) == (0.5, 0.5, 0.5)


def test_takes_a_tensor():
    values = [0.1, 0.9, 0.4]
    assert mean_interval(torch.tensor(values, dtype=torch.float64)) == mean_interval(values)


def test_lists_that_do_not_pair_up_are_refused():
    with pytest.raises(ValueError, match="same lists; got 2 and 3 lists"):
        difference_interval([0.1, 0.2], [0.1, 0.2, 0.3])


def test_the_order_of_the_lists_is_irrelevant():
    rng = np.random.default_rng(0)
    values, weights = rng.random(50), rng.random(50)
    order = rng.permutation(50)
    found = mean_interval(values, weights=weights, method="bca")
    assert mean_interval(values[order], weights=weights[order], method="bca") == found


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_the_scale_of_the_weights_is_irrelevant(method):
    rng = np.random.default_rng(0)
    values, weights = rng.random(50), rng.random(50)
    found = mean_interval(values, weights=weights, method=method)
    scaled = mean_interval(values, weights=1e6 * weights, method=method)
    assert (scaled.low, scaled.value, scaled.high) == pytest.approx(
        (found.low, found.value, found.high), rel=1e-12
    )
    assert found.value == pytest.approx(np.average(values, weights=weights))


def test_equal_weights_are_no_weights():
    values = np.random.default_rng(0).random(50)
    assert mean_interval(values, weights=np.full(50, 4.0)) == mean_interval(values)


def test_a_list_of_weight_zero_is_as_good_as_absent():
    assert mean_interval([0.1, 0.9, 0.4, NAN], weights=[1, 0, 1, 0]) == mean_interval([0.1, 0.4])


def test_a_weighted_mean_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(13)
    weights = rng.exponential(size=(300, 60))
    samples = rng.normal(1, 1, (300, 60))
    found = [
        mean_interval(one, weights=by, resamples=300, confidence=0.9, method="bca")
        for one, by in zip(samples, weights, strict=True)
    ]
    assert 0.82 <= np.mean([one.low <= 1 <= one.high for one in found]) <= 0.96


def test_columns_are_means_of_their_own_on_the_same_resamples():
    values = np.random.default_rng(0).random((40, 1))
    both = mean_intervals(np.hstack([values, 1 - values]), method="bca")
    alone = mean_interval(values[:, 0], method="bca")
    assert (both[0].low, both[0].high) == pytest.approx((alone.low, alone.high))
    assert both[1].low == pytest.approx(1 - both[0].high)


def test_a_blank_list_outside_a_slice_does_not_count_in_it():
    members = [[True, True], [True, False], [True, True]]
    values = [[0.2, 0.2], [NAN, NAN], [NAN, NAN]]
    whole, part = mean_intervals(values, members=members, blank="one")
    assert (whole.lists, whole.blank, part.lists, part.blank) == (3, 2, 2, 1)
    assert (whole.value, part.value) == pytest.approx((2.2 / 3, 0.6))


def test_a_slice_of_one_list_has_no_interval_and_an_empty_one_no_mean():
    members = np.array([[True, False], [False, False], [False, False]])
    one, none = mean_intervals(np.ones((3, 2)), members=members)
    assert (one.value, one.lists, none.lists) == (1, 1, 0)
    assert all(math.isnan(number) for number in (one.low, one.high, none.value, none.low))


def test_a_slice_that_some_resamples_miss_keeps_its_interval():
    values = np.arange(1000.0)[:, None]
    (found,) = mean_intervals(np.hstack([values, values]), members=values < [2000, 3])[1:]
    assert (found.low, found.value, found.high) == (0, 1, 2)


def test_differences_of_many_columns_are_those_of_each():
    rng = np.random.default_rng(0)
    ours, theirs = rng.random((2, 30, 1))
    alone = difference_interval(ours[:, 0], theirs[:, 0])
    for one in difference_intervals(np.hstack([ours, ours]), np.hstack([theirs, theirs])):
        assert (one.low, one.value, one.high) == pytest.approx((alone.low, alone.value, alone.high))


@pytest.mark.parametrize("method", ["percentile", "bca"])
def test_two_lists_that_agree_have_an_interval_without_width(method):
    found = mean_interval([0.1, 0.1], method=method)
    assert (found.low, found.value, found.high) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize(
    ("values", "arguments", "message"),
    [
        ([[0.1], [0.2]], {}, r"values must be one number per list.*\[2, 1\]"),
        ([0.1, math.inf], {}, "values must be finite.*1 inf"),
        ([0.1, 0.2], {"blank": "drop"}, "blank must be one of .*got 'drop'"),
        ([0.1, 0.2], {"method": "BCa"}, "method must be one of .*got 'BCa'"),
        ([0.1, 0.2], {"confidence": 95}, "confidence must lie between 0 and 1; got 95"),
        ([0.1, 0.2], {"resamples": 0}, "resamples must be at least 1; got 0"),
        ([0.1, 0.2], {"weights": [1.0]}, r"weights must be one per list, \[2\]; got shape \[1\]"),
        ([0.1, 0.2], {"weights": [1, -2]}, "weights must be finite and not negative; got -2"),
    ],
)
def test_an_argument_out_of_its_range_is_named(values, arguments, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(values, **arguments)


@pytest.mark.parametrize(
    ("values", "members", "message"),
    [
        ([0.1, 0.2], None, r"values must be \[lists, columns\]; got shape \[2\]"),
        ([[0.1]], [[1]], r"members must be bool .*\[1, 1\]; got int64"),
        ([[0.1]], [True], r"members must be bool .*got bool \[1\]"),
    ],
)
def test_columns_of_another_shape_are_refused(values, members, message):
    with pytest.raises(ValueError, match=message):
        mean_intervals(values, members=members)
