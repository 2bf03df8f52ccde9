"""Open a log: a file, a folder or a glob of Parquet, Arrow IPC, CSV or NDJSON files, lazily."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from pipelines.errors import LogError, first_line

SCANNERS: Mapping[str, Callable[..., pl.LazyFrame]] = {
    ".parquet": pl.scan_parquet,
    ".arrow": pl.scan_ipc,
    ".ipc": pl.scan_ipc,
    ".csv": partial(pl.scan_csv, try_parse_dates=True),
    ".ndjson": pl.scan_ndjson,
    ".jsonl": pl.scan_ndjson,
}
UNTYPED = (".csv", ".ndjson", ".jsonl")
"""Formats without types, whose columns are otherwise guessed from the first rows."""


def scan(path: Path, *, text: Iterable[str] = ()) -> pl.LazyFrame:
    """Return the rows of all files at ``path``, in the order of the files' names.

    Args:
        path: A file, a folder (every file in it with a known suffix) or a glob.
        text: Columns to take as text where the format has no types, so that a value which is not
            what the first rows suggest is the caller's to judge.

    Raises:
        LogError: No file is there, or the files are of no known or of several formats.
    """
    files = _files(path)
    suffixes = sorted({file.suffix for file in files})
    if not files:
        raise LogError(
            stage="read",
            rule=f"{path} must be a log file, a folder of them or a glob",
            found="no file",
        )
    if len(suffixes) > 1 or suffixes[0] not in SCANNERS:
        known = ", ".join(SCANNERS)
        raise LogError(
            stage="read",
            rule=f"{path} must hold files of one of {known}",
            found=", ".join(suffixes),
        )
    try:
        frame = _scan(files, suffixes[0], dict.fromkeys(text, pl.String))
        frame.collect_schema()
    except (pl.exceptions.PolarsError, OSError) as error:
        rule = f"{path} must hold readable {suffixes[0]} files"
        raise LogError(stage="read", rule=rule, found=first_line(error)) from None
    return frame


def _scan(files: list[Path], suffix: str, types: dict[str, type[pl.String]]) -> pl.LazyFrame:
    if suffix not in UNTYPED or not types:
        return SCANNERS[suffix](files)
    present = SCANNERS[suffix](files).collect_schema()
    kept = {name: dtype for name, dtype in types.items() if name in present}
    return SCANNERS[suffix](files, schema_overrides=kept)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in SCANNERS)
    if path.is_file():
        return [path]
    # A path that names nothing may be a glob; its fixed first part is where the search begins.
    fixed = next((parent for parent in path.parents if parent.is_dir()), Path())
    return sorted(file for file in fixed.glob(str(path.relative_to(fixed))) if file.is_file())
