import math

import numpy as np
import pytest
from scipy import stats

from ltr.evaluation import randomisation_test, randomisation_tests

NAN = math.nan


def scipys(ours: np.ndarray, theirs: np.ndarray, **arguments: object) -> float:
    found = stats.permutation_test(
        (ours, theirs),
        lambda one, other, axis: np.mean(one - other, axis=axis),
        permutation_type="samples",
        vectorized=True,
        **arguments,
    )
    return float(found.pvalue)


def test_few_lists_are_tested_exactly_and_as_in_scipy():
    ours, theirs = np.random.default_rng(0).random((2, 9))
    found = randomisation_test(ours, theirs)
    assert (found.exact, found.flips) == (True, 512)
    assert found.p_value == pytest.approx(scipys(ours, theirs, n_resamples=np.inf))


def test_many_lists_agree_with_scipy_to_the_noise_of_the_flips():
    rng = np.random.default_rng(0)
    theirs = rng.random(200)
    ours = theirs + rng.normal(0.02, 0.2, 200)
    found = randomisation_test(ours, theirs, flips=20_000)
    expected = scipys(ours, theirs, n_resamples=20_000, rng=np.random.default_rng(1))
    assert not found.exact
    assert found.p_value == pytest.approx(expected, abs=6 * (0.25 / 20_000) ** 0.5)


def test_equal_rankers_give_p_values_that_are_spread_evenly():
    rng = np.random.default_rng(3)
    found = randomisation_tests(rng.random((60, 200)), rng.random((60, 200)), flips=999)
    assert stats.kstest([one.p_value for one in found], "uniform").pvalue > 0.001


def test_the_pattern_seen_counts_so_that_no_p_value_is_zero():
    found = randomisation_test(np.full(50, 0.9), np.zeros(50), flips=99)
    assert found.p_value == 1 / 100


def test_the_same_seed_gives_the_same_p_value_in_any_order_of_lists():
    rng = np.random.default_rng(0)
    ours, theirs = rng.random((2, 40))
    order = rng.permutation(40)
    found = randomisation_test(ours, theirs, flips=500, seed=3)
    assert randomisation_test(ours[order], theirs[order], flips=500, seed=3).p_value == (
        found.p_value
    )
    assert randomisation_test(ours, theirs, flips=500, seed=4).p_value != found.p_value


def test_the_scale_of_the_weights_is_irrelevant_and_their_proportions_are_not():
    rng = np.random.default_rng(0)
    ours, theirs, weights = rng.random((3, 12))
    found = randomisation_test(ours, theirs, weights=weights)
    assert randomisation_test(ours, theirs, weights=1e3 * weights).p_value == found.p_value
    assert randomisation_test(ours, theirs).p_value != found.p_value
    assert found.difference == pytest.approx(np.average(ours - theirs, weights=weights))


def test_rankers_that_agree_everywhere_have_p_value_one():
    assert randomisation_test([0.1, 0.7, 0.3], [0.1, 0.7, 0.3]).p_value == 1


@pytest.mark.parametrize(
    ("blank", "difference", "lists"), [("skip", 0.1, 1), ("zero", -0.1, 3), ("one", 0.7 / 3, 3)]
)
def test_blank_lists_follow_the_policy(blank, difference, lists):
    found = randomisation_test([0.5, NAN, NAN], [0.4, NAN, 0.4], blank=blank)
    assert found.difference == pytest.approx(difference)
    assert (found.lists, found.blank) == (lists, 2)


def test_no_list_has_no_p_value_and_one_list_proves_nothing():
    assert math.isnan(randomisation_test([], []).p_value)
    assert math.isnan(randomisation_test([NAN], [0.5]).difference)
    assert randomisation_test([0.9], [0.1]).p_value == 1


def test_a_slice_is_tested_on_its_own_lists():
    rng = np.random.default_rng(0)
    ours, theirs = rng.random((2, 10, 1))
    members = np.arange(10)[:, None] < [[10, 6]]
    found = randomisation_tests(ours.repeat(2, 1), theirs.repeat(2, 1), members=members)
    assert found[1].p_value == pytest.approx(randomisation_test(ours[:6, 0], theirs[:6, 0]).p_value)
    assert [one.lists for one in found] == [10, 6]


def test_no_flips_are_refused():
    with pytest.raises(ValueError, match="flips must be at least 1; got 0"):
        randomisation_test([0.1], [0.2], flips=0)
