"""Pointwise and listwise losses on padded lists, each against the plain formula in torch.

Start as ``python benchmarks/losses_padded.py``. The plain formulas are what libraries of ranking
losses do: fill the padding, compute, sum, mean. Times are medians of forward and backward together
over turns that alternate with the peer's, so that a busy machine slows both.
"""

import math
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from ltr import losses

LISTS, LIST = 256, 100
GRADES = 5
THREADS = 1
TURNS = 100
EPS = 1e-10


def main() -> None:
    """Print a row for each loss, and the geometric mean."""
    torch.set_num_threads(THREADS)
    batch = padded_batch()
    print(f"padded [{LISTS}, {LIST}], forward + backward, medians, {THREADS} threads")
    print(f"{'loss':<24} {'plain':>10} {'ours':>10} {'ratio':>8}")
    ratios = []
    for name, plain in PLAIN.items():
        peer, ours = interleaved(plain, getattr(losses, name), batch)
        ratios.append(ours / peer)
        print(f"{name:<24} {peer * 1e3:>7.2f} ms {ours * 1e3:>7.2f} ms {ratios[-1]:>6.2f} x")
    print(f"{'geometric mean':<46} {statistics.geometric_mean(ratios):>6.2f} x")
    print(f"{'largest':<46} {max(ratios):>6.2f} x")


def padded_batch() -> tuple[Tensor, Tensor, Tensor]:
    """Scores, grades and mask of lists with 50 to 100 documents."""
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(LISTS, LIST, generator=generator)
    labels = torch.randint(0, GRADES, (LISTS, LIST), generator=generator)
    lengths = torch.randint(LIST // 2, LIST + 1, (LISTS, 1), generator=generator)
    return scores, labels, torch.arange(LIST) < lengths


def interleaved(
    plain: Callable[..., Tensor],
    ours: Callable[..., Tensor],
    batch: tuple[Tensor, Tensor, Tensor],
) -> tuple[float, float]:
    """Median seconds of each."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(TURNS + 5):
        for loss, taken in zip((plain, ours), seconds, strict=True):
            start = time.perf_counter()
            step(loss, *batch)
            if turn >= 5:
                taken.append(time.perf_counter() - start)
    return statistics.median(seconds[0]), statistics.median(seconds[1])


def step(loss: Callable[..., Tensor], scores: Tensor, labels: Tensor, mask: Tensor) -> None:
    """One forward and backward pass."""
    scores = scores.clone().requires_grad_()
    loss(scores, labels, mask=mask).backward()  # type: ignore[no-untyped-call]


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
    """Exponential gains less noise as shares."""
    s = s.masked_fill(~mask, -1e30)
    gains = (2.0**y - torch.rand_like(s)).masked_fill(~mask, 0.0)
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
    """Shuffle, sort, and plain sums of exponentials from the end."""
    shuffled = torch.randperm(s.shape[-1])
    s, y, mask = s[:, shuffled], y[:, shuffled], mask[:, shuffled]
    y, order = y.float().masked_fill(~mask, float("-inf")).sort(descending=True, dim=-1)
    mask = y.isinf()
    s = s.gather(-1, order).masked_fill(mask, float("-inf"))
    s = s - s.max(-1, keepdim=True).values
    running = s.exp().flip(-1).cumsum(-1).flip(-1)
    return ((running + EPS).log() - s).masked_fill(mask, 0.0).sum(-1).mean()


def p_list_mle(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """ListMLE with a weight per position."""
    y, order = y.float().masked_fill(~mask, float("-inf")).sort(descending=True, dim=-1)
    mask = y.isinf()
    s = s.gather(-1, order).masked_fill(mask, float("-inf"))
    s = s - s.max(-1, keepdim=True).values
    running = s.exp().flip(-1).cumsum(-1).flip(-1)
    weights = 2.0 ** (s.shape[-1] - torch.arange(1.0, s.shape[-1] + 1)) - 1
    cost = ((running + EPS).log() - s).masked_fill(mask, 0.0)
    return (weights / weights.sum() * cost).sum(-1).mean()


def unique_softmax(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """A log-sum-exp over all documents for each document."""
    lower = (y[..., None, :] < y[..., None]) & mask[..., None, :]
    lower = lower | torch.eye(s.shape[-1], dtype=torch.bool)
    log_sum = s[..., None, :].expand(lower.shape).masked_fill(~lower, -1e30).logsumexp(-1)
    return ((2.0**y - 1) * (log_sum - s)).masked_fill(~mask, 0.0).sum(-1).mean()


def approx_ndcg(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """All differences through a sigmoid, the ideal by a sort."""
    gains = (2.0**y - 1).masked_fill(~mask, 0.0)
    both = mask[..., None, :] & mask[..., None]
    above = ((s[..., None, :] - s[..., None]) / 0.1).sigmoid().masked_fill(~both, 0.0)
    ranks = above.sum(-1) + 0.5
    return 1 - of_gains(gains, gains / (1 + ranks).log2()).mean()


def neural_ndcg(s: Tensor, y: Tensor, *, mask: Tensor) -> Tensor:
    """NeuralSort, and Sinkhorn scaling of the matrix until its sums are 1 to 1e-6."""
    gains = (2.0**y - 1).masked_fill(~mask, 0.0)
    both = mask[..., None, :] & mask[..., None]
    apart = (s[..., None] - s[..., None, :]).abs().masked_fill(~both, 0.0).sum(-1)
    steps = mask.sum(-1, keepdim=True) + 1 - 2 * torch.arange(1, s.shape[-1] + 1)
    logits = (steps[..., None] * s[..., None, :] - apart[..., None, :]).masked_fill(~both, -1e30)
    shares = logits.softmax(-1).masked_fill(~both, 0.0)
    for _ in range(50):
        shares = shares / shares.sum(-2, keepdim=True).clamp(min=EPS)
        shares = shares / shares.sum(-1, keepdim=True).clamp(min=EPS)
        if (shares.sum(-2) - mask.float()).abs().max() < 1e-6:
            break
    expected = (shares * gains[..., None, :]).sum(-1)
    discount = 1 / (1 + torch.arange(1.0, s.shape[-1] + 1)).log2()
    return 1 - of_gains(gains, expected * discount).mean()


def of_gains(gains: Tensor, terms: Tensor) -> Tensor:
    """NDCG of lists by their gains and the terms of their DCG."""
    ordered = gains.sort(-1, descending=True).values
    ideal = (ordered / (1 + torch.arange(1.0, gains.shape[-1] + 1)).log2()).sum(-1)
    return terms.sum(-1) / (ideal + math.ulp(1.0))


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


if __name__ == "__main__":
    main()
