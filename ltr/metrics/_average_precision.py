"""Average precision.

Under ties its expectation is closed (McSherry and Najork, ECIR 2008, section 2.3). A slot t of a
tied group of m documents, r of them relevant, holds a relevant one with probability r / m; then 1 +
(t - 1) (r - 1) / (m - 1) of the group's relevant documents are expected up to it.
"""

import torch
from torch import Tensor

from ltr.metrics._judged import relevant_weight
from ltr.metrics._ranked import Ranked, Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def average_precision(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    relevant_from: float = 1,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    list_weights: Tensor | None = None,
    ideal_labels: Tensor | None = None,
    ideal_lengths: Tensor | None = None,
    ideal_mask: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """Average precision, 0 to 1: the mean over relevant documents of the precision at their rank.

    Relevant documents beyond rank ``k``, or not scored, count with a precision of 0. The mean over
    lists is MAP.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        relevant_from: The lowest label of a relevant document.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
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
        >>> print(f"{average_precision(scores, labels):.4f} = (1/1 + 2/3) / 2")
        0.8333 = (1/1 + 2/3) / 2
    """
    ranked = rank_documents(
        scores,
        labels,
        deepest=deepest_of(k),
        lengths=lengths,
        mask=mask,
        weights=None,
        ties=ties,
        ids=ids,
    )
    docs = ranked.docs
    total = relevant_weight(
        docs, relevant_from, ideal_labels, lengths=ideal_lengths, mask=ideal_mask
    )
    relevant = docs.lists.keep((docs.labels >= relevant_from).double())
    found = _precision_at_relevant(ranked, ranked.take(relevant))
    within = [
        found if cutoff is None else torch.where(ranked.rank <= cutoff, found, 0.0)
        for cutoff in cutoffs_of(k)
    ]
    reached = torch.stack([ranked.lists.sum(part) for part in within], -1)
    return finish(
        (reached / total[..., None]).clamp(max=1.0),
        is_blank=total == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def _precision_at_relevant(ranked: Ranked, relevant: Tensor) -> Tensor:
    """Expected precision at each rank where that is relevant, else 0."""
    if ranked.is_untied:
        return relevant * ranked.lists.cumsum(relevant) / ranked.rank
    before, in_group = ranked.before_and_in_group(relevant)
    slot = ranked.rank - ranked.first
    others = slot * (in_group - 1) / (ranked.tied - 1).clamp(min=1)
    return in_group / ranked.tied * (before + 1 + others) / ranked.rank
