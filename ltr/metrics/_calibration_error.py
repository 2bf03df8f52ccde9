"""Expected calibration error (Naeini et al., AAAI 2015; Guo et al., ICML 2017)."""

import torch
from torch import Tensor

from ltr.lists import Documents, arrange
from ltr.metrics._ranked import check_labels, has_nan
from ltr.metrics._reduce import Blank, Reduction, check_not_negative, finish
from ltr.metrics._rows import waits_for_nothing


def calibration_error(
    scores: Tensor,
    labels: Tensor,
    *,
    bins: int = 15,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    list_weights: Tensor | None = None,
    relevant_from: float = 1,
    blank: Blank = "skip",
    reduction: Reduction = "mean",
) -> Tensor:
    """ECE, 0 to 1, lower is better: how far predicted and observed relevance are apart.

    The documents are put into bins of equal width by their score; a bin's distance between mean
    score and share of relevant documents counts by its share of the documents. A short list has
    few documents in a bin, so that most of its error is chance: give a whole log as one list, or
    lists as long as a slice of it.

    Args:
        scores: Probabilities, 0 to 1, ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        bins: Number of bins between 0 and 1.
        lengths: Int ``[lists]``, documents in each list; the lists lie one after another.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, not negative: a document counts as that many.
        list_weights: Float ``[lists]``, not negative, for the mean.
        relevant_from: The lowest label of a relevant document.
        blank: What a list without documents, or of weight 0, counts as in the mean.
        reduction: "mean" or "none".

    Returns:
        Float64 scalar for "mean", ``[lists]`` for "none", NaN for a blank list. No gradient.

    Raises:
        ValueError: If an argument does not fit, see ``ndcg``, or a score is no probability (values
            are looked at on CPU only).

    Example:
        >>> scores, labels = torch.tensor([0.9, 0.9, 0.1]), torch.tensor([1, 0, 0])
        >>> print(f"{calibration_error(scores, labels):.2f} = 2/3 * (0.9 - 0.5) + 1/3 * 0.1")
        0.30 = 2/3 * (0.9 - 0.5) + 1/3 * 0.1
    """
    docs = _documents(scores, labels, weights, lengths, mask)
    sums = _sums(docs, bins, relevant_from)
    gaps, total = sums[..., :-1].abs().sum(-1), sums[..., -1]
    return finish(
        (gaps / total).clamp(max=1.0)[..., None],
        is_blank=total == 0,
        unrankable=has_nan(docs),
        k=None,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def calibration_sums(
    scores: Tensor,
    labels: Tensor,
    *,
    bins: int = 15,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    relevant_from: float = 1,
) -> Tensor:
    """What the calibration error of many lists together is made of: sums that can be added up.

    The error of a whole log is no mean of the errors of its lists. It is the sum of the absolute
    values of the first ``bins`` columns over the last one, once all lists have been added.

    Args:
        scores: As of :func:`calibration_error`, and so are all others.
        labels: Grades, shape of ``scores``.
        bins: Number of bins between 0 and 1.
        lengths: Int ``[lists]``.
        mask: Bool, shape of ``scores``.
        weights: Shape of ``scores``.
        relevant_from: The lowest label of a relevant document.

    Returns:
        Float64 ``[lists, bins + 1]``: score minus relevance, summed over the documents of each bin,
        then the number (or weight) of the documents.

    Raises:
        ValueError: As :func:`calibration_error`.

    Example:
        >>> scores, labels = torch.tensor([0.9, 0.9, 0.1]), torch.tensor([1, 0, 0])
        >>> sums = calibration_sums(scores, labels, bins=2, lengths=torch.tensor([1, 2])).sum(0)
        >>> print(f"{sums[:-1].abs().sum() / sums[-1]:.2f}")
        0.30
    """
    docs = _documents(scores, labels, weights, lengths, mask)
    return _sums(docs, bins, relevant_from)


def _documents(
    scores: Tensor,
    labels: Tensor,
    weights: Tensor | None,
    lengths: Tensor | None,
    mask: Tensor | None,
) -> Documents:
    check_labels(labels)
    docs = arrange(scores.detach().double(), labels.detach(), weights, lengths=lengths, mask=mask)
    check_not_negative("weights", docs.weights)
    _check_probabilities(docs.scores)
    return docs


def _sums(docs: Documents, bins: int, relevant_from: float) -> Tensor:
    if bins < 1:
        msg = f"bins must be at least 1; got {bins}"
        raise ValueError(msg)
    relevant = (docs.labels >= relevant_from).double()
    weight = docs.weigh(docs.lists.keep(torch.ones_like(relevant)))
    total = docs.lists.sum(weight)
    gaps = _bin_sums(docs, weight * (docs.scores - relevant), bins)
    return torch.cat([gaps.view(*total.shape, bins), total[..., None]], -1)


def _bin_sums(docs: Documents, x: Tensor, bins: int) -> Tensor:
    """Sum of ``x`` over each bin of each list: ``[lists, bins]``."""
    lists = docs.lists.shape.numel()
    of_bin = (docs.scores.nan_to_num() * bins).long().clamp(0, bins - 1)
    slot = (docs.lists.ids() * bins + of_bin).flatten()
    # Padding has the number after the last list.
    sums = x.new_zeros((lists + 1) * bins).index_add_(0, slot, x.flatten())
    return sums.view(-1, bins)[:lists]


def _check_probabilities(scores: Tensor) -> None:
    if not waits_for_nothing(scores):
        return
    outside = scores[(scores < 0) | (scores > 1)]
    if outside.numel():
        msg = f"scores must be probabilities from 0 to 1; got {float(outside[0]):g}"
        raise ValueError(msg)
