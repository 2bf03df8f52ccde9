"""Which partition a key belongs to: its hash with seed 0, modulo the partitions.

So the same key goes to the same partition on every machine.
"""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.hashing import digests
from pipelines.spill.numbered import take_apart

Partitions = NDArray[np.uint16]
MOST = 2**16
"""Partitions there can be at most."""


def partition_of(keys: pl.Series, partitions: int) -> Partitions:
    """Return the partition of every key.

    Args:
        keys: Categorical or Enum; each distinct key is hashed once. Rows of a null key are dealt
            out by their place, since there may be many of them.
        partitions: How many there are.

    Example:
        >>> keys = pl.Series(["q1", "q2", "q1"], dtype=pl.Enum(["q1", "q2"]))
        >>> partition_of(keys, 8).tolist()
        [4, 2, 4]
    """
    numbers, texts = take_apart(keys)
    of_text = (digests(texts.to_list()) % np.uint64(partitions)).astype(np.uint16)
    if not keys.null_count():
        known: Partitions = of_text[numbers.to_numpy()]
        return known
    place = np.arange(len(keys)) % partitions
    found = np.append(of_text, 0)[numbers.fill_null(len(texts)).to_numpy()]
    return np.where(keys.is_null().to_numpy(), place, found).astype(np.uint16)
