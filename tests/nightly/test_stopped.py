"""A night that is stopped or killed by the system, and goes on."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import pytest

from pipelines.nightly.outcome import Exit
from pipelines.nightly.stop import StoppedError
from pipelines.registry import Registry
from tests.nightly.small import day, home, night, outcome, write_day, write_job

ROOT = Path(__file__).parents[2]


def begin(folder, number):
    job = write_job(folder)
    command = ["nightly", str(job), "--date", str(day(number))]
    return subprocess.Popen(
        [sys.executable, "-m", "pipelines.entry", *command],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def wait_until(path):
    for _ in range(6000):
        if path.exists():
            return
        time.sleep(0.01)
    pytest.fail(f"{path} did not come")


@pytest.mark.parametrize(
    ("step", "number"), [("prepare", signal.SIGTERM), ("train", signal.SIGKILL)]
)
def test_what_is_stopped_goes_on(tmp_path, step, number):
    for one in range(1, 4):
        write_day(tmp_path, one)
    process = begin(tmp_path, 3)
    wait_until(home(tmp_path, 3) / "steps" / f"{step}.json")
    process.send_signal(number)
    _, said = process.communicate()
    if number == signal.SIGTERM:
        assert process.returncode == Exit.STOPPED, said
        assert outcome(tmp_path, 3).status == "stopped"
        assert "run it again to go on" in said
    else:
        assert process.returncode == -number
    assert Registry(tmp_path / "run" / "models").champion() is None

    assert night(tmp_path, 3) == Exit.PROMOTED
    assert outcome(tmp_path, 3).champion == "v0001"


class PanicError(BaseException):
    """What a library makes of an error of Python that it met where it expected none."""


def test_a_stop_that_a_library_turned_into_its_own_error_is_told_as_a_stop(tmp_path, capsys):
    def panics(*_args, **_options):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        except StoppedError:
            raise PanicError from None

    for one in range(1, 4):
        write_day(tmp_path, one)
    with patch("pipelines.jobs.prepare.make_lists", panics):
        assert night(tmp_path, 3) == Exit.STOPPED
    assert outcome(tmp_path, 3).status == "stopped"
    assert "run it again to go on" in capsys.readouterr().err
    assert night(tmp_path, 3) == Exit.PROMOTED


@pytest.mark.parametrize(
    ("step", "cleaner", "left"),
    [
        ("prepare", "pipelines.spill.work.remove_folders", ".prepare"),
        ("train", "ltr.training.snapshots.Snapshots.clear", "snapshots"),
    ],
)
def test_what_a_night_keeps_to_go_on_with_goes_although_it_died_before_that(
    tmp_path, capsys, step, cleaner, left
):
    for one in range(1, 4):
        write_day(tmp_path, one)

    def killed(*_, but=None):
        if but is None:
            raise KeyboardInterrupt

    with patch(cleaner, side_effect=killed):
        assert night(tmp_path, 3, checkpoints={"every": 1}) == Exit.INTERRUPTED
    assert (home(tmp_path, 3) / left).exists()
    capsys.readouterr()
    assert night(tmp_path, 3, checkpoints={"every": 1}) == Exit.PROMOTED
    assert f"night: {step}: there already" in capsys.readouterr().err
    assert not (home(tmp_path, 3) / left).exists()
