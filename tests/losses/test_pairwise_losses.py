"""RankNet, BPR, margin ranking, and graded hinge with a pair weight."""

import math

import pytest
import torch
from torch.nn import MarginRankingLoss as TorchMarginRankingLoss
from torch.testing import assert_close

from ltr.losses import (
    LambdaWeight,
    MarginRankingLoss,
    RanknetLoss,
    bpr,
    graded_hinge,
    lambda_loss,
    margin_ranking,
    ranknet,
)
from tests.losses.test_laws import value_and_gradient

SCORES, LABELS = torch.tensor([0.2, -0.4, 1.3]), torch.tensor([1, 0, 3])


def nats(gap):
    return math.log(1 + math.exp(-gap))


def test_ranknet_written_out():
    expected = (nats(0.2 + 0.4) + nats(1.3 - 0.2) + nats(1.3 + 0.4)) / 3
    assert ranknet(SCORES, LABELS).item() == pytest.approx(expected)
    weights = torch.tensor([2.0, 9.0, 0.5])
    weighted = (2 * nats(0.6) + 0.5 * nats(1.1) + 0.5 * nats(1.7)) / 3
    assert ranknet(SCORES, LABELS, weights=weights).item() == pytest.approx(weighted)


def test_bpr_written_out_compares_relevant_with_others_only():
    expected = (nats(0.2 + 0.4) + nats(1.3 + 0.4)) / 2
    assert bpr(SCORES, LABELS).item() == pytest.approx(expected)
    assert bpr(SCORES, LABELS.clamp(max=1)).item() == pytest.approx(expected)
    assert bpr(SCORES, torch.tensor([1, -1, 3])).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [ranknet, bpr])
def test_an_inverse_propensity_does_not_cancel(loss):
    clicks = torch.tensor([1, 0, 0])
    once = loss(SCORES, clicks)
    assert_close(loss(SCORES, clicks, weights=torch.tensor([4.0, 1.0, 1.0])), 4 * once)
    assert loss(SCORES, clicks, weights=torch.zeros(3)).item() == 0.0


@pytest.mark.parametrize("loss", [ranknet, graded_hinge])
def test_a_pair_weight_stands_above_the_line_only(loss):
    labels = LABELS.clamp(max=1)
    weight = LambdaWeight("lambdarank")
    pairs = {(2, 1): 1 - 1 / 2, (0, 1): 1 / math.log2(3) - 1 / 2}
    cost = nats if loss is ranknet else lambda gap: max(0.0, 1 - gap)
    ideal = 1 + 1 / math.log2(3)
    expected = sum(w / ideal * cost((SCORES[i] - SCORES[j]).item()) for (i, j), w in pairs.items())
    value = loss(SCORES, labels, pair_weight=weight)
    assert value.item() == pytest.approx(expected / 2)


def test_ranknet_by_ndcg_is_the_lambda_loss_over_the_number_of_pairs():
    value = RanknetLoss(pair_weight=LambdaWeight("ndcg2", k=2))(SCORES, LABELS)
    assert_close(value, lambda_loss(SCORES, LABELS, scheme="ndcg2", k=2) / 3)


@pytest.mark.parametrize("margin", [1.0, 0.3, -0.5])
def test_graded_hinge_by_pairs_is_the_sorted_one(margin):
    class Ones:
        def prepare(self, docs):
            return (docs.labels,), lambda higher, *_: torch.ones_like(higher[0])

    generator = torch.Generator().manual_seed(0)
    # Quarters: pairs at the corner.
    scores = torch.randint(-8, 8, (4, 20), generator=generator) / 4
    labels = torch.randint(0, 4, (4, 20), generator=generator)
    by_pairs = value_and_gradient(
        graded_hinge, scores, labels, margin=margin, pair_weight=Ones(), reduction="none"
    )
    in_order = value_and_gradient(graded_hinge, scores, labels, margin=margin, reduction="none")
    assert_close(by_pairs, in_order)


@pytest.mark.parametrize("margin", [0.0, 1.5])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_margin_ranking_is_torchs_own(margin, reduction):
    left, right = torch.randn(2, 9, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([1, -1, 1] * 3)
    arguments = {"margin": margin, "reduction": reduction}
    mine, peer = (
        value_and_gradient(lambda x, other, loss=loss: loss(x, other, labels), left, right)
        for loss in (MarginRankingLoss(**arguments), TorchMarginRankingLoss(**arguments))
    )
    assert_close(mine, peer)


def test_margin_ranking_leaves_out_a_pair_without_an_order():
    left, right = torch.tensor([0.2, 1.0, 0.0]), torch.tensor([0.0, 1.5, 4.0])
    value = margin_ranking(left, right, torch.tensor([2, -1, 0]), margin=1.0)
    assert value.item() == pytest.approx((0.8 + 0.5) / 2)
    weights = torch.tensor([3.0, 0.0, 9.0])
    value = margin_ranking(left, right, torch.tensor([1, -1, 0]), margin=1.0, weights=weights)
    assert value.item() == pytest.approx(3 * 0.8 / 2)


@pytest.mark.parametrize(
    ("left", "right", "labels", "match"),
    [
        (
            torch.zeros(3),
            torch.zeros(3, 1),
            torch.ones(3),
            r"right must .* left, \[3\]; got \[3, 1",
        ),
        (torch.zeros(3), torch.zeros(3), torch.ones(2), r"labels must .* left, \[3\]; got \[2\]"),
        (torch.zeros(3).int(), torch.zeros(3), torch.ones(3), "left must be floating point"),
    ],
)
def test_margin_ranking_names_what_does_not_fit(left, right, labels, match):
    with pytest.raises(ValueError, match=match):
        margin_ranking(left, right, labels)
