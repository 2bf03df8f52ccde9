"""Label: turn what people did with a document into its grade.

in   contracts.impressions_schema + ``reason`` + ``log/`` columns
out  contracts.graded_schema: ``log/`` columns are dropped, ``grade`` is added
"""

import polars as pl

from pipelines.config import MAX_GRADE, GradeRule, Job
from pipelines.contracts import graded_schema, require
from pipelines.errors import ConfigError, LogError, first_line
from pipelines.stages.validate import also

BAD_GRADE = f"grade is not a whole number from 0 to {MAX_GRADE}"


def label(impressions: pl.LazyFrame, job: Job) -> pl.LazyFrame:
    """Add ``grade``: the grade of the first rule that holds, or 0; or the log's own grade."""
    if job.log.grade:
        graded = _own_grade(impressions, f"log/{job.log.grade}")
    else:
        graded = _ruled_grade(impressions, job.grades)
    time = impressions.collect_schema()["time"]
    return require(graded, graded_schema(job.features, time), "label")


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


def _own_grade(impressions: pl.LazyFrame, column: str) -> pl.LazyFrame:
    dtype = impressions.collect_schema()[column]
    if not dtype.is_numeric():
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
        pl.when(_checked(renamed, number, rule)).then(pl.lit(rule.grade, dtype=pl.UInt8))
        for number, rule in enumerate(rules)
    ]
    grade = pl.coalesce(*grades, pl.lit(0, dtype=pl.UInt8)).alias("kept/grade")
    ours = {long: name for name, long in kept.items()} | {"kept/grade": "grade"}
    return renamed.with_columns(grade).drop(list(bare.values())).rename(ours)


def _checked(frame: pl.LazyFrame, number: int, rule: GradeRule) -> pl.Expr:
    condition = _condition(number, rule)
    try:
        # On no rows at all, so that a rule is refused before the work, not in the middle of it.
        dtype = frame.collect_schema().to_frame().select(condition).dtypes[0]
    except pl.exceptions.PolarsError as error:
        raise ConfigError(
            key=_key(number), rule=f"cannot be evaluated ({first_line(error)})", found=rule.when
        ) from None
    if dtype != pl.Boolean:
        raise ConfigError(
            key=_key(number), rule="must be a condition, true or false", found=rule.when
        )
    return condition


def _condition(number: int, rule: GradeRule) -> pl.Expr:
    try:
        return pl.sql_expr(rule.when)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(
            key=_key(number), rule=f"must be a SQL condition ({first_line(error)})", found=rule.when
        ) from None


def _key(number: int) -> str:
    return f"grades[{number}].when"
