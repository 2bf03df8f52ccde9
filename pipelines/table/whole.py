"""Give a table's rows as whole lists, whatever their order, in bounded memory.

Most tables hold the rows of a list one after another, and are read once, in file order. Where a
list comes back after another one has begun, the rows are sorted by list: at once if they fit into
memory, else in parts, to which they are scattered on the disk by a hash of the query.

The hash only decides which rows are sorted together. Its parts live as long as this process, and
the caller puts what was measured back into the order of the table (``ROW``), so that no number
depends on the hash, which differs between versions of polars.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from pipelines.table.columns import QUERY

if TYPE_CHECKING:
    import pyarrow as pa

ROW = "row"
"""Number of a row in the table, from 0."""

ROWS_AT_A_TIME = 200_000
MEMORY_BYTES = 512 * 2**20
"""Rows beyond this are scattered on the disk."""

PARTS = 64


class ListComesBackError(Exception):
    """A list goes on after another one began: the rows are not in the order of lists."""


def in_file_order(table: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Give whole lists while their rows lie one after another.

    Yields:
        Frames of whole lists with the column ``ROW``, of about :data:`ROWS_AT_A_TIME` rows. A list
        may still come back: the caller must look at that.

    Raises:
        ListComesBackError: A list comes back within the first frame.
    """
    rest: pl.DataFrame | None = None
    for batch in batches(table):
        held = batch if rest is None else pl.concat([rest, batch])
        runs = held[QUERY].rle().struct
        # Of a table in no order, not even one frame is worth measuring.
        if rest is None and runs.field("value").n_unique() < runs.field("value").len():
            raise ListComesBackError
        whole = held.height - int(runs.field("len")[-1])
        if whole:
            yield held.head(whole)
        rest = held.tail(held.height - whole)
    if rest is not None:
        yield rest


def sorted_by_list(
    table: pl.LazyFrame, *, memory_bytes: int = MEMORY_BYTES, parts: int = PARTS
) -> Iterator[pl.DataFrame]:
    """Give whole lists of rows in any order.

    Args:
        table: The rows.
        memory_bytes: Rows that take more are scattered on the disk.
        parts: Number of parts they are scattered to; one part must fit into memory.

    Yields:
        Frames of whole lists with the column ``ROW``; rows of a list keep their order.
    """
    held: list[pl.DataFrame] = []
    rows = batches(table)
    for batch in rows:
        held.append(batch)
        if sum(int(one.estimated_size()) for one in held) > memory_bytes:
            with TemporaryDirectory(prefix="ltr-lists-") as folder:
                files = _scatter(held, rows, Path(folder), parts)
                for file in files:
                    yield _sorted(pl.read_ipc_stream(file))
            return
    if held:
        yield _sorted(pl.concat(held))


def batches(table: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """Give the rows in file order, numbered in the column ``ROW``, some at a time."""
    first = 0
    for batch in table.collect_batches(
        chunk_size=ROWS_AT_A_TIME, maintain_order=True, engine="streaming"
    ):
        if batch.height:
            yield batch.with_row_index(ROW, first)
            first += batch.height


def _sorted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.sort(QUERY, ROW)


def _scatter(
    held: list[pl.DataFrame], rows: Iterator[pl.DataFrame], folder: Path, parts: int
) -> list[Path]:
    import pyarrow as pa

    files = [folder / f"{part}.arrow" for part in range(parts)]
    schema = held[0].to_arrow().schema
    with ExitStack() as open_files:
        writers = [open_files.enter_context(pa.ipc.new_stream(str(file), schema)) for file in files]
        while held:
            _write(held.pop(0), writers, schema)
        for batch in rows:
            _write(batch, writers, schema)
    return files


def _write(
    batch: pl.DataFrame, writers: "list[pa.RecordBatchStreamWriter]", schema: "pa.Schema"
) -> None:
    part = batch[QUERY].hash(seed=0) % len(writers)
    split = batch.with_columns(part=part).partition_by("part", as_dict=True, include_key=False)
    for (number,), rows in split.items():
        writers[int(number)].write_table(rows.to_arrow().cast(schema))
