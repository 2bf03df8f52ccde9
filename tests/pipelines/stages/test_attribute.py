import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.config import Events
from pipelines.contracts import events_schema
from pipelines.errors import ConfigError
from pipelines.stages.attribute import (
    LATE,
    UNMATCHED,
    attribute,
    check_window,
    count,
    tally,
)

IMPRESSIONS = {
    "row": pl.UInt32,
    "session_id": pl.String,
    "document_id": pl.String,
    "time": pl.Int64,
    "reason": pl.String,
}


def named(**changes):
    names = {name: name for name in ("path", "session", "document", "time", "action")}
    return Events(**{**names, "counts": {"clicks": "click", "buys": "buy"}, **changes})


COUNTS = named()


def impressions(*rows):
    return pl.LazyFrame(rows, schema=IMPRESSIONS, orient="row")


def attributed(shown, *happened, names=COUNTS):
    schema = events_schema(pl.Int64(), names.values)
    return attribute(shown, pl.LazyFrame(happened, schema=schema, orient="row"), names)


def counted(shown, *happened, names=COUNTS):
    found = tally(attributed(shown, *happened, names=names), names)
    return count(shown, found, names).collect()


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
    got = counted(shown, *happened)
    assert got.select("row", "log/clicks", "log/buys").rows() == [(0, 2, 1), (1, 0, 0)]


def test_without_events_every_count_is_zero():
    shown = impressions((0, "v", "a", 10, None))
    got = counted(shown)
    assert got.select("log/clicks", "log/buys").rows() == [(0, 0)]


def test_an_event_later_than_the_window_is_late_and_counted_apart():
    shown = impressions((0, "v", "a", 10, None))
    happened = [("v", "a", 15, "click"), ("v", "a", 16, "click"), ("v", "a", 9, "click")]
    got = attributed(shown, *happened, names=named(window=5)).sort("time").collect()
    assert got["reason"].to_list() == [UNMATCHED, None, LATE]
    assert got["impression"].to_list() == [None, 0, None]


def test_a_window_in_time_is_measured_on_datetimes():
    shown = impressions((0, "v", "a", 0, None)).cast({"time": pl.Datetime("us")})
    happened = [("v", "a", 1_800_000_000, "click"), ("v", "a", 1_800_000_001, "buy")]
    events = pl.LazyFrame(happened, schema=events_schema(pl.Int64()), orient="row")
    events = events.cast({"time": pl.Datetime("us")})
    got = attribute(shown, events, named(window="30m")).collect()
    assert got["reason"].to_list() == [None, LATE]


@pytest.mark.parametrize(
    ("window", "time", "message"),
    [
        ("30m", pl.Int64(), r"events\.window: must be a whole number, as .*; got '30m'"),
        (30, pl.Datetime("us"), r"events\.window: must be a time span such as '30m', .*; got 30"),
    ],
)
def test_a_window_that_the_clock_cannot_measure_is_refused(window, time, message):
    with pytest.raises(ConfigError, match=message):
        check_window(named(window=window), time)


def test_values_of_an_action_are_added_up_and_their_largest_is_kept():
    dwell = {"action": "click", "value": "seconds"}
    names = named(sums={"dwell_s": dwell}, maxima={"longest_s": dwell})
    shown = impressions((0, "v", "a", 10, None), (1, "v", "b", 10, None), (2, "v", "c", 10, None))
    happened = [
        ("v", "a", 11, "click", 3.0),
        ("v", "a", 12, "click", 4.5),
        ("v", "a", 13, "buy", 100.0),
        ("v", "b", 11, "click", None),
    ]
    got = counted(shown, *happened, names=names)
    assert got["log/dwell_s"].to_list() == [7.5, 0, 0]
    assert got["log/longest_s"].to_list() == [4.5, None, None]
    assert got["log/clicks"].to_list() == [2, 1, 0]


@given(st.permutations([0.1, 0.2, 0.3, 1e9, -1e9, 0.7]))
def test_a_sum_does_not_depend_on_the_order_of_the_events(values):
    names = named(sums={"worth": {"action": "click", "value": "worth"}})
    shown = impressions((0, "v", "a", 10, None))
    got = counted(shown, *(("v", "a", 11, "click", one) for one in values), names=names)
    once = counted(shown, *(("v", "a", 11, "click", one) for one in sorted(values)), names=names)
    assert got["log/worth"].item() == once["log/worth"].item()


def test_an_action_whose_values_are_read_is_not_left_out():
    names = named(counts={}, sums={"worth": {"action": "buy", "value": "price"}})
    shown = impressions((0, "v", "a", 10, None))
    happened = [("v", "a", 11, "buy", 3.0), ("v", "a", 11, "click", 3.0)]
    got = attributed(shown, *happened, names=names).collect()
    assert got["reason"].to_list() == [None, "action is not counted"]


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
