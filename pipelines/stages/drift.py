"""Drift: what changes in the columns of a log from one file to the next."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.errors import LogError
from pipelines.sources import LogFile

NONE = "no such column"


@dataclass(frozen=True, slots=True)
class Drift:
    """A column that is not as in the files before.

    Attributes:
        file: The first file in which it is so.
        column: Its name.
        before: Its type until then, or "no such column".
        now: Its type from then on.
    """

    file: str
    column: str
    before: str
    now: str


def known(files: Sequence[LogFile]) -> list[LogFile]:
    """Return the files that have columns; one of nothing at all is a day without rows."""
    return [file for file in files if file.rows.collect_schema()]


def drift(files: Sequence[LogFile]) -> list[Drift]:
    """Return every change, in the order of the files and of their columns.

    A column of nulls, as in a file without rows, is of no type and changes nothing.
    """
    changes: list[Drift] = []
    before: dict[str, str] = {}
    for number, file in enumerate(known(files)):
        now = {name: str(dtype) for name, dtype in file.rows.collect_schema().items()}
        now = {name: before.get(name, "Null") if t == "Null" else t for name, t in now.items()}
        if number:
            changes += [
                Drift(file.path.name, name, before.get(name, NONE), now.get(name, NONE))
                for name in [*before, *(name for name in now if name not in before)]
                if before.get(name, NONE) != now.get(name, NONE) and before.get(name) != "Null"
            ]
        before = now
    return changes


def refuse_drift(files: Sequence[LogFile]) -> None:
    """Refuse files of which one differs from those before it.

    Raises:
        LogError: One does; the file and the column are told.
    """
    if changes := drift(files):
        first = changes[0]
        more = f" (and {len(changes) - 1} more changes)" if len(changes) > 1 else ""
        rule = (
            f"{first.file}: column {first.column!r} must stay as in the files before, "
            f'{first.before}, as log.drift = "freeze" says'
        )
        raise LogError(stage="read", rule=rule, found=f"{first.now}{more}")


def told(name: str, files: Sequence[LogFile], most: int = 5) -> list[str]:
    """Return lines that say what changed in a table called ``name``."""
    changes = drift(files)
    lines = [
        f"{name}: {one.column} is {one.now} from {one.file} on, was {one.before}"
        for one in changes[:most]
    ]
    more = [f"{name}: {len(changes) - most} more changes of columns"] if changes[most:] else []
    return lines + more
