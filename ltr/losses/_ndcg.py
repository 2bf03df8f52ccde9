"""What the losses that follow NDCG share: its discount, its ideal, and the loss from a DCG."""

import torch
from torch import Tensor

from ltr.lists import Documents, Lists, reduce
from ltr.losses._by_grade import by_grade
from ltr.losses._listwise import compares


def discount(position: Tensor) -> Tensor:
    """1 / log2(1 + position), positions from 1 and not necessarily whole."""
    return position.log1p().reciprocal().mul(0.6931471805599453)


def positions(lists: Lists, like: Tensor) -> Tensor:
    """1, 2, … over each list: Float ``[documents]``; 1 in padding before the first."""
    return lists.cumsum(torch.ones_like(like)).clamp(min=1)


def one_minus_ndcg(
    docs: Documents, gains: Tensor, dcg: Tensor, reduction: str, dtype: torch.dtype
) -> Tensor:
    """What a list's DCG lacks of the ideal one, as a share of it, reduced.

    sum_i w_i g_i (d*_i - d_i) / sum_i g_i d*_i, d* the discount of a document in the ideal order,
    the mean over its ties; 1 - NDCG where all weigh 1.

    Args:
        docs: Documents.
        gains: Gain of each, without its weight.
        dcg: sum_i w_i g_i d_i of each list ``[lists]``.
        reduction: "mean" over the lists whose grades differ, "sum" or "none".
        dtype: Of the result.
    """
    ideal, best = _ideal(docs, gains)
    counted = compares(docs) & (ideal > 0)
    values = (best - dcg) / ideal.where(counted, 1.0)
    return reduce(values.where(counted, 0.0), counted, reduction, dtype)


def _ideal(docs: Documents, gains: Tensor) -> tuple[Tensor, Tensor]:
    """DCG of the ideal order, and the same with the documents' weights: ``[lists]`` each."""
    lists = docs.lists
    if docs.weights is None:
        ordered = lists.packed.take(gains, lists.argsort(gains))
        ideal = lists.packed.sum(ordered * discount(positions(lists.packed, gains)))
        return ideal, ideal
    tied = by_grade(docs)
    from_top = tied.lists.cumsum(torch.ones_like(gains), reverse=True)
    # Padding has no position: 1 is one that is finite.
    terms = tied.lists.take(gains, tied.order) * tied.mean(
        discount(from_top.clamp(min=1)), tied.last()
    )
    weighed = terms * tied.lists.take(docs.weights, tied.order)
    return tied.lists.sum(terms), tied.lists.sum(weighed)
