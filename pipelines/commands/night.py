"""``ltr nightly``."""

from typing import Annotated

import typer

from pipelines.commands.arguments import (
    Date,
    EngineOption,
    JobFile,
    LogFolder,
    OutFolder,
    Processes,
)

Force = Annotated[
    bool, typer.Option("--force", help="Promote although rules are broken; that is recorded.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done, and why.")]


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
