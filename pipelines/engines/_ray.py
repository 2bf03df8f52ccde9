"""The Ray engine: tasks on the nodes of a cluster, which all see the same files.

Ray is told nothing of the data: a task is a few hundred bytes that say which files to read and
which folder to leave. A worker that dies is replaced, and its task run again.
"""

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from pipelines.errors import JobError

if TYPE_CHECKING:
    from ray import ObjectRef

Task = TypeVar("Task")
Record = TypeVar("Record")

RETRIES = 3
"""How often a task is run again whose worker died."""

PATIENCE = 30.0
"""Seconds in which a task must end that was cancelled."""


class OnRay:
    """Runs tasks on the cluster that this process is connected to."""

    def map(
        self, function: Callable[[Task], Record], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Record]]:
        """Yield the number of each task and its result, as they are done."""
        import ray

        # A worker's own error is no reason to try again: it would be the same.
        remote: Any = ray.remote(max_retries=RETRIES, retry_exceptions=False)(_call)
        number_of = {remote.remote(function, task): number for number, task in enumerate(tasks)}
        waiting = list(number_of)
        try:
            while waiting:
                (done,), waiting = ray.wait(waiting, num_returns=1)
                yield number_of[done], _result(done)
        finally:
            _cancel(waiting)


def _cancel(waiting: "Sequence[ObjectRef[Record]]") -> None:
    import ray

    for one in waiting:
        ray.cancel(one, force=True)
    if waiting:
        # To cancel is to ask for it; who cleans up next must not meet a task that still writes.
        ray.wait(list(waiting), num_returns=len(waiting), timeout=PATIENCE)


def _call(function: Callable[[Task], Record], task: Task) -> Record:
    return function(task)


def _result(done: "ObjectRef[Record]") -> Record:
    import ray

    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        # What the task raised, without the stack of the worker.
        raise error.cause from None
    except ray.exceptions.RayError as error:
        first = str(error).strip().partition("\n")[0]
        msg = f"ray: a task must end on one of the cluster's workers; {first}"
        raise JobError(msg) from None


@contextmanager
def on_ray() -> Iterator[OnRay]:
    """Connect to the cluster of ``RAY_ADDRESS`` or of ``ray start`` on this machine, or start one.

    Raises:
        JobError: Ray is not installed, or the cluster cannot be reached.
    """
    try:
        with warnings.catch_warnings():
            # Said on import, of a default that Ray is about to change; it concerns accelerators.
            warnings.simplefilter("ignore", FutureWarning)
            import ray
    except ModuleNotFoundError:
        msg = "--engine ray: ray is not installed; it needs the extra: pip install 'ltr[ray]'"
        raise JobError(msg) from None
    mine = not ray.is_initialized()
    if mine:
        with _own_sigterm():
            _connect(ray)
    try:
        yield OnRay()
    finally:
        if mine:
            with _own_sigterm():
                ray.shutdown()


def _connect(ray: object) -> None:
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    address = os.environ.get("RAY_ADDRESS")
    try:
        ray.init(log_to_driver=False, include_dashboard=False, logging_level="error")  # type: ignore[attr-defined]
    except (ConnectionError, RuntimeError, ValueError) as error:
        first = str(error).partition("\n")[0]
        msg = f"--engine ray: no cluster can be reached at {address or 'this machine'} ({first})"
        raise JobError(msg) from None


@contextmanager
def _own_sigterm() -> Iterator[None]:
    """Let SIGTERM mean what it meant before.

    Ray's start gives it exit codes of its own, and its end takes from the system whatever handler
    there was, unseen by Python.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    came = False
    try:
        yield
    except SystemExit:  # by which Ray answers it
        came = True
    finally:
        signal.signal(signal.SIGTERM, before)
    if came:
        signal.raise_signal(signal.SIGTERM)
