"""Nights on a log in an object store: a server of S3's protocol, which polars and obstore ask."""

import io
import logging
from datetime import date
from pathlib import Path

import httpx
import obstore
import polars as pl
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import from_url

from pipelines.nightly.outcome import Exit
from pipelines.registry import Registry
from pipelines.sources import LogFile, Window, _objects, address_of, objects
from tests.nightly.small import day, night, write_day

AT = "s3://logs"
JOB = {"log__path": f"{AT}/log/{{date}}.parquet", "nightly__score": f"{AT}/log/{{date}}.parquet"}


@pytest.fixture(scope="module")
def server():
    """The address of a server."""
    running = ThreadedMotoServer(port=0, verbose=False)
    running.start()
    yield f"http://127.0.0.1:{running.get_host_and_port()[1]}"
    running.stop()


@pytest.fixture(autouse=True)
def store(server, monkeypatch):
    """An empty bucket, which the environment points to."""
    monkeypatch.setattr(_objects, "_silent", set())
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": server,
        "AWS_ALLOW_HTTP": "true",
    }.items():
        monkeypatch.setenv(name, value)
    httpx.post(f"{server}/moto-api/reset").raise_for_status()
    httpx.put(f"{server}/logs").raise_for_status()
    return from_url(AT)


def send(store, folder, number):
    name = f"log/{day(number)}.parquet"
    obstore.put(store, name, (folder / name).read_bytes())


def told(address, days=None):
    return objects(LogFile(Path(address), pl.LazyFrame(), days))


def names(address, days=None):
    found = told(address, days)
    return None if found is None else [one.split(" ")[0] for one in found]


def test_a_night_reads_a_store_and_sees_that_an_object_was_replaced(store, tmp_path, capsys):
    for number in (1, 2, 3):
        write_day(tmp_path, number)
        send(store, tmp_path, number)
    assert night(tmp_path, 3, **JOB) == Exit.PROMOTED
    lineage = Registry(tmp_path / "run" / "models").version("v0001").lineage
    assert [one.file for one in lineage.files] == [f"{AT}/log/{day(n)}.parquet" for n in (1, 2, 3)]
    capsys.readouterr()
    assert night(tmp_path, 3, **JOB) == Exit.PROMOTED
    assert "to do" not in capsys.readouterr().err
    # As many rows as before, but others.
    write_day(tmp_path, 2, cheap=False)
    send(store, tmp_path, 2)
    night(tmp_path, 3, "--dry-run", **JOB)
    out = capsys.readouterr().out
    assert f"prepare: to do, because files.log {AT}/log/{day(2)}.parquet changed" in out


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("log/a.parquet", ["log/a.parquet"]),
        ("log/", ["log/a.parquet", "log/deep/c.parquet"]),
        ("log/*.parquet", ["log/a.parquet"]),
        ("log/**/*.parquet", ["log/a.parquet", "log/deep/c.parquet"]),
        ("log*/[a-d].p?rquet", ["log/a.parquet", "logs/d.parquet"]),
        ("", ["log/a.parquet", "log/deep/c.parquet", "logs/d.parquet"]),
    ],
)
def test_what_an_address_means_is_what_polars_reads(store, path, expected):
    for name in ("log/a.parquet", "log/deep/c.parquet", "logs/d.parquet"):
        held = io.BytesIO()
        pl.DataFrame({"x": [1]}).write_parquet(held)
        obstore.put(store, name, held.getvalue())
    assert names(f"{AT}/{path}") == expected
    if "?" not in path:  # which polars leaves to us
        read = pl.scan_parquet(f"{AT}/{path}", include_file_paths="from").collect()["from"]
        assert sorted(read.to_list()) == [f"{AT}/{name}" for name in expected]


def test_where_nothing_lies_there_are_no_objects():
    assert names(f"{AT}/log/nothing.parquet") == names(f"{AT}/nothing/*.csv") == []


def test_of_folders_that_are_days_those_of_the_window_count(store):
    for number in (20, 21, 22):
        obstore.put(store, f"log/date=2026-11-{number}/x.parquet", b"1")
    obstore.put(store, "log/date=none/x.parquet", b"1")
    found = names(f"{AT}/log", Window(date(2026, 11, 21), 2))
    assert found == [f"log/date={day}/x.parquet" for day in ("2026-11-20", "2026-11-21", "none")]


def test_another_content_is_another_tag_and_the_same_one_is_not(store):
    seen = []
    for content in (b"one", b"two", b"one"):
        obstore.put(store, "log/a.parquet", content)
        seen.append(told(f"{AT}/log/a.parquet"))
    assert seen[0] == seen[2] != seen[1]


@pytest.mark.parametrize(
    ("address", "store_of_it"),
    [("s3://other/log/*.parquet", "s3://other"), ("hf://datasets/team/log", "hf://datasets")],
)
def test_a_store_that_tells_nothing_is_asked_once_and_named(caplog, address, store_of_it):
    with caplog.at_level(logging.WARNING, logger="ltr"):
        assert told(address) is None
        assert told(address) is None
    [message] = caplog.messages
    assert message.startswith(f"{store_of_it}: no more than its rows are counted to see a change: ")


def test_what_is_not_installed_is_told(caplog, monkeypatch):
    monkeypatch.setattr(_objects, "find_spec", lambda _: None)
    assert told(f"{AT}/log/a.parquet") is None
    assert caplog.messages[0].endswith("a change: pip install 'ltr[objects]'")
    page = Path(__file__).parents[2] / "docs" / "operations.md"
    assert f"\n{caplog.messages[0]}\n" in page.read_text(encoding="utf-8")


def test_an_address_stays_what_it_was():
    assert address_of(Path(f"{AT}/log/a.parquet")) == f"{AT}/log/a.parquet"
