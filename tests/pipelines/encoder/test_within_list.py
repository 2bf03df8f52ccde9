import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.config import Column
from pipelines.encoder._within_list import Lists

values = st.floats(-3e38, 3e38) | st.sampled_from([0.0, -0.0, 1.0, 0.1, 1e-300, float("nan")])
rows = st.lists(st.tuples(st.sampled_from(["q1", "q2", "q3", None]), values), max_size=25)


def scaled(table, scale, deviations=10.0):
    queries = pl.Series([query for query, _ in table], dtype=pl.String)
    numbers = np.array([value for _, value in table], np.float64)
    return Lists.of(queries).scaled(numbers, Column(scale=scale, deviations=deviations))


def by_loop(table, scale, deviations):
    expected = []
    for query, value in table:
        own = np.array([v for q, v in table if q == query and not np.isnan(v)])
        if np.isnan(value) or own.min() == own.max():
            expected.append(0.0)
        elif scale == "list_minmax":
            expected.append((value - own.min()) / (own.max() - own.min()))
        else:
            z = (value - own.mean()) / (own.std() or 1.0)
            expected.append(np.clip(z, -deviations, deviations))
    return expected


few = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 1.0, 2.5, -7.0, 0.1, float("nan")])),
    max_size=20,
)


@pytest.mark.parametrize("scale", ["list_minmax", "list_standard"])
@settings(deadline=None)
@given(few, st.sampled_from([1.0, 10.0]))
def test_it_agrees_with_a_loop_over_the_lists(scale, table, deviations):
    got = scaled(table, scale, deviations).tolist()
    assert got == pytest.approx(by_loop(table, scale, deviations))


@pytest.mark.parametrize("scale", ["list_minmax", "list_standard"])
@settings(deadline=None)
@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit_and_all_is_finite(scale, table, random):
    got = scaled(table, scale)
    order = random.sample(range(len(table)), len(table))
    again = scaled([table[i] for i in order], scale)
    assert again.tobytes() == got[order].tobytes()
    assert np.isfinite(got).all()


def test_a_value_that_is_far_from_the_others_is_cut_off():
    table = [("q", 0.0)] * 99 + [("q", 1.0)]
    assert scaled(table, "list_standard", 3.0).tolist()[-1] == 3.0
