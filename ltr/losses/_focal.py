"""Binary cross entropy that turns down the documents which are already right.

Lin et al., "Focal loss for dense object detection", ICCV 2017, eq. 4 and 5.
"""

from torch import Tensor
from torch.nn.functional import logsigmoid

from ltr.lists import Reduction, arrange
from ltr.losses._pointwise import mean_of_documents, relevant_sign


def focal(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    gamma: float = 2.0,
    alpha: float | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean focal loss of a list's documents, in nats.

    mean_i w_i a_i (1 - p_i)^gamma (-log p_i), where p_i = sigma(s_i) for a relevant document (grade
    above 0) and 1 - sigma(s_i) for the others; a_i is alpha for a relevant document and 1 - alpha
    for the others, or 1 for all without alpha.

    Relations to other losses: gamma 0 without alpha is ``sigmoid_cross_entropy``; above 0 the
    scores are no longer calibrated.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``, logits.
        labels: Grades, shape of ``scores``; relevant above 0.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a document's value.
        gamma: How much an easy document is turned down; at least 0.
        alpha: Weight of a relevant document, in [0, 1]; None: all weigh 1.
        reduction: "mean" over the lists that have a document, "sum", or "none" for one value per
            list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> focal(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 0]))
    tensor(0.5801)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    sign = relevant_sign(docs)
    z = docs.scores * sign
    log_p = logsigmoid(z)
    # log(1 - p) is log p - z. As a power of 1 - p it would have no gradient where that is 0.
    values = (gamma * (log_p - z)).exp() * -log_p
    if alpha is not None:
        values = values * (0.5 + (alpha - 0.5) * sign)
    return mean_of_documents(docs, values, reduction, scores.dtype)
