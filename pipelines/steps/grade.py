"""Grade: make graded lists of a partition of queries, and keep apart what is in none.

Rows are left in the order of the lists: by their time and query, and within a list by position. So
no later step sorts, and a list is a run of rows.
"""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from pipelines.contracts import REASON
from pipelines.spill.coded import as_text
from pipelines.spill.pieces import read_partition
from pipelines.stages.attribute import count
from pipelines.stages.group import arranged, varying
from pipelines.stages.label import label
from pipelines.stages.limit import limit
from pipelines.stages.split import timed
from pipelines.stages.validate import validate
from pipelines.steps.context import Context, collect
from pipelines.steps.reasons import count_reasons

ROWS_FILE, LISTS_FILE, REJECTS_FILE = "rows.arrow", "lists.arrow", "rejects.parquet"


class Graded(BaseModel):
    """What became of the rows of a partition."""

    read: int
    kept: int
    rejected: dict[str, int]
    grades: list[int]
    """Those that some row in a list has."""
    queries: int
    from_zero: int
    """Queries of which the first position is 0."""
    varying: dict[str, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of queries."""

    context: Context
    number: int


def grade(task: Part, folder: Path) -> Graded:
    """Leave the graded rows of a partition, one row per list about them, and the rejects."""
    job = task.context.job
    valid = collect(read_valid(task.context, task.number, folder), "read")
    counted = _with_counts(task, valid.lazy())
    rows = collect(timed(limit(label(counted, job), job.lists)), "label")
    rejected = rows.filter(pl.col(REASON).is_not_null())
    as_text(rejected.drop("list_time").lazy()).collect().write_parquet(folder / REJECTS_FILE)
    kept = arranged(rows.filter(pl.col(REASON).is_null()).drop("row", "session_id", "time", REASON))
    kept.write_ipc(folder / ROWS_FILE, compression="uncompressed")
    lists = kept.lazy().group_by("query_id", maintain_order=True).agg(
        pl.col("list_time").first(), documents=pl.len(), two_grades=pl.col("grade").n_unique() > 1
    )
    lists.drop("query_id").collect().write_ipc(folder / LISTS_FILE, compression="uncompressed")
    return Graded(
        read=rows.height,
        kept=kept.height,
        rejected=count_reasons(rows),
        grades=kept["grade"].unique().sort().to_list(),
        **_first_positions(valid),
        varying=_varying(kept),
    )


def read_valid(context: Context, number: int, folder: Path | None) -> pl.LazyFrame:
    """Read a partition of queries and say of every row whether it can be used."""
    rows = read_partition(context.folders("read"), number).lazy()
    return validate(rows)


def _with_counts(task: Part, rows: pl.LazyFrame) -> pl.LazyFrame:
    events = task.context.job.events
    if events is None:
        return rows
    attributed = read_partition(task.context.folders("attribute"), task.number)
    return count(rows, as_text(attributed.lazy()), events.counts)


def _first_positions(rows: pl.DataFrame) -> dict[str, int]:
    first = rows.lazy().group_by("query_id").agg(pl.col("position").min())
    counted = first.select(queries=pl.len(), from_zero=(pl.col("position") == 0).sum()).collect()
    return {name: int(value) for name, value in counted.row(0, named=True).items()}


def _varying(kept: pl.DataFrame) -> dict[str, int]:
    counts = collect(varying(kept.lazy()), "group")
    return {column.name: int(column.item()) for column in counts if column.sum()}
