import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ltr.data.batch import RankingBatch
from ltr.data.manifest import ListsError
from ltr.data.reader import Lists
from tests.lists_on_disk import ALL, PRICE, USER, Row, write_lists

IDS = st.integers(0, 9)
NUMBERS = st.floats(-5, 5, width=32)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    num_docs = draw(st.integers(0, 4))
    per_document = {
        "grade": st.integers(0, 3),
        "document/item": IDS,
        "document/words": st.lists(IDS, max_size=3),
        "document/price": NUMBERS,
        "document/age": NUMBERS,
    }
    row = {
        name: draw(st.lists(values, min_size=num_docs, max_size=num_docs))
        for name, values in per_document.items()
    }
    tags = draw(st.lists(IDS, max_size=3))
    return row | {"query/user": draw(IDS), "query/tags": tags, "query/hour": draw(NUMBERS)}


def as_rows(batch: RankingBatch) -> list[Row]:
    """Turn a batch back into the rows it came from."""
    assert batch.query_sparse is not None
    assert batch.document_sparse is not None
    of_query, of_document = ragged(batch.query_sparse), ragged(batch.document_sparse)
    found, start = [], 0
    for number, length in enumerate(batch.lengths.tolist()):
        docs = slice(start, start + length)
        start += length
        found.append(
            {
                "grade": batch.grades[docs].tolist(),
                "document/item": [ids[0] for ids in of_document["document/item"][docs]],
                "document/words": of_document["document/words"][docs],
                "document/price": batch.document_dense[docs, 0].tolist(),
                "document/age": batch.document_dense[docs, 1].tolist(),
                "query/user": of_query["query/user"][number][0],
                "query/tags": of_query["query/tags"][number],
                "query/hour": batch.query_dense[number, 0].item(),
            }
        )
    return found


def ragged(ids: Any) -> dict[str, list[list[int]]]:
    names = list(ids.keys())
    return {name: [row.tolist() for row in ids[name].to_dense()] for name in names}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), shards=st.lists(st.lists(rows(), max_size=4), max_size=3))
def test_any_lists_are_read_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, shards: list[list[Row]]
) -> None:
    lists = Lists(write_lists(tmp_path_factory.mktemp("lists"), {"train": shards}), "train")
    written = [row for shard in shards for row in shard]
    assert lists.lengths.tolist() == [len(row["grade"]) for row in written]
    assert lists.grades().tolist() == [grade for row in written for grade in row["grade"]]
    some = st.lists(st.sampled_from(range(len(written))), max_size=6) if written else st.just([])
    numbers = data.draw(some)
    batch = lists.gather(torch.tensor(numbers, dtype=torch.int64))
    assert as_rows(batch) == [written[number] for number in sorted(numbers)]


def one_list(**columns: Any) -> Row:
    return {
        "grade": [0, 1],
        "query/user": 1,
        "query/tags": [],
        "query/hour": 0.5,
        "document/item": [1, 2],
        "document/words": [[], [3]],
        "document/price": [0.5, 1.5],
        "document/age": [0.0, 1.0],
        **columns,
    }


def test_a_column_is_a_view_of_the_file_and_nothing_warns(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [[one_list()]]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        before = pa.total_allocated_bytes()
        lists = Lists(folder, "train")
        assert pa.total_allocated_bytes() == before
    batch = lists.gather(torch.tensor([0]))
    batch.document_dense.zero_()
    assert lists.gather(torch.tensor([0])).document_dense[:, 0].tolist() == [0.5, 1.5]


def test_a_side_without_features_is_empty_and_not_absent(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [[{"grade": [0, 1]}]]}, features=[])
    batch = Lists(folder, "train").gather(torch.tensor([0]))
    assert batch.query_dense.shape == (1, 0)
    assert batch.document_dense.shape == (2, 0)
    assert batch.query_sparse is None
    assert batch.document_sparse is None


def test_a_number_without_a_list_is_refused(tmp_path: Path) -> None:
    lists = Lists(write_lists(tmp_path, {"train": [[one_list()]]}), "train")
    with pytest.raises(IndexError, match="from 0 to 0; got 0 to 1"):
        lists.gather(torch.tensor([0, 1]))


def test_the_wide_types_of_other_writers_are_read(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [[one_list()]]}, features=[USER, PRICE])
    rewrite(folder, lambda batch: batch.cast(pa.schema([widen(f) for f in batch.schema])))
    batch = Lists(folder, "train").gather(torch.tensor([0]))
    assert batch.document_dense.tolist() == [[0.5], [1.5]]


def widen(field: pa.Field) -> pa.Field:
    if field.name == "time":
        return field.with_type(pa.timestamp("us"))
    if pa.types.is_list(field.type):
        return field.with_type(pa.large_list(field.type.value_type))
    return field.with_type(pa.large_string()) if pa.types.is_string(field.type) else field


def rewrite(folder: Path, change: Any) -> None:
    path = folder / "train" / "00000.arrow"
    batch = pa.ipc.open_file(path.read_bytes()).get_batch(0)
    changed = change(batch)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, changed.schema) as writer:
        writer.write(changed)


def replace(name: str, values: Any, kind: pa.DataType) -> Any:
    def change(batch: pa.RecordBatch) -> pa.RecordBatch:
        position = batch.schema.get_field_index(name)
        return batch.set_column(position, name, pa.array(values, kind))

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b.drop_columns(["document/price"]), "the column document/price is missing"),
        (
            lambda b: b.append_column("query/new", pa.array([1], pa.int64())),
            "the column query/new is not in the manifest",
        ),
        (
            replace("document/price", [[1.0, 2.0]], pa.list_(pa.float64())),
            r"document/price must be list<item: float>; got list<item: double>",
        ),
        (replace("query/user", [None], pa.int64()), "query/user must have no nulls"),
        (replace("document/price", [[None, 1]], pa.list_(pa.float32())), "price must have no nul"),
        (
            replace("document/price", [[1.0]], pa.list_(pa.float32())),
            "document/price must have as many documents in every list as the column grade",
        ),
        (
            replace("grade", [[1]], pa.list_(pa.uint8())),
            "must hold 1 lists of 2 documents; got 1 lists of 1",
        ),
        (
            replace("query/user", [-7], pa.int64()),
            r"00000.arrow: the column query/user must hold ids from 0 to 49; got -7$",
        ),
        (
            replace("document/item", [[3, 100]], pa.list_(pa.int64())),
            "the column document/item must hold ids from 0 to 99; got 100$",
        ),
        (
            replace("query/tags", [[0, 19, 20]], pa.list_(pa.int64())),
            "the column query/tags must hold ids from 0 to 19; got 20$",
        ),
        (
            replace("document/words", [[[], [2**40]]], pa.list_(pa.list_(pa.int64()))),
            "the column document/words must hold ids from 0 to 29; got 1099511627776$",
        ),
        (lambda b: pa.Table.from_batches([b, b]), "one record batch; got 2"),
    ],
)
def test_a_shard_that_is_not_what_the_manifest_says_is_refused(
    tmp_path: Path, change: Any, message: str
) -> None:
    folder = write_lists(tmp_path, {"train": [[one_list()]]}, features=ALL)
    rewrite(folder, change)
    with pytest.raises(ListsError, match=message):
        Lists(folder, "train")


def test_a_torn_file_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [[one_list()]]})
    path = folder / "train" / "00000.arrow"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ListsError, match=r"00000.arrow is not a readable Arrow file"):
        Lists(folder, "train")


def test_offsets_that_point_nowhere_are_refused_by_name(tmp_path: Path) -> None:
    """Changed bytes may leave the file's own structure whole."""
    folder = write_lists(tmp_path, {"train": [[one_list(), one_list()]]})
    path = folder / "train" / "00000.arrow"
    offsets = pa.array([0, 2, 4], pa.int32()).buffers()[1].to_pybytes()[:12]
    broken = pa.array([0, 9, 4], pa.int32()).buffers()[1].to_pybytes()[:12]
    content = path.read_bytes()
    assert offsets in content
    path.write_bytes(content.replace(offsets, broken))
    with pytest.raises(ListsError, match=r"00000.arrow is not a readable Arrow file: .*offset"):
        Lists(folder, "train")


class Part:
    """Stands for a tensor and remembers what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def pin_memory(self) -> "Part":
        self.asked.append("pinned")
        return self

    def record_stream(self, stream: object) -> None:
        self.asked.append(stream)


def test_every_part_of_a_batch_is_pinned_and_recorded() -> None:
    parts: dict[str, Any] = {field.name: Part() for field in fields(RankingBatch)}
    parts["weights"] = None
    stream: Any = object()
    RankingBatch(**parts).pin_memory().record_stream(stream)
    assert all(part.asked == ["pinned", stream] for part in parts.values() if part)


def test_a_batch_moves_as_one(tmp_path: Path) -> None:
    lists = Lists(write_lists(tmp_path, {"train": [[one_list(), one_list()]]}), "train")
    batch = lists.gather(torch.tensor([0, 1])).to(torch.device("meta"))
    assert batch.grades.is_meta
    assert batch.query_sparse is not None
    assert batch.query_sparse.values().is_meta
    assert batch.weights is None
