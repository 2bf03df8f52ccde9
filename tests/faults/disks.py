"""Disks that are full, small or read-only, and calls of them that are the last of a process."""

import ctypes
import errno
import os
import random
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.nightly.outcome import Exit
from tests.faults.forked import Spoil, spoilt_night
from tests.faults.nights import Nights, Trial
from tests.faults.world import SPOILT, copy
from tests.nightly.small import home

CALLS = ("fsync", "replace", "rename", "symlink", "mkdir")
"""What a disk that is full may refuse, beside the writing itself."""
CHANGES = (*CALLS, "unlink", "rmdir", "chmod")
"""What changes a disk, or waits for it: a process may be killed before each."""


def disk_calls(
    nights: Nights, spoil: Callable[[int], Spoil], codes: tuple[int, ...], times: int, seed: int
) -> Iterator[Trial]:
    """Spoil the so-manieth call that changes the disk; ``times`` of them, 0 for all."""
    names = CHANGES if spoil is killed_at else CALLS
    counted = spoilt_night(copy(nights.base, nights.here), lambda: count_calls(names))
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


def small_disks(nights: Nights, times: int, seed: int) -> Iterator[Trial]:
    """Run the night on a disk with little room, and again when room was made; needs root."""
    chance, run = random.Random(seed), nights.here / "run"
    for _ in range(times):
        room = chance.randrange(4, 400, 4)

        def mount(room: int = room) -> None:
            kept = run.rename(run.with_name("kept"))
            run.mkdir()
            taken = sum(1 + path.lstat().st_size // 4096 for path in kept.rglob("*"))
            _mount("-t", "tmpfs", "-o", f"size={4 * taken + room}k", "tmpfs", run)
            shutil.copytree(kept, run, symlinks=True, dirs_exist_ok=True)

        def make_room() -> None:
            _mount("-o", "remount,size=64m", run)

        try:
            codes = (Exit.BAD_INPUT, Exit.PROMOTED)
            yield nights.trial(f"{room} KiB", codes, prepare=mount, mend=make_room)
        finally:
            subprocess.run(["umount", run], check=True)


def _mount(*arguments: str | Path) -> None:
    subprocess.run(["mount", *arguments], check=True)


def read_only(nights: Nights) -> Iterator[Trial]:
    """Take away the right to write to a folder, and give it back for the rerun."""
    run, night = nights.here / "run", home(nights.here, SPOILT)
    for place in (run / ".lock", run / "nights", run / "models", run / "models" / ".lock", night):

        def protect(place: Path = place) -> None:
            if place == night:
                night.mkdir()
            place.chmod(0o444 if place.is_file() else 0o555)

        def mend(place: Path = place) -> None:
            place.chmod(0o644 if place.is_file() else 0o755)

        at = str(place.relative_to(nights.here))
        codes = (Exit.BAD_INPUT,)
        yield nights.trial(at, codes, obey_permissions, prepare=protect, mend=mend)


def obey_permissions() -> None:
    """Have the superuser refused what others are refused, in this process from now on."""
    head = (ctypes.c_uint32 * 2)(0x20080522, 0)
    none = (ctypes.c_uint32 * 6)()  # no capability is effective, permitted or inherited
    if os.getuid() == 0 and ctypes.CDLL(None, use_errno=True).capset(head, none):
        raise OSError(ctypes.get_errno(), "capset")


def _each_call(names: Iterable[str], meet: Callable[[str, tuple[object, ...]], None]) -> None:
    def wrapped(name: str) -> None:
        call = getattr(os, name)

        def met(*args: Any, **kwargs: Any) -> Any:
            meet(name, args)
            return call(*args, **kwargs)

        setattr(os, name, met)

    for name in names:
        wrapped(name)


def count_calls(names: Iterable[str]) -> None:
    """Say at the end how many calls of these names there were."""
    seen, leave = [0], os._exit

    def meet(_name: str, _args: tuple[object, ...]) -> None:
        seen[0] += 1

    def left(code: int) -> None:
        os.write(2, f"CALLS {seen[0]}\n".encode())
        leave(code)

    _each_call(names, meet)
    os._exit = left  # type: ignore[assignment]


def full_from(number: int) -> Spoil:
    """A disk that is full from the so-manieth call on."""
    seen = [0]

    def meet(_name: str, args: tuple[object, ...]) -> None:
        seen[0] += 1
        if seen[0] >= number:
            names = [str(one) for one in args if not isinstance(one, int)]
            raise OSError(errno.ENOSPC, "No space left on device", *names[:1])

    return lambda: _each_call(CALLS, meet)


def killed_at(number: int) -> Spoil:
    """Kill the process before the so-manieth call."""
    seen = [0]

    def meet(_name: str, _args: tuple[object, ...]) -> None:
        seen[0] += 1
        if seen[0] == number:
            os.kill(os.getpid(), signal.SIGKILL)

    return lambda: _each_call(CHANGES, meet)
