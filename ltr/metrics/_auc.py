"""Area under the ROC curve, within lists.

It is the share of pairs of a relevant and another document that the scores order right, tied pairs
counted half (Hanley and McNeil, Radiology 143(1), 1982). Group AUC weighs the lists by their
documents (Zhu et al., KDD 2017, section 5: "GAUC").
"""

from torch import Tensor

from ltr.lists import arrange
from ltr.metrics._ordered_pairs import ordered_pairs
from ltr.metrics._ranked import check_labels, has_nan
from ltr.metrics._reduce import Blank, Reduction, check_not_negative, finish


def auc(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    relevant_from: float = 1,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """AUC of each list, 0 to 1: how often a relevant document is scored above another one.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``; a pair weighs the product of its two, as scikit-learn's
            ``sample_weight`` does.
        list_weights: Float ``[lists]``, not negative, for the mean.
        relevant_from: The lowest label of a relevant document.
        blank: What a list of relevant documents only, or without one, counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> import torch
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.5]), torch.tensor([1, 0, 0])
        >>> auc(scores, labels)
        tensor(0.5000, dtype=torch.float64)
    """
    check_labels(labels)
    docs = arrange(scores.detach().double(), labels.detach(), weights, lengths=lengths, mask=mask)
    check_not_negative("weights", docs.weights)
    pairs = ordered_pairs(docs, (docs.labels >= relevant_from).double())
    return finish(
        (pairs.right / pairs.all).clamp(max=1.0)[..., None],
        is_blank=pairs.all == 0,
        unrankable=has_nan(docs),
        k=None,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def group_auc(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    relevant_from: float = 1,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """GAUC, 0 to 1: the mean of the lists' AUC, each list weighed by its number of documents.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: As of ``auc``; the lists are weighed by number all the same.
        relevant_from: The lowest label of a relevant document.
        blank: What a list of relevant documents only, or without one, counts as in the mean.
        reduction: "mean", or "none" for the values of ``auc``.

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> import torch
        >>> scores, labels = torch.tensor([2.0, 1.0, 1.0, 2.0, 3.0]), torch.tensor([1, 0, 1, 0, 0])
        >>> group_auc(scores, labels, lengths=torch.tensor([2, 3]))
        tensor(0.4000, dtype=torch.float64)
    """
    docs = arrange(scores.detach().double(), labels.detach(), lengths=lengths, mask=mask)
    return auc(
        scores,
        labels,
        lengths=lengths,
        mask=mask,
        weights=weights,
        list_weights=docs.lists.counts(),
        relevant_from=relevant_from,
        blank=blank,
        reduction=reduction,
    )
