"""Small files that are old or new, whatever happens while they are written."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from pydantic import JsonValue

from ltr.atomic import sync


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, wait for the disk, and rename it.

    One night at a time is at work, so the name beside it is always the same: what a night that was
    killed left there is written over.

    Raises:
        OSError: The disk is full or fails; what was there stays.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_bytes(content)
        sync(unfinished)
        unfinished.replace(path)
        sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink()
        # Of a file that is open already the system does not say which one the disk refused.
        raise OSError(error.errno, error.strerror, str(path)) from error


def digest_of(content: JsonValue) -> str:
    """SHA-256 of what JSON can hold, whatever the order of its keys.

    Example:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
