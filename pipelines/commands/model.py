"""``ltr vectors`` and ``ltr export``: what else a trained model gives."""

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from pipelines.commands.told import tell
from pipelines.progress import Progress

ModelSource = Annotated[
    Path,
    typer.Argument(metavar="JOB|MODEL", help="A job file (TOML), or a model's or run's folder."),
]


def vectors(
    source: ModelSource,
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
    tell("vectors", done)


def export(
    source: ModelSource, out: options.ExportFile, tables: options.ExportTables = "float32"
) -> None:
    """Write a model with its encoder as one file, which scores without torch, torchrec or polars.

    `ltr.exported` reads it with numpy and onnxruntime.
    """
    from pipelines.jobs.export import ExportJob
    from pipelines.jobs.export import run as write_file

    model, _ = _model_and_lists(source)
    with Progress("export") as progress:
        done = write_file(ExportJob(model, out, tables=tables), progress)
    tell("export", done)


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
