"""Grades as classes: both losses' common contract is in test_grades.py."""

import math

import pytest
import torch
from torch.nn import CrossEntropyLoss
from torch.testing import assert_close

from ltr.losses import expected_grade, grade_cross_entropy


def test_the_formula_written_out_for_one_score():
    s = 0.5
    logits = [s * k - k * k / 2 for k in range(3)]
    expected = math.log(sum(math.exp(z) for z in logits)) - logits[2]
    value = grade_cross_entropy(torch.tensor([s]), torch.tensor([2]), grades=3)
    assert value.item() == pytest.approx(expected)
    logits += [s * 3 - 9 / 2, s * 4 - 16 / 2]
    expected = math.log(sum(math.exp(z) for z in logits)) - logits[2]
    value = grade_cross_entropy(torch.tensor([s]), torch.tensor([2]))
    assert value.item() == pytest.approx(expected)


def test_a_logit_per_grade_is_torchs_own_loss():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 4, generator=generator)
    labels = torch.randint(0, 4, (6,), generator=generator)
    mine, peer = (logits.clone().requires_grad_() for _ in range(2))
    values = grade_cross_entropy(mine, labels, grades=4), CrossEntropyLoss()(peer, labels)
    assert_close(*values)
    for value in values:
        value.backward()
    assert_close(mine.grad, peer.grad)


@pytest.mark.parametrize("score", [2.0, 3.25, 4.5])
def test_one_score_is_close_to_the_expected_grade(score):
    grade = torch.arange(8.0, dtype=torch.float64)
    assert expected_grade(score * grade - grade**2 / 2).item() == pytest.approx(score, abs=0.02)


def test_trained_on_its_own_one_score_becomes_the_mean_grade():
    score = torch.full((4,), 1.0, requires_grad=True)
    labels = torch.tensor([1, 2, 2, 3])
    for _ in range(50):
        (gradient,) = torch.autograd.grad(grade_cross_entropy(score, labels, grades=8), score)
        score = (score - gradient.sum()).detach().requires_grad_()
    assert_close(score, torch.full((4,), 2.0), atol=0.02, rtol=0)
