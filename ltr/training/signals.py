"""A polite request to stop: finish the step, take a snapshot, then go."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ltr.errors import LtrError


class InterruptedTrainingError(LtrError, RuntimeError):
    """The training was asked to stop, took a snapshot, and wrote no model."""

    exit_code = 128 + signal.SIGTERM


class StopRequest:
    """Whether somebody asked this process to stop."""

    def __init__(self) -> None:
        self.made = False

    def make(self, _signal: int, _frame: FrameType | None) -> None:
        """Ask."""
        self.made = True


@contextmanager
def on_sigterm() -> Iterator[StopRequest]:
    """Turn SIGTERM into a request, as long as the block runs; in the main thread alone."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = signal.signal(signal.SIGTERM, request.make)
    try:
        yield request
    finally:
        signal.signal(signal.SIGTERM, before)
