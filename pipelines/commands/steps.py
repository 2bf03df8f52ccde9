"""The steps of a job, one after another, with the folder of the run held."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import typer

from pipelines.commands.told import tell
from pipelines.engines import EngineName
from pipelines.errors import JobError
from pipelines.jobs.ranks import num_ranks, rank
from pipelines.progress import Progress

if TYPE_CHECKING:
    from pipelines.config import Job
    from pipelines.jobs.folders import Folders

Step: TypeAlias = "Callable[[Job, Folders, Progress], str]"


class How(NamedTuple):
    """What the command line says beside the job file."""

    log: Path | None = None
    out: Path | None = None
    date: datetime | None = None
    engine: EngineName = "local"
    nproc: int = 1
    profile: bool = False
    warm_start: str | None = None
    unattended: bool = False


def run_steps(names: list[str], job_file: Path, how: How) -> None:
    """Do some of the steps of a job, in one process or in several.

    Raises:
        JobError: The steps cannot be done so, or there are no lists yet.
    """
    from pipelines.config import load_job
    from pipelines.jobs.folders import Folders

    job = load_job(job_file, how.date and how.date.date())
    folders = Folders.of(job, job_file, how.log, how.out, how.warm_start)
    if num_ranks() > 1 and (names != ["train"] or how.nproc > 1 or how.engine == "ray"):
        msg = "torchrun starts `ltr train` without --nproc, and no other command"
        raise JobError(msg)
    steps = {name: _step(name, job, how) for name in names}
    if names[0] != "prepare" and not folders.lists.exists():
        msg = f"{folders.lists}: there are no lists yet; run ltr prepare first"
        raise JobError(msg)
    if how.nproc == 1 and (names != ["train"] or how.engine == "local"):
        _work(steps, job, folders)
        return
    from pipelines.jobs.processes import train_in_processes

    for name, step in steps.items():
        if name == "train":
            typer.echo(train_in_processes(job_file, folders, how), nl=False)
        else:
            _work({name: step}, job, folders)


def _work(steps: dict[str, Step], job: "Job", folders: "Folders") -> None:
    """Do the steps; of the processes of a training, the first holds the folder and is heard."""
    from pipelines.jobs.folders import locked

    is_first = rank() == 0
    with locked(folders.run) if is_first else nullcontext():
        for name, step in steps.items():
            with Progress(name, hidden=not is_first) as progress:
                done = step(job, folders, progress)
            if is_first:
                tell(name, done)


def _step(name: str, job: "Job", how: How) -> Step:
    """Return a job's function; imported when needed, because torchrec takes seconds to import."""
    if name == "prepare":
        from pipelines.jobs.prepare import run as prepare_lists

        return partial(prepare_lists, engine=how.engine)
    if name == "train":
        from pipelines.jobs.train import check_loss
        from pipelines.jobs.train import run as train_model

        check_loss(job)
        return partial(train_model, profile=how.profile, unattended=how.unattended)
    from pipelines.jobs.evaluate import run as evaluate_model

    return evaluate_model
