"""Memory for the tensors of a tile that the next tile uses again.

On the CPU, to get fresh memory for a matrix of pairs costs several times what it takes to fill it.
"""

import torch
from torch import Tensor


class Scratch:
    """Gives out tensors; after ``restart`` the same ones again, to be overwritten."""

    def __init__(self, like: Tensor, size: int) -> None:
        """Give tensors of the type and device of ``like``, of up to ``size`` elements."""
        self._like, self._size = like, size
        self._kept: list[Tensor] = []
        self._used = 0

    def restart(self) -> None:
        """Take back all that was given."""
        self._used = 0

    def empty(self, shape: torch.Size) -> Tensor:
        """A tensor of any values."""
        if self._like.device.type != "cpu" or torch.compiler.is_compiling():
            # There an allocator, or a plan, does the same.
            return self._like.new_empty(shape)
        if self._used == len(self._kept):
            self._kept.append(self._like.new_empty(self._size))
        self._used += 1
        return self._kept[self._used - 1][: shape.numel()].view(shape)

    def minus(self, x: Tensor, y: Tensor) -> Tensor:
        """``x - y``, broadcast."""
        shape = torch.broadcast_shapes(x.shape, y.shape)  # type: ignore[no-untyped-call]
        return torch.sub(x, y, out=self.empty(shape))
