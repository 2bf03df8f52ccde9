"""Read a folder that may be damaged or made to do harm, without running or following any of it.

Nothing here trusts a name, a link, a size or a JSON text of the folder: links and special files are
not opened, names must stay inside, texts have a largest size, and pickles are refused by their
suffix and by their first bytes.
"""

import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import JsonValue, TypeAdapter, ValidationError

from ltr.errors import first_failure
from pipelines.errors import RegistryError
from pipelines.plain_text import shown
from pipelines.registry.records import FileSum, inside, no_pickle

MAX_FILES: Final = 1000
MAX_JSON: Final = 64 << 20
"""Bytes; a report of a million lists has a tenth of it."""
CHUNK: Final = 1 << 20

T = TypeVar("T")


class Damage(NamedTuple):
    """A file that is not as it must be."""

    file: str
    """Inside the version's folder; empty for the folder itself."""
    what: str
    """Why, with what was found."""


class Walk(NamedTuple):
    """What a folder holds."""

    files: tuple[str, ...]
    """Plain files, relative, with forward slashes, in order."""
    damages: tuple[Damage, ...]
    """What is no plain file or folder, or must not be there."""


def walk(folder: Path) -> Walk:
    """Find all files below a folder; no link is followed.

    Raises:
        OSError: A folder cannot be read.
    """
    files: list[str] = []
    damages: list[Damage] = []
    waiting = [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(folder / above) as entries:
            for entry in entries:
                name = f"{above}{entry.name}"
                if entry.is_dir(follow_symlinks=False) and not _odd(name, inside):
                    waiting.append(f"{name}/")
                elif what := _not_plain(entry) or _odd(name, inside) or _odd(name, no_pickle):
                    damages.append(Damage(shown(name), what))
                else:
                    files.append(name)
                if len(files) + len(damages) + len(waiting) > MAX_FILES:
                    many = Damage("", f"must hold at most {MAX_FILES} files; it holds more")
                    return Walk((), (many,))
    return Walk(tuple(sorted(files)), tuple(sorted(damages)))


def _not_plain(entry: "os.DirEntry[str]") -> str:
    if entry.is_symlink():
        return f"must be a file of its own; it is a link to {str(Path(entry.path).readlink())!r}"
    if not entry.is_file(follow_symlinks=False):
        return "must be a plain file; it is a device, a pipe or a socket"
    return ""


def _odd(name: str, check: Callable[[str], str]) -> str:
    try:
        check(name)
    except ValueError as error:
        return str(error)
    return ""


def measure(path: Path) -> tuple[FileSum, bytes]:
    """Return the checksum of a file, and its first bytes.

    Raises:
        RegistryError: It is a link or no plain file.
        OSError: It cannot be read.
    """
    digest, size, first = sha256(), 0, b""
    with open_plain(path) as file:
        while chunk := file.read(CHUNK):
            first = first or chunk[:16]
            digest.update(chunk)
            size += len(chunk)
    return FileSum(sha256=digest.hexdigest(), bytes=size), first


def open_plain(path: Path) -> Any:  # noqa: ANN401 - an open file
    """Open a file to be read, if it is one.

    Raises:
        RegistryError: It is a link or no plain file.
        OSError: It cannot be read.
    """
    if not stat.S_ISREG(path.lstat().st_mode):
        msg = f"{path}: must be a plain file; it is a link, a pipe or a folder"
        raise RegistryError(msg)
    # Whoever puts a link or a pipe there in between must not be followed, nor make us wait.
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def is_pickle(first: bytes) -> bool:
    """Tell by its first bytes whether a file is a pickle or an archive, such as torch.save makes.

    Example:
        >>> import pickle
        >>> is_pickle(pickle.dumps([1])), is_pickle(b'{"a": 1}')
        (True, False)
    """
    protocol = first[:1] == b"\x80" and first[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05")
    # Safetensors begin with a length, and a header of 640 to 1,407 bytes has the same two bytes:
    # the next ones are zeros there, and the brace of the header is the ninth.
    return (protocol and first[8:9] != b"{") or first[:4] == b"PK\x03\x04"


def read_json(path: Path, form: "TypeAdapter[T]", limit: int = MAX_JSON) -> T:
    """Read a JSON file as a record.

    Raises:
        RegistryError: It is missing, too large, no plain file, not JSON or not such a record.
    """
    try:
        return form.validate_json(read_plain(path, limit))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise RegistryError(msg) from error
    except ValidationError as error:
        msg = f"{path}: {shown(str(first_failure(error)))}"
        raise RegistryError(msg) from error


def read_plain(path: Path, limit: int) -> bytes:
    """Read a file of at most so many bytes.

    Raises:
        RegistryError: It is larger, or no plain file.
        OSError: It cannot be read.
    """
    with open_plain(path) as file:
        content: bytes = file.read(limit + 1)
    if len(content) > limit:
        msg = f"{path}: must have at most {limit:,} bytes; it has more"
        raise RegistryError(msg)
    return content


JSON: "Final[TypeAdapter[JsonValue]]" = TypeAdapter(JsonValue)

_NAMING: Final = frozenset({"file", "files", "path", "paths", "folder"})


def check_names(content: JsonValue) -> None:
    """Refuse JSON that names files outside the folder, or pickles.

    Raises:
        ValueError: A text under one of the keys file, files, path, paths or folder is such a name.
    """
    waiting: list[tuple[bool, JsonValue]] = [(False, content)]
    while waiting:
        names, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [(key in _NAMING, one) for key, one in value.items()]
        elif isinstance(value, list):
            waiting += [(names, one) for one in value]
        elif names and isinstance(value, str):
            no_pickle(inside(value))
