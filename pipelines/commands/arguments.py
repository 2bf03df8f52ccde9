"""Arguments that several commands take."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from pipelines.engines import EngineName

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
Unattended = Annotated[
    bool, typer.Option("--unattended", help="Go on if MLflow does not answer, as a night does.")
]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="Who does the work: this machine, or a Ray cluster.")
]
Date = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="Last day of the log's window (log.days)."),
]
