"""Show how far a job is: bars on a terminal, plain log lines elsewhere.

Both go to standard error, so that standard output holds results only.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

LOG_EVERY_S = 10.0

log = logging.getLogger("ltr")


class Step:
    """One step of a job; ``advance`` it, and ``say`` what is worth knowing of it."""

    def __init__(self, name: str, total: int | None) -> None:
        self.name, self.total, self.done, self.said = name, total, 0, ""

    def advance(self, steps: int = 1) -> None:
        """Count ``steps`` more of ``total`` as done."""
        self.done += steps

    def say(self, text: str) -> None:
        """Show ``text`` beside the step from now on."""
        self.said = text


class _BarStep(Step):
    """A step drawn as a bar."""

    def __init__(self, bars: Bars, name: str, total: int | None) -> None:
        super().__init__(name, total)
        self._bars = bars
        self._task = bars.add_task(name, total=total, said="")

    def advance(self, steps: int = 1) -> None:
        super().advance(steps)
        self._bars.update(self._task, completed=self.done)

    def say(self, text: str) -> None:
        super().say(text)
        self._bars.update(self._task, said=text)

    def finish(self) -> None:
        """Draw the bar full."""
        total = self.total or 1
        self._bars.update(self._task, total=total, completed=total)


class _LineStep(Step):
    """A step told by a line every ten seconds."""

    def __init__(self, job: str, name: str, total: int | None) -> None:
        super().__init__(name, total)
        self._job, self._next = job, time.monotonic() + LOG_EVERY_S

    def advance(self, steps: int = 1) -> None:
        super().advance(steps)
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + LOG_EVERY_S
            log.info("%s: %s %d of %s  %s", self._job, self.name, self.done, self.total, self.said)


class Progress:
    """The steps of one job, each shown while it runs.

    Example:
        >>> with Progress("prepare") as progress, progress.step("write shards", 2) as step:
        ...     step.advance()
        ...     step.advance()
        >>> step.done
        2
    """

    def __init__(self, job: str) -> None:
        self.job = job
        console = Console(stderr=True)
        columns = (
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
        )
        self._bars = Bars(*columns, console=console) if console.is_terminal else None

    def __enter__(self) -> "Progress":
        if self._bars:
            self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars:
            self._bars.stop()

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Step]:
        """Show ``name`` while the block runs; ``total`` is how often it will advance, if known."""
        began = time.monotonic()
        if self._bars:
            bar = _BarStep(self._bars, name, total)
            yield bar
            bar.finish()
        else:
            line = _LineStep(self.job, name, total)
            yield line
            taken = time.monotonic() - began
            log.info("%s: %s done in %.1f s  %s", self.job, name, taken, line.said)
