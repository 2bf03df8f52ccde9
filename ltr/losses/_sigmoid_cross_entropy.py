"""Binary cross entropy of each document by itself.

Cox, "The regression analysis of binary sequences", JRSS B 1958: the likelihood of logistic
regression.
"""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ltr.lists import Reduction, arrange
from ltr.losses._pointwise import mean_of_documents


def sigmoid_cross_entropy(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean binary cross entropy of a list's documents, in nats.

    mean_i w_i (-t_i log sigma(s_i) - (1 - t_i) log(1 - sigma(s_i))), where the target t_i is the
    grade, clamped to [0, 1]: a click is a 1, a soft label stays itself, and every grade from 1 up
    is relevant.

    Relations to other losses: a pointwise loss knows no list, so its scores are calibrated
    (sigma(s) is the probability of a click) but it spends itself on telling easy queries from hard
    ones; ``jrc`` and ``calibrated_softmax`` rank and calibrate. ``focal`` turns the easy documents
    down; ``ordinal`` keeps the grades.

    Args:
        scores: Float ``[docs]`` or ``[..., list]``, logits.
        labels: Grades or probabilities, shape of ``scores``.
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
    >>> sigmoid_cross_entropy(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 0]))
    tensor(0.9714)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    targets = docs.labels.clamp(0, 1)
    values = binary_cross_entropy_with_logits(docs.scores, targets, reduction="none")
    return mean_of_documents(docs, values, reduction, scores.dtype)
