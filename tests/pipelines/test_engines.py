"""The same lists, bit for bit, from every engine, and after a worker was killed."""

import os
import signal
from contextlib import nullcontext
from functools import partial
from unittest.mock import patch

import pytest

from ltr.data.manifest import Manifest
from pipelines.encoder import Encoder
from pipelines.engines import Local, open_engine
from pipelines.errors import JobError, LogError
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import make_lists, open_tables
from pipelines.progress import Progress
from pipelines.spill.work import once
from tests.pipelines.cuts import cut_into
from tests.pipelines.job_tables import events, job, log

pytestmark = [
    # Ray leaves sockets and processes to the interpreter's end, and speaks of its own future.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]


def prepared(folder, engine, champion=None):
    log(40).write_parquet(folder / "log.parquet")
    events(40).write_parquet(folder / "events.parquet")
    with cut_into(3, piece_rows=50), Progress("test") as progress:
        folders, asked = Folders(log=folder, run=folder / engine), job()
        make_lists(open_tables(asked, folders), asked, folders, progress, engine, champion)
    Manifest.load(folders.lists, verify=True)
    return {
        str(path.relative_to(folders.lists)): path.read_bytes()
        for path in sorted(folders.lists.rglob("*"))
        if path.is_file()
    }


@pytest.mark.usefixtures("cluster")
def test_a_cluster_encodes_the_test_lists_twice_as_this_process_does(tmp_path):
    prepared(tmp_path, "local")
    champion = Encoder.load(tmp_path / "local" / "lists" / "encoder")
    here = prepared(tmp_path, "local", champion)
    assert "champion/test/00000.arrow" in here
    assert prepared(tmp_path, "ray", champion) == here


def test_a_cluster_of_two_nodes_makes_the_same_files_as_this_process(cluster, tmp_path):
    assert len(cluster.list_all_nodes()) == 2
    assert prepared(tmp_path, "ray") == prepared(tmp_path, "local")


def kill_the_worker_once(flag, call):
    """Do the task, but die before its result is sent, the first time."""
    done = once(call)
    if call.target.parent.name == "grade" and not flag.exists():
        flag.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return done


class Deadly:
    """An engine of which one worker dies."""

    def __init__(self, engine, flag):
        self.engine, self.flag = engine, flag

    def map(self, _, tasks):
        return self.engine.map(partial(kill_the_worker_once, self.flag), tasks)


@pytest.mark.usefixtures("cluster")
def test_a_worker_killed_in_the_middle_changes_nothing(tmp_path):
    flag = tmp_path / "killed"
    with (
        open_engine("ray") as engine,
        patch("pipelines.jobs.prepare.open_engine", lambda _: nullcontext(Deadly(engine, flag))),
    ):
        survived = prepared(tmp_path, "ray")
    assert flag.exists()
    assert survived == prepared(tmp_path, "local")


def fail(stage: str) -> int:
    raise LogError(stage=stage, rule="must not fail", found="a failure")


@pytest.mark.usefixtures("cluster")
def test_the_error_of_a_task_is_the_same_on_every_engine():
    with open_engine("ray") as engine:
        for one in (Local(), engine):
            with pytest.raises(LogError, match=r"^read: must not fail; found a failure$"):
                list(one.map(fail, ["read"]))


def test_ray_that_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    message = r"ray is not installed; .* pip install 'ltr\[ray\]'"
    with pytest.raises(JobError, match=message), open_engine("ray"):
        pass
