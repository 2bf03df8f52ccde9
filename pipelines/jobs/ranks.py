"""Which process of a training this is, where a launcher such as torchrun started several."""

import ctypes
import json
import os
import signal
import sys
import time
from pathlib import Path

from ltr.errors import LtrError
from pipelines.telemetry import redact

LOST_PATIENCE_S = 10.0
_PR_SET_PDEATHSIG = 1


def rank() -> int:
    """This process among all; 0 where it is alone."""
    return int(os.environ.get("RANK", "0"))


def num_ranks() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def leave_to_launcher(error: BaseException, exit_code: int) -> bool:
    """Give the launcher the one line that it shows; False where there is none to give it to."""
    file = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if file is None:
        return False
    said = {"timestamp": str(int(time.time())), "kind": type(error).__name__}
    is_told = isinstance(error, LtrError | OSError)
    text = str(error) if is_told else f"{type(error).__name__}: {error}"
    record = {"message": {"message": redact(text), "errorCode": exit_code, "extraInfo": said}}
    Path(file).write_text(json.dumps(record), encoding="utf-8")
    return True


def end_with_launcher() -> None:
    """Ask the system to send this process SIGTERM when its launcher is killed (on Linux)."""
    if "TORCHELASTIC_ERROR_FILE" in os.environ and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_for_launcher() -> None:
    """Let the launcher hear of the process that failed before it hears of this one, and end it."""
    if num_ranks() > 1:
        time.sleep(LOST_PATIENCE_S)
