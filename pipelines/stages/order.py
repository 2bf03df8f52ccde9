"""The order of documents within their list: total, so that a list is the same on every run."""

from collections.abc import Sequence
from typing import Literal

import polars as pl

from pipelines.contracts import ORDER

Direction = Literal["ascending", "descending"]


def in_order(rows: pl.LazyFrame, first: Sequence[str], direction: Direction) -> pl.LazyFrame:
    """Sort rows by the columns ``first`` and then in the order of their list.

    That is by ``list/order``, if the rows have it, nulls last; then by logged position; and of two
    documents in one place by document.
    """
    order = [ORDER] if ORDER in rows.collect_schema() else []
    by = [*first, *order, "position", "document_id"]
    falling = [name == ORDER and direction == "descending" for name in by]
    return rows.sort(by, descending=falling, nulls_last=True)
