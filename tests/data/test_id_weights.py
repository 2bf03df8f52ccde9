"""Columns of ids with weights, as they lie on the disk and as a batch holds them."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from ltr.data.manifest import Feature, ListsError
from ltr.data.reader import Lists
from tests.lists_on_disk import ITEM, TAGS, USER, WORDS, Row, write_lists

WEIGHTED_TAGS, WEIGHTED_WORDS = TAGS | {"weighted": True}, WORDS | {"weighted": True}
COLUMNS = [USER, WEIGHTED_TAGS, ITEM, WEIGHTED_WORDS]
ROWS: list[Row] = [
    {
        "grade": [1, 0],
        "query/user": 4,
        "query/tags": [3, 0],
        "query/tags:weights": [0.5, 2.0],
        "document/item": [7, 8],
        "document/words": [[], [5, 6]],
        "document/words:weights": [[], [1.5, 0.0]],
    },
    {
        "grade": [0],
        "query/user": 5,
        "query/tags": [],
        "query/tags:weights": [],
        "document/item": [9],
        "document/words": [[1]],
        "document/words:weights": [[0.25]],
    },
]


def lists_of(folder: Path, rows: list[Row], columns: list[Row] = COLUMNS) -> Lists:
    return Lists(write_lists(folder, {"train": [rows[:1], rows[1:]]}, columns), "train")


def test_a_batch_holds_the_weight_of_every_id_and_1_where_a_column_has_none(tmp_path: Path) -> None:
    batch = lists_of(tmp_path, ROWS).gather(torch.tensor([1, 0]))
    assert batch.query_sparse is not None
    assert batch.document_sparse is not None
    assert batch.query_sparse["query/user"].weights().tolist() == [1, 1]
    assert batch.query_sparse["query/tags"].weights().tolist() == [0.5, 2]
    assert batch.document_sparse["document/item"].weights().tolist() == [1, 1, 1]
    assert batch.document_sparse["document/words"].weights().tolist() == [1.5, 0, 0.25]
    assert batch.document_sparse["document/words"].lengths().tolist() == [0, 2, 1]


def test_a_side_without_weights_has_none(tmp_path: Path) -> None:
    plain = [{k: v for k, v in row.items() if k != "document/words:weights"} for row in ROWS]
    lists = lists_of(tmp_path, plain, [USER, WEIGHTED_TAGS, ITEM, WORDS])
    batch = lists.gather(torch.tensor([0]))
    assert batch.document_sparse is not None
    assert batch.document_sparse.weights_or_none() is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"query/tags:weights": [0.5]},
            "query/tags:weights must have as many weights in every row",
        ),
        (
            {"document/words:weights": [[1.0], [1.0]]},
            "must have as many weights in every row as document/words has ids",
        ),
        ({"query/tags:weights": [0.5, -1.0]}, "finite weights of at least 0; got -1.0"),
        ({"query/tags:weights": [0.5, float("nan")]}, "finite weights of at least 0; got nan"),
        ({"query/tags:weights": [float("inf"), 1.0]}, "finite weights of at least 0; got inf"),
    ],
)
def test_weights_that_no_mean_can_be_made_with_are_refused(
    tmp_path: Path, change: Row, message: str
) -> None:
    with pytest.raises(ListsError, match=message):
        lists_of(tmp_path, [ROWS[0] | change, ROWS[1]])


def test_lists_without_the_column_of_weights_are_refused(tmp_path: Path) -> None:
    folder = write_lists(tmp_path, {"train": [ROWS]}, COLUMNS)
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace(', "weighted": true', "", 1))
    with pytest.raises(ListsError, match="column query/tags:weights is not in the manifest"):
        Lists(folder, "train")


def test_a_column_without_weights_is_described_as_ever() -> None:
    assert "weighted" not in Feature(**WORDS).model_dump_json()
    assert Feature(**WEIGHTED_WORDS).model_dump()["weighted"] is True
    with pytest.raises(ValidationError, match="only a column of many ids has weights"):
        Feature(**ITEM, weighted=True)
