"""Hinge of given pairs of scores; the objective of torch's ``MarginRankingLoss``."""

import torch
from torch import Tensor

from ltr.lists import Reduction, reduce


def margin_ranking(
    left: Tensor,
    right: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    margin: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Hinge of each given pair, in units of the scores.

    (margin - (left - right))+ where left should be the higher, (margin - (right - left))+ where
    right should. At the corner its gradient is 0.

    Relations to other losses: ``graded_hinge`` takes all pairs of a list, for less than the time it
    takes to write them out; ``rank_hinge`` takes blocks of a positive and sampled negatives.

    Args:
        left: Float ``[...]``, one score of each pair.
        right: Shape of ``left``, the other score.
        labels: Shape of ``left``; above 0 = left should be higher, below 0 = right; a pair with 0
            has no order and is left out.
        weights: Shape of ``left``; multiplies the pair's value.
        margin: Distance in score at which a pair costs nothing.
        reduction: "mean" over the pairs that have an order, "sum", or "none" for one value each.

    Returns:
        A scalar, or ``[...]`` for "none", in the type of ``left``.

    Raises:
        ValueError: If shapes or types do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> left, right = torch.tensor([0.2, 1.3]), torch.tensor([-0.4, 0.8])
    >>> margin_ranking(left, right, torch.tensor([1, -1]), margin=1.0, reduction="none")
    tensor([0.4000, 1.5000])
    """
    _check(left, right, labels, weights)
    work = torch.float64 if left.dtype == torch.float64 else torch.float32
    order = labels.sign().to(work)
    values = (margin - order * (left.to(work) - right.to(work))).relu() * order.abs()
    if weights is not None:
        values = values * weights.to(work)
    return reduce(values, order != 0, reduction, left.dtype)


def _check(left: Tensor, right: Tensor, labels: Tensor, weights: Tensor | None) -> None:
    for name, tensor in (("left", left), ("right", right)):
        if not tensor.is_floating_point():
            msg = f"{name} must be floating point; got {tensor.dtype}"
            raise ValueError(msg)
    for name, other in (("right", right), ("labels", labels), ("weights", weights)):
        if other is not None and other.shape != left.shape:
            want, got = list(left.shape), list(other.shape)
            msg = f"{name} must have the shape of left, {want}; got {got}"
            raise ValueError(msg)
