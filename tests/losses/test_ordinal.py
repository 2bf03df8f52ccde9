import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.testing import assert_close

from ltr.losses import expected_grade, ordinal, sigmoid_cross_entropy


def softplus(x):
    return math.log(1 + math.exp(x))


def test_the_formula_written_out_for_one_score():
    # Grade 1 of 0, 1, 2: it reaches 1, whose threshold is 0.5, and not 2, whose threshold is 1.5.
    value = ordinal(torch.tensor([0.8]), torch.tensor([1]), grades=3)
    assert value.item() == pytest.approx(softplus(-(0.8 - 0.5)) + softplus(0.8 - 1.5))
    value = ordinal(torch.tensor([0.8]), torch.tensor([1]))
    more = softplus(0.8 - 2.5) + softplus(0.8 - 3.5)
    assert value.item() == pytest.approx(softplus(-0.3) + softplus(-0.7) + more)


def test_a_logit_per_grade_is_binary_cross_entropy_of_reaching_it():
    logits = torch.tensor([[0.5, -1.0], [2.0, 0.3]])
    reached = torch.tensor([[1.0, 0.0], [1.0, 1.0]])
    expected = binary_cross_entropy_with_logits(logits, reached, reduction="none").sum(-1).mean()
    assert_close(ordinal(logits, torch.tensor([1, 2]), grades=3), expected)


def test_two_grades_are_sigmoid_cross_entropy():
    scores, labels = torch.tensor([0.5, -1.0]), torch.tensor([1, 0])
    assert_close(ordinal(scores, labels, grades=2), sigmoid_cross_entropy(scores - 0.5, labels))
    assert_close(ordinal(scores[:, None], labels, grades=2), sigmoid_cross_entropy(scores, labels))


def test_one_score_is_close_to_the_expected_grade():
    logits = 3.25 - (torch.arange(1, 8) - 0.5)
    assert expected_grade(logits, link="sigmoid").item() == pytest.approx(3.25, abs=0.05)
