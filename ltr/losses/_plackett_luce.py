"""Likelihood of the order of the grades, drawing documents one by one by their scores.

Where grades are equal, no order is right. With a generator, one is drawn. Without, documents of one
grade are drawn together as Efron does for deaths on one day ("The efficiency of Cox's likelihood
function for censored data", JASA 1977): of m tied documents, at the k-th draw each is still there
with the share 1 - (k - 1)/m. That is the mean over all their orders where their scores are equal,
otherwise a bound on it, and depends on no order.
"""

import torch
from torch import Tensor

from ltr.lists import Documents, Lists
from ltr.losses._by_grade import by_grade
from ltr.losses._listwise import compares


def order_cost(
    docs: Documents,
    position_weights: Tensor | None,
    generator: torch.Generator | None,
) -> tuple[Tensor, Tensor]:
    """Sum of -log of the draws' probabilities, each times its position's and its document's weight.

    Args:
        docs: Documents.
        position_weights: Weight of each draw, laid out as ``docs.lists.packed`` in the *reverse*
            of the drawing; None: all weigh 1.
        generator: Orders equal grades; None: they share their draws.

    Returns:
        The sums ``[lists]``, 0 for lists that do not count, and whether a list counts.
    """
    counted = compares(docs)
    if generator is None:
        draws = _shared_draws(docs, position_weights)
    else:
        draws = _ordered_draws(docs, position_weights, generator)
    return docs.lists.packed.sum(draws).where(counted, 0.0), counted


def _shared_draws(docs: Documents, positions: Tensor | None) -> Tensor:
    tied = by_grade(docs)
    places = torch.arange(tied.scores.shape[-1], device=tied.scores.device)
    left = (places - tied.first + 1).to(tied.scores) / (tied.last - tied.first + 1)
    running = tied.lists.logcumsumexp(tied.scores)
    # log of (left of the sum up to this grade + the rest of the sum below it).
    whole, below = tied.lists.take(running, tied.last), tied.lists.take(running, tied.lower)
    behind = (below - whole).masked_fill(~tied.has_lower, -1e30).expm1()
    drawn_from = whole + ((1 - left) * behind).log1p()
    if positions is None and docs.weights is None:
        return drawn_from - tied.scores
    # Each of the tied documents is as likely in each of their positions.
    ones = torch.ones_like(tied.scores)
    of_document = ones if docs.weights is None else tied.lists.take(docs.weights, tied.order)
    of_position = ones if positions is None else positions
    return (
        of_position * tied.mean(of_document) * drawn_from
        - of_document * tied.mean(of_position) * tied.scores
    )


def _ordered_draws(docs: Documents, positions: Tensor | None, generator: torch.Generator) -> Tensor:
    order = _random_order(docs.lists, docs.labels, generator)
    lists = docs.lists.packed
    top = docs.lists.spread(docs.lists.max(docs.scores.detach()))
    scores = lists.take(docs.scores - top, order)
    cost = lists.logcumsumexp(scores) - scores
    if docs.weights is not None:
        cost = cost * lists.take(docs.weights, order)
    return cost if positions is None else cost * positions


def _random_order(lists: Lists, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Order from the lowest grade to the highest, equal grades at random."""
    drawn = torch.rand(labels.shape, generator=generator, device=generator.device)
    shuffled = lists.argsort(drawn.to(labels.device))
    by_label = lists.packed.argsort(lists.take(labels, shuffled), descending=False)
    return lists.packed.take(shuffled, by_label)
