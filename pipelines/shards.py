"""Write lists as Arrow IPC shards: see ``ltr.data.schema`` for the columns."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from ltr.data.manifest import Feature, Shard, Split, SplitName, checksum
from ltr.data.schema import PROPENSITY, arrow_schema

SHARD_DOCUMENTS = 1_000_000
"""Documents a shard holds, give or take a list: large enough to be read at the disk's speed."""


def write_split(
    lists: pl.DataFrame, name: SplitName, features: Sequence[Feature], folder: Path
) -> Split:
    """Write the lists of one part below ``folder`` and return what the manifest says of them.

    Args:
        lists: One row a list, as ``pipelines.stages.group`` makes them, in the order of their time.
        name: The part: the name of the folder that holds its shards.
        features: The feature columns.
        folder: The folder of lists that is being made.
    """
    (folder / name).mkdir()
    times = pa.int64() if lists.schema["time"] == pl.Int64 else pa.timestamp("us")
    schema = arrow_schema(features, times, propensities=PROPENSITY in lists.columns)
    shards = []
    for number, shard in enumerate(_cut(lists)):
        file = f"{name}/{number:05}.arrow"
        _write(shard, schema, folder / file)
        shards.append(
            Shard(
                file=file,
                lists=shard.height,
                documents=_documents(shard),
                sha256=checksum(folder / file),
            )
        )
    grades = lists.select(pl.col("grade").explode()).group_by("grade").len().sort("grade")
    return Split(
        lists=lists.height,
        documents=_documents(lists),
        grades=dict(grades.iter_rows()),
        first=_text(lists["time"].min()),
        last=_text(lists["time"].max()),
        shards=tuple(shards),
    )


def _cut(lists: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield slices of about SHARD_DOCUMENTS documents; a list is never cut."""
    last_document = lists["grade"].list.len().cast(pl.Int64).cum_sum() - 1
    for _, shard in lists.group_by(last_document // SHARD_DOCUMENTS, maintain_order=True):
        yield shard


def _write(shard: pl.DataFrame, schema: pa.Schema, path: Path) -> None:
    table = shard.select(schema.names).to_arrow().cast(schema).combine_chunks()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        # One record batch, so that the values of a list column lie in one piece of memory.
        writer.write_table(table)


def _documents(lists: pl.DataFrame) -> int:
    return int(lists["grade"].list.len().sum())


def _text(time: object) -> str | None:
    return None if time is None else str(time)
