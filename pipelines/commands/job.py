"""``ltr prepare``, ``ltr train``, and ``ltr run``, which evaluates, too."""

from pipelines import options
from pipelines.commands.arguments import (
    Date,
    EngineOption,
    JobFile,
    LogFolder,
    OutFolder,
    Processes,
    Profile,
    Unattended,
)
from pipelines.commands.steps import How, run_steps


def prepare(
    job_file: JobFile,
    log: LogFolder = None,
    out: OutFolder = None,
    date: Date = None,
    engine: EngineOption = "local",
) -> None:
    """Make lists of a log: validate, attribute, label, split, encode, group."""
    run_steps(["prepare"], job_file, How(log, out, date, engine))


def train(
    job_file: JobFile,
    out: OutFolder = None,
    warm_start: options.WarmStart = None,
    nproc: Processes = 1,
    engine: EngineOption = "local",
    *,
    profile: Profile = False,
    unattended: Unattended = False,
) -> None:
    """Train a model on the lists that `ltr prepare` made; a killed training goes on.

    Under torchrun, every process calls this: torchrun --nproc-per-node N $(which ltr) train JOB.
    """
    how = How(
        out=out,
        engine=engine,
        nproc=nproc,
        profile=profile,
        warm_start=warm_start,
        unattended=unattended,
    )
    run_steps(["train"], job_file, how)


def run(
    job_file: JobFile,
    log: LogFolder = None,
    out: OutFolder = None,
    date: Date = None,
    engine: EngineOption = "local",
    nproc: Processes = 1,
    *,
    profile: Profile = False,
) -> None:
    """Prepare, train and evaluate."""
    how = How(log, out, date, engine, nproc, profile)
    run_steps(["prepare", "train", "evaluate"], job_file, how)
