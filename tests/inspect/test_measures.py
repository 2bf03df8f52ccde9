import math

import numpy as np
import pytest

from pipelines.inspect.counts import Share
from pipelines.inspect.grid import Numbers
from pipelines.inspect.measures import (
    binned,
    binned_lengths,
    ratio,
    share_noise,
    stability,
    stability_noise,
)


def test_the_stability_index_is_the_sum_written_out():
    old, new = [(900 + 0.5) / 1001, (100 + 0.5) / 1001], [(50 + 0.5) / 101, (50 + 0.5) / 101]
    expected = sum((b - a) * math.log(b / a) for a, b in zip(old, new, strict=True))
    assert stability(np.array([900, 100]), np.array([50, 50])) == pytest.approx(expected)


def test_a_bin_that_is_empty_on_one_side_leaves_it_finite():
    assert 0 < stability(np.array([10, 0, 0]), np.array([0, 10, 0])) < 10


def test_equal_histograms_are_as_near_as_can_be():
    assert stability(np.array([3, 5, 0]), np.array([3, 5, 0])) == 0.0


@pytest.mark.parametrize(("lists", "docs"), [(40, 1), (500, 1), (200, 10)])
def test_chance_passes_the_noise_level_about_once_in_a_thousand_times(lists, docs):
    rng = np.random.default_rng(5)
    level = stability_noise(10, (lists, lists))
    passed = sum(
        stability(*rng.multinomial(lists * docs, [0.1] * 10, 2)) > level for _ in range(2_000)
    )
    assert passed <= 8


def test_a_share_knows_that_documents_of_one_list_are_alike():
    alike, apart = Share(), Share()
    alike.add(np.repeat([10, 0], 50), np.full(100, 10))
    apart.add(np.full(100, 5), np.full(100, 10))
    assert alike.value == apart.value == 0.5
    assert alike.error == pytest.approx(0.05)
    assert apart.error == 0


def test_the_noise_of_a_share_holds_for_clustered_documents():
    rng, passed = np.random.default_rng(7), 0
    for _ in range(1_000):
        sides = [Share(), Share()]
        for side in sides:
            side.add(rng.binomial(10, rng.beta(0.5, 2, 150)), np.full(150, 10))
        passed += abs((sides[0].value or 0) - (sides[1].value or 0)) > share_noise(*sides)
    assert passed <= 6


def test_a_factor_reads_the_same_both_ways():
    one, other = Share(), Share()
    one.add(np.full(100, 1), np.full(100, 10))
    other.add(np.full(100, 2), np.full(100, 10))
    assert ratio(one, other) == ratio(other, one)
    assert ratio(one, other)[0] == pytest.approx(2, rel=0.01)


def test_a_share_of_zero_has_a_finite_factor_and_wide_noise():
    none, some = Share(), Share()
    none.add(np.zeros(5), np.full(5, 2))
    some.add(np.array([1, 0, 0, 0, 0]), np.full(5, 2))
    factor, noise = ratio(none, some)
    assert 1 < factor < noise


def numbers(values, deviation=1.0):
    found = Numbers.empty(lambda stored: stored * deviation)
    found.add(np.array(values, dtype=np.float32) / deviation)
    return found


def test_numbers_are_binned_over_deciles_of_the_reference():
    old, new = binned(numbers(range(1, 101)), numbers([1] * 50 + [100] * 50))
    assert old.tolist() == [*[10] * 10, 0]
    assert new.tolist() == [50, *[0] * 8, 50, 0]


def test_a_missing_number_is_no_move_of_the_column_wherever_the_mean_lies():
    def stars(mean, missing):
        found = Numbers.empty(lambda stored: stored * 0.6 + mean)
        found.add(((np.arange(30, 50) / 10 - mean) / 0.6).astype(np.float32).repeat(50))
        found.add(np.zeros(missing, dtype=np.float32))
        return found

    assert stability(*binned(stars(3.77, 50), stars(3.83, 50))) == 0
    assert stability(*binned(stars(3.77, 50), stars(3.83, 500))) > 0.1


def test_a_number_that_happens_to_be_the_mean_is_not_a_missing_one():
    def stock(mean):
        found = Numbers.empty(lambda stored: stored * 1.4 + mean)
        found.add(((np.arange(5) - mean) / 1.4).astype(np.float32).repeat(100))
        return found

    assert stability(*binned(stock(2.001), stock(2.1))) == 0
    assert stability(*binned(stock(2.0), stock(2.1))) == 0


def test_ties_do_not_depend_on_the_scale_of_the_encoder():
    values = [1, 1, 2, 3, 3, 3, 4] * 10
    old, new = binned(numbers(values, 0.99), numbers(values, 10.3))
    assert old.tolist() == new.tolist()


def test_lengths_are_binned_alike_however_long_the_other_lists_are():
    old, new = binned_lengths(np.array([0, 0, 5, 5]), np.array([0, 1, 0, 0, 0, 0, 7]))
    assert old.tolist() == [5, 5, 0]
    assert new.tolist() == [1, 0, 7]


def test_ties_between_the_points_of_the_coarser_grid_stay_ties():
    values = [1.26, 1.26, 2.52, 3.77, 3.77] * 10
    for scales in ((0.99, 10.3), (10.3, 0.99)):
        old, new = binned(*(numbers(values, scale) for scale in scales))
        assert old.tolist() == new.tolist()
