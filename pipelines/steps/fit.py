"""Fit: what must be known of a partition's lists once it is known in which part they are."""

from pathlib import Path

import polars as pl
from pydantic import BaseModel

from ltr.data.manifest import SplitName
from pipelines.contracts import PARTS
from pipelines.encoder import Counts
from pipelines.spill.coded import as_text
from pipelines.stages.leakage import parts_of_keys
from pipelines.stages.propensity import count_clicks, is_estimated
from pipelines.stages.split import assign
from pipelines.steps.grade import LISTS_FILE, SEEN_FILE
from pipelines.steps.partition import Part, collect, parted

COUNTS_FILE, KEYS_FILE, CLICKS_FILE = "counts.arrow", "keys.parquet", "clicks.arrow"


class Fitted(BaseModel):
    """The lists of each part."""

    lists: dict[SplitName, int]
    two_grades: dict[SplitName, int]
    """Those with documents of two grades."""


def fit(task: Part, folder: Path) -> Fitted:
    """Leave counts of the training rows, for encoder and propensities, and the parts of keys."""
    job = task.context.job
    rows = parted(task)
    Counts.of(rows.filter(pl.col("part") == "train"), job.features).save(folder / COUNTS_FILE)
    collect(as_text(parts_of_keys(rows, job)), "split").write_parquet(folder / KEYS_FILE)
    _count_clicks(task, folder)
    firsts = collect(rows.select("query_id", "part"), "split")
    starts = firsts["query_id"].ne_missing(firsts["query_id"].shift()).fill_null(value=True)
    path = task.context.work / "grade" / f"{task.number:05}" / LISTS_FILE
    lists = pl.read_ipc(path).with_columns(firsts.filter(starts)["part"])
    lists = lists.group_by("part").agg(pl.len(), pl.col("two_grades").sum())
    found = {row["part"]: row for row in lists.iter_rows(named=True)}
    return Fitted(
        lists={part: found[part]["len"] if part in found else 0 for part in PARTS},
        two_grades={part: found[part]["two_grades"] if part in found else 0 for part in PARTS},
    )


def _count_clicks(task: Part, folder: Path) -> None:
    job = task.context.job
    if job.propensity is None or not is_estimated(job):
        return
    seen = pl.scan_ipc(task.context.work / "grade" / f"{task.number:05}" / SEEN_FILE, glob=False)
    training = assign(seen, job.split, task.cuts).filter(pl.col("part") == "train")
    counts = collect(count_clicks(training, job.propensity), "propensity")
    counts.write_ipc(folder / CLICKS_FILE, compression="uncompressed")
