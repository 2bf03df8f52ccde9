"""The console script ``ltr``: a job file in, files out, one clear line on an error.

Exit codes (docs/operations.md): 0 done, 1 a process of a training died, or a bug, which shows its
traceback, 2 the input or the output folder is wrong, 3 the lists that `ltr inspect` compares differ
beyond the limits, 10 a night is complete and keeps the champion, 11 another night holds the folder,
130 interrupted, 143 told to stop (SIGTERM): a training took a snapshot first, and the same command
goes on from there.
"""

import logging
import os
import textwrap
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias

import typer

from ltr.errors import LtrError
from pipelines import options
from pipelines.commands.score import score
from pipelines.engines import EngineName
from pipelines.errors import JobError
from pipelines.jobs.ranks import end_with_launcher, leave_to_launcher, num_ranks, rank
from pipelines.models_app import models
from pipelines.progress import Progress
from pipelines.telemetry import set_up_logging, tell_bugs, tell_error

if TYPE_CHECKING:
    from pipelines.config import Job
    from pipelines.jobs.folders import Folders

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Learning to rank: a log in, a trained model and an honest offline report out.",
)
app.add_typer(models, name="models")

JobFile = Annotated[Path, typer.Argument(metavar="JOB", help="The job file (TOML).")]
LogFolder = Annotated[
    Path | None,
    typer.Option("--log", help="Folder of the log; otherwise paths are relative to the job file."),
]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="Folder of the run, instead of the job file's output.")
]
Processes = Annotated[
    int, typer.Option("--nproc", min=1, help="Train in so many processes; tables are shared out.")
]
Profile = Annotated[
    bool, typer.Option("--profile", help="Write where the time of some steps goes to profile/.")
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="Who does the work: this machine, or a Ray cluster.")
]
Date = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="Last day of the log's window (log.days)."),
]
Force = Annotated[
    bool, typer.Option("--force", help="Promote although rules are broken; that is recorded.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")]
Source = Annotated[
    Path, typer.Argument(metavar="JOB|TABLE", help="A job file (TOML) or a scored table.")
]
ListsFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder of lists, or a run's folder.")
]
VectorsSource = Annotated[
    Path,
    typer.Argument(metavar="JOB|MODEL", help="A job file (TOML), or a model's or run's folder."),
]
FIELDS = frozenset(options.Given._fields)
Step: TypeAlias = "Callable[[Job, Folders, Progress], str]"


@app.callback()
def every_command(log_format: options.LogFormat = None) -> None:
    """Options that every command has, before its name."""


@app.command()
def prepare(
    job_file: JobFile,
    log: LogFolder = None,
    out: OutFolder = None,
    date: Date = None,
    engine: EngineOption = "local",
) -> None:
    """Make lists of a log: validate, attribute, label, split, encode, group."""
    _run(["prepare"], job_file, _How(log, out, date, engine))


@app.command()
def train(
    job_file: JobFile,
    out: OutFolder = None,
    warm_start: options.WarmStart = None,
    nproc: Processes = 1,
    engine: EngineOption = "local",
    *,
    profile: Profile = False,
) -> None:
    """Train a model on the lists that `ltr prepare` made; a killed training goes on.

    Under torchrun, every process calls this: torchrun --nproc-per-node N $(which ltr) train JOB.
    """
    how = _How(out=out, engine=engine, nproc=nproc, profile=profile, warm_start=warm_start)
    _run(["train"], job_file, how)


@app.command()
def evaluate(
    source: Source,
    out: OutFolder = None,
    query: options.Query = None,
    label: options.Label = None,
    score: options.Score = None,
    document: options.Document = None,
    baseline: options.Baseline = None,
    qrels: options.Qrels = None,
    weight: options.Weight = None,
    propensity: options.Propensity = None,
    position: options.Position = None,
    frequency: options.Frequency = None,
    by: options.By = None,
    reward: options.Reward = None,
    new: options.New = None,
    curve: options.Curve = None,
    predicted: options.Predicted = None,
    new_predicted: options.NewPredicted = None,
    clip: options.Clip = None,
    metrics: options.Metrics = None,
    gain: options.Gain = None,
    ties: options.Ties = None,
    preset: options.Preset = None,
    blank: options.Blank = None,
    relevant: options.Relevant = None,
    resamples: options.Resamples = None,
    interval: options.Interval = None,
    seed: options.Seed = None,
    nonfinite: options.Nonfinite = None,
    negative: options.Negative = None,
    duplicates: options.Duplicates = None,
    memory: options.Memory = None,
    *,
    trec: options.Trec = False,
) -> None:
    """Measure a model on its held-out lists, or any scored table, and write the report.

    A job file (.toml) measures the model that `ltr train` made. Anything else is a scored table:
    Parquet, Arrow, CSV or NDJSON, a folder or a glob of them, or a TREC run with --qrels. With
    --reward it also says what the clicks would be under the new ranking; with --new, under a new
    policy.
    """
    given = options.Given(**{name: value for name, value in locals().items() if name in FIELDS})
    if source.suffix == ".toml":
        given.refuse_for_a_job()
        _run(["evaluate"], source, _How(out=out))
    else:
        _run_table(source, given, out)


@app.command()
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
    how = _How(log, out, date, engine, nproc, profile)
    _run(["prepare", "train", "evaluate"], job_file, how)


@app.command()
def nightly(
    job_file: JobFile,
    log: LogFolder = None,
    out: OutFolder = None,
    date: Date = None,
    engine: EngineOption = "local",
    nproc: Processes = 1,
    *,
    force: Force = False,
    dry_run: DryRun = False,
) -> None:
    """Prepare the window, train, compare with the model in use, and promote what is not worse.

    What an earlier run of the same night has left is not made again. Exit codes: 0 promoted, 10 the
    model in use stays, 11 another night is at work, 2 bad input, 143 stopped: run it again.
    """
    from pipelines.nightly.stop import on_sigterm

    with on_sigterm() as stop:
        from pipelines.nightly.command import Asked
        from pipelines.nightly.command import run as run_nightly

        asked = Asked(
            job_file=job_file,
            date=date and date.date(),
            log=log,
            out=out,
            forced=force,
            plan=dry_run,
            engine=engine,
            num_processes=nproc,
        )
        code, lines = run_nightly(asked, stop)
        typer.echo("\n".join(lines))
        raise typer.Exit(code)


@app.command()
def vectors(
    source: VectorsSource,
    out: options.VectorsFile,
    queries: options.QueriesFile = None,
    lists: options.Lists = None,
    part: options.Part = None,
) -> None:
    """Write the document vectors of a two-tower model (interaction dot) for a vector index.

    A document has one row: as it was shown last. The score of a query and a document is the product
    of their vectors.
    """
    from pipelines.inspect.command import parts_of
    from pipelines.jobs.vectors import VectorsJob
    from pipelines.jobs.vectors import run as write_vectors

    model, default = _model_and_lists(source)
    job = VectorsJob(model, lists or default, parts_of(part), out, queries)
    with Progress("vectors") as progress:
        done = write_vectors(job, progress)
    typer.echo(textwrap.indent(f"vectors: {done}", "  ").strip())


@app.command()
def export(
    source: VectorsSource, out: options.ExportFile, tables: options.ExportTables = "float32"
) -> None:
    """Write a model with its encoder as one file, which scores without torch, torchrec or polars.

    `ltr.exported` reads it with numpy and onnxruntime.
    """
    from pipelines.jobs.export import ExportJob
    from pipelines.jobs.export import run as write_file

    model, _ = _model_and_lists(source)
    with Progress("export") as progress:
        done = write_file(ExportJob(model, out, tables=tables), progress)
    typer.echo(textwrap.indent(f"export: {done}", "  ").strip())


@app.command()
def inspect(
    folder: ListsFolder,
    query: options.ListId = None,
    part: options.Part = None,
    against: options.Against = None,
    limits: options.Limits = None,
    limit: options.Limit = None,
    html: options.Html = None,
    *,
    json: options.Json = False,
) -> None:
    """Look at lists that `ltr prepare` made, at one of them, or at how two folders differ."""
    from pipelines.inspect.command import Asked, parts_of
    from pipelines.inspect.command import run as look

    asked = Asked(
        folder=folder,
        query=query,
        parts=parts_of(part),
        against=against,
        limits=limits,
        limit=limit or (),
        json=json,
        html=html,
    )
    raise typer.Exit(look(asked))


app.command()(score)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    # Threads of torch that spin while they wait for each other stall on a machine they share.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    logging.getLogger("ltr").setLevel(logging.INFO if rank() == 0 else logging.CRITICAL)
    end_with_launcher()
    try:
        set_up_logging()
        app(arguments)
    except SystemExit as done:  # how typer ends, well or with a wrong command line
        return int(done.code or 0)
    except (LtrError, OSError) as error:
        code = error.exit_code if isinstance(error, LtrError) else 2
        if not leave_to_launcher(error, code):
            tell_error(error, code)
        return code
    except Exception as error:
        leave_to_launcher(error, 1)
        tell_bugs()  # typer has put its own in the place of it
        raise
    return 0


class _How(NamedTuple):
    """What the command line says beside the job file."""

    log: Path | None = None
    out: Path | None = None
    date: datetime | None = None
    engine: EngineName = "local"
    nproc: int = 1
    profile: bool = False
    warm_start: str | None = None


def _run(names: list[str], job_file: Path, how: _How) -> None:
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
                typer.echo(textwrap.indent(f"{name}: {done}", "  ").strip())


def _model_and_lists(source: Path) -> tuple[Path, Path]:
    """The model of a job, of a run or of its own folder, and the lists beside it."""
    from pipelines.config import load_job
    from pipelines.jobs.folders import Folders
    from pipelines.registry import model_folder

    if source.suffix == ".toml":
        folders = Folders.of(load_job(source), source, None, None)
        return folders.model, folders.lists
    run = source if (source / "model").exists() else source.absolute().parent
    return model_folder(run / "model" if run == source else source), run / "lists"


def _run_table(source: Path, given: options.Given, out: Path | None) -> None:
    from pipelines.jobs.evaluate_policy import run as evaluate_policy
    from pipelines.jobs.evaluate_table import run as evaluate_table
    from pipelines.policy_job import policy_job
    from pipelines.table_job import table_job

    with Progress("evaluate") as progress:
        if given.new is None:
            done = evaluate_table(table_job(source, given, out), progress)
        else:
            done = evaluate_policy(policy_job(source, given, out), progress)
    typer.echo(textwrap.indent(f"evaluate: {done}", "  ").strip())


def _step(name: str, job: "Job", how: _How) -> Step:
    """Return a job's function; imported when needed, because torchrec takes seconds to import."""
    if name == "prepare":
        from pipelines.jobs.prepare import run as prepare_lists

        return partial(prepare_lists, engine=how.engine)
    if name == "train":
        from pipelines.jobs.train import check_loss
        from pipelines.jobs.train import run as train_model

        check_loss(job)
        return partial(train_model, profile=how.profile)
    from pipelines.jobs.evaluate import run as evaluate_model

    return evaluate_model
