"""`ltr train --nproc 2`: one job to whoever started it, one clear line when a process is gone."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ltr.training import load_history
from pipelines.cli import main
from pipelines.jobs.launch import RankError, _told
from tests.pipelines.test_train import JOB, ROOT
from tests.training.planted import planted

SLOW = JOB.replace("epochs = 2", "epochs = 10, patience = 10")
"""Long enough to be killed in."""
DEADLINE_S = 120


@pytest.fixture
def folder(tmp_path):
    planted(tmp_path / "run" / "lists", num_lists=120)
    (tmp_path / "job.toml").write_text(SLOW)
    return tmp_path


def process_of_rank(launcher, number):
    """The process id of a rank, from what the system knows of the launcher's children."""
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for child in children:
        if f"\0RANK={number}\0".encode() in Path(f"/proc/{child}/environ").read_bytes():
            return int(child)
    msg = f"rank {number} is not among {children}"
    raise AssertionError(msg)


def wait_for(condition):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_rank_that_is_killed_ends_the_job_with_one_line_and_one_process_can_go_on(folder, capsys):
    snapshots = folder / "run" / "snapshots"
    command = [sys.executable, "-m", "pipelines.entry", "train", "job.toml", "--nproc", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    job = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    wait_for(lambda: any(snapshots.glob("step-*[0-9]")) or job.poll() is not None)
    second = process_of_rank(job.pid, 1)
    os.kill(second, signal.SIGSTOP)
    # A second job must not write into the folder meanwhile.
    assert main(["train", str(folder / "job.toml")]) == 2
    assert "another job is writing into this folder" in capsys.readouterr().err
    os.kill(second, signal.SIGKILL)
    out, err = job.communicate(timeout=DEADLINE_S)
    assert job.returncode == 1
    assert out == ""
    lines = err.splitlines()
    assert lines[-1] == (
        "ltr: error: rank 1 was killed by SIGKILL (out of memory?); run it again to go on from the "
        "last snapshot"
    )
    assert [line for line in lines if "lists in" in line] == lines[:1]
    assert "Traceback" not in err
    assert main(["train", str(folder / "job.toml")]) == 0
    assert "going on after epoch " in capsys.readouterr().err
    assert len(load_history(folder / "run" / "model")) == 10


class Ended:
    """How the launcher describes a process that failed."""

    def __init__(self, exitcode, kind="", text=""):
        said = {"message": text, "extraInfo": {"kind": kind}}
        self.exitcode, self.error_file_data = exitcode, {"message": said} if kind else {}


def told(*failures) -> RankError:
    return _told(dict(enumerate(failures)))


def test_the_failure_that_began_it_is_told_not_those_that_followed():
    lost = Ended(1, "LostRankError", "another process is gone")
    error = told(lost, Ended(2, "NonFiniteError", "a loss is not finite"), Ended(-15))
    assert str(error) == "rank 1 stopped: a loss is not finite"
    assert error.exit_code == 2


def test_a_process_that_ended_without_a_word_is_told_with_its_code():
    error = told(Ended(-15), Ended(7))
    assert str(error).startswith("rank 1 ended with exit code 7 without a word; run it again")
    assert error.exit_code == 1


def test_where_all_only_noticed_that_one_is_gone_that_is_told():
    error = told(Ended(1, "LostRankError", "another process is gone"))
    assert str(error) == "rank 0 stopped: another process is gone"


def test_a_process_leaves_its_error_to_the_launcher(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error.json"))
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr("pipelines.cli.end_with_launcher", lambda: None)
    assert main(["train", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err == ""
    said = json.loads((tmp_path / "error.json").read_text())["message"]
    assert "none.toml: cannot be read" in said["message"]
    assert (said["errorCode"], said["extraInfo"]["kind"]) == (2, "ConfigError")
    main(["train", str(folder_without_lists(tmp_path))])
    said = json.loads((tmp_path / "error.json").read_text())["message"]
    assert "there are no lists yet" in said["message"]


def folder_without_lists(folder):
    (folder / "job.toml").write_text(JOB)
    return folder / "job.toml"


@pytest.mark.parametrize(
    "command", [["run"], ["prepare"], ["train", "--nproc", "2"], ["train", "--engine", "ray"]]
)
def test_torchrun_starts_the_training_alone(tmp_path, monkeypatch, capsys, command):
    monkeypatch.setenv("WORLD_SIZE", "2")
    name, *options = command
    assert main([name, str(folder_without_lists(tmp_path)), *options]) == 2
    assert "torchrun starts `ltr train` without --nproc, and no other" in capsys.readouterr().err
