"""Events of a run, one line each: a JSON object for a log collector, words for people."""

import datetime
import json
import logging
import os
import secrets
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pipelines.telemetry._logging import CONTEXT, RESERVED, failed_in
from pipelines.telemetry._secrets import hide

if TYPE_CHECKING:
    from pipelines.config import Notify

log = logging.getLogger("ltr.events")


class EventLog:
    """Tells what happens; as long as it is open, every line of the log carries date and run.

    Args:
        date: The night's.
        run: An id that no other run has.
    """

    def __init__(self, date: datetime.date | None, run: str) -> None:
        self.date, self.run = date, run
        self._before: str | None = None
        self._context = {"date": date.isoformat() if date else None, "run": run}

    def emit(
        self,
        event: str,
        says: str = "",
        *,
        level: int = logging.INFO,
        **fields: Any,  # noqa: ANN401 - whatever is known
    ) -> None:
        """Tell an event.

        Args:
            event: Its name, e.g. ``step_finished``.
            says: The line that people read; without one they are told nothing.
            level: As `logging` counts them.
            fields: Whatever else is known: of any type; secrets among it are hidden.

        Raises:
            ValueError: A field has the name of one that every line has.
        """
        if taken := [name for name in fields if name in RESERVED]:
            msg = f"fields: must not be named as what every line has; got {taken[0]!r}"
            raise ValueError(msg)
        log.log(level, says, extra={"event": event, "fields": fields})

    def __enter__(self) -> Self:
        self._before = os.environ.get(CONTEXT)
        # In the environment, so that the lines of processes begun from here carry it, too.
        os.environ[CONTEXT] = json.dumps(self._context)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if error is not None:
            failed_in.update(self._context)
        if self._before is None:
            os.environ.pop(CONTEXT, None)
        else:
            os.environ[CONTEXT] = self._before


def open_events(
    date: datetime.date | None = None, *, notify: "Notify | None" = None, run: str | None = None
) -> EventLog:
    """Begin to tell the events of a run; use it with ``with``.

    Args:
        date: The night's.
        notify: Names the environment variables whose values must never be told.
        run: Its id; None: a new one.

    Example:
        >>> with open_events(datetime.date(2026, 11, 21)) as events:
        ...     events.emit("step_finished", step="train", seconds=61.2, skipped=False)
    """
    if notify:
        hide(notify.url_env)
    return EventLog(date, run or secrets.token_hex(6))
