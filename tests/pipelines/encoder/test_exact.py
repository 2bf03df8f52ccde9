import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoder._exact import Moments

LARGEST = 3.4e38
numbers = st.lists(
    st.floats(-LARGEST, LARGEST) | st.floats(-1e3, 1e3) | st.sampled_from([0.0, -0.0, 5e-324]),
    max_size=30,
)


def of(values):
    return Moments.of(np.array(values, np.float64))


@settings(deadline=None)
@given(numbers)
def test_sum_range_and_mean_are_exact(values):
    moments = of(values)
    assert moments.count == len(values)
    assert moments.total == sum(map(Fraction, values))
    if values:
        assert (moments.minimum, moments.maximum) == (min(values), max(values))
        assert moments.mean == float(sum(map(Fraction, values)) / len(values))


@settings(deadline=None)
@given(st.lists(st.floats(-1e30, 1e30).filter(lambda x: x == 0 or abs(x) > 1e-100), max_size=30))
def test_squares_are_exact_where_they_do_not_vanish(values):
    assert of(values).squares == sum(Fraction(value) ** 2 for value in values)


@settings(deadline=None)
@given(numbers, st.randoms(use_true_random=False), st.integers(1, 5))
def test_any_order_and_any_parts_give_the_same(values, random, parts):
    shuffled = random.sample(values, len(values))
    assert Moments.merge(of(shuffled[i::parts]) for i in range(parts)) == of(values)


def test_more_values_than_are_added_at_once_are_added_all():
    values = np.random.default_rng(0).lognormal(size=200_000)
    assert Moments.of(values).total == sum(map(Fraction, values.tolist()))


def test_a_small_deviation_far_from_zero_is_not_lost():
    seconds = 1.7e9 + np.random.default_rng(0).normal(size=10_000)
    assert Moments.of(seconds).deviation == pytest.approx((seconds - 1.7e9).std(), rel=1e-6)


@pytest.mark.parametrize("values", [[], [7.0], [0.1] * 252, [0.0, -0.0], [0.0, 1e-300]])
def test_what_does_not_vary_has_a_deviation_that_can_divide(values):
    assert of(values).deviation == 1.0


@settings(deadline=None)
@given(numbers)
def test_what_is_read_back_is_what_was_written(values):
    assert Moments.from_plain(of(values).plain()) == of(values)


def test_no_values_have_mean_zero():
    assert (of([]).mean, of([]).minimum) == (0.0, math.inf)
