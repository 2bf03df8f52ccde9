"""The steps of a night, each kept by its content: what is there already is not made again.

A step has a key: all that decides what it leaves, named part by part. ``steps/<name>.json`` holds
the key beside what the step left. A rerun does a step if its key is another one, if it was not
done, or if what it left is gone; the part of the key that differs says why.

What a step leaves is a file or a folder that appears by one rename. Before the step begins, its
record says what stood there; so a night that is killed between the rename and the record sees that
something else stands there now, and does not make it again.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from ltr.atomic import remove_folders, remove_leftovers, write_file
from ltr.data.manifest import checksum

Key = Mapping[str, JsonValue]


class Task(NamedTuple):
    """A step to be done, or not."""

    name: str
    key: Key
    """All that decides what it leaves."""
    work: Callable[[], JsonValue]
    """Does it; what it returns, a small value, is kept in the record."""
    leaves: Path | None = None
    """The file, or the folder of ``ltr.atomic``, that it leaves."""
    on_the_way: Path | None = None
    """The folder of what it keeps to go on with, and removes when it has left something."""


class Record(BaseModel):
    """The whole of ``steps/<name>.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: dict[str, JsonValue]
    done: bool
    stood: str | None = None
    """What stands, or stood when it began, where the step leaves something."""
    left: JsonValue = None
    seconds: float = 0.0


class Undone(Exception):  # noqa: N818 - no error: a plan ends here
    """A step that a plan cannot look beyond.

    Args:
        name: Of the step.
        why: It is to be done.
    """

    def __init__(self, name: str, why: str) -> None:
        super().__init__(name, why)
        self.name, self.why = name, why


class Quiet:
    """Is told of the steps, and tells nobody."""

    def begins(self, name: str, why: str) -> None:
        """A step is to be done."""

    def ended(self, name: str, seconds: float, *, there: bool) -> None:
        """It is done, or was there already."""


@dataclass
class Steps:
    """The steps of one night.

    Args:
        folder: Of their records.
        watcher: Is told of every step.
        plan: Whether nothing is done: the first step to be done raises `Undone`.
    """

    folder: Path
    watcher: Quiet
    plan: bool = False
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each step that came to its end took; 0 where it was there already."""
    keys: dict[str, JsonValue] = field(default_factory=dict)
    """Of the steps so far."""
    has_begun: bool = False
    """Whether any step had to be done."""

    def do(self, task: Task) -> JsonValue:
        """Do a step unless it is done, and return what it keeps in its record.

        Raises:
            Undone: It is to be done, and this is a plan.
        """
        key, record = dict(task.key), self.record(task.name)
        self.keys[task.name] = key
        stands = what_stands(task.leaves)
        if record and not record.done and record.key == key and _was_made(record, stands):
            # A night was killed between the rename and the record.
            if not self.plan:
                _tidy(task)
            record = self._keep(task.name, Record(key=key, done=True, stood=stands))
        why = _why(record, key, stands)
        if record and why is None:
            self.seconds[task.name] = 0.0
            self.watcher.ended(task.name, 0.0, there=True)
            return record.left
        if self.plan:
            raise Undone(task.name, why or "")
        return self._work(task, key, why or "")

    def record(self, name: str) -> Record | None:
        """What is known of a step; None if there is nothing, or nothing that can be read."""
        try:
            return Record.model_validate_json((self.folder / f"{name}.json").read_bytes())
        except (OSError, ValidationError):
            return None

    def _work(self, task: Task, key: dict[str, JsonValue], why: str) -> JsonValue:
        self.has_begun = True
        self.watcher.begins(task.name, why)
        self._keep(task.name, Record(key=key, done=False, stood=what_stands(task.leaves)))
        began = time.monotonic()
        left = task.work()
        seconds = round(time.monotonic() - began, 3)
        stands = what_stands(task.leaves)
        self._keep(task.name, Record(key=key, done=True, stood=stands, left=left, seconds=seconds))
        self.seconds[task.name] = seconds
        self.watcher.ended(task.name, seconds, there=False)
        return left

    def _keep(self, name: str, record: Record) -> Record:
        if not self.plan:
            text = record.model_dump_json(indent=1) + "\n"
            write_file(self.folder / f"{name}.json", text.encode())
        return record


def what_stands(path: Path | None) -> str | None:
    """Tell a version of a folder, or the content of a file, from others; None for nothing."""
    if path is None:
        return None
    if path.is_symlink():
        return str(path.readlink()) if path.exists() else None
    return checksum(path) if path.is_file() else None


def _tidy(task: Task) -> None:
    """Remove what the work itself would have removed after the rename."""
    if task.leaves is not None and task.leaves.is_symlink():
        remove_leftovers(task.leaves)
    if task.on_the_way is not None:
        remove_folders(task.on_the_way)


def _was_made(record: Record, stands: str | None) -> bool:
    return stands is not None and stands != record.stood


def _why(record: Record | None, key: Key, stands: str | None) -> str | None:
    if record is None:
        return "it has not been done"
    if odd := sorted(_odd(record.key, dict(key))):
        return f"{', '.join(odd)} changed"
    if not record.done:
        return "it was begun and not finished"
    return None if record.stood == stands else "what it left is gone or was replaced"


def _odd(before: JsonValue, now: JsonValue, at: str = "") -> Iterator[str]:
    """Name what differs, as deep as two levels: ``training.epochs``."""
    if before == now:
        return
    both = isinstance(before, Mapping) and isinstance(now, Mapping)
    if not both or at.count("."):
        yield at
        return
    assert isinstance(before, Mapping)
    assert isinstance(now, Mapping)
    for name in before.keys() | now.keys():
        yield from _odd(before.get(name), now.get(name), f"{at}.{name}" if at else name)
