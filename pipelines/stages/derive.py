"""Derive: what people must have seen of a list, told by what they acted on.

Whoever acts on a document has most likely looked at those above it, and nobody knows of those
below (Joachims et al., Accurately Interpreting Clickthrough Data as Implicit Feedback, SIGIR 2005:
"click > skip above", eye-tracked).

in   contracts.impressions_schema + ``reason`` + ``log/`` columns, whole queries
out  the same rows plus, with ``[acted]``, the ``log/`` columns acted, skipped, examined, num_acted
"""

import polars as pl

from pipelines.config import Job
from pipelines.contracts import REASON
from pipelines.stages.conditions import evaluate

WHEN = "acted.when"


def derive(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Add what rules and filters may read of the list around a document.

    ``acted`` a usable row on which ``acted.when`` holds; ``num_acted`` how many of the list;
    ``skipped`` not acted on, above a document that was; ``examined`` at or above the lowest
    document acted on, or at most ``acted.beyond`` positions below it. In a list without an action
    nothing is skipped and nothing is examined.
    """
    if job.acted is None:
        return impressions
    acted, position = pl.col("log/acted"), pl.col("position")
    usable = pl.col(REASON).is_null()
    lowest = pl.when(acted).then(position).max().over("query_id").cast(pl.Int64)
    return (
        evaluate(impressions, {"log/acted": (WHEN, job.acted.when)})
        .with_columns(acted & usable)
        .with_columns(
            (usable & ~acted & (position < lowest)).fill_null(value=False).alias("log/skipped"),
            (usable & (position <= lowest + job.acted.beyond))
            .fill_null(value=False)
            .alias("log/examined"),
            acted.sum().over("query_id").cast(pl.UInt32).alias("log/num_acted"),
        )
    )
