"""The formats of files, told by their suffix, and how each is opened."""

import glob
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

import polars as pl

from pipelines.config import Format
from pipelines.sources._file import reading
from pipelines.sources._letor import scan_letor
from pipelines.sources._text import PACKED, blocks_of_lines

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
    if not _has_text(file):
        return pl.LazyFrame()
    # All rows decide on the types: the first hundred may hold whole numbers and the next one not.
    frame = pl.scan_csv(
        file,
        glob=False,
        try_parse_dates=True,
        infer_schema_length=None,
        schema_overrides=dict.fromkeys(text, pl.String),
    )
    if frame.head(1).collect().is_empty():  # a header alone knows no types
        return pl.LazyFrame(schema=dict.fromkeys(frame.collect_schema(), pl.Null))
    return frame


def _ndjson(file: Path, text: Collection[str]) -> pl.LazyFrame:
    if not _has_text(file):
        return pl.LazyFrame()
    # Escaped, because this reader alone takes every path for a glob; and it would make a column of
    # every name that it is told a type of.
    path = glob.escape(str(file))
    present = pl.scan_ndjson(path, infer_schema_length=None).collect_schema()
    types = {name: pl.String for name in text if name in present}
    return pl.scan_ndjson(path, infer_schema_length=None, schema_overrides=types)


def _has_text(file: Path) -> bool:
    """Look through a text file, which the types need too: is it UTF-8, does it hold anything?"""
    return any([not text.isspace() for text, _ in blocks_of_lines(file)])  # noqa: C419 - to the end


SCANNERS: Mapping[Format, Callable[[Path, Collection[str]], pl.LazyFrame]] = {
    "parquet": lambda file, _: pl.scan_parquet(file, glob=False),
    "arrow": lambda file, _: pl.scan_ipc(file, glob=False),
    "csv": _csv,
    "ndjson": _ndjson,
    "letor": lambda file, _: scan_letor(file),
}
