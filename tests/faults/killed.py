"""Spoil one night again and again, and say each time what was wrong then and after a rerun.

Run as a process of its own: `python -m tests.faults.killed FOLDER KIND [TIMES] [SEED]` prints JSON.
"""

import errno
import json
import os
import random
import resource
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pipelines.gate
import pipelines.jobs.evaluate
import pipelines.jobs.prepare
import pipelines.jobs.train
import pipelines.night_report
import pipelines.scoring  # noqa: F401 - what a night imports, once for all nights
from pipelines.nightly.outcome import Exit
from tests.faults.forked import (
    Ran,
    Spoil,
    forked,
    signal_at,
    signal_in_training,
    spoilt_night,
)
from tests.faults.world import begin, copy, done, end, left_behind, wrong_now

CALLS = ("fsync", "replace", "rename", "symlink", "mkdir")
"""What a disk that is full may refuse, beside the writing itself."""
Trial = dict[str, Any]


class Nights:
    """The shop before the night, and how the night ends if nobody spoils it."""

    def __init__(self, folder: Path) -> None:
        self.base, self.here = folder / "base", folder / "here"
        ran = forked(lambda: begin(self.base))
        assert ran.code == Exit.PROMOTED, ran.said
        self.whole = spoilt_night(copy(self.base, self.here))
        assert self.whole.code == Exit.PROMOTED, self.whole.said
        self.end = end(self.here)

    def trial(self, at: str, codes: Iterable[int], spoil: Spoil | None = None, **how: Any) -> Trial:
        """Spoil the night, look, run it again, look again."""
        copy(self.base, self.here)
        first = spoilt_night(self.here, spoil, **how)
        wrong = [] if first.code in codes else [f"it ended with {first.code}: {first.said[-2000:]}"]
        wrong += [f"then: {one}" for one in wrong_now(self.here)]
        before = done(self.here)
        again = spoilt_night(self.here)
        wrong += [f"after the rerun: {one}" for one in self._wrong_end(before, again)]
        return {"at": at, "code": first.code, "wrong": wrong, "said": _lines(first, again)}

    def _wrong_end(self, before: set[str], again: Ran) -> Iterator[str]:
        if again.code != self.whole.code:
            yield f"it ended with {again.code}: {again.said[-2000:]}"
            return
        yield from wrong_now(self.here)
        yield from (f"{step} was done twice" for step in sorted(before & again.begun))
        found = end(self.here)
        yield from (f"{name} is another one" for name in found if found[name] != self.end[name])
        yield from (f"{path} was left behind" for path in left_behind(self.here))


def _lines(*runs: Ran) -> list[str]:
    kinds = ("ltr: error", "going on", "Traceback")
    return [line for ran in runs for line in ran.said.splitlines() if any(k in line for k in kinds)]


def boundaries(nights: Nights, which: signal.Signals, codes: tuple[int, ...]) -> Iterator[Trial]:
    """Send a signal when a step begins, and when it ends, for all of them."""
    for number, (event, step) in enumerate(nights.whole.events, 1):
        yield nights.trial(f"{event} {step}", codes, signal_at(number, which))


def moments(nights: Nights, times: int, seed: int) -> Iterator[Trial]:
    """Kill the night at moments that are drawn; some nights are over by then."""
    chance, codes = random.Random(seed), (-signal.SIGKILL, Exit.PROMOTED)
    for _ in range(times):
        after = chance.uniform(0.0, nights.whole.seconds)
        yield nights.trial(f"{after:.2f} s", codes, kill_after=after)


def batches(nights: Nights, times: int, seed: int) -> Iterator[Trial]:
    """Ask a training to stop after each of some batches."""
    for batch in sorted(random.Random(seed).sample(range(1, 13), times)):
        stopped = signal_in_training(batch, signal.SIGTERM)
        yield nights.trial(f"batch {batch}", (Exit.STOPPED,), stopped)


def disk_calls(
    nights: Nights, spoil: Callable[[int], Spoil], codes: tuple[int, ...], times: int, seed: int
) -> Iterator[Trial]:
    """Spoil the so-manieth call that changes the disk; ``times`` of them, 0 for all."""
    counted = spoilt_night(copy(nights.base, nights.here), count_calls)
    num_calls = int(counted.said.rpartition("CALLS ")[2].split()[0])
    which: Iterable[int] = range(1, num_calls + 1)
    if times:
        which = sorted(random.Random(seed).sample(which, times))  # type: ignore[arg-type]
    for number in which:
        yield nights.trial(f"call {number} of {num_calls}", codes, spoil(number))


def limits(nights: Nights, times: int, seed: int) -> Iterator[Trial]:
    """Let no file grow beyond a limit, which the system itself enforces."""
    chance = random.Random(seed)
    for _ in range(times):
        limit = int(2 ** chance.uniform(0, 15))

        def spoil(limit: int = limit) -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

        yield nights.trial(f"{limit} bytes", (Exit.BAD_INPUT,), spoil)


def _each_call(meet: Callable[[str, tuple[object, ...]], None]) -> None:
    def wrapped(name: str) -> None:
        call = getattr(os, name)

        def met(*args: Any, **kwargs: Any) -> Any:
            meet(name, args)
            # A killed process loses nothing that it has written: the disk is not waited for.
            return None if name == "fsync" else call(*args, **kwargs)

        setattr(os, name, met)

    for name in CALLS:
        wrapped(name)


def count_calls() -> None:
    """Say at the end how many calls there were."""
    seen, leave = [0], os._exit

    def meet(_name: str, _args: tuple[object, ...]) -> None:
        seen[0] += 1

    def left(code: int) -> None:
        os.write(2, f"CALLS {seen[0]}\n".encode())
        leave(code)

    _each_call(meet)
    os._exit = left  # type: ignore[assignment]


def full_from(number: int) -> Spoil:
    """A disk that is full from the so-manieth call on."""
    seen = [0]

    def meet(_name: str, args: tuple[object, ...]) -> None:
        seen[0] += 1
        if seen[0] >= number:
            names = [str(one) for one in args if not isinstance(one, int)]
            raise OSError(errno.ENOSPC, "No space left on device", *names[:1])

    return lambda: _each_call(meet)


def killed_at(number: int) -> Spoil:
    """Kill the process before the so-manieth call."""
    seen = [0]

    def meet(_name: str, _args: tuple[object, ...]) -> None:
        seen[0] += 1
        if seen[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: _each_call(meet)


def trials(folder: Path, kind: str, times: int = 0, seed: int = 0) -> Iterator[Trial]:
    """Spoil the night in one way, again and again."""
    nights = Nights(folder)
    killed, full = (-signal.SIGKILL,), (Exit.BAD_INPUT, Exit.PROMOTED)
    if kind == "boundaries":
        yield from boundaries(nights, signal.SIGKILL, killed)
    elif kind == "moments":
        yield from moments(nights, times, seed)
    elif kind == "calls":
        yield from disk_calls(nights, killed_at, killed, times, seed)
    elif kind == "full":
        yield from disk_calls(nights, full_from, full, times, seed)
    elif kind == "limits":
        yield from limits(nights, times, seed)
    elif kind == "stopped":
        yield from boundaries(nights, signal.SIGTERM, (Exit.STOPPED, Exit.PROMOTED))
    elif kind == "training":
        yield from batches(nights, times, seed)


if __name__ == "__main__":
    numbers = [int(one) for one in sys.argv[3:]]
    for one in trials(Path(sys.argv[1]), sys.argv[2], *numbers):
        sys.stdout.write(json.dumps(one) + "\n")
        sys.stdout.flush()
