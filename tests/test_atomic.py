import errno
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from ltr.atomic import (
    remove_folder,
    remove_folders,
    remove_gone,
    replace_file,
    replace_folder,
    write_file,
)

ROOT = Path(__file__).parents[1]


def write(target: Path, text: str) -> None:
    with replace_folder(target) as folder:
        (folder / "inner").mkdir()
        (folder / "inner" / "file.txt").write_text(text)


def write_then_fail(target: Path) -> None:
    with replace_folder(target) as folder:
        (folder / "half.txt").write_text(str(1 / len(list(folder.iterdir()))))


def write_then_raise(target: Path, error: OSError) -> None:
    with replace_folder(target):
        raise error


def read(target: Path) -> str:
    return (target / "inner" / "file.txt").read_text()


def test_the_target_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "above" / "model"
    with replace_folder(target) as folder:
        assert folder.is_dir()
        assert folder.parent == target.parent
        assert not target.exists()
    assert target.is_dir()


def test_a_second_result_replaces_the_first_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "model"
    write(target, "old")
    write(target, "new")
    assert read(target) == "new"
    assert len(list(tmp_path.iterdir())) == 2


def test_an_error_in_the_block_keeps_the_old_result_and_leaves_nothing_beside_it(
    tmp_path: Path,
) -> None:
    target = tmp_path / "model"
    write(target, "old")
    with pytest.raises(ZeroDivisionError, match="division"):
        write_then_fail(target)
    assert read(target) == "old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("call", ["fsync", "symlink", "replace"])
def test_a_fault_of_the_disk_keeps_the_old_result_and_names_the_target(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    target = tmp_path / "model"
    write(target, "old")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match=r"cannot write the folder .*model: No space left on device"):
        write(target, "new")
    assert read(target) == "old"
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "met",
    [
        OSError(errno.EFBIG, "File too large"),
        OSError("parquet: File too large (os error 27)"),
        OSError(errno.EFBIG, "[Errno 27] Error writing bytes to file. Detail: [errno 27] ..."),
    ],
)
def test_a_disk_that_fails_the_block_is_told_with_the_target_and_the_number(
    tmp_path: Path, met: OSError
) -> None:
    target = tmp_path / "model"
    write(target, "old")
    with pytest.raises(OSError, match=r"^cannot write the folder /.*/model: File too") as caught:
        write_then_raise(target, met)
    assert caught.value.errno == errno.EFBIG
    assert caught.value.__cause__ is met
    assert read(target) == "old"


@pytest.mark.parametrize(
    "met",
    [
        FileNotFoundError(errno.ENOENT, "No such file or directory", "log.parquet"),
        OSError(errno.ENOSPC, "No space left on device", "/elsewhere/log.parquet"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        OSError("a library's own words"),
    ],
)
def test_what_the_block_meets_elsewhere_is_told_as_it_is(tmp_path: Path, met: OSError) -> None:
    with pytest.raises(type(met), match=re.escape(str(met))) as caught:
        write_then_raise(tmp_path / "model", met)
    assert caught.value is met


def test_an_error_that_names_the_target_is_not_told_twice(tmp_path: Path) -> None:
    met = OSError(errno.EIO, f"cannot write the folder {tmp_path / 'model'}: Input/output error")
    with pytest.raises(OSError, match="Input/output error") as caught:
        write_then_raise(tmp_path / "model", met)
    assert caught.value is met


def test_a_file_of_the_new_version_is_told_as_the_target(tmp_path: Path) -> None:
    met = OSError(errno.EROFS, "Read-only file system", str(tmp_path / ".model.0123" / "a.arrow"))
    with pytest.raises(OSError, match=r"folder /.*/model: Read-only file system$"):
        write_then_raise(tmp_path / "model", met)


KILLED = """
import os, signal, sys
from ltr.atomic import replace_folder

def kill(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

target, moment = sys.argv[1:]
plain_replace = os.replace
if moment in ("symlink", "replace", "fsync"):
    setattr(os, moment, kill)
if moment == "after":
    os.replace = lambda *paths: (plain_replace(*paths), kill())
with replace_folder(target) as folder:
    (folder / "inner").mkdir()
    with open(folder / "inner" / "file.txt", "w") as file:
        file.write("ne")
        file.flush()
        if moment == "write":
            kill()
        file.write("w")
"""


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("write", "old"),
        ("fsync", "old"),
        ("symlink", "old"),
        ("replace", "old"),
        ("after", "new"),
    ],
)
def test_a_killed_process_leaves_one_whole_result(
    tmp_path: Path, moment: str, expected: str
) -> None:
    target = tmp_path / "model"
    write(target, "old")
    command = [sys.executable, "-c", KILLED, str(target), moment]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert read(target) == expected
    assert len(list(tmp_path.iterdir())) > 2, "the kill should have left something to clean up"
    write(target, "next")
    assert read(target) == "next"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_process_killed_before_the_first_result_leaves_none(tmp_path: Path) -> None:
    target = tmp_path / "model"
    command = [sys.executable, "-c", KILLED, str(target), "replace"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert not target.exists()
    write(target, "first")
    assert read(target) == "first"


def test_versions_of_other_targets_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path / "model", "a")
    write(tmp_path / "model.b", "b")
    (tmp_path / ".model.notes").mkdir()
    write(tmp_path / "model", "c")
    assert read(tmp_path / "model.b") == "b"
    assert (tmp_path / ".model.notes").is_dir()


def test_the_result_may_be_moved_with_the_folder_that_holds_it(tmp_path: Path) -> None:
    write(tmp_path / "night" / "model", "kept")
    (tmp_path / "night").rename(tmp_path / "yesterday")
    assert read(tmp_path / "yesterday" / "model") == "kept"


@pytest.mark.parametrize("foreign", ["folder", "file", "link"])
def test_what_was_not_committed_here_is_refused_and_left_alone(
    tmp_path: Path, foreign: str
) -> None:
    target = tmp_path / "model"
    if foreign == "folder":
        target.mkdir()
    elif foreign == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path)
    with pytest.raises(FileExistsError, match="model exists and is not a folder that an earlier"):
        write(target, "new")
    assert os.path.lexists(target)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_target_under_a_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"cannot write the folder .*file/model: "):
        write(tmp_path / "file" / "model", "new")


def test_a_target_where_nobody_can_write_is_refused_by_name() -> None:
    with pytest.raises(OSError, match="cannot write the folder /proc/none/model: "):
        write(Path("/proc/none/model"), "new")


def test_the_root_is_no_target() -> None:
    with pytest.raises(ValueError, match="must be a folder below the root"), replace_folder("/"):
        pass


def write_half(file: Path) -> None:
    file.write_text("half")
    msg = "no space"
    raise OSError(msg)


def test_a_file_whose_writing_fails_stays_as_it_was_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "gate.json"
    target.write_text("old")
    with pytest.raises(OSError, match="no space"), replace_file(target) as unfinished:
        write_half(unfinished)
    assert [(file, file.read_text()) for file in tmp_path.iterdir()] == [(target, "old")]


def test_a_full_disk_that_is_told_in_the_text_of_another_error_is_one(tmp_path):
    def work():
        with replace_folder(tmp_path / "lists"):
            msg = "parquet: underlying IO error: No space left on device (os error 28)"
            raise RuntimeError(msg)

    with pytest.raises(OSError, match=rf"the folder {tmp_path}/lists: No space left") as told:
        work()
    assert told.value.errno == errno.ENOSPC


def filled(folder: Path) -> Path:
    (folder / "inner").mkdir(parents=True)
    for number in range(4):
        (folder / "inner" / f"{number}.txt").write_text("text")
    return folder


@pytest.mark.parametrize("call", range(7))
def test_a_folder_that_is_removed_is_whole_or_gone_at_every_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    folder, seen = filled(tmp_path / "work"), []

    def dying(name: str) -> None:
        plain = getattr(os, name)

        def met(*args: object, **how: object) -> object:
            seen.append(name)
            if len(seen) > call:
                raise KeyboardInterrupt
            return plain(*args, **how)

        monkeypatch.setattr(os, name, met)

    for name in ("rename", "unlink", "rmdir"):
        dying(name)
    with pytest.raises(KeyboardInterrupt):
        remove_folder(folder)
    monkeypatch.undo()
    assert len(list(folder.rglob("*"))) == (5 if call == 0 else 0)
    assert folder.exists() == (call == 0)
    remove_gone(tmp_path)
    assert list(tmp_path.iterdir()) == [folder] * (call == 0)


def test_folders_are_removed_but_one(tmp_path: Path) -> None:
    parent = tmp_path / "work"
    first, second = (filled(parent / name) for name in ("first", "second"))
    filled(parent / ".third.0123.gone")
    remove_folders(parent, but=second)
    assert list(parent.iterdir()) == [second]
    assert not first.exists()
    remove_folders(parent)
    assert not parent.exists()
    remove_folders(parent)


def test_a_folder_that_cannot_be_renamed_stays_whole(tmp_path: Path) -> None:
    folder = filled(tmp_path / "work" / "first")
    with patch.object(Path, "rename", side_effect=PermissionError):
        remove_folders(folder.parent)
        with pytest.raises(PermissionError):
            remove_folder(folder)
    assert len(list(folder.rglob("*"))) == 5


HALF = """
import os, signal, sys
from pathlib import Path
from ltr.atomic import replace_file
with replace_file(Path(sys.argv[1])) as unfinished:
    unfinished.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_of_a_file_left_is_removed_by_the_next(tmp_path: Path) -> None:
    target = tmp_path / "model [1].onnx"
    killed = subprocess.run([sys.executable, "-c", HALF, str(target)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert [path.name for path in tmp_path.glob(".*/*")] == [target.name]
    with replace_file(target) as unfinished:
        unfinished.write_text("whole")
    assert list(tmp_path.iterdir()) == [target]


def test_two_writers_of_a_file_leave_each_other_alone_and_the_last_one_wins(tmp_path: Path) -> None:
    target = tmp_path / "model.onnx"
    with replace_file(target) as first:
        first.write_text("first")
        with replace_file(target) as second:
            second.write_text("second")
        assert target.read_text() == "second"
    assert target.read_text() == "first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_writer_whose_folder_was_taken_for_a_dead_one_s_makes_another(tmp_path: Path) -> None:
    taken: list[int] = []

    def remove_first(handle: int, _how: int) -> None:
        if not taken:
            taken.append(handle)
            for folder in tmp_path.glob(".*"):
                folder.rmdir()

    with patch("fcntl.flock", remove_first), replace_file(tmp_path / "gate.json") as unfinished:
        unfinished.write_text("{}")
    assert taken
    assert [path.name for path in tmp_path.iterdir()] == ["gate.json"]


def test_where_there_are_no_locks_files_are_written_and_nothing_of_others_is_removed(
    tmp_path: Path,
) -> None:
    target = tmp_path / "gate.json"
    other = filled(tmp_path / f".gate.json.{'0' * 16}")
    with (
        patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "No locks available")),
        replace_file(target) as unfinished,
    ):
        unfinished.write_text("{}")
    assert sorted(tmp_path.iterdir()) == [other, target]
    assert len(list(other.rglob("*"))) == 5


def test_a_small_file_is_old_where_the_disk_refuses_it_and_the_error_names_it(tmp_path):
    target = tmp_path / "above" / "outcome.json"
    write_file(target, b"old")
    full = OSError(errno.ENOSPC, "No space left on device")
    with patch("os.fsync", side_effect=full), pytest.raises(OSError, match="No space") as told:
        write_file(target, b"new")
    assert told.value.filename == str(target)
    with patch("os.fsync", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        write_file(target, b"new")
    assert [(file, file.read_text()) for file in target.parent.iterdir()] == [(target, "old")]


def test_a_small_file_is_written_over_what_a_killed_process_left(tmp_path):
    target = tmp_path / "outcome.json"
    with (
        patch("os.fsync", side_effect=KeyboardInterrupt),
        patch.object(Path, "unlink"),
        pytest.raises(KeyboardInterrupt),
    ):
        write_file(target, b"half")
    assert len(list(tmp_path.iterdir())) == 1
    write_file(target, b"new")
    assert [(file, file.read_text()) for file in tmp_path.iterdir()] == [(target, "new")]
