"""Write: encode the lists of a partition and leave one shard for each part.

Where another model is to rank the same test lists, they are written a second time, as its own
encoder makes them: the same rows in the same order, so that its scores can be laid beside.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from ltr.data.manifest import SplitName
from pipelines.contracts import ENCODED_TYPES, PARTS, encoded_schema, own_schema, require
from pipelines.encoder import Encoder
from pipelines.shards import write_shard
from pipelines.stages.propensity import attach, is_estimated, load_curve
from pipelines.steps.partition import Context, Part, collect, parted

ENCODER = "encoder"
CHAMPION = "champion"
"""The encoder of the other model in the work folder, and its shards."""


class ShardRecord(BaseModel):
    """What a shard holds."""

    lists: int
    documents: int
    grades: dict[int, int]
    first: int | datetime
    last: int | datetime
    sha256: str


class Written(BaseModel):
    """The shards of a partition; a part without lists has none."""

    shards: dict[SplitName, ShardRecord]
    champion: ShardRecord | None = None
    """Of the test part, as the champion's encoder makes it."""


def write(task: Part, folder: Path) -> Written:
    """Leave ``<part>.arrow`` for each part that has lists, and ``champion.arrow`` if asked for."""
    context = task.context
    encoder = _encoder(context.work / ENCODER)
    job = context.job
    rows = parted(task).with_columns(time="list_time")
    if is_estimated(job):
        rows = attach(rows, load_curve(context.work))
    columns = encoded_schema(job.features, context.schema["time"], job.propensity)
    schema = pl.Schema({**columns, "part": pl.Enum(PARTS)})
    encoded = collect(require(encoder.transform(rows), schema, "encode"), "encode")
    shards: dict[SplitName, ShardRecord] = {}
    for part in PARTS:
        lists = _rows_where(encoded, encoded["part"] == part).drop("part")
        if lists.height:
            shards[part] = _shard(lists, encoder, folder / f"{part}.arrow")
    again = _again(rows, context, folder) if context.twice and "test" in shards else None
    return Written(shards=shards, champion=again)


def _again(rows: pl.LazyFrame, context: Context, folder: Path) -> ShardRecord:
    """Write the test part as the champion's encoder makes it."""
    encoder, job = _encoder(context.work / CHAMPION), context.job
    own = own_schema(context.schema["time"], job.propensity)
    features = {one.column: ENCODED_TYPES[one.kind] for one in encoder.features()}
    test = rows.filter(pl.col("part") == "test")
    schema = pl.Schema({**own, **features})
    lists = collect(require(encoder.transform(test), schema, "encode"), "encode")
    return _shard(lists, encoder, folder / f"{CHAMPION}.arrow")


def _shard(lists: pl.DataFrame, encoder: Encoder, path: Path) -> ShardRecord:
    times = lists["time"]
    return ShardRecord(
        **write_shard(lists, encoder.features(), path)._asdict(),
        grades=dict(lists["grade"].value_counts().iter_rows()),
        first=times[0],
        last=times[-1],
    )


def _rows_where(rows: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Return some of the rows; not a copy where they stand together, as in a split by time."""
    places = mask.arg_true()
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return rows.slice(places[0], len(places))
    return rows[places]


@lru_cache(maxsize=2)
def _encoder(folder: Path) -> Encoder:
    """One process encodes many partitions; the folder is named after the work: never stale."""
    return Encoder.load(folder)
