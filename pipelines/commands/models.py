"""``ltr models``: the versions of a model; `pipelines.registry.command` does the work."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines.options import Json

models = typer.Typer(no_args_is_help=True, help="The versions of a model, and the champion.")

Source = Annotated[
    Path,
    typer.Argument(
        metavar="MODELS|JOB", help="A folder of models, one of nights, or a job file (TOML)."
    ),
]
VersionName = Annotated[str, typer.Argument(metavar="VERSION", help="E.g. v0012, or champion.")]
Versions = Annotated[
    list[str] | None, typer.Argument(metavar="[VERSION]...", help="Which; otherwise all.")
]
To = Annotated[
    str | None,
    typer.Option("--to", metavar="VERSION", help="Otherwise the champion before this one."),
]
Why = Annotated[str, typer.Option("--why", help="For the record.")]


@models.command("list")
def list_models(source: Source, *, json: Json = False) -> None:
    """One line per version: night, quality, parent, and which is the champion."""
    from pipelines.registry import command

    command.list_models(source, as_json=json)


@models.command()
def show(source: Source, version: VersionName = "champion", *, json: Json = False) -> None:
    """Everything that is known of one version: metrics, gate, rows, files, promotions."""
    from pipelines.registry import command

    command.show(source, version, as_json=json)


@models.command()
def rollback(source: Source, to: To = None, why: Why = "") -> None:
    """Make the champion before this one the champion again, or a version that is named."""
    from pipelines.registry import command

    command.rollback(source, to, why)


@models.command()
def diff(
    source: Source,
    first: VersionName,
    second: VersionName = "champion",
    *,
    json: Json = False,
) -> None:
    """How two versions differ: configuration, features, metrics, rows and files of the log."""
    from pipelines.registry import command

    command.diff(source, first, second, as_json=json)


@models.command()
def verify(source: Source, versions: Versions = None, *, json: Json = False) -> None:
    """Compare every file with its checksum; code 2 names what was changed, is missing or is new."""
    from pipelines.registry import command

    raise typer.Exit(command.verify(source, versions or (), as_json=json))
