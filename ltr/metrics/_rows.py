"""The quick way to rank on a CPU: sort lists as rows of one tensor, and keep the first columns.

A sort of rows costs a fifth of a sort of all documents by score and then by list, and a metric at k
looks at k columns. Lists of very different lengths are taken by the power of two of their length,
so that at most about half of a row is padding.
"""

from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec
from math import isnan
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ltr.lists import Documents, Padded

_MOST_PADDING = 4
"""Padding makes rows at most so many times as large as the documents."""

_HAS_NUMPY = find_spec("numpy") is not None
"""torch lends its memory to numpy, whose sort of whole numbers takes a tenth of the time."""

_LAST = 0x7F800000
"""What the score of padding, -inf, is as a whole number where the best is the lowest."""


class Rows(NamedTuple):
    """The best documents of each list, best first."""

    lists: Padded
    order: Tensor
    """Their positions among all documents, padding of the input included: ``[..., columns]``."""
    scores: Tensor
    """-inf in padding."""


class SecondKey(Protocol):
    """What decides between tied scores."""

    @property
    def key(self) -> Tensor:
        """Shape of the scores."""

    @property
    def descending(self) -> bool:
        """Whether the larger comes first."""


class _Group(NamedTuple):
    """Lists of similar length, as rows of one tensor."""

    rows: Tensor | None
    """Which lists; None: all."""
    starts: Tensor
    """Where each list starts among the real documents."""
    real: Tensor | None
    """Bool ``[rows, columns]``; None: no row is padded."""

    def pad(self, flat: Tensor, fill: float) -> Tensor:
        """``flat`` of all real documents as rows."""
        if self.real is None:
            return flat.view(len(self.starts), -1)
        if self.rows is None:
            return flat.new_full(self.real.shape, fill).masked_scatter_(self.real, flat)
        index = self.starts[:, None] + torch.arange(self.real.shape[1])
        taken = flat[index.clamp_(max=flat.numel() - 1)]
        return torch.where(self.real, taken, flat.new_full((), fill))


class _Best(NamedTuple):
    """The first columns of sorted rows."""

    scores: Tensor
    order: Tensor


def waits_for_nothing(x: Tensor) -> bool:
    """Whether values may be looked at: on CPU, and not while a graph is made."""
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def sort_rows(
    docs: Documents,
    key: Tensor,
    second: SecondKey | None,
    *,
    averaged: bool,
    deepest: int | None,
) -> Rows | None:
    """Sort by ``key`` and keep ``deepest`` columns, or more where a tied group goes on.

    Returns:
        None where the columns would take much more room than the documents.
    """
    lengths, positions = _ragged(docs)
    flat, *others = (
        x.flatten() if positions is None else x.flatten()[positions]
        for x in (key, *([] if second is None else [second.key]))
    )
    longest = int(lengths.max()) if lengths.numel() else 0
    wanted = longest if deepest is None else min(deepest, longest)
    if not _fits(len(lengths), wanted, flat):
        return None
    lowest = float(flat.min()) if flat.numel() else 0.0
    # A row's padding stands behind its documents, and a stable sort keeps it there also if a real
    # score is -inf.
    stable = not averaged or lowest == -torch.inf
    # A NaN has many forms as a whole number.
    by_number = _HAS_NUMPY and flat.dtype == torch.float32 and not isnan(lowest)
    best_of = _best_by_number if by_number else partial(_best, stable=stable)
    groups = list(_alike(lengths, longest, flat))
    best = [
        best_of(group.pad(flat, -torch.inf), wanted, averaged=averaged)
        if second is None
        else _best_of_two(group, flat, others[0], wanted, descending=second.descending)
        for group in groups
    ]
    depth = max([0, *(part.order.shape[1] for part in best)])
    if not _fits(len(lengths), depth, flat):
        return None
    return _assemble(groups, best, lengths, positions, torch.Size([*docs.lists.shape, depth]))


def _fits(lists: int, columns: int, flat: Tensor) -> bool:
    return lists * columns <= _MOST_PADDING * flat.numel() + 1024


def _ragged(docs: Documents) -> tuple[Tensor, Tensor | None]:
    """Documents per list ``[lists]``, and the real ones' positions; None: all are real."""
    lists = docs.lists
    mask = lists.mask if isinstance(lists, Padded) else None
    positions = None if mask is None else mask.flatten().nonzero()[:, 0]
    return lists.counts().flatten(), positions


def _alike(lengths: Tensor, longest: int, flat: Tensor) -> Iterator[_Group]:
    """All lists at once, or by length if that were mostly padding."""
    starts = lengths.cumsum(0) - lengths
    if _fits(len(lengths), longest, flat):
        full = flat.numel() == len(lengths) * longest and flat.numel() > 0
        real = None if full else torch.arange(longest) < lengths[:, None]
        yield _Group(None, starts, real)
        return
    for power in range((longest - 1).bit_length() + 1):
        below = 2 ** (power - 1) if power else 0
        rows = ((lengths > below) & (lengths <= 2**power)).nonzero()[:, 0]
        if rows.numel():
            width = int(lengths[rows].max())
            yield _Group(rows, starts[rows], torch.arange(width) < lengths[rows, None])


def _best_by_number(rows: Tensor, wanted: int, *, averaged: bool) -> _Best:
    """As :func:`_best`, always stable: rows without NaN, in float32.

    A score's bits, read as a whole number, have its order; a place in the row fits beside them.
    """
    bits = (rows + 0.0).view(torch.int32)
    # Of two negative numbers the one with the larger bits is the smaller.
    negative = (bits >> 31).bitwise_and_(torch.iinfo(torch.int32).max)
    key = bits.bitwise_xor_(negative).bitwise_not_().long()
    key.bitwise_left_shift_(32).bitwise_or_(torch.arange(rows.shape[1]))
    key.numpy().sort(axis=1)
    columns = wanted
    if averaged and wanted < rows.shape[1]:
        worst = key[:, wanted - 1] >> 32
        cut = (worst == key[:, wanted] >> 32) & (worst < _LAST)
        if bool(cut.any()):
            columns = int(((key[cut] >> 32) <= worst[cut, None]).sum(1).max())
    order = key[:, :columns] & 0xFFFFFFFF
    return _Best(rows.gather(1, order), order)


def _best(rows: Tensor, wanted: int, *, averaged: bool, stable: bool) -> _Best:
    """The first ``wanted`` columns, and on to the end of the tied groups that begin in them."""
    width = rows.shape[1]
    if 4 * wanted < width and not stable:
        best = _Best(*rows.topk(wanted + 1, dim=1))
    else:
        best = _Best(*torch.sort(rows, dim=1, descending=True, stable=stable))
    if wanted >= width:
        return best
    columns = wanted
    if averaged:
        worst = best.scores[:, wanted - 1]
        cut = (worst == best.scores[:, wanted]) & (worst > -torch.inf)
        if bool(cut.any()):
            columns = int((rows[cut] >= worst[cut, None]).sum(1).max())
    if columns > best.order.shape[1]:
        best = _Best(*torch.sort(rows, dim=1, descending=True))
    return _Best(best.scores[:, :columns], best.order[:, :columns])


def _best_of_two(
    group: _Group, flat: Tensor, second: Tensor, wanted: int, *, descending: bool
) -> _Best:
    """The first ``wanted`` columns by score, and by ``second`` where scores are tied."""
    rows, other = group.pad(flat, -torch.inf), group.pad(second, 0)
    decided = Padded(rows.shape, rows.device, group.real).argsort(other, descending=descending)
    scores, order = torch.sort(rows.gather(1, decided), dim=1, descending=True, stable=True)
    return _Best(scores[:, :wanted], decided.gather(1, order[:, :wanted]))


def _assemble(
    groups: list[_Group],
    best: list[_Best],
    lengths: Tensor,
    positions: Tensor | None,
    shape: torch.Size,
) -> Rows:
    """Put the lists back in their order, and count positions through all documents."""
    if len(groups) == 1 and groups[0].rows is None:
        scores, order = best[0].scores, best[0].order + groups[0].starts[:, None]
    else:
        size = len(lengths), shape[-1]
        scores = torch.full(size, -torch.inf, dtype=best[0].scores.dtype)
        order = torch.zeros(size, dtype=torch.int64)
        for group, part in zip(groups, best, strict=True):
            columns = part.order.shape[1]
            scores[group.rows, :columns] = part.scores
            order[group.rows, :columns] = part.order + group.starts[:, None]
    real = torch.arange(shape[-1]) < lengths[:, None]
    order = torch.where(real, order, 0)
    order = order if positions is None or not len(positions) else positions[order]
    lists = Padded(shape, lengths.device, real.view(shape))
    return Rows(lists, order.view(shape), scores.view(shape))
