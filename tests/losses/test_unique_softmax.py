from math import exp, log

import pytest
import torch

from ltr.losses import unique_softmax

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0, 0.3]), torch.tensor([1, 0, 3, 1])
A, B, C, D = (exp(s) for s in (0.5, -1.0, 2.0, 0.3))
COSTS = [-log(A / (A + B)), -log(C / (C + A + B + D)), -log(D / (D + B))]


def test_the_formula_written_out():
    expected = (1 * COSTS[0] + 7 * COSTS[1] + 1 * COSTS[2]) / (1 + 7 + 1)
    assert unique_softmax(SCORES, LABELS).item() == pytest.approx(expected)


def test_weights_multiply_the_terms_and_not_the_gains():
    value = unique_softmax(SCORES, LABELS, weights=torch.tensor([2.0, 9.0, 0.5, 0.0]))
    assert value.item() == pytest.approx((2 * COSTS[0] + 0.5 * 7 * COSTS[1]) / 9)


def test_equal_grades_do_not_compete():
    scores = torch.tensor([2.0, -3.0, 0.0], requires_grad=True)
    value = unique_softmax(scores, torch.tensor([1, 1, 0]))
    assert torch.autograd.grad(value, scores)[0][:2].lt(0).all()


def test_grade_400_does_not_overflow():
    value = unique_softmax(torch.tensor([0.5, -1.0]), torch.tensor([400, 0]))
    assert value.item() == pytest.approx(log(1 + exp(-1.5)))
