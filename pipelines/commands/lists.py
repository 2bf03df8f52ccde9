"""``ltr inspect``."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options

ListsFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder of lists, or a run's folder.")
]


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
