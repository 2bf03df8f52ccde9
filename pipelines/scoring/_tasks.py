"""The two steps of scoring a log: leave its rows by partition, and score a partition."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from pydantic import BaseModel

from pipelines.scoring._ranker import Ranker
from pipelines.scoring._read import RANK, REASON, ROW, SCORE, Names, text_columns
from pipelines.sources import LogFile
from pipelines.spill.budget import Plan
from pipelines.spill.coded import as_text
from pipelines.spill.giants import giants, part
from pipelines.spill.hashing import partition_of
from pipelines.spill.pieces import Piece, as_frame, read_pieces, write_piece
from pipelines.stages.columns import Columns
from pipelines.stages.read import numbered
from pipelines.stages.validate import first_reason
from pipelines.stages.weights import weight_rules
from pipelines.steps.scatter import pieces

NO_QUERY, NO_DOCUMENT = "query is null", "document is null"
GIANT = "query has more than {} rows"
SCORES, REJECTS = "scores.parquet", "rejects-{:05}.parquet"


@dataclass(frozen=True, slots=True)
class Context:
    """What every task must know."""

    ranker: Ranker
    names: Names
    types: pl.Schema
    """Of the log's columns."""
    plan: Plan
    most_rows: int
    """Of a query."""
    work: Path

    @property
    def read(self) -> list[Path]:
        """The folders that the first step left, in the order of the log."""
        return sorted(path for path in (self.work / "read").glob("*") if path.name[0] != ".")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some rows of a file."""

    context: Context
    file: LogFile
    first: int
    """Number of its first row in the log."""


class Scattered(BaseModel):
    """What became of a stretch of a file."""

    rows: int


def scatter(task: Stretch, folder: Path) -> Scattered:
    """Leave the rows of a stretch by partition.

    Raises:
        LogError: The file is not what its format or its columns promise.
    """
    context, query = task.context, task.context.names.query
    rows = numbered(task.file.rows, task.first).rename({"row": ROW})
    rows = rows.with_columns(pl.col(query).cast(pl.String))
    texts = text_columns(rows, context.names)
    total, partitions = 0, context.plan.partitions
    file = LogFile(task.file.path, rows)
    for number, piece in enumerate(pieces(file, texts, context.plan.piece_rows)):
        write_piece(piece, partition_of(piece[query], partitions), partitions, folder, number)
        total += piece.height
    return Scattered(rows=total)


@dataclass(frozen=True, slots=True)
class Part:
    """One partition."""

    context: Context
    number: int


class PartScored(BaseModel):
    """What became of a partition."""

    queries: int
    rows: int
    rejected: dict[str, int]


def score_part(task: Part, folder: Path) -> PartScored:
    """Score the queries of a partition; leave the scores, and the rows that cannot be used.

    Raises:
        ModelError: A score is not finite.
    """
    context, rejected = task.context, Counter[str]()
    whole, others = _whole_queries(task)
    whole = whole.with_columns(_reasons(whole, context))
    for number, rows in enumerate(_rejects(whole, others, context)):
        if rows.height:
            rejected.update(dict(rows[REASON].value_counts().iter_rows()))
            _plain(rows, context).write_parquet(folder / REJECTS.format(number))
    usable = whole.filter(pl.col(REASON).is_null())
    scored, queries = _scored(usable, context)
    scored.write_parquet(folder / SCORES)
    return PartScored(queries=queries, rows=scored.height, rejected=dict(rejected))


def _whole_queries(task: Part) -> tuple[pl.DataFrame, list[Piece]]:
    """The rows of a partition; of queries that are too large to be brought together, apart."""
    query = task.context.names.query
    found = read_pieces(task.context.read, task.number)
    names = giants(found, query, task.context.most_rows)
    if not len(names):
        return as_frame(found), []
    both = [part(piece, query, names) for piece in found]
    return as_frame([rest for rest, _ in both]), [giant for _, giant in both]


def _reasons(rows: pl.DataFrame, context: Context) -> pl.Series:
    """Why each row cannot be used; null where it can."""
    names, columns = context.names, Columns(rows.schema, "the log")
    weighted = [one for one in context.ranker.model.encoder.columns if one.weights]
    rules = {
        NO_QUERY: pl.col(names.query).is_null(),
        NO_DOCUMENT: pl.col(names.document).is_null(),
        **weight_rules(one.column for one in weighted),
    }
    parts = [
        columns.of_kind(kind, name, "the model").alias(column)
        for one in weighted
        for name, column, kind in one.parts
    ]
    return rows.with_columns(parts).select(first_reason(rules)).to_series().alias(REASON)


def _rejects(
    whole: pl.DataFrame, giants: Sequence[Piece], context: Context
) -> Iterator[pl.DataFrame]:
    yield whole.filter(pl.col(REASON).is_not_null())
    for piece in giants:
        reason = pl.lit(GIANT.format(context.most_rows)).alias(REASON)
        yield as_frame([piece]).with_columns(reason)


def _scored(rows: pl.DataFrame, context: Context) -> tuple[pl.DataFrame, int]:
    """The rows of each query together, best first; of equal scores the first of the log."""
    lists, scores = context.ranker.scored_lists(rows)
    of_list = np.repeat(np.arange(len(lists.lengths)), lists.lengths)
    order = np.lexsort((-scores, of_list))
    ranks = np.arange(len(order)) - np.repeat(lists.starts, lists.lengths) + 1
    names = context.names
    ordered = rows.select(names.query, names.document, *names.keep)[lists.rows[order]]
    made = [pl.Series(SCORE, scores[order]), pl.Series(RANK, ranks.astype(np.int32))]
    whole = _plain(ordered.with_columns(made), context)
    return whole.select(names.query, names.document, SCORE, RANK, *names.keep), len(lists.lengths)


def _plain(rows: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Texts written out again, and queries as the log has them."""
    query = context.names.query
    dtype = context.types[query]
    texts = as_text(rows.lazy()).collect()
    if dtype.is_integer():
        return texts.with_columns(pl.col(query).cast(dtype))
    return texts.with_columns(pl.col(query) == "true") if dtype == pl.Boolean else texts
