"""Put a version together: the files of a model, and the records of how it came about."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydantic import BaseModel
from pydantic_core import to_json

from ltr.atomic import sync
from pipelines.errors import RegistryError
from pipelines.registry import version as names
from pipelines.registry.card import INTENDED_USE, card
from pipelines.registry.records import Checksums, FileSum, Lineage
from pipelines.registry.vetting import (
    CHUNK,
    JSON,
    MAX_JSON,
    is_pickle,
    measure,
    open_plain,
    read_json,
    read_plain,
    walk,
)

Content: TypeAlias = "Path | BaseModel | Mapping[str, Any] | None"
"""A JSON file, or what is to be written as one. None: there is none."""

OURS: Final = frozenset(
    {names.CHECKSUMS, names.LINEAGE, names.EVALUATION, names.GATE, names.README}
)
"""Files that a version has and a model has not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What is kept beside a model.

    Attributes:
        lineage: The files it was made of, and its parent.
        evaluation: The report's record (``report.json``).
        gate: The rules it was judged by, with their numbers.
        job: The job file as JSON; None: the one that the model's folder has, if it has one.
        intended_use: A paragraph of the model card.
    """

    lineage: Lineage
    evaluation: Content = None
    gate: Content = None
    job: Content = None
    intended_use: str = INTENDED_USE


def assemble(model: Path, about: About, folder: Path) -> None:
    """Fill an empty folder with a version, and wait until it is on the disk.

    Equal models with equal records give equal files.

    Raises:
        RegistryError: The model is not whole, or holds what a model must not hold.
        OSError: The disk is full or fails.
    """
    source = model.resolve()  # once: the link may be another one a moment later
    written: dict[str, FileSum] = {}
    for name in _files_of(source):
        written[name] = _copy(source, name, folder)
    records = {
        names.LINEAGE: about.lineage,
        names.EVALUATION: about.evaluation,
        names.GATE: about.gate,
        names.JOB: about.job,
    }
    for name, content in records.items():
        if content is not None:
            written[name] = _write(folder / name, _bytes(content))
    text = card(names.Version(folder), about.intended_use)
    written[names.README] = _write(folder / names.README, text.encode())
    sums = Checksums(files=dict(sorted(written.items())))
    _write(folder / names.CHECKSUMS, _bytes(sums))
    for above, _, _ in os.walk(folder):
        sync(Path(above))


def _files_of(source: Path) -> list[str]:
    """The files of a model that are copied.

    Raises:
        RegistryError: The folder holds no model, or what a model must not hold.
    """
    if not source.is_dir():
        msg = f"{source}: must be the folder of a model; there is none"
        raise RegistryError(msg)
    there = walk(source)
    for damage in there.damages:
        msg = f"{source / damage.file}: {damage.what}"
        raise RegistryError(msg)
    if missing := sorted({*names.NEEDED} - {*there.files}):
        msg = f"{source}: must be the folder of a model; it has no {missing[0]}"
        raise RegistryError(msg)
    return [name for name in there.files if name not in OURS]


def _copy(source: Path, name: str, folder: Path) -> FileSum:
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with open_plain(source / name) as file, target.open("wb") as copy:
        while chunk := file.read(CHUNK):
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    found, first = measure(target)
    what = "it is a pickle or an archive" if is_pickle(first) else names.ill(folder, name)
    if what:
        msg = f"{source / name}: {what}"
        raise RegistryError(msg)
    _protect(target)
    return found


def _bytes(content: "Path | BaseModel | Mapping[str, Any]") -> bytes:
    if isinstance(content, Path):
        read_json(content, JSON)
        return read_plain(content, MAX_JSON)
    return to_json(content, indent=2, by_alias=True, inf_nan_mode="null") + b"\n"


def _write(path: Path, content: bytes) -> FileSum:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _protect(path)
    return measure(path)[0]


def _protect(path: Path) -> None:
    """Take away the right to write, so that no command changes a version by mistake."""
    path.chmod(0o444)
