"""Where a run reads and writes, and the lock that keeps two runs of one folder apart."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.config import Job
from pipelines.errors import JobError


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders of one run."""

    log: Path
    """What ``log.path`` and ``events.path`` are relative to."""
    run: Path

    @classmethod
    def of(cls, job: Job, job_file: Path, log: Path | None, out: Path | None) -> "Folders":
        """Return the folders of a job; the command line's choice goes before the job file's."""
        here = job_file.parent
        # normpath, because ../ in the job file would stand in every line that names a folder.
        return cls(log=log or here, run=out or Path(os.path.normpath(here / job.output)))

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


@contextmanager
def locked(run: Path) -> Iterator[None]:
    """Hold the run's folder for this process; the lock of a killed process is no lock.

    Raises:
        JobError: Another process holds it, or the folder cannot be written.
    """
    try:
        run.mkdir(parents=True, exist_ok=True)
        lock = FileLock(run / ".lock", timeout=0)
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
