"""Snapshots of a training on disk: a killed one goes on from the last as if nothing had happened.

::

    snapshots/
      step-00000500/
        shard-00001-model-00001-of-00001.safetensors   tensors; every rank writes its own shards
        state.json                                     all else, and the checksum of every file
      step-00001000/ …

`torch.distributed.checkpoint` writes the tensors, in the safetensors format: nothing is pickled, so
reading a snapshot runs no code, and another number of ranks can read it. A snapshot is written
under another name and renamed when it is whole.
"""

import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch.distributed as dist
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.hf_storage import (
    HuggingFaceStorageReader,
    HuggingFaceStorageWriter,
)
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save

from ltr.atomic import remove_folder, remove_folders, sync
from ltr.data.manifest import checksum
from ltr.towers.parallel import without_advice

STATE: Final = "state.json"
_PREFIX, _UNFINISHED = "step-", ".unfinished"

log = logging.getLogger("ltr.training")


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshots of one training.

    Args:
        folder: Where they are; all ranks must see it.
        every: Steps from one to the next.
        keep: How many of the last ones stay.
        identity: Of the training; a snapshot of another one is not gone on from.
    """

    folder: Path
    every: int
    keep: int
    identity: str

    def due(self, step: int) -> bool:
        """Whether one is to be taken after this step."""
        return step % self.every == 0

    def save(self, step: int, tensors: dict[str, Any], state: dict[str, Any]) -> None:
        """Take a snapshot; all ranks call it.

        Args:
            step: Steps done so far.
            tensors: Plain ones are the same on all ranks, sharded ones are written by their owners.
            state: What JSON can hold.

        Raises:
            OSError: It cannot be written; what is there stays.
        """
        target = self.folder / f"{_PREFIX}{step:08}"
        unfinished = target.with_suffix(_UNFINISHED)
        if dist.get_rank() == 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
        dist.barrier()
        with without_advice(), _plainly(target):
            writer = HuggingFaceStorageWriter(path=str(unfinished), save_distributed=True)
            save(tensors, storage_writer=writer)
        if dist.get_rank() == 0:
            self._commit(unfinished, target, state | {"step": step})
        dist.barrier()

    def latest(self) -> dict[str, Any] | None:
        """The state of the last whole snapshot of this training; None without one.

        One that is torn is skipped, and so is one of another training; a warning says so.
        """
        for folder in self._folders():
            try:
                state = _read(folder)
            except (OSError, ValueError) as error:
                log.warning("the snapshot %s is torn and is skipped: %s", folder, error)
                continue
            if state["identity"] == self.identity:
                return state
            log.warning("the snapshot %s is of other lists or another recipe: skipped", folder)
        return None

    def load(self, state: dict[str, Any], tensors: dict[str, Any]) -> None:
        """Fill ``tensors`` in place from the snapshot that `latest` gave; all ranks call it."""
        folder = self.folder / f"{_PREFIX}{state['step']:08}"
        with without_advice(), _plainly(folder):
            load(tensors, storage_reader=HuggingFaceStorageReader(path=str(folder)))

    def clear(self) -> None:
        """Remove them all: the training is done."""
        remove_folders(self.folder)

    def _folders(self) -> list[Path]:
        """Finished ones, the last first."""
        if not self.folder.is_dir():
            return []
        names = (one for one in self.folder.iterdir() if one.name.startswith(_PREFIX))
        return sorted((one for one in names if one.suffix != _UNFINISHED), reverse=True)

    def _commit(self, unfinished: Path, target: Path, state: dict[str, Any]) -> None:
        files = {file.name: checksum(file) for file in sorted(unfinished.iterdir())}
        content = state | {"identity": self.identity, "files": files}
        (unfinished / STATE).write_text(json.dumps(content, indent=1), encoding="utf-8")
        for path in (*unfinished.iterdir(), unfinished):
            sync(path)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
        sync(self.folder)
        # Later ones are torn, or of another training, which would push these out.
        kept = [folder for folder in self._folders() if folder <= target][: self.keep]
        for old in set(self._folders()) - set(kept):
            remove_folder(old)


@contextmanager
def _plainly(folder: Path) -> Iterator[None]:
    """Raise what went wrong on a rank itself, and of a disk for which snapshot.

    Torch wraps whatever it meets, a stop too, into an error that is no `Exception`.
    """
    try:
        yield
    except CheckpointException as error:
        met = [one for one, _ in error.failures.values()]
        first = min(met, key=lambda one: isinstance(one, Exception))
        if isinstance(first, OSError) and first.errno is not None:
            raise OSError(first.errno, os.strerror(first.errno), str(folder)) from error
        raise first from error


def _read(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / STATE).read_text(encoding="utf-8"))
    for name, expected in state["files"].items():
        if Path(name).name != name:
            msg = f"{STATE} names a file outside the folder: {name!r}"
            raise ValueError(msg)
        if checksum(folder / name) != expected:
            msg = f"{name} is not the file that was written"
            raise ValueError(msg)
    return state
