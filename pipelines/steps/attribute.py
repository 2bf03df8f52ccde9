"""Attribute: match events with impressions, which lie apart: by session, then back by query."""

from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel

from pipelines.contracts import REASON
from pipelines.spill.coded import as_categories, as_text
from pipelines.spill.hashing import partition_of
from pipelines.spill.pieces import as_frame, read_pieces, write_piece
from pipelines.stages.attribute import attribute
from pipelines.stages.sessions import session_counts
from pipelines.steps.partition import Part, collect, validated

KEYS = ("row", "session_id", "document_id", "time", REASON)
EVENTS_FILE, SESSIONS_FILE = "events.parquet", "sessions.parquet"


class Sent(BaseModel):
    """How many rows were left."""

    rows: int


class Attributed(BaseModel):
    """What became of the events of a partition of sessions."""

    read: int
    attributed: int
    rejected: dict[str, int]


def count_sessions(task: Part, folder: Path) -> Sent:
    """Leave the number of lists that each session has in a partition of queries."""
    counts = collect(as_text(session_counts(validated(task))), "validate")
    counts.write_parquet(folder / SESSIONS_FILE)
    return Sent(rows=counts.height)


def send_keys(task: Part, folder: Path) -> Sent:
    """Leave what events are matched with, of a partition of queries, by session."""
    usable = pl.col(REASON).is_null() & pl.col("session_id").is_not_null()
    home = pl.lit(task.number, pl.UInt16).alias("home")
    keys = collect(validated(task).filter(usable).select(*KEYS, home), "validate")
    partitions = task.context.plan.partitions
    write_piece(keys, partition_of(keys["session_id"], partitions), partitions, folder)
    return Sent(rows=keys.height)


def attribute_events(task: Part, folder: Path) -> Attributed:
    """Leave the attributed events of a partition of sessions by query, and the rejected ones."""
    context = task.context
    assert context.job.events
    # As text: the two sides number it each in their own way.
    keys = as_text(as_frame(read_pieces(context.left_by("match"), task.number)).lazy())
    events = as_text(as_frame(read_pieces(context.left_by("read events"), task.number)).lazy())
    found = attribute(keys.drop("home"), events, context.job.events)
    homes = keys.select(impression="row", home="home")
    matched = found.join(homes, on="impression", how="left", maintain_order="left")
    happened = collect(matched, "attribute")
    rejected = happened.filter(pl.col(REASON).is_not_null()).drop("home")
    rejected.write_parquet(folder / EVENTS_FILE)
    _send_home(happened.filter(pl.col(REASON).is_null()), context.plan.partitions, folder)
    reasons = dict(rejected[REASON].value_counts().iter_rows())
    attributed = happened.height - rejected.height
    return Attributed(read=happened.height, attributed=attributed, rejected=reasons)


def _send_home(attributed: pl.DataFrame, partitions: int, folder: Path) -> None:
    texts = ["session_id", "document_id", "action", REASON]
    coded = as_categories(attributed.lazy(), texts).collect()
    home = coded["home"].to_numpy().astype(np.uint16)
    write_piece(coded.drop("home"), home, partitions, folder)
