"""Write small folders of lists for tests, by the format and not by the code under test."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

Row = dict[str, Any]

USER: Row = {"side": "query", "name": "user", "kind": "id", "size": 50}
TAGS: Row = {"side": "query", "name": "tags", "kind": "ids", "size": 20}
HOUR: Row = {"side": "query", "name": "hour", "kind": "number", "size": None}
ITEM: Row = {"side": "document", "name": "item", "kind": "id", "size": 100}
WORDS: Row = {"side": "document", "name": "words", "kind": "ids", "size": 30}
PRICE: Row = {"side": "document", "name": "price", "kind": "number", "size": None}
AGE: Row = {"side": "document", "name": "age", "kind": "number", "size": None}
ALL: list[Row] = [USER, TAGS, HOUR, ITEM, WORDS, PRICE, AGE]

_TYPES = {"id": pa.int64(), "ids": pa.list_(pa.int64()), "number": pa.float32()}


def write_lists(
    folder: Path,
    splits: Mapping[str, Sequence[Sequence[Row]]],
    features: Sequence[Row] = ALL,
) -> Path:
    """Write splits, each a sequence of shards, each a sequence of rows (one row is one list).

    A row names its ``grade`` and its features; the other columns are made up.
    """
    rows = [row for shards in splits.values() for shard in shards for row in shard]
    schema = schema_of(features, propensities=any("propensity" in row for row in rows))
    records = {}
    for split in ("train", "validation", "test"):
        (folder / split).mkdir(parents=True, exist_ok=True)
        shards = [
            write_shard(folder, f"{split}/{number:05}.arrow", rows, schema)
            for number, rows in enumerate(splits.get(split, []))
        ]
        records[split] = split_record(splits.get(split, []), shards)
    num_docs = sum(record["documents"] for record in records.values())
    manifest = {
        "format": "ltr-lists/1",
        "features": list(features),
        "splits": records,
        "rows": {"read": num_docs, "kept": num_docs, "rejected": {}},
        "events": None,
        "encoder": "c0ffee",
        "job": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def schema_of(features: Sequence[Row], *, propensities: bool = False) -> pa.Schema:
    columns = {
        "query_id": pa.string(),
        "time": pa.int64(),
        "document_id": pa.list_(pa.string()),
        "position": pa.list_(pa.int32()),
        "grade": pa.list_(pa.uint8()),
    }
    if propensities:
        columns["propensity"] = pa.list_(pa.float32())
    for feature in features:
        kind = _TYPES[feature["kind"]]
        on_query = feature["side"] == "query"
        name = f"{feature['side']}/{feature['name']}"
        columns[name] = kind if on_query else pa.list_(kind)
        if feature.get("weighted"):
            each = pa.list_(pa.float32())
            columns[f"{name}:weights"] = each if on_query else pa.list_(each)
    return pa.schema(columns)


def write_shard(folder: Path, file: str, rows: Sequence[Row], schema: pa.Schema) -> Row:
    full = [complete(row, number) for number, row in enumerate(rows)]
    batch = pa.RecordBatch.from_pylist(full, schema=schema)
    with pa.OSFile(str(folder / file), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)
    return {
        "file": file,
        "lists": len(rows),
        "documents": sum(len(row["grade"]) for row in rows),
        "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest(),
    }


def complete(row: Row, number: int) -> Row:
    num_docs = len(row["grade"])
    made_up = {
        "query_id": f"q{number}",
        "time": number,
        "document_id": [f"d{doc}" for doc in range(num_docs)],
        "position": list(range(1, num_docs + 1)),
    }
    return made_up | row


def split_record(shards: Sequence[Sequence[Row]], records: Sequence[Row]) -> Row:
    grades: dict[str, int] = {}
    for grade in (grade for rows in shards for row in rows for grade in row["grade"]):
        grades[str(grade)] = grades.get(str(grade), 0) + 1
    return {
        "lists": sum(record["lists"] for record in records),
        "documents": sum(record["documents"] for record in records),
        "grades": grades,
        "first": "0" if records else None,
        "last": "9" if records else None,
        "shards": records,
    }
