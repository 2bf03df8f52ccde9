"""Write: encode the lists of a partition and leave one shard for each part."""

from datetime import datetime
from functools import lru_cache
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from ltr.data.manifest import SplitName
from pipelines.contracts import PARTS, encoded_schema, require
from pipelines.encoder import Encoder
from pipelines.shards import write_shard
from pipelines.stages.propensity import attach, is_estimated, load_curve
from pipelines.steps.partition import Part, collect, parted

ENCODER = "encoder"


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


def write(task: Part, folder: Path) -> Written:
    """Leave ``<part>.arrow`` for each part that has lists."""
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
            path = folder / f"{part}.arrow"
            times = lists["time"]
            shards[part] = ShardRecord(
                **write_shard(lists, encoder.features(), path)._asdict(),
                grades=dict(lists["grade"].value_counts().iter_rows()),
                first=times[0],
                last=times[-1],
            )
    return Written(shards=shards)


def _rows_where(rows: pl.DataFrame, mask: pl.Series) -> pl.DataFrame:
    """Return some of the rows; not a copy where they stand together, as in a split by time."""
    places = mask.arg_true()
    if len(places) and places[-1] - places[0] + 1 == len(places):
        return rows.slice(places[0], len(places))
    return rows[places]


@lru_cache(maxsize=1)
def _encoder(folder: Path) -> Encoder:
    """One process encodes many partitions; the folder is named after the work: never stale."""
    return Encoder.load(folder)
