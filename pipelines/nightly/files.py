"""Small files that are old or new, whatever happens while they are written."""

import hashlib
import json
from pathlib import Path

from pydantic import JsonValue

from ltr.atomic import replace_file


def write_file(path: Path, content: bytes) -> None:
    """Write a file beside its place, wait for the disk, and rename it.

    Raises:
        OSError: The disk is full or fails; what was there stays.
    """
    try:
        with replace_file(path) as unfinished:
            unfinished.write_bytes(content)
    except OSError as error:
        # Of a file that is open already the system does not say which one the disk refused.
        raise OSError(error.errno, error.strerror, str(path)) from error


def digest_of(content: JsonValue) -> str:
    """SHA-256 of what JSON can hold, whatever the order of its keys.

    Example:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
