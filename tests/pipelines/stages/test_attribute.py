import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.contracts import events_schema
from pipelines.stages.attribute import UNMATCHED, attribute, count

IMPRESSIONS = {
    "row": pl.UInt32,
    "session_id": pl.String,
    "document_id": pl.String,
    "time": pl.Int64,
    "reason": pl.String,
}
COUNTS = {"clicks": "click", "buys": "buy"}


def impressions(*rows):
    return pl.LazyFrame(rows, schema=IMPRESSIONS, orient="row")


def attributed(shown, *happened):
    events = pl.LazyFrame(happened, schema=events_schema(pl.Int64()), orient="row")
    return attribute(shown, events, COUNTS)


def test_an_event_belongs_to_the_latest_impression_at_or_before_it():
    shown = impressions((0, "v", "a", 10, None), (1, "v", "a", 20, None), (2, "v", "a", 30, None))
    got = attributed(shown, ("v", "a", 20, "click"), ("v", "a", 29, "buy")).collect()
    assert got["impression"].to_list() == [1, 1]


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (("v", "a", 9, "click"), UNMATCHED),
        (("v", "b", 10, "click"), UNMATCHED),
        (("w", "a", 10, "click"), UNMATCHED),
        (("v", "a", 10, "hover"), "action is not counted"),
        ((None, "a", 10, "click"), "session is null"),
        (("v", None, 10, "click"), "document is null"),
        (("v", "a", None, "click"), "time is null"),
        (("v", "a", 10, None), "action is null"),
    ],
)
def test_an_event_that_cannot_be_attributed_says_why(event, reason):
    assert (
        attributed(impressions((0, "v", "a", 10, None)), event).collect()["reason"].item() == reason
    )


def test_an_unusable_impression_attracts_no_event():
    shown = impressions((0, "v", "a", 10, None), (1, "v", "a", 20, "position is below 1"))
    assert attributed(shown, ("v", "a", 25, "click")).collect()["impression"].item() == 0


def test_a_null_session_matches_no_null_session():
    shown = impressions((0, None, "a", 10, None))
    assert (
        attributed(shown, (None, "a", 11, "click")).collect()["reason"].item() == "session is null"
    )


def test_of_two_impressions_at_one_time_the_later_row_is_taken():
    shown = impressions((7, "v", "a", 10, None), (3, "v", "a", 10, None))
    assert attributed(shown, ("v", "a", 10, "click")).collect()["impression"].item() == 7


def test_events_are_counted_per_impression_and_action():
    shown = impressions((0, "v", "a", 10, None), (1, "v", "b", 10, None))
    happened = [("v", "a", 11, "click"), ("v", "a", 12, "click"), ("v", "a", 13, "buy")]
    got = count(shown, attributed(shown, *happened), COUNTS).collect()
    assert got.select("row", "log/clicks", "log/buys").rows() == [(0, 2, 1), (1, 0, 0)]


def test_without_events_every_count_is_zero():
    shown = impressions((0, "v", "a", 10, None))
    got = count(shown, attributed(shown), COUNTS).collect()
    assert got.select("log/clicks", "log/buys").rows() == [(0, 0)]


name, time = st.sampled_from("ab"), st.integers(0, 6)


@given(
    st.lists(st.tuples(name, name, time), max_size=12),
    st.lists(st.tuples(name, name, time), max_size=12),
)
def test_attribution_agrees_with_a_loop(shown, happened):
    got = attributed(
        impressions(*((row, *one, None) for row, one in enumerate(shown))),
        *((*one, "click") for one in happened),
    ).collect()
    for session, document, when, impression in got.select(
        "session_id", "document_id", "time", "impression"
    ).rows():
        fitting = [
            (shown_at, row)
            for row, (visit, item, shown_at) in enumerate(shown)
            if (visit, item) == (session, document) and shown_at <= when
        ]
        assert impression == (max(fitting)[1] if fitting else None)
    assert got.height == len(happened)
