"""Lists padded to one length, ``[..., list]``: plain operations over the last dimension."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from ltr.lists._rows import Rows, groups_of_padded
from ltr.lists._scan import logcumsumexp


@dataclass(frozen=True, slots=True)
class Padded:
    """Lists along the last dimension; :class:`ltr.lists.Lists` says what each operation means.

    In padding every tensor here is finite, so a product and a sum do what a fill does, in a
    fraction of its time; only :meth:`keep` takes what a caller left in the padding.
    """

    full_shape: torch.Size
    device: torch.device
    mask: Tensor | None = None
    """True = a real document; None: all are."""
    ones: Tensor | None = None
    """The mask as numbers, to be multiplied by."""
    holes: Tensor | None = None
    """1 in padding, to be added as often as need be."""

    @classmethod
    def of(cls, shape: torch.Size, device: torch.device, mask: Tensor, dtype: torch.dtype) -> Self:
        """Lists with padding, for tensors of one type."""
        ones = mask.to(dtype)
        return cls(shape, device, mask, ones, 1 - ones)

    @property
    def shape(self) -> torch.Size:
        return self.full_shape[:-1]

    @property
    def packed(self) -> "Padded":
        if self.mask is None or self.ones is None:
            return self
        slots = torch.arange(self.full_shape[-1], device=self.device)
        mask = slots < self.counts()[..., None]
        return self.of(self.full_shape, self.device, mask, self.ones.dtype)

    def counts(self) -> Tensor:
        if self.mask is None:
            return torch.full(self.shape, self.full_shape[-1], device=self.device)
        return self.mask.sum(-1)

    def longest(self) -> int:
        return self.full_shape[-1]

    def ids(self) -> Tensor:
        numbers = torch.arange(self.shape.numel(), device=self.device).view(*self.shape, 1)
        if self.mask is None:
            return numbers.expand(self.full_shape)
        return torch.where(self.mask, numbers, self.shape.numel())

    def keep(self, x: Tensor, fill: float = 0.0) -> Tensor:
        # Less than half the time of torch.where.
        return x if self.mask is None else x.masked_fill(~self.mask, fill)

    def blank(self, x: Tensor) -> Tensor:
        return x if self.ones is None else x * self.ones

    def place(self) -> Tensor:
        return torch.arange(self.full_shape[-1], device=self.device).expand(self.full_shape)

    def spread(self, values: Tensor) -> Tensor:
        return values[..., None].expand(self.full_shape)

    def sum(self, x: Tensor) -> Tensor:
        return self.blank(x).sum(-1)

    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        return (x * y).sum(-1)

    def span(self, x: Tensor) -> Tensor:
        if self.full_shape[-1] == 0:
            return x.sum(-1)
        return (self._sink(x).amax(-1) - self._sink(x, -1).amin(-1)).clamp(min=0)

    def max(self, x: Tensor) -> Tensor:
        if self.full_shape[-1] == 0:
            return x.sum(-1)
        return self._zero_if_empty(self._sink(x).amax(-1))

    def logsumexp(self, x: Tensor) -> Tensor:
        if self.full_shape[-1] == 0:
            return x.sum(-1)
        # At the largest document x - log_softmax(x) is the sum's log; torch fuses log_softmax, and
        # takes three passes with an exp each for logsumexp.
        top = self._sink(x.detach()).argmax(-1, keepdim=True)
        values = x.gather(-1, top) - self._sink(x).log_softmax(-1).gather(-1, top)
        return self._zero_if_empty(values.squeeze(-1))

    def softmax(self, x: Tensor) -> Tensor:
        return self.blank(self._sink(x).softmax(-1))

    def log_softmax(self, x: Tensor) -> Tensor:
        return self.blank(self._sink(x).log_softmax(-1))

    def argsort(self, x: Tensor, *, descending: bool = True) -> Tensor:
        x = x.detach()
        if self.mask is None:
            return x.argsort(stable=True, dim=-1, descending=descending)
        # As whole numbers, because these have a value to spare for the padding, beyond inf and NaN.
        key = ~_order(x) if descending else _order(x)
        last = torch.iinfo(key.dtype).max
        return key.masked_fill(~self.mask, last).argsort(stable=True, dim=-1)

    def take(self, x: Tensor, order: Tensor) -> Tensor:
        return x.gather(-1, order)

    def rank(self, x: Tensor) -> Tensor:
        ranks = torch.arange(1, self.full_shape[-1] + 1, device=self.device).expand(self.full_shape)
        return torch.empty_like(ranks).scatter(-1, self.argsort(x), ranks)

    def cumsum(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        x = self.blank(x)
        return x.flip(-1).cumsum(-1).flip(-1) if reverse else x.cumsum(-1)

    def logcumsumexp(self, x: Tensor, *, reverse: bool = False) -> Tensor:
        x = self._sink(self.blank(x))
        running = logcumsumexp(x.flip(-1)).flip(-1) if reverse else logcumsumexp(x)
        return self.blank(running)

    def rows(self, x: Tensor, fill: float = 0.0) -> Tensor:
        return self.keep(x, fill)

    def from_rows(self, rows: Tensor) -> Tensor:
        return rows

    def same_list(self) -> Tensor | None:
        return None

    def _sink(self, x: Tensor, sign: int = 1) -> Tensor:
        # Finite: -inf turns to NaN in the backward pass where a whole list is padding. A quarter,
        # so that what is taken from it does not overflow.
        depth = sign * torch.finfo(x.dtype).min / 4
        return x if self.holes is None else torch.add(x, self.holes, alpha=depth)

    def groups(self, room: int) -> list[Rows]:
        return groups_of_padded(self.full_shape, self.mask, room)

    def _zero_if_empty(self, values: Tensor) -> Tensor:
        return values if self.ones is None else torch.where(self.ones.amax(-1) > 0, values, 0.0)


def _order(x: Tensor) -> Tensor:
    """Whole numbers in the order of floating-point ones; 0.0 and -0.0 are one."""
    whole, bits = (torch.int64, 63) if x.dtype == torch.float64 else (torch.int32, 31)
    x = (x if whole == torch.int64 else x.float()) + 0.0
    key = x.view(whole)
    return key ^ ((key >> bits) & torch.iinfo(whole).max)
