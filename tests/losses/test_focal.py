import math

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import FocalLoss, focal, sigmoid_cross_entropy

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 0])
P = [1 / (1 + math.exp(-0.5)), 1 / (1 + math.exp(-1.0)), 1 / (1 + math.exp(2.0))]
"""Probability of what each document is."""


@pytest.mark.parametrize("gamma", [2.0, 0.5, 0.0])
def test_the_formula_written_out(gamma):
    expected = sum(-((1 - p) ** gamma) * math.log(p) for p in P) / 3
    assert focal(SCORES, LABELS, gamma=gamma).item() == pytest.approx(expected)


def test_alpha_weighs_the_relevant_documents():
    cost = [-((1 - p) ** 2) * math.log(p) for p in P]
    expected = (0.25 * cost[0] + 0.75 * cost[1] + 0.75 * cost[2]) / 3
    assert focal(SCORES, LABELS, alpha=0.25).item() == pytest.approx(expected)


def test_reference_values():
    assert FocalLoss()(SCORES, LABELS).item() == pytest.approx(0.5801033)
    assert FocalLoss(gamma=2, alpha=0.25)(SCORES, LABELS).item() == pytest.approx(0.4238152)


def test_without_gamma_and_alpha_it_is_sigmoid_cross_entropy():
    assert_close(focal(SCORES, LABELS, gamma=0.0), sigmoid_cross_entropy(SCORES, LABELS))


def test_a_document_that_is_surely_right_has_a_gradient_of_0_not_nan():
    scores = torch.tensor([200.0, -200.0], requires_grad=True)
    value = focal(scores, torch.tensor([1, 0]), gamma=0.5)
    assert torch.autograd.grad(value, scores)[0].tolist() == [0.0, 0.0]
