"""A partition as the stages want it: whole queries, from the files that earlier steps left."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.config import Job
from pipelines.contracts import REASON, feature_columns
from pipelines.errors import LogError, first_line
from pipelines.spill.budget import Plan
from pipelines.spill.giants import giants, part
from pipelines.spill.pieces import Piece, as_frame, read_pieces
from pipelines.spill.rows import scan_rows
from pipelines.stages.read import place
from pipelines.stages.split import Cuts, assign
from pipelines.stages.validate import validate

GIANT = "query has more than {} rows"
LEAST_GIANT = 100_000


@dataclass(frozen=True, slots=True)
class Context:
    """What every task of a run must know."""

    job: Job
    plan: Plan
    schema: pl.Schema
    """Of impressions as they are read: the same for all files."""
    work: Path
    twice: bool = False
    """Whether the test part is also encoded as another model knows it."""

    def left_by(self, step: str) -> list[Path]:
        """Return the folders of a step's tasks, in the order of their numbers."""
        return sorted(path for path in (self.work / step).glob("*") if path.name[0] != ".")


@dataclass(frozen=True, slots=True)
class Part:
    """One partition of queries, or of sessions."""

    context: Context
    number: int
    cuts: Cuts | None = None
    """When the parts begin, once it is known."""


def validated(task: Part) -> pl.LazyFrame:
    """Read the impressions of a partition and say of every row whether it can be used.

    The rows of giant queries are not among them.
    """
    job = task.context.job
    rows = _as_rows([rest for rest, _ in _without_giants(task)], job)
    return validate(place(rows.lazy(), job), job.end)


def rows_of_giants(task: Part) -> Iterator[pl.DataFrame]:
    """Yield the rows of queries that are too large to be brought together, some at a time."""
    job = task.context.job
    for _, rows in _without_giants(task):
        if rows.rows.num_rows:
            reason = pl.lit(GIANT.format(most_rows(job))).alias(REASON)
            yield _as_rows([rows], job).with_columns(reason)


def most_rows(job: Job) -> int:
    """Rows of a query beyond which no list is made of it; the job alone decides, no budget does."""
    return max(LEAST_GIANT, 10 * job.lists.max_documents)


def same_columns(job: Job) -> dict[str, str]:
    """Return the features that are the id of the query or document itself: read, kept once."""
    own = {f"query/{job.log.query}": "query_id", f"document/{job.log.document}": "document_id"}
    features = {column: kind for column, _, kind in feature_columns(job.features)}
    return {column: name for column, name in own.items() if features.get(column) == "id"}


def _as_rows(pieces: Sequence[Piece], job: Job) -> pl.DataFrame:
    return as_frame(pieces).with_columns(**_same(job))


def _same(job: Job) -> dict[str, pl.Expr]:
    return {column: pl.col(name) for column, name in same_columns(job).items()}


def _without_giants(task: Part) -> Iterator[tuple[Piece, Piece]]:
    pieces = read_pieces(task.context.left_by("read"), task.number)
    names = giants(pieces, "query_id", most_rows(task.context.job))
    if not len(names):
        return ((piece, Piece(piece.rows.slice(0, 0), piece.texts)) for piece in pieces)
    return (part(piece, "query_id", names) for piece in pieces)


def parted(task: Part) -> pl.LazyFrame:
    """Read the graded lists of a partition, row by row, each with its part."""
    graded = scan_rows(task.context.work / "grade" / f"{task.number:05}")
    job = task.context.job
    rows = graded.with_columns(pl.lit(None, pl.String).alias(REASON), **_same(job))
    return assign(rows, job.split, task.cuts)


def collect(frame: pl.LazyFrame, stage: str) -> pl.DataFrame:
    """Run a stage. What only the values themselves can show to be wrong is noticed here.

    Raises:
        LogError: The stage cannot be run on these values.
    """
    try:
        return frame.collect()
    except OSError as error:
        rule = "the log's files must stay as they are while it is read"
        raise LogError(stage=stage, rule=rule, found=first_line(error)) from None
    except pl.exceptions.PolarsError as error:
        raise not_as_promised(error, stage) from None


def not_as_promised(error: Exception, stage: str) -> LogError:
    """Return the error of a log whose values are not what its columns say."""
    rule = "the log's values must be as its columns' types promise"
    return LogError(stage=stage, rule=rule, found=first_line(error))
