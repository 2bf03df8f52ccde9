"""Logistic cost of all pairs of a list.

Burges et al., "Learning to rank using gradient descent", ICML 2005, eq. 3 with a target probability
of 1 for the higher grade.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange, reduce
from ltr.losses._pairs import PairWeight, is_pair, logistic, pairwise


def ranknet(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    pair_weight: PairWeight | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean logistic cost of a list's pairs, in nats.

    sum_ij w_i log(1 + exp(-(s_i - s_j))) / number of pairs, over the pairs with y_i > y_j: minus
    the log of the probability that the higher grade comes first.

    Takes O(n^2) time and O(n) memory for a list of n documents. Ragged lists whose lengths are on
    an accelerator, or in a compiled loss, take the time of one list of all their documents: to read
    the lengths would wait. Differentiable once, in the scores.

    Relations to other losses: ``graded_hinge`` stops pushing a pair that is apart by its margin,
    and takes long lists in O(n log n); ``bpr`` only tells relevant from not; ``lambda_loss`` weighs
    the pairs by what a swap does to NDCG, and so does a ``pair_weight`` here.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; a pair has its higher document's.
        pair_weight: Another factor of each pair, e.g. ``LambdaWeight("lambdarank", k=10)``.
        reduction: "mean" over the lists that have a pair, "sum", or "none" for one value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> scores, labels = torch.tensor([0.2, -0.4, 1.3]), torch.tensor([1, 0, 3])
    >>> ranknet(scores, labels)
    tensor(0.2975)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    pairs = pairwise(docs, logistic, is_pair, pair_weight)
    return reduce(pairs.mean(), pairs.counted, reduction, scores.dtype)
