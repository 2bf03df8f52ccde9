"""How a log is cut so that the work stays within a budget of memory, and whether it fits the disk.

Everything is counted in bytes of a row as it lies in memory: texts as numbers of 4 bytes.
"""

import shutil
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import polars as pl

from pipelines.contracts import is_text
from pipelines.errors import JobError
from pipelines.spill.hashing import MOST

FIXED = 512 * 2**20
"""Bytes of the process itself: interpreter, libraries, the reader's buffers, freed memory."""
LEAST = 64 * 2**20
"""Bytes of rows that are worked on at a time, however small the budget."""
COPIES_IN_PARTITION = 8
"""Times that a partition's rows lie in memory at the worst moment of a step; measured."""
COPIES_WHILE_READING = 6
COPIES_ON_DISK = 4
"""Rows as read, rows as graded, lists that are linked into the result, rejects."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a log is cut."""

    partitions: int
    piece_rows: int
    """Rows that are read before they are written by partition."""


def plan(rows: int, row_bytes: float, budget: int) -> Plan:
    """Return how many partitions keep the work within the budget.

    Args:
        rows: Of the log.
        row_bytes: Of one row, see :func:`bytes_of_row`.
        budget: Bytes of memory.

    Example:
        >>> plan(rows=10_000_000, row_bytes=60, budget=2**30)
        Plan(partitions=9, piece_rows=1491308)
    """
    free = max(budget - FIXED, LEAST)
    partitions = ceil(rows * row_bytes * COPIES_IN_PARTITION / free)
    return Plan(
        partitions=min(max(partitions, 1), MOST),
        piece_rows=max(int(free / (row_bytes * COPIES_WHILE_READING)), 1),
    )


def bytes_of_row(sample: pl.DataFrame) -> float:
    """Return the mean bytes of a row once its texts are numbers."""
    if sample.is_empty():
        return 8.0 * sample.width
    return sum(_bytes(column) for column in sample.iter_columns())


def check_disk(folder: Path, rows: int, row_bytes: float) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises:
        JobError: There is less space than the work is estimated to take.
    """
    needed = int(rows * row_bytes * COPIES_ON_DISK)
    free = shutil.disk_usage(folder).free
    if needed > free:
        msg = (
            f"{folder}: preparing {rows:,} rows must have about {_gib(needed)} of disk space;"
            f" got {_gib(free)}"
        )
        raise JobError(msg)


def _bytes(column: pl.Series) -> float:
    if isinstance(column.dtype, pl.List):
        elements = column.list.len().mean()
        values = column.explode(empty_as_null=False, keep_nulls=False)
        return 8 + float(elements or 0) * _bytes(values)  # type: ignore[arg-type]
    if column.dtype == pl.String and column.name.startswith("log/"):
        return 16 + float(column.str.len_bytes().mean() or 0)  # type: ignore[arg-type]
    return 4.0 if is_text(column.dtype) else column.estimated_size() / max(len(column), 1)


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
