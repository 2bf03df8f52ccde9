"""The commands of a job, each killed when it is run alone, and run again."""

import os
import random
import signal
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from pipelines.cli import main
from tests.faults.disks import CHANGES, count_calls, killed_at
from tests.faults.forked import Ran, Spoil, forked
from tests.faults.nights import Trial
from tests.faults.world import copy, left_behind, wrong_files
from tests.nightly.small import day, write_day, write_job

COMMANDS = {
    "prepare": "prepare job.toml --date",
    "train": "train job.toml",
    "evaluate": "evaluate job.toml",
    "score": "score --model run --log log --out run/scored",
    "export": "export run --out run/model.onnx",
    "vectors": "vectors run --out run/vectors.parquet",
}
"""In the order of a job; paths are those of the shop."""
FIRST, SECOND = 3, 4
"""The day of the job whose results are replaced, and the day after it."""


def alone(folder: Path, times: int, seed: int) -> Iterator[Trial]:
    """Kill every command before some of its calls that change the disk; 0 for all calls."""
    base, here = folder / "job", folder / "here"
    _expect(forked(lambda: _begin(base)))
    copy(base, here)
    for name in COMMANDS:
        _expect(_run(here, name, FIRST))
    copy(here, base)
    for name in COMMANDS:
        num_calls, expected = _undisturbed(base, here, name)
        which = list(range(1, num_calls + 1))
        for call in random.Random(seed).sample(which, times) if times else which:
            first = _run(copy(base, here), name, SECOND, killed_at(call))
            wrong = [] if first.code in (-signal.SIGKILL, 0) else [f"it ended with {first.code}"]
            wrong += [f"then: {one}" for one in wrong_files(here / "run")]
            again = _run(here, name, SECOND)
            wrong += [f"after the rerun: {one}" for one in _wrong_end(here, again, expected)]
            at = f"{name}, call {call} of {num_calls}"
            yield {"at": at, "code": first.code, "wrong": wrong, "said": []}
        copy(here, base)


def _undisturbed(base: Path, here: Path, name: str) -> tuple[int, dict[str, str]]:
    """How many calls of a command change the disk, and what it leaves whenever it is run."""
    counted = _run(copy(base, here), name, SECOND, lambda: count_calls(CHANGES))
    _expect(counted)
    once = _content(here)
    _expect(_run(copy(base, here), name, SECOND))
    # Curves and times are other ones every time.
    expected = {path: sum_ for path, sum_ in _content(here).items() if once.get(path) == sum_}
    return int(counted.said.rpartition("CALLS ")[2].split()[0]), expected


def _wrong_end(here: Path, again: Ran, expected: dict[str, str]) -> Iterator[str]:
    if again.code:
        yield f"it ended with {again.code}: {again.said[-2000:]}"
    yield from wrong_files(here / "run")
    found = _content(here)
    yield from (f"{path} is another one" for path in expected if found.get(path) != expected[path])
    yield from (f"{path} was left behind" for path in left_behind(here))


def _begin(base: Path) -> int:
    for number in range(1, SECOND + 1):
        write_day(base, number)
    towers = {"embedding_dim": 4, "query": [8, 4], "document": [8, 4], "interaction": "dot"}
    write_job(base, checkpoints__every=2, evaluation__by=[], towers=towers)
    return 0


def _run(here: Path, name: str, number: int, spoil: Spoil | None = None) -> Ran:
    def work() -> int:
        os.fsync = lambda fd: None  # noqa: ARG005 - a killed process loses nothing it has written
        os.chdir(here)
        if spoil:
            spoil()
        words = COMMANDS[name].split()
        return main([*words, str(day(number))] if words[-1] == "--date" else words)

    return forked(work)


def _expect(ran: Ran) -> None:
    assert ran.code == 0, ran.said


def _content(here: Path) -> dict[str, str]:
    """The checksum of every file that can be seen."""
    return {
        str(Path(above, name).relative_to(here)): sha256(Path(above, name).read_bytes()).hexdigest()
        for above, _, names in os.walk(here / "run", followlinks=True)
        if not any(part.startswith(".") for part in Path(above).relative_to(here).parts)
        for name in names
        if not name.startswith(".")
    }
