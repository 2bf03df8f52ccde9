"""Cross entropy of one positive among sampled negatives.

Guo et al., "MatchZoo: a learning, practicing, and developing system for neural text matching",
SIGIR 2019, its RankCrossEntropyLoss; here by log-softmax, which neither overflows nor loses its
gradient. The correction by ``log_q`` is the s^c of Yi et al., "Sampling-bias-corrected neural
modeling for large corpus item recommendations", RecSys 2019, eq. 4.
"""

from torch import Tensor

from ltr.lists import Reduction, reduce
from ltr.losses._blocks import arrange_blocks


def rank_cross_entropy(
    scores: Tensor,
    labels: Tensor,
    *,
    weights: Tensor | None = None,
    log_q: Tensor | None = None,
    num_neg: int = 1,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of each block's grades under the softmax of its scores, in nats.

    -sum_k y_k log softmax(s)_k per block. The grades are used as they are, so with a positive of
    grade 1 and negatives of grade 0 it is -log of the positive's probability.

    Negatives drawn by popularity push popular documents down for being popular. With ``log_q`` the
    softmax is of s - log_q, and the best scores are again those of a softmax over all documents.

    Relations to other losses: ``softmax_cross_entropy`` takes whole lists; ``rank_hinge`` stops
    pushing at the margin; ``in_batch_softmax`` takes the other documents of the batch as negatives.

    Args:
        scores: Float ``[docs]``, ``[docs, 1]`` or ``[blocks, num_neg + 1]``: blocks of one positive
            followed by ``num_neg`` negatives.
        labels: Grades, shape of ``scores``; the first of each block is its largest.
        weights: Shape of ``scores``; a block's value is multiplied by its positive's weight.
        log_q: Shape of ``scores``; log of the probability that the document is drawn as a negative.
            A constant for a block cancels, so the log of its popularity will do. None: all alike.
        num_neg: Negatives in a block, at least 1.
        reduction: "mean" over the blocks with a weight other than 0, "sum", or "none".

    Returns:
        A scalar, or ``[blocks]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes or types do not fit or a block does not begin with its positive.

    >>> import torch
    >>> scores, labels = torch.tensor([0.2, -0.4, 1.3, 0.8]), torch.tensor([1, 0, 1, 0])
    >>> rank_cross_entropy(scores, labels, reduction="none")
    tensor([0.4375, 0.4741])
    """
    s, y, w = arrange_blocks(scores, labels, weights, num_neg, log_q)
    values = -(y * s.log_softmax(-1)).sum(-1)
    return reduce(values * w, w != 0, reduction, scores.dtype)
