from math import exp, log

import pytest
import torch

from ltr.losses import p_list_mle

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])


def written_out(scores):
    """Of documents in their order, best first; positions count from 1."""
    e, n = [exp(s) for s in scores], len(scores)
    weights = [2 ** (n - k) - 1 for k in range(1, n + 1)]
    costs = [-log(e[k] / sum(e[k:])) for k in range(n)]
    return sum(w * c for w, c in zip(weights, costs, strict=True)) / sum(weights)


def test_the_formula_written_out():
    assert p_list_mle(SCORES, LABELS).item() == pytest.approx(written_out([2.0, 0.5, -1.0]))
    a, b, c = exp(2.0), exp(0.5), exp(-1.0)
    first, second = -log(a / (a + b + c)), -log(b / (b + c))
    weighed = p_list_mle(SCORES, LABELS, weights=torch.tensor([2.0, 9.0, 0.5]))
    assert weighed.item() == pytest.approx((3 * 0.5 * first + 1 * 2.0 * second) / (3 + 1))


def test_positions_count_from_1_so_a_list_of_two_learns_from_its_first_draw():
    value = p_list_mle(torch.tensor([0.5, 2.0]), torch.tensor([1, 0]))
    assert value.item() == pytest.approx(log(1 + exp(1.5)))


@pytest.mark.parametrize("docs", [127, 128, 129, 2000])
def test_the_weights_of_long_lists_do_not_overflow(docs):
    scores = torch.zeros(docs, requires_grad=True)
    value = p_list_mle(scores, torch.arange(docs))
    # The k-th draw, with the share 2^-k, is one of docs - k + 1.
    expected = sum(log(docs - k + 1) / 2**k for k in range(1, 60))
    assert value.item() == pytest.approx(expected, rel=1e-5)
    assert torch.autograd.grad(value, scores)[0].isfinite().all()


def test_equal_grades_share_their_draws_and_their_positions():
    scores, labels = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1, 1, 0])
    a, b, c = (exp(s) for s in (0.5, 2.0, -1.0))
    drawn = 3 * log(a + b + c) + 1 * log((a + b) / 2 + c)
    expected = (drawn - (3 + 1) / 2 * (0.5 + 2.0)) / (3 + 1)
    assert p_list_mle(scores, labels).item() == pytest.approx(expected)


def test_equal_grades_are_ordered_by_the_generator():
    scores, labels = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1, 1, 0])
    orders = {round(written_out(order), 4) for order in ([0.5, 2.0, -1.0], [2.0, 0.5, -1.0])}
    generator = torch.Generator().manual_seed(0)
    found = {round(p_list_mle(scores, labels, generator=generator).item(), 4) for _ in range(20)}
    assert found == orders
