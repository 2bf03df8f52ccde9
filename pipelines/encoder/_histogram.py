"""A histogram that grows coarser as it fills: where the quantiles of a number come from.

A float64, read as a whole number of 64 bits, keeps its order, and values that share all but their
last b bits are neighbours. A histogram counts values by all but those b bits; b is the smallest for
which no more than 4,096 buckets are filled. The buckets of a part are never more than those of the
whole, so b of the whole is found from its parts: merged, they are the histogram of all values, bit
for bit, however the values were parted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.encoder._exact import Floats

MOST_BUCKETS = 4096
_BITS = 63

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """Filled buckets in the order of their values.

    Example:
        >>> histogram = Histogram.of(np.array([1.0, 2.0, 2.0, 9.0]))
        >>> histogram.values().tolist(), histogram.ranks().tolist()
        ([1.0, 2.0, 9.0], [0.125, 0.5, 0.875])
    """

    bits: int
    """Last bits of a value that do not tell its bucket."""
    keys: Integers
    counts: Integers

    @classmethod
    def of(cls, values: Floats) -> "Histogram":
        """Count finite values."""
        keys = np.sort(_ordered(values + 0.0))  # 0 of -0
        return cls._coarsened(0, keys, np.ones(len(keys), np.int64))

    @classmethod
    def merge(cls, parts: Sequence["Histogram"]) -> "Histogram":
        """Return the histogram of all values together."""
        bits = max((part.bits for part in parts), default=0)
        keys = [part.keys >> (bits - part.bits) for part in parts]
        merged = np.concatenate([np.empty(0, np.int64), *keys])
        counts = np.concatenate([np.empty(0, np.int64), *(part.counts for part in parts)])
        order = np.argsort(merged, kind="stable")
        return cls._coarsened(bits, merged[order], counts[order])

    @classmethod
    def _coarsened(cls, bits: int, keys: Integers, counts: Integers) -> "Histogram":
        """Take the fewest bits away that are enough; ``keys`` are sorted and may repeat."""
        enough, too_few = _BITS - bits, -1
        while enough - too_few > 1:
            middle = (enough + too_few) // 2
            if len(_starts(keys >> middle)) <= MOST_BUCKETS:
                enough = middle
            else:
                too_few = middle
        keys = keys >> enough
        starts = _starts(keys)
        summed = np.add.reduceat(counts, starts) if len(starts) else counts
        return cls(bits + enough, keys[starts], summed)

    def values(self) -> Floats:
        """A value of each bucket: the one that fell into it, or its middle."""
        middle = (1 << self.bits) >> 1
        return _ordered((self.keys << self.bits) + middle).view(np.float64)

    def ranks(self) -> Floats:
        """Of each bucket, the share of values below it and of half those in it: within 0 to 1."""
        total = max(int(self.counts.sum()), 1)
        return np.asarray((np.cumsum(self.counts) - self.counts / 2) / total)


def _ordered(values: Floats | Integers) -> Integers:
    """Floats as whole numbers of the same order; applied to these, the bits of the floats."""
    bits = values.view(np.int64)
    ordered: Integers = bits ^ ((bits >> 63) & np.int64(2**63 - 1))
    return ordered


def _starts(keys: Integers) -> npt.NDArray[np.intp]:
    """Where each run of equal keys begins."""
    if not len(keys):
        return np.empty(0, np.intp)
    return np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
