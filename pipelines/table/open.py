"""Open what ``ltr evaluate`` was given: a scored table, or a TREC run with its judgments."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.errors import TableError
from pipelines.sources import scan_rows
from pipelines.table.columns import (
    DOCUMENT,
    JUDGED,
    LABEL,
    QUERY,
    RETRIEVED,
    SCORE,
    Columns,
    numbers,
    standard,
)
from pipelines.table.trec import is_trec, scan_qrels, scan_run

RUN_COLUMNS = Columns(query=QUERY, label=None, score=SCORE, document=DOCUMENT)


def open_table(source: Path, columns: Columns, qrels: Path | None = None) -> pl.LazyFrame:
    """Return the rows of ``source`` under the names of their parts.

    Args:
        source: A table, a folder or a glob of tables, or a TREC run.
        columns: Which column plays which part; those of a TREC run are known.
        qrels: TREC judgments that give the labels, also of documents that were not ranked.

    Raises:
        LogError: No file is there, or it cannot be read.
        TableError: A column is missing, or a TREC file is not as it should be.
    """
    if is_trec(source):
        ranked = standard(scan_run(source), RUN_COLUMNS.parts)
    else:
        ranked = open_parts(source, columns.parts)
    return ranked if qrels is None else _judged(ranked, qrels)


def open_parts(source: Path, parts: Mapping[str, str]) -> pl.LazyFrame:
    """Return the columns of a table that play a part, under the names of their parts.

    Raises:
        LogError: No file is there, or it cannot be read.
        TableError: A column is missing.
    """
    return standard(scan_rows(source, text=numbers(parts)), parts)


def _judged(ranked: pl.LazyFrame, qrels: Path) -> pl.LazyFrame:
    schema = ranked.collect_schema()
    if DOCUMENT not in schema or LABEL in schema:
        msg = "--qrels needs --document, and gives the labels itself: leave --label out"
        raise TableError(msg)
    judgments = scan_qrels(qrels).with_columns(pl.col(LABEL).cast(pl.Float64, strict=False))
    both = ranked.with_columns(
        pl.col(QUERY, DOCUMENT).cast(pl.String), pl.lit(value=True).alias(RETRIEVED)
    ).join(
        judgments.with_columns(pl.lit(value=True).alias(JUDGED)),
        on=[QUERY, DOCUMENT],
        how="full",
        coalesce=True,
        maintain_order="left_right",
    )
    was = {name: pl.col(name).fill_null(value=False) for name in (RETRIEVED, JUDGED)}
    return both.with_columns(
        pl.when(was[JUDGED]).then(pl.col(LABEL)).otherwise(0.0).alias(LABEL),
        pl.when(was[RETRIEVED]).then(pl.col(SCORE)).otherwise(0.0).alias(SCORE),
        **was,
    )
