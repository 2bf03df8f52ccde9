"""Kill processes that change a folder of models, and say in what state each leaves it.

Run as a process of its own, which has no threads and so may fork:
`python -m tests.registry.killed FOLDER promote`.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

from pipelines.registry import Registry
from tests.registry.models import about, filled, model

CALLS = ("fsync", "replace", "rename", "symlink", "mkdir", "unlink", "chmod", "rmdir")
"""What changes the disk, or waits for it: a process is killed before and after each."""


def dies(work: Callable[[], object]) -> bool:
    """Do the work in a process of its own; return whether it was killed."""
    if (child := os.fork()) == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def kill_at(moment: int, *, after: bool) -> None:
    """Have this process killed at its so-manieth call."""
    seen = [0]

    def wrapped(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*args: object, **kwargs: object) -> object:
            seen[0] += 1
            mine = seen[0] == moment
            if mine and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                return call(*args, **kwargs)
            finally:
                if mine:
                    os.kill(os.getpid(), signal.SIGKILL)

        return counted

    for name in CALLS:
        setattr(os, name, wrapped(getattr(os, name)))


def state(models: Registry) -> dict[str, object]:
    """What readers see, before and after the next change cleans up; all of it must be whole."""
    seen = _seen(models)
    models.rollback("v0001" if seen["champion"] != "v0001" else "v0002")
    hidden = {path.name for path in models.folder.iterdir() if path.name.startswith(".")}
    left = hidden - {".lock"} or (models.folder / "promotion.json").exists()
    return {**seen, "recorded": len(models.history()) - 1, "left": bool(left)}


def _seen(models: Registry) -> dict[str, object]:
    champion, history = models.champion(), models.history()
    return {
        "champion": champion and champion.name,
        "last": history[-1].to if history else None,
        "why": [record.why for record in history],
        "chain": all(two.before == one.to for one, two in pairwise(history)),
        "versions": [version.name for version in models.versions()],
        "damaged": [version.name for version in models.versions() if version.damages()],
    }


def every_boundary(folder: Path, change: str) -> list[dict[str, object]]:
    """Kill a change at every boundary, until it comes to its end."""
    found: list[dict[str, object]] = []
    first, _ = filled(folder, 2)
    source = model(folder / "third", 3)
    if change == "promote":
        first.add(source, about())
    for moment in range(1, 200):
        for after in (False, True):
            here = folder / f"{change}{moment}{after}"
            models = Registry(shutil.copytree(first.folder, here, symlinks=True))

            def work(models=models, moment=moment, after=after):
                kill_at(moment, after=after)
                if change == "add":
                    models.add(source, about())
                elif change == "promote":
                    models.promote("v0003", why="killed")
                else:
                    models.rollback(why="killed")

            if not dies(work):
                return found
            found.append(state(models))
    return found


def random_moments(folder: Path, times: int) -> list[dict[str, object]]:
    """Kill a process that adds and promotes again and again; what it was told must be there."""
    models, _ = filled(folder, 2)
    told = folder / "told"
    found = []
    for at in range(times):
        child = os.fork()
        if child == 0:
            _add_and_promote(models, folder, told, at)
        time.sleep(random.uniform(0.002, 0.06))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        seen = _seen(models)
        acknowledged = told.read_text().split() if told.exists() else []
        seen["lost"] = [why for why in acknowledged if why not in seen["why"]]  # type: ignore[operator]
        found.append(seen)
    return found


def _add_and_promote(models: Registry, folder: Path, told: Path, at: int) -> None:
    for number in range(1000):
        why = f"{at}.{number}"
        version = models.add(model(folder / f"model{why}", 1000 * at + number + 10), about())
        models.promote(version.name, why=why)
        with told.open("a") as file:
            file.write(f"{why}\n")


if __name__ == "__main__":
    # A killed process loses nothing that it has written; waiting for the disk shows nothing here.
    setattr(os, "fsync", lambda _: None)  # noqa: B010
    where, what = Path(sys.argv[1]), sys.argv[2]
    result = random_moments(where, 50) if what == "random" else every_boundary(where, what)
    sys.stdout.write(json.dumps(result))
