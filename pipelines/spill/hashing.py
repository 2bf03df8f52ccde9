"""Which partition a key belongs to: xxh64 of its UTF-8 bytes with seed 0, modulo the partitions.

The algorithm is part of what a run is: the same key goes to the same partition on every machine.
A dataframe library's own hash may change with its version.
"""

import numpy as np
import polars as pl
import xxhash
from numpy.typing import NDArray

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
    coded = keys.to_arrow()
    hashed = (xxhash.xxh64_intdigest(key.encode()) for key in coded.dictionary.to_pylist())
    number = len(coded.dictionary)
    of_key = np.fromiter((value % partitions for value in hashed), np.uint16, number)
    if not keys.null_count():
        codes: NDArray[np.uint32] = coded.indices.to_numpy()
        return of_key[codes]
    place = np.arange(len(keys)) % partitions
    missing = keys.is_null().to_numpy()
    codes = coded.indices.fill_null(0).to_numpy()
    known = of_key[codes] if number else np.zeros(len(keys), np.uint16)
    return np.where(missing, place, known).astype(np.uint16)
