"""Audit: how many rows each grade rule held on, and how many got its grade, day by day.

A rule that held on a thousand rows yesterday and on none today is a broken log, not a bad day.

in   what ``label`` takes: contracts.impressions_schema + ``reason`` + ``log/`` columns
out  AUDIT, one row per day and grade; frames of parts of a log merge into that of the whole
"""

from collections.abc import Iterable

import polars as pl

from pipelines.config import Job
from pipelines.contracts import REASON
from pipelines.stages.label import grade_of, holding

FILE = "audit.parquet"

AUDIT = pl.Schema(
    {
        "day": pl.Date(),
        "grade": pl.UInt8(),
        "rule": pl.String(),
        "held": pl.Int64(),
        "given": pl.Int64(),
    }
)
"""``day``: when the row was shown, in UTC; null where the log's clock is a whole number. ``rule``:
the condition; null for grade 0, which no rule gives. ``held``: usable rows on which it holds.
``given``: those of them that got the grade, because no higher grade's rule held."""


def audit(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Count usable rows per day and rule; empty where the log brings its own grade."""
    rules = job.grades
    if not rules:
        return pl.LazyFrame(schema=AUDIT)
    usable = holding(impressions.filter(pl.col(REASON).is_null()), rules)
    grade = grade_of(rules)
    counts = [
        pl.col(f"rule/{number}").sum().alias(f"held/{number}") for number in range(len(rules))
    ]
    given = [(grade == one).sum().alias(f"given/{one}") for one in (0, *(r.grade for r in rules))]
    by_day = (
        usable.with_columns(_day(impressions).alias("day")).group_by("day").agg(*counts, *given)
    )
    rows = [_rows(by_day, 0, None, "given/0")]
    rows += [
        _rows(by_day, rule.grade, rule.when, f"held/{number}") for number, rule in enumerate(rules)
    ]
    return pl.concat(rows).sort("day", "grade")


def merge_audits(audits: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Add up the audits of the parts of a log."""
    whole = pl.concat([AUDIT.to_frame(), *audits])
    counts = pl.col("held", "given").sum()
    return whole.group_by("day", "grade", "rule").agg(counts).sort("day", "grade")


def silent_rules(merged: pl.DataFrame, job: Job) -> list[str]:
    """Return a sentence for every rule that holds on no row, or whose rows a higher one all takes.

    Args:
        merged: The audit of the whole log.
        job: The rules.
    """
    totals = merged.group_by("grade").agg(pl.col("held", "given").sum())
    found = {grade: (held, given) for grade, held, given in totals.rows()}
    said = []
    for number, rule in enumerate(job.grades):
        held, given = found.get(rule.grade, (0, 0))
        if not held:
            said.append(f"grades[{number}].when holds on no usable row: {rule.when}")
        elif not given:
            said.append(
                f"grades[{number}] gives its grade to none of the {held:,} rows on which it holds: "
                f"a higher grade's rule holds on all of them"
            )
    return said


def _day(impressions: pl.LazyFrame) -> pl.Expr:
    if impressions.collect_schema()["time"] == pl.Int64:
        return pl.lit(None, dtype=pl.Date)
    return pl.col("time").dt.date()


def _rows(by_day: pl.LazyFrame, grade: int, rule: str | None, held: str) -> pl.LazyFrame:
    return by_day.select(
        "day",
        pl.lit(grade, dtype=pl.UInt8).alias("grade"),
        pl.lit(rule, dtype=pl.String).alias("rule"),
        pl.col(held).cast(pl.Int64).alias("held"),
        pl.col(f"given/{grade}").cast(pl.Int64).alias("given"),
    )
