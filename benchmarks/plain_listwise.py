"""The pointwise and listwise losses as they are usually written.

Each is ``f(scores, labels, *, mask)`` over padded lists and returns the mean over the lists: fill
the padding, compute, sum, mean.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

GRADES = 5
EPS = 1e-10


def of_documents(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the documents of each list, then over the lists."""
    return (values.masked_fill(~mask, 0.0).sum(-1) / mask.sum(-1)).mean()


def sigmoid_cross_entropy(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Torch's own, masked."""
    target = (y >= 1).float()
    values = functional.binary_cross_entropy_with_logits(s, target, reduction="none")
    return of_documents(values, mask)


def focal(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """As vision libraries write it."""
    target = (y > 0).float()
    p = s.sigmoid()
    cost = functional.binary_cross_entropy_with_logits(s, target, reduction="none")
    p_t = p * target + (1 - p) * (1 - target)
    return of_documents(cost * (1 - p_t) ** 2, mask)


def hinge(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """With labels of -1 and 1."""
    sign = torch.where(y > 0, 1.0, -1.0)
    return of_documents((1 - sign * s).clamp(min=0), mask)


def squared_error(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Torch's own, masked."""
    return of_documents(functional.mse_loss(s, y.float(), reduction="none"), mask)


def grade_cross_entropy(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Torch's own over the same logits."""
    grade = torch.arange(float(GRADES))
    logits = s[..., None] * grade - grade.square() / 2
    values = functional.cross_entropy(logits.flatten(0, 1), y.long().flatten(), reduction="none")
    return of_documents(values.view_as(s), mask)


def ordinal(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Binary cross entropy of each level."""
    grade = torch.arange(1.0, GRADES)
    logits = s[..., None] - (grade - 0.5)
    reached = (y[..., None] >= grade).float()
    values = functional.binary_cross_entropy_with_logits(logits, reached, reduction="none")
    return of_documents(values.sum(-1), mask)


def softmax_cross_entropy(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Grades as shares against log-softmax."""
    s, y = s.masked_fill(~mask, -1e30), y.masked_fill(~mask, 0.0)
    target = y / (y.sum(-1, keepdim=True) + EPS)
    return -(target * s.log_softmax(-1)).sum(-1).mean()


def list_net(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """log(softmax + eps) against a softmax of the grades."""
    s, y = s.masked_fill(~mask, float("-inf")), y.float().masked_fill(~mask, float("-inf"))
    return -(y.softmax(-1) * (s.softmax(-1) + EPS).log()).sum(-1).mean()


def poly1_softmax(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Softmax cross entropy and 1 - p."""
    s, y = s.masked_fill(~mask, -1e30), y.masked_fill(~mask, 0.0)
    target = y / (y.sum(-1, keepdim=True) + EPS)
    cost = -(target * s.log_softmax(-1)).sum(-1)
    return (cost + 1 - (target * s.softmax(-1)).sum(-1)).mean()


def xe_ndcg(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Exponential gains less the mean of the noise as shares."""
    s = s.masked_fill(~mask, -1e30)
    gains = (2.0**y - 0.5).masked_fill(~mask, 0.0)
    target = gains / gains.sum(-1, keepdim=True)
    return -(target * s.log_softmax(-1)).sum(-1).mean()


def calibrated_softmax(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """A document of score 0 and grade 1 appended to each list."""
    s, y = s.masked_fill(~mask, -1e30), y.masked_fill(~mask, 0.0)
    s = torch.cat([s, s.new_zeros(len(s), 1)], -1)
    y = torch.cat([y, y.new_ones(len(y), 1)], -1)
    return -(y * s.log_softmax(-1)).sum(-1).mean()


def jrc(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Two logits of a score, each with a softmax over the list."""
    positive = (y > 0).float()
    negative = 1 - positive
    cost = functional.binary_cross_entropy_with_logits(s, positive, reduction="none")
    of_positive = (s / 2).masked_fill(~mask, -1e30).log_softmax(-1)
    of_negative = (-s / 2).masked_fill(~mask, -1e30).log_softmax(-1)
    ranking = -(positive * of_positive + negative * of_negative)
    return of_documents(0.5 * cost + 0.5 * ranking, mask)


def list_mle(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """Plain sums of exponentials from the end."""
    return of_draws(s, y, mask)[0].sum(-1).mean()


def p_list_mle(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """ListMLE with a weight per position."""
    cost, real = of_draws(s, y, mask)
    left = real.sum(-1, keepdim=True) - torch.arange(1.0, s.shape[-1] + 1)
    weights = (2.0**left - 1).masked_fill(~real, 0.0)
    return ((weights * cost).sum(-1) / weights.sum(-1)).mean()


def of_draws(s: Tensor, y: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Cost of each draw, equal grades shuffled, and which are of real documents."""
    shuffled = torch.randperm(s.shape[-1])
    s, y, mask = s[:, shuffled], y[:, shuffled], mask[:, shuffled]
    y, order = y.float().masked_fill(~mask, float("-inf")).sort(descending=True, dim=-1)
    padding = y.isinf()
    s = s.gather(-1, order).masked_fill(padding, float("-inf"))
    s = s - s.max(-1, keepdim=True).values
    running = s.exp().flip(-1).cumsum(-1).flip(-1)
    return ((running + EPS).log() - s).masked_fill(padding, 0.0), ~padding


def unique_softmax(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """A log-sum-exp over all documents for each document."""
    lower = (y[..., None, :] < y[..., None]) & mask[..., None, :]
    lower = lower | torch.eye(s.shape[-1], dtype=torch.bool)
    log_sum = s[..., None, :].expand(lower.shape).masked_fill(~lower, -1e30).logsumexp(-1)
    gains = (2.0**y - 1).masked_fill(~mask, 0.0)
    return ((gains * (log_sum - s)).sum(-1) / gains.sum(-1)).mean()


def approx_ndcg(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """All differences through a sigmoid, the ideal by a sort."""
    gains = (2.0**y - 1).masked_fill(~mask, 0.0)
    both = mask[..., None, :] & mask[..., None]
    above = ((s[..., None, :] - s[..., None]) / 0.1).sigmoid().masked_fill(~both, 0.0)
    ranks = above.sum(-1) + 0.5
    return 1 - of_gains(gains, gains / (1 + ranks).log2()).mean()


def neural_ndcg(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """NeuralSort, and Sinkhorn scaling of its matrix."""
    gains = (2.0**y - 1).masked_fill(~mask, 0.0)
    both = mask[..., None, :] & mask[..., None]
    apart = (s[..., None] - s[..., None, :]).abs().masked_fill(~both, 0.0).sum(-1)
    steps = mask.sum(-1, keepdim=True) + 1 - 2 * torch.arange(1, s.shape[-1] + 1)
    logits = (steps[..., None] * s[..., None, :] - apart[..., None, :]).masked_fill(~both, -1e30)
    shares = logits.softmax(-1).masked_fill(~both, 0.0)
    # Padding sums to 0, and is divided by 1.
    hole = (~mask).float()
    for _ in range(20):
        shares = shares / (shares.sum(-2) + hole)[..., None, :]
        shares = shares / (shares.sum(-1) + hole)[..., None]
    expected = (shares * gains[..., None, :]).sum(-1)
    discount = 1 / (1 + torch.arange(1.0, s.shape[-1] + 1)).log2()
    return 1 - of_gains(gains, expected * discount).mean()


def of_gains(gains: Tensor, terms: Tensor) -> Tensor:
    """NDCG of lists by their gains and the terms of their DCG."""
    ordered = gains.sort(-1, descending=True).values
    ideal = (ordered / (1 + torch.arange(1.0, gains.shape[-1] + 1)).log2()).sum(-1)
    return terms.sum(-1) / (ideal + EPS)


PLAIN: dict[str, Callable[..., Tensor]] = {
    function.__name__: function
    for function in (
        sigmoid_cross_entropy,
        focal,
        hinge,
        squared_error,
        grade_cross_entropy,
        ordinal,
        softmax_cross_entropy,
        list_net,
        poly1_softmax,
        xe_ndcg,
        calibrated_softmax,
        jrc,
        list_mle,
        p_list_mle,
        unique_softmax,
        approx_ndcg,
        neural_ndcg,
    )
}
