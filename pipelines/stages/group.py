"""Group: rows to lists, one row a list.

in   contracts.encoded_schema + ``list/order`` if the job has it, one row per document
out  the columns of a shard (see ``ltr.data.manifest``), lists in the order of their times
"""

import polars as pl

from pipelines.contracts import ORDER
from pipelines.stages.order import Direction, in_order


def varying(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row: for each query feature, the number of lists within which it differs.

    Rows of a list must stand together.

    Such a column belongs to the documents, or the query's id is no query's; ``group`` takes the
    first document's value, so somebody should be told.
    """
    columns = [name for name in rows.collect_schema().names() if name.startswith("query/")]
    # A list is a run of rows: if no row differs from the one before it, none differs at all.
    follows = pl.col("query_id") == pl.col("query_id").shift()
    differs = [follows & pl.col(name).ne_missing(pl.col(name).shift()) for name in columns]
    return rows.select(
        pl.col("query_id").filter(one).n_unique().alias(name)
        for name, one in zip(columns, differs, strict=True)
    )


def group(encoded: pl.LazyFrame, direction: Direction = "ascending") -> pl.LazyFrame:
    """Gather each query's documents, in their order, into one row.

    A list's time and query features are those of its first document.
    """
    names = [name for name in encoded.collect_schema().names() if name != ORDER]
    of_query = [name for name in names if name == "time" or name.startswith("query/")]
    of_document = [name for name in names if name not in (*of_query, "query_id")]
    return (
        in_order(encoded, ["time", "query_id"], direction)
        .group_by("query_id", maintain_order=True)
        .agg(pl.col(of_query).first(), pl.col(of_document))
        .select(names)
    )
