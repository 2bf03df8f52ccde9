"""Write a folder or a file so that whoever reads it finds the old one whole or the new one whole.

POSIX cannot rename a folder over one that holds files, so the result ``model`` is a symbolic link
to its present version, a hidden folder beside it::

    runs/night/model -> .model.9f3c2a7be1d04456
    runs/night/.model.9f3c2a7be1d04456/

A new version is written next to the old one and synced to the disk; then one rename puts a new
link over the old link. Before that moment every reader sees the old version, after it the new one.

Two writers of one folder at the same time are not kept apart here: each would take the other's
unfinished version for what a killed process left behind. The caller holds a lock on the target.

A file needs no link: it is written in a hidden folder beside its place and renamed over it. Of two
writers the last one wins. The folder is locked while its writer lives, so the next one knows which
folders a killed process left, and removes them. A record of which there is one writer at a time
needs no folder: `write_file`.
"""

import errno
import fcntl
import glob
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replace_folder(target: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield an empty folder that becomes ``target`` by one rename when the block ends well.

    If the block raises, or the process dies at any moment, ``target`` stays what it was. What a
    killed process left beside it is removed here, before the new folder is made.

    Args:
        target: The folder to make or to replace; folders above it are made as needed.

    Yields:
        An empty folder on the same file system, to be filled in the block.

    Raises:
        ValueError: ``target`` is the root of the file system.
        FileExistsError: Something stands at ``target`` that was not made here; it is left alone.
        OSError: The folder cannot be made, synced or renamed, or the disk fails the block (it is
            full, say); the message names ``target``, and ``errno`` is kept.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "model"
        >>> for text in ["old", "new"]:
        ...     with replace_folder(out) as folder:
        ...         _ = (folder / "weights.txt").write_text(text)
        >>> (out / "weights.txt").read_text()
        'new'
    """
    path = Path(os.path.abspath(target))  # noqa: PTH100 - resolve() would follow our own link
    _refuse_foreign(path)
    with _naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_leftovers(path)
        version = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        version.mkdir()
    try:
        with _naming(path, of_block=True):
            yield version
        with _naming(path):
            _commit(version, path)
    finally:
        remove_leftovers(path)


def _refuse_foreign(path: Path) -> None:
    if not path.name:
        msg = f"the target must be a folder below the root of the file system; got {path}"
        raise ValueError(msg)
    if os.path.lexists(path) and not _current(path):
        msg = (
            f"{path} exists and is not a folder that an earlier run committed (a link to a version "
            "beside it); move it away or choose another one"
        )
        raise FileExistsError(msg)


def _current(path: Path) -> str | None:
    """The name of the version that ``path`` links to, if it is a link made here."""
    if not path.is_symlink():
        return None
    name = str(path.readlink())
    return name if _version_of(path).fullmatch(name) else None


def _version_of(path: Path) -> re.Pattern[str]:
    return re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}")


_GONE = ".gone"
_OF_A_DISK = {errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EROFS}


@contextmanager
def _naming(path: Path, *, of_block: bool = False) -> Iterator[None]:
    """Say which target an error of the operating system was met for.

    A block may meet others too. Its errors are told as those of the target where a disk fails and
    the error names no other place.
    """
    try:
        yield
    except Exception as error:
        code, place = _code_of(error), getattr(error, "filename", None)
        if not isinstance(error, OSError) and code not in _OF_A_DISK:
            raise
        elsewhere = place is not None and f"/.{path.name}." not in str(place)
        if of_block and (code not in _OF_A_DISK or elsewhere or str(path) in str(error)):
            raise
        reason = os.strerror(code) if code else str(error)
        named = OSError(f"cannot write the folder {path}: {reason}")
        named.errno = code
        raise named from error


def _code_of(error: Exception) -> int | None:
    """The number of an error; libraries written in Rust leave it in the text, of any class."""
    code: int | None = getattr(error, "errno", None)
    in_text = re.search(r"\(os error (\d+)\)", str(error))
    return int(in_text[1]) if code is None and in_text else code


def remove_leftovers(path: Path) -> None:
    """Remove all versions beside a folder but the one in use, as far as they can be removed.

    Args:
        path: The folder, as given to :func:`replace_folder`; nobody writes it now.
    """
    current, version = _current(path), _version_of(path)
    for other in path.parent.iterdir():
        if other.name == f".{path.name}.link":
            other.unlink(missing_ok=True)
        elif version.fullmatch(other.name) and other.name != current:
            shutil.rmtree(other, ignore_errors=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder so that whoever looks finds it whole or not at all, whenever this is killed.

    One rename takes it out of sight, then its files go.

    Raises:
        OSError: It cannot be renamed; it stays.
    """
    gone = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}{_GONE}")
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def remove_gone(parent: Path) -> None:
    """Remove what a process that was killed in `remove_folder` left in a folder."""
    for gone in parent.glob(f".*{_GONE}"):
        shutil.rmtree(gone, ignore_errors=True)


def remove_folders(parent: Path, but: Path | None = None) -> None:
    """Remove the folders in a folder, each as `remove_folder` does if it can, and then itself.

    Args:
        parent: It may be missing.
        but: One of them, which stays, and the parent with it.
    """
    remove_gone(parent)
    for folder in parent.glob("*"):
        if folder != but:
            with suppress(OSError):
                remove_folder(folder)
    with suppress(OSError):
        parent.rmdir()


def _commit(version: Path, path: Path) -> None:
    """Make ``path`` a link to ``version``; the rename is the one moment at which it changes."""
    for folder, _, files in os.walk(version):
        for name in files:
            sync(Path(folder, name))
        sync(Path(folder))
    link = path.with_name(f".{path.name}.link")
    link.symlink_to(version.name)
    # The version and its link must be on the disk before the rename that makes them matter.
    sync(path.parent)
    link.replace(path)
    sync(path.parent)


@contextmanager
def replace_file(path: Path) -> Iterator[Path]:
    """Yield the name of a file that becomes ``path`` by one rename when the block ends well.

    If the block raises, or the process dies at any moment, ``path`` stays what it was.

    Args:
        path: The file to make or to replace; folders above it are made as needed.

    Yields:
        A path with the same name in a hidden folder beside it, where the block must make a file.

    Raises:
        OSError: The disk is full or fails.

    Example:
        >>> import tempfile
        >>> out = Path(tempfile.mkdtemp()) / "nights" / "gate.json"
        >>> with replace_file(out) as unfinished:
        ...     _ = unfinished.write_text("{}")
        >>> [file.name for file in out.parent.iterdir()]
        ['gate.json']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _folder_beside(path) as folder:
        unfinished = folder / path.name
        yield unfinished
        sync(unfinished)
        unfinished.replace(path)
    sync(path.parent)


@contextmanager
def _folder_beside(path: Path) -> Iterator[Path]:
    """Yield a hidden folder, locked as long as its writer lives; remove those of dead writers."""
    for other in path.parent.glob(f".{glob.escape(path.name)}.{'[0-9a-f]' * 16}"):
        _remove_unlocked(other)
    folder, handle = _locked_folder(path)
    try:
        folder.chmod(path.parent.stat().st_mode & 0o777 | 0o700)  # see `open_to_readers`
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(path: Path) -> tuple[Path, int]:
    while True:
        folder = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        folder.mkdir()
        # Until it is locked, another writer may take it for a dead one's.
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            with suppress(OSError):  # not every file system has locks; nothing is removed there
                fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                return folder, handle
            os.close(handle)


def _remove_unlocked(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(handle)


def write_file(path: Path, content: bytes) -> None:
    """Replace a small file that one process at a time writes; the caller sees to that.

    The name beside its place is always the same: what a killed process left is written over, and
    after the rename nothing is left.

    Args:
        path: The file to make or to replace; folders above it are made as needed.
        content: All of it.

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
    except BaseException as error:
        with suppress(OSError):
            unfinished.unlink()
        if not isinstance(error, OSError):
            raise
        # Of a file that is open already the system does not say which one the disk refused.
        raise OSError(error.errno, error.strerror, str(path)) from error


def open_to_readers(path: Path) -> None:
    """Let everybody read a file who may read its folder; some libraries let its owner alone.

    Who serves a model is often not who trained it.
    """
    path.chmod(path.parent.stat().st_mode & 0o666)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:  # it knows no name
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        os.close(handle)
