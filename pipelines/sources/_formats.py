"""The formats of files, told by their suffix, and how each is opened."""

import glob
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import polars as pl

from pipelines.config import Format
from pipelines.sources._file import reading
from pipelines.sources._letor import scan_letor
from pipelines.sources._text import PACKED
from pipelines.sources._types import csv_types, ndjson_types

SUFFIXES: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".ipc": "arrow",
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".letor": "letor",
    ".svmrank": "letor",
    ".svmlight": "letor",
    ".libsvm": "letor",
}
PACKABLE: frozenset[Format] = frozenset({"csv", "ndjson", "letor", "trec"})


def format_of(path: Path) -> Format | None:
    """Return the format that the suffix tells, e.g. of ``log.csv.gz``; None if it tells none.

    Example:
        >>> format_of(Path("log.csv.gz")), format_of(Path("log.parquet.gz"))
        ('csv', None)
    """
    if path.suffix not in PACKED:
        return SUFFIXES.get(path.suffix)
    inner = SUFFIXES.get(path.with_suffix("").suffix)
    return inner if inner in PACKABLE else None


def open_file(file: Path, kind: Format, text: Collection[str]) -> pl.LazyFrame:
    """Return a file's rows; its schema is known, so the file is what its suffix says.

    Raises:
        LogError: It is not.
    """
    with reading(file, f"{file.suffix or kind} file"):
        frame = SCANNERS[kind](file, text)
        frame.collect_schema()
    return frame


def _csv(file: Path, text: Collection[str]) -> pl.LazyFrame:
    types = csv_types(file, text)
    if all(dtype == pl.Null for dtype in types.values()):  # of no rows, or of nothing at all
        return pl.LazyFrame(schema=types)
    read = {name: pl.String() if dtype == pl.Null else dtype for name, dtype in types.items()}
    rows = pl.scan_csv(file, glob=False, try_parse_dates=True, schema=read)
    return rows.with_columns(pl.lit(None).alias(name) for name in types if types[name] == pl.Null)


def _ndjson(file: Path, text: Collection[str]) -> pl.LazyFrame:
    types = ndjson_types(file, text)
    # Escaped, because this reader alone takes every path for a glob.
    path = glob.escape(str(file))
    return pl.scan_ndjson(path, schema=types) if types else pl.LazyFrame()


SCANNERS: Mapping[Format, Callable[[Path, Collection[str]], pl.LazyFrame]] = {
    "parquet": lambda file, _: pl.scan_parquet(file, glob=False),
    "arrow": lambda file, _: pl.scan_ipc(file, glob=False),
    "csv": _csv,
    "ndjson": _ndjson,
    "letor": lambda file, _: scan_letor(file),
}
