"""SIGTERM and Ctrl-C to a process that waits for others: it tells them, and waits for their end."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Asked:
    """Whether, when and by what signal this process was asked to stop.

    Args:
        file: Is made then, for others to see.
    """

    def __init__(self, file: Path) -> None:
        self.by: signal.Signals | None = None
        self._file, self._since = file, 0.0

    def make(self, number: int, _frame: FrameType | None) -> None:
        """Ask."""
        if self.by is None:
            self.by, self._since = signal.Signals(number), time.monotonic()
            self._file.touch()

    def is_older_than(self, seconds: float) -> bool:
        """Whether the others have had so long to end."""
        return self.by is not None and time.monotonic() - self._since > seconds


@contextmanager
def passed_on(file: Path) -> Iterator[Asked]:
    """Take both signals as a wish, as long as the block runs; in the main thread alone.

    One that is ignored, as Ctrl-C is by what a script put into the background, stays so.
    """
    asked = Asked(file)
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    heeded = [one for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
    before = {number: signal.signal(number, asked.make) for number in heeded}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
