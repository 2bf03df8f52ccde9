"""From a log's own columns to the pipeline's: what ``prepare`` reads, for rows to be scored."""

from collections.abc import Iterable

import polars as pl

from pipelines.contracts import ColumnKind
from pipelines.stages.columns import Columns


def from_log(
    log: pl.LazyFrame, features: Iterable[tuple[str, str, ColumnKind]], query: str | None
) -> pl.LazyFrame:
    """Select features, each given as (column of the log, column of the pipeline, kind).

    Raises:
        LogError: A column is missing, or holds another kind of value.
    """
    columns = Columns(log.collect_schema(), "the rows to encode")
    chosen = [
        columns.of_kind(kind, name, "the encoder").alias(column) for name, column, kind in features
    ]
    if query is not None:
        chosen.insert(0, columns.id(query, "the query").alias("query_id"))
    return log.select(chosen)
