"""The folder of models: versions are added, and one of them is the champion."""

import getpass
import os
import re
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from filelock import FileLock, Timeout

from ltr.atomic import sync
from pipelines.errors import RegistryError
from pipelines.registry.assemble import About, assemble
from pipelines.registry.journal import Journal, Promotion, earlier
from pipelines.registry.records import VERSION_NAME
from pipelines.registry.version import CHECKSUMS, Version

CHAMPION: Final = "champion"
LOCK: Final = ".lock"
ANY: Final = "any"
"""Whatever the champion is, it is replaced."""
WAIT_S: Final = 600.0
"""How long a change waits for another one; adding a large model takes minutes on a slow disk."""


class Registry:
    """Immutable versions v0001, v0002 … of a model, and a link ``champion`` to one of them.

    Reading needs no lock: a version appears by one rename, and so does the champion. Changes wait
    for each other; the lock of a process that was killed is none.

    Args:
        folder: Of the models; made by the first change.
        wait_s: Seconds that a change waits for another process's.

    Example:
        >>> import tempfile
        >>> registry = Registry(Path(tempfile.mkdtemp()) / "models")
        >>> registry.versions(), registry.champion()
        ((), None)
    """

    def __init__(self, folder: str | os.PathLike[str], *, wait_s: float = WAIT_S) -> None:
        self.folder = Path(folder)
        self._wait_s = wait_s
        self._journal = Journal(self.folder)

    def versions(self) -> tuple[Version, ...]:
        """All versions in the order in which they were added, damaged ones, too.

        Raises:
            RegistryError: The folder cannot be read.
        """
        try:
            names = [path.name for path in self.folder.iterdir()]
        except FileNotFoundError:
            return ()
        except OSError as error:
            msg = f"{self.folder}: the folder of models cannot be read: {error.strerror}"
            raise RegistryError(msg) from error
        found = sorted((_number(name), name) for name in names if re.fullmatch(VERSION_NAME, name))
        return tuple(Version(self.folder / name) for _, name in found)

    def version(self, name: str) -> Version:
        """One version by its name, or by the name ``champion``; its files are not compared.

        Raises:
            RegistryError: There is none of this name.
        """
        if name == CHAMPION:
            if (pointed := self.pointer()) is None:
                msg = f"{self.folder}: there is no champion yet"
                raise RegistryError(msg)
            name = pointed
        if not re.fullmatch(VERSION_NAME, name) or not os.path.lexists(self.folder / name):
            known = [version.name for version in self.versions()]
            told = f"{known[0]} to {known[-1]}" if known else "none yet"
            msg = f"{self.folder}: there is no version {name!r}; there is {told}"
            raise RegistryError(msg)
        return Version(self.folder / name)

    def pointer(self) -> str | None:
        """The name of the champion, whatever state it is in; None if there has been none.

        Raises:
            RegistryError: ``champion`` is not a link to a version beside it, or it is gone.
        """
        path = self.folder / CHAMPION
        try:
            target = str(path.readlink())
        except FileNotFoundError:
            self._require_none_yet()
            return None
        except OSError as error:
            raise RegistryError(_no_link(path)) from error
        if not re.fullmatch(VERSION_NAME, target) or not os.path.lexists(self.folder / target):
            msg = f"{path}: must be a link to a version beside it; got {target!r}: {_BACK}"
            raise RegistryError(msg)
        return target

    def champion(self) -> Version | None:
        """The version in use, with every file compared to its checksum; None if there is none yet.

        Raises:
            RegistryError: It is damaged; the message names the file and says how to go back.
        """
        name = self.pointer()
        if name is None:
            return None
        version = Version(self.folder / name)
        try:
            version.verify()
            self._require_promoted(version)
        except RegistryError as error:
            msg = f"the champion {name} is damaged: {error}; {_BACK}"
            raise RegistryError(msg) from error
        return version

    def history(self) -> tuple[Promotion, ...]:
        """Every promotion and rollback, the first one first.

        Raises:
            RegistryError: The record is damaged.
        """
        return tuple(self._journal.records(self.pointed()))

    def add(self, model: str | os.PathLike[str], about: About) -> Version:
        """Keep a model as a new version; the same files with the same records are not kept twice.

        Args:
            model: A folder of a model, as ``ltr train`` makes it.
            about: What is kept beside it.

        Returns:
            The new version, or the one that is there already.

        Raises:
            RegistryError: The model is not whole or holds what a model must not hold; or the
                folder cannot be written, and then it is as it was.
        """
        with self._changing():
            if about.lineage.parent is not None:
                self.version(about.lineage.parent)
            staged = self.folder / f".adding.{secrets.token_hex(8)}"
            try:
                staged.mkdir()
                assemble(Path(model), about, staged)
                return self._same_as(Version(staged)) or self._keep(staged)
            finally:
                shutil.rmtree(staged, ignore_errors=True)

    def promote(
        self, name: str, *, why: str = "", forced: bool = False, over: str | None = ANY
    ) -> Promotion:
        """Make a version the champion; nothing happens if it is the champion.

        Args:
            name: Of the version.
            why: For the record.
            forced: Whether somebody overruled the gate.
            over: The champion that it was compared with; None for the baselines.

        Returns:
            The record.

        Raises:
            RegistryError: The version is damaged, another champion than ``over`` has come in
                between, or the folder cannot be written; the champion is the one it was.
        """
        with self._changing() as records:
            version = self.version(name)
            version.verify()
            now = self.pointed()
            if now == name and records and records[-1].to == name:
                return records[-1]
            if over not in (ANY, now):
                msg = f"{self.folder}: the champion must still be {over}; it is {now} now"
                raise RegistryError(msg)
            return self._point(version, records, why=why, forced=forced)

    def rollback(self, to: str | None = None, *, why: str = "") -> Promotion:
        """Make an earlier version the champion again.

        Args:
            to: Its name; None for the champion before this one. Several rollbacks go ever further
                back.
            why: For the record.

        Raises:
            RegistryError: There is no earlier champion, the version is damaged, or the folder
                cannot be written; the champion is the one it was.
        """
        with self._changing() as records:
            version = self.version(to or self._before(records))
            version.verify()
            if version.name == self.pointed():
                msg = f"{self.folder}: {version.name} is the champion already"
                raise RegistryError(msg)
            return self._point(version, records, why=why, kind="rollback")

    def _require_none_yet(self) -> None:
        """Tell a folder without a champion from one that lost it: a night must not start anew."""
        if records := self._journal.records(None):
            msg = f"{self.folder / CHAMPION}: is gone; it was {records[-1].to}: {_BACK}"
            raise RegistryError(msg)

    def pointed(self) -> str | None:
        """The name of the champion; None also where it cannot be told."""
        with suppress(RegistryError):
            return self.pointer()
        return None

    def _require_promoted(self, version: Version) -> None:
        records = [one for one in self.history() if one.to == version.name]
        if records and records[-1].checksums != version.digest:
            msg = f"{version.folder / CHECKSUMS}: is not what it was when the version was promoted"
            raise RegistryError(msg)

    def _before(self, records: list[Promotion]) -> str:
        champions, now = earlier(records), self.pointed()
        while champions and champions[-1] == now:
            champions.pop()
        if not champions:
            msg = f"{self.folder}: there was no champion before {now or 'this'} to go back to"
            raise RegistryError(msg)
        return champions[-1]

    def _same_as(self, staged: Version) -> Version | None:
        """The version that holds the same and is whole: a damaged one is added again."""
        digest = staged.digest
        for version in reversed(self.versions()):
            with suppress(RegistryError, OSError):
                if version.digest == digest and not version.damages():
                    return version
        return None

    def _keep(self, staged: Path) -> Version:
        numbers = [_number(version.name) for version in self.versions()]
        numbers += [_number(record.to) for record in self.history()]
        folder = self.folder / f"v{max(numbers, default=0) + 1:04d}"
        staged.rename(folder)
        sync(self.folder)
        return Version(folder)

    def _point(
        self,
        version: Version,
        records: list[Promotion],
        *,
        why: str,
        forced: bool = False,
        kind: Literal["promote", "rollback"] = "promote",
    ) -> Promotion:
        champion = self.folder / CHAMPION
        if champion.exists() and not champion.is_symlink():
            raise RegistryError(_no_link(champion))
        record = Promotion(
            number=len(records) + 1,
            when=datetime.now(UTC),
            who=_who(),
            kind=kind,
            why=why,
            forced=forced,
            before=self.pointed(),
            to=version.name,
            checksums=version.digest,
        )
        self._journal.prepare(record)
        try:
            self._swap(version.name)
        except OSError:
            if self.pointed() != version.name or record.before == version.name:
                self._journal.discard()
                raise
        self._journal.finish([*records, record])
        return record

    def _swap(self, name: str) -> None:
        path = self.folder / CHAMPION
        link = path.with_name(f".{CHAMPION}.new")
        link.symlink_to(name)
        # The version and its link must be on the disk before the rename that makes them matter.
        sync(self.folder)
        link.replace(path)
        sync(self.folder)

    @contextmanager
    def _changing(self) -> Iterator[list[Promotion]]:
        """Hold the folder, and clean up behind a process that was killed."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / LOCK, timeout=self._wait_s):
                self._remove_leftovers()
                yield self._journal.settle(self.pointed())
        except Timeout:
            msg = (
                f"{self.folder}: another process is changing the models; waited {self._wait_s:g} s"
            )
            raise RegistryError(msg) from None
        except OSError as error:
            raise RegistryError(_told(error, self.folder)) from error

    def _remove_leftovers(self) -> None:
        for path in self.folder.iterdir():
            if path.name == f".{CHAMPION}.new":
                path.unlink()
            elif path.name.startswith(".adding."):
                shutil.rmtree(path)


_BACK: Final = "go back to the champion before with `ltr models rollback`"


def _no_link(path: Path) -> str:
    return f"{path}: must be a link to a version beside it; move away what is there, then {_BACK}"


def _told(error: OSError, folder: Path) -> str:
    reason = error.strerror or str(error)
    name = error.filename2 or error.filename  # of a link or a rename the first is not the place
    if name is not None and not Path(os.fsdecode(name)).is_relative_to(folder):
        return f"{os.fsdecode(name)}: {reason}; {folder} is as it was"
    return f"{folder}: the folder of models cannot be written: {reason}; it is as it was"


def _number(name: str) -> int:
    return int(name.removeprefix("v"))


def _who() -> str:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
