import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.errors import RegistryError
from pipelines.registry import Registry
from pipelines.registry.vetting import read_json
from tests.registry.models import champion, filled

ROOT = Path(__file__).parents[2]

ADDS = """
import sys
from pathlib import Path
from pipelines.registry import Registry
from pipelines.registry.vetting import read_json
from tests.registry.models import about, model

folder, process = Path(sys.argv[1]), int(sys.argv[2])
models = Registry(folder / "models")
for number in range(4):
    seed = 10 * process + number
    version = models.add(model(folder / f"model{seed}", seed), about())
    models.promote(version.name, why=str(seed))
    assert models.add(folder / f"model{seed}", about()).name == version.name
"""

HOLDS = """
import sys, time
from filelock import FileLock

with FileLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def start(code: str, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_processes_that_add_and_promote_at_once_lose_nothing(tmp_path):
    processes = [start(ADDS, tmp_path, number) for number in range(3)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    models = Registry(tmp_path / "models")
    names = [f"v{number:04d}" for number in range(1, 13)]
    assert [version.name for version in models.versions()] == names
    assert not [version for version in models.versions() if version.damages()]
    history = models.history()
    assert sorted(int(one.why) for one in history) == [
        10 * at + n for at in range(3) for n in range(4)
    ]
    assert [one.before for one in history] == [None, *(one.to for one in history[:-1])]
    assert champion(models) == history[-1].to


def test_a_change_waits_for_the_one_under_way_and_then_says_so(tmp_path):
    models, _ = filled(tmp_path)
    holder = start(HOLDS, models.folder / ".lock")
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    hurried = Registry(models.folder, wait_s=0.1)
    with pytest.raises(
        RegistryError, match=r"another process is changing the models; waited 0.1 s"
    ):
        hurried.promote("v0001")
    assert champion(hurried) == "v0002", "reading needs no lock"
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert hurried.promote("v0001").to == "v0001", "the lock of a killed process is none"


def test_readers_see_whole_champions_while_they_change(tmp_path):
    models, _ = filled(tmp_path)
    process = start(ADDS, tmp_path, 3)
    seen = set()
    while process.poll() is None:
        found = models.champion()
        assert found
        seen.add(found.name)
        assert found.lineage.code == "0.1.0"
        assert models.history()[-1].to >= found.name
    process.communicate()
    assert process.returncode == 0
    assert champion(models) == "v0006"
    assert seen >= {"v0002"}


def test_a_promotion_that_is_prepared_after_the_look_for_one_is_no_damage(tmp_path, monkeypatch):
    models, _ = filled(tmp_path)
    prepared, before = models.folder / "promotion.json", models.history()

    def look(path, form):
        try:
            return read_json(path, form)
        finally:
            prepared.write_text("another process has only begun")

    monkeypatch.setattr("pipelines.registry.journal.read_json", look)
    assert models.history() == before
    with pytest.raises(RegistryError, match=r"promotion\.json"):
        models.history()
