"""The console script ``ltr``: a job file in, files out, one clear line on an error.

Exit codes (docs/operations.md): 0 done, 1 a process of a training died, or a bug, which shows its
traceback, 2 the input or the output folder is wrong, 3 the lists that `ltr inspect` compares differ
beyond the limits, 10 a night is complete and keeps the champion, 11 another night holds the folder,
130 interrupted, 143 told to stop (SIGTERM): a training took a snapshot first, and the same command
goes on from there.
"""

import logging
import os
from collections.abc import Sequence

import typer

from ltr.errors import LtrError
from pipelines import options
from pipelines.commands.evaluate import evaluate
from pipelines.commands.job import prepare, run, train
from pipelines.commands.lists import inspect
from pipelines.commands.model import export, vectors
from pipelines.commands.models import models
from pipelines.commands.night import nightly
from pipelines.commands.score import score
from pipelines.jobs.ranks import end_with_launcher, leave_to_launcher, rank
from pipelines.telemetry import set_up_logging, tell_bugs, tell_error

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Learning to rank: a log in, a trained model and an honest offline report out.",
)
for command in (prepare, train, evaluate, run, nightly, score, inspect, vectors, export):
    app.command()(command)
app.add_typer(models, name="models")


@app.callback()
def every_command(log_format: options.LogFormat = None) -> None:
    """Options that every command has, before its name."""


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
