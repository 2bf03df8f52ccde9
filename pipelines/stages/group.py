"""Group: rows to lists, one row a list.

in   contracts.encoded_schema, one row per document
out  the columns of a shard (see ``ltr.data.manifest``), lists in the order of their times
"""

import polars as pl


def group(encoded: pl.LazyFrame) -> pl.LazyFrame:
    """Gather each query's documents, in logged order, into one row.

    A list's time and query features are those of its first document.
    """
    names = encoded.collect_schema().names()
    of_query = [name for name in names if name == "time" or name.startswith("query/")]
    of_document = [name for name in names if name not in (*of_query, "query_id")]
    return (
        encoded.sort("time", "query_id", "position", "document_id")
        .group_by("query_id", maintain_order=True)
        .agg(pl.col(of_query).first(), pl.col(of_document))
        .select(names)
    )
