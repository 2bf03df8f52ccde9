"""Hinge of each document by itself.

Cortes and Vapnik, "Support-vector networks", Machine Learning 1995: the slack of its soft margin.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._pointwise import mean_of_documents, relevant_sign


def hinge(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    margin: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean hinge of a list's documents, in units of the scores.

    mean_i w_i (margin - y_i s_i)+, where y_i is 1 for a relevant document (grade above 0) and -1
    for the others: labels of -1 and 1, of 0 and 1 and grades all mean what they say. At the corner
    the gradient is 0.

    Relations to other losses: not ``hinge_embedding``, which takes distances. ``graded_hinge``
    compares the documents of a list; this compares each with 0.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, shape of ``scores``; relevant above 0.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a document's value.
        margin: Distance of a score from 0 at which a document costs nothing.
        reduction: "mean" over the lists that have a document, "sum", or "none" for one value per
            list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> hinge(torch.tensor([0.8, -0.5, 2.0]), torch.tensor([-1, 1, -1]))
    tensor(2.1000)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    values = (margin - docs.scores * relevant_sign(docs)).relu()
    return mean_of_documents(docs, values, reduction, scores.dtype)
