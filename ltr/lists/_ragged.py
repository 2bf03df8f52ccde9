"""Lists one after another in ``[docs]``, without padding: operations over segments.

Every result has a shape known from the shapes of the inputs, so nothing waits for an accelerator.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ltr.lists._rows import Rows, groups_of_ragged


@dataclass(frozen=True, slots=True)
class Ragged:
    """Consecutive lists; see :class:`ltr.lists.Lists` for what each operation means."""

    lengths: Tensor
    docs: int

    @property
    def shape(self) -> torch.Size:
        return self.lengths.shape

    @property
    def packed(self) -> "Ragged":
        return self

    def counts(self) -> Tensor:
        return self.lengths

    def longest(self) -> int:
        if self._can_read:
            return int(self.lengths.max()) if self.lengths.numel() else 0
        return self.docs

    def ids(self) -> Tensor:
        return self.spread(torch.arange(self.lengths.numel(), device=self.lengths.device))

    def keep(self, x: Tensor, fill: float = 0.0) -> Tensor:  # noqa: ARG002 - nothing is padded
        return x

    def blank(self, x: Tensor) -> Tensor:
        return x

    def place(self) -> Tensor:
        starts = self.lengths.cumsum(0) - self.lengths
        return torch.arange(self.docs, device=self.lengths.device) - self.spread(starts)

    def spread(self, values: Tensor) -> Tensor:
        return values.repeat_interleave(self.lengths, output_size=self.docs)

    def sum(self, x: Tensor) -> Tensor:
        return self._segment(x, "sum")

    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        return self.sum(x * y)

    def span(self, x: Tensor) -> Tensor:
        return self.max(x) + self.max(-x)

    def max(self, x: Tensor) -> Tensor:
        return self._zero_if_empty(self._segment(x, "max"))

    def logsumexp(self, x: Tensor) -> Tensor:
        largest = self.max(x.detach())
        total = self.sum((x - self.spread(largest)).exp())
        return self._zero_if_empty(torch.where(self.lengths > 0, total, 1.0).log() + largest)

    def softmax(self, x: Tensor) -> Tensor:
        return self.log_softmax(x).exp()

    def log_softmax(self, x: Tensor) -> Tensor:
        x = x - self.spread(self.max(x.detach()))
        total = torch.where(self.lengths > 0, self.sum(x.exp()), 1.0)
        return x - self.spread(total.log())

    def argsort(self, x: Tensor, *, descending: bool = True) -> Tensor:
        order = x.detach().argsort(descending=descending, stable=True)
        return order[self.ids()[order].argsort(stable=True)]

    def take(self, x: Tensor, order: Tensor) -> Tensor:
        return x[order]

    def rank(self, x: Tensor) -> Tensor:
        order = self.argsort(x)
        return torch.empty_like(order).scatter(0, order, self.place() + 1)

    def cumsum(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        return self._scan(x, torch.add, reverse=reverse)

    def logcumsumexp(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        return self._scan(x, torch.logaddexp, reverse=reverse)

    def groups(self, room: int) -> list[Rows]:
        if self._can_read:
            return groups_of_ragged(self.lengths, room)
        return [Rows(1, self.docs, ids=self.ids()[None])] if self.docs else []

    def rows(self, x: Tensor, fill: float = 0.0) -> Tensor:
        width = self._row_width()
        if width is None:
            return x[None]
        filled = x.new_full((self.lengths.numel() * width,), fill)
        return filled.scatter(0, self._row_places(width), x).view(self.lengths.numel(), width)

    def from_rows(self, rows: Tensor) -> Tensor:
        width = self._row_width()
        return rows[0] if width is None else rows.flatten()[self._row_places(width)]

    def same_list(self) -> Tensor | None:
        if self._row_width() is not None:
            return None
        ids = self.ids()
        return (ids[:, None] == ids)[None]

    def _row_width(self) -> int | None:
        """Documents in the longest list; None, for one row of all, where it is not known."""
        return self.longest() if self._can_read else None

    def _row_places(self, width: int) -> Tensor:
        return self.ids() * width + self.place()

    def _segment(self, x: Tensor, operation: str) -> Tensor:
        # unsafe: the lengths were checked where that is free.
        return torch.segment_reduce(x, operation, lengths=self.lengths, unsafe=True)

    def _zero_if_empty(self, values: Tensor) -> Tensor:
        return torch.where(self.lengths > 0, values, 0.0)

    def _scan(
        self, x: Tensor, combine: Callable[[Tensor, Tensor], Tensor], *, reverse: bool
    ) -> Tensor:
        """Running ``combine`` within each list, by doubling.

        A running sum over all documents less its value at the list's start would lose a small
        list's digits behind a large one, and let a NaN into all later lists.
        """
        before = self.place()
        if reverse:
            before = self.spread(self.lengths) - 1 - before
        step, longest = 1, self.longest()
        while step < longest:
            shift = -step if reverse else step
            # Rolled over the end only where ``before`` says that no document is there.
            x = torch.where(before >= step, combine(x, x.roll(shift)), x)
            step *= 2
        return x

    @property
    def _can_read(self) -> bool:
        return self.lengths.device.type == "cpu" and not torch.compiler.is_compiling()
