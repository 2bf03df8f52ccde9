"""Softmax cross entropy with an anchor that fixes the scale of the scores.

Yan et al., "Scale calibration of deep ranking models", KDD 2022: the calibrated softmax loss, an
anchor document of score 0 in every list.
"""

from torch import Tensor
from torch.nn.functional import softplus

from ltr.lists import Reduction, arrange, reduce


def calibrated_softmax(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    anchor: float = 1.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of a list's scores against its grades, with an anchor of score 0, in nats.

    -sum_i w_i y_i log(e^s_i / (1 + S)) - y_0 log(1 / (1 + S)), S = sum_j e^s_j. Adding a constant
    to all scores no longer leaves the loss the same: at its minimum e^s_i = E[y_i] / y_0. The
    targets are not normalised, because only so does this hold for the expected grade. Every
    document is compared with the anchor, so a list whose grades are all equal has a value too: one
    without a click pushes its scores down. The anchor keeps its weight of 1 whatever the documents'
    weights: so E[w_i y_i] takes the place of E[y_i].

    Relations to other losses: ``softmax_cross_entropy`` without an anchor ranks as well and says
    nothing about a score's size. ``sigmoid_cross_entropy`` is calibrated and does not rank; ``jrc``
    is a sum of the two.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        anchor: Grade of the anchor, y_0; above 0.
        reduction: "mean" over the lists that have a document, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> calibrated_softmax(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(5.2117)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    lists = docs.lists
    targets = docs.weigh(docs.labels)
    counted = lists.counts() > 0
    log_sum = softplus(lists.logsumexp(docs.scores))
    values = (lists.sum(targets) + anchor) * log_sum - lists.inner(docs.scores, targets)
    return reduce(values * counted, counted, reduction, scores.dtype)
