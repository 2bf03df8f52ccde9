"""A digest of what JSON can hold."""

import hashlib
import json

from pydantic import JsonValue


def digest_of(content: JsonValue) -> str:
    """SHA-256 of what JSON can hold, whatever the order of its keys.

    Example:
        >>> digest_of({"a": 1, "b": 2}) == digest_of({"b": 2, "a": 1})
        True
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
