"""Clocks: whole numbers that tell time in one unit, and rows from after the last day.

A whole number of 500 million or more is taken for the time since 1970, in the unit that puts it
between 1985 and the year 17,000; smaller ones only count, and have no unit.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from pipelines.errors import LogError
from pipelines.sources import LogFile, reading

PER_SECOND = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
FROM = 500_000_000
LOOKED_AT = 1000
LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Clock:
    """A column that tells time.

    Attributes:
        key: What the job file calls it.
        column: Its name.
        files: Of the table that has it.
    """

    key: str
    column: str
    files: Sequence[LogFile]


def check_units(clocks: Sequence[Clock]) -> None:
    """Refuse files that tell time in two units, by the first thousand times of each.

    Raises:
        LogError: Two do; both are named.
    """
    first: tuple[str, str] | None = None
    for where, unit in _units(clocks):
        if first is not None and first[1] != unit:
            rule = "whole numbers that tell time must be of one unit in all files"
            found = f"{first[1]} in {first[0]} and {unit} in {where}"
            raise LogError(stage="read", rule=rule, found=found)
        first = first or (where, unit)


def is_from(moment: datetime, dtype: pl.DataType) -> pl.Expr:
    """Return whether ``time`` is at ``moment``, in UTC, or later; what only counts is not."""
    time = pl.col("time")
    if not dtype.is_integer():
        return time >= moment
    seconds = int(moment.replace(tzinfo=UTC).timestamp())
    return pl.any_horizontal(
        time.is_between(max(FROM, seconds) * per_second, min(FROM * per_second * 1000 - 1, LARGEST))
        for per_second in PER_SECOND.values()
    )


def _units(clocks: Sequence[Clock]) -> Iterator[tuple[str, str]]:
    for clock in clocks:
        for file in clock.files:
            dtype = file.rows.collect_schema().get(clock.column)
            if dtype is not None and dtype.is_integer():
                unit = _unit(file, clock.column)
                if unit:
                    yield f"{file.path.name} ({clock.key})", unit


def _unit(file: LogFile, column: str) -> str | None:
    times = file.rows.select(pl.col(column).cast(pl.Int64, strict=False)).head(LOOKED_AT)
    with reading(file.path):
        middle = times.collect(engine="streaming").to_series().median()
    if not isinstance(middle, int | float) or middle < FROM:
        return None
    return next((unit for unit, per in PER_SECOND.items() if middle < FROM * per * 1000), None)
