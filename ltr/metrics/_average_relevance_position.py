"""Average relevance position, the metric of TF-Ranking (Pasumarthi et al., KDD 2019)."""

from torch import Tensor

from ltr.metrics._gains import check_grades
from ltr.metrics._ranked import Ties, rank_documents
from ltr.metrics._reduce import Blank, Reduction, finish


def average_relevance_position(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """ARP: mean rank, 1 = best, of a list's documents weighted by grade; lower is better.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. the inverse propensity of each document.
        list_weights: Float ``[lists]``, not negative, for the mean.
        ties: "averaged" over random orders, or "input_order", "document_id", "worst".
        ids: Int, shape of ``scores``, for "document_id": the higher id comes first.
        blank: What a list whose grades are all 0 counts as in the mean. Only "skip" is a rank.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> import torch
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([1, 1, 0])
        >>> average_relevance_position(scores, labels)
        tensor(2.5000, dtype=torch.float64)
    """
    ranked = rank_documents(
        scores,
        labels,
        deepest=None,
        lengths=lengths,
        mask=mask,
        weights=weights,
        ties=ties,
        ids=ids,
    )
    check_grades(ranked.docs.labels)
    relevance = ranked.docs.weigh(ranked.docs.labels)
    total = ranked.docs.lists.sum(relevance)
    rank = (ranked.first + ranked.last).double() / 2
    return finish(
        (ranked.lists.sum(ranked.take(relevance) * rank) / total)[..., None],
        is_blank=total == 0,
        unrankable=ranked.unrankable,
        k=None,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )
