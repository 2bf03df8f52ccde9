"""Attribute: match events with impressions, which lie apart: by session, then back by query."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel

from pipelines.contracts import REASON, events_schema
from pipelines.spill.coded import as_categories, as_text
from pipelines.spill.hashing import partition_of
from pipelines.spill.pieces import read_partition, write_piece
from pipelines.stages.attribute import attribute
from pipelines.steps.context import Context, collect
from pipelines.steps.grade import read_valid
from pipelines.steps.reasons import count_reasons

KEYS = ("row", "session_id", "document_id", "time", REASON)
EVENTS_FILE = "events.parquet"


class Sent(BaseModel):
    """How many usable impressions an event may belong to."""

    keys: int


class Attributed(BaseModel):
    """What became of the events of a partition of sessions."""

    read: int
    attributed: int
    rejected: dict[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One partition."""

    context: Context
    number: int


def send_keys(task: Part, folder: Path) -> Sent:
    """Leave what events are matched with, of a partition of queries, by session."""
    usable = pl.col(REASON).is_null() & pl.col("session_id").is_not_null()
    rows = read_valid(task.context, task.number, folder=None)
    keys = collect(rows.filter(usable).select(*KEYS, home=pl.lit(task.number, pl.UInt16)), "validate")
    partitions = task.context.plan.partitions
    write_piece(keys, partition_of(keys["session_id"], partitions), partitions, folder)
    return Sent(keys=keys.height)


def attribute_events(task: Part, folder: Path) -> Attributed:
    """Leave the attributed events of a partition of sessions by query, and the rejected ones."""
    context = task.context
    assert context.job.events
    keys = as_text(read_partition(context.folders("send keys"), task.number).lazy())
    events = as_text(read_partition(context.folders("read events"), task.number).lazy())
    told = events.select(events_schema(context.schema["time"]).names())
    found = attribute(keys.drop("home"), told, context.job.events.counts)
    homes = keys.select(impression="row", home="home")
    matched = found.join(homes, on="impression", how="left", maintain_order="left")
    happened = collect(matched, "attribute")
    rejected = happened.filter(pl.col(REASON).is_not_null()).drop("home")
    rejected.write_parquet(folder / EVENTS_FILE)
    used = happened.filter(pl.col(REASON).is_null()).lazy()
    coded = as_categories(used, ["session_id", "document_id", "action"]).collect()
    home = coded["home"].to_numpy().astype(np.uint16)
    write_piece(coded.drop("home"), home, context.plan.partitions, folder)
    return Attributed(
        read=happened.height, attributed=coded.height, rejected=count_reasons(happened)
    )
