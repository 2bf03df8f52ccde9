"""Scatter: read a stretch of a file in batches and leave its rows by partition.

Impressions are parted by their query, events and the keys that they are matched with by their
session: both sides of whatever must meet are in one partition.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from pipelines.contracts import is_text
from pipelines.sources import LogFile, reading
from pipelines.spill.coded import as_categories
from pipelines.spill.hashing import partition_of
from pipelines.spill.pieces import write_piece
from pipelines.stages.read import numbered, read_events
from pipelines.steps.partition import Context, same_columns

BATCH_ROWS = 200_000


class Scattered(BaseModel):
    """What became of a stretch of a file."""

    rows: int
    partitions: list[int]
    """Rows that each partition got."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a file."""

    context: Context
    file: LogFile
    first: int
    """Number of its first row in the log."""
    events: bool = False


def scatter(task: Stretch, folder: Path) -> Scattered:
    """Leave the rows of a stretch by partition.

    Raises:
        LogError: The file is not what its format or its columns promise.
    """
    key = "session_id" if task.events else "query_id"
    partitions = task.context.plan.partitions
    total, counts = 0, [0] * partitions
    names = [
        name for name, dtype in _rows(task).collect_schema().items() if _is_numbered(name, dtype)
    ]
    read = pieces(LogFile(task.file.path, _rows(task)), names, task.context.plan.piece_rows)
    for number, piece in enumerate(read):
        partition = partition_of(piece[key], partitions)
        got = write_piece(piece, partition, partitions, folder, number)
        total += piece.height
        counts = [a + b for a, b in zip(counts, got, strict=True)]
    return Scattered(rows=total, partitions=counts)


def pieces(file: LogFile, texts: Iterable[str], most: int) -> Iterator[pl.DataFrame]:
    """Read a file in batches and yield as many of them together as fit the memory; one at least.

    Args:
        file: Of the log.
        texts: Columns whose texts are numbered as they are read.
        most: Rows that fit the memory.

    Raises:
        LogError: The file is not what its format or its columns promise.
    """
    held: list[pl.DataFrame] = []
    rows = as_categories(file.rows, texts)
    with reading(file.path):
        for batch in rows.collect_batches(chunk_size=BATCH_ROWS, maintain_order=True):
            if sum(one.height for one in held) >= most:
                yield pl.concat(held)
                held = []
            held.append(batch)
    yield pl.concat(held) if held else rows.clear().collect()


def _rows(task: Stretch) -> pl.LazyFrame:
    job, schema = task.context.job, task.context.schema
    if task.events and job.events:
        return read_events([task.file], job.events, schema["time"])
    rows = numbered(task.file.rows, task.first).select(schema.names()).cast(schema)
    return rows.drop(same_columns(job))


def _is_numbered(name: str, dtype: pl.DataType) -> bool:
    # What rules read stays as it is: they may cut it, compare it, or look for a part of it.
    return is_text(dtype) and not name.startswith("log/")
