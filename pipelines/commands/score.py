"""``ltr score``: its options, and the job that they make."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipelines.commands.told import tell
from pipelines.progress import Progress

Text = str | None
Model = Annotated[
    Path, typer.Option("--model", help="Folder of the model, or of its run; links are followed.")
]
Log = Annotated[
    str,
    typer.Option("--log", help="File, folder, glob, Delta table or address; {date} is the day."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder of the scores, made or replaced whole.")]
Keep = Annotated[Text, typer.Option("--keep", help="Columns to write too, parted by commas.")]
Query = Annotated[Text, typer.Option("--query", help="Column of the query, if not the training's.")]
Document = Annotated[
    Text, typer.Option("--document", help="Column of the document, if not the training's.")
]
Format = Annotated[
    Literal["parquet", "arrow", "csv", "ndjson", "letor", "trec"] | None,
    typer.Option("--format", help="Of the log, if its suffix does not tell it."),
]
LastDay = Annotated[
    datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="Last day to score; else all is scored."),
]
Days = Annotated[int, typer.Option("--days", min=1, help="Days that end with --date.")]
Memory = Annotated[
    float, typer.Option("--memory", min=0.0625, help="GiB of rows at a time, beside the model.")
]
MaxRows = Annotated[
    int | None,
    typer.Option("--max-rows", min=1, help="Of a query; the rows of a longer one are rejected."),
]


def score(
    model: Model,
    log: Log,
    out: Out,
    keep: Keep = None,
    query: Query = None,
    document: Document = None,
    kind: Format = None,
    date: LastDay = None,
    days: Days = 1,
    memory: Memory = 1.0,
    max_rows: MaxRows = None,
) -> None:
    """Score every row of a log that has a query and a document, in bounded memory.

    Writes the query, the document, the score and the rank within the query, best first, as Parquet
    files. Rows that cannot be used go to rejects/ with their reason.
    """
    # torch and torchrec take seconds to import.
    from pipelines.jobs.score import ScoreJob, run

    job = ScoreJob(
        model=model,
        log=log,
        out=out,
        keep=tuple(keep.split(",")) if keep else (),
        query=query,
        document=document,
        kind=kind,
        last_day=date and date.date(),
        days=days,
        memory=int(memory * 2**30),
        most_rows=max_rows,
    )
    with Progress("score") as progress:
        done = run(job, progress)
    tell("score", done)
