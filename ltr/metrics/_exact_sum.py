"""Sums of float64 values that do not depend on their order.

A float sum rounds at every step, so that two workers' halves are not the whole. Here a value is cut
into whole numbers of 1, 2^-31, 2^-62 and 2^-93, each summed in int64: exact, the same in any order
and any split, and added between workers by a plain all-reduce. What is below 2^-93 is cut off, and
sums are good up to 2^62, of up to 2^32 values.
"""

import torch
from torch import Tensor

_PARTS = 4
_BITS = 31


def split_sum(values: Tensor) -> Tensor:
    """Sum of finite float64 ``values`` over their first dimension, as parts: Int64 ``[4, ...]``."""
    parts, rest = [], values
    for part in range(_PARTS):
        rest = rest if part == 0 else rest * 2**_BITS
        whole = rest.floor()
        parts.append(whole.long().sum(0))
        rest = rest - whole
    return torch.stack(parts)


def as_integer(parts: Tensor) -> int:
    """The sum in units of 2^-93, of ``parts [4]``.

    >>> as_integer(split_sum(torch.tensor([0.1, 0.2], dtype=torch.float64))) / 2**93
    0.30000000000000004
    """
    total = 0
    for part in parts.tolist():
        total = (total << _BITS) + part
    return total
