"""Squared error of each document by itself.

Cossock and Zhang, "Subset ranking using regression", COLT 2006: regression of the grades, here with
the weights that the caller gives.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._pointwise import mean_of_sums


def squared_error(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean squared error of a list's scores against its grades, in squared grades.

    mean_i w_i (s_i - y_i)^2. Its minimum is the mean grade. In float16 the value is infinite for an
    error beyond 255, because its square is beyond the largest number; the gradient stays right.

    Relations to other losses: ``ordinal`` and ``grade_cross_entropy`` also score by the grade, and
    grow only linearly with the error.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a document's value.
        reduction: "mean" over the lists that have a document, "sum", or "none" for one value per
            list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> squared_error(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 4]))
    tensor(1.7500)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    gap = docs.scores - docs.labels
    return mean_of_sums(docs, docs.lists.inner(docs.weigh(gap), gap), reduction, scores.dtype)
