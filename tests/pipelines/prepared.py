"""A small log prepared in a folder that is gone again, as frames to look at."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import polars as pl

from ltr.data.manifest import Manifest, SplitName
from pipelines.config import Job
from pipelines.contracts import PARTS, REASON
from pipelines.encoder import Encoder
from pipelines.jobs.folders import Folders
from pipelines.jobs.prepare import as_log, make_lists
from pipelines.progress import Progress
from pipelines.sources import LogFile


class Prepared(NamedTuple):
    """What a log becomes."""

    lists: dict[SplitName, pl.DataFrame]
    encoder: Encoder
    rows: pl.DataFrame
    """Every row of the log: those with a reason first, in the order of the log."""
    events: pl.DataFrame | None
    """Those that were rejected."""
    manifest: Manifest


def prepare(
    log: Sequence[LogFile], events: Sequence[LogFile] | None, job: Job, progress: Progress
) -> Prepared:
    """Run the whole order; rows that a filter left out are among the rejects here."""
    everything = patch("pipelines.steps.grade.REJECTED", pl.col(REASON).is_not_null())
    with tempfile.TemporaryDirectory() as folder, everything:
        folders = Folders(log=Path(folder), run=Path(folder, "run"))
        manifest = make_lists(as_log(log, events), job, folders, progress)
        lists = {part: _lists(folders.lists / part) for part in PARTS}
        rejects = folders.lists / "rejects"
        rows = pl.read_parquet(rejects / "rows-*.parquet").sort("row")
        rejected = pl.read_parquet(rejects / "events-*.parquet") if events is not None else None
        encoder = Encoder.load(folders.lists / "encoder")
    columns = ["query_id", "document_id", "position", "grade"]
    kept = pl.concat([frame.select(columns).explode(columns[1:]) for frame in lists.values()])
    return Prepared(
        lists, encoder, pl.concat([rows, kept], how="diagonal_relaxed"), rejected, manifest
    )


def _lists(folder: Path) -> pl.DataFrame:
    return pl.concat([pl.read_ipc(path) for path in sorted(folder.glob("*.arrow"))])
