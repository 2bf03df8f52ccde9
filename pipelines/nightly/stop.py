"""SIGTERM: what is under way ends at once, what is done stays done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from ltr.errors import LtrError


class StoppedError(LtrError):
    """SIGTERM came; the same command goes on."""

    exit_code = 128 + signal.SIGTERM


class Stop:
    """Whether SIGTERM came."""

    made = False

    def make(self, _signal: int, _frame: FrameType | None) -> None:
        """Stop at once; or at the next step, where an exception is lost on the way."""
        self.made = True
        self.check()

    def check(self) -> None:
        """Stop if somebody asked for it.

        Raises:
            StoppedError: Somebody did.
        """
        if self.made:
            msg = "the night was asked to stop by SIGTERM; run it again to go on"
            raise StoppedError(msg)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell as a stop whatever error it became on its way.

        Where the signal came while a library called Python, as polars does for a source's schema,
        the library's own error arrives here, or even its panic.
        """
        try:
            yield
        except BaseException:
            self.check()
            raise


@contextmanager
def on_sigterm() -> Iterator[Stop]:
    """Turn SIGTERM into an error, in the main thread alone; a training takes a snapshot first."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGTERM, stop.make)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGTERM, before)
