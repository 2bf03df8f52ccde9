from math import exp, log2

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import approx_ndcg

SCORES, LABELS = torch.tensor([0.5, 0.4, 0.6]), torch.tensor([3, 0, 1])


def sigmoid(x):
    return 1 / (1 + exp(-x))


def ranks(temperature):
    a, b, c = (s / temperature for s in (0.5, 0.4, 0.6))
    return 1 + sigmoid(b - a) + sigmoid(c - a), 1 + sigmoid(a - c) + sigmoid(b - c)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
def test_the_formula_written_out(temperature):
    first, third = ranks(temperature)
    dcg = 7 / log2(1 + first) + 1 / log2(1 + third)
    ideal = 7 / log2(2) + 1 / log2(3)
    value = approx_ndcg(SCORES, LABELS, temperature=temperature)
    assert value.item() == pytest.approx(1 - dcg / ideal)
    assert temperature != 0.1 or value == approx_ndcg(SCORES, LABELS)


def test_weights_multiply_what_a_document_lacks():
    first, third = ranks(0.1)
    lacks = 2 * 7 * (1 - 1 / log2(1 + first)) + 0.5 * (1 / log2(3) - 1 / log2(1 + third))
    value = approx_ndcg(SCORES, LABELS, weights=torch.tensor([2.0, 9.0, 0.5]))
    assert value.item() == pytest.approx(lacks / (7 + 1 / log2(3)))


def test_a_low_temperature_gives_ndcg():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(6, 9, generator=generator, dtype=torch.float64)
    labels = torch.randint(0, 4, (6, 9), generator=generator)
    position = torch.arange(1.0, 10.0, dtype=torch.float64)

    def dcg(order):
        gains = 2.0 ** labels.gather(-1, order) - 1
        return (gains / (1 + position).log2()).sum(-1)

    expected = 1 - dcg(scores.argsort(descending=True)) / dcg(labels.argsort(descending=True))
    values = approx_ndcg(scores, labels, temperature=1e-6, reduction="none")
    assert_close(values, expected, rtol=1e-4, atol=1e-6)


def test_a_lower_temperature_is_sharper():
    scores, labels = torch.tensor([0.6, 0.5]), torch.tensor([1, 0])
    values = [approx_ndcg(scores, labels, temperature=t).item() for t in (0.01, 0.1, 1.0)]
    assert values == sorted(values)


def test_grade_40_and_400_do_not_overflow():
    scores = torch.tensor([0.5, 0.6, 0.1], requires_grad=True)
    for top in (40, 400):
        value = approx_ndcg(scores, torch.tensor([top, 0, top - 1]))
        assert 0 < value.item() < 1
        assert torch.autograd.grad(value, scores)[0][0] < 0


def test_a_list_without_a_relevant_document_is_left_out():
    scores, labels = torch.stack([SCORES, SCORES]), torch.stack([LABELS, LABELS * 0])
    assert approx_ndcg(scores, labels).item() == approx_ndcg(SCORES, LABELS).item()


def test_it_is_flat_for_a_hopelessly_inverted_pair():
    scores = torch.tensor([-1e4, 1e4], requires_grad=True)
    value = approx_ndcg(scores, torch.tensor([1, 0]))
    assert value.item() == pytest.approx(1 - 1 / log2(3))
    assert torch.autograd.grad(value, scores)[0].tolist() == [0.0, 0.0]


def test_a_temperature_of_0_is_refused():
    with pytest.raises(ValueError, match="temperature must be above 0; got 0"):
        approx_ndcg(torch.zeros(2), torch.ones(2), temperature=0.0)
