"""Hinge of one positive against sampled negatives.

Guo et al., "MatchZoo: a learning, practicing, and developing system for neural text matching",
SIGIR 2019, its RankHingeLoss.
"""

from typing import Literal, TypeAlias

from torch import Tensor

from ltr.lists import Reduction, check_choice, reduce
from ltr.losses._blocks import arrange_blocks

Aggregate: TypeAlias = Literal["mean_negative", "hinge"]


def rank_hinge(
    scores: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    num_neg: int = 1,
    margin: float = 1.0,
    aggregate: Aggregate = "mean_negative",
    reduction: Reduction = "mean",
) -> Tensor:
    """Hinge of each block's positive against its negatives, in units of the scores.

    (margin - s_positive + mean(s_negatives))+ per block, or with ``aggregate="hinge"`` the mean of
    (margin - s_positive + s_negative)+: then every negative within the margin is pushed down, even
    where the mean of the negatives is far below.

    Relations to other losses: ``graded_hinge`` takes all pairs of a list instead of sampled ones;
    ``rank_cross_entropy`` is the smooth loss over the same blocks.

    Args:
        scores: Float ``[docs]``, ``[docs, 1]`` or ``[blocks, num_neg + 1]``: blocks of one positive
            followed by ``num_neg`` negatives.
        labels: Grades, shape of ``scores``; the first of each block is its largest.
        weights: Shape of ``scores``; a block's value is multiplied by its positive's weight.
        num_neg: Negatives in a block, at least 1.
        margin: Distance in score at which a block costs nothing.
        aggregate: "mean_negative" for the hinge of the mean negative, "hinge" for the mean of
            hinges.
        reduction: "mean" over the blocks with a weight other than 0, "sum", or "none".

    Returns:
        A scalar, or ``[blocks]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes or types do not fit or a block does not begin with its positive.

    >>> import torch
    >>> scores, labels = torch.tensor([0.2, -0.4, 1.3, 0.8]), torch.tensor([1, 0, 3, 2])
    >>> rank_hinge(scores, labels, reduction="none")
    tensor([0.4000, 0.5000])
    """
    check_choice("aggregate", aggregate, Aggregate)
    s, _, w = arrange_blocks(scores, labels, weights, num_neg)
    gaps = margin - s[:, :1] + s[:, 1:]
    of_mean = aggregate == "mean_negative"
    values = gaps.mean(-1).relu() if of_mean else gaps.relu().mean(-1)
    return reduce(values * w, w != 0, reduction, scores.dtype)
