import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.encoder._id_lists import as_lists, kept

rows = st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=8)


@settings(deadline=None)
@given(rows, st.integers(1, 4), st.booleans())
def test_a_row_keeps_its_first_or_lowest_ranks_in_order(ranks, most, by_rank):
    lengths = np.array([len(row) for row in ranks], np.int64)
    flat = np.array([rank for row in ranks for rank in row], np.int64)
    keeps = kept(lengths, most, flat if by_rank else None)
    expected = []
    for row in ranks:
        order = sorted(range(len(row)), key=lambda i: row[i] if by_rank else i)
        expected += [i in order[:most] for i in range(len(row))]
    assert keeps.tolist() == expected


@settings(deadline=None)
@given(rows)
def test_values_and_lengths_make_the_lists(values):
    flat = np.array([value for row in values for value in row], np.int64)
    assert as_lists(flat, np.array([len(row) for row in values], np.int64)).to_list() == values
