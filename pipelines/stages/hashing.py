"""A hash that is the same in every process, on every machine and in every release: xxHash64."""

import polars as pl
import xxhash


def hash64(keys: pl.Expr, seed: int) -> pl.Expr:
    """Return xxHash64 of text as UInt64, null where it is null. Each different text costs once.

    Text may be numbered (Categorical, Enum): what is hashed is always the text.

    Source:
        https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md

    Example:
        >>> frame = pl.DataFrame({"key": ["a", None, "a"]})
        >>> frame.select(hash64(pl.col("key"), seed=0)).to_series().to_list()
        [15154266338359012955, None, 15154266338359012955]
    """

    def hashed(column: pl.Series) -> pl.Series:
        if isinstance(column.dtype, pl.Enum):
            return hashed(column.dtype.categories).gather(column.to_physical())
        texts = column.drop_nulls().unique()
        digests = [xxhash.xxh64_intdigest(text, seed) for text in texts.cast(pl.Binary)]
        return column.replace_strict(
            texts, pl.Series(digests, dtype=pl.UInt64), default=None, return_dtype=pl.UInt64
        )

    return keys.cast(pl.String).map_batches(hashed, return_dtype=pl.UInt64, is_elementwise=True)
