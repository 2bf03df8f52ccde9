import polars as pl

from pipelines.config import ListLimits
from pipelines.stages.limit import LONG, SHORT, limit

LIMITS = ListLimits(min_documents=2, max_documents=3)


def reasons(queries, broken=()):
    marks = ["broken" if row in broken else None for row in range(len(queries))]
    frame = pl.LazyFrame({"query_id": list(queries), "reason": pl.Series(marks, dtype=pl.String)})
    return limit(frame, LIMITS).collect()["reason"].to_list()


def test_lists_outside_the_limits_are_left_out_whole():
    assert reasons("abbccccbd") == [SHORT, None, None, LONG, LONG, LONG, LONG, None, SHORT]


def test_only_usable_rows_count_towards_a_lists_length():
    assert reasons("aaaa", broken={0}) == ["broken", None, None, None]
    assert reasons("aa", broken={0}) == ["broken", SHORT]
