"""Files of the log that are gone, torn, no files of a log, or change while they are read."""

import os

import polars as pl
import pytest

from ltr.data.manifest import checksum
from pipelines.nightly.outcome import Exit
from pipelines.telemetry import EventLog
from tests.faults.world import CHANGES, SPOILT, wrong_now
from tests.nightly.small import day, done, night, outcome

LAST = f"log/{day(SPOILT)}.parquet"


def tear(path):
    path.write_bytes(path.read_bytes()[:-100])


def garble(path):
    path.write_bytes(b"this is no log" * 100)


def spoil_inside(path):
    """The file says what it holds, and the pages of a column are others."""
    content = bytearray(path.read_bytes())
    content[8:600] = b"\xff" * 592
    path.write_bytes(content)


def rename_column(path):
    pl.read_parquet(path).rename({"g": "grade"}).write_parquet(path)


def change_type(path):
    pl.read_parquet(path).with_columns(g=pl.lit([1])).write_parquet(path)


def empty(path):
    path.write_bytes(b"")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (os.unlink, f"found nothing of {day(SPOILT)}"),
        (empty, f"{LAST} must be a readable .parquet file"),
        (tear, f"{LAST} must be a readable .parquet file"),
        (garble, f"{LAST} must be a readable .parquet file"),
        (spoil_inside, "the log's values must be as its columns' types promise"),
        (rename_column, "log.grade names column 'g'"),
        (change_type, "types that go together in all files; found g: Int64 and List(Int64)"),
    ],
)
def test_a_log_that_cannot_be_read_ends_the_night_and_names_the_file(here, capsys, spoil, says):
    spoil(here / LAST)
    capsys.readouterr()
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "error" in one]
    assert line.startswith("ltr: error: ")
    assert says in line
    ended = outcome(here, SPOILT)
    assert (ended.status, ended.champion) == ("failed", "v0001")
    assert says in (ended.error or "")
    assert not wrong_now(here)


def after(monkeypatch, event, step, change):
    """Change something when a step begins or ends, once."""
    emit = EventLog.emit
    made: list[bool] = []

    def told(self, name, *args, **fields):
        emit(self, name, *args, **fields)
        if (name, fields.get("step")) == (event, step) and not made:
            made.append(True)
            change()

    monkeypatch.setattr(EventLog, "emit", told)


@pytest.mark.parametrize("spoil", [os.unlink, tear])
def test_a_log_that_goes_bad_between_two_steps_costs_only_the_steps_after(here, monkeypatch, spoil):
    content = (here / LAST).read_bytes()
    after(monkeypatch, "step_finished", "evaluate", lambda: spoil(here / LAST))
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    assert not wrong_now(here)
    (here / LAST).write_bytes(content)
    assert night(here, SPOILT, **CHANGES) == Exit.PROMOTED
    assert done(here, SPOILT) == ["score"]
    assert outcome(here, SPOILT).champion == "v0002"


def test_a_log_that_changes_while_it_is_read_is_told_and_read_again(here, models, monkeypatch):
    # Of the same layout: a file that is shorter, say, cannot be read on at all.
    last, later = here / LAST, here / "later.parquet"
    rows = pl.read_parquet(last)
    rows.write_parquet(last, compression="uncompressed")
    rows.with_columns(price=1 - pl.col("price")).write_parquet(later, compression="uncompressed")
    digest = checksum(later)
    after(monkeypatch, "step_started", "prepare", lambda: later.replace(last))
    assert night(here, SPOILT, **CHANGES) == Exit.BAD_INPUT
    assert f"{LAST}: changed while it was read" in (outcome(here, SPOILT).error or "")
    assert not wrong_now(here)
    assert night(here, SPOILT, **CHANGES) in (Exit.PROMOTED, Exit.KEPT)
    files = {one.file: one.sha256 for one in models.version("v0002").lineage.files}
    assert files[LAST] == digest
