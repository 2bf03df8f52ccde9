"""`--engine ray`: what processes of one machine train, trained on two nodes of a cluster."""

import logging
import os
import pickle
import signal
import threading
import time
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from filelock import FileLock

from ltr.towers import process_group
from ltr.training import load_history
from pipelines.cli import main
from pipelines.errors import JobError
from pipelines.jobs import launch_on_ray
from pipelines.jobs.folders import locked
from pipelines.jobs.launch import RankError, first_cause
from pipelines.jobs.launch_on_ray import LAUNCHING, STORAGE, WorkerError, _failure
from pipelines.jobs.passed_on import SIGNALS, passed_on
from pipelines.jobs.ray_worker import Work, work
from tests.nightly.small import night, write_day
from tests.pipelines.test_train import JOB
from tests.training.planted import planted

pytestmark = [
    # Ray leaves sockets and processes to the interpreter's end, and speaks of its own future.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning:ray"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]
SLOW = JOB.replace("epochs = 2", "epochs = 10, patience = 10")
FILES = ("model.safetensors", "optimizer.safetensors", "history.json")


def run_folder(folder, text=JOB):
    planted(folder / "run" / "lists", num_lists=120)
    (folder / "job.toml").write_text(text)
    return folder


def train(folder, *options):
    return main(["train", str(folder / "job.toml"), *options])


def test_two_nodes_make_the_model_of_two_processes_to_the_bit(cluster, tmp_path, capsys):
    assert len(cluster.list_all_nodes()) == 2
    nodes, processes = (run_folder(tmp_path / name) for name in ("nodes", "processes"))
    assert train(nodes, "--nproc", "2", "--engine", "ray") == 0
    out, err = capsys.readouterr()
    assert out.startswith(f"train: wrote {nodes / 'run' / 'model'}\n  epoch ")
    assert "train: epochs: 89 lists in 11 batches, 1 of one grade left out" in err.splitlines()
    assert not (nodes / "run" / STORAGE).exists()
    with patch.dict(os.environ, OMP_NUM_THREADS="1"):
        assert train(processes, "--nproc", "2") == 0
    for name in FILES:
        one, other = (folder / "run" / "model" / name for folder in (nodes, processes))
        assert one.read_bytes() == other.read_bytes(), name


@pytest.mark.usefixtures("cluster")
def test_a_whole_night_on_two_nodes_promotes_the_model_of_two_processes(tmp_path, capsys):
    nodes, processes = (tmp_path / name for name in ("nodes", "processes"))
    for folder in (nodes, processes):
        for number in (1, 2, 3):
            write_day(folder, number)
    assert night(nodes, 3, "--nproc", "2", "--engine", "ray") == 0
    with patch.dict(os.environ, OMP_NUM_THREADS="1"):
        assert night(processes, 3, "--nproc", "2") == 0
    one, other = (folder / "run" / "models" / "champion" for folder in (nodes, processes))
    assert (one / FILES[0]).read_bytes() == (other / FILES[0]).read_bytes()
    # Who did the work is no reason to do it again.
    capsys.readouterr()
    assert night(nodes, 3) == 0
    assert "to do" not in capsys.readouterr().err


def dies_after_a_snapshot(told):
    """The work of a worker, but the second one is killed as soon as there is a snapshot."""
    if os.environ["RANK"] == "1":
        run = Path(told.arguments[told.arguments.index("--out") + 1])
        threading.Thread(target=die_after, args=(run / "snapshots",), daemon=True).start()
    return work(told)


def die_after(snapshots):
    while not any(snapshots.glob("step-*[0-9]")):
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_is_killed_ends_the_job_with_one_line_and_another_run_goes_on(
    tmp_path, capsys
):
    folder = run_folder(tmp_path, SLOW)
    with patch.object(launch_on_ray, "WORK", dies_after_a_snapshot):
        assert train(folder, "--nproc", "2", "--engine", "ray") == 1
    out, err = capsys.readouterr()
    assert "wrote" not in out
    assert err.splitlines()[-1] == (
        "ltr: error: rank 1 is gone (killed, out of memory, or its node is down); run it again to "
        "go on from the last snapshot"
    )
    assert "Traceback" not in err
    assert train(folder) == 0
    assert "going on after epoch " in capsys.readouterr().err
    assert len(load_history(folder / "run" / "model")) == 10


def too_late(*_):
    """A signal that comes too late for what is tested does not end the tests."""


@pytest.fixture
def at_worst_too_late():
    before = {number: signal.signal(number, too_late) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("cluster", "at_worst_too_late")
def test_a_training_that_is_told_to_stop_takes_a_snapshot_on_all_nodes_and_another_goes_on(
    tmp_path, capsys
):
    folder = run_folder(tmp_path, SLOW.replace("every = 4", "every = 100000"))
    begun = folder / "run" / STORAGE / "said.log"
    threading.Thread(target=stop_after, args=(begun,), daemon=True).start()
    assert train(folder, "--nproc", "2", "--engine", "ray") == 143
    assert capsys.readouterr().err.splitlines()[-1] == (
        "ltr: error: the training was asked to stop by SIGTERM; run it again to go on from the "
        "last snapshot"
    )
    assert [signal.getsignal(number) for number in SIGNALS] == [too_late] * 2
    assert train(folder) == 0
    assert "going on after epoch " in capsys.readouterr().err
    assert len(load_history(folder / "run" / "model")) == 10


def stop_after(begun):
    while not begun.exists():
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.usefixtures("at_worst_too_late")
@pytest.mark.parametrize("number", SIGNALS)
def test_workers_that_do_not_heed_a_wish_to_stop_are_not_waited_for(tmp_path, number):
    def never_ends():
        os.kill(os.getpid(), number)
        time.sleep(100)
        return ""

    with (
        patch.object(launch_on_ray, "PATIENCE", 0.1),
        passed_on(tmp_path / "stop") as asked,
        pytest.raises(RankError, match=f"asked to stop by {number.name}") as error,
    ):
        launch_on_ray._waited_for(never_ends, asked)
    assert error.value.exit_code == 128 + number
    assert (tmp_path / "stop").exists()


def test_a_signal_that_is_ignored_stays_so(tmp_path):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    with passed_on(tmp_path / "stop") as asked:
        os.kill(os.getpid(), signal.SIGINT)
    signal.signal(signal.SIGINT, before)
    assert asked.by is None


@pytest.mark.usefixtures("cluster")
def test_the_job_ends_when_its_last_worker_has(tmp_path):
    lock = FileLock(tmp_path / ".lock", thread_local=False)

    def fails_while_a_worker_still_ends(*_):
        lock.acquire()
        threading.Timer(0.5, lock.release).start()
        msg = "rank 1 is gone"
        raise RankError(msg, 1)

    with (
        patch.object(launch_on_ray, "_fit", fails_while_a_worker_still_ends),
        pytest.raises(RankError, match="rank 1 is gone"),
    ):
        launch_on_ray.launch_on_ray([], 2, tmp_path)
    with locked(tmp_path):
        assert not (tmp_path / STORAGE).exists()


@pytest.mark.usefixtures("cluster")
def test_a_worker_that_does_not_end_is_named_and_does_not_hide_what_happened(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    lock = FileLock(tmp_path / ".lock", thread_local=False)
    with (
        patch.object(launch_on_ray, "_fit", lambda *_: lock.acquire()),
        patch.object(launch_on_ray, "PATIENCE", 0.1),
    ):
        launch_on_ray.launch_on_ray([], 2, tmp_path)
    lock.release()
    assert [record.getMessage() for record in caplog.records] == [
        "train: a worker was told to end 0.1 s ago and has not; "
        f"{tmp_path}: another job is writing into this folder"
    ]


@pytest.mark.usefixtures("cluster")
@pytest.mark.parametrize("held", [".lock", LAUNCHING])
def test_a_folder_that_another_job_writes_is_left_as_it_is(tmp_path, held):
    (tmp_path / STORAGE).mkdir()
    with (
        locked(tmp_path, held),
        pytest.raises(JobError, match="another job is writing into this folder"),
    ):
        launch_on_ray.launch_on_ray([], 2, tmp_path)
    assert (tmp_path / STORAGE).exists()


def test_the_error_of_a_worker_travels_as_the_line_that_it_is_told_in(tmp_path, capsys):
    folder = run_folder(tmp_path, JOB.replace("seed = 5", 'seed = 5, table_optimizer = "adam"'))
    told = Work(["train", str(folder / "job.toml")], tmp_path / "said.log", tmp_path / "stop")
    levels = {name: logging.getLogger(name).level for name in (None, "ltr")}
    with process_group(torch.device("cpu")), pytest.raises(WorkerError) as failed:
        work(told)
    ours = logging.getLogger("ltr")
    ours.propagate = True
    for handler in ours.handlers[:]:
        ours.removeHandler(handler)
        handler.close()
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    error = first_cause({0: _failure(pickle.loads(pickle.dumps(failed.value)))})
    assert str(error).startswith("rank 0 stopped: training.table_optimizer: needs a GPU")
    assert error.exit_code == 2
    assert capsys.readouterr().out == ""


def test_the_worker_that_began_it_is_told_not_those_that_noticed():
    failures = {
        0: _failure(WorkerError("another process is gone", 1, "LostRankError")),
        1: _failure(WorkerError("a loss is not finite", 2, "NonFiniteError")),
    }
    error = first_cause(failures)
    assert (str(error), error.exit_code) == ("rank 1 stopped: a loss is not finite", 2)
