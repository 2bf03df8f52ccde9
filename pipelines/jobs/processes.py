"""A training in several processes, on this machine or on a cluster."""

from pathlib import Path
from typing import Protocol

from pipelines.config import PREVIOUS
from pipelines.engines import EngineName
from pipelines.jobs.folders import Folders


class How(Protocol):
    """What the command line says of a training."""

    @property
    def nproc(self) -> int:
        """Processes."""

    @property
    def engine(self) -> EngineName:
        """Where they are."""

    @property
    def profile(self) -> bool:
        """Whether to profile some steps."""

    @property
    def unattended(self) -> bool:
        """Whether it goes on if MLflow does not answer."""

    @property
    def warm_start(self) -> str | None:
        """The model to begin with."""


def train_in_processes(job_file: Path, folders: Folders, how: How) -> str:
    """Start the processes, wait for them, and return what is left to be printed.

    Raises:
        RankError: One of them failed, or they were told to stop.
        JobError: They cannot be started.
    """
    # Absolute, because a process may begin in another folder.
    arguments = ["train", str(job_file.absolute()), "--out", str(folders.run.absolute())]
    arguments += ["--profile"] * how.profile + ["--unattended"] * how.unattended
    if how.warm_start is not None:
        is_word = how.warm_start in (PREVIOUS, "")
        model = how.warm_start if is_word else str(Path(how.warm_start).absolute())
        arguments += ["--warm-start", model]
    if how.engine == "ray":
        from pipelines.jobs.launch_on_ray import launch_on_ray

        return launch_on_ray(arguments, how.nproc, folders.run.absolute())
    from pipelines.jobs.launch import launch

    launch(arguments, how.nproc)
    return ""
