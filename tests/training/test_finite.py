from pathlib import Path

import pytest
import torch

from ltr.data.reader import Lists
from ltr.towers import Ranker, plain_weights, process_group
from ltr.training.finite import Guard, NonFiniteError
from ltr.training.objective import Objective
from ltr.training.trainer import Trainer
from tests.lists_on_disk import PRICE, Row, write_lists
from tests.training.planted import TOWERS, planted, recipe

CPU = torch.device("cpu")


class Spike(torch.autograd.Function):
    """A finite value whose gradient is not."""

    @staticmethod
    def forward(_: object, x: torch.Tensor) -> torch.Tensor:
        return x.clone()

    @staticmethod
    def backward(_: object, *gradients: torch.Tensor) -> torch.Tensor:
        return gradients[0] * torch.inf


def spike(_: torch.nn.Module, __: object, scores: torch.Tensor) -> torch.Tensor:
    spiked: torch.Tensor = Spike.apply(scores)
    return spiked


def test_a_gradient_that_is_not_finite_changes_no_weight(tmp_path: Path) -> None:
    lists = Lists(planted(tmp_path), "train")
    settings = recipe()
    with process_group(CPU):
        ranker = Ranker(lists.manifest.features, TOWERS, seed=0)
        trainer = Trainer(ranker, Objective.of(settings.loss), settings, CPU)
        before = plain_weights(trainer.model)
        trainer.guard.at("epoch 2, batch 7")
        ranker.scorer.register_forward_hook(spike)
        with pytest.raises(NonFiniteError, match="a gradient is not finite in epoch 2, batch 7;"):
            trainer.step(lists.gather(torch.arange(8)), torch.Generator())
        after = plain_weights(trainer.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_gradient_that_is_not_finite_changes_no_weight_where_there_are_no_tables(
    tmp_path: Path,
) -> None:
    rows: list[Row] = [{"grade": [0, 1], "document/price": [0.2, 0.9]}]
    lists = Lists(write_lists(tmp_path, {"train": [rows]}, features=[PRICE]), "train")
    settings = recipe()
    with process_group(CPU):
        ranker = Ranker(lists.manifest.features, TOWERS, seed=0)
        trainer = Trainer(ranker, Objective.of(settings.loss), settings, CPU)
        before = plain_weights(trainer.model)
        ranker.scorer.register_forward_hook(spike)
        with pytest.raises(NonFiniteError, match="a gradient is not finite"):
            trainer.step(lists.gather(torch.arange(1)), torch.Generator())
        after = plain_weights(trainer.model)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_dense_gradient_that_is_not_finite_is_found_without_tables() -> None:
    weight = torch.nn.Parameter(torch.zeros(2))
    weight.grad = torch.tensor([1.0, torch.nan])
    guard = Guard()
    guard.at("epoch 1, batch 1")
    with pytest.raises(NonFiniteError, match="a gradient is not finite in epoch 1, batch 1"):
        guard.check_gradients([weight])


def test_scores_that_are_not_finite_are_not_compared() -> None:
    guard = Guard()
    guard.at("the validation after epoch 3")
    guard.check_scores(torch.tensor([1.0, -1e30]))
    with pytest.raises(NonFiniteError, match="a score is not finite in the validation after ep"):
        guard.check_scores(torch.tensor([1.0, torch.inf]))
