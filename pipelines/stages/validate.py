"""Validate: say of every impression whether it can be used, and if not, why.

in   contracts.impressions_schema   one row per document shown, as the log has it
out  the same rows in the same order, plus ``reason``: null, or the first rule that the row breaks
"""

from datetime import datetime

import numpy as np
import polars as pl

from pipelines.contracts import REASON
from pipelines.stages.clocks import is_from

RULES = {
    "query is null": pl.col("query_id").is_null(),
    "document is null": pl.col("document_id").is_null(),
    "time is null": pl.col("time").is_null(),
    "position is null or above 2147483647": pl.col("position").is_null(),
    "position is below 1": pl.col("position") < 1,
}
LATE = "time is after the last day of the window"
DUPLICATE = "document is already in this query"
REASONS = (*RULES, LATE, DUPLICATE)


def validate(impressions: pl.LazyFrame, end: datetime | None = None) -> pl.LazyFrame:
    """Add ``reason``. Of a document that a query shows twice, the first row of the log is kept.

    Args:
        impressions: The rows.
        end: When the last day of the log is over, in UTC; None: no row can be too late.
    """
    schema = impressions.collect_schema()
    rules = RULES if end is None else {**RULES, LATE: is_from(end, schema["time"])}
    flagged = impressions.with_columns(first_reason(rules))
    numbered = all(isinstance(schema[name], pl.Enum) for name in ("query_id", "document_id"))
    pair = _as_number() if numbered else pl.struct("query_id", "document_id")
    # Among the usable rows only: what a row that cannot be used shows is not shown.
    usable = pl.when(pl.col(REASON).is_null()).then(pair)
    first = (
        usable.map_batches(is_first_number, return_dtype=pl.Boolean)
        if numbered
        else usable.is_first_distinct()
    )
    return flagged.with_columns(also(DUPLICATE, ~first))


def _as_number() -> pl.Expr:
    """Query and document as one number: compared several times as fast as texts are."""
    query, document = (pl.col(name).to_physical() for name in ("query_id", "document_id"))
    return query.cast(pl.UInt64) * 2**32 + document


def is_first_number(numbers: pl.Series) -> pl.Series:
    """Say of each number whether it is the first of its kind; for few that are there twice.

    To sort numbers takes a tenth of the time that a table of all of them does.

    Example:
        >>> is_first_number(pl.Series([7, 3, None, 7], dtype=pl.UInt64)).to_list()
        [True, True, True, False]
    """
    ordered = np.sort(numbers.drop_nulls().to_numpy())
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    places = numbers.is_in(pl.Series(repeated).implode()).arg_true()
    first = np.ones(len(numbers), np.bool_)
    first[places] = numbers.gather(places).is_first_distinct()
    return pl.Series(numbers.name, first)


def first_reason(rules: dict[str, pl.Expr]) -> pl.Expr:
    """Return the column ``reason``: the first rule (reason to condition) that holds, or null."""
    reasons = [pl.when(broken).then(pl.lit(reason)) for reason, broken in rules.items()]
    return pl.coalesce(reasons).alias(REASON)


def also(reason: str, broken: pl.Expr) -> pl.Expr:
    """Return ``reason`` extended by one rule, for rows that break none so far."""
    return (
        pl.when(pl.col(REASON).is_null() & broken)
        .then(pl.lit(reason))
        .otherwise(REASON)
        .alias(REASON)
    )
