"""The losses as they are usually written: whole matrices of pairs, autograd, a mask at the end.

Each is ``f(scores, labels, *, mask)`` over padded lists and returns the mean over the lists.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional


def graded_hinge(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Hinge of margin 1, weighed by the difference in grade."""
    weight = (y[..., None] - y[..., None, :]).clamp(min=0) * both(mask)
    hinge = (1 - (s[..., None] - s[..., None, :])).relu()
    return ((weight * hinge).sum((-1, -2)) / weight.sum((-1, -2)).clamp(min=1)).mean()


def ranknet(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Softplus of all gaps, of which pairs are kept."""
    return of_pairs(s, (y[..., None] > y[..., None, :]) & both(mask))


def bpr(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """RankNet of clicks."""
    return of_pairs(s, (y[..., None] > 0) & (y[..., None, :] <= 0) & both(mask))


def lambdarank(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Weighed by what a swap does to NDCG."""
    discount = inverse_discount(s.shape[-1])
    swap = (discount[:, None] - discount).abs()
    return of_lambdas(s, y, mask, lambda gain: swap * apart(gain))


def ndcg1(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Weighed by the higher document's share of DCG."""
    discount = inverse_discount(s.shape[-1])
    return of_lambdas(s, y, mask, lambda gain: (gain * discount)[..., None])


def ndcg2(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Weighed by the distance in rank."""
    distances = by_distance(s.shape[-1])
    return of_lambdas(s, y, mask, lambda gain: distances * apart(gain))


def ndcg2_plus_plus(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """LambdaRank and ten times ndcg2."""
    discount = inverse_discount(s.shape[-1])
    weight = (discount[:, None] - discount).abs() + 10 * by_distance(s.shape[-1])
    return of_lambdas(s, y, mask, lambda gain: weight * apart(gain))


def both(mask: Tensor) -> Tensor:
    """Pairs of two real documents."""
    return mask[..., None] & mask[..., None, :]


def apart(x: Tensor) -> Tensor:
    """All differences, without their sign."""
    return (x[..., None] - x[..., None, :]).abs()


def of_pairs(s: Tensor, pair: Tensor) -> Tensor:
    """Mean logistic cost of the pairs of each list."""
    cost = functional.softplus(-(s[..., None] - s[..., None, :])).masked_fill(~pair, 0.0)
    return (cost.sum((-1, -2)) / pair.sum((-1, -2)).clamp(min=1)).mean()


def of_lambdas(s: Tensor, y: Tensor, mask: Tensor, weight: Callable[[Tensor], Tensor]) -> Tensor:
    """Logistic cost of pairs of documents in the order of scores, weighed by their gains."""
    order = s.detach().masked_fill(~mask, -torch.inf).argsort(-1, descending=True)
    s, y, mask = s.gather(-1, order), y.gather(-1, order), mask.gather(-1, order)
    gain = (2.0**y - 1).masked_fill(~mask, 0.0)
    best = gain.sort(-1, descending=True).values
    ideal = (best * inverse_discount(s.shape[-1])).sum(-1, keepdim=True)
    cost = functional.softplus(-(s[..., None] - s[..., None, :]))
    pair = (y[..., None] > y[..., None, :]) & both(mask)
    weighed = (weight(gain / ideal.clamp(min=1e-10)) * cost).masked_fill(~pair, 0.0)
    return weighed.sum((-1, -2)).mean()


def inverse_discount(size: int) -> Tensor:
    """1 / log2(1 + rank) of the ranks from 1."""
    return 1 / torch.log2(torch.arange(2.0, size + 2))


def by_distance(size: int) -> Tensor:
    """1/D(d) - 1/D(d + 1) of all pairs of ranks."""
    position = torch.arange(float(size))
    distance = (position[:, None] - position).abs().clamp(min=1)
    return 1 / torch.log2(1 + distance) - 1 / torch.log2(2 + distance)


PLAIN: dict[str, Callable[..., Tensor]] = {
    "graded_hinge": graded_hinge,
    "ranknet": ranknet,
    "bpr": bpr,
    "lambda_loss": lambdarank,
    "lambda_loss ndcg1": ndcg1,
    "lambda_loss ndcg2": ndcg2,
    "lambda_loss ndcg2++": ndcg2_plus_plus,
}
"""By the name of the loss, and its scheme if that is not the default."""
