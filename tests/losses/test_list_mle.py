from itertools import permutations
from math import exp, log

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import ListMleLoss, list_mle

SCORES, LABELS = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3])


def of_order(scores, weights=None):
    """-log of the probability that documents are drawn in this order."""
    e = [exp(s) for s in scores]
    costs = [-log(e[k] / sum(e[k:])) for k in range(len(e))]
    return sum(w * c for w, c in zip(weights or [1.0] * len(e), costs, strict=True))


def test_the_formula_written_out():
    assert list_mle(SCORES, LABELS).item() == pytest.approx(of_order([2.0, 0.5, -1.0]))
    value = list_mle(SCORES, LABELS, weights=torch.tensor([2.0, 0.0, 0.5]))
    assert value.item() == pytest.approx(of_order([2.0, 0.5, -1.0], [0.5, 2.0, 0.0]))


def test_equal_grades_share_their_draws():
    scores, labels = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1, 1, 0])
    a, b, c = (exp(s) for s in (0.5, 2.0, -1.0))
    expected = log(a + b + c) + log((a + b) / 2 + c) + log(c) - (0.5 + 2.0 - 1.0)
    assert list_mle(scores, labels).item() == pytest.approx(expected)
    weighed = (3 + 1) / 2 * (log(a + b + c) + log((a + b) / 2 + c)) - (3 * 0.5 + 1 * 2.0)
    value = list_mle(scores, labels, weights=torch.tensor([3.0, 1.0, 9.0]))
    assert value.item() == pytest.approx(weighed)


def test_shared_draws_are_the_mean_over_the_orders_of_equal_scores():
    value = list_mle(torch.tensor([0.5, 0.5, 0.5, -1.0]), torch.tensor([1, 1, 1, 0]))
    assert value.item() == pytest.approx(of_order([0.5, 0.5, 0.5, -1.0]))


def test_shared_draws_are_a_bound_on_the_mean_over_all_orders():
    tied = [0.5, 2.0, -0.3]
    orders = [of_order([*order, -1.0]) for order in permutations(tied)]
    value = list_mle(torch.tensor([*tied, -1.0]), torch.tensor([1, 1, 1, 0])).item()
    mean = sum(orders) / len(orders)
    assert mean < value < mean * 1.2


def test_equal_grades_are_ordered_by_the_generator_never_by_position():
    scores, labels = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1, 1, 0])
    orders = {round(of_order(order), 4) for order in ([0.5, 2.0, -1.0], [2.0, 0.5, -1.0])}
    generator = torch.Generator().manual_seed(0)
    found = [list_mle(scores, labels, generator=generator).item() for _ in range(20)]
    assert {round(value, 4) for value in found} == orders
    assert 4 < sum(value == found[0] for value in found) < 16


def test_a_seed_gives_its_order_again_and_ragged_lists_are_ordered_too():
    def value(**layout):
        generator = torch.Generator().manual_seed(3)
        return ListMleLoss(reduction="none")(SCORES, LABELS, generator=generator, **layout)

    assert value() == value()
    assert_close(value(lengths=torch.tensor([3])), list_mle(SCORES, LABELS)[None])
    mask = torch.tensor([True, False, True])
    weights = torch.tensor([2.0, 9.0, 0.5])
    expected = of_order([2.0, 0.5], [0.5, 2.0])
    assert value(mask=mask, weights=weights).item() == pytest.approx(expected)


@pytest.mark.parametrize("generator", [None, torch.Generator()])
def test_a_tail_far_behind_keeps_its_digits(generator):
    # exp(s - max) of the last two is 0: as a plain sum their order would cost log(0).
    scores = torch.tensor([500.0, -1000.0, -1001.0], requires_grad=True)
    value = list_mle(scores, torch.tensor([2, 1, 0]), generator=generator)
    assert value.item() == pytest.approx(log(1 + exp(-1)), rel=1e-4)
    (gradient,) = torch.autograd.grad(value, scores)
    share = 1 / (1 + exp(1))
    assert_close(gradient, torch.tensor([0.0, -share, share]), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("offset", [1e4, -1e4])
def test_a_constant_on_all_scores_changes_nothing(offset):
    scores, labels = torch.tensor([0.5, 2.0, -1.0]), torch.tensor([1, 1, 0])
    assert_close(list_mle(scores + offset, labels), list_mle(scores, labels), rtol=1e-3, atol=0)
