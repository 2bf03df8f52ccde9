"""Softmax of each document among those of lower grades.

Zhu and Klabjan, "Listwise learning to rank by exploring unique ratings", WSDM 2020: a draw without
the documents of the same rating, weighed by gains.
"""

from torch import Tensor
from torch.nn.functional import logsigmoid

from ltr.lists import Reduction, arrange, reduce
from ltr.losses._by_grade import by_grade
from ltr.losses._listwise import compares, exponential_gains


def unique_softmax(
    scores: Tensor,
    labels: Tensor,
    *,
    lengths: Tensor | None = None,
    mask: Tensor | None = None,
    weights: Tensor | None = None,
    reduction: Reduction = "mean",
) -> Tensor:
    """Cross entropy of each document against those of lower grades, by its gain; in nats.

    sum_i w_i g_i (-log(e^s_i / (e^s_i + sum_(y_j < y_i) e^s_j))) / sum_i g_i, g_i = 2^y_i - 1.
    Documents of equal grades do not compete: none is pushed below another for its sake. The gains
    are divided by their sum, so that no grade overflows. A list whose grades are all equal is left
    out.

    Relations to other losses: ``softmax_cross_entropy`` lets relevant documents compete for one
    share; ``list_mle`` draws equal grades one after another.


    Args:
        scores: Float ``[docs]`` or ``[..., list]``.
        labels: Grades, at least 0, shape of ``scores``.
        lengths: Int ``[lists]`` for ragged ``[docs]``.
        mask: Bool, shape of ``scores``, True = a real document.
        weights: Shape of ``scores``, e.g. inverse propensities; they multiply a
            document's term.
        reduction: "mean" over the lists whose grades differ, "sum", or "none" for one
            value per list.

    Returns:
        A scalar, or ``[lists]`` for "none", in the type of ``scores``.

    Raises:
        ValueError: If shapes, types or lengths do not fit, or ``reduction`` is another word.

    >>> import torch
    >>> unique_softmax(torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1, 0, 3]))
    tensor(0.2363)
    """
    docs = arrange(scores, labels, weights, lengths=lengths, mask=mask)
    gains = exponential_gains(docs)
    total = docs.lists.sum(gains)
    counted = compares(docs) & (total > 0)
    shares = docs.weigh(gains) * docs.lists.spread(counted / total.where(counted, 1.0))
    ordered = by_grade(docs)
    lists = ordered.lists
    below = lists.take(lists.logcumsumexp(ordered.scores), ordered.lower)
    # Nothing is below the lowest grade: it costs nothing.
    shares = lists.take(shares, ordered.order) * ordered.has_lower
    values = -lists.inner(logsigmoid(ordered.scores - below), shares)
    return reduce(values, counted, reduction, scores.dtype)
