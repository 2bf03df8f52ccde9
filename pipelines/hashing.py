"""One hash for all: XXH64 of a text's UTF-8 bytes, the same in every process, machine and release.

Which partition a query lies in, which part of the split and which bucket of a table follow from it.
A dataframe library's own hash may change with its version.

Source: https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md
"""

import polars as pl

from ltr.hashing import digests

__all__ = ["digests", "hash64"]


def hash64(keys: pl.Expr, seed: int) -> pl.Expr:
    """Return the hash of a column of text as UInt64, null where it is null.

    Text may be numbered (Categorical, Enum): what is hashed is always the text, each once.

    Example:
        >>> frame = pl.DataFrame({"key": ["a", None, "a"]})
        >>> frame.select(hash64(pl.col("key"), seed=0)).to_series().to_list()
        [15154266338359012955, None, 15154266338359012955]
    """

    def hashed(column: pl.Series) -> pl.Series:
        if isinstance(column.dtype, pl.Enum):
            return hashed(column.dtype.categories).gather(column.to_physical())
        texts = column.drop_nulls().unique()
        found = pl.Series(digests(texts, seed), dtype=pl.UInt64)
        return column.replace_strict(texts, found, default=None, return_dtype=pl.UInt64)

    return keys.cast(pl.String).map_batches(hashed, return_dtype=pl.UInt64, is_elementwise=True)
