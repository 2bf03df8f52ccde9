from math import exp, log

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import calibrated_softmax

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])
Z = 1 + exp(0.5) + exp(-1.0) + exp(2.0)


@pytest.mark.parametrize("anchor", [1.0, 0.25])
def test_the_formula_written_out(anchor):
    expected = -1 * log(exp(0.5) / Z) - 3 * log(exp(2.0) / Z) - anchor * log(1 / Z)
    value = calibrated_softmax(SCORES, LABELS, anchor=anchor)
    assert value.item() == pytest.approx(expected)
    assert anchor != 1.0 or value == calibrated_softmax(SCORES, LABELS)


def test_weights_multiply_the_documents_and_not_the_anchor():
    expected = -2 * log(exp(0.5) / Z) - 0.5 * 3 * log(exp(2.0) / Z) - log(1 / Z)
    value = calibrated_softmax(SCORES, LABELS, weights=torch.tensor([2.0, 9.0, 0.5]))
    assert value.item() == pytest.approx(expected)


def test_at_its_minimum_a_score_is_the_log_of_the_expected_grade():
    # The same two documents shown ten times: the first clicked three times, the second once.
    labels = torch.zeros(10, 2)
    labels[:3, 0], labels[5, 1] = 1.0, 1.0
    scores = torch.tensor([0.3, 0.1]).log().requires_grad_()
    value = calibrated_softmax(scores.expand(10, 2), labels)
    assert_close(torch.autograd.grad(value, scores)[0], torch.zeros(2), atol=1e-6, rtol=0)


def test_a_list_without_a_click_pushes_its_scores_down_by_the_anchor():
    scores = torch.tensor([0.5, -1.0], requires_grad=True)
    value = calibrated_softmax(scores, torch.zeros(2))
    assert value.item() == pytest.approx(log(1 + exp(0.5) + exp(-1.0)))
    assert torch.autograd.grad(value, scores)[0].gt(0).all()
