"""Split: training, validation and test part; a list is never cut.

in   contracts.graded_schema, whole queries
out  the same rows plus ``list_time`` and ``part``, both null where the row is not usable

Only the split by time looks beyond a list: ``cuts`` needs the times of all lists of the log.
"""

from dataclasses import dataclass
from datetime import datetime

import polars as pl

from pipelines.config import Parts
from pipelines.contracts import PART_COLUMN, PARTS, REASON
from pipelines.hashing import hash64

PART = pl.Enum(PARTS)
USABLE = pl.col(REASON).is_null()


@dataclass(frozen=True, slots=True)
class Cuts:
    """When validation and test part begin; None where there is no list left for them."""

    validation_from: int | datetime | None
    test_from: int | datetime | None


def split(graded: pl.LazyFrame, parts: Parts) -> pl.LazyFrame:
    """Add ``list_time`` and ``part`` to all rows of a log; this runs the plan.

    By time, the latest ``parts.test`` of the lists are the test part, the latest
    ``parts.validation`` of the rest the validation part. Lists of the same time are never parted,
    so that no part has seen the moment on which another is judged.
    """
    stamped = stamp(graded).collect()
    times = list_times(stamped.lazy()).collect().to_series()
    return assign(stamped.lazy(), parts, cuts(times, parts))


def stamp(graded: pl.LazyFrame) -> pl.LazyFrame:
    """Add ``list_time``: when the list was first shown."""
    first_shown = pl.when(USABLE).then("time").min().over("query_id")
    return graded.with_columns(pl.when(USABLE).then(first_shown).alias("list_time"))


def list_times(stamped: pl.LazyFrame) -> pl.LazyFrame:
    """Return the column ``list_time`` with one value per list, in no order."""
    return stamped.filter(USABLE).unique("query_id").select("list_time")


def cuts(times: pl.Series, parts: Parts) -> Cuts:
    """Find the cuts between the parts.

    Args:
        times: The times of all lists of the log, in any order.
        parts: The shares.

    Example:
        >>> cuts(pl.Series(range(10)), Parts(validation=0.2, test=0.3))
        Cuts(validation_from=5, test_from=7)
    """
    ordered = times.sort()
    return Cuts(
        _at(ordered, 1 - parts.test - parts.validation),
        _at(ordered, 1 - parts.test),
    )


def assign(stamped: pl.LazyFrame, parts: Parts, cuts: Cuts | None = None) -> pl.LazyFrame:
    """Add ``part``.

    Args:
        stamped: Rows with ``list_time``.
        parts: What decides; by hash or by column each row is given the part of its own key, and
            ``pipelines.stages.leakage`` refuses a list that would be in two.
        cuts: Needed to split by time.
    """
    match parts.by:
        case "time":
            if cuts is None:
                msg = "to split by time the cuts are needed; got None"
                raise ValueError(msg)
            part = _by_time(cuts)
        case "hash":
            part = _by_hash(parts)
        case "column":
            part = pl.col(PART_COLUMN).cast(pl.String)
    return stamped.with_columns(pl.when(USABLE).then(part).cast(PART).alias("part"))


def _by_time(cuts: Cuts) -> pl.Expr:
    time = pl.col("list_time")
    return _first_of(time >= pl.lit(cuts.test_from), time >= pl.lit(cuts.validation_from))


def _by_hash(parts: Parts) -> pl.Expr:
    """Part by a number from 0 to 1 that hangs on the key and the seed alone.

    It is made of the hash's upper bits: the lower ones choose the partition of a query.
    """
    key = pl.col(PART_COLUMN if parts.column else "query_id")
    number = (hash64(key, parts.seed) // 2**11).cast(pl.Float64) / 2**53
    if parts.folds is None:
        return _first_of(number < parts.test, number < parts.test + parts.validation)
    fold = (number * parts.folds).floor()
    return _first_of(fold == parts.fold, fold == (parts.fold + 1) % parts.folds)


def _first_of(test: pl.Expr, validation: pl.Expr) -> pl.Expr:
    return (
        pl.when(test)
        .then(pl.lit("test"))
        .when(validation)
        .then(pl.lit("validation"))
        .otherwise(pl.lit("train"))
    )


def _at(ordered: pl.Series, share: float) -> int | datetime | None:
    number = int(len(ordered) * share + 1e-9)  # 1 - .3 - .2 is just below .5
    return ordered[number] if number < len(ordered) else None
