import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import Parts
from pipelines.stages.split import split

SHARES = Parts(validation=0.2, test=0.3)


def parted(times, queries, reasons=None):
    reasons = reasons or [None] * len(times)
    frame = pl.LazyFrame(
        {"query_id": queries, "time": times, "reason": reasons},
        schema={"query_id": pl.String, "time": pl.Int64, "reason": pl.String},
    )
    return split(frame, SHARES).collect()


def test_the_latest_lists_are_tested_and_the_ones_before_them_validate():
    got = parted(list(range(10)), [f"q{i}" for i in range(10)])["part"].to_list()
    assert got == ["train"] * 5 + ["validation"] * 2 + ["test"] * 3


def test_a_list_goes_where_its_first_document_goes():
    got = parted([0, 1, 2, 9, 3, 4], ["a", "b", "c", "a", "d", "e"])
    assert got.filter(pl.col("query_id") == "a")["part"].to_list() == ["train", "train"]
    assert got.filter(pl.col("query_id") == "a")["list_time"].to_list() == [0, 0]


def test_an_unusable_row_has_no_part_and_moves_no_list():
    got = parted([5, 0, 1], ["a", "a", "b"], [None, "broken", None])
    assert got["part"].to_list()[1] is None
    assert got["list_time"].to_list() == [5, None, 1]


def test_nothing_usable_leaves_no_parts():
    assert parted([1, 2], ["a", "b"], ["broken", "broken"])["part"].to_list() == [None, None]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), min_size=1, max_size=30))
def test_no_list_and_no_moment_is_in_two_parts_and_parts_follow_each_other_in_time(rows):
    got = parted([time for time, _ in rows], [f"q{query}" for _, query in rows])
    assert got["part"].null_count() == 0
    assert got.group_by("query_id").agg(pl.col("part").n_unique())["part"].max() == 1
    assert got.group_by("list_time").agg(pl.col("part").n_unique())["part"].max() == 1
    ordered = got.sort("list_time")["part"].cat.physical().to_list()
    assert ordered == sorted(ordered)
