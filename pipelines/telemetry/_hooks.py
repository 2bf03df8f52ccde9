"""Tell a web hook and a command how a night ended; what fails there is warned of and forgotten."""

import hashlib
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.nightly.outcome import Outcome
from pipelines.telemetry._command import run_command
from pipelines.telemetry._errors import HookError
from pipelines.telemetry._json import json_line, plain
from pipelines.telemetry._secrets import hide
from pipelines.telemetry._webhook import post

if TYPE_CHECKING:
    from pipelines.config import Notify

log = logging.getLogger("ltr.telemetry")


def notify(outcome: Outcome, config: "Notify", *, folder: Path | None = None) -> bool:
    """Tell the hooks of the job how a night ended, if they want to hear of such an end.

    Both get the outcome as JSON, with a sentence for people as ``text``: the web hook as the body
    of a POST, the command on standard input. A failure is a warning in the log, never an error.

    Args:
        outcome: How the night ended.
        config: The job's ``[notify]``.
        folder: Where the command runs; None: here.

    Returns:
        Whether all that were to be told have been.

    Example:
        >>> import datetime
        >>> from pipelines.config import Notify
        >>> night = Outcome(date=datetime.date(2026, 11, 21), status="kept", exit_code=10)
        >>> notify(night, Notify(command=("grep", "-q", "kept")))
        True
    """
    hide(config.url_env)
    if outcome.status not in config.on:
        return True
    body = json_line(payload(outcome))
    told = True
    if config.url_env:
        told &= _try("notify.url_env", lambda: post(body, config, key=_key(body)))
    if config.command:
        told &= _try("notify.command", lambda: run_command(body, config, folder))
    return told


def payload(outcome: Outcome) -> dict[str, Any]:
    """What the hooks are told: the outcome, and it in a sentence."""
    return {"text": sentence(outcome), **plain(outcome)}


def sentence(outcome: Outcome) -> str:
    """How the night ended, for people.

    Example:
        >>> import datetime
        >>> night = Outcome(date=datetime.date(2026, 11, 21), status="kept", exit_code=10,
        ...                 candidate="v0002", champion="v0001", difference=-0.0123)
        >>> sentence(night)
        'ltr: night of 2026-11-21: kept v0001 (ndcg@10 of v0002: -0.0123)'
    """
    told = f"ltr: night of {outcome.date}: {outcome.status}"
    if outcome.status in ("promoted", "kept"):
        told += f" {outcome.champion or 'the baseline'}"
        if outcome.difference is not None:
            candidate = f" of {outcome.candidate}" if outcome.status == "kept" else ""
            told += f" ({outcome.metric}{candidate}: {outcome.difference:+.4f})"
    if outcome.forced:
        told += ", by force"
    return told + (f": {outcome.error}" if outcome.error else "")


def _key(body: str) -> str:
    """Says to the receiver that two requests tell the same: a lost answer is asked for again.

    Of the whole body: another job, or a rerun that fails in another way, tells something else.
    """
    return f"ltr-{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def _try(name: str, tell: Any) -> bool:  # noqa: ANN401 - a function of nothing
    try:
        tell()
    except HookError as error:
        log.warning("%s: %s; the night's outcome stays what it is", name, error)
        return False
    except Exception as error:  # a hook that fails in a way of its own is no reason either
        log.warning("%s: %s: %s; the night's outcome stays what it is", name, type(error), error)
        return False
    return True
