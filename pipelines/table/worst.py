"""The lists on which the candidate does worst, or loses most, with their documents."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from pipelines.report.table_record import WorstDocument, WorstList
from pipelines.table.columns import BASELINE, DOCUMENT, LABEL, QUERY, RETRIEVED, SCORE
from pipelines.table.frame import AGAINST, DOCUMENTS
from pipelines.table.names import Metric
from pipelines.table.whole import ROW

LISTS, DEEP = 20, 10
"""Lists that are shown, and documents of each."""

BASELINE_RANK = "baseline_rank"

WORDS = 300
"""Letters of a document's text that are shown."""


def worst_lists(
    lists: pl.DataFrame, table: pl.LazyFrame, metric: Metric, other: pl.LazyFrame | None = None
) -> tuple[WorstList, ...]:
    """Find the worst lists and read their documents, by a second pass over the table.

    Args:
        lists: One row per list, as measured.
        table: The rows.
        metric: What is bad: a low value, or a loss against the baseline where there is one.
        other: The rows of the baseline, where it is a table of its own.

    Returns:
        At most :data:`LISTS` lists, worst first; with a baseline only those on which it is
        better, and none by a metric that has no value per list.
    """
    if metric.is_pooled:
        return ()
    chosen = _chosen(lists, metric)
    rows = _ranked(_of(table.with_row_index(ROW), chosen), SCORE, "rank")
    if other is not None and DOCUMENT in table.collect_schema():
        rows = _beside(rows, _of(other, chosen))
    elif BASELINE in table.collect_schema():
        rows = _ranked(rows, BASELINE, BASELINE_RANK)
    parts = rows.collect(engine="streaming").partition_by(QUERY, as_dict=True)
    return tuple(_worst(row, parts[row[QUERY],], metric) for row in chosen.iter_rows(named=True))


def _of(table: pl.LazyFrame, chosen: pl.DataFrame) -> pl.LazyFrame:
    """The rows of the chosen lists that were ranked."""
    retrieved = [RETRIEVED] if RETRIEVED in table.collect_schema() else []
    names = chosen[QUERY].cast(pl.String)
    return table.filter(pl.col(QUERY).cast(pl.String).is_in(names.implode()), *retrieved)


def _ranked(rows: pl.LazyFrame, score: str, name: str) -> pl.LazyFrame:
    rank = pl.col(score).rank("min", descending=True).over(QUERY)
    return rows.with_columns(rank.cast(pl.Int64).alias(name))


def _beside(rows: pl.LazyFrame, others: pl.LazyFrame) -> pl.LazyFrame:
    """Add the rank that each document has in the other table, null where it has none."""
    if DOCUMENT not in others.collect_schema():
        return rows
    keys = [pl.col(name).cast(pl.String) for name in (QUERY, DOCUMENT)]
    theirs = _ranked(others, SCORE, BASELINE_RANK).select(*keys, BASELINE_RANK)
    same = [f"{name} as text" for name in (QUERY, DOCUMENT)]
    texts = dict(zip(same, keys, strict=True))
    found = theirs.unique([QUERY, DOCUMENT], keep="first")
    return rows.with_columns(**texts).join(
        found, left_on=same, right_on=[QUERY, DOCUMENT], how="left", maintain_order="left"
    )


def _chosen(lists: pl.DataFrame, metric: Metric) -> pl.DataFrame:
    value, against = pl.col(metric.name), AGAINST + metric.name
    sign = -1 if metric.lower_is_better else 1
    if against not in lists.columns:
        return lists.filter(value.is_not_null()).top_k(LISTS, by=-sign * value)
    loss = sign * (pl.col(against) - value)
    return lists.filter(loss > 0).sort(loss, descending=True, maintain_order=True).head(LISTS)


def _worst(row: dict[str, Any], rows: pl.DataFrame, metric: Metric) -> WorstList:
    return WorstList(
        query=str(row[QUERY]),
        documents=row[DOCUMENTS],
        candidate=row[metric.name],
        baseline=row.get(AGAINST + metric.name),
        shown=tuple(_documents(rows)),
    )


def _documents(rows: pl.DataFrame) -> Iterator[WorstDocument]:
    # The first documents, and behind them the relevant ones that should have been there.
    best = rows.sort("rank", ROW)
    shown = pl.concat([best.head(DEEP), best.slice(DEEP).filter(pl.col(LABEL) > 0).head(DEEP)])
    for row in shown.iter_rows(named=True):
        yield WorstDocument(
            rank=row["rank"],
            baseline_rank=row.get(BASELINE_RANK),
            label=row[LABEL],
            score=row[SCORE],
            text=_cut(str(row[DOCUMENT]) if DOCUMENT in row else f"row {row[ROW] + 1:,}"),
        )


def _cut(text: str) -> str:
    return text if len(text) <= WORDS else f"{text[:WORDS]}…"
