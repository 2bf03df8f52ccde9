"""Open a log: a file, a folder or a glob of Parquet, Arrow IPC, CSV or NDJSON files, lazily."""

import glob
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.errors import LogError, first_line


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file of a log."""

    path: Path
    rows: pl.LazyFrame


def scan(path: Path, text: Collection[str] = ()) -> list[LogFile]:
    """Return the files at ``path`` in the order of their names.

    Args:
        path: A file, a folder (every file in it with a known suffix) or a glob.
        text: Columns that hold ids. Where the format knows no types they are read as text, so that
            007 and 7 stay two ids.

    Raises:
        LogError: No file is there, one cannot be read, or they are of no known or several formats.
    """
    files = _files(path)
    suffixes = sorted({file.suffix for file in files})
    if not files:
        rule = f"{path} must be a log file, a folder of them or a glob"
        raise LogError(stage="read", rule=rule, found="no file")
    if len(suffixes) > 1 or suffixes[0] not in SCANNERS:
        rule = f"{path} must hold files of one of {', '.join(SCANNERS)}"
        raise LogError(stage="read", rule=rule, found=", ".join(suffixes))
    return [LogFile(file, _scan(file, text)) for file in files]


def scan_rows(path: Path, text: Collection[str] = ()) -> pl.LazyFrame:
    """Return the rows of all files at ``path``, of which each must have the same columns.

    Raises:
        LogError: As :func:`scan`, or the files differ in their columns.
    """
    files = scan(path, text)
    try:
        rows = pl.concat([file.rows for file in files], how="vertical_relaxed")
        rows.collect_schema()
    except pl.exceptions.PolarsError as error:
        rule = f"{path} must hold files of the same columns"
        raise LogError(stage="read", rule=rule, found=first_line(error)) from None
    return rows


def _scan(file: Path, text: Collection[str]) -> pl.LazyFrame:
    try:
        frame = SCANNERS[file.suffix](file, text)
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        rule = f"{file} must be a readable {file.suffix} file"
        raise LogError(stage="read", rule=rule, found=first_line(error)) from None
    return frame


def _csv(file: Path, text: Collection[str]) -> pl.LazyFrame:
    # All rows decide on the types: the first hundred may hold whole numbers and the next one not.
    return pl.scan_csv(
        file,
        glob=False,
        try_parse_dates=True,
        infer_schema_length=None,
        schema_overrides=dict.fromkeys(text, pl.String),
    )


def _ndjson(file: Path, text: Collection[str]) -> pl.LazyFrame:
    # Escaped, because this reader alone takes every path for a glob; and it would make a column of
    # every name that it is told a type of.
    path = glob.escape(str(file))
    present = pl.scan_ndjson(path, infer_schema_length=None).collect_schema()
    types = {name: pl.String for name in text if name in present}
    return pl.scan_ndjson(path, infer_schema_length=None, schema_overrides=types)


SCANNERS: Mapping[str, Callable[[Path, Collection[str]], pl.LazyFrame]] = {
    ".parquet": lambda file, _: pl.scan_parquet(file, glob=False),
    ".arrow": lambda file, _: pl.scan_ipc(file, glob=False),
    ".ipc": lambda file, _: pl.scan_ipc(file, glob=False),
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
}


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in SCANNERS)
    if path.is_file():
        return [path]
    # A path that names nothing may be a glob; its fixed first part is where the search begins.
    fixed = next((parent for parent in path.parents if parent.is_dir()), Path())
    return sorted(file for file in fixed.glob(str(path.relative_to(fixed))) if file.is_file())
