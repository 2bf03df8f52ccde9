"""The order of documents within their list: total, so that a list is the same on every run."""

from collections.abc import Iterable, Sequence
from typing import Literal

import polars as pl

from pipelines.contracts import ORDER

Direction = Literal["ascending", "descending"]


def in_order(rows: pl.LazyFrame, first: Sequence[str], direction: Direction) -> pl.LazyFrame:
    """Sort rows by the columns ``first`` and then in the order of their list."""
    by, falling = document_order(rows.collect_schema(), direction)
    return rows.sort(*first, *by, descending=[*(False for _ in first), *falling], nulls_last=True)


def document_order(names: Iterable[str], direction: Direction) -> tuple[list[str], list[bool]]:
    """Return the columns that order documents, and for each whether it falls; nulls go last.

    That is ``list/order``, if it is among ``names``; then the logged position; and of two documents
    in one place the document.
    """
    if ORDER not in names:
        return ["position", "document_id"], [False, False]
    return [ORDER, "position", "document_id"], [direction == "descending", False, False]
