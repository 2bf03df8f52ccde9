"""Attribute: find the impression that each event belongs to, and count events per impression.

An event names a session and a document, not a request. It belongs to the latest usable impression
of that document in that session at or before the event.

in   contracts.impressions_schema + ``reason``, contracts.events_schema
out  attribute: the events plus ``impression`` (the impression's row) and ``reason``
     count:     the impressions plus one ``log/<count>`` column per counted action
"""

from collections.abc import Mapping

import polars as pl

from pipelines.contracts import REASON
from pipelines.stages.validate import also, first_reason

UNMATCHED = "no impression of that document in that session at or before it"


def attribute(
    impressions: pl.LazyFrame, events: pl.LazyFrame, counts: Mapping[str, str]
) -> pl.LazyFrame:
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
                "action is not counted": ~pl.col("action").is_in(list(counts.values())),
            }
        )
    )
    candidates = impressions.filter(
        pl.col(REASON).is_null() & pl.col("session_id").is_not_null()
    ).select("session_id", "document_id", "time", impression=pl.col("row"))
    joined = flagged.sort("time", nulls_last=True, maintain_order=True).join_asof(
        candidates.sort("time", "impression"),
        on="time",
        by=["session_id", "document_id"],
        strategy="backward",
        check_sortedness=False,  # polars cannot see it within groups; both are sorted right here
    )
    return joined.with_columns(also(UNMATCHED, pl.col("impression").is_null()))


def count(
    impressions: pl.LazyFrame, attributed: pl.LazyFrame, counts: Mapping[str, str]
) -> pl.LazyFrame:
    """Add the number of attributed events of each action, 0 where there is none."""
    columns = {f"log/{name}": action for name, action in counts.items()}
    per_impression = (
        attributed.filter(pl.col(REASON).is_null())
        .group_by("impression")
        .agg((pl.col("action") == action).sum().alias(name) for name, action in columns.items())
    )
    joined = impressions.join(
        per_impression, left_on="row", right_on="impression", how="left", maintain_order="left"
    )
    return joined.with_columns(pl.col(list(columns)).fill_null(0))
