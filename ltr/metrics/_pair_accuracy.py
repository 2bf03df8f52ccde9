"""Ordered pair accuracy, the metric of TF-Ranking (Pasumarthi et al., KDD 2019)."""

from torch import Tensor

from ltr.lists import arrange
from ltr.metrics._ordered_pairs import ordered_pairs
from ltr.metrics._ranked import check_labels, has_nan
from ltr.metrics._reduce import Blank, Reduction, check_not_negative, finish


def pair_accuracy(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """OPA, 0 to 1: the share of a list's pairs of unequal labels that the scores order right.

    A pair of tied scores counts half: its expectation over random orders. A constant model has 0.5.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades of any sign, shape of ``scores``.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``; a pair weighs the product of its two.
        list_weights: Float ``[lists]``, not negative, for the mean.
        blank: What a list without a pair of unequal labels counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``.

    Example:
        >>> import torch
        >>> scores, labels = torch.tensor([0.4, 0.2, 0.2]), torch.tensor([1, 2, 0])
        >>> print(f"{pair_accuracy(scores, labels):.2f} = (0 + 1 + 1/2) / 3")
        0.50 = (0 + 1 + 1/2) / 3
    """
    check_labels(labels)
    docs = arrange(scores.detach().double(), labels.detach(), weights, lengths=lengths, mask=mask)
    check_not_negative("weights", docs.weights)
    pairs = ordered_pairs(docs, docs.labels)
    return finish(
        (pairs.right / pairs.all).clamp(max=1.0)[..., None],
        is_blank=pairs.all == 0,
        unrankable=has_nan(docs),
        k=None,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )
