"""Nights in processes of their own, which are killed, stopped or starved there.

A process that is forked has everything imported: a night costs a second instead of five. That is
safe as long as the process that forks has no threads at work, so it does nothing itself: it has
those alone that allocators begin on import, which know of forks.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.cli import main
from pipelines.telemetry import EventLog
from tests.faults.world import SPOILT
from tests.nightly.small import day

Spoil = Callable[[], None]
IDLE = ("python", "jemalloc_bg", "polars-ooc")
STARTED, FINISHED = "step_started", "step_finished"


class Ran(NamedTuple):
    """What became of a process."""

    code: int
    """Negative for a signal that killed it."""
    said: str
    seconds: float

    @property
    def events(self) -> list[tuple[str, str]]:
        """Which steps began and ended, in order."""
        lines = [line.split() for line in self.said.splitlines() if line.startswith("EVENT ")]
        return [(event, step) for _, event, step in lines]

    @property
    def begun(self) -> set[str]:
        """The steps that were done, not found done."""
        return {step for event, step in self.events if event == STARTED}


def forked(
    work: Callable[[], int],
    kill_after: float | None = None,
    kill_by: signal.Signals = signal.SIGKILL,
    meanwhile: Callable[[], None] | None = None,
) -> Ran:
    """Do something in a process of its own.

    Args:
        work: Returns its exit code.
        kill_after: Seconds until it is killed.
        kill_by: What by.
        meanwhile: Is called here again and again until it ends.
    """
    names = {path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")}
    assert all(name.startswith(IDLE) for name in names), f"threads are at work: {names}"
    ends, began = os.pipe(), time.monotonic()
    if (child := os.fork()) == 0:
        _work(work, ends)
    os.close(ends[1])
    if kill_after is not None:
        time.sleep(max(0.0, kill_after - (time.monotonic() - began)))
        os.kill(child, kill_by)
    while meanwhile and os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        meanwhile()
    with os.fdopen(ends[0], "rb") as pipe:
        said = pipe.read().decode("utf-8", "replace")
    _, status = os.waitpid(child, 0)
    return Ran(os.waitstatus_to_exitcode(status), said, time.monotonic() - began)


def _work(work: Callable[[], int], ends: tuple[int, int]) -> None:
    """In the forked process; a pipe takes what it says, since a full disk takes nothing."""
    code = 99
    try:
        os.dup2(ends[1], 1)
        os.dup2(ends[1], 2)
        code = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def spoilt_night(here: Path, spoil: Spoil | None = None, **how: Any) -> Ran:
    """Run the night, and say of each step that it begins and ends; ``how`` is that of `forked`."""

    def work() -> int:
        # A killed process loses nothing that it has written, so the disk is not waited for.
        os.fsync = lambda fd: None  # noqa: ARG005
        on_event(lambda event, step: print(f"EVENT {event} {step}", file=sys.stderr))  # noqa: T201
        if spoil:
            spoil()
        return main(["nightly", str(here / "job.toml"), "--date", str(day(SPOILT))])

    return forked(work, **how)


def on_event(heard: Callable[[str, str], None]) -> None:
    """Hear of every step that begins or ends, in this process from now on."""
    emit = EventLog.emit

    def told(self: EventLog, event: str, *args: object, **fields: object) -> None:
        emit(self, event, *args, **fields)  # type: ignore[arg-type]
        if event in (STARTED, FINISHED):
            heard(event, str(fields["step"]))

    EventLog.emit = told  # type: ignore[method-assign]


def signal_at(number: int, which: signal.Signals) -> Spoil:
    """Send this process a signal when so many steps have begun or ended."""
    seen = [0]

    def heard(_event: str, _step: str) -> None:
        seen[0] += 1
        if seen[0] == number:
            os.kill(os.getpid(), which)

    return lambda: on_event(heard)


def kill_at(event: str, step: str) -> Spoil:
    """Kill this process when a step begins, or when it ends that was not done before."""
    begun = [step] if event == STARTED else []

    def heard(one: str, name: str) -> None:
        if one == STARTED:
            begun.append(name)
        if (one, name) == (event, step) and step in begun:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: on_event(heard)


def signal_in_training(batch: int, which: signal.Signals) -> Spoil:
    """Send this process a signal after so many batches."""

    def spoil() -> None:
        from pipelines.jobs.train import _Shown

        plain, seen = _Shown.batch, [0]

        def counted(self: _Shown, record: object) -> None:
            plain(self, record)  # type: ignore[arg-type]
            seen[0] += 1
            if seen[0] == batch:
                os.kill(os.getpid(), which)

        _Shown.batch = counted  # type: ignore[method-assign]

    return spoil
