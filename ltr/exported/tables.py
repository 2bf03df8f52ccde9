"""Embedding tables in numpy: 32-bit floats, bfloat16, or 8 bits with a scale and an offset per row.

A row of the 8-bit form holds whole numbers n from 0 to 255 and stands for ``n * scale + offset``,
with the scale and the offset that make 0 the least and 255 the greatest value of the row.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Number = TypeVar("Number", np.float32, np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One table.

    Example:
        >>> table = Table(np.array([[0, 255]], np.uint8), np.float32([[0.01]]), np.float32([[-1]]))
        >>> table.rows(np.array([0])).round(2)
        array([[-1.  ,  1.55]], dtype=float32)
    """

    codes: NDArray[Any]
    """[rows, dim]: float32, uint16 (the bits of bfloat16) or uint8."""
    scale: Floats | None = None
    """[rows, 1], of 8 bits."""
    offset: Floats | None = None
    """[rows, 1], of 8 bits."""

    def rows(self, ids: Integers) -> Floats:
        """The vectors of some ids; [ids, dim]."""
        found = self.codes[ids]
        if found.dtype == np.uint16:
            return (found.astype(np.uint32) << 16).view(np.float32)
        if self.scale is None or self.offset is None:
            return np.asarray(found, np.float32)
        return np.asarray(found * self.scale[ids] + self.offset[ids], np.float32)


def pooled(
    table: Table,
    ids: Integers,
    lengths: Integers | None,
    weights: Floats | None = None,
    *,
    mean: bool,
) -> Floats:
    """The vector of each row: the mean or the sum of its ids' vectors, zeros where it has none.

    Args:
        table: Where to look up.
        ids: [ids], row after row.
        lengths: [rows], ids per row; None: one each.
        weights: [ids], at least 0, by which each vector counts; None: all are 1. A row whose
            weights are all 0 has no ids.
        mean: Instead of the sum.

    Returns:
        [rows, dim].
    """
    found = table.rows(ids)
    if lengths is None:
        return found
    if weights is None:
        sums, counts = _sums(found, lengths), np.maximum(lengths, 1).astype(np.float32)
        return sums / counts[:, None] if mean else sums
    counted = _shares(weights, lengths) if mean else weights
    with np.errstate(over="ignore", invalid="ignore"):  # scores that are not finite are refused
        return _sums(found * counted[:, None], lengths)


def _shares(weights: Floats, lengths: Integers) -> Floats:
    """Weights that sum to 1 in every row, or are all 0."""
    # In twice the bits, in which no sum of finite weights overflows.
    each = np.repeat(_sums(weights.astype(np.float64), lengths), lengths)
    return np.divide(weights, each, out=np.zeros_like(each), where=each > 0).astype(np.float32)


def _sums(values: NDArray[Number], lengths: Integers) -> NDArray[Number]:
    """The sums of each row's values."""
    sums = np.zeros((len(lengths), *values.shape[1:]), values.dtype)
    some = lengths > 0
    if some.any():
        sums[some] = np.add.reduceat(values, (np.cumsum(lengths) - lengths)[some], axis=0)
    return sums
