"""Softmax cross entropy with one polynomial term more.

Leng et al., "PolyLoss: a polynomial expansion perspective of classification loss functions", ICLR
2022, eq. 7 (Poly-1), over the documents of a list.
"""

from torch import Tensor

from ltr.lists import Reduction, arrange
from ltr.losses._listwise import cross_entropy


def poly1_softmax(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    epsilon: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of a list's scores against its grades, with its first polynomial term changed.

    sum_i w_i t_i (-log p_i + epsilon (1 - p_i)), p = softmax(s), t_i = y_i / sum_j y_j; in nats.
    Epsilon above 0 turns up the documents that are nearly right, below 0 (to -1) those that are
    far off. A list whose grades are all equal is left out.

    Relations to other losses: epsilon 0 is ``softmax_cross_entropy``.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        epsilon: Weight of 1 - p.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> poly1_softmax(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.9833)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    return cross_entropy(docs, docs.labels, reduction, scores.dtype, epsilon=epsilon)
