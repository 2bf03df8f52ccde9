"""Logs in an object store: the address goes to polars, which lists, reads and authenticates."""

import re
from collections.abc import Collection
from pathlib import Path

import polars as pl

from pipelines.config import Format
from pipelines.errors import LogError
from pipelines.sources._file import LogFile, reading
from pipelines.sources._formats import format_of
from pipelines.sources._window import FOLDER, Window, has_day, on_day

ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
SCHEMES = ("s3", "s3a", "gs", "gcs", "az", "azure", "abfs", "abfss", "adl", "hf", "http", "https")
FILE = "file://"


def is_url(path: str) -> bool:
    """Whether a path is an address in an object store."""
    return ADDRESS.match(path) is not None and not path.startswith(FILE)


def scan_url(
    url: str, kind: Format | None, text: Collection[str], window: Window | None
) -> list[LogFile]:
    """Return the log at an address: one unit, or one for each day if ``{date}`` stands in it.

    Raises:
        LogError: The scheme is unknown, the format cannot be read from afar, or polars cannot
            read there.
    """
    found = ADDRESS.match(url)
    if found is None or found[1] not in SCHEMES:
        rule = f"{url}: an address must begin with one of {', '.join(f'{s}://' for s in SCHEMES)}"
        raise LogError(stage="read", rule=rule, found=found[1] if found else "none")
    if has_day(url) and window is not None:
        return [LogFile(Path(one), _scan(one, kind, text, None)) for one in _days(url, window)]
    return [LogFile(Path(url), _scan(url, kind, text, window), days=window)]


def _days(url: str, window: Window) -> list[str]:
    return [on_day(url, day) for day in window]


def _scan(
    url: str, kind: Format | None, text: Collection[str], window: Window | None
) -> pl.LazyFrame:
    kind = kind or format_of(Path(url)) or "parquet"
    with reading(url, f"{kind} source"):
        rows = _of_kind(url, kind, text)
        schema = rows.collect_schema()
    if window is None:
        return rows
    if schema.get(FOLDER) != pl.Date:
        rule = f"{url} must have {{date}} in it or folders {FOLDER}=… below it, as log.days is set"
        raise LogError(stage="read", rule=rule, found="neither")
    # Polars passes over the files whose folder says another day.
    return rows.filter(pl.col(FOLDER).is_in(list(window)))


def _of_kind(url: str, kind: Format, text: Collection[str]) -> pl.LazyFrame:
    if kind == "parquet":
        return pl.scan_parquet(url)
    if kind == "arrow":
        return pl.scan_ipc(url)
    if kind == "csv":
        types = dict.fromkeys(text, pl.String)
        return pl.scan_csv(
            url, try_parse_dates=True, infer_schema_length=None, schema_overrides=types
        )
    if kind == "ndjson":
        present = pl.scan_ndjson(url, infer_schema_length=None).collect_schema()
        types = {name: pl.String for name in text if name in present}
        return pl.scan_ndjson(url, infer_schema_length=None, schema_overrides=types)
    rule = f"{url}: {kind} is read from local files"
    raise LogError(stage="read", rule=rule, found="an address")
