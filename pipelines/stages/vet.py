"""Vet: the columns that lists are made by, beside those that the model sees.

They are called ``list/<use>``: ``list/order`` orders a list, ``list/part`` parts lists,
``list/key`` must not be in two parts, ``list/known_at`` is when the features were computed.

in   contracts.impressions_schema + ``reason`` + ``list/`` columns
out  the same rows and columns, ``reason`` extended
"""

from collections.abc import Iterator

import polars as pl

from pipelines.config import Job
from pipelines.contracts import KEY, KNOWN_AT, ORDER, PART_COLUMN, PARTS
from pipelines.errors import LogError
from pipelines.stages.columns import Columns
from pipelines.stages.validate import also
from pipelines.stages.weights import weight_rules

FUTURE = "a feature was computed after it was shown"
NO_KEY = "split.column is null"
NO_PART = f"split.column is none of {', '.join(PARTS)}"
REASONS = (FUTURE, NO_KEY, NO_PART)


def list_columns(columns: Columns, job: Job) -> Iterator[pl.Expr]:
    """Yield the ``list/`` columns of a file of the log.

    Raises:
        LogError: The file lacks one, or holds another kind of value in it.
    """
    if job.lists.order:
        yield _orderable(columns, job.lists.order).alias(ORDER)
    if job.split.column:
        yield columns.id(job.split.column, "split.column").alias(PART_COLUMN)
    if job.leakage.key:
        yield columns.id(job.leakage.key, "leakage.key").alias(KEY)
    if job.leakage.known_at and job.log.time:
        times = [_time_like(columns, name, job.log.time) for name in job.leakage.known_at]
        yield pl.max_horizontal(times).alias(KNOWN_AT)


def vet(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Give rows of which no list can be made honestly their reason.

    A feature whose time is null is taken to have been known.
    """
    rules = weight_rules(_weighted(job))
    if job.leakage.known_at:
        rules[FUTURE] = pl.col(KNOWN_AT) > pl.col("time")
    if job.split.by == "hash" and job.split.column:
        rules[NO_KEY] = pl.col(PART_COLUMN).is_null()
    if job.split.by == "column":
        rules[NO_PART] = ~pl.col(PART_COLUMN).cast(pl.String).is_in(PARTS).fill_null(value=False)
    for reason, broken in rules.items():
        impressions = impressions.with_columns(also(reason, broken))
    return impressions


def _weighted(job: Job) -> list[str]:
    sides = job.features.sides.items()
    return [f"{side}/{name}" for side, chosen in sides for name in chosen.weights]


def _orderable(columns: Columns, name: str) -> pl.Expr:
    column = columns.any(name, "lists.order")
    if (dtype := columns.schema[name]).is_nested():
        rule = f"{columns.table}: lists.order: column {name!r} must hold single values"
        raise LogError(stage="read", rule=rule, found=str(dtype))
    return column


def _time_like(columns: Columns, name: str, log_time: str) -> pl.Expr:
    """Return a time that can be compared with the log's: of its kind, with a zone if that has."""
    known = columns.time(name, "leakage.known_at")
    kinds = [_clock(columns.schema[column]) for column in (log_time, name)]
    if kinds[0] != kinds[1]:
        rule = f"leakage.known_at: column {name!r} must tell time as log.time does, in {kinds[0]}"
        raise LogError(stage="read", rule=f"{columns.table}: {rule}", found=kinds[1])
    return known


def _clock(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "whole numbers"
    zone = isinstance(dtype, pl.Datetime) and dtype.time_zone
    return "datetimes with a zone" if zone else "datetimes without a zone"
