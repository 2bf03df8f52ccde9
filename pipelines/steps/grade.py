"""Grade: make graded lists of a partition of queries, and keep apart what is in none.

Rows are left in the order of the lists: by their time and query, and within a list in its order. So
no later step sorts, and a list is a run of rows.
"""

from pathlib import Path

import polars as pl
from pydantic import BaseModel

from pipelines.accounting import REJECTED, count_reasons
from pipelines.contracts import ORDER, REASON
from pipelines.spill.coded import as_text
from pipelines.spill.pieces import as_frame, read_pieces
from pipelines.spill.rows import write_rows
from pipelines.stages.attribute import count, tally
from pipelines.stages.audit import FILE as AUDIT_FILE
from pipelines.stages.audit import audit
from pipelines.stages.derive import derive
from pipelines.stages.filters import leave_out
from pipelines.stages.group import varying
from pipelines.stages.label import label
from pipelines.stages.leakage import from_the_future
from pipelines.stages.limit import limit
from pipelines.stages.observe import observe
from pipelines.stages.order import in_order
from pipelines.stages.propensity import COUNTED, countable, is_estimated
from pipelines.stages.sessions import bot_sessions
from pipelines.stages.split import stamp
from pipelines.stages.vet import vet
from pipelines.steps.attribute import SESSIONS_FILE
from pipelines.steps.numeric_order import NUMERIC, in_numeric_order
from pipelines.steps.partition import Part, collect, rows_of_giants, same_columns, validated

LISTS_FILE, FUTURE_FILE = "lists.arrow", "future.parquet"
REASONS_FILE, REJECTS_FILE = "reasons.parquet", "rejects.parquet"
GIANTS_FILE = "giant-{:05}.parquet"
SEEN_FILE = "seen.arrow"
"""Of which clicks are counted, where propensities are estimated."""


class Graded(BaseModel):
    """What is in a partition."""

    grades: list[int]
    """Those that some row in a list has."""
    queries: int
    from_zero: int
    """Queries of which the first position is 0."""
    varying: dict[str, int]


def grade(task: Part, folder: Path) -> Graded:
    """Leave the graded rows of a partition, what is known of its lists, and the rejects."""
    job = task.context.job
    valid = collect(validated(task), "read")
    rows = _limited(task, valid.lazy(), folder)
    if job.leakage.known_at:
        from_the_future(rows.lazy()).collect().write_parquet(folder / FUTURE_FILE)
    rejects = as_text(rows.lazy().filter(REJECTED).drop("list_time"))
    rejects.collect().write_parquet(folder / REJECTS_FILE)
    giants = _reject_giants(task, folder)
    counts = pl.concat([collect(count_reasons(rows.lazy()), "label"), *giants])
    counts.write_parquet(folder / REASONS_FILE)
    kept = _kept(task, rows)
    write_rows(kept.drop(same_columns(job)), folder)
    _lists(kept).write_ipc(folder / LISTS_FILE, compression="uncompressed")
    return Graded(
        grades=kept["grade"].unique().sort().to_list(),
        **_first_positions(valid),
        varying=_varying(kept),
    )


def _limited(task: Part, valid: pl.LazyFrame, folder: Path) -> pl.DataFrame:
    """Give each row its grade or its reason; leave the audit, and what clicks are counted of."""
    job = task.context.job
    told = derive(_with_counts(task, valid), job)
    good = collect(vet(leave_out(told, job.filters), job), "label").lazy()
    collect(audit(good, job), "label").write_parquet(folder / AUDIT_FILE)
    graded = label(observe(good, job), job)
    rows = collect(stamp(limit(graded, job.lists, _bots(task))), "label")
    if not is_estimated(job):
        return rows
    seen = collect(countable(rows.lazy()), "label")
    seen.write_ipc(folder / SEEN_FILE, compression="uncompressed")
    return rows.drop(COUNTED, strict=False)


def _with_counts(task: Part, rows: pl.LazyFrame) -> pl.LazyFrame:
    events = task.context.job.events
    if events is None:
        return rows
    attributed = as_frame(read_pieces(task.context.left_by("attribute"), task.number))
    return count(rows, tally(as_text(attributed.lazy()), events), events)


def _reject_giants(task: Part, folder: Path) -> list[pl.DataFrame]:
    """Write the rows of giant queries some at a time, and return how many there are."""
    counts = []
    for number, rows in enumerate(rows_of_giants(task)):
        unused = [name for name in rows.columns if name.startswith("log/")]
        as_text(rows.lazy().drop(unused)).collect().write_parquet(
            folder / GIANTS_FILE.format(number)
        )
        counts.append(count_reasons(rows.lazy()).collect())
    return counts


def _bots(task: Part) -> pl.Series | None:
    most = task.context.job.lists.max_per_session
    if most is None:
        return None
    counts = [pl.scan_parquet(path / SESSIONS_FILE) for path in task.context.left_by("sessions")]
    return bot_sessions(counts, most).collect().to_series()


def _kept(task: Part, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows in lists, in the lists' order; a row's time becomes that of its list."""
    # Gathering lists from many pieces of memory takes several times as long as from one.
    used = rows.drop("row", "session_id", "time", REASON).rechunk()
    places = rows[REASON].is_null().arg_true()
    order = None if ORDER in rows.columns else in_numeric_order(used.select(NUMERIC)[places])
    if order is not None:
        return used[places.gather(order)]
    direction = task.context.job.lists.direction
    ordered = in_order(used[places].lazy(), ["list_time", "query_id"], direction)
    return collect(ordered.drop(ORDER, strict=False), "group")


def _lists(kept: pl.DataFrame) -> pl.DataFrame:
    """Return one row per list: what the log as a whole is looked at by."""
    lists = kept.lazy().group_by("query_id", maintain_order=True)
    two_grades = pl.col("grade").min() < pl.col("grade").max()
    about = lists.agg(pl.col("list_time").first(), two_grades=two_grades)
    return about.drop("query_id").collect()


def _first_positions(rows: pl.DataFrame) -> dict[str, int]:
    first = rows.lazy().group_by("query_id").agg(pl.col("position").min())
    counted = first.select(queries=pl.len(), from_zero=(pl.col("position") == 0).sum()).collect()
    return {name: int(value) for name, value in counted.row(0, named=True).items()}


def _varying(kept: pl.DataFrame) -> dict[str, int]:
    counts = collect(varying(kept.lazy()), "group")
    return {column.name: int(column.item()) for column in counts if column.sum()}
