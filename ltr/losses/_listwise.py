"""What the listwise losses share: which lists compare documents, gains, and the cross entropy."""

import torch
from torch import Tensor

from ltr.lists import Documents, reduce


def compares(docs: Documents) -> Tensor:
    """True where two documents of a list differ in grade: Bool ``[lists]``.

    Any order of the others is right, so a listwise loss leaves them out.
    """
    return docs.lists.span(docs.labels) > 0


def exponential_gains(docs: Documents, less: Tensor | float = 1.0) -> Tensor:
    """2^y - less, divided by 2 to the list's largest grade: at most 1, at any grade.

    2^y overflows from grade 128, and what is computed with it long before; a loss that divides by
    a sum of gains does not see the factor.
    """
    top = docs.lists.max(docs.labels)
    # In padding the grade may be above the largest, and then overflow.
    shifted = (docs.labels - docs.lists.spread(top)).clamp(max=0).exp2()
    return docs.lists.blank(shifted - docs.lists.spread((-top).exp2()) * less)


def cross_entropy(
    docs: Documents,
    gains: Tensor,
    reduction: str,
    dtype: torch.dtype,
    *,
    epsilon: float = 0.0,
) -> Tensor:
    """Cross entropy of each list's scores against its gains, which need not sum to 1, reduced.

    sum_i w_i t_i (-log p_i + epsilon (1 - p_i)), p = softmax(s), t_i = gain_i / sum_j gain_j. The
    weights come after the targets, so that inverse propensities do not cancel.
    """
    lists = docs.lists
    total = lists.sum(gains)
    counted = compares(docs) & (total > 0)
    shares = docs.weigh(gains) * lists.spread(counted / total.where(counted, 1.0))
    log_p = lists.log_softmax(docs.scores)
    cost = log_p if epsilon == 0 else log_p - epsilon * (1 - log_p.exp())
    return reduce(-lists.inner(cost, shares), counted, reduction, dtype)
