"""Discounted cumulative gain (Järvelin and Kekäläinen, TOIS 20(4), 2002).

``DCG@k = sum over ranks r <= k of gain(grade) / log2(1 + r)``. Its expectation over random orders
of tied scores is closed: documents of a tied group share the mean of the discounts of the ranks
that they occupy (McSherry and Najork, ECIR 2008, section 2.4).
"""

import torch
from torch import Tensor

from ltr.metrics._gains import Gain, check_grades, gains_of
from ltr.metrics._ranked import Ranked, Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def dcg(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    gain: Gain = "exp2",
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """DCG, from 0, in units of gain: what ``ndcg`` divides by its best value.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        gain: "exp2" is 2^grade - 1, "linear" the grade, else a table: the gain of grade 0, 1, 2 …
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, multiplies the gains: with the inverse propensity of each
            document, clicks give an unbiased estimate of DCG.
        list_weights: Float ``[lists]``, not negative, for the mean.
        ties: "averaged" over random orders, or "input_order", "document_id", "worst".
        ids: Int, shape of ``scores``, for "document_id": the higher id comes first.
        blank: What a list without gain counts as in the mean: "skip", "zero" or "one".
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list; with several ``k``
        each has a last dimension ``[k]`` more. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([0, 2, 1])
        >>> dcg(scores, labels, k=[1, 3])
        tensor([1.0000, 2.5000], dtype=torch.float64)
    """
    ranked = rank_documents(
        scores,
        labels,
        deepest=deepest_of(k),
        lengths=lengths,
        mask=mask,
        weights=weights,
        ties=ties,
        ids=ids,
    )
    gains = ranked.docs.weigh(gains_of(ranked.docs.labels, gain))
    return finish(
        reached_dcg(ranked, gain, cutoffs_of(k)),
        is_blank=ranked.docs.lists.sum(gains) == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def reached_dcg(ranked: Ranked, gain: Gain, cutoffs: list[int | None]) -> Tensor:
    """DCG of the scores' order, ``[lists, k]``."""
    check_grades(ranked.docs.labels, gain)
    gains = gains_of(ranked.take(ranked.docs.labels), gain)
    if ranked.docs.weights is not None:
        gains = gains * ranked.take(ranked.docs.weights)
    reached = []
    for cutoff in cutoffs:
        upto = discount_upto(gains.shape[-1], cutoff, gains)
        reached.append(ranked.lists.sum(gains * ranked.mean_over_ranks(upto)))
    return torch.stack(reached, -1)


def discount_upto(size: int, cutoff: int | None, like: Tensor) -> Tensor:
    """Sum of the discounts of the first 0, 1, … ``size`` ranks: Float64 ``[size + 1]``."""
    ranks = torch.arange(size + 1, dtype=like.dtype, device=like.device)
    discount = torch.where(ranks > 0, 1 / torch.log2(1 + ranks), 0.0)
    if cutoff is not None:
        discount[cutoff + 1 :] = 0
    return discount.cumsum(0)
