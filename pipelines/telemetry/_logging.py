"""How the lines of a log look: for people, or one JSON object each for a log collector.

Every line goes to standard error; standard output holds results only. The choice is in the
environment, ``LTR_LOG_FORMAT``, so that the processes of a training follow it.
"""

import json
import logging
import os
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal, cast, get_args

from pipelines.errors import JobError
from pipelines.telemetry._json import json_line
from pipelines.telemetry._secrets import redact

LogFormat = Literal["json", "human", "auto"]
LOG_FORMAT = "LTR_LOG_FORMAT"
CONTEXT = "LTR_EVENT_CONTEXT"
"""Environment variable: date and id of the run, as JSON, which every line carries."""
failed_in: dict[str, Any] = {}
"""Date and id of the run that an error ended: it is told after the run's own end."""
RESERVED = ("time", "level", "event", "date", "run", "logger", "message", "traceback")


class TelemetryError(JobError):
    """The log cannot be written as asked."""


def set_up_logging(log_format: str | None = None) -> LogFormat:
    """Write the log to standard error in a format, from now on and in processes begun from here.

    Args:
        log_format: ``json``, one object per line; ``human``, plain lines; ``auto``, bars on a
            terminal and plain lines elsewhere; None: what the environment says, else ``auto``.

    Raises:
        TelemetryError: There is no such format.
    """
    chosen = log_format or os.environ.get(LOG_FORMAT) or "auto"
    if chosen not in get_args(LogFormat):
        where = "--log-format" if log_format else LOG_FORMAT
        msg = f"{where}: must be json, human or auto; got {chosen!r}"
        raise TelemetryError(msg)
    if log_format:
        os.environ[LOG_FORMAT] = log_format
    failed_in.clear()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLines() if chosen == "json" else _HumanLines())
    handler.addFilter(_is_told if chosen == "json" else _is_told_to_people)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
    tell_bugs()
    return cast("LogFormat", chosen)


def tell_error(error: BaseException, exit_code: int) -> None:
    """Say on standard error, in the log's format, why a command ends."""
    line = logging.makeLogRecord(
        {
            "name": "ltr",
            "levelno": logging.ERROR,
            "levelname": "ERROR",
            "msg": f"ltr: error: {error}",
            "event": "error",
            "fields": {"error": str(error), "kind": type(error).__name__, "exit_code": exit_code},
        }
    )
    sys.stderr.write(f"{_formatter().format(line)}\n")


def tell_bugs() -> None:
    """Show what nobody catches in the log's format and without secrets, as Python's hook would."""
    sys.excepthook = _tell_bug


def is_json() -> bool:
    """Whether every line of the log is JSON."""
    return os.environ.get(LOG_FORMAT) == "json"


class _HumanLines(logging.Formatter):
    """The message alone, and a traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class _JsonLines(logging.Formatter):
    """One object per record; an ordinary line of the log has the event ``log``."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        told: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "event": getattr(record, "event", "log"),
            **_context(),
            "logger": record.name,
        }
        if message := _message(record):
            told["message"] = message
        if record.exc_info and record.exc_info[0]:
            told["traceback"] = "".join(traceback.format_exception(*record.exc_info))
        return json_line({**told, **getattr(record, "fields", {})})


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # its arguments do not fit it; the line is told all the same
        return f"{record.msg} {record.args}"


def _context() -> dict[str, Any]:
    try:
        told = json.loads(os.environ[CONTEXT])
    except (KeyError, ValueError):
        return failed_in
    return told if isinstance(told, dict) else {}


def _is_told(_record: logging.LogRecord) -> bool:
    return True


def _is_told_to_people(record: logging.LogRecord) -> bool:
    """An event that has no words is for machines."""
    return not (hasattr(record, "event") and not record.msg)


def _formatter() -> logging.Formatter:
    return _JsonLines() if is_json() else _HumanLines()


def _tell_bug(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Show the traceback of what nobody caught, without secrets."""
    text = "".join(traceback.format_exception(kind, error, at))
    if not is_json():
        sys.stderr.write(redact(text))
        return
    fields = {"error": str(error), "kind": kind.__name__, "exit_code": 1, "traceback": text}
    logging.getLogger("ltr").critical(
        "ltr: a bug: %s: %s", kind.__name__, error, extra={"event": "error", "fields": fields}
    )
