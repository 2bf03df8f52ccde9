"""Label: turn what people did with a document into its grade.

in   contracts.impressions_schema + ``reason`` + ``log/`` columns
out  contracts.graded_schema: ``log/`` columns are dropped, ``grade`` is added
"""

from collections.abc import Mapping

import polars as pl

from pipelines.config import MAX_GRADE, GradeRule, Job
from pipelines.contracts import graded_schema, list_types, require
from pipelines.errors import ConfigError, LogError, first_line
from pipelines.stages.validate import also

BAD_GRADE = f"grade is not a whole number from 0 to {MAX_GRADE}"


def label(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Add ``grade``: the grade of the first rule that holds, or 0; or the log's own grade."""
    if job.log.grade:
        graded = _own_grade(impressions, f"log/{job.log.grade}")
    else:
        graded = _ruled_grade(impressions, job.grades)
    got = impressions.collect_schema()
    schema = {**graded_schema(job.features, got["time"]), **list_types(got)}
    return require(graded, pl.Schema(schema), "label")


def rule_columns(job: Job) -> dict[str, str]:
    """Return the columns that grades are made from, each with the key that names it.

    Raises:
        ConfigError: A condition is not SQL.
    """
    if job.log.grade:
        return {job.log.grade: "log.grade"}
    return {
        name: _key(number)
        for number, rule in enumerate(job.grades)
        for name in _condition(number, rule).meta.root_names()
    }


def check_rules(job: Job, columns: Mapping[str, pl.DataType]) -> None:
    """Refuse grade rules that cannot be evaluated, before any work is done.

    Args:
        job: The rules, and the event counts that they may read.
        columns: Types of the log's columns that they read.

    Raises:
        ConfigError: A rule is no condition on a row, or does not fit the types.
    """
    counts = job.events.counts if job.events else ()
    row = pl.Schema({**columns, **{name: pl.UInt32() for name in counts}}).to_frame()
    for number, rule in enumerate(job.grades):
        condition = _condition(number, rule)
        if not _is_row_wise(condition):
            problem = "must be a condition on one row, without a total over the log"
            raise ConfigError(key=_key(number), rule=problem, found=rule.when)
        try:
            dtype = row.select(condition).dtypes[0]
        except pl.exceptions.PolarsError as error:
            problem = f"cannot be evaluated ({first_line(error)})"
            raise ConfigError(key=_key(number), rule=problem, found=rule.when) from None
        if dtype != pl.Boolean:
            problem = "must be a condition, true or false"
            raise ConfigError(key=_key(number), rule=problem, found=rule.when)


def _is_row_wise(expression: pl.Expr) -> bool:
    """Whether no part of it looks beyond the row: a total would see rejected and test rows."""
    meta = expression.meta
    alone = meta.is_literal() or (meta.is_row_separable() and meta.is_length_preserving())
    return alone and all(_is_row_wise(part) for part in meta.pop())


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
    # Conditions speak of the log's own names, so for their sake ours step aside.
    names = impressions.collect_schema().names()
    bare = {name: name.removeprefix("log/") for name in names if name.startswith("log/")}
    kept = {name: f"kept/{name}" for name in names if name not in bare}
    renamed = impressions.rename({**bare, **kept})
    grades = [
        pl.when(_condition(number, rule)).then(pl.lit(rule.grade, dtype=pl.UInt8))
        for number, rule in enumerate(rules)
    ]
    grade = pl.coalesce(*grades, pl.lit(0, dtype=pl.UInt8)).alias("kept/grade")
    ours = {long: name for name, long in kept.items()} | {"kept/grade": "grade"}
    return renamed.with_columns(grade).drop(list(bare.values())).rename(ours)


def _condition(number: int, rule: GradeRule) -> pl.Expr:
    try:
        return pl.sql_expr(rule.when)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(
            key=_key(number), rule=f"must be a SQL condition ({first_line(error)})", found=rule.when
        ) from None


def _key(number: int) -> str:
    return f"grades[{number}].when"
