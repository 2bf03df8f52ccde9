"""Show how far a job is: bars on a terminal, plain log lines elsewhere.

Both go to standard error, so that standard output holds results only.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

LOG_EVERY_S = 10.0

log = logging.getLogger("ltr")


class Step:
    """One step of a job; ``advance`` it, and ``say`` what is worth knowing of it."""

    def __init__(self, name: str) -> None:
        self.name, self.done, self.said = name, 0, ""
        self.total: int | None = None

    def expect(self, total: int) -> None:
        """Say how often the step will advance."""
        self.total = total

    def advance(self, count: int = 1) -> None:
        """Count one more of ``total`` as done, or some that were done before."""
        self.done += count

    def say(self, text: str) -> None:
        """Show ``text`` beside the step."""
        self.said = text

    def note(self, text: str) -> None:
        """Show ``text`` beside the step for as long as it is true: it may change all the time."""
        self.said = text

    def finish(self) -> None:
        """Show that the step is done."""


class _BarStep(Step):
    """A step drawn as a bar."""

    def __init__(self, name: str, bars: "Bars") -> None:
        super().__init__(name)
        self._bars, self._task = bars, bars.add_task(name, total=None, said="", count="")

    def expect(self, total: int) -> None:
        super().expect(total)
        self._bars.update(self._task, total=total)

    def advance(self, count: int = 1) -> None:
        super().advance(count)
        said = f"{self.done:,}/{self.total:,}" if self.total else f"{self.done:,}"
        self._bars.update(self._task, completed=self.done, count=said)

    def say(self, text: str) -> None:
        super().say(text)
        self._bars.update(self._task, said=text)

    def note(self, text: str) -> None:
        super().note(text)
        self._bars.update(self._task, said=text)

    def finish(self) -> None:
        self._bars.update(self._task, total=self.done or 1, completed=self.done or 1)


class _LineStep(Step):
    """A step told by log lines: what it says, how far it is every ten seconds, and its end."""

    def __init__(self, name: str, job: str) -> None:
        super().__init__(name)
        self._job, self._began = job, time.monotonic()
        self._next = self._began + LOG_EVERY_S

    def advance(self, count: int = 1) -> None:
        super().advance(count)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOG_EVERY_S
            said = f": {self.said}" if self.said else ""
            far = f"{self.done} of {self.total}" if self.total else f"{self.done}"
            log.info("%s: %s, %s%s", self._job, self.name, far, said)

    def say(self, text: str) -> None:
        super().say(text)
        log.info("%s: %s: %s", self._job, self.name, text)

    def finish(self) -> None:
        log.info("%s: %s done in %.1f s", self._job, self.name, time.monotonic() - self._began)


class Progress:
    """The steps of one job, each shown while it runs.

    Args:
        job: Its name.
        hidden: Draw no bars, also on a terminal.

    Example:
        >>> with Progress("prepare") as progress, progress.step("write shards") as step:
        ...     step.advance()
        ...     step.advance()
        >>> step.done
        2
    """

    def __init__(self, job: str, *, hidden: bool = False) -> None:
        self.job = job
        self._bars = None if hidden else _bars()

    def __enter__(self) -> "Progress":
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show the step ``name`` while the block runs."""
        step = _BarStep(name, self._bars) if self._bars else _LineStep(name, self.job)
        yield step
        step.finish()


def _bars() -> "Bars | None":
    """Give bars where standard error is a terminal; elsewhere their import is saved."""
    if not sys.stderr.isatty() or os.environ.get("LTR_LOG_FORMAT", "auto") != "auto":
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description:<18}"),
        BarColumn(),
        TextColumn("{task.fields[count]:>9}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[said]}"),
        console=Console(stderr=True),
    )
