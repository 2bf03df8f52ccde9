"""Bayesian personalised ranking: each relevant document before each that is not.

Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009, section 4.1,
without the norm of the parameters, which is the optimizer's.
"""

from dataclasses import replace

from torch import Tensor

from ltr.lists import Reduction, arrange, reduce
from ltr.losses._pairs import PairWeight, is_pair, logistic, pairwise


def bpr(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    pair_weight: PairWeight | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean of -log sigmoid(s_i - s_j) over a list's relevant documents i and others j, in nats.

    sum_ij w_i log(1 + exp(-(s_i - s_j))) / number of pairs, over the pairs with y_i > 0 >= y_j.
    Time and memory are those of ``ranknet``. Differentiable once, in the scores.

    Relations to other losses: ``ranknet`` also compares relevant documents of unlike grades, and is
    the same for grades 0 and 1; ``rank_cross_entropy`` with one negative samples the pairs.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Shape of ``scores``; above 0 = relevant (clicked, bought), else not.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; a pair has its relevant document's.
        pair_weight: Another factor of each pair, e.g. ``LambdaWeight("ndcg2", k=10)``.
        reduction: "mean" over the lists that have a pair, "sum", or "none" for one value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> bpr(torch.tensor([0.2, -0.4, 1.3]), torch.tensor([1, 0, 3]))
    tensor(0.3026)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    docs = replace(docs, labels=(docs.labels > 0).to(docs.scores.dtype))
    pairs = pairwise(docs, logistic, is_pair, pair_weight)
    return reduce(pairs.mean(), pairs.counted, reduction, scores.dtype)
