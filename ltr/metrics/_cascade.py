"""A reader who goes down a list until a document satisfies, with ties in it.

In a random order of a tied group of m documents, the reader is still there after t of them with the
mean, over all choices of t of them, of the product of their probabilities to go on. Adding the
documents one by one, n of them so far, keeps these means M_t exact and stable:

    M_t(n + 1) = (n + 1 - t) / (n + 1) M_t(n) + t / (n + 1) q M_{t-1}(n).

Only groups of unequal documents need it: elsewhere the mean is a plain product.
"""

import torch
from torch import Tensor

from ltr.lists import Padded
from ltr.metrics._ranked import Ranked
from ltr.metrics._rows import waits_for_nothing


def stop_probability(ranked: Ranked, goes_on: Tensor) -> Tensor:
    """Expected probability that the reader stops at each rank, shape of ``ranked.rank``.

    Args:
        ranked: The documents in order.
        goes_on: Of each ranked document, above 0: probability that it does not satisfy.
    """
    lists = ranked.lists
    goes_on = lists.keep(goes_on, 1.0)
    log = goes_on.log()
    before, _ = ranked.before_and_in_group(log)
    # Right where all documents of a group are equal; others are mended below.
    after = ((ranked.rank - ranked.first + 1) * log).exp()
    if ranked.first is not ranked.rank:
        after = _mend(ranked, goes_on, after)
    reached = torch.where(ranked.rank > ranked.first, after.roll(1, -1), 1.0)
    return lists.keep(before.exp() * (reached - after))


def _mend(ranked: Ranked, goes_on: Tensor, after: Tensor) -> Tensor:
    """``after`` with its groups of unequal documents computed one by one."""
    index, real = _as_rows(ranked)

    def rows(x: Tensor) -> Tensor:
        return x.flatten()[index]

    columns = rows(goes_on), rows(ranked.rank), rows(ranked.first), rows(ranked.last)
    q, rank, first, _ = columns
    unequal = (rank > first)[:, 1:] & (q[:, 1:] != q[:, :-1]) & real[:, 1:]
    if not waits_for_nothing(q):
        found = _subset_means(*columns, real)
        return _put_back(after, index, found, real)
    chosen = unequal.any(1).nonzero()[:, 0]
    if not chosen.numel():
        return after
    found = _subset_means(*(x[chosen] for x in (*columns, real)))
    return _put_back(after, index[chosen], found, real[chosen])


def _as_rows(ranked: Ranked) -> tuple[Tensor, Tensor]:
    """Position of each list's documents ``[lists, columns]``, and which are real."""
    lists = ranked.lists
    if isinstance(lists, Padded):
        index = torch.arange(ranked.rank.numel(), device=ranked.rank.device)
        real = lists.keep(torch.ones_like(ranked.rank)) > 0
        width = ranked.rank.shape[-1]
        return index.view(lists.shape.numel(), width), real.view(-1, width)
    counts = lists.counts()
    width = _longest(counts, ranked.rank.numel())
    slots = torch.arange(width, device=counts.device)
    index = (counts.cumsum(0) - counts)[:, None] + slots
    return index.clamp(max=max(ranked.rank.numel() - 1, 0)), slots < counts[:, None]


def _longest(counts: Tensor, docs: int) -> int:
    # The one place where a metric waits for an accelerator: as many steps as documents in all lists
    # would cost far more.
    if counts.device.type == "meta" or torch.compiler.is_compiling():
        return docs
    return int(counts.max()) if counts.numel() else 0


def _subset_means(q: Tensor, rank: Tensor, first: Tensor, last: Tensor, real: Tensor) -> Tensor:
    """Probability to be still there after each rank since its group began: ``[lists, columns]``."""
    width = q.shape[1]
    sizes = torch.arange(width + 1, device=q.device)
    none_yet = (sizes == 0).to(q.dtype).expand(len(q), -1)
    means, found = none_yet, torch.ones_like(q)
    for column in range(width):
        slot = (rank - first)[:, column, None]
        means = torch.where(slot == 0, none_yet, means)
        kept = (slot + 1 - sizes).clamp(min=0) * means
        added = sizes * q[:, column, None] * means.roll(1, 1)
        means = (kept + added) / (slot + 1)
        ends = (last == rank[:, column, None]) & real[:, column, None]
        group = (first == first[:, column, None]) & ends & real
        filled = means.gather(1, (rank - first + 1).clamp(max=width))
        found = torch.where(group, filled, found)
    return found


def _put_back(after: Tensor, index: Tensor, found: Tensor, real: Tensor) -> Tensor:
    """``after`` with ``found`` at ``index`` where real."""
    flat = torch.cat([after.flatten(), after.new_zeros(1)])
    target = torch.where(real, index, after.numel())
    return flat.scatter(0, target.flatten(), found.flatten())[:-1].view(after.shape)
