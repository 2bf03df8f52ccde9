"""Fit: what the encoder must know of a partition's training rows."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from pipelines.contracts import PARTS
from pipelines.spill.coded import as_text
from pipelines.stages.split import Cuts, parted
from pipelines.steps.context import Context
from pipelines.steps.grade import ROWS_FILE

COUNTS_FILE = "counts.arrow"


class Fitted(BaseModel):
    """How many training rows were counted."""

    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of graded lists."""

    context: Context
    number: int
    cuts: Cuts


def read_part(task: Part) -> pl.LazyFrame:
    """Return the graded rows of a partition with their part; a row's time is its list's."""
    path = task.context.folder / "grade" / f"{task.number:05}" / ROWS_FILE
    return parted(pl.scan_ipc(path, glob=False), task.cuts).rename({"list_time": "time"})
