"""Ranks that do not depend on the order in which tied documents were given."""

import torch
from torch import Tensor

from ltr.lists._arrange import Lists


def tied_ranks(lists: Lists, x: Tensor) -> tuple[Tensor, Tensor]:
    """Best and worst rank of each document over the orders that its ties allow.

    Args:
        lists: The layout of ``x``.
        x: ``[documents]``; rank 1 is the largest of its list.

    Returns:
        Two Int64 ``[documents]``; in padding any values.

    >>> from ltr.lists import arrange
    >>> docs = arrange(torch.tensor([0.5, 2.0, 0.5, 0.1]), torch.zeros(4))
    >>> tied_ranks(docs.lists, docs.scores)
    (tensor([[2, 1, 2, 4]]), tensor([[3, 1, 3, 4]]))
    """
    order = lists.argsort(x)
    is_first = _changes(lists.packed.ids())
    leads_tie = is_first | _changes(lists.take(x, order))
    position = torch.arange(x.shape[-1], device=x.device)
    before = _latest(is_first, position)
    best = _latest(leads_tie, position) - before + 1
    # The worst rank of a tie is one before the best of the next one.
    ends_tie = torch.ones_like(leads_tie)
    ends_tie[..., :-1] = leads_tie[..., 1:]
    worst = x.shape[-1] - _latest(ends_tie.flip(-1), position).flip(-1) - before
    return _back(best, order), _back(worst, order)


def _changes(x: Tensor) -> Tensor:
    """True where the last dimension begins, or where ``x`` is another value than just before."""
    changed = torch.ones_like(x, dtype=torch.bool)
    changed[..., 1:] = x[..., 1:] != x[..., :-1]
    return changed


def _latest(marked: Tensor, position: Tensor) -> Tensor:
    """The latest position that is marked, up to each."""
    if marked.numel() == 0:
        return position.expand(marked.shape)
    return (position * marked).cummax(-1).values


def _back(x: Tensor, order: Tensor) -> Tensor:
    """Undo ``take``."""
    return torch.empty_like(x).scatter(-1, order, x)
