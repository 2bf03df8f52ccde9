"""Likelihood of the order of the grades, drawing documents one by one by their scores.

Where grades are equal, no order is right. With a generator, one is drawn. Without, documents of one
grade are drawn together as Efron does for deaths on one day ("The efficiency of Cox's likelihood
function for censored data", JASA 1977): of m tied documents, at the k-th draw each is still there
with the share 1 - (k - 1)/m. That is the mean over all their orders where their scores are equal,
otherwise a bound on it, and depends on no order.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ltr.lists import Documents, Lists, reduce
from ltr.losses._by_grade import ByGrade, by_grade
from ltr.losses._drawn_from import log_drawn_from
from ltr.losses._listwise import compares


def order_cost(
    docs: Documents,
    generator: torch.Generator | None,
    reduction: str,
    dtype: torch.dtype,
    position_weights: Callable[[Lists, Tensor], Tensor] | None = None,
) -> Tensor:
    """Sum of -log of the draws' probabilities, each times its document's weight, reduced.

    Args:
        docs: Documents.
        generator: Orders equal grades; None: they share their draws.
        reduction: "mean" over the lists whose grades differ, "sum" or "none".
        dtype: Of the result.
        position_weights: Gives a weight to each draw, for lists laid out from the last draw to the
            first; the tensor is one to be like. None: all weigh 1.
    """
    if generator is None:
        tied = by_grade(docs)
        lists, cost = tied.lists, _shared_draws(docs, tied, position_weights)
    else:
        lists = docs.lists.packed
        cost = _ordered_draws(docs, lists, generator)
        cost = cost if position_weights is None else cost * position_weights(lists, cost)
    counted = compares(docs)
    return reduce(lists.sum(cost) * counted, counted, reduction, dtype)


def _shared_draws(
    docs: Documents, tied: ByGrade, position_weights: Callable[[Lists, Tensor], Tensor] | None
) -> Tensor:
    last = tied.last()
    drawn_from = log_drawn_from(tied, last)
    if position_weights is None and docs.weights is None:
        return drawn_from - tied.scores
    # Each of the tied documents is as likely in each of their positions.
    of_draw: Tensor | float = 1.0
    of_document: Tensor | float = 1.0
    if docs.weights is not None:
        of_document = tied.lists.take(docs.weights, tied.order)
        of_draw = tied.mean(of_document, last)
    if position_weights is not None:
        positions = position_weights(tied.lists, tied.scores)
        of_draw = positions * of_draw
        of_document = tied.mean(positions, last) * of_document
    return of_draw * drawn_from - of_document * tied.scores


def _ordered_draws(docs: Documents, lists: Lists, generator: torch.Generator) -> Tensor:
    order = _random_order(docs.lists, docs.labels, generator)
    top = docs.lists.spread(docs.lists.max(docs.scores.detach()))
    scores = lists.take(docs.scores - top, order)
    cost = lists.logcumsumexp(scores) - scores
    return cost if docs.weights is None else cost * lists.take(docs.weights, order)


def _random_order(lists: Lists, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Order from the lowest grade to the highest, equal grades at random."""
    drawn = torch.rand(labels.shape, generator=generator, device=generator.device)
    shuffled = lists.argsort(drawn.to(labels.device))
    by_label = lists.packed.argsort(lists.take(labels, shuffled), descending=False)
    return lists.packed.take(shuffled, by_label)
