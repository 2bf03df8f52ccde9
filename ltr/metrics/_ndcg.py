"""Normalised discounted cumulative gain (Järvelin and Kekäläinen, TOIS 20(4), 2002).

``NDCG@k = DCG@k / max DCG@k``. The best order is that of the list's own documents, or of all judged
ones: then a ranking pays for what it did not retrieve.
"""

import torch
from torch import Tensor

from ltr.lists import Documents
from ltr.metrics._dcg import discount_upto, reached_dcg
from ltr.metrics._gains import Gain, best_gains, check_grades
from ltr.metrics._judged import judged
from ltr.metrics._ranked import Ties, rank_documents, ranks_of
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def ndcg(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    gain: Gain = "exp2",
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
    """NDCG, between 0 and 1 = ideal order; tied scores are averaged over their orders.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``. A NaN among them makes the list's value NaN,
            and the mean with it: a list that cannot be ranked is no blank list.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        gain: "exp2" is 2^grade - 1, "linear" the grade, else a table: the gain of grade 0, 1, 2 …
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, multiplies the gains, in the ideal order too: with the inverse
            propensity of each document, clicks weigh what they would have without position bias.
        list_weights: Float ``[lists]``, not negative, for the mean. Their scale does not matter.
        ideal_labels: Grades of all judged documents of the same lists, those that are not scored
            included, for the ideal order; None: the documents that are scored.
        ideal_lengths: As ``lengths``, of ``ideal_labels``.
        ideal_mask: As ``mask``, of ``ideal_labels``.
        ties: "averaged" over random orders, "input_order", "document_id" (the higher of ``ids``
            first) or "worst" (the lower label first).
        ids: Int, shape of ``scores``, for "document_id".
        blank: What a list without a relevant document (no gain above 0) counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", where a blank list is NaN whatever the
        policy; with several ``k`` each has a last dimension ``[k]`` more. No gradient.

    Raises:
        ValueError: If shapes, types or lengths do not fit, ``k`` is below 1, a word has no meaning,
            or a label is negative or outside the table (values are looked at on CPU only).

    Example:
        >>> scores = torch.tensor([0.4, 0.2, 0.5, 0.7])
        >>> labels = torch.tensor([0, 1, 2, 0])
        >>> print(f"{ndcg(scores, labels):.4f}, {ndcg(scores, labels, gain='linear'):.4f}")
        0.6399, 0.6433
        >>> ndcg(torch.zeros(3), torch.tensor([2, 1, 0]), k=[1, 3], gain="linear")
        tensor([0.5000, 0.8100], dtype=torch.float64)
    """
    cutoffs = cutoffs_of(k)
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
    docs, reached = ranked.docs, reached_dcg(ranked, gain, cutoffs)
    if ideal_labels is not None:
        docs = judged(ideal_labels, docs, lengths=ideal_lengths, mask=ideal_mask)
        check_grades(docs.labels, gain)
    ideal = _ideal_dcg(docs, gain, cutoffs)
    return finish(
        (reached / ideal).clamp(max=1.0),
        is_blank=ideal[..., 0] == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def _ideal_dcg(docs: Documents, gain: Gain, cutoffs: list[int | None]) -> Tensor:
    """DCG of the best order, ``[lists, k]``."""
    size = docs.labels.shape[-1]
    ranks = [size if cutoff is None else min(cutoff, size) for cutoff in cutoffs]
    lists, best = best_gains(docs, gain, max(ranks))
    rank = ranks_of(lists, best)
    ideal = []
    for cutoff in cutoffs:
        upto = discount_upto(best.shape[-1], cutoff, best)
        ideal.append(lists.sum(best * (upto[rank] - upto[rank - 1])))
    return torch.stack(ideal, -1)
