"""A training that begins with yesterday's model, though ids have come and gone since."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ltr.data.manifest import Feature, Manifest
from ltr.data.reader import Lists
from ltr.recipe import Recipe, TowersConfig
from ltr.towers import make_ranker, plain_weights, process_group
from ltr.training import ModelCard, ModelError, WarmStart, load_ranker, score, train
from ltr.training.checkpoint import OPTIMIZER, WEIGHTS, load_optimizer
from ltr.training.objective import Objective
from ltr.training.trainer import Trainer
from ltr.training.warm_start import Inheritance, check_parent
from tests.training.planted import planted, recipe

CPU = torch.device("cpu")
TABLE = "document_tower.tables.embedding_bags.0_item.weight"
USERS = "query_tower.tables.embedding_bags.0_user.weight"
SIZE = 130
"""Of today's table of items; yesterday's had 100."""


def _numbers() -> Tensor:
    """Today's number of each of yesterday's items: another one, and some numbers are left free."""
    chance = torch.Generator().manual_seed(1)
    chosen = 1 + torch.randperm(SIZE - 1, generator=chance)[:99]
    chosen[0] = SIZE - 1 if SIZE - 1 not in chosen else chosen[0]
    return torch.cat([torch.zeros(1, dtype=torch.int64), chosen])


NUMBERS = _numbers()


def rows() -> dict[str, Tensor]:
    items = torch.full((SIZE,), -1)
    items[NUMBERS] = torch.arange(100)
    return {"query/user": torch.arange(50), "document/item": items}


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("yesterday"), num_lists=60)


@pytest.fixture(scope="module")
def today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same lists in another encoding."""
    return planted(tmp_path_factory.mktemp("today"), num_lists=60, numbers=NUMBERS)


@pytest.fixture(scope="module")
def model(lists: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "model"
    train(lists, folder, recipe(epochs=2))
    return folder


def begin(folder: Path, start: WarmStart, settings: Recipe) -> tuple[nn.Module, Inheritance]:
    manifest = Manifest.load(folder)
    ranker = make_ranker(manifest.features, settings.towers, seed=77)
    return ranker, Inheritance.into(ranker, start, manifest, settings)


def test_old_ids_are_scored_as_yesterday_before_any_step(
    lists: Path, today: Path, model: Path
) -> None:
    ranker, _ = begin(today, WarmStart(model, rows()), recipe())
    before = score(load_ranker(model), Lists(lists, "validation"))
    after = score(ranker.eval(), Lists(today, "validation"))
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)


def test_new_rows_are_those_of_a_new_model(today: Path, model: Path) -> None:
    ranker, inherited = begin(today, WarmStart(model, rows()), recipe())
    fresh = make_ranker(Manifest.load(today).features, recipe().towers, seed=77)
    new = rows()["document/item"] < 0
    assert int(new.sum()) == SIZE - 100
    weights, initial = ranker.state_dict()[TABLE], fresh.state_dict()[TABLE]
    assert torch.equal(weights[new], initial[new])
    same = (weights == initial).all(1) & ~new
    assert same.nonzero().flatten().tolist() == [0], "what nobody trained is 0 in both"
    counts = inherited.parent.tables["document/item"]
    assert (counts.kept, counts.new) == (100, SIZE - 100)


def test_the_row_of_an_id_that_is_gone_is_given_up(today: Path, model: Path) -> None:
    chosen = rows()
    gone = int(NUMBERS[7])
    chosen["document/item"][gone] = -1
    ranker, inherited = begin(today, WarmStart(model, chosen), recipe())
    fresh = make_ranker(Manifest.load(today).features, recipe().towers, seed=77)
    assert torch.equal(ranker.state_dict()[TABLE][gone], fresh.state_dict()[TABLE][gone])
    assert inherited.state[f"{TABLE}.momentum1"][gone] == 0


def test_the_state_of_the_optimizers_follows(today: Path, model: Path) -> None:
    _, inherited = begin(today, WarmStart(model, rows()), recipe())
    saved = load_optimizer(model)
    slot = f"{TABLE}.momentum1"
    assert saved[slot].shape == (100,)
    assert inherited.state[slot].shape == (SIZE,)
    assert torch.equal(inherited.state[slot][NUMBERS], saved[slot])
    assert (inherited.state[slot] > 0).sum() == (saved[slot] > 0).sum() > 50
    for name in ("step", "exp_avg", "exp_avg_sq"):
        assert torch.equal(inherited.state[f"scorer.0.bias.{name}"], saved[f"scorer.0.bias.{name}"])
    assert inherited.parent.optimizer


def _trainer(ranker: nn.Module, settings: Recipe) -> Trainer:
    return Trainer(ranker, Objective.of(settings.loss), settings, CPU)


@pytest.mark.parametrize("table_optimizer", ["rowwise_adagrad", "adagrad"])
def test_the_next_step_is_the_one_that_yesterday_would_have_made(
    lists: Path, today: Path, tmp_path: Path, table_optimizer: str
) -> None:
    """To the bit: nothing of what a training knows is lost, and it follows the ids."""
    settings = recipe(epochs=1, table_optimizer=table_optimizer, lists_per_batch=1000)
    train(lists, tmp_path / "model", settings)
    numbers = torch.arange(20)
    with process_group(CPU):
        # One batch is an epoch here, so the model is what its only step left.
        same, _ = begin(lists, WarmStart(tmp_path / "model"), settings)
        ended = _stepped(same, lists, numbers, settings, load_optimizer(tmp_path / "model"))
        moved, inherited = begin(today, WarmStart(tmp_path / "model", rows()), settings)
        weights = _stepped(moved, today, numbers, settings, inherited.state)
    assert torch.equal(weights[TABLE][NUMBERS], ended[TABLE])
    assert all(torch.equal(weights[name], ended[name]) for name in ended if name != TABLE)


def _stepped(
    ranker: nn.Module, lists: Path, numbers: Tensor, settings: Recipe, state: dict[str, Tensor]
) -> dict[str, Tensor]:
    trainer = _trainer(ranker, settings)
    trainer.load_plain_state(state)
    before = trainer.plain_state()
    assert before.keys() == state.keys()
    assert all(torch.equal(before[name], value) for name, value in state.items())
    trainer.step(Lists(lists, "train").gather(numbers), torch.Generator().manual_seed(0))
    return plain_weights(trainer.model)


def test_a_training_begins_with_the_model_and_its_card_says_so(
    today: Path, model: Path, tmp_path: Path
) -> None:
    settings = recipe(epochs=1, seed=9)
    cold = train(today, tmp_path / "cold", settings)
    warm = train(today, tmp_path / "warm", settings, warm_start=WarmStart(model, rows()))
    assert warm[0].train_loss < 0.95 * cold[0].train_loss
    assert ModelCard.load(tmp_path / "cold").parent is None
    parent = ModelCard.load(tmp_path / "warm").parent
    assert parent is not None
    assert re.fullmatch("[0-9a-f]{64}", parent.weights)
    assert parent.encoder == "c0ffee"
    assert list(parent.tables) == ["query/user", "document/item"]


def test_a_model_that_kept_no_state_gives_its_weights_alone(
    lists: Path, today: Path, tmp_path: Path
) -> None:
    train(lists, tmp_path / "model", recipe(epochs=1))
    (tmp_path / "model" / OPTIMIZER).unlink()
    _, inherited = begin(today, WarmStart(tmp_path / "model", rows()), recipe())
    assert inherited.state == {}
    assert not inherited.parent.optimizer


def test_another_optimizer_of_the_tables_begins_anew(today: Path, model: Path) -> None:
    _, inherited = begin(today, WarmStart(model, rows()), recipe(table_optimizer="adagrad"))
    assert not any(".tables." in name for name in inherited.state)
    assert "scorer.0.bias.exp_avg" in inherited.state
    assert not inherited.parent.optimizer


PRICE = Feature(side="document", name="price", kind="number")
AGE = Feature(side="document", name="age", kind="number")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f[1:], "begins with: query/user is not in today's lists$"),
        (lambda f: (*f, AGE), "begins with: document/age is new$"),
        (
            lambda f: (f[0], f[1].model_copy(update={"kind": "ids"}), f[2]),
            "begins with: document/item is ids and was id$",
        ),
        (lambda f: (f[1], f[0], f[2]), "they stand in another order, from document/item on$"),
    ],
)
def test_other_features_are_refused_by_name(model: Path, change: Any, message: str) -> None:
    card = ModelCard.load(model)
    with pytest.raises(ModelError, match=message):
        check_parent(card, change(card.features), recipe())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding_dim": 16}, "begins with: towers.embedding_dim is 16 and was 8$"),
        (
            {"query": (16, 4), "document": (16, 4)},
            r"towers.document is \[16, 4\] and was \[16, 8\]; towers.query is",
        ),
        ({"attention": {"dim": 8}}, r"towers.attention is \{'dim': 8.*\} and was None"),
        (
            {"tables": {"document/item": {"dim": 4}}},
            r"towers.tables.document/item is \{'dim': 4, .*\} and was None$",
        ),
    ],
)
def test_other_towers_are_refused_by_key(model: Path, change: dict[str, Any], message: str) -> None:
    card = ModelCard.load(model)
    towers = TowersConfig.model_validate(recipe().towers.model_dump() | change)
    with pytest.raises(ModelError, match=message):
        check_parent(card, card.features, recipe().model_copy(update={"towers": towers}))


def test_dropout_may_change(model: Path) -> None:
    card = ModelCard.load(model)
    towers = recipe().towers.model_copy(update={"dropout": 0.3})
    check_parent(card, card.features, recipe().model_copy(update={"towers": towers}))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({}, r"rows of query/user must have the shape \[50\] of its table; got none"),
        ({"query/user": torch.arange(9)}, r"must have the shape \[50\] of its table; got \[9\]"),
        ({"query/user": torch.arange(1, 51)}, "must be from -1 to 49; got 1 to 50"),
        ({"query/user": torch.arange(50) - 2}, "must be from -1 to 49; got -2 to 47"),
    ],
)
def test_rows_that_do_not_fit_are_refused(
    lists: Path, model: Path, chosen: dict[str, Tensor], message: str
) -> None:
    with pytest.raises(ModelError, match=message):
        begin(lists, WarmStart(model, chosen), recipe())


def test_lists_of_another_encoder_need_to_be_told_the_rows(lists: Path, model: Path) -> None:
    manifest = Manifest.load(lists).model_copy(update={"encoder": "00"})
    ranker = make_ranker(manifest.features, recipe().towers, seed=0)
    with pytest.raises(ModelError, match="rows are None, and the model has encoder c0ffee, the li"):
        Inheritance.into(ranker, WarmStart(model), manifest, recipe())


def test_without_a_model_nothing_is_trained(lists: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is no folder of a model: cannot read model\.json"):
        train(lists, tmp_path / "out", recipe(), warm_start=WarmStart(tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", [WEIGHTS, OPTIMIZER])
def test_a_damaged_file_is_refused(lists: Path, tmp_path: Path, name: str) -> None:
    train(lists, tmp_path / "model", recipe(epochs=1))
    (tmp_path / "model" / name).write_bytes(b"\x80\x04K\x01.")
    with pytest.raises(ModelError, match=f"{name} does not hold the "):
        begin(lists, WarmStart(tmp_path / "model"), recipe())


def test_weights_of_another_shape_than_the_card_says_are_refused(
    lists: Path, model: Path, tmp_path: Path
) -> None:
    weights = load_file(model / WEIGHTS)
    train(lists, tmp_path / "model", recipe(epochs=1))
    save_file(weights | {USERS: weights[USERS][:, :4].clone()}, tmp_path / "model" / WEIGHTS)
    with pytest.raises(ModelError, match=r"0_user.weight of the model must be like \[50, 8\]; got"):
        begin(lists, WarmStart(tmp_path / "model"), recipe())
