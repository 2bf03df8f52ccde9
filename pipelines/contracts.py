"""The columns that pass between the stages: one schema per arrow.

A column's name says where it comes from: plain names are the pipeline's own, ``log/<column>`` is a
column of the log (or one made of events) that grade rules and filters read, ``list/<use>`` one that
lists are ordered, parted or checked by, ``query/<column>`` and ``document/<column>`` are features,
``value/<column>`` is a number of an event. So no column of a log can collide with one of ours.

```
IMPRESSIONS ─validate─▶ + reason ─count, derive─▶ + log/<made>
            ─filters, vet, observe, label─▶ GRADED
EVENTS ─attribute─▶ + impression, reason ─tally─▶ what count joins
GRADED ─limit, split─▶ + list_time, part ─encode─▶ ENCODED ─group─▶ LISTS
```
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

import polars as pl

from ltr.data.manifest import WEIGHTS, SplitName
from pipelines.config import MISSING, FeatureKind, Features, Propensity
from pipelines.errors import LogError

REASON = "reason"
"""Null where a row is usable, else why it is not: such a row is filtered or rejected."""

FILTERED = "filter: "
"""What the reason of a row begins with that is left out on purpose: its filter's name follows."""

ORDER, PART_COLUMN, KEY, KNOWN_AT = "list/order", "list/part", "list/key", "list/known_at"

PARTS: tuple[SplitName, ...] = ("train", "validation", "test")

ColumnKind = FeatureKind | Literal["weights"]
"""Of a column that passes between the stages; weights belong to the ids of the same row."""

RAW_TYPES: dict[ColumnKind, pl.DataType] = {
    "id": pl.String(),
    "ids": pl.List(pl.String),
    "number": pl.Float64(),
    "weights": pl.List(pl.Float64),
}
ENCODED_TYPES: dict[ColumnKind, pl.DataType] = {
    "id": pl.Int64(),
    "ids": pl.List(pl.Int64),
    "number": pl.Float32(),
    "weights": pl.List(pl.Float32),
}


def feature_columns(features: Features) -> Iterator[tuple[str, str, ColumnKind]]:
    """Yield (column of the pipeline, column of the log, kind) of every feature before encoding.

    Weights follow the ids that they belong to.
    """
    for side, chosen in features.sides.items():
        for name, kind in chosen.kinds.items():
            yield f"{side}/{name}", name, kind
            if name in chosen.weights:
                yield f"{side}/{name}{WEIGHTS}", chosen.weights[name], "weights"


def encoded_columns(features: Features) -> Iterator[tuple[str, ColumnKind]]:
    """Yield (column, kind) of every feature of the lists.

    An id with several hash functions becomes many ids; a number may bring a second one that says
    where it is missing, and many ids their weights.
    """
    for side, chosen in features.sides.items():
        for name, kind in chosen.kinds.items():
            settings = chosen.column(name)
            yield f"{side}/{name}", "ids" if kind == "id" and settings.hashes > 1 else kind
            if settings.missing:
                yield f"{side}/{name}{MISSING}", "number"
            if name in chosen.weights:
                yield f"{side}/{name}{WEIGHTS}", "weights"


def impressions_schema(features: Features, time: pl.DataType) -> pl.Schema:
    """One row per document shown. The log's own ``log/`` columns follow, of any type."""
    raw = {column: RAW_TYPES[kind] for column, _, kind in feature_columns(features)}
    return pl.Schema(
        {
            "row": pl.Int64(),
            "query_id": pl.String(),
            "document_id": pl.String(),
            "session_id": pl.String(),
            "time": time,
            "position": pl.Int32(),
            **raw,
        }
    )


def events_schema(time: pl.DataType, values: Iterable[str] = ()) -> pl.Schema:
    """One row per action that somebody took, and what the columns ``values`` of the events say."""
    return pl.Schema(
        {
            "session_id": pl.String(),
            "document_id": pl.String(),
            "time": time,
            "action": pl.String(),
            **{f"value/{name}": pl.Float64() for name in values},
        }
    )


def observed_columns(propensity: Propensity | None) -> dict[str, pl.DataType]:
    """What is kept of an impression for the sake of propensities.

    A propensity that the log gives; or what one is estimated from: ``clicked``, ``shuffled`` (of
    lists in random order) and ``same`` (equal where a click is equally likely once examined).
    """
    if propensity is None:
        return {}
    if propensity.estimate is None:
        return {"propensity": pl.Float32()}
    if propensity.estimate == "randomisation":
        return {"clicked": pl.Boolean(), "shuffled": pl.Boolean()}
    return {"clicked": pl.Boolean(), "same": pl.String()}


def graded_schema(
    features: Features, time: pl.DataType, propensity: Propensity | None = None
) -> pl.Schema:
    """Impressions with their grade and the reason why they cannot be used, if any."""
    rows = impressions_schema(features, time)
    observed = observed_columns(propensity)
    return pl.Schema({**rows, REASON: pl.String(), **observed, "grade": pl.UInt8()})


def list_types(schema: Mapping[str, pl.DataType], *names: str) -> dict[str, pl.DataType]:
    """Return the ``list/`` columns of a schema, all or those of the given names."""
    ours = {name: dtype for name, dtype in schema.items() if name.startswith("list/")}
    return {name: dtype for name, dtype in ours.items() if name in (names or ours)}


def encoded_schema(
    features: Features, time: pl.DataType, propensity: Propensity | None = None
) -> pl.Schema:
    """Usable impressions of one part as numbers: what ``group`` makes lists of."""
    encoded = {column: ENCODED_TYPES[kind] for column, kind in encoded_columns(features)}
    return pl.Schema({**own_schema(time, propensity), **encoded})


def own_schema(time: pl.DataType, propensity: Propensity | None = None) -> pl.Schema:
    """What rows of lists have beside their features, whatever encodes those."""
    return pl.Schema(
        {
            "query_id": pl.String(),
            "time": time,
            "document_id": pl.String(),
            "position": pl.Int32(),
            "grade": pl.UInt8(),
            **({"propensity": pl.Float32()} if propensity else {}),
        }
    )


def require(frame: pl.LazyFrame, schema: pl.Schema, stage: str) -> pl.LazyFrame:
    """Return ``frame`` with exactly the columns of ``schema``; text may be Enum, see ``is_text``.

    Raises:
        LogError: A column is missing or of another type.
    """
    got = frame.collect_schema()
    for name, dtype in schema.items():
        if not is_like(got.get(name), dtype):
            raise LogError(
                stage=stage,
                rule=f"column {name!r} must be {dtype}",
                found=str(got.get(name, "no column")),
            )
    return frame.select(schema.names())


def is_text(dtype: pl.DataType | None) -> bool:
    """Whether a column holds text or lists of text; within a partition it may do so as numbers."""
    inner = dtype.inner if isinstance(dtype, pl.List) else dtype
    return inner in (pl.String, pl.Categorical, pl.Enum)


def is_like(found: pl.DataType | None, expected: pl.DataType) -> bool:
    """Whether a column is of the expected type, or holds its text as numbers."""
    both_lists = isinstance(found, pl.List) == isinstance(expected, pl.List)
    return found == expected or (both_lists and is_text(found) and is_text(expected))
