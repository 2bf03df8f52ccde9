"""One version of a model: a folder that never changes."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from pydantic import JsonValue, TypeAdapter
from safetensors import SafetensorError, safe_open

from pipelines.errors import RegistryError
from pipelines.registry.records import Checksums, FileSum, Lineage
from pipelines.registry.vetting import (
    JSON,
    Damage,
    check_names,
    is_pickle,
    measure,
    read_json,
    walk,
)

CHECKSUMS: Final = "checksums.json"
LINEAGE: Final = "lineage.json"
EVALUATION: Final = "evaluation.json"
GATE: Final = "gate.json"
JOB: Final = "job.json"
MODEL: Final = "model.json"
WEIGHTS: Final = "model.safetensors"
README: Final = "README.md"
NEEDED: Final = (MODEL, WEIGHTS)
"""What makes a folder a model."""

_CHECKSUMS = TypeAdapter(Checksums)
_LINEAGE = TypeAdapter(Lineage)


@dataclass(frozen=True)
class Version:
    """A model as it was added: weights, encoder, configuration, evaluation and lineage.

    Reading it runs nothing of it, and never leaves its folder.

    Attributes:
        folder: A folder of a model for every command.
    """

    folder: Path

    @property
    def name(self) -> str:
        """Such as ``v0012``."""
        return self.folder.name

    @property
    def checksums(self) -> Checksums:
        """The files it was added with.

        Raises:
            RegistryError: ``checksums.json`` cannot be read.
        """
        return read_json(self.folder / CHECKSUMS, _CHECKSUMS)

    @property
    def digest(self) -> str:
        """SHA-256 of ``checksums.json``: versions of the same content share it.

        Raises:
            RegistryError: The file cannot be read.
        """
        path = self.folder / CHECKSUMS
        read_json(path, _CHECKSUMS)
        return measure(path)[0].sha256

    @cached_property
    def lineage(self) -> Lineage:
        """Where the model comes from.

        Raises:
            RegistryError: ``lineage.json`` cannot be read.
        """
        return read_json(self.folder / LINEAGE, _LINEAGE)

    def read(self, name: str) -> JsonValue:
        """Read a JSON file of the version; None if it has none of this name.

        Raises:
            RegistryError: The file cannot be read.
        """
        return read_json(self.folder / name, JSON) if self.has(name) else None

    def has(self, name: str) -> bool:
        """Whether something of this name is there, be it a link that leads nowhere."""
        return os.path.lexists(self.folder / name)

    def verify(self) -> None:
        """Compare every file with its checksum.

        Raises:
            RegistryError: A file was changed, is missing or does not belong here; it is named.
        """
        found = self.damages()
        if not found:
            return
        first, others = found[0], len(found) - 1
        where = self.folder / first.file if first.file else self.folder
        more = f" (and {others} more; see ltr models verify)" if others else ""
        msg = f"{where}: {first.what}{more}"
        raise RegistryError(msg)

    def damages(self) -> tuple[Damage, ...]:
        """Everything that is not as it was added; empty for a version that is whole.

        A version that cannot be read at all has a damage that says so.
        """
        try:
            return self._damages()
        except RegistryError as error:
            return (Damage(CHECKSUMS, str(error).removeprefix(f"{self.folder / CHECKSUMS}: ")),)
        except OSError as error:
            return (Damage("", f"cannot be read: {error.strerror}"),)

    def _damages(self) -> tuple[Damage, ...]:
        if self.folder.is_symlink() or not self.folder.is_dir():
            return (Damage("", "must be a folder of its own, not a link or a file"),)
        there = walk(self.folder)
        recorded = self.checksums.files
        found = {*there.files} - {CHECKSUMS}
        odd = {damage.file for damage in there.damages}
        wrong = {
            **dict.fromkeys(sorted({*recorded, *NEEDED} - found - odd), "is missing"),
            **dict.fromkeys(sorted(found - {*recorded}), "was not there when it was added"),
            **{name: self._wrong(name, recorded[name]) for name in sorted(found & {*recorded})},
        }
        return (*there.damages, *(Damage(name, what) for name, what in wrong.items() if what))

    def _wrong(self, name: str, recorded: FileSum) -> str:
        try:
            return _changed(self.folder / name, recorded) or ill(self.folder, name)
        except OSError as error:
            return f"cannot be read: {error.strerror}"


def _changed(path: Path, recorded: FileSum) -> str:
    found, first = measure(path)
    if is_pickle(first):
        return "a model holds no pickles or archives, which run code when they are read; it is one"
    if found.bytes != recorded.bytes:
        return f"was changed: it had {recorded.bytes:,} bytes and has {found.bytes:,}"
    if found.sha256 != recorded.sha256:
        return f"was changed: it had sha256 {recorded.sha256[:12]}… and has {found.sha256[:12]}…"
    return ""


def ill(folder: Path, name: str) -> str:
    """Say what is wrong with the content of a file of a model, whatever its checksum; "" if not."""
    path = folder / name
    try:
        if name == LINEAGE:
            read_json(path, _LINEAGE)
        elif name.endswith(".json"):
            content = read_json(path, JSON)
            # The job names the log, which lies elsewhere; nothing of it is opened here.
            if name != JOB:
                check_names(content)
        elif name.endswith(".safetensors"):
            with safe_open(path, framework="numpy") as tensors:
                tensors.keys()
    except (RegistryError, ValueError) as error:
        return str(error).removeprefix(f"{path}: ")
    except SafetensorError as error:
        return f"must hold tensors (safetensors): {error}"
    return ""
