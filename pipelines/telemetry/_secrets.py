"""Keep secrets out of all that is written: they come through the environment, and stay there.

A secret is the value of an environment variable whose name says so (a part of it is TOKEN, SECRET,
PASSWORD, KEY …), or of one that the job file names as the place of a secret (`hide`). Of an address
its path, its query and its password are secret, too: a library may tell only that part.
Beside these, whatever looks like a password in an address is hidden, wherever it came from.
"""

import functools
import os
import re
import urllib.parse
from collections.abc import Iterator

HIDDEN = "***"
_SHORTEST = 6
"""A shorter value is also part of innocent words."""
_PARTS = frozenset(
    {"apikey", "auth", "credential", "credentials", "key", "pass", "passphrase", "passwd"}
    | {"password", "pat", "secret", "secrets", "signature", "token", "webhook"}
)
_PLACES = frozenset({"dir", "file", "path"})
"""A name that ends in one of these says where a secret lies, and is none."""
_LOOKS_SECRET = (
    (re.compile(r"(?<=://)[^/@\s:]*:[^/@\s]+(?=@)"), HIDDEN),
    (
        re.compile(
            r"(?i)([?&;](?:[\w-]*(?:token|secret|signature|password|api[_-]?key)|sig)=)[^&\s\"']+"
        ),
        rf"\1{HIDDEN}",
    ),
    (re.compile(r"(?i)\b(bearer|basic) [\w.~+/-]{8,}=*"), rf"\1 {HIDDEN}"),
)
_named: set[str] = set()


def redact(text: str) -> str:
    """Return the text with ``***`` in the place of every secret.

    Example:
        >>> redact("cannot reach postgresql://ltr:hunter2@db/mlflow")
        'cannot reach postgresql://***@db/mlflow'
    """
    # The longest first: a secret may be a part of another one.
    for secret in sorted(_secrets(), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _LOOKS_SECRET:
        text = pattern.sub(replacement, text)
    return text


def holds_secret(text: str) -> bool:
    """Whether the text is an address with a password or a signature in it.

    Example:
        >>> holds_secret("https://store/log.parquet?sig=a1b2"), holds_secret("s3://bucket/log")
        (True, False)
    """
    return "://" in text and any(pattern.search(text) for pattern, _ in _LOOKS_SECRET)


def hide(*names: str | None) -> None:
    """Treat these environment variables as secrets from now on, whatever their names say."""
    _named.update(name for name in names if name)


def _secrets() -> set[str]:
    held = {value for name, value in os.environ.items() if name in _named or _is_secret(name)}
    forms = {form for value in held for form in _forms(value.strip())}
    return {form for form in forms if len(form) >= _SHORTEST}


@functools.cache
def _is_secret(name: str) -> bool:
    parts = name.lower().split("_")
    return not _PARTS.isdisjoint(parts) and parts[-1] not in _PLACES


def _forms(value: str) -> Iterator[str]:
    """The ways in which a secret, or the secret part of it, may appear in a text."""
    for part in (value, *_secret_parts(value)):
        yield part
        yield urllib.parse.quote(part)
        yield urllib.parse.quote(part, safe="")
        yield urllib.parse.unquote(part)
        yield repr(part)[1:-1]


def _secret_parts(value: str) -> list[str]:
    """What of an address must not be told alone either; nothing of what is none."""
    if "://" not in value:
        return []
    try:
        address = urllib.parse.urlsplit(value)
    except ValueError:
        return [value.partition("://")[2]]
    query = f"?{address.query}" if address.query else ""
    parts = [address.path + query, address.password or "", address.username or ""]
    parts += [one for _, one in urllib.parse.parse_qsl(address.query)]
    # A word of the path may be innocent, as "services" is; what is no word hardly ever is.
    return parts + [one for one in address.path.split("/") if re.search(r"\d", one)]
