"""Which objects lie at an address in an object store, as the store itself tells them apart."""

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import first_line
from pipelines.sources._file import LogFile
from pipelines.sources._url import ADDRESS
from pipelines.sources._window import FOLDER, Window

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

DAY = re.compile(rf"(?:^|/){FOLDER}=([^/]*)/")
WILDCARD = re.compile(r"[*?[]")
MEANS = {"**/": "(.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}

log = logging.getLogger("ltr")
_silent: set[str] = set()
"""Stores that told nothing: each is asked, and complained of, once."""


def address_of(path: Path) -> str:
    """The address of a log; a path makes one slash of two."""
    return str(path).replace(":/", "://", 1)


def objects(file: LogFile) -> list[str] | None:
    """Say which objects a log consists of, so that one that was replaced is told from the old one.

    Credentials come from the environment. Nothing of the objects' content is read.

    Returns:
        Of every object its name, its size, and its entity tag, or the time of its change where the
        store gives no tags; by name. None where the store does not tell, which is logged.
    """
    address = address_of(file.path)
    root, path = _split(address)
    if root in _silent:
        return None
    try:
        found = sorted(_found(root, path), key=lambda one: one["path"])
    except Exception as error:  # whatever it is, polars has read the log without it
        _silent.add(root)
        why = first_line(error)
        log.warning("%s: no more than its rows are counted to see a change: %s", root, why)
        return None
    return [
        f"{one['path']} {one['size']} {one['e_tag'] or one['last_modified'].isoformat()}"
        for one in found
        if _is_of(one["path"], file.days)
    ]


def _found(root: str, path: str) -> "Iterator[ObjectMeta]":
    if find_spec("obstore") is None:
        msg = "pip install 'ltr[objects]'"
        raise ModuleNotFoundError(msg)
    import obstore
    from obstore.store import from_url

    patient: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
    # Any options at all would hide those of the environment.
    plain: ClientConfig | None = {"allow_http": True} if root.startswith("http:") else None
    store: ObjectStore = from_url(
        root.replace("gcs://", "gs://", 1), client_options=plain, retry_config=patient
    )
    wildcard = WILDCARD.search(path)
    if wildcard is not None:
        folder, pattern = path[: wildcard.start()].rpartition("/")[0], _pattern(path)
        yield from (one for one in _below(folder, store) if pattern.fullmatch(one["path"]))
        return
    if path:
        with suppress(FileNotFoundError):  # then it is a folder
            yield obstore.head(store, path)
            return
    yield from _below(path, store)


def _below(folder: str, store: "ObjectStore") -> "Iterator[ObjectMeta]":
    import obstore

    return (one for some in obstore.list(store, folder or None) for one in some)


def _split(address: str) -> tuple[str, str]:
    """The store, and what is asked of it."""
    found = ADDRESS.match(address)
    assert found is not None
    store, _, path = address[found.end() :].partition("/")
    return f"{found[0]}{store}", path


def _pattern(glob: str) -> re.Pattern[str]:
    """What a glob means: a star is any part of a name, and two stars any folders.

    Example:
        >>> bool(_pattern("log/**/*.csv").fullmatch("log/a/b/c.csv"))
        True
        >>> bool(_pattern("log/*.csv").fullmatch("log/a/c.csv"))
        False
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", glob)
    return re.compile(
        "".join(
            part if part.startswith("[") else MEANS.get(part) or re.escape(part) for part in parts
        )
    )


def _is_of(name: str, days: Window | None) -> bool:
    """Whether an object is read: with a window, its folder must be of one of the days."""
    found = DAY.search(name)
    if days is None or found is None:
        return True
    try:
        return date.fromisoformat(found[1]) in days
    except ValueError:
        return True
