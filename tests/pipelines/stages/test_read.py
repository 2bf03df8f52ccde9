from datetime import UTC, date, datetime

import polars as pl
import pytest

from pipelines.contracts import events_schema, impressions_schema
from pipelines.errors import ConfigError, LogError
from pipelines.stages.read import read_events, read_impressions
from tests.pipelines.job_tables import events, job, log


def test_columns_get_the_pipelines_names_and_types():
    frame = read_impressions(log().lazy(), job())
    schema = impressions_schema(job().features, pl.Int64())
    assert frame.collect_schema() == schema
    assert frame.collect()["row"].to_list() == list(range(30))


def test_columns_that_rules_read_come_along_under_their_own_names():
    graded = job(events=None, log__session=None, grades=[{"grade": 1, "when": "price > 0"}])
    frame = read_impressions(log().lazy(), graded).collect()
    assert frame["log/price"].to_list() == log()["price"].to_list()


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("log.query", "request"),
        ("log.position", "rank"),
        ("features.query", "user"),
        ("features.document", "tags"),
    ],
)
def test_a_missing_column_is_named_with_its_key(key, column):
    with pytest.raises(LogError, match=rf"{key} names column '{column}' of the log; found .*"):
        read_impressions(log().lazy().drop(column), job())


def test_a_column_that_only_a_rule_names_is_missed_under_the_rules_key():
    wanting = job(grades=[{"grade": 1, "when": "clicks > 0 AND dwell > 3"}])
    with pytest.raises(LogError, match=r"grades\[0\]\.when names column 'dwell'"):
        read_impressions(log().lazy(), wanting)


@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [
        ("request", pl.Float64, r"log\.query: column 'request' must hold text or whole numbers"),
        ("shown", pl.Float64, r"log\.time: .*datetimes, dates or whole numbers; found Float64"),
        ("rank", pl.Float32, r"log\.position: .*whole numbers; found Float32"),
        ("price", pl.String, r"features\.document: column 'price' must hold numbers; found String"),
    ],
)
def test_a_column_of_another_type_is_refused(column, dtype, message):
    numbered = log().with_columns(request=pl.int_range(pl.len()))
    with pytest.raises(LogError, match=message):
        read_impressions(numbered.lazy().cast({column: dtype}), job())


def test_a_plain_column_is_no_id_list():
    with pytest.raises(LogError, match=r"'item' must hold lists of text or whole numbers"):
        read_impressions(log().lazy(), job(features__document={"id_lists": ["item"]}))


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12)),
        (date(2026, 3, 1), datetime(2026, 3, 1)),
    ],
)
def test_dates_and_datetimes_become_datetimes_without_a_zone(value, want):
    frame = log(1, 1).with_columns(shown=pl.lit(value))
    assert read_impressions(frame.lazy(), job()).collect()["time"].to_list() == [want]


def test_whole_number_ids_become_text():
    frame = log(1, 1).with_columns(item=pl.lit(7))
    assert read_impressions(frame.lazy(), job()).collect()["document_id"].to_list() == ["7"]


def test_an_event_count_must_not_hide_a_column_of_the_log():
    with pytest.raises(ConfigError, match=r"events\.counts\.clicks: must not be a column"):
        read_impressions(log().lazy().with_columns(clicks=0), job())


def test_events_are_named_and_typed():
    names = job().events
    assert names is not None
    frame = read_events(events().lazy(), names, pl.Int64())
    assert frame.collect_schema() == events_schema(pl.Int64())


def test_events_must_tell_time_as_the_log_does():
    names = job().events
    assert names is not None
    with pytest.raises(LogError, match=r"read events: column 'time' must be Datetime.*Int64"):
        read_events(events().lazy(), names, pl.Datetime("us"))
