"""The files that a night reads, each with its checksum: what they hold decides, not their place."""

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import JsonValue, TypeAdapter, ValidationError

from ltr.atomic import write_file
from ltr.data.manifest import FILE, Manifest, checksum
from pipelines.config import Format
from pipelines.joints import Log, Table
from pipelines.nightly.digest import digest_of
from pipelines.registry import LogFile
from pipelines.sources import LogFile as Unread
from pipelines.sources import Window, address_of, objects, open_path

_SEEN: TypeAdapter[dict[str, tuple[str, str]]] = TypeAdapter(dict[str, tuple[str, str]])


def files_of(log: Log, folder: Path, seen: Path, *, save: bool) -> tuple[LogFile, ...]:
    """Give the checksum of every file of a log.

    A file whose size and time of change are as they were is not read again. Of an object store,
    names, sizes and entity tags of the objects stand for their content, and the number of rows.

    Args:
        log: Opened.
        folder: What the files are named from, where they lie in it.
        seen: Where the checksums are kept until the next time.
        save: Whether to keep them.

    Raises:
        OSError: A file cannot be read.
    """
    known = _load(seen)
    now: dict[str, tuple[str, str]] = {}
    tables = [("log", log.impressions), *([("events", log.events)] if log.events else [])]
    found = [one for name, table in tables for one in _files(name, table, folder, known, now)]
    if save and now != known:
        write_file(seen, json.dumps(now, indent=1).encode())
    return tuple(found)


def changed_files(log: Log, folder: Path, before: Sequence[LogFile]) -> list[str]:
    """Name the files whose checksums are not those from before any more, or that are gone."""
    known = {(one.table, one.file): one.sha256 for one in before}
    tables = [("log", log.impressions), *([("events", log.events)] if log.events else [])]
    found = [one for name, table in tables for one in _files(name, table, folder, {}, {})]
    return [one.file for one in found if known.get((one.table, one.file)) != one.sha256]


def lists_digest(folder: Path) -> str | None:
    """Say what lists hold and mean, wherever they were made; None where there are none."""
    if not (folder / FILE).exists():
        return None
    manifest = Manifest.load(folder)
    content = manifest.model_dump(mode="json", exclude={"job", "source"})
    return digest_of([content, manifest.grading])


def file_digests(folder: Path, names: Sequence[str]) -> dict[str, JsonValue]:
    """Give the checksums of some files of a folder, those that are there."""
    return {name: checksum(folder / name) for name in names if (folder / name).exists()}


def day_digests(path: str, kind: Format | None, day: datetime.date) -> dict[str, JsonValue]:
    """Give the checksums of the files of one day.

    Raises:
        LogError: There is none, or the path does not say where a day's files lie.
    """
    opened = open_path(path, (), kind, Window(day, 1))
    return {str(one.path): _digest(one, 0, {}, {}) for one in opened.files}


def _files(
    name: str,
    table: Table,
    folder: Path,
    known: dict[str, tuple[str, str]],
    now: dict[str, tuple[str, str]],
) -> list[LogFile]:
    kind: Literal["log", "events"] = "events" if name == "events" else "log"
    return [
        LogFile(file=_named(file.path, folder), sha256=digest, rows=rows, table=kind)
        for file, rows in zip(table.files, table.rows, strict=True)
        for digest in [_digest(file, rows, known, now)]
    ]


def _named(path: Path, folder: Path) -> str:
    """As the registry's lineage names files: inside the folder of the log, or from the root."""
    if not path.exists():
        return address_of(path)
    whole, root = path.resolve(), folder.resolve()
    return whole.relative_to(root if whole.is_relative_to(root) else whole.anchor).as_posix()


def _digest(
    file: Unread, rows: int, known: dict[str, tuple[str, str]], now: dict[str, tuple[str, str]]
) -> str:
    path = file.path
    if path.is_dir():  # a Delta table: its log names every file, which never changes
        names = sorted(one.name for one in path.glob("_delta_log/*"))
        return digest_of([str(path), rows, *names])
    if not path.exists():
        return digest_of([str(path), rows, *(objects(file) or ())])
    about = path.stat()
    state = f"{about.st_size} {about.st_mtime_ns} {about.st_ino}"
    before = known.get(str(path))
    digest = before[1] if before and before[0] == state else checksum(path)
    now[str(path)] = (state, digest)
    return digest


def _load(path: Path) -> dict[str, tuple[str, str]]:
    try:
        return _SEEN.validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return {}
