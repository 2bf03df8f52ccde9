"""The sums over pairs, whatever the tiles and the layout: each against the form of all pairs."""

import pytest
import torch
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

from ltr.lists import Ragged
from ltr.losses import LambdaWeight, PairWeight, _pairs, lambda_loss, ranknet
from tests.losses.test_laws import value_and_gradient

LENGTHS = torch.tensor([7, 0, 1, 12, 3, 7])


def batch():
    generator = torch.Generator().manual_seed(0)
    docs = int(LENGTHS.sum())
    scores = torch.randn(docs, generator=generator, dtype=torch.float64)
    # Ties, in scores and in grades.
    scores[3:6] = scores[3]
    labels = torch.randint(0, 3, (docs,), generator=generator)
    return scores, labels, torch.rand(docs, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("pairs_in_a_tile", [1, 40, 200])
@pytest.mark.parametrize("scheme", ["lambdarank", "ndcg2"])
def test_tiles_change_nothing(monkeypatch, scheme, pairs_in_a_tile):
    scores, labels, weights = batch()
    rows, grades = scores.view(2, 15), labels.view(2, 15)
    mask = torch.rand(2, 15, generator=torch.Generator().manual_seed(1)) < 0.8

    def both():
        arguments = {"scheme": scheme, "reduction": "none"}
        yield value_and_gradient(
            lambda_loss, scores, labels, lengths=LENGTHS, weights=weights, **arguments
        )
        yield value_and_gradient(lambda_loss, rows, grades, mask=mask, **arguments)

    whole = list(both())
    monkeypatch.setattr(_pairs, "_room", lambda _: pairs_in_a_tile)
    assert_close(list(both()), whole)


@pytest.mark.parametrize("pairs_in_a_tile", [40, 10**6])
@pytest.mark.parametrize("scheme", ["lambdarank", "ndcg2"])
def test_lengths_that_cannot_be_read_change_nothing(monkeypatch, scheme, pairs_in_a_tile):
    scores, labels, weights = batch()
    scores[-1] = torch.nan

    def found():
        return value_and_gradient(
            lambda_loss,
            scores,
            labels,
            lengths=LENGTHS,
            weights=weights,
            scheme=scheme,
            reduction="none",
        )

    expected = found()
    monkeypatch.setattr(_pairs, "_room", lambda _: pairs_in_a_tile)
    monkeypatch.setattr(Ragged, "_can_read", False)
    assert_close(found(), expected, equal_nan=True)
    assert expected[0][:-1].isfinite().all()


class Largest(TorchDispatchMode):
    """Records the most elements that a tensor has had."""

    elements = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        for x in out if isinstance(out, tuple | list) else [out]:
            if isinstance(x, torch.Tensor):
                self.elements = max(self.elements, x.untyped_storage().nbytes() // 4)
        return out


@pytest.mark.parametrize("grades", [2, 40])
def test_memory_does_not_grow_with_the_pairs(grades):
    docs = 10_000
    scores = torch.randn(docs, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(docs) % grades
    with Largest() as largest:
        value_and_gradient(ranknet, scores, labels)
    assert largest.elements <= 2**22 < docs**2 / 16


def test_a_gradient_cannot_be_differentiated_in_silence():
    scores = torch.randn(4, requires_grad=True)
    value = ranknet(scores, torch.tensor([1, 0, 2, 0]))
    with pytest.raises(RuntimeError, match="cannot be differentiated again"):
        torch.autograd.grad(value, scores, create_graph=True)


class ByLabel:
    """A pair weight of somebody else's."""

    def prepare(self, docs):
        return (docs.labels,), lambda higher, lower, _: higher[0] * 10 + lower[0]


def test_a_pair_weight_needs_no_class_of_ours():
    assert isinstance(ByLabel(), PairWeight)
    assert isinstance(LambdaWeight(), PairWeight)
    scores, labels = torch.tensor([0.5, 0.0, 1.0]), torch.tensor([3, 1, 0])
    cost = torch.nn.functional.softplus(-torch.tensor([0.5, -0.5, -1.0]))
    expected = (cost * torch.tensor([31, 30, 10])).sum() / 3
    assert_close(ranknet(scores, labels, pair_weight=ByLabel()), expected)
