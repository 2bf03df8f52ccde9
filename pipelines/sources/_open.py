"""Open a log lazily: nothing is read here but what the types of its columns need."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.config import Format, Job
from pipelines.errors import ConfigError, LogError, first_line
from pipelines.sources._delta import is_delta, scan_delta
from pipelines.sources._file import LogFile
from pipelines.sources._find import Found, find
from pipelines.sources._formats import SUFFIXES, format_of, open_file
from pipelines.sources._text import PACKED
from pipelines.sources._trec import scan_trec
from pipelines.sources._url import FILE, is_url, scan_url
from pipelines.sources._window import FOLDER, Window, day_of, told


@dataclass(frozen=True, slots=True)
class Opened:
    """A log, and what its window found.

    Attributes:
        files: In the order of days, then of names.
        days: Days of the window that have rows to read; empty without a window.
        missing: Days of the window that have not.
    """

    files: list[LogFile]
    days: tuple[date, ...] = ()
    missing: tuple[date, ...] = ()

    @property
    def summary(self) -> str | None:
        """One line on the window, if there is one."""
        if not self.days:
            return None
        gone = f"; nothing of {told(self.missing)}" if self.missing else ""
        return f"days {told(self.days)}{gone}"


def open_log(job: Job, folder: Path) -> Opened:
    """Open the impressions of a job.

    Args:
        job: Its ``log`` and ``date``.
        folder: What ``log.path`` is relative to.

    Raises:
        LogError: No file is there, one cannot be read, or a day is missing and must not be.
        ConfigError: A window is asked for without its last day.
    """
    qrels = None if job.log.qrels is None else folder / job.log.qrels
    return _open(_place(folder, job.log.path), job.id_columns, job, qrels)


def open_events(job: Job, folder: Path) -> Opened | None:
    """Open the events of a job, of the same days; None if it has none.

    Raises:
        LogError: As :func:`open_log`.
    """
    if job.events is None:
        return None
    return _open(_place(folder, job.events.path), job.events.id_columns, job, None)


def scan(path: Path | str, text: Collection[str] = (), kind: Format | None = None) -> list[LogFile]:
    """Return the files at ``path`` in the order of their names.

    Args:
        path: A file, a folder (every file in it with a known suffix), a glob, a Delta table or an
            address in an object store.
        text: Columns that hold ids. Where the format knows no types they are read as text, so that
            007 and 7 stay two ids.
        kind: The format, if the suffix does not tell it.

    Raises:
        LogError: No file is there, one cannot be read, or they are of no known or several formats.
    """
    return _scan(str(path), text, kind, None, None).files


def open_path(
    path: str, text: Collection[str], kind: Format | None, window: Window | None
) -> Opened:
    """Open what lies at a path, all of it or the days of a window.

    Args:
        path: As of :func:`scan`; with a window, ``{date}`` stands for the day.
        text: As of :func:`scan`.
        kind: As of :func:`scan`.
        window: The days to read.

    Raises:
        LogError: As :func:`scan`.
    """
    return _scan(path, text, kind, window, None)


def scan_rows(path: Path | str, text: Collection[str] = ()) -> pl.LazyFrame:
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


def _place(folder: Path, path: str) -> str:
    return path if is_url(path) or path.startswith(FILE) else str(folder / path)


def _open(path: str, text: Collection[str], job: Job, qrels: Path | None) -> Opened:
    window = None
    if job.log.days is not None:
        if job.date is None:
            raise ConfigError(key="log.days", rule="needs the window's last day: --date or date")
        window = Window(job.date, job.log.days, frozenset(job.log.leave_out))
    opened = _scan(path, text, job.log.format, window, qrels)
    if opened.missing and job.log.missing_days == "refuse":
        rule = f'{path} must hold every day of the window (log.missing_days = "allow" if not)'
        raise LogError(stage="read", rule=rule, found=f"nothing of {told(opened.missing)}")
    return opened


def _scan(
    path: str,
    text: Collection[str],
    kind: Format | None,
    window: Window | None,
    qrels: Path | None,
) -> Opened:
    if is_url(path):
        return Opened(scan_url(path, kind, text, window), tuple(window or ()))
    local = path.removeprefix(FILE)
    if is_delta(Path(local)):
        rows, days = scan_delta(Path(local), window)
        return _within([LogFile(Path(local), rows)], days, window)
    found = find(local, kind, window)
    if not found:
        rule = f"{local} must be a log file, a folder of them or a glob"
        asked = f" of {told(list(window))}" if window else ""
        raise LogError(stage="read", rule=rule, found=f"no file{asked}")
    kinds = _kinds(local, found, kind)
    files = [_one(one, kinds, text, qrels) for one in found]
    return _within(files, [one.day for one in found if one.day], window)


def _within(files: list[LogFile], days: Sequence[date], window: Window | None) -> Opened:
    if window is None:
        return Opened(files)
    present = set(days)
    missing = tuple(day for day in window if day not in present)
    return Opened(files, tuple(sorted(present)), missing)


def _kinds(path: str, found: Sequence[Found], kind: Format | None) -> Format:
    """The one format of all files."""
    if kind is not None:
        return kind
    kinds = {format_of(one.path) for one in found}
    (only, *others) = kinds
    if others or only is None:
        suffixes = ", ".join(sorted({_suffix(one.path) for one in found}))
        rule = f"{path} must hold files of one of {', '.join(SUFFIXES)} (or log.format says it)"
        raise LogError(stage="read", rule=rule, found=suffixes)
    return only


def _suffix(path: Path) -> str:
    inner = path.with_suffix("").suffix if path.suffix in PACKED else ""
    return f"{inner}{path.suffix}" or path.name


def _one(found: Found, kind: Format, text: Collection[str], qrels: Path | None) -> LogFile:
    rows = scan_trec(found.path, qrels) if kind == "trec" else open_file(found.path, kind, text)
    return LogFile(found.path, _with_folders(rows, found.folders, found.path))


def _with_folders(rows: pl.LazyFrame, folders: Mapping[str, str], path: Path) -> pl.LazyFrame:
    """Add what the folders' names say, as columns, where the file does not say it itself."""
    schema = rows.collect_schema()
    if not schema:
        return rows
    return rows.with_columns(
        pl.lit(day_of(value, path) if key == FOLDER else value).alias(key)
        for key, value in folders.items()
        if key not in schema
    )
