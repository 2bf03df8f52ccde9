"""Parts of the lists that a mean can hide: each gives every list one value, in words."""

from collections.abc import Iterator
from typing import NamedTuple

import polars as pl

from pipelines.report.table_record import BY_OUTCOME
from pipelines.table.columns import BY, FREQUENCY
from pipelines.table.frame import DOCUMENTS, FIRST

MOST_VALUES = 20
"""A column of more values is cut: numbers into fifths, words into the most frequent and others."""

LENGTHS = (1, 5, 10, 20, 50, 100)
RANKS = (1, 3, 10)
OTHER, MISSING = "(others)", "(none)"


class Cut(NamedTuple):
    """One way to part the lists: a word for each of them, ``[lists]``."""

    by: str
    values: pl.Series


def cuts(lists: pl.DataFrame, *, frequency: str | None, first: str) -> Iterator[Cut]:
    """Give every way that the lists are sliced, columns first.

    Args:
        lists: One row per list, as measured.
        frequency: The table's name of the column that makes two lists the same query.
        first: What the position of the first relevant document is counted in.
    """
    for name in lists.columns:
        if name.startswith(BY):
            yield Cut(name.removeprefix(BY), by_value(lists[name]))
    if frequency is not None:
        yield Cut(f"frequency of {frequency}", by_frequency(lists[FREQUENCY]))
    yield Cut("documents in the list", by_range(lists[DOCUMENTS], LENGTHS))
    if FIRST in lists.columns:
        yield Cut(f"{BY_OUTCOME}, {first}", by_range(lists[FIRST], RANKS))


def by_value(values: pl.Series) -> pl.Series:
    """Part by a column's own values, or by fifths where it holds many numbers.

    Example:
        >>> by_value(pl.Series(["phone", None, "desk"])).to_list()
        ['phone', '(none)', 'desk']
    """
    if values.dtype.is_float() and (values.drop_nulls() == values.drop_nulls().floor()).all():
        values = values.cast(pl.Int64, strict=False)
    if values.drop_nulls().n_unique() <= MOST_VALUES:
        return values.cast(pl.String).fill_null(MISSING)
    if values.dtype.is_numeric():
        return _fifths(values)
    if values.dtype.is_temporal():
        return _fifths(values.to_physical(), values)
    words = values.cast(pl.String)
    most = words.drop_nulls().value_counts().sort("count", words.name, descending=[True, False])
    kept = most[words.name].head(MOST_VALUES - 1)
    named = pl.when(words.is_in(kept.implode())).then(words).otherwise(pl.lit(OTHER))
    return pl.select(pl.when(words.is_null()).then(pl.lit(MISSING)).otherwise(named)).to_series()


def by_frequency(queries: pl.Series) -> pl.Series:
    """Part by how often a query was asked: head, torso and tail hold a third of the lists each.

    A query is of the head if the more frequent ones hold less than a third of the lists; queries
    of equal frequency are never parted.

    Example:
        >>> by_frequency(pl.Series(["a", "a", "b", "c", "a", "b"])).to_list()
        ['head', 'head', 'torso', 'tail', 'head', 'torso']
    """
    name = queries.name
    counted = queries.to_frame().group_by(name).len("n")
    levels = counted.group_by("n").agg(pl.col("n").sum().alias("lists")).sort("n", descending=True)
    before = (levels["lists"].cum_sum() - levels["lists"]) / len(queries)
    part = pl.select(
        pl.when(before < 1 / 3).then(pl.lit("head"))
        .when(before < 2 / 3).then(pl.lit("torso"))
        .otherwise(pl.lit("tail"))
    ).to_series()  # fmt: skip
    of_level = counted.join(levels.with_columns(part=part), on="n", maintain_order="left")
    found = queries.to_frame().join(
        of_level, on=name, how="left", nulls_equal=True, maintain_order="left"
    )
    return found["part"]


def by_range(numbers: pl.Series, ends: tuple[int, ...]) -> pl.Series:
    """Part whole numbers from 1 by the ends of ranges.

    Example:
        >>> by_range(pl.Series([1, 4, 700, None]), (1, 5, 10)).to_list()
        ['1', '2 to 5', 'above 10', '(none)']
    """
    said = pl.lit(f"above {ends[-1]}")
    for low, high in reversed(list(zip((0, *ends), ends, strict=False))):
        words = str(high) if high == low + 1 else f"{low + 1} to {high}"
        said = pl.when(numbers <= high).then(pl.lit(words)).otherwise(said)
    return pl.select(pl.when(numbers.is_null()).then(pl.lit(MISSING)).otherwise(said)).to_series()


def _fifths(numbers: pl.Series, shown: pl.Series | None = None) -> pl.Series:
    shown = numbers if shown is None else shown
    inner = [numbers.quantile(at / 5, "lower") for at in range(1, 5)]
    at = sum((numbers > end).cast(pl.UInt8) for end in inner)
    frame = pl.DataFrame({"at": at, "shown": shown})
    ends = frame.drop_nulls().group_by("at").agg(
        low=pl.col("shown").min(), high=pl.col("shown").max()
    ).select("at", said=pl.format("{} to {}", "low", "high"))  # fmt: skip
    return frame.join(ends, on="at", how="left", maintain_order="left")["said"].fill_null(MISSING)
