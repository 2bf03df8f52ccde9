"""Cross entropy with the grades as classes; a document's score is its expected grade.

Li, Burges and Wu, "McRank: learning to rank using multiple classification and gradient boosting",
NIPS 2007: the likelihood of its classes, and its expected relevance as the score.
"""

import torch
from torch import Tensor

from ltr.lists import Reduction
from ltr.losses._grades import arrange_grades, per_class
from ltr.losses._pointwise import mean_of_documents


def grade_cross_entropy(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    grades: int = 5,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean cross entropy of a list's grades as classes, in nats.

    mean_i w_i (-log softmax(z_i)_(y_i)), z_i a logit for each grade 0 … grades - 1. A model with
    that many outputs gives the logits themselves, ``[..., list, grades]``, and ranks by their
    :func:`ltr.losses.expected_grade`. A model with one output gives s_i, which stands for the
    logits z_ik = s_i k - k^2 / 2, a normal density around s_i at each grade: then s_i is close
    to the expected grade, and free to go on beyond the lowest and the highest.

    Relations to other losses: ``ordinal`` knows that grade 3 is above grade 2, which logits for
    each grade must learn. ``squared_error`` has the same optimum for one output, but a badly wrong
    score outweighs all others.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``, or either with a last dimension of ``grades``.
        labels: Whole grades below ``grades``: ``[docs]`` or ``[..., list]``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``labels``, True = a real document.
        weights: Shape of ``labels``, e.g. inverse propensities; they multiply a document's value.
        grades: Number of grades, at least 2.
        reduction: "mean" over the lists that have a document, "sum", or "none" for one value per
            list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, (on CPU) a label is no grade, or
            ``reduction`` is another word.

    >>> import torch
    >>> grade_cross_entropy(torch.tensor([0.5, 3.0]), torch.tensor([0, 4]), reduction="none")
    tensor([1.1211])
    """
    docs, logits = arrange_grades(
        scores, labels, weights, grades, grades, lengths=lengths, mask=mask
    )
    if logits is None:
        grade = torch.arange(grades, dtype=docs.scores.dtype, device=scores.device)
        grade = per_class(grade, docs.scores)
        logits = docs.scores * grade - grade.square() / 2
    of_label = logits.gather(0, docs.labels.long()[None]).squeeze(0)
    return mean_of_documents(docs, logits.logsumexp(0) - of_label, reduction, scores.dtype)
