"""A folded model gives the scores of the model that it was made of."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from ltr.data.batch import RankingBatch
from ltr.data.reader import Lists
from ltr.recipe import AttentionConfig, TableConfig, TowersConfig
from ltr.towers import Ranker, folded
from ltr.towers.folded import MOST_NUMBERS, FoldedTower
from tests.lists_on_disk import AGE, ALL, HOUR, ITEM, PRICE, TAGS, USER, WORDS, Row, write_lists
from tests.towers import test_id_weights as weighted
from tests.towers.test_ranker import ROWS, features, gather

SIZES: dict[str, Any] = {"embedding_dim": 16, "query": (24, 8), "document": (24, 8)}
ITEM_TABLE = "document/item"
KINDS: dict[str, dict[str, Any]] = {
    "mlp": {},
    "sums": {"tables": {"document/words": TableConfig(pooling="sum")}},
    "some short vectors": {"tables": {ITEM_TABLE: TableConfig(dim=4)}},
    "one layer": {"query": (8,), "document": (8,)},
    "cross": {"interaction": "cross"},
    "dot": {"interaction": "dot"},
    "attention": {"attention": AttentionConfig(dim=8, heads=2)},
    "dropout": {"dropout": 0.5},
}
COLUMNS = {
    "all": ALL,
    "no query": [ITEM, WORDS, PRICE],
    "no number": [USER, TAGS, ITEM, WORDS],
    "ids of documents alone": [HOUR, ITEM, PRICE, AGE],
}


def assert_same(plain: Ranker, batch: RankingBatch) -> None:
    made = folded(plain.eval())
    assert any(isinstance(part, FoldedTower) for part in made.children())
    with torch.no_grad():
        torch.testing.assert_close(made(batch), plain(batch), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_the_scores_are_those_of_the_plain_model(tmp_path: Path, kind: str) -> None:
    lists = Lists(write_lists(tmp_path, {"train": [ROWS]}), "train")
    config = TowersConfig(**SIZES | KINDS[kind])
    assert_same(Ranker(lists.manifest.features, config, seed=0), gather(lists, 0, 1, 2, 3))


@pytest.mark.parametrize("columns", COLUMNS)
def test_whatever_the_columns(tmp_path: Path, columns: str) -> None:
    kept = {f"{column['side']}/{column['name']}" for column in COLUMNS[columns]} | {"grade"}
    rows = [{name: value for name, value in row.items() if name in kept} for row in ROWS]
    folder = write_lists(tmp_path, {"train": [rows]}, features=COLUMNS[columns])
    ranker = Ranker(features(*COLUMNS[columns]), TowersConfig(**SIZES), seed=0)
    assert_same(ranker, gather(Lists(folder, "train"), 0, 1, 2, 3))


@pytest.mark.parametrize("pooling", ["mean", "sum"])
@pytest.mark.parametrize("case", weighted.CASES)
def test_weights_of_ids_and_tables_of_both_sides(tmp_path: Path, case: str, pooling: str) -> None:
    lists = Lists(weighted.lists_of(tmp_path, weighted.CASES[case]), "train")
    sizes = SIZES | {"tables": weighted.config(pooling).tables}
    ranker = Ranker(lists.manifest.features, TowersConfig(**sizes), seed=0)
    assert_same(ranker, gather(lists, *range(12)))


def test_nothing_of_the_plain_model_changes_and_no_chance_is_moved() -> None:
    ranker = Ranker(features(*ALL), TowersConfig(**SIZES), seed=0)
    parts, weights = list(map(str, ranker.modules())), ranker.state_dict()
    before, chance = {name: held.clone() for name, held in weights.items()}, torch.get_rng_state()
    made = folded(ranker)
    assert list(map(str, ranker.modules())) == parts
    assert all(torch.equal(ranker.state_dict()[name], held) for name, held in before.items())
    assert torch.equal(torch.get_rng_state(), chance)
    assert made.scorer[0].weight is ranker.scorer[0].weight  # type: ignore[index, union-attr]


def test_what_multiplies_less_is_multiplied_less() -> None:
    ranker = Ranker(features(*ALL), TowersConfig(**SIZES), seed=0)
    tower = folded(ranker).document_tower
    assert isinstance(tower, FoldedTower)
    assert tower.first[0].shape == (24, 2)
    assert ranker.document_tower.mlp[0].weight.shape == (24, 2 * 16 + 2)


LARGE: Row = ITEM | {"size": MOST_NUMBERS // 24 + 1}


@pytest.mark.parametrize(
    ("columns", "more"),
    [
        ([PRICE, HOUR], {}),
        ([ITEM], {"embedding_dim": 4}),
        ([LARGE], {}),
        ([USER, ITEM], {"query": (), "document": ()}),
    ],
    ids=["no table", "short vectors", "a large table", "no layer"],
)
def test_where_nothing_is_gained_the_model_is_given_back(
    columns: list[Row], more: dict[str, Any]
) -> None:
    ranker = Ranker(features(*columns), TowersConfig(**SIZES | more), seed=0)
    assert folded(ranker) is ranker


def test_the_tables_that_are_not_folded_are_not_copied() -> None:
    ranker = Ranker(features(LARGE, WORDS), TowersConfig(**SIZES), seed=0)
    tower = folded(ranker).document_tower
    assert isinstance(tower, FoldedTower)
    [table] = tower.plain.parameters()
    assert (
        table.data_ptr()
        == ranker.get_parameter("document_tower.tables.embedding_bags.0_item.weight").data_ptr()
    )


def test_a_model_that_a_team_plugs_in_is_given_back() -> None:
    class Theirs(Ranker):
        pass

    theirs = Theirs(features(*ALL), TowersConfig(**SIZES), seed=0)
    other = nn.Linear(2, 1)
    assert folded(theirs) is theirs
    assert folded(other) is other
