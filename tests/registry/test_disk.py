"""A disk that is full, fails or cannot be written leaves the old state, and is told as such."""

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.registry import Registry
from tests.registry.models import about, champion, filled, model

ROOT = Path(__file__).parents[2]
CALLS = ("fsync", "replace", "rename", "symlink", "mkdir")


FULL_DISK = "the folder of models cannot be written: No space left on device"


class Failing:
    """A disk that is full from the so-manieth call on, and has room again afterwards."""

    def __init__(self, monkeypatch, moment: int) -> None:
        self.left = moment
        for name in CALLS:
            monkeypatch.setattr(os, name, self._counted(getattr(os, name)))

    def _counted(self, call):
        def counted(*args, **kwargs):
            self.left -= 1
            if self.left <= 0:
                names = [str(name) for name in args if not isinstance(name, int)]
                first, second = [*names, None, None][:2]
                raise OSError(errno.ENOSPC, "No space left on device", first, None, second)
            return call(*args, **kwargs)

        return counted


def error_of(change) -> str:
    try:
        change()
    except RegistryError as error:
        return str(error)
    return ""


def outcomes(models: Registry, tmp_path, change) -> list[bool]:
    """Let the disk fail at every call until it no longer does: was the change told done?"""
    found = []
    for moment in range(1, 100):
        here = Registry(shutil.copytree(models.folder, tmp_path / str(moment), symlinks=True))
        with pytest.MonkeyPatch.context() as patch:
            disk = Failing(patch, moment)
            told = error_of(lambda here=here: change(here))
        assert not told or re.fullmatch(rf"{here.folder}: {FULL_DISK}; it is as it was", told)
        found.append(not told)
        _check(here, done=not told)
        if disk.left > 0:
            return found
    raise AssertionError


def _check(models: Registry, *, done: bool) -> None:
    assert champion(models) == models.history()[-1].to
    assert not [version for version in models.versions() if version.damages()]
    assert (models.history()[-1].why == "full") == done
    models.rollback()


def test_a_promotion_on_a_full_disk_is_told_done_or_leaves_the_old_champion(tmp_path):
    models, _ = filled(tmp_path)
    models.add(model(tmp_path / "third", 3), about())
    told = outcomes(models, tmp_path, lambda here: here.promote("v0003", why="full"))
    assert told == sorted(told), "once the link is swapped nothing fails any more"
    assert 6 <= told.count(False) < len(told) - 3


def test_an_addition_on_a_full_disk_leaves_nothing(tmp_path):
    models, _ = filled(tmp_path)
    source = model(tmp_path / "third", 3)
    left = []

    def add(here: Registry) -> None:
        try:
            here.add(source, about())
        finally:
            left.append(sorted(path.name for path in here.folder.iterdir()))
        here.promote("v0003", why="full")

    outcomes(models, tmp_path, add)
    before = [".lock", "champion", "promotions.jsonl", "v0001", "v0002"]
    assert left.count(before) > 15
    assert {*map(tuple, left)} == {tuple(before), (*before, "v0003")}


FULL = """
import resource, sys
from pathlib import Path
from pipelines.errors import RegistryError
from pipelines.registry import Registry
from tests.registry.models import about

models, source = Registry(sys.argv[1]), Path(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for change in (lambda: models.add(source, about()), lambda: models.promote("v0001")):
    try:
        change()
    except RegistryError as error:
        print(error)
"""
READ_ONLY = """
import os, sys
from pathlib import Path
from pipelines.errors import RegistryError
from pipelines.registry import Registry
from tests.registry.models import about

models, source = Registry(sys.argv[1]), Path(sys.argv[2])
if os.getuid() == 0:
    os.setuid(65534)
for change in (lambda: models.add(source, about()), lambda: models.promote("v0001")):
    try:
        change()
    except RegistryError as error:
        print(error)
print(models.champion().name)
"""


def said(code: str, models: Registry, source: Path) -> list[str]:
    command = [sys.executable, "-c", code, str(models.folder), str(source)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_a_file_that_cannot_grow_is_told_by_its_folder(tmp_path):
    models, _ = filled(tmp_path)
    lines = said(FULL, models, model(tmp_path / "third", 3))
    told = f"{models.folder}: the folder of models cannot be written: File too large"
    assert [line.startswith(told) for line in lines] == [True, True]
    assert champion(models) == "v0002"
    assert len(models.versions()) == 2


def test_a_folder_that_is_read_only_can_be_read_and_says_that_it_cannot_be_written(tmp_path):
    models, _ = filled(tmp_path)
    source = model(tmp_path / "third", 3)
    # Pytest's folders, however many there are above this one, are closed to others.
    for folder in (*tmp_path.parents, tmp_path):
        if Path(tempfile.gettempdir()) in folder.parents:
            folder.chmod(0o755)
    (models.folder / ".lock").chmod(0o444)
    models.folder.chmod(0o555)
    *lines, found = said(READ_ONLY, models, source)
    models.folder.chmod(0o755)
    told = f"{models.folder}: the folder of models cannot be written: Permission denied"
    assert [line.startswith(told) for line in lines] == [True, True]
    assert found == "v0002"


def test_a_model_that_cannot_be_read_is_told_by_its_own_name(tmp_path, monkeypatch):
    models, _ = filled(tmp_path)
    source = model(tmp_path / "third", 3)
    plain = os.open

    def failing(path, *args, **kwargs):
        if str(path).endswith("third/model.safetensors"):
            raise OSError(errno.EIO, "Input/output error", str(path))
        return plain(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", failing)
    with pytest.raises(RegistryError, match=r"^/.*third/model\.safetensors: Input/output error; /"):
        models.add(source, about())
    assert len(models.versions()) == 2
