"""Limit: leave out lists that nobody can learn from, and shorten those that are too long.

A list that is left out goes to the rejects whole, with its reason. Documents that a kept list is
shortened by are counted as a filter's are: there is nothing wrong with them.

in   contracts.graded_schema + ``list/order`` if the job has it, whole queries
out  the same rows and columns in the same order, ``reason`` extended
"""

import polars as pl

from pipelines.config import ListLimits
from pipelines.contracts import FILTERED, REASON
from pipelines.hashing import hash64
from pipelines.stages.order import document_order
from pipelines.stages.validate import also

BOT = "session has more lists than lists.max_per_session"
SHORT = "list is shorter than lists.min_documents"
LONG = "list is longer than lists.max_documents"
NO_POSITIVE = "list has no positive document"
ONE_GRADE = "list has documents of one grade only"
BEYOND = "beyond lists.max_documents"
REASONS = (BOT, SHORT, LONG, NO_POSITIVE, ONE_GRADE, BEYOND)

USABLE = pl.col(REASON).is_null()


def limit(graded: pl.LazyFrame, limits: ListLimits, bots: pl.Series | None = None) -> pl.LazyFrame:
    """Give rows outside the limits their reason; only usable rows are counted.

    A list with more positives than ``max_documents`` is too long, also where longer ones are cut.

    Args:
        graded: Whole lists.
        limits: What a list must be like.
        bots: Sessions whose rows are left out: see ``pipelines.stages.sessions``.
    """
    if bots is not None:
        graded = graded.with_columns(
            also(BOT, pl.col("session_id").cast(pl.String).is_in(bots.implode()))
        )
    if limits.longer != "leave out":
        graded = _shorten(graded, limits)
    length = _of_list(USABLE.cast(pl.UInt32).sum())  # of booleans it takes three times as long
    outside = (
        pl.when(length < limits.min_documents)
        .then(pl.lit(SHORT))
        .when(length > limits.max_documents)
        .then(pl.lit(LONG))
    )
    limited = graded.with_columns(pl.coalesce(REASON, outside).alias(REASON))
    grade = pl.when(USABLE).then("grade")  # a filter within a window is slow
    highest, lowest = _of_list(grade.max()), _of_list(grade.min())
    match limits.require:
        case "positive":
            return limited.with_columns(also(NO_POSITIVE, highest == 0))
        case "two grades":
            return limited.with_columns(also(ONE_GRADE, highest == lowest))
        case "nothing":
            return limited


def _shorten(graded: pl.LazyFrame, limits: ListLimits) -> pl.LazyFrame:
    """Mark what a long list keeps no room for once its positives are in."""
    most, positive = limits.max_documents, pl.col("grade") > 0
    usable = graded.filter(USABLE)
    long = (
        usable.group_by("query_id")
        .agg(pl.len().alias("length"), (most - positive.sum().cast(pl.Int64)).alias("room"))
        .filter(pl.col("length") > most, pl.col("room") >= 0)
    )
    # Drawn by query and document alone, so that neither threads nor partitions change the draw.
    name = pl.concat_str(pl.col("query_id", "document_id").cast(pl.String), separator="\0")
    others = (
        usable.filter(~positive)
        .join(long, on="query_id")
        .with_columns(hash64(name, limits.seed).alias("drawn"))
    )
    by, falling = ["drawn", "document_id"], [False, False]
    if limits.longer == "cut":
        by, falling = document_order(graded.collect_schema(), limits.direction)
    in_turn = pl.col("row").sort_by(by, descending=falling, nulls_last=True)
    beyond = (
        others.group_by("query_id")
        .agg(in_turn.slice(pl.col("room").first()))
        .select(pl.col("row").explode(), pl.lit(value=True).alias("beyond"))
    )
    return (
        graded.join(beyond, on="row", how="left", maintain_order="left")
        .with_columns(also(FILTERED + BEYOND, pl.col("beyond")))
        .drop("beyond")
    )


def _of_list(total: pl.Expr) -> pl.Expr:
    return total.over("query_id")
