"""From a log's own columns to the pipeline's: what ``prepare`` reads, for rows to be scored."""

from collections.abc import Iterable

import polars as pl

from pipelines.config import FeatureKind
from pipelines.stages.columns import Columns


def from_log(
    log: pl.LazyFrame, features: Iterable[tuple[str, str, FeatureKind]], query: str | None
) -> pl.LazyFrame:
    """Select features, each given as (column of the log, column of the pipeline, kind).

    Raises:
        LogError: A column is missing, or holds another kind of value.
    """
    columns = Columns(log.collect_schema(), "the rows to encode")
    read = {"id": columns.id, "ids": columns.id_list, "number": columns.number}
    chosen = [read[kind](name, "the encoder").alias(column) for name, column, kind in features]
    if query is not None:
        chosen.insert(0, columns.id(query, "the query").alias("query_id"))
    return log.select(chosen)
