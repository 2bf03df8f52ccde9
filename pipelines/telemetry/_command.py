"""Run a command that reads a body from standard input, within a bounded time."""

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from pipelines.telemetry._errors import HookError

if TYPE_CHECKING:
    from pipelines.config import Notify


def run_command(body: str, config: "Notify", folder: Path | None) -> None:
    """Run the command once, without a shell; what it has begun is ended with it.

    Raises:
        HookError: It cannot be started, ends with another code than 0, or takes too long.
    """
    # A file, because a pipe is open until the last process that inherited it is gone.
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the job file's own command
                config.command,
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=folder,
                start_new_session=True,
            )
        except OSError as error:
            msg = f"{config.command[0]} cannot be started ({error.strerror})"
            raise HookError(msg) from None
        _wait(process, body, config)
        if process.returncode:
            last = _last_line(said)
            msg = f"{config.command[0]} ended with code {process.returncode}{last}"
            raise HookError(msg)


def _wait(process: "subprocess.Popen[bytes]", body: str, config: "Notify") -> None:
    try:
        process.communicate(body.encode(), timeout=config.timeout)
    except subprocess.TimeoutExpired:
        msg = f"{config.command[0]} took more than {config.timeout:g} s and was ended"
        raise HookError(msg) from None
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the command if it still runs, with what it has begun."""
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError):  # it may have ended just now
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _last_line(said: IO[bytes]) -> str:
    said.seek(max(0, said.seek(0, os.SEEK_END) - 500))
    lines = said.read().decode("utf-8", "replace").split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return f": {last}" if last else ""
