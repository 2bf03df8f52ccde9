"""Delta tables and addresses in object stores."""

from datetime import date
from pathlib import Path

import deltalake
import polars as pl
import pytest

from pipelines.config import parse_job
from pipelines.errors import LogError
from pipelines.sources import _delta, open_log, scan
from tests.pipelines.job_tables import log, table


def windowed(path, **changes):
    return parse_job(table(log__path=path, log__days=2, date="2026-11-21", **changes))


@pytest.fixture
def delta(tmp_path):
    days = pl.DataFrame({"date": [date(2026, 11, day) for day in range(18, 22)]})
    rows = days.join(log(1), how="cross")
    deltalake.write_deltalake(str(tmp_path / "table"), rows.to_arrow(), partition_by=["date"])
    return tmp_path / "table"


def test_a_delta_table_is_read_in_its_latest_version(delta):
    deltalake.DeltaTable(str(delta)).delete("rank > 1")
    (file,) = scan(delta)
    assert file.path == delta
    assert file.rows.collect().height == 4


def test_a_window_of_a_delta_table_opens_no_other_partition(delta):
    for day in (18, 19):
        for file in (delta / f"date=2026-11-{day}").iterdir():
            file.write_bytes(b"no log")
    opened = open_log(windowed(str(delta)), Path())
    assert opened.days == (date(2026, 11, 20), date(2026, 11, 21))
    assert opened.files[0].rows.collect().height == 6


def test_a_delta_table_without_days_has_no_window(tmp_path):
    deltalake.write_deltalake(str(tmp_path / "table"), log(1).to_arrow())
    with pytest.raises(LogError, match=r"must have a column 'date' of dates, .*no such column"):
        open_log(windowed("table"), tmp_path)


def test_a_broken_delta_table_is_named(tmp_path):
    (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    with pytest.raises(LogError, match=r"read: .*table must be a readable Delta table; found"):
        scan(tmp_path / "table")


def test_without_the_extra_its_name_is_told(delta, monkeypatch):
    monkeypatch.setattr(_delta, "find_spec", lambda _: None)
    with pytest.raises(LogError, match=r"is a Delta table: pip install 'ltr\[delta\]'; found no"):
        scan(delta)


def answer(asked, source):
    asked.append(source)
    return log(1).lazy()


@pytest.mark.parametrize(
    ("url", "scanner"),
    [
        ("s3://bucket/log/*.parquet", "scan_parquet"),
        ("gs://bucket/log/", "scan_parquet"),
        ("az://container/log.arrow", "scan_ipc"),
        ("hf://datasets/team/log/log.csv.gz", "scan_csv"),
        ("https://host/log.ndjson", "scan_ndjson"),
    ],
)
def test_an_address_reaches_polars_as_it_is(monkeypatch, url, scanner):
    asked: list[str] = []
    monkeypatch.setattr(pl, scanner, lambda source, **_: answer(asked, source))
    (file,) = scan(url)
    assert set(asked) == {url}
    assert file.rows.collect().height == 3


def test_an_address_with_a_day_is_one_unit_a_day(monkeypatch, tmp_path):
    asked: list[str] = []
    monkeypatch.setattr(pl, "scan_parquet", lambda source: answer(asked, source))
    opened = open_log(windowed("s3://bucket/{date}/*.parquet"), tmp_path)
    assert asked == ["s3://bucket/2026-11-20/*.parquet", "s3://bucket/2026-11-21/*.parquet"]
    assert len(opened.files) == 2


def test_a_window_of_an_address_goes_by_the_column_date(monkeypatch, tmp_path):
    days = pl.LazyFrame({"date": [date(2026, 11, day) for day in range(18, 22)]})
    monkeypatch.setattr(pl, "scan_parquet", lambda _: days)
    opened = open_log(windowed("s3://bucket/log/"), tmp_path)
    assert opened.files[0].rows.collect().height == 2
    monkeypatch.setattr(pl, "scan_parquet", lambda _: days.rename({"date": "day"}))
    with pytest.raises(LogError, match=r"log/ must have \{date\} in it or folders date=… below it"):
        open_log(windowed("s3://bucket/log/"), tmp_path)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://host/log.csv", r"an address must begin with one of s3://, .*; found ftp"),
        ("s3://bucket/log.letor", r"log.letor: letor is read from local files; found an address"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(url, message):
    with pytest.raises(LogError, match=message):
        scan(url)


def test_what_polars_says_of_an_address_is_told(monkeypatch):
    def fail(_):
        msg = "forbidden\nand a long plan"
        raise OSError(msg)

    monkeypatch.setattr(pl, "scan_parquet", fail)
    with pytest.raises(LogError, match=r"s3://bucket/x must be a readable .*; found forbidden$"):
        scan("s3://bucket/x")


def test_a_file_address_is_a_path(tmp_path):
    log(1).write_parquet(tmp_path / "log.parquet")
    (file,) = scan(f"file://{tmp_path}/*.parquet")
    assert file.rows.collect().height == 3
