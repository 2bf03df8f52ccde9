"""Write lists as Arrow IPC shards: see ``ltr.data.schema`` for the columns."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.ipc

from ltr.data.manifest import Feature, checksum
from ltr.data.schema import PROPENSITY, arrow_schema

OLDEST = pl.CompatLevel.oldest()


class Written(NamedTuple):
    """A shard on the disk."""

    lists: int
    documents: int
    sha256: str


def write_shard(rows: pl.DataFrame, features: Sequence[Feature], path: Path) -> Written:
    """Write lists as one file.

    Args:
        rows: ``contracts.encoded_schema``; a list is a run of rows of one query, and the lists are
            in the order in which they are to be.
        features: The feature columns.
        path: The file.
    """
    times = pa.int64() if rows.schema["time"] == pl.Int64 else pa.timestamp("us")
    schema = arrow_schema(features, times, propensities=PROPENSITY in rows.columns)
    batch = as_lists(rows, schema)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, batch.schema) as writer:
        # One record batch, so that the values of a list column lie in one piece of memory.
        writer.write_batch(batch)
    return Written(batch.num_rows, rows.height, checksum(path))


def as_lists(rows: pl.DataFrame, schema: pa.Schema) -> pa.RecordBatch:
    """Make lists of runs of rows: all columns share one array of offsets, no value is moved.

    A list's time and query features are those of its first document.
    """
    query = rows["query_id"]
    starts = query.ne_missing(query.shift()).fill_null(value=True).arg_true()
    first = rows.select(name for name in rows.columns if _of_query(name))[starts]
    offsets = pa.array(np.append(starts.to_numpy(), rows.height).astype(np.int32))
    arrays = [
        _plain(first[field.name], field.type)
        if _of_query(field.name)
        else pa.ListArray.from_arrays(offsets, _plain(rows[field.name], field.type.value_type))
        for field in schema
    ]
    return pa.record_batch(arrays, schema=schema)


def _of_query(name: str) -> bool:
    return name in ("query_id", "time") or name.startswith("query/")


def _plain(column: pl.Series, dtype: pa.DataType) -> pa.Array:
    array = column.rechunk().to_arrow(compat_level=OLDEST)
    if pa.types.is_dictionary(array.type):
        texts = array.dictionary.cast(dtype)
        return pa.DictionaryArray.from_arrays(array.indices, texts).dictionary_decode()
    return array.cast(dtype)
