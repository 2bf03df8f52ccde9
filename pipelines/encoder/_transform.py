"""Transform: rows as the log has them to the same rows as numbers."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import polars as pl

from pipelines.config import MISSING, WITHIN_LIST
from pipelines.contracts import ENCODED_TYPES, RAW_TYPES, is_like
from pipelines.encoder._column import EncodedColumn
from pipelines.encoder._within_list import Lists
from pipelines.errors import LogError
from pipelines.stages.weights import weight_rules


def check(columns: Sequence[EncodedColumn], schema: pl.Schema) -> None:
    """Refuse rows that lack a column, or have it in another type.

    Raises:
        LogError: The first such column.
    """
    needed = {column: RAW_TYPES[kind] for one in columns for _, column, kind in one.parts}
    if any(map(_within_list, columns)):
        needed["query_id"] = pl.String()
    for name, dtype in needed.items():
        if not is_like(found := schema.get(name), dtype):
            rule = f"column {name!r} must be {dtype}"
            raise LogError(stage="encode", rule=rule, found=str(found or "no column"))


def encoded_types(columns: Sequence[EncodedColumn]) -> dict[str, pl.DataType]:
    """Type of each column that is replaced or added, in the order in which they are."""
    replaced = {one.column: ENCODED_TYPES[one.kind] for one in columns}
    added = {one.column + MISSING: ENCODED_TYPES["number"] for one in columns if _indicated(one)}
    weights = {one.weights: ENCODED_TYPES["weights"] for one in columns if one.weights}
    return replaced | added | weights


def encoded(columns: Sequence[EncodedColumn], rows: pl.DataFrame) -> pl.DataFrame:
    """Return ``rows`` with their features encoded.

    Raises:
        LogError: Weights are not one per id, or not finite and at least 0.
    """
    _check_weights(columns, rows)
    expressions = [one for column in columns if _is_number(column) for one in column.expressions()]
    numbers = rows.select(expressions)
    lists = Lists.of(rows["query_id"]) if any(map(_within_list, columns)) else None

    def slow(column: EncodedColumn) -> list[pl.Series]:
        if _is_number(column):
            return [column.floats(numbers[column.column], lists)]
        return column.ids(rows[column.column], rows[column.weights] if column.weights else None)

    rest = [column for column in columns if column.about.scale is None]
    # polars and pyarrow compute without the interpreter's lock: threads share the columns.
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        series = [one for made in threads.map(slow, rest) for one in made]
    made = {one.name: one for one in (*numbers, *series)}
    return rows.with_columns(made[name] for name in encoded_types(columns))


def _check_weights(columns: Sequence[EncodedColumn], rows: pl.DataFrame) -> None:
    rules = weight_rules(one.column for one in columns if one.weights)
    if not rules:
        return
    found = rows.select(condition.sum().alias(reason) for reason, condition in rules.items())
    for reason, count in zip(found.columns, found.row(0), strict=True):
        if count:
            rule = "weights must be one per id, finite and at least 0"
            raise LogError(stage="encode", rule=rule, found=f"{count} rows: {reason}")


def _is_number(column: EncodedColumn) -> bool:
    return column.kind == "number"


def _within_list(column: EncodedColumn) -> bool:
    return column.about.settings.scale in WITHIN_LIST


def _indicated(column: EncodedColumn) -> bool:
    return column.about.settings.missing
