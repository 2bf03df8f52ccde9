"""Delta Lake tables, through the package ``deltalake`` (the extra ``delta``)."""

from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from pipelines.errors import LogError
from pipelines.sources._file import reading
from pipelines.sources._window import FOLDER, Window

LOG = "_delta_log"


def is_delta(path: Path) -> bool:
    """Whether a folder is a Delta table."""
    return (path / LOG).is_dir()


def scan_delta(path: Path, window: Window | None) -> tuple[pl.LazyFrame, Sequence[date]]:
    """Return a table's latest rows, and the days of the window that it has.

    Other days' files are not opened if the table is partitioned by its column ``date``.

    Raises:
        LogError: ``deltalake`` is not installed, the table cannot be read, or a window is asked
            for and there is no column ``date``.
    """
    if find_spec("deltalake") is None:
        rule = f"{path} is a Delta table: pip install 'ltr[delta]'"
        raise LogError(stage="read", rule=rule, found="no deltalake")
    with reading(path, "Delta table"):
        rows, schema = _scan(path)
        if window is None:
            return rows, ()
        day = _day(schema, path)
        rows = rows.filter(day.is_in(list(window)))
        days = rows.select(day.unique().sort()).collect(engine="streaming").to_series()
    return rows, days.to_list()


def _scan(path: Path) -> tuple[pl.LazyFrame, pl.Schema]:
    from deltalake.exceptions import DeltaError

    try:
        rows = pl.scan_delta(str(path))
        return rows, rows.collect_schema()
    except DeltaError as error:
        raise OSError(str(error)) from None


def _day(schema: pl.Schema, path: Path) -> pl.Expr:
    dtype = schema.get(FOLDER)
    if dtype == pl.Date:
        return pl.col(FOLDER)
    if dtype == pl.String:
        return pl.col(FOLDER).str.to_date("%Y-%m-%d", strict=False)
    rule = f"{path} must have a column {FOLDER!r} of dates, as log.days is set"
    raise LogError(stage="read", rule=rule, found=str(dtype or "no such column"))
