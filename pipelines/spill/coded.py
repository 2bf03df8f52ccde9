"""Text columns as numbers: what repeats in a log is hashed once, and compared as integers after.

``Categorical`` while rows are read, since its dictionary grows with them; ``Enum`` within a
partition, where the texts are known: its categories are sorted, so its numbers sort as they do.
"""

from collections.abc import Iterable

import polars as pl

from pipelines.contracts import is_text


def as_categories(rows: pl.LazyFrame, names: Iterable[str]) -> pl.LazyFrame:
    """Number the texts of these columns, each column by itself, as the rows are read."""
    schema = rows.collect_schema()
    return rows.with_columns(pl.col(name).cast(_coded(schema[name])) for name in names)


def as_text(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Write numbered texts out again."""
    schema = frame.collect_schema()
    texts = {name: _plain(dtype) for name, dtype in schema.items() if is_text(dtype)}
    return frame.with_columns(
        pl.col(name).cast(dtype) for name, dtype in texts.items() if schema[name] != dtype
    )


def _coded(dtype: pl.DataType) -> pl.DataType:
    """A dictionary of its own, which is freed with the last column that uses it."""
    text = pl.Categorical(pl.Categories.random())
    return pl.List(text) if isinstance(dtype, pl.List) else text


def _plain(dtype: pl.DataType) -> pl.DataType:
    return pl.List(pl.String()) if isinstance(dtype, pl.List) else pl.String()
