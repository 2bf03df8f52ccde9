"""Rows as the log has them to what the graph reads: dense numbers and pooled vectors."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ltr.exported.errors import ExportedError
from ltr.exported.id_weights import Given
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

    @property
    def weights(self) -> str | None:
        """The column of the log that has its ids' weights; None where it has none."""
        return self.encoding.weights if isinstance(self.encoding, IdTable) else None

    @property
    def names(self) -> tuple[str, ...]:
        """All columns of the log that it is read from."""
        return (self.name,) if self.weights is None else (self.name, self.weights)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Features as the towers read them, by ``side/name``; the form that lists on disk have."""

    lengths: Integers
    """[lists], documents per list."""
    numbers: Mapping[str, Floats]
    ids: Mapping[str, Ids]
    weights: Mapping[str, Floats] = field(default_factory=dict)
    """Of the ids of columns that have weights."""


def encode(
    columns: Sequence[Column], rows: Mapping[str, Sequence[Any]], lengths: Integers
) -> Encoded:
    """Encode rows.

    Raises:
        ExportedError: A column is missing, too short or too long, or holds something else.
    """
    numbers: dict[str, Floats] = {}
    ids: dict[str, Ids] = {}
    weights: dict[str, Floats] = {}
    for column in columns:
        values, *rest = (_values(column.side, name, rows, lengths) for name in column.names)
        encoding = column.encoding
        if isinstance(encoding, NumberScale):
            numbers.update(_numbers(column, encoding, values, lengths))
        elif column.weights is None:
            ids[column.key] = encoding.encode(column.name, values)
        else:
            of_rows = "queries" if column.side == "query" else "documents"
            given = Given(column.weights, of_rows, *rest)
            found = encoding.encode_weighted(column.name, values, given)
            ids[column.key], weights[column.key] = found[:2], found[2]
    return Encoded(lengths, numbers, ids, weights)


def _numbers(
    column: Column, scale: NumberScale, values: Sequence[Any], lengths: Integers
) -> Iterator[tuple[str, Floats]]:
    found = scale.prepared(as_numbers(column.name, values))
    yield column.key, scale.scaled(found, lengths).astype(np.float32)
    if column.missing:
        yield column.key + MISSING, np.isnan(found).astype(np.float32)


def _values(
    side: str, name: str, rows: Mapping[str, Sequence[Any]], lengths: Integers
) -> Sequence[Any]:
    """The values of a column: one per document, or one per list if it is the query's."""
    values = rows.get(f"{side}/{name}", rows.get(name))
    if values is None:
        msg = f"the rows must have all columns that the model reads; {name!r} is missing"
        raise ExportedError(msg)
    lists, docs = len(lengths), int(lengths.sum())
    if len(values) == (lists if side == "query" else docs):
        return values
    if side == "query" and len(values) == docs:
        return _firsts(values, lengths)
    wanted = f"{docs} values, one per document"
    if side == "query":
        wanted = f"{lists} values, one per list, or {wanted}"
    msg = f"column {name!r} must have {wanted}; got {len(values)}"
    raise ExportedError(msg)


def _firsts(values: Sequence[Any], lengths: Integers) -> list[Any]:
    """The value of each list's first document; None of a list without any."""
    starts = (np.cumsum(lengths) - lengths).tolist()
    return [
        values[start] if length else None
        for start, length in zip(starts, lengths.tolist(), strict=True)
    ]
