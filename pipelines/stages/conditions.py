"""SQL conditions of the job file: read, checked before any work, and evaluated row by row.

A condition speaks of the log's own column names and looks at one row: a total over the log would
see rejected rows and the test part, and would change with the way the log is cut.
"""

import re
from collections.abc import Mapping

import polars as pl

from pipelines.errors import ConfigError, first_line


def columns_of(conditions: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that conditions (key to SQL) read, each with the first key that does.

    Raises:
        ConfigError: A condition is not SQL.
    """
    found: dict[str, str] = {}
    for key, text in conditions.items():
        for name in _parsed(key, text).meta.root_names():
            found.setdefault(name, key)
    return found


def check(conditions: Mapping[str, str], row: pl.Schema) -> None:
    """Refuse conditions (key to SQL) that cannot be evaluated on a row of these types.

    Raises:
        ConfigError: One is no condition on a row, or does not fit the types.
    """
    nothing = row.to_frame()
    for key, text in conditions.items():
        if not _is_row_wise(_judged(key, text)):
            problem = "must be a condition on one row, without a total over the log"
            raise ConfigError(key=key, rule=problem, found=text)
        try:
            dtype = nothing.select(_parsed(key, text)).dtypes[0]
        except pl.exceptions.PolarsError as error:
            problem = f"cannot be evaluated ({first_line(error)})"
            raise ConfigError(key=key, rule=problem, found=text) from None
        if dtype != pl.Boolean:
            problem = "must be a condition, true or false"
            raise ConfigError(key=key, rule=problem, found=text)


def evaluate(rows: pl.LazyFrame, conditions: Mapping[str, tuple[str, str]]) -> pl.LazyFrame:
    """Add a Boolean column for every condition; a comparison with null does not hold.

    Args:
        rows: The pipeline's columns, the log's own as ``log/<column>``.
        conditions: New column to (key of the job file, SQL).
    """
    # Conditions speak of the log's own names, so for their sake ours step aside.
    names = rows.collect_schema().names()
    bare = {name: name.removeprefix("log/") for name in names if name.startswith("log/")}
    kept = {name: f"kept/{name}" for name in names if name not in bare}
    found = [
        _parsed(key, text).fill_null(value=False).alias(f"kept/{name}")
        for name, (key, text) in conditions.items()
    ]
    back = {long: name for name, long in (bare | kept).items()}
    new = {f"kept/{name}": name for name in conditions}
    return rows.rename({**bare, **kept}).with_columns(found).rename({**back, **new})


def _parsed(key: str, text: str) -> pl.Expr:
    try:
        return pl.sql_expr(text)
    except pl.exceptions.PolarsError as error:
        rule = f"must be a SQL condition ({first_line(error)})"
        raise ConfigError(key=key, rule=rule, found=text) from None


def _judged(key: str, text: str) -> pl.Expr:
    """Return the condition in a form whose every part polars can judge without knowing the types.

    It cannot judge ``x IN (1, 2)``, but with a column among the values it writes that out as
    comparisons. The form is looked at, never evaluated, so any column will do.
    """
    written_out = re.sub(r"\bIN\s*\((?!\s*SELECT\b)", "IN (any_column, ", text, flags=re.IGNORECASE)
    return _parsed(key, text if written_out == text else written_out)


def _is_row_wise(expression: pl.Expr) -> bool:
    """Whether no part of it looks beyond the row."""
    meta = expression.meta
    try:
        # What reads no column is a constant, of length 1, if its parts are.
        alone = meta.is_literal() or (
            meta.is_row_separable() and (meta.is_length_preserving() or not meta.root_names())
        )
    except pl.exceptions.PolarsError:  # it cannot stand in a row at all, as SELECT
        return False
    return alone and all(_is_row_wise(part) for part in meta.pop())
