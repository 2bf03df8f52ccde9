from math import exp, log

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import list_net


def test_the_formula_written_out():
    s, y = [0.5, -1.0, 2.0], [1, 0, 3]
    by_score = [exp(x) / sum(map(exp, s)) for x in s]
    by_grade = [exp(x) / sum(map(exp, y)) for x in y]
    expected = -sum(p * log(q) for p, q in zip(by_grade, by_score, strict=True))
    assert list_net(torch.tensor(s), torch.tensor(y)).item() == pytest.approx(expected)
    weights = [2.0, 0.0, 0.5]
    expected = -sum(w * p * log(q) for w, p, q in zip(weights, by_grade, by_score, strict=True))
    value = list_net(torch.tensor(s), torch.tensor(y), weights=torch.tensor(weights))
    assert value.item() == pytest.approx(expected)


def test_its_minimum_has_the_differences_of_the_grades():
    labels = torch.tensor([1.0, 0.0, 3.0])
    scores = (labels + 5).requires_grad_()
    (gradient,) = torch.autograd.grad(list_net(scores, labels), scores)
    assert_close(gradient, torch.zeros(3), atol=1e-6, rtol=0)


def test_grade_400_does_not_overflow():
    value = list_net(torch.tensor([0.5, -1.0]), torch.tensor([400, 0]))
    assert value.item() == pytest.approx(log(1 + exp(-1.5)))
