from datetime import UTC, date, datetime

import polars as pl
import pytest

from pipelines.contracts import events_schema, impressions_schema
from pipelines.errors import ConfigError, LogError
from pipelines.stages.read import check_clocks, read_events, read_impressions
from tests.pipelines.job_tables import as_file, events, job, log


def test_columns_get_the_pipelines_names_and_types():
    frame = read_impressions(as_file(log().lazy()), job())
    schema = impressions_schema(job().features, pl.Int64())
    assert frame.collect_schema() == schema
    assert frame.collect()["row"].to_list() == list(range(30))


def test_columns_that_rules_read_come_along_under_their_own_names():
    only_items = {"ids": ["item"]}
    rules = [{"grade": 1, "when": "price > 0"}]
    graded = job(events=None, log__session=None, grades=rules, features__document=only_items)
    frame = read_impressions(as_file(log().lazy()), graded).collect()
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
    with pytest.raises(LogError, match=rf"log.parquet: {key} names column '{column}'; found .*"):
        read_impressions(as_file(log().lazy().drop(column)), job())


def test_a_column_that_only_a_rule_names_is_missed_under_the_rules_key():
    wanting = job(grades=[{"grade": 1, "when": "clicks > 0 AND dwell > 3"}])
    with pytest.raises(LogError, match=r"grades\[0\]\.when names column 'dwell'"):
        read_impressions(as_file(log().lazy()), wanting)


@pytest.mark.parametrize(
    ("column", "dtype", "message"),
    [
        ("request", pl.Float64, r"log\.query: column 'request' must hold text, whole"),
        ("shown", pl.Float64, r"log\.time: .*datetimes, dates, ISO text or .*; found Float64"),
        ("rank", pl.Float32, r"log\.position: .*whole numbers; found Float32"),
        ("price", pl.String, r"features\.document: column 'price' must hold numbers; found String"),
    ],
)
def test_a_column_of_another_type_is_refused(column, dtype, message):
    numbered = log().with_columns(request=pl.int_range(pl.len()))
    with pytest.raises(LogError, match=message):
        read_impressions(as_file(numbered.lazy().cast({column: dtype})), job())


def test_a_plain_column_is_no_id_list():
    with pytest.raises(LogError, match=r"'item' must hold lists of text, whole numbers"):
        read_impressions(as_file(log().lazy()), job(features__document={"id_lists": ["item"]}))


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 1, 12)),
        (date(2026, 3, 1), datetime(2026, 3, 1)),
    ],
)
def test_dates_and_datetimes_become_datetimes_without_a_zone(value, want):
    frame = log(1, 1).with_columns(shown=pl.lit(value))
    assert read_impressions(as_file(frame.lazy()), job()).collect()["time"].to_list() == [want]


def test_whole_number_ids_become_text():
    frame = log(1, 1).with_columns(item=pl.lit(7))
    assert read_impressions(as_file(frame.lazy()), job()).collect()["document_id"].to_list() == [
        "7"
    ]


def test_an_event_count_must_not_hide_a_column_of_the_log():
    with pytest.raises(ConfigError, match=r"events\.counts\.clicks: must not be a column"):
        read_impressions(as_file(log().lazy().with_columns(clicks=0)), job())


def test_events_are_named_and_typed():
    names = job().events
    assert names is not None
    frame = read_events(as_file(events()), names, pl.Int64())
    assert frame.collect_schema() == events_schema(pl.Int64())


def test_events_must_tell_time_as_the_log_does():
    names = job().events
    assert names is not None
    with pytest.raises(LogError, match=r"events\.time: column 'at' must tell time as .*Int64"):
        read_events(as_file(events()), names, pl.Datetime("us"))


def test_files_may_differ_in_unused_columns_and_in_the_width_of_numbers():
    first = log(1).with_columns(unused=1).cast({"rank": pl.Int8, "price": pl.Float32})
    later = log(1).cast({"rank": pl.Int64, "shown": pl.Int32, "request": pl.Categorical})
    frame = read_impressions([*as_file(first), *as_file(later)], job()).collect()
    assert frame["position"].to_list() == [1, 2, 3, 1, 2, 3]
    assert frame["row"].to_list() == list(range(6))


def test_files_that_tell_time_in_two_ways_are_refused():
    dated = log(1).with_columns(shown=pl.lit(date(2026, 3, 1)))
    with pytest.raises(LogError, match=r"log\.time must be of one kind in all files; found Date"):
        read_impressions([*as_file(log(1)), *as_file(dated)], job())


def test_a_misspelt_column_is_answered_with_the_nearest():
    with pytest.raises(LogError, match=r"names column 'requst'; found .* did you mean 'request'\?"):
        read_impressions(as_file(log()), job(log__query="requst"))


@pytest.mark.parametrize("name", ["*", "^pri.*$"])
def test_a_column_named_like_a_pattern_is_not_read_as_one(name):
    frame = log().rename({"price": name})
    with pytest.raises(LogError, match=r"must name one column; found .* a pattern to polars"):
        read_impressions(as_file(frame), job(features__document={"numbers": [name]}))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-03-01T12:00:00", datetime(2026, 3, 1, 12)),
        ("2026-03-01 12:00:00", datetime(2026, 3, 1, 12)),
        ("2026-03-01T12:00:00Z", datetime(2026, 3, 1, 12)),
        ("2026-03-01T12:00:00+02:00", datetime(2026, 3, 1, 10)),
        ("soon", None),
    ],
)
def test_iso_text_is_a_time(text, want):
    frame = log(1, 1).with_columns(shown=pl.lit(text))
    assert read_impressions(as_file(frame), job()).collect()["time"].to_list() == [want]


def test_columns_of_nulls_and_of_booleans_are_read():
    frame = log(1, 2).with_columns(
        user=pl.lit(None), price=pl.lit(None), tags=pl.lit(None), item=pl.Series([True, False])
    )
    got = read_impressions(as_file(frame), job()).collect()
    assert got["document_id"].to_list() == ["true", "false"]
    assert (
        got.select("query/user", "document/price", "document/tags").null_count().row(0) == (2,) * 3
    )


def test_the_model_must_not_see_what_the_grade_is_made_from():
    leaking = job(events=None, log__session=None, grades=[{"grade": 1, "when": "price > 0"}])
    with pytest.raises(ConfigError, match=r"features\.document: must not .*grades\[0\].*'price'"):
        read_impressions(as_file(log()), leaking)


def test_only_one_of_two_clocks_with_a_zone_is_refused():
    zoned = log().with_columns(pl.from_epoch("shown").dt.replace_time_zone("Europe/Berlin"))
    naive = events().with_columns(pl.from_epoch("at"))
    with pytest.raises(LogError, match="both have a time zone, or neither; found a zone in log"):
        check_clocks(as_file(zoned), as_file(naive), job())
    check_clocks(as_file(log()), as_file(events()), job())
