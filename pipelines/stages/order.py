"""The order of documents within their list: total, so that a list is the same on every run."""

from collections.abc import Iterable
from typing import Literal

from pipelines.contracts import ORDER

Direction = Literal["ascending", "descending"]


def document_order(names: Iterable[str], direction: Direction) -> tuple[list[str], list[bool]]:
    """Return the columns that order documents, and for each whether it falls; nulls go last.

    That is ``list/order``, if it is among ``names``; then the logged position; and of two documents
    in one place the document.
    """
    if ORDER not in names:
        return ["position", "document_id"], [False, False]
    return [ORDER, "position", "document_id"], [direction == "descending", False, False]
