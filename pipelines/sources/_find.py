"""Find the files of a log: in a file, a folder, a glob, folders ``key=value``, days in a path."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from pipelines.config import Format
from pipelines.errors import LogError
from pipelines.sources._formats import format_of
from pipelines.sources._letor_groups import SUFFIXES as GROUP_SUFFIXES
from pipelines.sources._text import PACKED
from pipelines.sources._window import FOLDER, Window, day_of, has_day, on_day


@dataclass(frozen=True, slots=True)
class Found:
    """A file of a log.

    Attributes:
        path: Where it lies.
        folders: What the folders above it say: of ``country=nl``, that country is nl.
        day: The day whose rows it holds, if its place says so.
    """

    path: Path
    folders: Mapping[str, str] = field(default_factory=dict)
    day: date | None = None


def find(path: str, kind: Format | None, window: Window | None) -> list[Found]:
    """Return the files at ``path`` in the order of days, then of names.

    Only what lies in the window is looked at: other days' folders are not even listed.

    Args:
        path: A file, a folder (every file in it that could be a log) or a glob, with ``{date}``
            where the day stands.
        kind: The format, if it is not told by the suffix.
        window: The days that are wanted; None: all there are.

    Raises:
        LogError: The path does not say where a day's files lie, or a folder is named after none.
    """
    if has_day(path):
        if window is None:
            rule = f"{path} has {{date}} in it, so the job must say log.days and its last day"
            raise LogError(stage="read", rule=rule, found="no --date")
        return [
            Found(found.path, found.folders, day)
            for day in window
            for found in _below(Path(on_day(path, day)), kind, None)
        ]
    found = list(_below(Path(path), kind, window))
    if window is not None and any(one.day is None for one in found):
        rule = f"{path} must have {{date}} in it or folders {FOLDER}=… below it, as log.days is set"
        raise LogError(stage="read", rule=rule, found="neither")
    return found


def _below(path: Path, kind: Format | None, window: Window | None) -> Iterator[Found]:
    if path.is_file():
        yield Found(path)
    elif path.is_dir():
        yield from _walk(path, kind, window, Found(path))
    else:
        # What names nothing may be a glob; its fixed first part is where the search begins.
        fixed = next((parent for parent in path.parents if parent.is_dir()), Path())
        for one in sorted(fixed.glob(str(path.relative_to(fixed)))):
            found = _said(one, fixed)
            if window is not None and found.day is not None and found.day not in window:
                continue
            if one.is_file():
                yield found
            elif "=" in one.name:
                yield from _walk(one, kind, window, found)


def _said(path: Path, below: Path) -> Found:
    """What the names of the folders between two paths say."""
    parts = path.relative_to(below).parts
    named = [part for part in (parts if path.is_dir() else parts[:-1]) if "=" in part]
    folders = {key: value for key, _, value in (part.partition("=") for part in named)}
    day = day_of(folders[FOLDER], path) if FOLDER in folders else None
    return Found(path, folders, day)


def _walk(folder: Path, kind: Format | None, window: Window | None, at: Found) -> Iterator[Found]:
    for one in sorted(folder.iterdir()):
        if one.is_file():
            if _is_log(one, kind):
                yield Found(one, at.folders, at.day)
        elif "=" in one.name:
            yield from _enter(one, kind, window, at)


def _enter(folder: Path, kind: Format | None, window: Window | None, at: Found) -> Iterator[Found]:
    key, _, value = folder.name.partition("=")
    day = day_of(value, folder) if key == FOLDER else at.day
    if window is None or day is None or day in window:
        yield from _walk(folder, kind, window, Found(folder, {**at.folders, key: value}, day))


def _is_log(path: Path, kind: Format | None) -> bool:
    if path.name.startswith((".", "_")):
        return False
    plain = path.with_suffix("") if path.suffix in PACKED else path
    if kind == "letor" and plain.suffix in GROUP_SUFFIXES:
        return False
    return kind is not None or format_of(path) is not None
