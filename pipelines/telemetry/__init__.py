"""What a run tells the world outside: lines of a log, metrics, hooks; and what it never tells."""

from pipelines.telemetry._end import tell_end
from pipelines.telemetry._events import EventLog, open_events
from pipelines.telemetry._hooks import notify
from pipelines.telemetry._logging import (
    LOG_FORMAT,
    LogFormat,
    TelemetryError,
    set_up_logging,
    tell_bugs,
    tell_error,
)
from pipelines.telemetry._secrets import HIDDEN, hide, holds_secret, redact
from pipelines.telemetry._textfile import write_textfile

__all__ = [
    "HIDDEN",
    "LOG_FORMAT",
    "EventLog",
    "LogFormat",
    "TelemetryError",
    "hide",
    "holds_secret",
    "notify",
    "open_events",
    "redact",
    "set_up_logging",
    "tell_bugs",
    "tell_end",
    "tell_error",
    "write_textfile",
]
