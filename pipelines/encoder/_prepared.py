"""What is done to a number before it is counted or scaled, in training and ever after."""

import polars as pl

from pipelines.config import Column


def prepared(column: str, settings: Column) -> pl.Expr:
    """Return the column clipped and, if asked for, as a signed logarithm; null where missing.

    A number is missing where it is null, or not finite as a 32-bit float.
    """
    value = pl.col(column).cast(pl.Float64)
    finite: pl.Expr = pl.when(value.cast(pl.Float32).is_finite()).then(value)
    if settings.clip is not None:
        finite = finite.clip(*settings.clip)
    if settings.log1p:
        finite = finite.sign() * finite.abs().log1p()
    return finite.alias(column)
