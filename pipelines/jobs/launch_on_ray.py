"""Start the processes of ``ltr train`` on the nodes of a Ray cluster, by Ray Train.

A worker does what a process does that torchrun started, with the same arguments: it finds its rank
in the environment and a group of processes open. All nodes must see the folder of the run under the
same path; Ray Train looks at that before it begins.
"""

import contextlib
import logging
import secrets
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from functools import partial
from importlib import import_module
from pathlib import Path

from pipelines.engines import on_ray
from pipelines.errors import JobError
from pipelines.jobs.folders import locked
from pipelines.jobs.launch import AGAIN, Failure, RankError, asked_to_stop, first_cause
from pipelines.jobs.passed_on import Asked, passed_on
from pipelines.jobs.ray_worker import Work, WorkerError, work

WORK: Callable[[Work], str] = work
"""What each worker does."""

STORAGE = ".ray"
"""In the run's folder, while it lasts: where Ray Train keeps its own records."""

LAUNCHING = ".ray.lock"
"""Locked in the run's folder while its workers are started, watched and ended."""

PATIENCE = 30.0
"""Seconds in which workers must end that were told to."""

log = logging.getLogger("ltr")


def launch_on_ray(arguments: Sequence[str], num_workers: int, run: Path) -> str:
    """Run ``ltr`` with these arguments in so many workers; return what the first one prints.

    Args:
        arguments: Paths among them are absolute: a worker has a working folder of its own.
        num_workers: Each takes a CPU of the cluster, and a GPU if it has one for each of them.
        run: The folder of the run.

    Raises:
        RankError: A worker failed, and with it all of them; or this process was told to stop, and
            told them.
        JobError: Ray is not installed, the cluster cannot be reached, it cannot begin, or another
            job is writing into the folder.
    """
    storage = run / STORAGE
    with locked(run, LAUNCHING):
        with locked(run):  # no worker need start to find that another job is at work
            shutil.rmtree(storage, ignore_errors=True)
        storage.mkdir(parents=True)
        told = Work(list(arguments), said=storage / "said.log", stop=storage / "stop")
        try:
            with passed_on(told.stop) as asked, on_ray(), _heard(told.said):
                return _fit(told, num_workers, storage, asked)
        finally:
            _await_the_end_of_workers(run)
            shutil.rmtree(storage, ignore_errors=True)


def _fit(told: Work, num_workers: int, storage: Path, asked: Asked) -> str:
    # Not by name: to type checkers Ray describes the first edition of this, and brings the second.
    ray, train = import_module("ray"), import_module("ray.train")
    on_torch = import_module("ray.train.torch")
    there = ray.cluster_resources()
    if there.get("CPU", 0) < num_workers:
        found = there.get("CPU", 0)
        log.warning("train: waits for %d CPUs; the cluster has %d", num_workers, found)
    on_gpus = there.get("GPU", 0) >= num_workers
    trainer = on_torch.TorchTrainer(
        partial(WORK, told),
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
        return _waited_for(lambda: str(trainer.fit().return_value or ""), asked)
    except train.WorkerGroupError as error:
        if asked.by is not None:
            raise asked_to_stop(asked.by) from None
        failures = sorted(error.worker_failures.items())
        raise first_cause({rank: _failure(one) for rank, one in failures}) from None
    except train.TrainingFailedError as error:
        first = str(error).strip().splitlines()[-1]
        msg = f"--engine ray: the training could not begin on the cluster; {first}"
        raise JobError(msg) from None


def _waited_for(fit: Callable[[], str], asked: Asked) -> str:
    """Call it in another thread: in the main one Ray Train takes over Ctrl-C, and keeps it."""
    done: Future[str] = Future()

    def call() -> None:
        try:
            done.set_result(fit())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=call, daemon=True).start()
    while not wait([done], timeout=1.0).done:
        if asked.by is not None and asked.is_older_than(PATIENCE):
            raise asked_to_stop(asked.by)
    return done.result()


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


def _await_the_end_of_workers(run: Path) -> None:
    # Ray kills the workers that are left and does not wait for it. Until the first one is gone it
    # holds the folder, and the run that is to go on would be refused.
    try:
        with locked(run, wait=PATIENCE):
            pass
    except JobError as error:
        log.warning("train: a worker was told to end %g s ago and has not; %s", PATIENCE, error)


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


__all__ = ["RankError", "WorkerError", "launch_on_ray"]
