"""Two nights at once, a lock that a killed process left, and a clock that was moved back."""

import os
import subprocess
import sys
import time

import pytest

from pipelines.nightly.outcome import Exit
from tests.faults.world import CHANGES, SPOILT, wrong_now
from tests.nightly.small import day, night, outcome

HOLD = """
import os, signal, sys, time
from filelock import FileLock
lock = FileLock(sys.argv[1])
lock.acquire()
print("held", flush=True)
time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def holder(here):
    """Hold the folder in another process, for so many seconds."""
    begun = []

    def hold(seconds, lock=here / "run" / ".lock"):
        command = [sys.executable, "-c", HOLD, str(lock), str(seconds)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        begun.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        return process

    yield hold
    for process in begun:
        process.kill()
        process.communicate()


def test_a_second_night_at_once_is_told_so_and_does_nothing(here, holder, capsys):
    holder(600)
    assert night(here, SPOILT, **CHANGES) == Exit.BUSY
    assert "another night is at work here; waited 0 s (nightly.wait)" in capsys.readouterr().err
    assert not (here / "run" / "nights" / str(day(SPOILT))).exists()


def test_a_second_night_waits_for_the_first_and_then_does_its_own(here, holder):
    first = holder(2)
    assert night(here, SPOILT, **{**CHANGES, "nightly__wait": 600}) == Exit.PROMOTED
    assert first.wait(60) == 0


def test_the_lock_of_a_killed_night_is_no_lock(here, holder):
    process = holder(600)
    process.kill()
    process.wait()
    assert (here / "run" / ".lock").exists()
    assert night(here, SPOILT, **CHANGES) == Exit.PROMOTED
    assert not wrong_now(here)


def test_a_change_of_the_models_waits_for_another_one(here, models, holder):
    holder(8, models.folder / ".lock")
    assert night(here, SPOILT, **CHANGES) == Exit.PROMOTED


def test_a_clock_that_was_moved_back_changes_neither_order_nor_champion(here, models, monkeypatch):
    assert night(here, 5, **CHANGES) == Exit.PROMOTED
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 400 * 86400)
    for path in (here / "log").iterdir():
        os.utime(path, (now() - 900 * 86400, now() - 900 * 86400))
    # What is finished stays finished, and an earlier day takes a later one's place by force alone.
    assert night(here, 5, **CHANGES) == Exit.PROMOTED
    assert [one.to for one in models.history()] == ["v0001", "v0002"]
    assert night(here, SPOILT, **CHANGES) == Exit.KEPT
    assert night(here, SPOILT, "--force", **CHANGES) == Exit.PROMOTED
    ended = outcome(here, SPOILT)
    assert (ended.previous, ended.champion) == ("v0002", "v0003")
    assert [one.number for one in models.history()] == [1, 2, 3]
    assert night(here, 5, **CHANGES) == Exit.PROMOTED
    assert models.pointer() == "v0003"
    models.rollback()
    assert models.pointer() == "v0002"
    assert not [version.name for version in models.versions() if version.damages()]
