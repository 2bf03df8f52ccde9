"""Label: turn what people did with a document into its grade.

in   contracts.impressions_schema + ``reason`` + ``log/`` columns
out  contracts.graded_schema: ``log/`` columns are dropped, ``grade`` is added
"""

import difflib
from collections.abc import Iterable, Mapping

import polars as pl

from pipelines.config import MAX_GRADE, GradeRule, Job
from pipelines.contracts import graded_schema, list_types, require
from pipelines.errors import ConfigError, LogError
from pipelines.stages.conditions import check, columns_of, evaluate
from pipelines.stages.validate import also

BAD_GRADE = f"grade is not a whole number from 0 to {MAX_GRADE}"


def label(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Add ``grade``: the highest whose rule holds, or 0; or the log's own grade."""
    if job.log.grade:
        graded = _own_grade(impressions, f"log/{job.log.grade}")
    else:
        graded = _ruled_grade(impressions, job.grades)
    got = impressions.collect_schema()
    schema = graded_schema(job.features, got["time"], job.propensity)
    return require(graded, pl.Schema({**schema, **list_types(got)}), "label")


def rule_columns(job: Job) -> dict[str, str]:
    """Return the columns that grades are made from, each with the key that names it.

    Raises:
        ConfigError: A condition is not SQL.
    """
    if job.log.grade:
        return {job.log.grade: "log.grade", **columns_of(acted_condition(job))}
    return columns_of({**acted_condition(job), **grade_conditions(job.grades)})


def observed_names(job: Job) -> dict[str, str]:
    """Return the columns that propensities are made from, each with the key that names it.

    Raises:
        ConfigError: A condition is not SQL.
    """
    if job.propensity is None:
        return {}
    return {**columns_of(job.propensity.conditions), **job.propensity.columns}


def check_rules(job: Job, columns: Mapping[str, pl.DataType]) -> pl.Schema:
    """Refuse conditions that cannot be evaluated, before any work is done.

    Args:
        job: The conditions, and the columns that events give to them.
        columns: Types of the log's columns that they and the filters read.

    Returns:
        Types of all columns that a filter may read: the log's and those made beside them.

    Raises:
        ConfigError: A rule is no condition on a row, or does not fit the types.
    """
    row = pl.Schema({**columns, **_event_types(job)})
    check(acted_condition(job), row)
    if job.acted:
        seen = dict.fromkeys(("acted", "skipped", "examined"), pl.Boolean())
        row = pl.Schema({**row, **seen, "num_acted": pl.UInt32()})
    check(grade_conditions(job.grades), row)
    check(job.propensity.conditions if job.propensity else {}, row)
    return row


def refuse_unknown(schema: Iterable[str], carried: Mapping[str, str], job: Job) -> None:
    """Refuse a made column that hides one of the log, and a rule on a column that there is not.

    Args:
        schema: Columns of a file of the log.
        carried: Columns that must be in it, with the key that names each.
        job: The job, whose made columns a misspelt name may have meant.

    Raises:
        ConfigError: The nearest column is told, be it the log's or a made one.
    """
    made = job.made_columns
    there = set(schema)
    if clash := sorted(set(made) & there):
        rule = "must not be a column of the log"
        raise ConfigError(key=made[clash[0]], rule=rule, found=clash[0])
    for name, key in carried.items():
        near = difflib.get_close_matches(name, [*there, *made], n=1)
        if name not in there and near and near[0] in made:
            rule = f"no such column; did you mean {near[0]!r} ({made[near[0]]})?"
            raise ConfigError(key=key, rule=rule, found=name)


def acted_condition(job: Job) -> dict[str, str]:
    """Return the condition of ``[acted]`` under its key, if there is one."""
    return {"acted.when": job.acted.when} if job.acted else {}


def grade_conditions(rules: tuple[GradeRule, ...]) -> dict[str, str]:
    """Return the condition of each rule under its key."""
    return {f"grades[{number}].when": rule.when for number, rule in enumerate(rules)}


def holding(impressions: pl.LazyFrame, rules: tuple[GradeRule, ...]) -> pl.LazyFrame:
    """Add a Boolean column ``rule/<number>`` for each rule: whether it holds."""
    conditions = grade_conditions(rules).items()
    return evaluate(impressions, {f"rule/{at}": one for at, one in enumerate(conditions)})


def grade_of(rules: tuple[GradeRule, ...]) -> pl.Expr:
    """Return the highest grade whose ``rule/<number>`` holds, or 0."""
    grades = [
        pl.when(f"rule/{number}").then(pl.lit(rule.grade, dtype=pl.UInt8)).otherwise(0)
        for number, rule in enumerate(rules)
    ]
    return pl.max_horizontal(grades).cast(pl.UInt8)


def _event_types(job: Job) -> dict[str, pl.DataType]:
    if job.events is None:
        return {}
    counts = {name: pl.UInt32() for name in job.events.counts}
    return {**counts, **{name: pl.Float64() for name in (*job.events.sums, *job.events.maxima)}}


def _own_grade(impressions: pl.LazyFrame, column: str) -> pl.LazyFrame:
    dtype = impressions.collect_schema()[column]
    if not (dtype.is_numeric() or dtype == pl.Boolean):
        raise LogError(
            stage="label",
            rule=f"log.grade: column {column[4:]!r} must hold numbers",
            found=str(dtype),
        )
    value = pl.col(column).cast(pl.Float64)
    usable = (value.is_between(0, MAX_GRADE) & (value == value.floor())).fill_null(value=False)
    return impressions.with_columns(
        also(BAD_GRADE, ~usable),
        pl.when(usable).then(value).otherwise(0).cast(pl.UInt8).alias("grade"),
    )


def _ruled_grade(impressions: pl.LazyFrame, rules: tuple[GradeRule, ...]) -> pl.LazyFrame:
    return holding(impressions, rules).with_columns(grade_of(rules).alias("grade"))
