"""What every task of a run must know."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.config import Job
from pipelines.errors import LogError, first_line
from pipelines.spill.budget import Plan


@dataclass(frozen=True, slots=True)
class Context:
    """The job, and how its log is cut."""

    job: Job
    plan: Plan
    schema: pl.Schema
    """Of impressions as they are read: the same for all files."""
    folder: Path
    """Of the work."""

    def folders(self, step: str) -> Sequence[Path]:
        """Return what the tasks of a step left, in the order of their numbers."""
        return sorted(path for path in (self.folder / step).iterdir() if path.name[0] != ".")


def collect(frame: pl.LazyFrame, stage: str) -> pl.DataFrame:
    """Run a stage. What only the values themselves can show to be wrong is noticed here.

    Raises:
        LogError: The stage cannot be run on these values.
    """
    try:
        return frame.collect()
    except pl.exceptions.PolarsError as error:
        raise not_as_promised(error, stage) from None


def not_as_promised(error: Exception, stage: str) -> LogError:
    """Return the error of a log whose values are not what its columns say."""
    rule = "the log's values must be as its columns' types promise"
    return LogError(stage=stage, rule=rule, found=first_line(error))
