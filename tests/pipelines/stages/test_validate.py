import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stages.validate import is_first_number, validate

SCHEMA = {
    "query_id": pl.String,
    "document_id": pl.String,
    "time": pl.Int64,
    "position": pl.Int32,
}


def reasons(*rows):
    frame = pl.LazyFrame(rows, schema=SCHEMA, orient="row")
    return validate(frame).collect()["reason"].to_list()


def test_a_row_that_breaks_a_rule_is_given_the_first_one_it_breaks():
    got = reasons(
        ("q", "a", 1, 1),
        (None, None, 1, 1),
        ("q", None, 1, 1),
        ("q", "b", None, 1),
        ("q", "c", 1, None),
        ("q", "d", 1, 0),
    )
    assert got == [
        None,
        "query is null",
        "document is null",
        "time is null",
        "position is null or above 2147483647",
        "position is below 1",
    ]


def test_of_a_document_shown_twice_the_first_row_is_kept():
    again = "document is already in this query"
    assert reasons(("q", "a", 1, 1), ("q", "a", 1, 2), ("p", "a", 1, 1)) == [None, again, None]


def test_a_broken_row_does_not_count_as_the_first_showing():
    got = reasons(("q", "a", 1, 0), ("q", "a", 1, 1), ("q", "a", 1, 2))
    assert got == ["position is below 1", None, "document is already in this query"]


def test_an_empty_log_keeps_the_schema():
    frame = validate(pl.LazyFrame(schema=SCHEMA)).collect()
    assert frame.schema == pl.Schema({**SCHEMA, "reason": pl.String})


names = st.sampled_from(["a", "b", None])
rows = st.tuples(names, names, st.sampled_from([1, None]), st.integers(0, 2))


@given(st.lists(rows, max_size=20))
def test_usable_rows_have_no_nulls_and_no_duplicates_and_no_row_is_lost(log):
    frame = validate(pl.LazyFrame(log, schema=SCHEMA, orient="row")).collect()
    usable = frame.filter(pl.col("reason").is_null())
    assert frame.height == len(log)
    assert sum(usable.null_count().drop("reason").row(0)) == 0
    assert not usable.select("query_id", "document_id").is_duplicated().any()
    assert set(usable.select("query_id", "document_id").rows()) == {
        (query, document)
        for query, document, time, rank in log
        if query and document and time and rank
    }


@given(st.lists(st.integers(0, 9), max_size=30))
def test_the_first_of_each_number_is_found_as_polars_finds_it(numbers):
    column = pl.Series(numbers, dtype=pl.UInt64)
    assert is_first_number(column).to_list() == column.is_first_distinct().to_list()


def test_numbered_texts_get_the_reasons_that_texts_get():
    log = [
        ("q", "a", 1, 0),
        ("q", "a", 1, 1),
        (None, "a", 1, 1),
        ("q", "a", 1, 2),
        ("q", "b", 1, 1),
    ]
    texts = pl.LazyFrame(log, schema=SCHEMA, orient="row")
    numbered = texts.with_columns(
        pl.col("query_id").cast(pl.Enum(["q"])), pl.col("document_id").cast(pl.Enum(["a", "b"]))
    )
    expected = validate(texts).collect()["reason"]
    assert validate(numbered).collect()["reason"].equals(expected)
