"""The rows of a log that estimates are made from: all usable, or one line on those that are not."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from pipelines.errors import TableError
from pipelines.table.columns import (
    NEW,
    NEW_PREDICTED,
    POSITION,
    PREDICTED,
    PROPENSITY,
    QUERY,
    REWARD,
    SCORE,
)


class Rule(NamedTuple):
    """What a column must hold in every row."""

    said: str
    holds: Callable[[pl.Expr], pl.Expr]


NUMBER = Rule("must hold a number in every row", lambda column: column.is_finite())
SHARE = Rule("must be a probability from 0 to 1", lambda column: column.is_between(0, 1))
CHANCE = Rule(
    "must be a probability above 0 and at most 1", lambda column: (column > 0) & (column <= 1)
)
WHOLE = Rule(
    "must be a whole number from 1",
    lambda column: column.is_finite() & (column >= 1) & (column == column.floor()),
)
NAMED = Rule("must name a query in every row", lambda column: column.is_not_null())

POLICY = {
    QUERY: NAMED,
    REWARD: NUMBER,
    PROPENSITY: CHANCE,
    NEW: SHARE,
    PREDICTED: NUMBER,
    NEW_PREDICTED: NUMBER,
}
RANKING = {
    QUERY: NAMED,
    SCORE: NUMBER,
    REWARD: NUMBER,
    PROPENSITY: CHANCE,
    POSITION: WHOLE,
    PREDICTED: SHARE,
}


def usable_rows(
    table: pl.LazyFrame, names: Mapping[str, str], rules: Mapping[str, Rule]
) -> pl.DataFrame:
    """Read the rows, numbers as Float64, or refuse them all.

    Args:
        table: Rows under the names of their parts; they are held in memory.
        names: The table's own names of the parts that are played.
        rules: By part, what its column must hold.

    Raises:
        TableError: There is no row, or some break a rule: how many is said for each column.
    """
    checked = {part: rule for part, rule in rules.items() if part in names}
    numbers = [pl.col(part).cast(pl.Float64) for part in checked if part != QUERY]
    rows = table.with_columns(numbers).collect(engine="streaming")
    if not rows.height:
        msg = "the table must have rows; found none"
        raise TableError(msg)
    bad = rows.select(
        (~rule.holds(pl.col(part)).fill_null(value=False)).sum().alias(part)
        for part, rule in checked.items()
    ).row(0, named=True)
    told = [
        f"{part.replace('_', '-')} column {names[part]!r} {checked[part].said}; got {n:,} rows that"
        f" break this"
        for part, n in bad.items()
        if n
    ]
    if told:
        msg = f"{'; '.join(told)}, of {rows.height:,} rows"
        raise TableError(msg)
    return rows


def lengths_of_lists(rows: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Return the number of rows of each list, ``[lists]``, of rows that are sorted by list."""
    lengths = rows[QUERY].rle().struct.field("len")
    return np.asarray(lengths.cast(pl.Int64).to_numpy())
