"""Feature columns as tensors that lie where the Arrow file lies: values, and offsets if jagged."""

from dataclasses import dataclass
from typing import Self

import pyarrow as pa
import torch
from torch import Tensor
from torch.utils.dlpack import from_dlpack


@dataclass(frozen=True, slots=True)
class Column:
    """One value per row, or any number of values per row.

    Rows are lists for a feature of the query and documents for a feature of the document.
    """

    values: Tensor
    offsets: Tensor | None = None
    """Jagged: where each row's values begin, and where the last row's end; [rows + 1]."""

    @classmethod
    def of(cls, array: pa.Array) -> Self:
        """View an Arrow array of numbers, or of lists of numbers, without a copy."""
        if pa.types.is_primitive(array.type):
            return cls(as_tensor(array))
        return cls(as_tensor(array.values), as_tensor(array.offsets))

    def take(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Jagged: the values of these rows one after another, and how many each has (int64)."""
        assert self.offsets is not None
        starts = self.offsets.index_select(0, rows).long()
        lengths = self.offsets.index_select(0, rows + 1).long() - starts
        return self.values.index_select(0, spread(starts, lengths)), lengths


def as_tensor(array: pa.Array) -> Tensor:
    """View the buffer of an Arrow array of numbers as a tensor.

    The buffer may be a memory-mapped file: the tensor is for reading. DLPack keeps the array alive
    as long as the tensor, and unlike numpy it does not warn about memory that cannot be written.
    """
    return from_dlpack(array)


def spread(starts: Tensor, lengths: Tensor) -> Tensor:
    """The row numbers of runs that begin at ``starts`` and are ``lengths`` long.

    Example:
        >>> spread(torch.tensor([7, 0]), torch.tensor([3, 2]))
        tensor([7, 8, 9, 0, 1])
    """
    ends = lengths.cumsum(0)
    total = int(ends[-1]) if len(ends) else 0
    shift = torch.repeat_interleave(starts - ends + lengths, lengths, output_size=total)
    return shift + torch.arange(total)
