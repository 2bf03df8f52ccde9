"""Lambda weights written out, and the mistakes that others make with them."""

import itertools
import math

import pytest
import torch
from torch.testing import assert_close

from ltr.losses import LambdaLoss, LambdaWeight, lambda_loss
from tests.losses.test_laws import value_and_gradient

SCORES, LABELS = torch.tensor([0.2, 1.3, -0.4]), torch.tensor([2, 1, 0])
SECOND, THIRD = 1 / math.log2(3), 1 / math.log2(4)
IDEAL = 3 + SECOND
"""Max DCG of the grades 2, 1, 0. By score the documents stand at 2, 1, 3."""


def nats(gap):
    return math.log(1 + math.exp(-gap))


def of_pairs(first, second, third):
    """Lambda loss by the weights of the pairs of grades (2, 1), (2, 0) and (1, 0)."""
    costs = nats(0.2 - 1.3), nats(0.2 + 0.4), nats(1.3 + 0.4)
    weights = first, second, third
    return sum(weight * cost for weight, cost in zip(weights, costs, strict=True)) / IDEAL


SWAPS = (3 - 1) * (1 - SECOND), 3 * (SECOND - THIRD), 1 * (1 - THIRD)
# The ranks of the pairs are 1, 1 and 2 apart.
DISTANCES = (3 - 1) * (1 - SECOND), 3 * (1 - SECOND), 1 * (SECOND - THIRD)
WEIGHTS = {
    "lambdarank": SWAPS,
    "ndcg1": (3 * SECOND, 3 * SECOND, 1.0),
    "ndcg2": DISTANCES,
    "ndcg2++": [swap + 10 * distance for swap, distance in zip(SWAPS, DISTANCES, strict=True)],
}


@pytest.mark.parametrize("scheme", WEIGHTS)
def test_every_scheme_written_out(scheme):
    value = LambdaLoss(scheme)(SCORES, LABELS)
    assert value.item() == pytest.approx(of_pairs(*WEIGHTS[scheme]))


def test_ndcg2_of_adjacent_ranks_is_not_off_by_one():
    scores, labels = torch.tensor([1.0, 0.0]), torch.tensor([1, 0])
    value = lambda_loss(scores, labels, scheme="ndcg2")
    assert value.item() == pytest.approx(0.3691 * nats(1.0), rel=1e-4)


def test_a_cut_at_k_keeps_a_pair_if_either_document_is_above_it():
    # The first by score has grade 1; its pairs are those of grades (2, 1) and (1, 0).
    swaps = SWAPS[0] * IDEAL / 3, 0.0, SWAPS[2] * IDEAL / 3
    value, gradient = value_and_gradient(lambda_loss, SCORES, LABELS, k=1)
    assert value.item() == pytest.approx(of_pairs(*swaps))
    assert gradient[0] < 0, "the best document, below k, is not pulled up"
    assert_close(lambda_loss(SCORES, LABELS, k=3), lambda_loss(SCORES, LABELS))


def test_grades_of_40_and_above_do_not_overflow():
    for top in (40, 2000):
        labels = torch.tensor([top, top - 1, 0])
        value, gradient = value_and_gradient(lambda_loss, SCORES, labels)
        assert value.isfinite()
        assert gradient.isfinite().all()
        # So far up, gains are in the ratio 2 : 1 : 0.
        ideal = 2 + SECOND
        swaps = [x * IDEAL / ideal for x in (1 - SECOND, 2 * (SECOND - THIRD), 1 - THIRD)]
        assert value.item() == pytest.approx(of_pairs(*swaps), rel=1e-6)


def test_lists_without_a_relevant_document_are_left_out():
    scores = torch.cat([SCORES, SCORES])
    for others in ([0, 0, 0], [-1, 0, -2]):
        labels, lengths = torch.cat([LABELS, torch.tensor(others)]), torch.tensor([3, 3])
        mean = lambda_loss(scores, labels, lengths=lengths)
        assert_close(mean, lambda_loss(SCORES, LABELS))


def test_equal_scores_still_learn():
    labels = torch.tensor([0, 2, 0, 1])
    for scheme in WEIGHTS:
        _, gradient = value_and_gradient(lambda_loss, torch.zeros(4), labels, scheme=scheme, k=2)
        assert gradient[1] < 0 < gradient[0]
        assert gradient[0] == gradient[2]
        assert gradient[1] < gradient[3]


@pytest.mark.parametrize("scheme", ["lambdarank", "ndcg1"])
def test_a_tie_is_the_mean_over_its_orders(scheme):
    scores = torch.tensor([1.0, 0.5, 0.5, 0.5, -2.0, -2.0], dtype=torch.float64)
    labels = torch.tensor([0, 2, 0, 1, 1, 0])
    found = value_and_gradient(lambda_loss, scores, labels, scheme=scheme)
    orders = [
        [0.0, *middle, *last]
        for middle in itertools.permutations(range(3))
        for last in itertools.permutations(range(2))
    ]
    # Apart by so little that only their ranks tell.
    nudged = [scores - 1e-9 * torch.tensor(order, dtype=torch.float64) for order in orders]
    every = [value_and_gradient(lambda_loss, x, labels, scheme=scheme) for x in nudged]
    mean = [torch.stack(part).mean(0) for part in zip(*every, strict=True)]
    assert_close(found, tuple(mean), rtol=1e-7, atol=1e-7)


def test_distances_in_a_tie_are_the_mean_over_its_orders():
    # Two of a tie of five are (5 + 1) / 3 = 2 ranks apart in the mean.
    value = lambda_loss(torch.zeros(5), torch.tensor([1, 0, 0, 0, 0]), scheme="ndcg2")
    assert value.item() == pytest.approx(4 * (SECOND - THIRD) * nats(0.0))


def test_wrong_words_and_cuts_are_named():
    with pytest.raises(ValueError, match=r"scheme must be one of .*'ndcg2'.*; got 'ndcg3'"):
        lambda_loss(SCORES, LABELS, scheme="ndcg3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="k must be a rank from 1, or None for all; got 0"):
        LambdaWeight("ndcg2", k=0)
