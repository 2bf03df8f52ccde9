"""Split: training, validation and test part, by time, a list never cut.

in   contracts.graded_schema
out  the same rows plus ``part`` (null where the row is not usable) and ``list_time``
"""

import polars as pl

from pipelines.config import SplitShares
from pipelines.contracts import PARTS, REASON

PART = pl.Enum(PARTS)


def split(graded: pl.LazyFrame, shares: SplitShares) -> pl.LazyFrame:
    """Add ``list_time``, when the list was first shown, and ``part``.

    The latest ``shares.test`` of the lists are the test part, the latest ``shares.validation`` of
    the rest the validation part. Lists of the same time are never parted, so that no part has
    seen the moment on which another is judged.
    """
    usable = pl.col(REASON).is_null()
    first_shown = pl.when(usable).then(pl.col("time")).min().over("query_id")
    timed = graded.with_columns(pl.when(usable).then(first_shown).alias("list_time"))
    part = (
        pl.when(pl.col("list_time") >= pl.col("test_from"))
        .then(pl.lit("test"))
        .when(pl.col("list_time") >= pl.col("validation_from"))
        .then(pl.lit("validation"))
        .when(usable)
        .then(pl.lit("train"))
    )
    return (
        timed.join(_cuts(timed, shares), how="cross", maintain_order="left")
        .with_columns(part.cast(PART).alias("part"))
        .drop("validation_from", "test_from")
    )


def _cuts(timed: pl.LazyFrame, shares: SplitShares) -> pl.LazyFrame:
    """Return one row: the times at which validation and test begin."""
    lists = timed.filter(pl.col(REASON).is_null()).unique("query_id").sort("list_time")
    return lists.select(
        _at(1 - shares.test - shares.validation).alias("validation_from"),
        _at(1 - shares.test).alias("test_from"),
    )


def _at(share: float) -> pl.Expr:
    number = (pl.len() * share + 1e-9).floor().cast(pl.UInt32)  # 1 - .3 - .2 is just below .5
    return pl.col("list_time").get(number, null_on_oob=True)
