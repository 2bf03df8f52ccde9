"""Recall at k.

Under ties its expectation is closed: a document is among the first k with the share of its tied
group that is (McSherry and Najork, ECIR 2008, section 2.2).
"""

import torch
from torch import Tensor

from ltr.metrics._judged import relevant_weight
from ltr.metrics._ranked import Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def recall(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    relevant_from: float = 1,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    ideal_labels: Tensor | None = None,
    ideal_lengths: Tensor | None = None,
    ideal_mask: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """Recall: the share of the relevant documents that are among the first k ranks, 0 to 1.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        relevant_from: The lowest label of a relevant document.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. the inverse propensity of each document.
        list_weights: Float ``[lists]``, not negative, for the mean.
        ideal_labels: Labels of all judged documents of the same lists, those that are not scored
            included; None: the documents that are scored.
        ideal_lengths: As ``lengths``, of ``ideal_labels``.
        ideal_mask: As ``mask``, of ``ideal_labels``.
        ties: "averaged" over random orders, or "input_order", "document_id", "worst".
        ids: Int, shape of ``scores``, for "document_id": the higher id comes first.
        blank: What a list without a relevant document counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list; with several ``k``
        each has a last dimension ``[k]`` more. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([0, 2, 1])
        >>> recall(scores, labels, k=[1, 3])
        tensor([0.5000, 1.0000], dtype=torch.float64)
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
    docs = ranked.docs
    relevant = docs.weigh(docs.lists.keep((docs.labels >= relevant_from).double()))
    total = relevant_weight(
        docs, relevant_from, ideal_labels, lengths=ideal_lengths, mask=ideal_mask
    )
    by_rank = ranked.take(relevant)
    found = [ranked.lists.sum(by_rank * ranked.share_within(c)) for c in cutoffs_of(k)]
    return finish(
        (torch.stack(found, -1) / total[..., None]).clamp(max=1.0),
        is_blank=total == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )
