"""Filters: leave out the rows that the job file does not want.

A filtered row is nothing wrong: it is counted under the filter's name and not kept with the
rejects. Its ``reason`` is that name behind ``contracts.FILTERED``, so to every later stage it is a
row like any other that cannot be used.

Filters act on rows that are usable so far, once events are counted and before grades are given and
lists are measured: a list is as long as what the filters leave of it.

in   contracts.impressions_schema + ``reason`` + ``log/`` columns
out  the same rows and columns, ``reason`` extended
"""

from collections.abc import Sequence

import polars as pl

from pipelines.config import Filter
from pipelines.contracts import FILTERED, REASON
from pipelines.errors import ConfigError
from pipelines.stages import label, limit, observe, validate, vet
from pipelines.stages.conditions import check, columns_of, evaluate

TAKEN = frozenset(
    {*validate.REASONS, *vet.REASONS, *limit.REASONS, label.BAD_GRADE, observe.BAD_PROPENSITY}
)
"""Names that a filter cannot have, since the manifest counts other rows under them."""


def leave_out(impressions: pl.LazyFrame, filters: Sequence[Filter]) -> pl.LazyFrame:
    """Give each row for which a filter holds the name of the first that does as its reason."""
    if not filters:
        return impressions
    conditions = filter_conditions(filters).items()
    marks = {f"filter/{number}": one for number, one in enumerate(conditions)}
    first = pl.coalesce(
        pl.when(mark).then(pl.lit(FILTERED + one.name))
        for mark, one in zip(marks, filters, strict=True)
    )
    marked = evaluate(impressions, marks)
    return marked.with_columns(pl.coalesce(REASON, first).alias(REASON)).drop(list(marks))


def filter_columns(filters: Sequence[Filter]) -> dict[str, str]:
    """Return the columns that filters read, each with the key that names it.

    Raises:
        ConfigError: A condition is not SQL.
    """
    return columns_of(filter_conditions(filters))


def check_filters(filters: Sequence[Filter], row: pl.Schema) -> None:
    """Refuse filters that cannot be evaluated or counted.

    Args:
        filters: Of the job file.
        row: Types of the columns that they may read, by the log's own names.

    Raises:
        ConfigError: One is no condition on a row, or is called what a rejected row is called.
    """
    for number, one in enumerate(filters):
        if one.name in TAKEN:
            rule = "is a reason why rows are rejected; a filter needs a name of its own"
            raise ConfigError(key=f"filters[{number}].name", rule=rule, found=one.name)
    check(filter_conditions(filters), row)


def filter_conditions(filters: Sequence[Filter]) -> dict[str, str]:
    """Return the condition of each filter under its key."""
    return {f"filters[{number}].when": one.when for number, one in enumerate(filters)}
