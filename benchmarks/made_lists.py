"""Lists for the benchmarks: made up, as wide as real ones, written as the format asks."""

from pathlib import Path

import pyarrow as pa
import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.manifest import Feature, Manifest, Rows, Shard, Split, checksum
from ltr.data.schema import arrow_schema
from ltr.data.sparse import keyed_jagged

SHARDS, LISTS_PER_SHARD = 4, 25_000
SHORTEST, LONGEST = 10, 30
GRADES = 5


def features() -> tuple[Feature, ...]:
    """Sixteen columns: 4 of the query, 12 of the document, one of these with several ids."""
    ids = {"query": ("user", "segment"), "document": ("item", "brand", "category", "seller")}
    numbers = {"query": 2, "document": 7}
    made = [
        Feature(side=side, name=name, kind="id", size=100_000)  # type: ignore[arg-type]
        for side, names in ids.items()
        for name in names
    ]
    made += [
        Feature(side=side, name=f"number_{number}", kind="number")  # type: ignore[arg-type]
        for side, count in numbers.items()
        for number in range(count)
    ]
    return (*made, Feature(side="document", name="tags", kind="ids", size=1_000))


def make_lists(folder: Path) -> tuple[Feature, ...]:
    """Write a folder of lists and give its features."""
    (folder / "train").mkdir(parents=True)
    shards = [_shard(folder, number) for number in range(SHARDS)]
    documents = sum(shard.documents for shard in shards)
    full = Split(
        lists=sum(shard.lists for shard in shards),
        documents=documents,
        grades={0: documents},
        first="0",
        last="0",
        shards=tuple(shards),
    )
    empty = Split(lists=0, documents=0, grades={}, first=None, last=None, shards=())
    Manifest(
        features=features(),
        splits={"train": full, "validation": empty, "test": empty},
        rows=Rows(read=documents, kept=documents, rejected={}),
        encoder="c0ffee",
        job={},
    ).save(folder)
    return features()


def _shard(folder: Path, number: int) -> Shard:
    chance = torch.Generator().manual_seed(number)
    lengths = torch.randint(SHORTEST, LONGEST + 1, (LISTS_PER_SHARD,), generator=chance)
    documents, offsets = int(lengths.sum()), _offsets(lengths)
    numbers = pa.array(range(documents))
    columns: dict[str, pa.Array] = {
        "query_id": numbers[:LISTS_PER_SHARD].cast(pa.string()),
        "time": numbers[:LISTS_PER_SHARD],
        "document_id": _lists(offsets, numbers.cast(pa.string())),
        "position": _lists(offsets, numbers.cast(pa.int32())),
        "grade": _lists(offsets, _arrow(torch.randint(0, GRADES, (documents,)).byte())),
    }
    for feature in features():
        rows = documents if feature.side == "document" else LISTS_PER_SHARD
        values = _values(feature, rows, chance)
        columns[feature.column] = values if feature.side == "query" else _lists(offsets, values)
    schema = arrow_schema(features())
    batch = pa.RecordBatch.from_arrays([columns[name] for name in schema.names], schema=schema)
    path = folder / "train" / f"{number:05}.arrow"
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
        writer.write_batch(batch)
    return Shard(
        file=f"train/{path.name}",
        lists=LISTS_PER_SHARD,
        documents=documents,
        sha256=checksum(path),
    )


def _values(feature: Feature, rows: int, chance: torch.Generator) -> pa.Array:
    if feature.size is None:
        return _arrow(torch.randn(rows, generator=chance))
    if feature.kind == "id":
        return _arrow(torch.randint(0, feature.size, (rows,), generator=chance))
    counts = torch.randint(1, 4, (rows,), generator=chance)
    values = torch.randint(0, feature.size, (int(counts.sum()),), generator=chance)
    return _lists(_offsets(counts), _arrow(values))


def _offsets(lengths: Tensor) -> pa.Array:
    return _arrow(torch.cat([torch.zeros(1), lengths.cumsum(0)]).int())


def _lists(offsets: pa.Array, values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(offsets, values)


def _arrow(values: Tensor) -> pa.Array:
    return pa.array(values.numpy())


def flat_batch(
    columns: tuple[Feature, ...], documents: int, per_list: int, seed: int
) -> RankingBatch:
    """Lists of one length whose documents have one random id in each column."""
    chance = torch.Generator().manual_seed(seed)
    ones, lists = torch.ones(documents, dtype=torch.int64), documents // per_list
    ids = [
        torch.randint(0, feature.size or 1, (documents,), generator=chance) for feature in columns
    ]
    return RankingBatch(
        grades=torch.randint(0, GRADES, (documents,), generator=chance).float(),
        lengths=torch.full((lists,), per_list),
        query_dense=torch.zeros(lists, 0),
        document_dense=torch.zeros(documents, 0),
        query_sparse=None,
        document_sparse=keyed_jagged(
            [feature.column for feature in columns], [(values, ones) for values in ids]
        ),
    )


def padded(batch: RankingBatch, columns: tuple[Feature, ...], per_list: int) -> dict[str, Tensor]:
    """The same batch as columns of [lists, per_list]."""
    assert batch.document_sparse is not None
    made = {
        feature.column: batch.document_sparse[feature.column].values().view(-1, per_list)
        for feature in columns
    }
    grades = batch.grades.view(-1, per_list)
    return {"grade": grades, "mask": torch.ones_like(grades, dtype=torch.bool), **made}
