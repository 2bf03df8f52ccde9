"""What a vector of several ids with weights is, by the formula."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.recipe import TableConfig, TowersConfig
from ltr.towers import Ranker, distribute, plain_weights, process_group, table_columns
from tests.lists_on_disk import ITEM, PRICE, USER, WORDS, Row, write_lists
from tests.towers.test_ranker import gather

CPU = torch.device("cpu")
OWNER = "document/item"
WEIGHTED: Row = {"kind": "ids", "size": 100, "weighted": True}
HISTORY: Row = {"side": "query", "name": "history", "vocabulary": OWNER} | WEIGHTED
ALIKE: Row = {"side": "document", "name": "alike"} | WEIGHTED
CASES = {
    "own tables": [USER, ITEM, WORDS, ALIKE, PRICE],
    "a table of both sides": [USER, HISTORY, ITEM, WORDS, ALIKE, PRICE],
}


def _row(number: int) -> Row:
    docs = range(2 + number % 3)
    return {
        "grade": [(number + doc) % 3 for doc in docs],
        "query/user": 1 + number,
        "query/history": [1 + number + back for back in range(number % 4)],
        "query/history:weights": [1 / (1 + back) for back in range(number % 4)],
        "document/item": [1 + number + doc for doc in docs],
        "document/words": [[1 + doc, 2 + doc] for doc in docs],
        "document/alike": [[2 * doc + 1, number + 3][: doc % 3] for doc in docs],
        "document/alike:weights": [[3.0 * number, 0.5][: doc % 3] for doc in docs],
        "document/price": [doc / 2 for doc in docs],
    }


def lists_of(folder: Path, columns: list[Row], number: int = 12) -> Path:
    kept = {f"{column['side']}/{column['name']}" for column in columns}
    rows = [
        {
            name: value
            for name, value in _row(number).items()
            if name == "grade" or name.removesuffix(":weights") in kept
        }
        for number in range(number)
    ]
    return write_lists(folder, {"train": [rows], "validation": [rows[6:]]}, features=columns)


def config(pooling: str) -> TowersConfig:
    tables: dict[str, Any] = {name: {"pooling": pooling} for name in (OWNER, "document/alike")}
    return TowersConfig(
        embedding_dim=4,
        query=(4,),
        document=(4,),
        tables={name: TableConfig(**one) for name, one in tables.items()},
    )


def by_hand(ranker: Ranker, batch: RankingBatch, column: str, pooling: str) -> Tensor:
    [table] = [
        ranker.get_parameter(name) for name, own in table_columns(ranker).items() if column in own
    ]
    sparse = batch.query_sparse if column.startswith("query/") else batch.document_sparse
    assert sparse is not None
    found = []
    for ids, weights in zip(
        sparse[column].to_dense(), sparse[column].to_dense_weights(), strict=True
    ):
        total = (weights.unsqueeze(1) * table[ids]).sum(0)
        divisor = weights.sum() if pooling == "mean" and weights.sum() > 0 else 1.0
        found.append(total / divisor)
    return torch.stack(found)


@pytest.mark.parametrize("pooling", ["mean", "sum"])
@pytest.mark.parametrize("columns", CASES.values(), ids=CASES.keys())
def test_a_vector_is_the_weighted_mean_or_sum(
    tmp_path: Path, columns: list[Row], pooling: str
) -> None:
    lists = Lists(lists_of(tmp_path, columns), "train")
    ranker = Ranker(lists.manifest.features, config(pooling), seed=3)
    batch = gather(lists, 0, 2, 3, 5, 11)
    document = batch.document_sparse
    assert document is not None
    tower = ranker.document_tower
    assert tower.tables is not None
    assert tower.weights is not None
    own = tower.tables(tower.weights(document)).to_dict()
    for column in ("document/words", "document/alike"):
        expected = by_hand(ranker, batch, column, "mean" if "words" in column else pooling)
        torch.testing.assert_close(own[column], expected)
    if ranker.shared is not None:
        found = torch.cat(ranker.shared(batch)[:1], dim=1)
        torch.testing.assert_close(found, by_hand(ranker, batch, "query/history", pooling))


def test_a_mean_does_not_depend_on_the_unit_of_the_weights_and_0_is_left_out(
    tmp_path: Path,
) -> None:
    row = _row(5) | {"grade": [0, 1, 2, 0]}
    row |= {"document/item": [1, 1, 1, 1], "document/words": [[1]] * 4, "document/price": [0.0] * 4}
    row["document/alike"] = [[7, 9], [7, 9], [7, 9], [7]]
    row["document/alike:weights"] = [[1.0, 3.0], [1e38, 3e38], [2.0, 0.0], [5.0]]
    columns = CASES["own tables"]
    kept = {name for name in row if "history" not in name}
    rows = [{name: row[name] for name in kept}]
    lists = Lists(write_lists(tmp_path, {"train": [rows]}, columns), "train")
    scores = Ranker(lists.manifest.features, config("mean"), seed=1)(gather(lists, 0))
    torch.testing.assert_close(scores[1], scores[0])
    torch.testing.assert_close(scores[3], scores[2])
    assert scores[0] != scores[2]


def test_weights_of_0_alone_count_as_no_ids(tmp_path: Path) -> None:
    row = _row(2) | {"grade": [0, 1]}
    row |= {"document/item": [1, 1], "document/words": [[1]] * 2, "document/price": [0.0] * 2}
    row |= {"document/alike": [[7, 9], []], "document/alike:weights": [[0.0, 0.0], []]}
    rows = [{name: value for name, value in row.items() if "history" not in name}]
    lists = Lists(write_lists(tmp_path, {"train": [rows]}, CASES["own tables"]), "train")
    one, other = Ranker(lists.manifest.features, config("mean"), seed=1)(gather(lists, 0))
    assert one == other


@pytest.mark.parametrize("columns", CASES.values(), ids=CASES.keys())
def test_the_wrapped_model_scores_and_learns_as_the_plain_one(
    tmp_path: Path, columns: list[Row]
) -> None:
    lists = Lists(lists_of(tmp_path, columns), "train")
    batch = gather(lists, 0, 2, 3, 5, 11)
    plain = Ranker(lists.manifest.features, config("mean"), seed=3)
    with process_group(CPU):
        ranker = Ranker(lists.manifest.features, config("mean"), seed=3)
        model = distribute(ranker, device=CPU, table_learning_rate=0.1)
        scores = model(batch)
        torch.testing.assert_close(scores, plain(batch), atol=1e-6, rtol=1e-5)
        scores.square().sum().backward()
        trained = plain_weights(model)
    plain(batch).square().sum().backward()
    for name, own in table_columns(plain).items():
        weight = plain.get_parameter(name)
        assert weight.grad is not None
        norm = weight.grad.square().mean(1, keepdim=True).sqrt()
        expected = torch.where(norm > 0, weight - 0.1 * weight.grad / norm, weight)
        torch.testing.assert_close(
            trained[name], expected.detach(), atol=2e-4, rtol=1e-3, msg=str(own)
        )
