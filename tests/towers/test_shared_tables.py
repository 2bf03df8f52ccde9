"""Columns that share a vocabulary share its table, on one side or across both."""

from pathlib import Path

import pytest
import torch
from pydantic import ValidationError

from ltr.data.manifest import Feature, Manifest
from ltr.data.reader import Lists
from ltr.recipe import TableConfig, TowersConfig
from ltr.towers import Ranker, distribute, plain_weights, process_group, table_columns
from ltr.training import load_ranker, score, train
from tests.lists_on_disk import ITEM, PRICE, USER, Row, write_lists
from tests.towers.test_ranker import CONFIG, features, gather
from tests.training.planted import recipe

CPU = torch.device("cpu")
OWNER = "document/item"
HISTORY: Row = {"side": "query", "name": "history", "kind": "ids", "size": 100, "vocabulary": OWNER}
ALIKE: Row = {"side": "document", "name": "alike", "kind": "ids", "size": 100, "vocabulary": OWNER}
CASES = {
    "across": [USER, HISTORY, ITEM, PRICE],
    "one side": [USER, ITEM, ALIKE, PRICE],
    "both": [HISTORY, ITEM, ALIKE],
}


def _row(number: int) -> Row:
    docs = range(2 + number % 3)
    return {
        "grade": [(number + doc) % 3 for doc in docs],
        "query/user": 1 + number,
        "query/history": [1 + number + back for back in range(number % 4)],
        "document/item": [1 + number + doc for doc in docs],
        "document/alike": [[2 * doc + 1, number + 3][: doc % 3] for doc in docs],
        "document/price": [doc / 2 for doc in docs],
    }


def lists_of(folder: Path, columns: list[Row]) -> Path:
    kept = {f"{column['side']}/{column['name']}" for column in columns}
    rows = [
        {name: value for name, value in _row(number).items() if name == "grade" or name in kept}
        for number in range(12)
    ]
    return write_lists(folder, {"train": [rows], "validation": [rows[6:]]}, features=columns)


def untied(ranker: Ranker, columns: list[Row]) -> Ranker:
    """The same model with a table of its own for every column, all of the same weights."""
    alone = [column | {"vocabulary": None} for column in columns]
    other = Ranker(features(*alone), CONFIG, seed=0)
    shared = {
        column: ranker.state_dict()[name]
        for name, own in table_columns(ranker).items()
        for column in own
    }
    for name, [column] in table_columns(other).items():
        other.get_parameter(name).data.copy_(shared[column])
    return other


def _first_layers(ranker: Ranker, other: Ranker) -> None:
    """Copy the layers; what the first ones read lies in another order in the other model."""
    for name, weight in ranker.state_dict().items():
        if ".embedding_bags." not in name:
            other.get_parameter(name).data.copy_(weight)
    for side in ("query", "document"):
        ours = _inputs(ranker, side)
        theirs = _inputs(other, side)
        weight = getattr(ranker, f"{side}_tower").mlp[0].weight
        order = torch.tensor(
            [ours.index(one) for one in theirs] + [*range(len(ours), weight.shape[1])]
        )
        getattr(other, f"{side}_tower").mlp[0].weight.data.copy_(weight[:, order])


def _inputs(ranker: Ranker, side: str) -> list[tuple[str, int]]:
    """What each input of a tower's first layer is, up to its numbers."""
    inputs = []
    own = getattr(ranker, f"{side}_tower").tables
    if own is not None:
        inputs += [name for one in own.embedding_bag_configs() for name in one.feature_names]
    if ranker.shared is not None:
        inputs += [column for column, its, _ in ranker.shared.columns if its == side]
    return [(name, number) for name in inputs for number in range(CONFIG.embedding_dim)]


@pytest.mark.parametrize("columns", CASES.values(), ids=CASES.keys())
def test_a_shared_table_is_that_of_every_column(tmp_path: Path, columns: list[Row]) -> None:
    lists = Lists(lists_of(tmp_path, columns), "train")
    ranker = Ranker(lists.manifest.features, CONFIG, seed=3)
    assert len(table_columns(ranker)) == 1 + (USER in columns)
    other = untied(ranker, columns)
    _first_layers(ranker, other)
    batch = gather(lists, 0, 2, 3, 5)
    torch.testing.assert_close(ranker(batch), other(batch))
    ranker(batch).square().sum().backward()
    other(batch).square().sum().backward()
    for name, own in table_columns(ranker).items():
        parts = [
            other.get_parameter(theirs).grad
            for theirs, [column] in table_columns(other).items()
            if column in own
        ]
        assert len(parts) == len(own)
        torch.testing.assert_close(
            ranker.get_parameter(name).grad,
            torch.stack([one for one in parts if one is not None]).sum(0),
        )


@pytest.mark.parametrize("columns", CASES.values(), ids=CASES.keys())
def test_the_wrapped_model_scores_and_learns_as_the_plain_one(
    tmp_path: Path, columns: list[Row]
) -> None:
    """One update a step: the first step of row-wise Adagrad on the sum of all gradients."""
    lists = Lists(lists_of(tmp_path, columns), "train")
    batch = gather(lists, 0, 2, 3, 5)
    plain = Ranker(lists.manifest.features, CONFIG, seed=3)
    with process_group(CPU):
        ranker = Ranker(lists.manifest.features, CONFIG, seed=3)
        model = distribute(ranker, device=CPU, table_learning_rate=0.1)
        scores = model(batch)
        torch.testing.assert_close(scores, plain(batch), atol=1e-6, rtol=1e-5)
        scores.square().sum().backward()
        trained = plain_weights(model)
    plain(batch).square().sum().backward()
    assert trained.keys() == plain.state_dict().keys()
    [name] = [name for name, own in table_columns(plain).items() if OWNER in own]
    weight = plain.get_parameter(name)
    assert weight.grad is not None
    norm = weight.grad.square().mean(1, keepdim=True).sqrt()
    expected = torch.where(norm > 0, weight - 0.1 * weight.grad / norm, weight)
    torch.testing.assert_close(trained[name], expected.detach(), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("interaction", ["mlp", "dot"])
def test_a_model_with_a_shared_table_is_trained_kept_and_loaded(
    tmp_path: Path, interaction: str
) -> None:
    lists = lists_of(tmp_path / "lists", CASES["across"])
    towers = TowersConfig.model_validate(
        {"embedding_dim": 4, "query": (4,), "document": (4,), "interaction": interaction}
    )
    settings = recipe(epochs=1).model_copy(update={"towers": towers})
    train(lists, tmp_path / "model", settings)
    ranker = load_ranker(tmp_path / "model")
    assert isinstance(ranker, Ranker)
    split = Lists(lists, "train")
    scores = score(ranker, split)
    assert len(set(scores.tolist())) > 10
    if interaction == "dot":
        batch = split.gather(torch.arange(len(split)))
        query = ranker.query_vectors(batch)
        assert query is not None
        each = query.repeat_interleave(batch.lengths, dim=0)
        product = (each * ranker.document_vectors(batch)).sum(1)
        torch.testing.assert_close(product, scores, atol=1e-6, rtol=1e-5)


def test_the_owner_decides_the_size_of_the_vectors() -> None:
    config = TowersConfig(embedding_dim=4, tables={OWNER: TableConfig(dim=12)})
    ranker = Ranker(features(*CASES["across"]), config, seed=0)
    assert ranker.shared is not None
    assert ranker.shared.num_outputs("query") == 12
    config = TowersConfig(tables={"query/history": TableConfig(dim=12)})
    with pytest.raises(
        ValueError, match=r"towers\.tables describes 'query/history'; the id columns"
    ):
        Ranker(features(*CASES["across"]), config, seed=0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vocabulary": "document/brand"}, "same size, 100, .*; got document/brand of size None"),
        ({"size": 99}, "query/history must be .* size, 99, .* got document/item of size 100"),
        ({"vocabulary": "query/history"}, "got query/history of size None"),
    ],
)
def test_a_vocabulary_that_is_not_there_is_refused(
    tmp_path: Path, change: Row, message: str
) -> None:
    manifest = Manifest.load(lists_of(tmp_path, CASES["across"]))
    columns = [USER, HISTORY | change, ITEM, PRICE]
    with pytest.raises(ValidationError, match=message):
        Manifest.model_validate(manifest.model_dump() | {"features": columns})


def test_a_column_of_its_own_vocabulary_is_written_as_ever() -> None:
    assert "vocabulary" not in Feature(**USER).model_dump_json()
    assert Feature(**HISTORY).model_dump()["vocabulary"] == OWNER
