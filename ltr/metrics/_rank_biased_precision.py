"""Rank-biased precision (Moffat and Zobel, TOIS 27(1), 2008).

Under ties its expectation is closed: documents of a tied group share the mean of their ranks'
discounts.
"""

import torch
from torch import Tensor

from ltr.metrics._ranked import Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def rank_biased_precision(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    persistence: float = 0.8,
    relevant_from: float = 1,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """RBP, 0 to 1: the share of what a reader looks at that is relevant.

    The reader goes from each rank to the next with probability ``persistence``. It is not divided
    by its best value, which a short list or few relevant documents keep below 1.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        persistence: Between 0 and 1, both excluded: 0.5 an impatient reader, 0.95 a patient one.
        relevant_from: The lowest label of a relevant document.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. the inverse propensity of each document.
        list_weights: Float ``[lists]``, not negative, for the mean.
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
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([1, 0, 0])
        >>> print(f"{rank_biased_precision(scores, labels):.2f} = (1 - 0.8) * 0.8")
        0.16 = (1 - 0.8) * 0.8
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
    _check_persistence(persistence)
    docs = ranked.docs
    relevant = docs.weigh(docs.lists.keep((docs.labels >= relevant_from).double()))
    by_rank, values = ranked.take(relevant), []
    ranks = torch.arange(by_rank.shape[-1] + 1, device=by_rank.device)
    for cutoff in cutoffs_of(k):
        upto = 1 - persistence ** ranks.clamp(max=cutoff or len(ranks)).double()
        values.append(ranked.lists.sum(by_rank * ranked.mean_over_ranks(upto)))
    return finish(
        torch.stack(values, -1),
        is_blank=docs.lists.sum(relevant) == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def _check_persistence(persistence: float) -> None:
    if not 0 < persistence < 1:
        msg = f"persistence must be between 0 and 1; got {persistence}"
        raise ValueError(msg)
