"""Limit: leave out lists that are too short to rank or too long to be a person's.

in   contracts.graded_schema
out  the same rows, ``reason`` extended
"""

import polars as pl

from pipelines.config import ListLimits
from pipelines.contracts import REASON
from pipelines.stages.validate import also

SHORT = "list is shorter than lists.min_documents"
LONG = "list is longer than lists.max_documents"


def limit(graded: pl.LazyFrame, limits: ListLimits) -> pl.LazyFrame:
    """Give all rows of a list outside the limits their reason; only usable rows are counted."""
    length = pl.col(REASON).is_null().sum().over("query_id")
    return graded.with_columns(
        also(SHORT, length < limits.min_documents),
    ).with_columns(also(LONG, length > limits.max_documents))
