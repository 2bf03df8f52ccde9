"""Where a run reads and writes, and the lock that keeps two runs of one folder apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.config import PREVIOUS, Job
from pipelines.errors import JobError


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one run."""

    log: Path
    """What ``log.path`` and ``events.path`` are relative to."""
    run: Path
    begin: Path | None = None
    """The model that a training begins with; None for initial weights."""

    @classmethod
    def of(
        cls,
        job: Job,
        job_file: Path,
        log: Path | None,
        out: Path | None,
        warm_start: str | None = None,
    ) -> "Folders":
        """Return the folders of a job; the command line's choice goes before the job file's.

        Raises:
            JobError: There is no model to begin with where one is named.
        """
        here = job_file.parent
        # normpath, because ../ in the job file would stand in every line that names a folder.
        run = out or Path(os.path.normpath(here / job.output))
        # An empty one says that there is none, whatever the job file names.
        asked = job.training.warm_start if warm_start is None else warm_start or None
        return cls(log or here, run, _begin(asked, run, Path() if warm_start else here))

    @property
    def lists(self) -> Path:
        """The lists that ``prepare`` makes."""
        return self.run / "lists"

    @property
    def model(self) -> Path:
        """The model that ``train`` makes."""
        return self.run / "model"

    @property
    def report(self) -> Path:
        """The report that ``evaluate`` makes."""
        return self.run / "report"

    @property
    def snapshots(self) -> Path:
        """Of a training that is under way; gone when it is done."""
        return self.run / "snapshots"

    @property
    def nonfinite(self) -> Path:
        """The batch at which a training stopped because a value was not finite."""
        return self.run / "nonfinite"

    @property
    def tensorboard(self) -> Path:
        """The curves of the training."""
        return self.run / "tensorboard"

    @property
    def profile(self) -> Path:
        """Where the time of some steps of the training went."""
        return self.run / "profile"


def _begin(asked: str | None, run: Path, here: Path) -> Path | None:
    """The folder of the model to begin with; the first night has no previous one."""
    previous = asked == PREVIOUS
    if asked is None or (previous and not (run / "model").exists()):
        return None
    folder = run if previous else Path(os.path.normpath(here / asked))
    for model in (folder / "model", folder):
        if (model / "model.json").exists():
            from pipelines.registry import model_folder

            return model_folder(model)
    msg = f"{folder}: training.warm_start must be the folder of a model or of a run; got neither"
    raise JobError(msg)


@contextmanager
def locked(run: Path, name: str = ".lock", wait: float = 0.0) -> Iterator[None]:
    """Hold the run's folder for this process; the lock of a killed process is no lock.

    Args:
        run: The folder.
        name: The file that is locked: one of those that write, another of those that start them.
        wait: Seconds to wait for another process that holds it.

    Raises:
        JobError: Another process holds it, or the folder cannot be written.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run / name, timeout=wait)
        lock.acquire()
    except Timeout:
        msg = f"{run}: another job is writing into this folder"
        raise JobError(msg) from None
    except OSError as error:
        msg = f"{run}: the output folder cannot be written ({error.strerror})"
        raise JobError(msg) from None
    try:
        yield
    finally:
        lock.release()
