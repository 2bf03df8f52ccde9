import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.contracts import PARTS
from pipelines.errors import LogError
from pipelines.stages.leakage import (
    from_the_future,
    parts_of_keys,
    refuse_future,
    refuse_shared_keys,
)
from pipelines.stages.vet import FUTURE
from tests.pipelines.job_tables import job

BY_KEY = job(leakage__key="text")
BY_COLUMN = job(split={"by": "column", "column": "fold"})


def rows(*triples):
    """Rows of (query, key, part)."""
    frame = pl.DataFrame(
        triples,
        schema={"query_id": pl.String, "list/key": pl.String, "part": pl.Enum(PARTS)},
        orient="row",
    )
    return frame.lazy()


def refuse(settings, *pieces, buckets=1):
    refuse_shared_keys([parts_of_keys(piece, settings) for piece in pieces], settings, buckets)


SHOES = rows(("a", "shoes", "train"), ("b", "hat", "train"), ("b", "hat", "train"))
LATER = rows(("c", "shoes", "test"), ("d", "coat", "test"), ("e", None, "test"))


@pytest.mark.parametrize("buckets", [1, 3])
def test_a_key_in_two_parts_fails_the_job_with_a_count_and_an_example(buckets):
    message = (
        r"^leakage: leakage\.key: no value of 'text' may be in two parts; "
        r"found 1 of 3 values in two parts, e\.g\. 'shoes' in train and test$"
    )
    with pytest.raises(LogError, match=message):
        refuse(BY_KEY, SHOES, LATER, buckets=buckets)
    with pytest.raises(LogError, match=message):
        refuse(BY_KEY, pl.concat([SHOES, LATER]))


def test_keys_in_one_part_each_are_fine():
    refuse(BY_KEY, SHOES, LATER.filter(pl.col("query_id") != "c"))


def test_a_null_key_and_a_row_without_a_part_are_in_no_part():
    refuse(BY_KEY, SHOES, rows(("c", None, "test"), ("d", "shoes", None), ("e", None, "train")))


def test_nothing_is_refused_where_nothing_was_asked():
    refuse(job(), SHOES, LATER, rows(("a", "x", "train"), ("a", "x", "test")))
    refuse(BY_KEY, SHOES.clear())


def test_a_list_that_a_column_puts_into_two_parts_fails_the_job():
    split_in_two = rows(("a", None, "train"), ("a", None, "validation"), ("b", None, "test"))
    message = (
        r"^leakage: split\.column: 'fold' must name one part for a whole list; "
        r"found 1 in two parts, e\.g\. 'a' in train and validation$"
    )
    with pytest.raises(LogError, match=message):
        refuse(BY_COLUMN, SHOES, split_in_two)
    refuse(BY_COLUMN, SHOES, LATER)


key_rows = st.tuples(st.sampled_from("abcde"), st.sampled_from("xyz"), st.sampled_from(PARTS))


@settings(deadline=None)
@given(st.lists(key_rows, max_size=12), st.integers(1, 3))
def test_what_is_refused_hangs_neither_on_pieces_nor_on_buckets(triples, buckets):
    def outcome(pieces, buckets):
        try:
            refuse(BY_KEY, *pieces, buckets=buckets)
        except LogError as error:
            return str(error)
        return None

    whole = rows(*triples)
    pieces = [whole.filter(pl.col("query_id") < "c"), whole.filter(pl.col("query_id") >= "c")]
    assert outcome([whole], 1) == outcome(pieces, buckets)
    parts = {key: {part for _, other, part in triples if other == key} for _, key, _ in triples}
    assert (outcome([whole], 1) is None) == all(len(found) == 1 for found in parts.values())


def piece(first_row, *reasons):
    frame = pl.DataFrame(
        {
            "row": range(first_row, first_row + len(reasons)),
            "reason": reasons,
            "time": [5] * len(reasons),
            "list/known_at": [9] * len(reasons),
        },
        schema_overrides={"reason": pl.String},
    )
    return from_the_future(frame.lazy())


PIECES = [piece(3, FUTURE, None), piece(0, None, FUTURE, "time is null"), piece(5)]


def test_features_from_the_future_fail_the_job_with_a_count_and_an_example():
    message = (
        r"^leakage: leakage\.known_at: 'computed' must not be later than 'shown'; "
        r"found 2 of 5 rows where it is, e\.g\. row 1, known at 9 and shown at 5$"
    )
    with pytest.raises(LogError, match=message):
        refuse_future(PIECES, job(leakage__known_at=["computed"]))


def test_features_from_the_future_are_tolerated_up_to_a_share_of_the_rows():
    refuse_future(PIECES, job(leakage={"known_at": ["computed"], "tolerance": 0.4}))
    with pytest.raises(LogError, match="2 of 5 rows"):
        refuse_future(PIECES, job(leakage={"known_at": ["computed"], "tolerance": 0.39}))


def test_a_log_that_knows_nothing_of_the_future_is_fine():
    refuse_future([piece(0, None, None), piece(2)], job(leakage__known_at=["computed"]))
