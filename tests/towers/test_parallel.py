import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from ltr.data.reader import Lists
from ltr.recipe import TowersConfig
from ltr.towers import (
    Ranker,
    dense_parameters,
    distribute,
    plain_weights,
    process_group,
)
from tests.lists_on_disk import AGE, PRICE, write_lists
from tests.towers.test_ranker import CONFIG, ROWS, gather

CPU = torch.device("cpu")


@pytest.fixture
def lists(tmp_path: Path) -> Lists:
    return Lists(write_lists(tmp_path, {"train": [ROWS]}), "train")


@pytest.fixture(autouse=True)
def group() -> Iterator[None]:
    with process_group(CPU):
        yield
    assert not dist.is_initialized()


def test_the_wrapped_ranker_scores_as_the_plain_one(lists: Lists) -> None:
    features = lists.manifest.features
    model = distribute(Ranker(features, CONFIG, seed=3), device=CPU, table_learning_rate=0.1)
    plain = Ranker(features, CONFIG, seed=3)
    batch = gather(lists, 0, 1, 2, 3)
    torch.testing.assert_close(model(batch), plain(batch), atol=1e-6, rtol=1e-5)


def test_trained_weights_go_back_into_a_plain_ranker(lists: Lists) -> None:
    features, batch = lists.manifest.features, gather(lists, 0, 1, 2, 3)
    model = distribute(Ranker(features, CONFIG, seed=3), device=CPU, table_learning_rate=0.1)
    optimizer = torch.optim.Adam(dense_parameters(model), lr=0.1)
    model(batch).sum().backward()
    optimizer.step()
    plain = Ranker(features, CONFIG, seed=0)
    plain.load_state_dict(plain_weights(model))
    assert not torch.equal(plain(batch), Ranker(features, CONFIG, seed=3)(batch))
    torch.testing.assert_close(model(batch), plain(batch), atol=1e-6, rtol=1e-5)


def test_a_step_changes_only_the_rows_that_were_looked_up(lists: Lists) -> None:
    features = lists.manifest.features
    model = distribute(Ranker(features, CONFIG, seed=3), device=CPU, table_learning_rate=0.1)
    before = plain_weights(model)
    model(gather(lists, 1, 2)).square().sum().backward()
    after = plain_weights(model)
    changed = {
        name.split(".")[-2]: (after[name] != before[name]).any(1).nonzero().flatten().tolist()
        for name in before
        if ".tables." in name
    }
    assert changed == {
        "0_user": [1, 2],
        "1_tags": [0, 1],
        "0_item": [1, 2, 3, 4, 5],
        "1_words": [1, 2, 3],
    }


def test_a_first_step_of_the_fused_optimizer_is_row_wise_adagrad(lists: Lists) -> None:
    features, batch = lists.manifest.features, gather(lists, 1)
    plain = Ranker(features, CONFIG, seed=3)
    plain(batch).sum().backward()
    assert plain.document_tower.tables is not None
    weight = plain.document_tower.tables.embedding_bags["0_item"].weight
    gradient = weight.grad[1]
    expected = weight[1] - 0.1 * gradient / gradient.square().mean().sqrt()
    model = distribute(Ranker(features, CONFIG, seed=3), device=CPU, table_learning_rate=0.1)
    model(batch).sum().backward()
    trained = plain_weights(model)["document_tower.tables.embedding_bags.0_item.weight"]
    torch.testing.assert_close(trained[1], expected, atol=1e-5, rtol=1e-4)


def test_a_ranker_without_ids_is_trained_too(tmp_path: Path) -> None:
    lists = Lists(write_lists(tmp_path, {"train": [ROWS]}, features=[PRICE, AGE]), "train")
    ranker = Ranker(lists.manifest.features, TowersConfig(), seed=0)
    model = distribute(ranker, device=CPU, table_learning_rate=0.1)
    model(gather(lists, 0, 1)).sum().backward()
    assert len(dense_parameters(model)) == len(plain_weights(model)) == 8
    assert all(weight.grad is not None for weight in dense_parameters(model))


def test_wrapping_a_ranker_makes_no_noise(
    lists: Lists, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.WARNING):
        ranker = Ranker(lists.manifest.features, CONFIG, seed=3)
        model = distribute(ranker, device=CPU, table_learning_rate=0.1)
        model(gather(lists, 0)).sum().backward()
    assert caplog.records == []
    assert capfd.readouterr().err == ""


def test_a_group_that_a_launcher_opened_is_used_and_left_open() -> None:
    with process_group(CPU):
        assert dist.get_world_size() == 1
    assert dist.is_initialized()
