"""A polite request to stop: finish the step, take a snapshot, then go."""

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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


_heeded: list[StopRequest] = []


def ask_to_stop() -> None:
    """Do what SIGTERM does, where no signal can reach: to trainings outside the main thread, too.

    Example:
        >>> with on_sigterm() as request:
        ...     ask_to_stop()
        >>> request.made
        True
    """
    for request in _heeded:
        request.made = True


@contextmanager
def on_sigterm() -> Iterator[StopRequest]:
    """Turn SIGTERM into a request, as long as the block runs; the signal in the main thread alone.

    Yields:
        What also :func:`ask_to_stop` makes, from any thread.
    """
    request = StopRequest()
    with ExitStack() as stack:
        _heeded.append(request)
        stack.callback(_heeded.remove, request)
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGTERM, request.make)
            stack.callback(signal.signal, signal.SIGTERM, before)
        yield request
