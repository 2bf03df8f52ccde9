"""What is done to a number before it is counted or scaled, in training and ever after."""

import polars as pl

from pipelines.config import Column

TINY = 2.0**-126


def prepared(column: str, settings: Column) -> pl.Expr:
    """Return the column clipped and, if asked for, as a signed logarithm; null where missing.

    A number is missing where it is null, or not finite as a 32-bit float. One that is nearer to 0
    than any 32-bit float of full precision is 0.
    """
    value = pl.col(column).cast(pl.Float64)
    finite: pl.Expr = pl.when(value.cast(pl.Float32).is_finite()).then(value)
    if settings.clip is not None:
        finite = finite.clip(*settings.clip)
    # Without it the inverse of a range or of a deviation could be infinite. It also makes 0 of -0.
    number = pl.when(finite.abs() < TINY).then(0.0).otherwise(finite)
    if settings.log1p:
        number = number.sign() * number.abs().log1p()
    return number.alias(column)
