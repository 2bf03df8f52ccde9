"""Rows as the log has them to what the graph reads: dense numbers and pooled vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ltr.exported.errors import ExportedError
from ltr.exported.ids import IdTable
from ltr.exported.numbers import NumberScale, as_numbers
from ltr.exported.tables import Floats, Integers

MISSING = ":missing"
"""Follows the name of a number in the name of the feature that says where it is missing."""

Ids = tuple[Integers, Integers | None]
"""Rows of a table, and how many belong to each row; None: one to each."""


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """One column of the log and how it is encoded."""

    side: str
    """``query`` or ``document``."""
    name: str
    encoding: IdTable | NumberScale
    missing: bool = False
    """Whether a number brings a feature that says where it is missing."""

    @property
    def key(self) -> str:
        """Its name in the model."""
        return f"{self.side}/{self.name}"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Features as the towers read them, by ``side/name``; the form that lists on disk have."""

    lengths: Integers
    """[lists], documents per list."""
    numbers: Mapping[str, Floats]
    ids: Mapping[str, Ids]


def encode(
    columns: Sequence[Column], rows: Mapping[str, Sequence[Any]], lengths: Integers
) -> Encoded:
    """Encode rows.

    Raises:
        ExportedError: A column is missing, too short or too long, or holds something else.
    """
    numbers: dict[str, Floats] = {}
    ids: dict[str, Ids] = {}
    for column in columns:
        values = _values(column, rows, lengths)
        if isinstance(column.encoding, IdTable):
            ids[column.key] = column.encoding.encode(column.name, values)
            continue
        found = column.encoding.prepared(as_numbers(column.name, values))
        numbers[column.key] = column.encoding.scaled(found, lengths).astype(np.float32)
        if column.missing:
            numbers[column.key + MISSING] = np.isnan(found).astype(np.float32)
    return Encoded(lengths, numbers, ids)


def _values(column: Column, rows: Mapping[str, Sequence[Any]], lengths: Integers) -> Sequence[Any]:
    """The values of a column: one per document, or one per list if it is the query's."""
    values = rows.get(column.key, rows.get(column.name))
    if values is None:
        msg = f"the rows must have all columns that the model reads; {column.name!r} is missing"
        raise ExportedError(msg)
    lists, docs = len(lengths), int(lengths.sum())
    if len(values) == (lists if column.side == "query" else docs):
        return values
    if column.side == "query" and len(values) == docs:
        return _firsts(values, lengths)
    wanted = f"{docs} values, one per document"
    if column.side == "query":
        wanted = f"{lists} values, one per list, or {wanted}"
    msg = f"column {column.name!r} must have {wanted}; got {len(values)}"
    raise ExportedError(msg)


def _firsts(values: Sequence[Any], lengths: Integers) -> list[Any]:
    """The value of each list's first document; None of a list without any."""
    starts = (np.cumsum(lengths) - lengths).tolist()
    return [
        values[start] if length else None
        for start, length in zip(starts, lengths.tolist(), strict=True)
    ]
