"""Spoil one night again and again, and say each time what was wrong then and after a rerun.

Run as a process of its own: `python -m tests.faults.killed FOLDER boundaries moments:50:7` prints
a line of JSON for every trial. The numbers are how many there are to be, and a seed.
"""

import json
import random
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

# What a night imports, once for all nights.
import matplotlib.backends.backend_svg  # noqa: F401
import pandas as pd  # type: ignore[import-untyped]  # noqa: F401

import ltr.training.tensorboard  # noqa: F401
import pipelines.gate
import pipelines.inspect.profile
import pipelines.jobs.evaluate
import pipelines.jobs.prepare
import pipelines.jobs.train
import pipelines.night_report
import pipelines.report.html
import pipelines.scoring  # noqa: F401
from pipelines.nightly.outcome import Exit
from tests.faults.commands import alone
from tests.faults.disks import disk_calls, full_from, killed_at, limits, read_only, small_disks
from tests.faults.forked import kill_at, signal_at, signal_in_training, spoilt_night
from tests.faults.nights import Nights, Trial
from tests.faults.world import copy, done, wrong_now


def in_turn(nights: Nights) -> Iterator[Trial]:
    """Kill one night when a step begins, the rerun when it ends, and so on to the end."""
    copy(nights.base, nights.here)
    before: set[str] = set()
    for boundary in nights.whole.events:
        ran = spoilt_night(nights.here, kill_at(*boundary))
        wrong = wrong_now(nights.here)
        wrong += [f"{step} was done twice" for step in sorted(before & ran.begun)]
        wrong += [] if ran.code == -signal.SIGKILL else [f"it ended with {ran.code}: {ran.said}"]
        before = done(nights.here)
        yield {"at": " ".join(boundary), "code": ran.code, "wrong": wrong, "said": []}
    again = spoilt_night(nights.here)
    wrong = [*nights.wrong_end(before, again)]
    yield {"at": "the end", "code": again.code, "wrong": wrong, "said": []}


def watched(nights: Nights) -> Iterator[Trial]:
    """Read all the time while a night is at work."""
    copy(nights.base, nights.here)
    looks: list[list[str]] = []

    def look() -> None:
        looks.append(wrong_now(nights.here))
        time.sleep(0.01)

    ran = spoilt_night(nights.here, meanwhile=look)
    for number, wrong in enumerate(looks):
        yield {"at": f"look {number}", "code": ran.code, "wrong": wrong, "said": []}


def boundaries(nights: Nights, which: signal.Signals, codes: tuple[int, ...]) -> Iterator[Trial]:
    """Send a signal when a step begins, and when it ends, for all of them."""
    for number, (event, step) in enumerate(nights.whole.events, 1):
        yield nights.trial(f"{event} {step}", codes, signal_at(number, which))


def moments(
    nights: Nights, by: signal.Signals, codes: tuple[int, ...], times: int, seed: int
) -> Iterator[Trial]:
    """Send a signal at moments that are drawn; some nights have not begun, or are over by then."""
    chance = random.Random(seed)
    for _ in range(times):
        after = chance.uniform(0.0, nights.whole.seconds)
        told = (-by, *codes, Exit.PROMOTED)
        yield nights.trial(f"{after:.2f} s", told, kill_after=after, kill_by=by)


def batches(nights: Nights, times: int, seed: int) -> Iterator[Trial]:
    """Ask a training to stop after each of some batches."""
    for batch in sorted(random.Random(seed).sample(range(1, 13), times)):
        stopped = signal_in_training(batch, signal.SIGTERM)
        yield nights.trial(f"batch {batch}", (Exit.STOPPED,), stopped)


def trials(nights: Nights, kind: str, times: int = 0, seed: int = 0) -> Iterator[Trial]:
    """Spoil the night, or a command alone, in one way, again and again."""
    killed, full = (-signal.SIGKILL,), (Exit.BAD_INPUT, Exit.PROMOTED)
    if kind == "in_turn":
        yield from in_turn(nights)
    elif kind == "watched":
        yield from watched(nights)
    elif kind == "boundaries":
        yield from boundaries(nights, signal.SIGKILL, killed)
    elif kind == "moments":
        yield from moments(nights, signal.SIGKILL, (), times, seed)
    elif kind == "asked":
        yield from moments(nights, signal.SIGTERM, (Exit.STOPPED,), times, seed)
    elif kind == "calls":
        yield from disk_calls(nights, killed_at, killed, times, seed)
    elif kind == "full":
        yield from disk_calls(nights, full_from, full, times, seed)
    elif kind == "small":
        yield from small_disks(nights, times, seed)
    elif kind == "read_only":
        yield from read_only(nights)
    elif kind == "limits":
        yield from limits(nights, times, seed)
    elif kind == "stopped":
        yield from boundaries(nights, signal.SIGTERM, (Exit.STOPPED, Exit.PROMOTED))
    elif kind == "alone":
        yield from alone(nights.here.parent, times, seed)
    elif kind == "training":
        yield from batches(nights, times, seed)


def main() -> None:
    """Print a line of JSON for every trial."""
    nights = Nights(Path(sys.argv[1]))
    for told in sys.argv[2:]:
        kind, *numbers = told.split(":")
        for one in trials(nights, kind, *map(int, numbers)):
            sys.stdout.write(json.dumps({"kind": kind, **one}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
