"""One process of ``ltr train`` in a worker of a Ray cluster; Ray Train has opened the group."""

import contextlib
import io
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ltr.errors import LtrError
from pipelines.jobs.ranks import rank

POLL_S = 0.5
"""How often a worker looks whether it is asked to stop."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker is told. Its paths are the same on every node.

    Attributes:
        arguments: Of ``ltr``.
        said: Where the first worker writes what it says.
        stop: A file that is there when the training is to stop.
    """

    arguments: list[str]
    said: Path
    stop: Path


class WorkerError(Exception):
    """What a worker stopped with, in a form that travels: text, exit code, and the error's name."""


def work(told: Work) -> str:
    """Be one process of the training; return what it prints.

    Raises:
        WorkerError: The command ended with an error.
    """
    _speak(told.said)
    import torch.distributed as dist

    from pipelines.cli import app

    if dist.get_backend() == "gloo":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # its neighbours have none, or not enough of them
    printed = io.StringIO()
    try:
        with _heeding(told.stop), contextlib.redirect_stdout(printed):
            app(told.arguments, standalone_mode=False)
    except (LtrError, OSError) as error:
        code = error.exit_code if isinstance(error, LtrError) else 2
        raise WorkerError(str(error), code, type(error).__name__) from None
    return printed.getvalue()


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


@contextlib.contextmanager
def _heeding(stop: Path) -> Iterator[None]:
    """Ask the training to stop when the file is there: a worker's signals are Ray's own."""
    from ltr.training.signals import ask_to_stop

    over = threading.Event()

    def watch() -> None:
        while not over.wait(POLL_S):
            if stop.exists():
                ask_to_stop()  # again and again: it may not have begun when it is asked first

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
