"""The columns that pass between the stages: one schema per arrow.

A column's name says where it comes from: plain names are the pipeline's own, ``log/<column>`` is a
column of the log (or one made of events) that the grade rules read, ``query/<column>`` and
``document/<column>`` are features. So no column of a log can collide with one of ours.

```
IMPRESSIONS ─validate─▶ + reason ─count, derive─▶ + log/<made> ─label─▶ GRADED
EVENTS ─attribute─▶ + impression, reason ─tally─▶ what count joins
GRADED ─limit, split─▶ + part ─encode─▶ ENCODED ─group─▶ LISTS
```
"""

from collections.abc import Iterable, Iterator

import polars as pl

from ltr.data.manifest import SplitName
from pipelines.config import FeatureKind, Features, Propensity
from pipelines.errors import LogError

REASON = "reason"
"""Null where a row is usable, else why it is not: a row ends in a list or in the rejects."""

PARTS: tuple[SplitName, ...] = ("train", "validation", "test")

RAW_TYPES: dict[FeatureKind, pl.DataType] = {
    "id": pl.String(),
    "ids": pl.List(pl.String),
    "number": pl.Float64(),
}
ENCODED_TYPES: dict[FeatureKind, pl.DataType] = {
    "id": pl.Int64(),
    "ids": pl.List(pl.Int64),
    "number": pl.Float32(),
}


def feature_columns(features: Features) -> Iterator[tuple[str, str, FeatureKind]]:
    """Yield (column of the pipeline, column of the log, kind) of every feature."""
    for side in ("query", "document"):
        for name, kind in getattr(features, side).kinds.items():
            yield f"{side}/{name}", name, kind


def impressions_schema(features: Features, time: pl.DataType) -> pl.Schema:
    """One row per document shown. The log's own ``log/`` columns follow, of any type."""
    raw = {column: RAW_TYPES[kind] for column, _, kind in feature_columns(features)}
    return pl.Schema(
        {
            "row": pl.UInt32(),
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


def encoded_schema(
    features: Features, time: pl.DataType, propensity: Propensity | None = None
) -> pl.Schema:
    """Usable impressions of one part as numbers: what ``group`` makes lists of."""
    encoded = {column: ENCODED_TYPES[kind] for column, _, kind in feature_columns(features)}
    return pl.Schema(
        {
            "query_id": pl.String(),
            "time": time,
            "document_id": pl.String(),
            "position": pl.Int32(),
            "grade": pl.UInt8(),
            **({"propensity": pl.Float32()} if propensity else {}),
            **encoded,
        }
    )


def require(frame: pl.LazyFrame, schema: pl.Schema, stage: str) -> pl.LazyFrame:
    """Return ``frame`` with exactly the columns of ``schema``.

    Raises:
        LogError: A column is missing or of another type.
    """
    got = frame.collect_schema()
    for name, dtype in schema.items():
        if got.get(name) != dtype:
            raise LogError(
                stage=stage,
                rule=f"column {name!r} must be {dtype}",
                found=str(got.get(name, "no column")),
            )
    return frame.select(schema.names())
