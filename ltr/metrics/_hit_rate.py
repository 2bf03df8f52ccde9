"""Hit rate at k, also called success at k."""

import torch
from torch import Tensor

from ltr.metrics._first_relevant import of_first_relevant
from ltr.metrics._ranked import Ties
from ltr.metrics._reduce import Blank, Cutoffs, Reduction


def hit_rate(
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs = None,
    relevant_from: float = 1,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    list_weights: Tensor | None = None,
    ties: Ties = "averaged",
    ids: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """Hit rate (success): 1 if a relevant document is among the first k ranks, else 0.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, not negative, shape of ``scores``.
        k: Ranks that count, from 1; None counts all. Several are computed in one pass.
        relevant_from: The lowest label of a relevant document.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
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
        >>> hit_rate(scores, labels, k=[1, 2])
        tensor([0., 1.], dtype=torch.float64)
    """
    return of_first_relevant(
        torch.ones_like,
        scores,
        labels,
        k=k,
        relevant_from=relevant_from,
        lengths=lengths,
        mask=mask,
        list_weights=list_weights,
        ties=ties,
        ids=ids,
        blank=blank,
        reduction=reduction,
    )
