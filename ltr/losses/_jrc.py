"""Cross entropy of each document and of each class over the list, in one loss.

Sheng et al., "Joint optimization of ranking and calibration with contextualized hybrid model", KDD
2023: its calibration loss and its generative ranking loss.
"""

from torch import Tensor
from torch.nn.functional import logsigmoid

from ltr.lists import Reduction, arrange
from ltr.losses._pointwise import mean_of_documents, relevant_sign


def jrc(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    negative_scores: Tensor | None = None,
    alpha: float = 0.5,
    reduction: Reduction = "mean",
) -> Tensor:
    """Mean over a list's documents of a calibrating and a ranking cross entropy, in nats.

    mean_i w_i (alpha (-log p(y_i | i)) + (1 - alpha) (-log p(i | y_i))). A document has two logits,
    a_i for relevant (grade above 0) and b_i for not: p(y | i) is a softmax over its two, so
    sigma(a_i - b_i) is the probability of a click, and p(i | y) is a softmax of the logits of class
    y over the list, so the relevant documents compete in a and the others in b. The ranking term of
    a list that has not both a relevant document and another is exactly 0; the calibrating term,
    which compares nothing, stays.

    Relations to other losses: alpha 1 is ``sigmoid_cross_entropy``, alpha 0 ranks only.
    ``calibrated_softmax`` needs one logit and one softmax.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, relevant above 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's value.
        negative_scores: The logits b, shape of ``scores``, which then are a; rank by a - b. None:
            ``scores`` are a - b, halved between a and -b.
        alpha: Share of the calibrating term, in [0, 1].
        reduction: "mean" over the lists that have a document, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> jrc(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 1]))
    tensor(0.5414)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    lists = docs.lists
    sign = relevant_sign(docs)
    if negative_scores is None:
        logits = docs.scores
        own = lists.log_softmax(logits / 2), lists.log_softmax(-logits / 2)
    else:
        other = arrange(negative_scores, scores, lengths=lengths, mask=mask).scores
        logits = docs.scores - other
        own = lists.log_softmax(docs.scores), lists.log_softmax(other)
    both = (lists.max(sign) + lists.max(-sign) > 0).to(sign.dtype)
    half = lists.spread((alpha - 1) / 2 * both)
    ranking = own[0] * (half * (1 + sign)) + own[1] * (half * (1 - sign))
    values = ranking - alpha * logsigmoid(logits * sign)
    return mean_of_documents(docs, values, reduction, scores.dtype)
