"""Metrics that look at the first relevant document alone, and where it stands under ties.

Only the best tied group that has one matters. Of its m documents r are relevant; in a random order
the first of these is in slot t with probability C(m - t, r - 1) / C(m, r).
"""

from collections.abc import Callable

import torch
from torch import Tensor

from ltr.metrics._ranked import Ranked, Ties, rank_documents
from ltr.metrics._reduce import Blank, Cutoffs, Reduction, cutoffs_of, deepest_of, finish


def of_first_relevant(
    worth: Callable[[Tensor], Tensor],
    scores: Tensor,
    labels: Tensor,
    *,
    k: Cutoffs,
    relevant_from: float,
    lengths: Tensor | None,
    mask: Tensor | None,
    list_weights: Tensor | None,
    ties: Ties,
    ids: Tensor | None,
    blank: Blank,
    reduction: Reduction,
) -> Tensor:
    """Expected worth of the rank of the first relevant document, 0 where it is beyond k.

    ``worth`` gives what each rank (float64) is worth, from 0 to 1; all else is as in the metrics.
    """
    ranked = rank_documents(
        scores,
        labels,
        deepest=deepest_of(k),
        lengths=lengths,
        mask=mask,
        weights=None,
        ties=ties,
        ids=ids,
    )
    relevant = ranked.docs.lists.keep((ranked.docs.labels >= relevant_from).double())
    found = probability_of_first(ranked, relevant) * worth(ranked.rank.double())
    within = [
        found if cutoff is None else torch.where(ranked.rank <= cutoff, found, 0.0)
        for cutoff in cutoffs_of(k)
    ]
    return finish(
        torch.stack([ranked.lists.sum(part) for part in within], -1).clamp(max=1.0),
        is_blank=ranked.docs.lists.sum(relevant) == 0,
        unrankable=ranked.unrankable,
        k=k,
        list_weights=list_weights,
        blank=blank,
        reduction=reduction,
    )


def probability_of_first(ranked: Ranked, relevant: Tensor) -> Tensor:
    """Probability that the first relevant document is at each rank, shape of ``ranked.rank``.

    Args:
        ranked: The documents in order.
        relevant: 1.0 or 0.0 for each of ``ranked.docs``.
    """
    lists, is_relevant = ranked.lists, ranked.take(relevant) > 0
    beyond = ranked.rank.shape[-1] + 1
    # The largest of the negated ranks; a list without one gives a rank that no document has.
    nearest = lists.max(torch.where(is_relevant, -ranked.first, -beyond).double())
    in_group = lists.spread(nearest) == -ranked.first
    if ranked.is_untied:
        return lists.keep((is_relevant & in_group).double())
    # Divided by the group, each of its documents counts for its share of the relevant ones.
    num_relevant = lists.spread(lists.sum((is_relevant & in_group).double()))
    m, t = ranked.tied.double(), (ranked.rank - ranked.first + 1).double()
    possible = in_group & (t <= m - num_relevant + 1)
    r = torch.where(possible, num_relevant, 1.0)
    t = torch.where(possible, t, 1.0)
    log = _log_choose(m - t, r - 1) - _log_choose(m, r)
    return lists.keep(torch.where(possible, log.exp(), 0.0))


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    return torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
