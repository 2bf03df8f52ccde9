"""A scored table that is already open, to the record of its report."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.report.table_record import Slice, TableReport
from pipelines.table.check import Policy
from pipelines.table.columns import Columns
from pipelines.table.compare import compare, slices
from pipelines.table.describe import RECIPROCAL_RANK, Described, curve_metrics, describe
from pipelines.table.frame import AGAINST, FIRST
from pipelines.table.measure import Measured, measure
from pipelines.table.metrics import Scoring
from pipelines.table.names import Metric
from pipelines.table.slices import cuts
from pipelines.table.sure import Sure
from pipelines.table.worst import worst_lists


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsJob:
    """How rows are measured.

    Attributes:
        source: What the report calls them.
        metrics: The first is the headline.
        definitions: gain, ties, relevant_from, where they are not the metric's own default.
        sure: How intervals are made.
    """

    source: str
    metrics: tuple[Metric, ...]
    definitions: Mapping[str, Any]
    sure: Sure


def evaluate_rows(table: pl.LazyFrame, columns: Columns, job: RowsJob) -> TableReport:
    """Measure rows under the names of their parts, one column of scores against another.

    Raises:
        TableError: A row cannot be used, or a metric cannot be computed of the labels.
    """
    scoring = Scoring(metrics=job.metrics, arguments=job.definitions)
    scoring = with_curves(scoring)
    policy = Policy(duplicates="keep")
    measured = measure(table, columns, scoring, policy, curves=True)
    described = Described(
        source=job.source,
        columns=columns,
        baseline=columns.baseline,
        definitions=job.definitions,
        preset=None,
        sure=job.sure,
    )
    return describe(
        described,
        measured,
        compare(measured.lists, job.metrics, job.sure),
        all_slices(measured, columns, job.metrics[0], job.sure),
        worst_lists(measured.lists, table, job.metrics[0]),
    )


def with_curves(scoring: Scoring) -> Scoring:
    """Add the metrics that pictures and slices are made of."""
    metrics = (*scoring.metrics, *curve_metrics(scoring))
    return Scoring(metrics=metrics, arguments=scoring.arguments)


def all_slices(
    measured: Measured, columns: Columns, metric: Metric, sure: Sure
) -> tuple[Slice, ...]:
    """Give the metric over every part of the lists that there are columns for, worst first."""
    lists, first = measured.lists, f"by {columns.position}"
    if FIRST not in lists.columns:
        is_paired = AGAINST + metric.name in lists.columns
        first = f"by the {'baseline' if is_paired else 'score'}"
        found = pl.col((AGAINST if is_paired else "") + RECIPROCAL_RANK)
        lists = lists.with_columns((1 / found).round().alias(FIRST))
    ways = cuts(lists, frequency=columns.frequency, first=first)
    return slices(lists, ways, metric, sure)
