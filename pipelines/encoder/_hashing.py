"""Hashing: numbers of ids without a vocabulary.

Of N buckets, hash function j = 0, 1, … gives an id the number ``1 + xxh64(UTF-8 text, seed j) mod
N`` (``pipelines.hashing``). It depends on the id alone: on no log, machine or version. With several
functions two ids that meet in one bucket part in another; the mean of their vectors is then an id's
vector (Serrà & Karatzoglou 2017, arXiv:1706.03993).
"""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from pipelines.hashing import digests


def hashed(ids: pl.Series, buckets: int, hashes: int = 1) -> npt.NDArray[np.int64]:
    """Return the numbers of each id: Int64 ``[ids, hashes]``, 1 to ``buckets``; 0 where null.

    Example:
        >>> hashed(pl.Series(["ltr", None, "ltr"]), buckets=1000, hashes=2).tolist()
        [[845, 495], [0, 0], [845, 495]]
    """
    # A log repeats its ids: each is hashed once.
    coded = ids.cast(pl.String).rechunk().to_arrow().cast(pa.large_string()).dictionary_encode()
    texts = coded.dictionary.to_pylist()
    table = np.zeros((len(texts) + 1, hashes), np.int64)
    for seed in range(hashes):
        table[:-1, seed] = 1 + digests(texts, seed) % np.uint64(buckets)
    codes = coded.indices.fill_null(len(texts)).to_numpy(zero_copy_only=False)
    return table[codes]  # type: ignore[no-any-return]
