"""A run that is killed, or that meets a full disk, and the one after it."""

import errno
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from ltr.data.manifest import Manifest
from pipelines.engines import Local
from pipelines.errors import JobError, LogError
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from pipelines.spill import budget
from pipelines.steps import grade as grading
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import events, job, log

CHILD = """
import sys
from pathlib import Path
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import run
from pipelines.progress import Progress
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import job

folder = Path(sys.argv[1])
print("ready", flush=True)
with cut_into(4, piece_rows=20), Progress("test") as progress:
    run(job(), Folders(log=folder, run=folder / "run"), progress)
"""


@pytest.fixture
def folders(tmp_path):
    log(40).write_parquet(tmp_path / "log.parquet")
    events(60).write_parquet(tmp_path / "events.parquet")
    return Folders(log=tmp_path, run=tmp_path / "run")


def made(folders):
    with cut_into(4, piece_rows=20), Progress("test") as progress:
        run(job(), folders, progress)
    return content(folders)


def content(folders):
    Manifest.load(folders.lists, verify=True)
    return {
        str(path.relative_to(folders.lists)): path.read_bytes()
        for path in sorted(folders.lists.rglob("*"))
        if path.is_file()
    }


class Counting(Local):
    """An engine that notes what it ran, and fails after some tasks."""

    def __init__(self, tasks=1000):
        self.left, self.ran = tasks, []

    def map(self, function, tasks):
        for number, task in enumerate(tasks):
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            self.ran.append(task.target)
            yield number, function(task)


def counted(folders, tasks=1000):
    engine = Counting(tasks)
    with patch("pipelines.engines._engine.Local", return_value=engine):
        if tasks < 1000:
            with pytest.raises(KeyboardInterrupt):
                made(folders)
        else:
            made(folders)
    return engine.ran


def test_nothing_is_left_of_the_work_when_it_is_done(folders):
    made(folders)
    left = {path.name for path in folders.run.iterdir()} - {".lock"}
    assert left == {"lists", folders.lists.resolve().name}


@pytest.mark.parametrize("tasks", [0, 3, 9, 14, 20, 26])
def test_what_was_finished_is_not_done_again_and_the_lists_are_the_same(folders, tmp_path, tasks):
    expected = made(Folders(log=tmp_path, run=tmp_path / "uninterrupted"))
    first = counted(folders, tasks)
    second = counted(folders)
    assert content(folders) == expected
    assert len(first) == tasks
    assert not set(first) & set(second)


def test_the_work_on_a_log_that_changed_is_begun_anew(folders):
    first = counted(folders, 12)
    log(50).write_parquet(folders.log / "log.parquet")
    assert not {path.parents[1] for path in first} & {path.parents[1] for path in counted(folders)}
    assert Manifest.load(folders.lists).rows.read == 150


def test_a_full_disk_is_told_and_the_old_lists_stay(folders, monkeypatch):
    old = made(folders)
    log(50).write_parquet(folders.log / "log.parquet")

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(grading, "write_rows", full)
    with pytest.raises(OSError, match="No space left on device"):
        made(folders)
    assert content(folders) == old
    monkeypatch.undo()
    assert made(folders) != old


def test_a_log_that_is_refused_leaves_no_work_behind(folders):
    log(40).with_columns(rank=-1).write_parquet(folders.log / "log.parquet")
    with pytest.raises(LogError, match="some row must be usable"):
        made(folders)
    assert not (folders.run / ".prepare").exists()


def test_too_little_space_is_told_before_anything_is_done(tmp_path):
    total, free = 2**40, 2**30
    usage = shutil.disk_usage(tmp_path)._replace(total=total, used=total - free, free=free)
    message = r"preparing 10,000,000 rows must have about 3\.4 GiB of disk space; got 1\.0 GiB$"
    with (
        patch("pipelines.spill.budget.shutil.disk_usage", return_value=usage),
        pytest.raises(JobError, match=message),
    ):
        budget.check_disk(tmp_path, rows=10_000_000, row_bytes=90)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_killed_at_any_moment_leaves_old_or_new_lists_and_can_go_on(folders, tmp_path, seed):
    old = made(folders)
    log(50).write_parquet(tmp_path / "log.parquet")
    new = made(Folders(log=tmp_path, run=tmp_path / "elsewhere"))
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE) as child:
        assert child.stdout
        child.stdout.readline()
        time.sleep(random.Random(seed).uniform(0.05, 1.0))
        child.send_signal(signal.SIGKILL)
    assert content(folders) in (old, new)
    assert made(folders) == new
    assert not (folders.run / ".prepare").exists()


@contextmanager
def killed_while_removing(seed):
    """A process that dies when it has removed half of the work's files, in any order."""
    whole = shutil.rmtree

    def half(folder, **how):
        if ".prepare" not in (Path(folder).name, Path(folder).parent.name):
            return whole(folder, **how)
        files = [path for path in sorted(Path(folder).rglob("*")) if path.is_file()]
        for path in random.Random(seed).sample(files, len(files) // 2):
            path.unlink()
        raise KeyboardInterrupt

    with patch("shutil.rmtree", half), pytest.raises(KeyboardInterrupt):
        yield


@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_work_is_not_taken_for_the_whole(folders, seed):
    with killed_while_removing(seed):
        made(folders)
    old = content(folders)
    assert (folders.run / ".prepare").exists()
    assert made(folders) == old
    assert not (folders.run / ".prepare").exists()


@pytest.mark.parametrize("seed", range(3))
def test_half_of_the_work_on_a_log_that_came_back_is_not_taken_for_the_whole(
    folders, tmp_path, seed
):
    expected = made(Folders(log=tmp_path, run=tmp_path / "elsewhere"))
    counted(folders, 20)
    there = folders.log / "log.parquet"
    aside = there.rename(tmp_path / "aside")
    log(50).write_parquet(there)
    with killed_while_removing(seed):
        made(folders)
    aside.rename(there)  # with the time at which it was written
    assert made(folders) == expected


def test_a_file_that_vanishes_is_named(folders):
    file = folders.log / "log.parquet"
    vanish = patch("pipelines.jobs.prepare.check_disk", lambda *_: file.unlink())
    with vanish, pytest.raises(LogError, match=r"log\.parquet"):
        made(folders)
