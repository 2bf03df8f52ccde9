"""A window of days reads its days, and never looks at another."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.config import parse_job
from pipelines.errors import ConfigError, LogError
from pipelines.sources import open_events, open_log
from tests.pipelines.job_tables import log, table

DAYS = [f"2026-11-{day}" for day in range(18, 23)]


def windowed(path, days=2, last="2026-11-21", **changes):
    return parse_job(table(log__path=path, log__days=days, date=last, **changes))


def lay(folder, form, garbage=()):
    """One file a day, its price the day of the month; what is in ``garbage`` cannot be read."""
    for day in DAYS:
        file = folder / form.format(date=date.fromisoformat(day))
        file.parent.mkdir(parents=True, exist_ok=True)
        if day in garbage:
            file.write_bytes(b"no log")
        else:
            log(1).with_columns(price=pl.lit(float(day[-2:]))).write_parquet(file)


def prices(opened):
    return [file.rows.collect()["price"][0] for file in opened.files]


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("logs/{date}/a.parquet", "logs/{date}"),
        ("logs/{date}/a.parquet", "logs/{date}/*.parquet"),
        ("logs/{date:%Y/%m/%d}.parquet", "logs/{date:%Y/%m/%d}.parquet"),
        ("logs/{date:%Y%m%d}/{date}.parquet", "logs/{date:%Y%m%d}/{date}.parquet"),
        ("logs/date={date}/a.parquet", "logs"),
        ("logs/country=nl/date={date}/hour=1/a.parquet", "logs"),
        ("logs/date={date}/a.parquet", "logs/date=*"),
        ("logs/date={date}/a.parquet", "logs/*/*.parquet"),
    ],
)
def test_only_the_windows_days_are_opened(tmp_path, form, path):
    lay(tmp_path, form, garbage=("2026-11-18", "2026-11-19", "2026-11-22"))
    opened = open_log(windowed(path), tmp_path)
    assert prices(opened) == [20, 21]
    assert opened.summary == "days 2026-11-20 to 2026-11-21"


def test_other_days_folders_are_not_even_listed(tmp_path, monkeypatch):
    lay(tmp_path, "logs/date={date}/a.parquet")
    seen, listed = [], Path.iterdir

    def list_and_tell(folder):
        seen.append(folder.name)
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", list_and_tell)
    open_log(windowed("logs"), tmp_path)
    assert seen == ["logs", "date=2026-11-20", "date=2026-11-21"]


def test_the_folders_names_are_columns(tmp_path):
    lay(tmp_path, "logs/country=nl/date={date}/a.parquet")
    rows = open_log(windowed("logs"), tmp_path).files[0].rows.collect()
    assert rows.select("country", "date").row(0) == ("nl", date(2026, 11, 20))


def test_a_missing_day_is_refused_and_named(tmp_path):
    lay(tmp_path, "logs/{date}/a.parquet")
    message = (
        r'every day of the window \(log.missing_days = "allow" .*nothing of 2026-11-23 to 2026'
    )
    with pytest.raises(LogError, match=message):
        open_log(windowed("logs/{date}", 3, "2026-11-24"), tmp_path)


def test_a_missing_day_that_is_allowed_is_said(tmp_path):
    lay(tmp_path, "logs/date={date}/a.parquet")
    job = windowed("logs", 3, "2026-11-24", log__missing_days="allow")
    opened = open_log(job, tmp_path)
    assert opened.missing == (date(2026, 11, 23), date(2026, 11, 24))
    assert opened.summary == "days 2026-11-22; nothing of 2026-11-23 to 2026-11-24"


def test_a_day_that_is_left_out_is_neither_opened_nor_missed(tmp_path):
    lay(tmp_path, "logs/{date}/a.parquet")
    (tmp_path / "logs/2026-11-21/a.parquet").write_text("no Parquet")
    opened = open_log(windowed("logs/{date}", 3, log__leave_out=["2026-11-21"]), tmp_path)
    assert date(2026, 11, 21) not in opened.days
    assert opened.missing == ()
    assert opened.files


def test_a_window_without_any_day_is_refused_even_if_days_may_miss(tmp_path):
    lay(tmp_path, "logs/{date}/a.parquet")
    job = windowed("logs/{date}", 2, "2026-12-24", log__missing_days="allow")
    with pytest.raises(LogError, match="found no file of 2026-12-23 to 2026-12-24"):
        open_log(job, tmp_path)


def test_events_are_of_the_same_days(tmp_path):
    lay(tmp_path, "events/{date}.parquet")
    opened = open_events(windowed("x", events__path="events/{date}.parquet"), tmp_path)
    assert opened is not None
    assert prices(opened) == [20, 21]


def test_a_path_that_does_not_say_the_day_is_refused(tmp_path):
    lay(tmp_path, "logs/{date}.parquet")
    with pytest.raises(LogError, match=r"logs must have \{date\} in it or folders date=… below it"):
        open_log(windowed("logs"), tmp_path)


def test_a_path_with_a_day_needs_a_window(tmp_path):
    job = parse_job(table(log__path="logs/{date}.parquet"))
    with pytest.raises(LogError, match=r"has \{date\} in it, so the job must say log.days"):
        open_log(job, tmp_path)


def test_a_folder_that_is_named_after_no_day_is_refused(tmp_path):
    lay(tmp_path, "logs/date={date:%d.%m.}/a.parquet")
    with pytest.raises(LogError, match=r"must be named after a day, .*; found '18.11.'"):
        open_log(windowed("logs"), tmp_path)


def test_a_window_needs_its_last_day(tmp_path):
    with pytest.raises(ConfigError, match=r"log.days: needs the window's last day: --date"):
        open_log(parse_job(table(log__days=7)), tmp_path)


def test_a_last_day_needs_the_length_of_its_window():
    with pytest.raises(ConfigError, match=r"log.days: is needed where a date is given"):
        parse_job(table(date="2026-11-20"))


def test_the_command_line_gives_the_day_and_the_manifest_keeps_it(tmp_path, capsys):
    lay(tmp_path, "logs/{date}.parquet", garbage=("2026-11-18", "2026-11-22"))
    for at, day in enumerate(DAYS[1:4]):
        log(12).with_columns(
            pl.col("shown") + 1000 * at, request=pl.format(f"{at}-{{}}", "request")
        ).write_parquet(tmp_path / "logs" / f"{day}.parquet")
    (tmp_path / "job.toml").write_text(
        'output = "run"\n[log]\npath = "logs/{date}.parquet"\ndays = 3\nquery = "request"\n'
        'document = "item"\ntime = "shown"\nposition = "rank"\n'
        '[[grades]]\ngrade = 1\nwhen = "rank = 1"\n[features.document]\nnumbers = ["price"]\n'
    )
    assert main(["prepare", str(tmp_path / "job.toml"), "--date", "2026-11-21"]) == 0
    assert "days 2026-11-19 to 2026-11-21" in capsys.readouterr().out
    assert '"2026-11-21"' in (tmp_path / "run" / "lists" / "manifest.json").read_text()
