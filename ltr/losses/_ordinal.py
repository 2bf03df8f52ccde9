"""Binary cross entropy of reaching each grade.

Pobrotyn et al., "Context-aware learning to rank with self-attention", SIGIR eCom 2020, its
ordinal loss, after Niu et al., "Ordinal regression with multiple output CNN", CVPR 2016.
"""

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ltr.lists import Reduction
from ltr.losses._grades import arrange_grades, per_class
from ltr.losses._pointwise import mean_of_documents


def ordinal(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    grades: int = 5,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean over a list's documents of the binary cross entropies of reaching each grade, in nats.

    mean_i w_i sum_k BCE(z_ik, [y_i >= k]) for the grades k = 1 … grades - 1. A model with that many
    outputs gives the logits z themselves, ``[..., list, grades - 1]``, and ranks by their
    ``expected_grade(z, link="sigmoid")``. A model with one output gives s_i, which stands for
    z_ik = s_i - (k - 1/2), thresholds halfway between the grades: then s_i is close to the expected
    grade, and free to go on beyond the lowest and the highest.

    Relations to other losses: for two grades this is ``sigmoid_cross_entropy`` (with one output, of
    s - 1/2). ``grade_cross_entropy`` takes the grades as classes without an order.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``, or either with a last dimension of
            ``grades - 1``.
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
    >>> ordinal(torch.tensor([0.5, 3.0]), torch.tensor([0, 4]), reduction="none")
    tensor([1.4552])
    """
    docs, logits = arrange_grades(
        scores, labels, weights, grades, grades - 1, lengths=lengths, mask=mask
    )
    grade = torch.arange(1, grades, dtype=docs.scores.dtype, device=scores.device)
    grade = per_class(grade, docs.scores)
    if logits is None:
        logits = docs.scores - (grade - 0.5)
    reached = (docs.labels >= grade).to(logits.dtype)
    values = binary_cross_entropy_with_logits(logits, reached, reduction="none").sum(0)
    return mean_of_documents(docs, values, reduction, scores.dtype)
