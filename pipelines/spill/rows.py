"""Rows of one partition on the disk, between two steps: texts as numbers, their texts beside them.

Polars can write an Enum itself, but reading it back takes ten times as long as reading numbers.
"""

from pathlib import Path

import polars as pl

from pipelines.spill.numbered import is_numbered, put_together, take_apart

ROWS, TEXTS = "rows.arrow", "texts.arrow"


def write_rows(rows: pl.DataFrame, folder: Path) -> None:
    """Write rows into a folder."""
    columns, texts = [], {}
    for column in rows.iter_columns():
        numbers = column
        if is_numbered(column.dtype):
            numbers, texts[column.name] = take_apart(column)
        columns.append(numbers)
    pl.DataFrame(columns).write_ipc(folder / ROWS, compression="uncompressed")
    one_row = pl.DataFrame([series.alias(name).implode() for name, series in texts.items()])
    one_row.write_ipc(folder / TEXTS, compression="uncompressed")


def scan_rows(folder: Path) -> pl.LazyFrame:
    """Read what ``write_rows`` wrote; texts become Enum."""
    rows = pl.scan_ipc(folder / ROWS, glob=False)
    schema = rows.collect_schema()
    return rows.with_columns(
        put_together(
            pl.col(texts.name), texts.explode(), lists=isinstance(schema[texts.name], pl.List)
        )
        for texts in pl.read_ipc(folder / TEXTS).iter_columns()
    )
