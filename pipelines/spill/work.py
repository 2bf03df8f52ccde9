"""The work folder of a run: what finished tasks left, so that a killed run can go on.

A task writes into a folder beside the one it is to leave, with its record inside, and renames it
when it is done: so it is done whole or not at all, however often it is begun. The work folder's
name is the identity of the work: the job, the log's files, how they are cut. What another identity
left is removed first; nothing is removed by halves, since a task's record stands for all its files.
"""

import hashlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from ltr.atomic import remove_folders
from pipelines.engines import Engine
from pipelines.errors import JobError
from pipelines.progress import Progress

WORK = ".prepare"
RECORD = "record.json"

Task = TypeVar("Task")
Record = TypeVar("Record", bound=BaseModel)


@contextmanager
def work_folder(run: Path, identity: Any) -> Iterator[Path]:  # noqa: ANN401  whatever JSON can hold
    """Yield the work folder of ``identity`` below ``run``, with what an earlier run left in it.

    It goes when the block ends well, or because the log or the job is wrong: then there is nothing
    to go on with. It stays for the next run if the process is killed or the disk is full.
    """
    text = json.dumps(identity, sort_keys=True)
    here = run / WORK / hashlib.sha256(text.encode()).hexdigest()[:16]
    remove_folders(run / WORK, but=here)
    here.mkdir(parents=True, exist_ok=True)
    for unfinished in here.glob("*/.*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    try:
        yield here
    except JobError:
        remove_folders(run / WORK)
        raise
    remove_folders(run / WORK)


@dataclass(frozen=True, slots=True)
class Work:
    """Where a run works, on which engine, and where it tells how far it is."""

    folder: Path
    engine: Engine
    progress: Progress

    def map(
        self,
        step: str,
        function: Callable[[Task, Path], Record],
        tasks: Sequence[Task],
        kind: type[Record],
    ) -> list[Record]:
        """Run the tasks of a step that are not done, and return the records of all, in order.

        Args:
            step: What it is called where progress is shown; task ``n`` leaves its files in the
                folder ``<step>/0000n``.
            function: Takes a task and the folder to write into.
            tasks: One for each call.
            kind: The type of the records.
        """
        calls = [
            Call(function, task, self.folder_of(step, number), kind)
            for number, task in enumerate(tasks)
        ]
        done = {n: record for n, call in enumerate(calls) if (record := call.recorded())}
        left = [n for n in range(len(calls)) if n not in done]
        with self.progress.step(step) as shown:
            shown.expect(len(calls))
            for _ in done:
                shown.advance()
            for at, record in self.engine.map(once, [calls[n] for n in left]):
                done[left[at]] = record
                shown.advance()
        return [done[number] for number in range(len(calls))]

    def folder_of(self, step: str, number: int) -> Path:
        """Return the folder in which a task of a step leaves its files."""
        return self.folder / step / f"{number:05}"


@dataclass(frozen=True, slots=True)
class Call(Generic[Task, Record]):
    """One task with all that another process needs to run it."""

    function: Callable[[Task, Path], Record]
    task: Task
    target: Path
    kind: type[Record]

    def recorded(self) -> Record | None:
        """Return the record of a task that is done."""
        try:
            return self.kind.model_validate_json((self.target / RECORD).read_bytes())
        except FileNotFoundError:
            return None


def once(call: Call[Task, Record]) -> Record:
    """Run a task unless it is done; of two processes that run the same one, the first is kept."""
    if (found := call.recorded()) is not None:
        return found
    folder = call.target.with_name(f".{call.target.name}.{secrets.token_hex(8)}")
    folder.mkdir(parents=True)
    try:
        record = call.function(call.task, folder)
        (folder / RECORD).write_text(record.model_dump_json(), encoding="utf-8")
        folder.rename(call.target)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and (found := call.recorded()) is not None:
            return found
        raise
    return record
