from math import exp, log

import pytest
import torch

from ltr.losses import poly1_softmax, softmax_cross_entropy

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])
Z = exp(0.5) + exp(-1.0) + exp(2.0)


@pytest.mark.parametrize("epsilon", [1.0, -0.5])
def test_the_formula_written_out(epsilon):
    first, third = exp(0.5) / Z, exp(2.0) / Z
    expected = (epsilon * (1 - first) - log(first)) / 4 + (
        epsilon * (1 - third) - log(third)
    ) * 3 / 4
    value = poly1_softmax(SCORES, LABELS, epsilon=epsilon)
    assert value.item() == pytest.approx(expected)
    assert epsilon != 1.0 or value == poly1_softmax(SCORES, LABELS)


def test_without_its_term_it_is_softmax_cross_entropy():
    value = poly1_softmax(SCORES, LABELS, epsilon=0.0)
    assert value.item() == softmax_cross_entropy(SCORES, LABELS).item()
