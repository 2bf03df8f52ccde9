"""Whole lists in padded rows, some at a time: for what compares each document with all of its list.

Padding costs where lists of unlike lengths share a width, the more so where the work grows with its
square. So ragged lists go by length, and a group of rows ends where it has cost enough.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Rows:
    """Some of the documents as ``[rows, width]``, each list within one row."""

    rows: int
    width: int
    start: int = 0
    """Where the rows begin in the flattened documents, if they lie there as they are."""
    index: Tensor | None = None
    """Else Int64 ``[rows * width]``: position of each document, in padding one beyond the last."""
    mask: Tensor | None = None
    """Bool ``[rows, width]``, True = a real document; None: all are."""
    ids: Tensor | None = None
    """Int64 ``[rows, width]``: number of each document's list, where a row holds several lists."""

    def take(self, x: Tensor, fill: float = 0.0) -> Tensor:
        """``x [documents]`` as ``[rows, width]``, with ``fill`` in padding."""
        x = x.flatten()
        if self.index is None:
            found = x[self.start : self.start + self.rows * self.width]
        else:
            found = x.index_select(0, self.index.clamp(max=len(x) - 1))
        found = found.view(self.rows, self.width)
        return found if self.mask is None else found.masked_fill(~self.mask, fill)

    def put(self, values: Tensor, into: Tensor) -> None:
        """Write ``values [rows, width]`` to their places in ``into``, ``[documents + 1]``."""
        if self.index is None:
            into[self.start : self.start + self.rows * self.width] = values.flatten()
        else:
            into.index_copy_(0, self.index, values.flatten())


def groups_of_padded(shape: torch.Size, mask: Tensor | None, room: int) -> list[Rows]:
    """The rows as they are, in groups of ``rows * width**2 <= room``, or of one row."""
    width = shape[-1]
    if shape.numel() == 0:
        return []
    num, step = shape[:-1].numel(), max(1, room // width**2)
    masks = None if mask is None else mask.view(num, width)
    return [
        Rows(
            rows=min(step, num - first),
            width=width,
            start=first * width,
            mask=None if masks is None else masks[first : first + step],
        )
        for first in range(0, num, step)
    ]


def groups_of_ragged(lengths: Tensor, room: int) -> list[Rows]:
    """Lists from the longest to the shortest, in groups of ``rows * width**2 <= room``.

    Reads the lengths: only for lengths on the CPU, outside a compiler.
    """
    ordered, order = lengths.sort(descending=True)
    starts = (lengths.cumsum(0) - lengths)[order]
    docs, widths = int(lengths.sum()), ordered.tolist()
    groups, first = [], 0
    while first < len(widths) and widths[first]:
        width = widths[first]
        last = first + max(1, room // width**2)
        slots = torch.arange(width)
        mask = slots < ordered[first:last, None]
        index = (starts[first:last, None] + slots).masked_fill_(~mask, docs)
        groups.append(Rows(len(mask), width, index=index.flatten(), mask=mask))
        first = last
    return groups
