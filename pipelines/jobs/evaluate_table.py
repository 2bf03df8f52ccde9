"""``ltr evaluate scored.parquet``: a scored table in, its metrics and a report out."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from ltr.atomic import replace_folder
from pipelines.errors import TableError
from pipelines.progress import Progress
from pipelines.report.counterfactual_record import Counterfactual
from pipelines.report.table_record import Measure, Slice, TableReport
from pipelines.table.check import Policy, mended
from pipelines.table.columns import QUERY, Columns
from pipelines.table.compare import compare
from pipelines.table.counterfactual import Question, ranking_estimates
from pipelines.table.describe import (
    CURVE,
    Described,
    describe,
)
from pipelines.table.frame import AGAINST
from pipelines.table.measure import Measured, measure
from pipelines.table.metrics import Scoring
from pipelines.table.names import parse_metrics
from pipelines.table.open import open_table
from pipelines.table.rows import all_slices, with_curves
from pipelines.table.sure import Sure
from pipelines.table.trec import write_trec
from pipelines.table.whole import MEMORY_BYTES
from pipelines.table.worst import worst_lists


@dataclass(frozen=True, kw_only=True, slots=True)
class TableJob:
    """What the command line asks for.

    Attributes:
        source: A table, a folder or a glob of tables, or a TREC run.
        columns: Which column plays which part.
        qrels: TREC judgments that give the labels.
        other: Another table, run or glob, measured over the same queries as the baseline.
        metrics: By name, parted by commas; the first is the headline.
        definitions: gain, ties, relevant_from, where they are not the metric's own default.
        preset: The system whose definitions they are.
        policy: What to do with rows that can be used in more than one way.
        sure: How intervals are made.
        clicks: How to say what clicks the ranking would get; None: not asked for.
        out: Folder of the report; None: only the numbers are printed.
        trec: Also write TREC files into it.
        memory_bytes: Of rows that are held to be sorted by list.
    """

    source: Path
    columns: Columns
    qrels: Path | None = None
    other: Path | None = None
    metrics: str = "ndcg@10,mrr,map"
    definitions: dict[str, Any]
    preset: str | None = None
    policy: Policy
    sure: Sure
    clicks: Question | None = None
    out: Path | None = None
    trec: bool = False
    memory_bytes: int = MEMORY_BYTES


def run(job: TableJob, progress: Progress) -> str:
    """Measure the table, and write the report if a folder was given.

    Raises:
        JobError: The table cannot be measured as the command line says.
    """
    metrics = parse_metrics(job.metrics)
    scoring = Scoring(metrics=metrics, arguments=job.definitions)
    table = open_table(job.source, job.columns, job.qrels)
    measured = _measured(job, table, scoring, progress)
    _refuse_nothing(job, measured)
    with progress.step("compare"):
        found = compare(measured.lists, metrics, job.sure)
    clicks = _clicks(job, table, progress)
    said = summary(job, measured, found, clicks)
    if job.out is None:
        return said
    with progress.step("slices"):
        parts = all_slices(measured, job.columns, metrics[0], job.sure)
    with progress.step("write"), replace_folder(job.out) as folder:
        _write(job, table, measured, found, parts, clicks, folder)
    written = "report.html, report.md, report.json and lists.parquet"
    return f"wrote {job.out}: {written}\n{said}"


def _clicks(job: TableJob, table: pl.LazyFrame, progress: Progress) -> Counterfactual | None:
    if job.clicks is None:
        return None
    with progress.step("estimate clicks"):
        return ranking_estimates(mended(table, job.policy), job.columns.parts, job.clicks)


def _measured(job: TableJob, table: pl.LazyFrame, scoring: Scoring, progress: Progress) -> Measured:
    if job.out is not None:
        scoring = with_curves(scoring)
    with progress.step("measure") as step:
        ours = measure(
            table, job.columns, scoring, job.policy,
            curves=job.out is not None, memory_bytes=job.memory_bytes, each=step.advance,
        )  # fmt: skip
    if job.other is None:
        return ours
    other, columns = _other(job)
    with progress.step("measure baseline") as step:
        theirs = measure(other, columns, scoring, job.policy, each=step.advance)
    return paired(ours, theirs, [one.name for one in scoring.metrics])


def _other(job: TableJob) -> tuple[pl.LazyFrame, Columns]:
    """The second table, and the columns that it is measured by: the first one says the rest."""
    if job.other is None:
        msg = "there is no second table"
        raise ValueError(msg)
    columns = replace(
        job.columns,
        by=(),
        weight=None,
        frequency=None,
        baseline=None,
        reward=None,
        predicted=None,
    )
    return open_table(job.other, columns, job.qrels), columns


def paired(ours: Measured, theirs: Measured, metrics: list[str]) -> Measured:
    """Put a second file's values beside the first one's, over the queries that both have.

    Raises:
        TableError: No query is in both.
    """
    against = theirs.lists.select(
        pl.col(QUERY).cast(pl.String), **{AGAINST + name: pl.col(name) for name in metrics}
    )
    lists = ours.lists.with_columns(pl.col(QUERY).cast(pl.String))
    both = lists.join(against, on=QUERY, how="inner", maintain_order="left")
    if not both.height:
        msg = "no query is in both files: the candidate's and the baseline's"
        raise TableError(msg)
    counts = {
        **ours.counts,
        **{f"baseline: {what}": number for what, number in theirs.counts.items()},
        "queries that only the candidate's file has": lists.height - both.height,
        "queries that only the baseline's file has": against.height - both.height,
    }
    return replace(ours, lists=both, counts={k: n for k, n in counts.items() if n})


def _refuse_nothing(job: TableJob, measured: Measured) -> None:
    if not measured.rows:
        msg = f"{job.source}: the table must have rows; found none"
        raise TableError(msg)
    if not measured.lists.height:
        told = "; ".join(f"{what}: {number:,}" for what, number in measured.counts.items())
        msg = f"{job.source}: no list can be measured ({told})"
        raise TableError(msg)


def _write(
    job: TableJob,
    table: pl.LazyFrame,
    measured: Measured,
    found: tuple[Measure, ...],
    parts: tuple[Slice, ...],
    clicks: Counterfactual | None,
    folder: Path,
) -> None:
    from pipelines.report.table_html import write_table_report

    metrics = parse_metrics(job.metrics)
    other = None if job.other is None else _other(job)[0]
    worst = worst_lists(measured.lists, table, metrics[0], other)
    described = Described(
        source=job.source.name,
        columns=job.columns,
        baseline=job.columns.baseline or (job.other.name if job.other else None),
        definitions=job.definitions,
        preset=job.preset,
        sure=job.sure,
    )
    report: TableReport = describe(described, measured, found, parts, worst).model_copy(
        update={"counterfactual": clicks}
    )
    write_table_report(report, folder)
    # Pictures' metrics, and sums that are no value of a list, are nothing to look up there.
    hidden = {column for column, dtype in measured.lists.schema.items() if dtype == pl.Array}
    asked = [name for name in measured.lists.columns if CURVE not in name and name not in hidden]
    measured.lists.select(asked).write_parquet(folder / "lists.parquet")
    if job.trec:
        write_trec(table, folder)


def summary(
    job: TableJob, measured: Measured, found: tuple[Measure, ...], clicks: Counterfactual | None
) -> str:
    """Say the numbers as lines of text."""
    from pipelines.report.counterfactual_tables import lines
    from pipelines.report.table_words import metric_lines

    head = f"{measured.rows:,} rows in {measured.lists.height:,} lists of {job.source.name}"
    noted = [f"{number:,} {what}" for what, number in measured.counts.items()]
    new = [] if clicks is None else lines(clicks)
    return "\n".join([head, *metric_lines(found, job.sure.blank), *noted, *new])
