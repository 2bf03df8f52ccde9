"""Attribute: find the impression that each event belongs to, and what its events add up to.

An event names a session and a document, not a request. It belongs to the latest usable impression
of that document in that session at or before the event, if that is no longer ago than the window.

in   impressions: row, session_id, document_id, time, reason; contracts.events_schema
out  attribute: the events plus ``impression`` (the impression's row, null where the event has none)
                and ``reason``
     tally:     one row per impression that has events: impression, ``log/<column>``
     count:     the impressions plus ``log/<column>`` for every column that the events give

``attribute`` needs a session's impressions and events together, ``tally`` an impression's events.
"""

from collections.abc import Iterator

import polars as pl

from pipelines.config import Events, microseconds
from pipelines.contracts import REASON
from pipelines.errors import ConfigError
from pipelines.stages.validate import also, first_reason

UNMATCHED = "no impression of that document in that session at or before it"
LATE = "later after its impression than events.window"
NOT_COUNTED = "action is not counted"


def attribute(impressions: pl.LazyFrame, events: pl.LazyFrame, names: Events) -> pl.LazyFrame:
    """Add ``impression`` and ``reason`` to every event.

    Two impressions of a document at the same time: the later row of the log is taken.
    """
    flagged = events.with_columns(
        first_reason(
            {
                "session is null": pl.col("session_id").is_null(),
                "document is null": pl.col("document_id").is_null(),
                "time is null": pl.col("time").is_null(),
                "action is null": pl.col("action").is_null(),
                NOT_COUNTED: ~pl.col("action").is_in(sorted(names.actions)),
            }
        )
    )
    candidates = impressions.filter(
        pl.col(REASON).is_null() & pl.col("session_id").is_not_null()
    ).select("session_id", "document_id", "time", impression="row", shown_at="time")
    joined = flagged.sort("time", nulls_last=True, maintain_order=True).join_asof(
        candidates.sort("time", "impression"),
        on="time",
        by=["session_id", "document_id"],
        strategy="backward",
        check_sortedness=False,  # polars cannot see it within groups; both are sorted right here
    )
    judged = joined.with_columns(also(UNMATCHED, pl.col("impression").is_null()))
    if names.window is not None:
        judged = judged.with_columns(also(LATE, _age() > _window(names.window)))
    attributed = pl.when(pl.col(REASON).is_null()).then("impression").alias("impression")
    return judged.with_columns(attributed).drop("shown_at")


def tally(attributed: pl.LazyFrame, names: Events) -> pl.LazyFrame:
    """Add up the events of each impression that has any."""
    used = attributed.filter(pl.col(REASON).is_null())
    return used.group_by("impression").agg(_columns(names))


def count(impressions: pl.LazyFrame, tallies: pl.LazyFrame, names: Events) -> pl.LazyFrame:
    """Add the columns that the events give: without an event counts and sums are 0, maxima null."""
    joined = impressions.join(
        tallies,
        left_on="row",
        right_on="impression",
        how="left",
        maintain_order="left",
    )
    zero = [f"log/{name}" for name in (*names.counts, *names.sums)]
    return joined.with_columns(pl.col(zero).fill_null(0))


def check_window(names: Events, time: pl.DataType) -> None:
    """Refuse a window that the log's clock cannot measure.

    Raises:
        ConfigError: A time span for whole numbers, or a whole number for datetimes.
    """
    if names.window is None or isinstance(names.window, int) == (time == pl.Int64):
        return
    if time == pl.Int64:
        rule = "must be a whole number, as the log's times are"
    else:
        rule = "must be a time span such as '30m', since the log's times are datetimes"
    raise ConfigError(key="events.window", rule=rule, found=names.window)


def _columns(names: Events) -> Iterator[pl.Expr]:
    action = pl.col("action")
    for name, counted in names.counts.items():
        yield (action == counted).sum().cast(pl.UInt32).alias(f"log/{name}")
    for name, one in names.sums.items():
        values = pl.col(f"value/{one.value}").filter(action == one.action)
        # In one order: a sum of floats must not depend on how the events came together. It is
        # a running sum since polars leaves out a sort before a plain one.
        added = values.drop_nulls().sort().cum_sum().last()
        yield added.fill_null(0).alias(f"log/{name}")
    for name, one in names.maxima.items():
        values = pl.col(f"value/{one.value}").filter(action == one.action)
        yield values.max().alias(f"log/{name}")


def _age() -> pl.Expr:
    return pl.col("time") - pl.col("shown_at")


def _window(window: int | str) -> pl.Expr:
    if isinstance(window, int):
        return pl.lit(window, dtype=pl.Int64)
    return pl.lit(microseconds(window), dtype=pl.Int64).cast(pl.Duration("us"))
