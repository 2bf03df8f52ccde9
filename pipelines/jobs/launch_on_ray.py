"""Start the processes of ``ltr train`` on the nodes of a Ray cluster, by Ray Train.

A worker does what a process does that torchrun started, with the same arguments: it finds its rank
in the environment and a group of processes open. All nodes must see the folder of the run under the
same path; Ray Train looks at that before it begins.
"""

import contextlib
import io
import logging
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ltr.errors import LtrError
from pipelines.engines import on_ray
from pipelines.errors import JobError
from pipelines.jobs.folders import locked
from pipelines.jobs.launch import AGAIN, Failure, RankError, first_cause
from pipelines.jobs.ranks import rank

STORAGE = ".ray"
"""In the run's folder, while it lasts: where Ray Train keeps its own records."""

LAUNCHING = ".ray.lock"
"""Locked in the run's folder while its workers are started, watched and ended."""

PATIENCE = 30.0
"""Seconds in which a worker must end that Ray Train has told to."""

log = logging.getLogger("ltr")


class WorkerError(Exception):
    """What a worker stopped with, in a form that travels: text, exit code, and the error's name."""


def launch_on_ray(arguments: Sequence[str], num_workers: int, run: Path) -> str:
    """Run ``ltr`` with these arguments in so many workers; return what the first one prints.

    Args:
        arguments: Paths among them are absolute: a worker has a working folder of its own.
        num_workers: Each takes a CPU of the cluster, and a GPU if it has one for each of them.
        run: The folder of the run.

    Raises:
        RankError: A worker failed, and with it all of them.
        JobError: Ray is not installed, the cluster cannot be reached, it cannot begin, or another
            job is writing into the folder.
    """
    storage = run / STORAGE
    with locked(run, LAUNCHING), on_ray():
        with locked(run):  # no worker need start to find that another job is at work
            shutil.rmtree(storage, ignore_errors=True)
        storage.mkdir(parents=True)
        said = storage / "said.log"
        try:
            with _heard(said):
                return _fit({"arguments": list(arguments), "said": said}, num_workers, storage)
        finally:
            _await_the_end_of_workers(run)
            shutil.rmtree(storage, ignore_errors=True)


def _await_the_end_of_workers(run: Path) -> None:
    # Ray Train kills the workers that are left and does not wait for it. Until the first one is
    # gone it holds the folder, and the run that is to go on would be refused.
    try:
        with locked(run, wait=PATIENCE):
            pass
    except JobError as error:
        log.warning("train: a worker was told to end %g s ago and has not; %s", PATIENCE, error)


def _fit(work: dict[str, Any], num_workers: int, storage: Path) -> str:
    # Not by name: to type checkers Ray describes the first edition of this, and brings the second.
    ray, train = import_module("ray"), import_module("ray.train")
    on_torch = import_module("ray.train.torch")
    there = ray.cluster_resources()
    if there.get("CPU", 0) < num_workers:
        found = there.get("CPU", 0)
        log.warning("train: waits for %d CPUs; the cluster has %d", num_workers, found)
    on_gpus = there.get("GPU", 0) >= num_workers
    trainer = on_torch.TorchTrainer(
        WORK,
        train_loop_config=work,
        torch_config=on_torch.TorchConfig(backend="nccl" if on_gpus else "gloo"),
        scaling_config=train.ScalingConfig(num_workers=num_workers, use_gpu=on_gpus),
        run_config=train.RunConfig(
            # Of its own, or Ray Train would look for what an earlier one left.
            name=secrets.token_hex(8),
            storage_path=str(storage),
            failure_config=train.FailureConfig(max_failures=0),
            # What there is to say of a failure is said in a line.
            logging_config=train.LoggingConfig(log_level="CRITICAL"),
        ),
    )
    try:
        return str(trainer.fit().return_value or "")
    except train.WorkerGroupError as error:
        failures = sorted(error.worker_failures.items())
        raise first_cause({rank: _failure(one) for rank, one in failures}) from None
    except train.TrainingFailedError as error:
        first = str(error).strip().splitlines()[-1]
        msg = f"--engine ray: the training could not begin on the cluster; {first}"
        raise JobError(msg) from None


def _failure(error: BaseException) -> Failure:
    # Ray wraps what the work itself raised, and tells in errors of its own that a worker is gone.
    cause = getattr(error, "_base_exc", error)
    if isinstance(cause, WorkerError):
        text, exit_code, kind = cause.args
        return Failure(f"stopped: {text}", exit_code, is_consequence=kind == "LostRankError")
    if cause is not error:
        text = f"stopped: {type(cause).__name__}: {cause}".partition("\n")[0]
        return Failure(text, 1, is_consequence=False)
    text = f"is gone (killed, out of memory, or its node is down); {AGAIN}"
    return Failure(text, 1, is_consequence=False)


@contextlib.contextmanager
def _heard(said: Path) -> Iterator[None]:
    """Show what the first worker says of the training, a second later at most."""
    over = threading.Event()

    def follow() -> None:
        shown, done = 0, False
        while not done:
            done = over.wait(1.0)
            text = said.read_text(encoding="utf-8") if said.exists() else ""
            sys.stderr.write(text[shown:])
            shown = len(text)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _work(config: dict[str, Any]) -> str:
    """Be one process of the training; return what it prints."""
    _speak(config["said"])
    import torch.distributed as dist

    from pipelines.cli import app

    if dist.get_backend() == "gloo":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # its neighbours have none, or not enough of them
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed):
            app(config["arguments"], standalone_mode=False)
    except (LtrError, OSError) as error:
        code = error.exit_code if isinstance(error, LtrError) else 2
        raise WorkerError(str(error), code, type(error).__name__) from None
    return printed.getvalue()


WORK = _work
"""What each worker does."""


def _speak(said: Path) -> None:
    """Let the first worker say what ``ltr`` says, and no worker what its libraries do."""
    logging.getLogger().setLevel(logging.WARNING)
    ours = logging.getLogger("ltr")
    ours.propagate = False
    if rank() > 0:
        ours.setLevel(logging.CRITICAL)
        return
    ours.setLevel(logging.INFO)
    ours.addHandler(logging.FileHandler(said, encoding="utf-8"))


__all__ = ["RankError", "WorkerError", "launch_on_ray"]
