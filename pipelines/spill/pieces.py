"""Pieces: rows that one task leaves for the partitions, in the order in which it met them.

A piece is two Arrow IPC files: ``rows``, one record batch per partition, so that a partition reads
its own and nothing else; and ``texts``, one row whose lists are the dictionaries of the text
columns, which are numbers in ``rows``. Both are mapped: what a partition does not use is not read.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc

from pipelines.spill.hashing import Partitions
from pipelines.spill.numbered import Numbered, is_numbered, join, take_apart

OLDEST = pl.CompatLevel.oldest()
ROWS, TEXTS = ".rows.arrow", ".texts.arrow"


def write_piece(
    frame: pl.DataFrame, partition: Partitions, partitions: int, folder: Path, number: int = 0
) -> list[int]:
    """Write the rows by partition, in their order, and return how many each partition gets.

    Args:
        frame: Columns that are Categorical or Enum, or lists of them, are written as numbers.
        partition: Of each row.
        partitions: How many there are.
        folder: Of the task.
        number: Of the piece within the task.
    """
    # Gathering lists from many pieces of memory takes several times as long as from one.
    rows = frame.rechunk()[np.argsort(partition, kind="stable")]
    texts: dict[str, pa.Array] = {}
    columns: dict[str, pa.Array] = {}
    for series in rows.iter_columns():
        numbers = series
        if is_numbered(series.dtype):
            numbers, dictionary = take_apart(series)
            texts[series.name] = _arrow(dictionary)
        columns[series.name] = _arrow(numbers)
    _write(folder / f"{number:05}{TEXTS}", [_one_row(texts)])
    whole = pa.record_batch(list(columns.values()), list(columns))
    counts = np.bincount(partition, minlength=partitions)
    ends = np.cumsum(counts)
    slices = [whole.slice(end - count, count) for end, count in zip(ends, counts, strict=True)]
    _write(folder / f"{number:05}{ROWS}", slices)
    return [int(count) for count in counts]


class Piece(NamedTuple):
    """What one piece holds of one partition."""

    rows: pa.RecordBatch
    texts: dict[str, pa.Array]

    def column(self, name: str) -> Numbered:
        """Return a column of texts."""
        return Numbered(self.rows.column(name), self.texts[name])


def read_pieces(folders: Iterable[Path], number: int) -> list[Piece]:
    """Map one partition of all pieces, in the order of folders and pieces.

    Args:
        folders: Of the tasks that left pieces.
        number: The partition.
    """
    paths = [path for folder in folders for path in sorted(folder.glob(f"*{ROWS}"))]
    return [_read(path, number) for path in paths]


def as_frame(pieces: Sequence[Piece]) -> pl.DataFrame:
    """Put pieces one after another; texts become Enum. There must be a piece, if without rows."""
    filled = [piece for piece in pieces if piece.rows.num_rows] or pieces[:1]
    names = filled[0].rows.schema.names
    texts = [name for name in names if name in filled[0].texts]
    columns = {name: join([piece.column(name) for piece in filled]) for name in texts}
    plain = pa.Table.from_batches([piece.rows.drop_columns(texts) for piece in filled])
    joined = pl.DataFrame(plain).with_columns(
        column.alias(name) for name, column in columns.items()
    )
    return joined.select(names)


def _read(path: Path, number: int) -> Piece:
    rows = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(number)
    beside = path.with_name(path.name.removesuffix(ROWS) + TEXTS)
    texts = pa.ipc.open_file(pa.memory_map(str(beside))).get_batch(0)
    return Piece(rows, {name: texts.column(name).values for name in texts.schema.names})


def _arrow(column: pl.Series) -> pa.Array:
    return column.rechunk().to_arrow(compat_level=OLDEST)


def _one_row(texts: dict[str, pa.Array]) -> pa.RecordBatch:
    lists = [
        pa.LargeListArray.from_arrays(pa.array([0, len(values)], pa.int64()), values)
        for values in texts.values()
    ]
    if not lists:
        return pa.record_batch([pa.nulls(1)], ["none"]).slice(0, 1)
    return pa.record_batch(lists, list(texts))


def _write(path: Path, batches: Sequence[pa.RecordBatch]) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
