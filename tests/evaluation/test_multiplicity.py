import math

import numpy as np
import pytest

from ltr.evaluation import holm


def test_the_formula_written_out():
    # Sorted: 4 x 0.01, 3 x 0.02, 2 x 0.03 = 0.06 is not below 3 x 0.02, 1 x 0.5.
    assert holm([0.5, 0.01, 0.03, 0.02]).tolist() == pytest.approx([0.5, 0.04, 0.06, 0.06])


def test_a_later_test_is_never_worth_more_than_an_earlier_one():
    assert holm([0.02, 0.021]).tolist() == pytest.approx([0.04, 0.04])


def test_nothing_exceeds_one():
    assert holm([0.6, 0.7, 1.0]).tolist() == [1, 1, 1]


def test_a_slice_without_a_test_is_not_counted():
    found = holm([0.03, math.nan, 0.02])
    assert found[[0, 2]].tolist() == pytest.approx([0.04, 0.04])
    assert math.isnan(found[1])


def test_no_test_and_one_test_need_no_correction():
    assert holm([]).tolist() == []
    assert holm([0.04]).tolist() == [0.04]


def test_a_false_find_is_as_rare_as_it_says_over_all_tests():
    p_values = np.random.default_rng(0).random((2_000, 20))
    found = np.mean([holm(row).min() < 0.05 for row in p_values])
    assert found == pytest.approx(0.05, abs=5 * (0.05 * 0.95 / 2_000) ** 0.5)


@pytest.mark.parametrize(
    ("p_values", "message"),
    [
        ([[0.1]], r"p_values must be \[tests\]; got shape \[1, 1\]"),
        ([0.1, 1.5], "p_values must lie between 0 and 1; got 1.5"),
    ],
)
def test_what_is_no_p_value_is_refused(p_values, message):
    with pytest.raises(ValueError, match=message):
        holm(p_values)
