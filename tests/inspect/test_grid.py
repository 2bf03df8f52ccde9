import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.inspect.grid import Numbers

VALUES = st.lists(st.floats(-10, 10, width=32), max_size=40)


def scaled(mean, deviation):
    return lambda stored: stored * deviation + mean


def counted(unscale, *parts):
    numbers = Numbers.empty(unscale)
    for part in parts:
        numbers.add(np.array(part, dtype=np.float32))
    return numbers


@given(VALUES, VALUES)
def test_parts_merge_to_the_whole(one, other):
    unscale = scaled(50, 20)
    together, apart = counted(unscale, one + other), counted(unscale, one)
    apart.merge(counted(unscale, other))
    assert apart.points.tolist() == together.points.tolist()
    assert apart.counts.tolist() == together.counts.tolist()
    assert apart.total == len(one) + len(other)


@given(st.lists(st.floats(-10, 10, width=32), min_size=1))
def test_quantiles_are_within_a_hundredth_of_a_deviation(stored):
    numbers = counted(scaled(50, 20), stored)
    raw = np.array(stored, dtype=np.float32).astype(float) * 20 + 50
    for share in (0, 0.1, 0.5, 0.9, 1):
        exact = np.quantile(raw, share, method="inverted_cdf")
        assert numbers.quantile(share) == pytest.approx(exact, abs=0.2)


@pytest.mark.parametrize(("mean", "deviation"), [(12.3, 4.56), (0.1, 9.99), (700.0, 3.3)])
def test_a_number_of_the_log_comes_back_whatever_it_was_scaled_with(mean, deviation):
    raw = np.array([5.2, 5.2, 0.3, -1.7, 12.0, 0.0])
    numbers = counted(scaled(mean, deviation), (raw - mean) / deviation)
    assert numbers.points.tolist() == [-1.7, 0.0, 0.3, 5.2, 12.0]
    assert numbers.counts.tolist() == [1, 1, 1, 2, 1]


def test_a_large_number_with_a_small_spread_keeps_its_spread():
    numbers = counted(scaled(1.7e9, 1e5), np.linspace(-2, 2, 1001))
    assert len(numbers.points) > 300
    assert numbers.quantile(0.5) == pytest.approx(1.7e9, abs=1e3)


def test_far_from_the_centre_the_grid_gets_coarser_so_that_it_stays_small():
    numbers = counted(np.expm1, np.linspace(0, 30, 100_000))
    assert len(numbers.points) < 100_000
    assert numbers.quantile(0.5) == pytest.approx(np.expm1(15), rel=0.01)


def test_a_column_that_never_varies_is_one_point():
    assert counted(scaled(7, 1.0), [0.0] * 3).points.tolist() == [7.0]


def test_no_number_has_no_quantile_and_no_mean():
    empty = counted(scaled(0, 1))
    assert empty.quantile(0.5) is None
    assert empty.mean() is None


def test_a_finer_grid_can_be_counted_on_a_coarser_one():
    coarse = counted(scaled(0, 1), [0.11, 0.13, 0.52]).coarsened(-1)
    assert coarse.points.tolist() == [0.1, 0.5]
    assert coarse.counts.tolist() == [2, 1]
