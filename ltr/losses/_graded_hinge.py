"""Hinge over all pairs of a list, each weighed by the difference of its grades.

Joachims, "Optimizing search engines using clickthrough data", KDD 2002, the pairs of its eq. 11;
the hinge is its slack variable.
"""

from torch import Tensor, relu_

from ltr.lists import Documents, Reduction, arrange, reduce
from ltr.losses._graded_pairs import graded_pairs
from ltr.losses._pairs import PairSums, PairWeight, hinge_below, pairwise


def graded_hinge(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    margin: float = 1.0,
    pair_weight: PairWeight | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean hinge of a list's pairs, weighed by their difference in grade; in units of the scores.

    sum_ij w_i (y_i - y_j)+ (s_j - s_i + margin)+ / sum_ij (y_i - y_j)+, over the ordered pairs of a
    list, w_i the weight of the higher-graded document. The weights stand above the line only: in a
    list with one click, its inverse propensity would cancel. At the corner, where a pair is apart
    by exactly the margin, its gradient is 0.

    Takes O(n log n) time and O(n) memory for a list of n documents, for a pass per bit of the
    grades' range (of their number, where they are not small whole numbers). With a ``pair_weight``
    it compares the pairs one by one, as ``ranknet``. Differentiable in the scores only.

    Relations to other losses: ``ranknet`` is its smooth form and never stops pushing a pair apart;
    ``rank_hinge`` samples the pairs; ``lambda_loss`` weighs them by what a swap does to NDCG.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities. A list counts whatever they are.
        margin: Distance in score at which a pair costs nothing; may be 0 or negative.
        pair_weight: Another factor of each pair above the line, e.g. ``LambdaWeight("ndcg2")``.
        reduction: "mean" over the lists that have a pair, "sum", or "none" for one value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> scores, labels = torch.tensor([0.2, -0.4, 1.3, 0.8, 0.0, -1.1]), [1, 0, 3, 2, 0, 1]
    >>> graded_hinge(scores, torch.tensor(labels), margin=1.0)
    tensor(0.3000)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    if pair_weight is None:
        pairs = _sorted_pairs(docs, margin)
    else:
        pairs = pairwise(docs, hinge_below(margin), relu_, pair_weight)
    return reduce(pairs.mean(), pairs.counted, reduction, scores.dtype)


def _sorted_pairs(docs: Documents, margin: float) -> PairSums:
    lists = docs.lists
    hinge, weight, _ = graded_pairs(
        docs.scores.flatten(),
        docs.labels.flatten(),
        None if docs.weights is None else docs.weights.flatten(),
        lists.ids().flatten(),
        lists.shape.numel(),
        margin,
    )
    return PairSums(hinge.view(lists.shape), weight.view(lists.shape))
