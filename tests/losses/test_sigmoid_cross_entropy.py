import math

import pytest
import torch
from torch.nn import BCEWithLogitsLoss
from torch.testing import assert_close

from ltr.losses import SigmoidCrossEntropyLoss, sigmoid_cross_entropy

SCORES = torch.tensor([0.5, -1.0, 2.0])


def softplus(x):
    return math.log(1 + math.exp(x))


def test_the_formula_written_out():
    value = sigmoid_cross_entropy(SCORES, torch.tensor([1, 0, 0]))
    expected = (softplus(-0.5) + softplus(-1.0) + softplus(2.0)) / 3
    assert value.item() == pytest.approx(expected)
    weights = torch.tensor([2.0, 1.0, 0.0])
    weighted = (2 * softplus(-0.5) + softplus(-1.0)) / 3
    value = sigmoid_cross_entropy(SCORES, torch.tensor([1, 0, 0]), weights=weights)
    assert value.item() == pytest.approx(weighted)


def test_every_grade_from_1_up_is_relevant_and_minus_1_is_not():
    of_clicks = sigmoid_cross_entropy(SCORES, torch.tensor([1, 0, 1]))
    assert sigmoid_cross_entropy(SCORES, torch.tensor([3, -1, 1])) == of_clicks


@pytest.mark.parametrize("labels", [torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.3, 0.9, 0.5])])
def test_it_is_torchs_own_loss(labels):
    mine, peer = (SCORES.clone().requires_grad_() for _ in range(2))
    values = SigmoidCrossEntropyLoss()(mine, labels), BCEWithLogitsLoss()(peer, labels)
    assert_close(*values)
    for value in values:
        value.backward()
    assert_close(mine.grad, peer.grad)


def test_a_batch_is_the_mean_of_its_lists_not_of_its_documents():
    labels, lengths = torch.tensor([1, 0, 0]), torch.tensor([1, 2])
    value = sigmoid_cross_entropy(SCORES, labels, lengths=lengths)
    expected = (softplus(-0.5) + (softplus(-1.0) + softplus(2.0)) / 2) / 2
    assert value.item() == pytest.approx(expected)


def test_a_list_counts_whatever_its_weights_are():
    weights, lengths = torch.tensor([0.0, 1.0, 1.0]), torch.tensor([1, 2])
    labels = torch.tensor([1, 0, 0])
    value = sigmoid_cross_entropy(SCORES, labels, lengths=lengths, weights=weights)
    assert value.item() == pytest.approx((0 + (softplus(-1.0) + softplus(2.0)) / 2) / 2)
