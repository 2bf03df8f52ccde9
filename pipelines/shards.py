"""Write lists as Arrow IPC shards: see ``ltr.data.manifest`` for the format."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.ipc

from ltr.data.manifest import Feature, Shard, Split, SplitName, checksum

SHARD_DOCUMENTS = 1_000_000
"""Documents a shard holds, give or take a list: large enough to be read at the disk's speed."""

ARROW_TYPES = {
    ("query", "id"): pa.int64(),
    ("query", "ids"): pa.list_(pa.int64()),
    ("query", "number"): pa.float32(),
    ("document", "id"): pa.list_(pa.int64()),
    ("document", "ids"): pa.list_(pa.list_(pa.int64())),
    ("document", "number"): pa.list_(pa.float32()),
}


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
    shards = []
    for number, shard in enumerate(_cut(lists)):
        file = f"{name}/{number:05}.arrow"
        _write(shard, arrow_schema(features, lists.schema["time"]), folder / file)
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


def arrow_schema(features: Sequence[Feature], time: pl.DataType) -> pa.Schema:
    """Return the Arrow schema of a shard."""
    times = pa.int64() if time == pl.Int64 else pa.timestamp("us")
    columns = {
        "query_id": pa.string(),
        "time": times,
        "document_id": pa.list_(pa.string()),
        "position": pa.list_(pa.int32()),
        "grade": pa.list_(pa.uint8()),
        **{one.column: ARROW_TYPES[one.side, one.kind] for one in features},
    }
    return pa.schema([pa.field(name, dtype) for name, dtype in columns.items()])


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
