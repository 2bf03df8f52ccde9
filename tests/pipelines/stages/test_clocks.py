from datetime import datetime

import polars as pl
import pytest

from pipelines.errors import LogError
from pipelines.sources import LogFile
from pipelines.stages.clocks import is_from
from pipelines.stages.read import check_clocks, numbered, place, read_impressions, read_parts
from pipelines.stages.validate import validate
from tests.pipelines.job_tables import as_file, events, job, log

NOON = 1_795_262_400  # 2026-11-21 12:00 UTC
PER_SECOND = [1, 10**3, 10**6, 10**9]


def at(folder, name, *times):
    frame = log(len(times), 1).with_columns(shown=pl.Series(times))
    return LogFile(folder / name, frame.lazy())


def test_seconds_in_one_file_and_milliseconds_in_another_are_refused(tmp_path):
    files = [at(tmp_path, "a.parquet", NOON), at(tmp_path, "b.parquet", NOON * 1000)]
    message = r"seconds in a.parquet \(log.time\) and milliseconds in b.parquet \(log.time\)"
    with pytest.raises(LogError, match=rf"must be of one unit in all files; found {message}"):
        check_clocks(files, as_file(events()), job())


def test_events_must_be_in_the_unit_of_the_log(tmp_path):
    late = as_file(events().with_columns(at=pl.lit(NOON * 10**6)))
    with pytest.raises(LogError, match=r"seconds in a.parquet .* microseconds in .*events"):
        check_clocks([at(tmp_path, "a.parquet", NOON)], late, job())


def test_a_few_wrong_times_do_not_make_a_unit(tmp_path):
    files = [at(tmp_path, "a.parquet", NOON, NOON, 5, None), at(tmp_path, "b.parquet", NOON)]
    check_clocks(files, as_file(events()), job())


def test_numbers_that_only_count_have_no_unit(tmp_path):
    files = [at(tmp_path, "a.parquet", 1, 2, 3), at(tmp_path, "b.parquet", NOON)]
    check_clocks(files, as_file(events()), job())


def late(times, end=datetime(2026, 11, 21)):
    frame = pl.LazyFrame({"time": times})
    return (
        frame.select(is_from(end, frame.collect_schema()["time"])).collect().to_series().to_list()
    )


@pytest.mark.parametrize("per_second", PER_SECOND)
def test_whole_numbers_after_the_last_day_are_late_in_any_unit(per_second):
    midnight = (NOON - 12 * 3600) * per_second
    assert late([midnight - 1, midnight, midnight * 4, None]) == [False, True, True, None]


def test_datetimes_after_the_last_day_are_late_and_counters_are_not():
    assert late([datetime(2026, 11, 20, 23, 59), datetime(2026, 11, 21)]) == [False, True]
    assert late([1, 10**6]) == [False, False]


def test_a_row_from_after_the_last_day_is_rejected_with_its_reason():
    end = job(date="2026-11-20", log__days=1).end
    days = [datetime(2026, 11, 20, 23), datetime(2026, 11, 21)]
    frame = log(2, 1).with_columns(shown=pl.Series(days))
    rows = validate(read_impressions(as_file(frame), job()), end).collect()
    assert rows["reason"].to_list() == [None, "time is after the last day of the window"]


def test_without_a_column_of_time_and_position_the_order_of_the_rows_is_both():
    bare = job(log__time=None, log__position=None, events=None, log__session=None,
               grades=[{"grade": 1, "when": "rank = 2"}])  # fmt: skip
    rows = read_impressions(as_file(log(2, 2)), bare).collect()
    assert rows.select("time", "position").rows() == [(0, 1), (1, 2), (2, 1), (3, 2)]


def test_parts_of_a_log_are_placed_as_the_whole_of_it():
    bare = job(log__time=None, log__position=None, events=None, log__session=None,
               grades=[{"grade": 1, "when": "rank = 2"}])  # fmt: skip
    whole = read_impressions(as_file(log(4, 3)), bare).collect()
    (part,) = read_parts(as_file(log(4, 3)), bare)
    rows = numbered(part.rows)
    for query in ("q1", "q3"):
        mine = place(rows.filter(pl.col("query_id") == query).reverse(), bare).collect()
        assert mine.sort("row").equals(whole.filter(pl.col("query_id") == query))
