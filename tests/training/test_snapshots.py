"""A training that is killed goes on from its last snapshot, and ends with the same model."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock, patch

import pytest
import torch

from ltr.recipe import Recipe
from ltr.training import (
    InterruptedTrainingError,
    Silent,
    SnapshotPolicy,
    Start,
    StepRecord,
    train,
)
from tests.training.planted import planted, recipe

ROOT = Path(__file__).parents[2]
FILES = ("model.safetensors", "optimizer.safetensors", "model.json", "history.json")


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planted(tmp_path_factory.mktemp("planted"), num_lists=120)


def varied() -> Recipe:
    """Everything that has a state: dropout, sampled negatives, warm-up, accumulated batches."""
    made = recipe(
        "rank_hinge",
        {"num_neg": 2},
        epochs=3,
        lists_per_batch=8,
        warmup=5,
        decay="cosine",
        clip=1.0,
        accumulate=2,
    )
    towers = made.towers.model_copy(update={"dropout": 0.2})
    return made.model_copy(update={"towers": towers})


@pytest.fixture(scope="module")
def whole(lists: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a training that nobody disturbed."""
    model = tmp_path_factory.mktemp("whole") / "model"
    train(lists, model, varied())
    return model


class Crash(Silent):
    """Fails after so many batches; remembers where it began."""

    def __init__(self, after: int) -> None:
        self.after, self.began = after, (0, 0)

    def start(self, start: Start) -> None:
        self.began = (start.epoch, start.batch)

    def batch(self, _: StepRecord) -> None:
        self.after -= 1
        if not self.after:
            msg = "the machine is gone"
            raise ConnectionError(msg)


def same(one: Path, other: Path) -> bool:
    return all((one / name).read_bytes() == (other / name).read_bytes() for name in FILES)


@pytest.mark.parametrize("after", [1, 6, 11, 12, 13, 23, 30])
def test_a_training_that_crashed_ends_as_if_it_had_not(
    lists: Path, whole: Path, tmp_path: Path, after: int
) -> None:
    policy = SnapshotPolicy(tmp_path / "snapshots", every=4)
    with pytest.raises(ConnectionError):
        train(lists, tmp_path / "model", varied(), Crash(after), policy)
    assert not (tmp_path / "model").exists()
    again = Crash(after=1000)
    train(lists, tmp_path / "model", varied(), again, policy)
    # 90 lists that can teach, about 12 batches an epoch; the last snapshot is at most 4 back.
    assert again.began != (1, 0) or after < 6
    assert same(tmp_path / "model", whole)
    assert not policy.folder.exists()


KILLED = """
import os, random, sys, time
from ltr.training import SnapshotPolicy, train
from tests.training.test_snapshots import varied

lists, model, snapshots = sys.argv[1:]
chance, kills = random.Random(0), 0
while True:
    child = os.fork()
    if not child:
        from pathlib import Path
        train(lists, model, varied(), None, SnapshotPolicy(Path(snapshots), every=2))
        os._exit(0)
    if kills < 10:
        time.sleep(chance.uniform(0.05, 0.6))
        os.kill(child, 9)
        kills += 1
    _, status = os.waitpid(child, 0)
    if kills == 10 and status == 0:
        break
"""


def test_ten_kills_at_random_moments_change_nothing(
    lists: Path, whole: Path, tmp_path: Path
) -> None:
    model, snapshots = tmp_path / "model", tmp_path / "snapshots"
    subprocess.run(
        [sys.executable, "-c", KILLED, lists, model, snapshots],
        cwd=ROOT,
        check=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        timeout=300,
    )
    assert same(model, whole)


class Terminate(Silent):
    """Sends SIGTERM to this process in the batch with this number."""

    def __init__(self, step: int) -> None:
        self.step = step

    def batch(self, record: StepRecord) -> None:
        if record.step == self.step:
            os.kill(os.getpid(), signal.SIGTERM)


def test_sigterm_takes_a_snapshot_and_stops(lists: Path, whole: Path, tmp_path: Path) -> None:
    policy = SnapshotPolicy(tmp_path / "snapshots", every=1000)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(InterruptedTrainingError, match="did so after epoch 2, batch 4; run it aga"):
        train(lists, tmp_path / "model", varied(), Terminate(step=14), policy)
    assert [path.name for path in policy.folder.iterdir()] == ["step-00000016"]
    train(lists, tmp_path / "model", varied(), None, policy)
    assert same(tmp_path / "model", whole)
    assert signal.getsignal(signal.SIGTERM) == before


def test_sigterm_without_snapshots_says_that_nothing_is_kept(lists: Path, tmp_path: Path) -> None:
    with pytest.raises(InterruptedTrainingError, match="nothing is kept"):
        train(lists, tmp_path / "model", varied(), Terminate(step=1))


@pytest.fixture
def stopped(lists: Path, tmp_path: Path) -> SnapshotPolicy:
    """Snapshots of a training that stopped after the 14th batch."""
    policy = SnapshotPolicy(tmp_path / "snapshots", every=2, keep=3)
    with pytest.raises(ConnectionError):
        train(lists, tmp_path / "model", varied(), Crash(15), policy)
    return policy


@pytest.mark.parametrize(
    ("met", "raised", "told"),
    [
        (
            OSError(errno.ENOSPC, "No space left on device"),
            OSError,
            "No space left on device: '.*/snapshots/step-00000004'$",
        ),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
        (ConnectionError("gone"), ConnectionError, "gone"),
    ],
)
def test_what_torch_meets_while_it_writes_is_told_as_what_it_is(
    lists: Path,
    whole: Path,
    tmp_path: Path,
    met: BaseException,
    raised: type[BaseException],
    told: str | None,
) -> None:
    policy = SnapshotPolicy(tmp_path / "snapshots", every=2)
    writes = []

    def second(*_: object) -> None:
        writes.append(True)
        if len(writes) == 2:
            raise met

    system = MagicMock(wraps=os)
    system.fsync.side_effect = second
    writer = "torch.distributed.checkpoint.filesystem.os"
    with patch(writer, system), pytest.raises(raised, match=told) as found:
        train(lists, tmp_path / "model", varied(), None, policy)
    assert getattr(found.value, "errno", None) == getattr(met, "errno", None)
    train(lists, tmp_path / "model", varied(), None, policy)
    assert same(tmp_path / "model", whole)
    assert not policy.folder.exists()


def test_the_last_few_are_kept_and_hold_no_pickle(stopped: SnapshotPolicy) -> None:
    names = sorted(path.name for path in stopped.folder.iterdir())
    assert names == ["step-00000010", "step-00000012", "step-00000014"]
    suffixes = {file.suffix for file in stopped.folder.rglob("*") if file.is_file()}
    assert suffixes == {".safetensors", ".json"}


@pytest.mark.parametrize("torn", ["state", "weights", "missing"])
def test_a_torn_snapshot_is_skipped_with_a_warning(
    lists: Path,
    whole: Path,
    tmp_path: Path,
    stopped: SnapshotPolicy,
    torn: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    last = stopped.folder / "step-00000014"
    [weights] = last.glob("*.safetensors")
    file = last / "state.json" if torn == "state" else weights
    if torn == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-9])
    again = Crash(after=1000)
    train(lists, tmp_path / "model", varied(), again, stopped)
    assert again.began == (1, 12)
    assert "step-00000014 is torn and is skipped" in caplog.text
    assert same(tmp_path / "model", whole)


def test_a_snapshot_of_another_training_is_not_gone_on_from(
    lists: Path, tmp_path: Path, stopped: SnapshotPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    other = varied().model_copy(
        update={"training": varied().training.model_copy(update={"seed": 9})}
    )
    watcher = Crash(after=1000)
    train(lists, tmp_path / "model", other, watcher, stopped)
    assert watcher.began == (1, 0)
    assert "is of other lists or another recipe" in caplog.text


def test_snapshots_of_another_training_do_not_push_those_of_this_one_out(
    lists: Path, tmp_path: Path, stopped: SnapshotPolicy
) -> None:
    other = varied().model_copy(
        update={"training": varied().training.model_copy(update={"seed": 9})}
    )
    with pytest.raises(ConnectionError):
        train(lists, tmp_path / "model", other, Crash(after=7), stopped)
    names = sorted(path.name for path in stopped.folder.iterdir())
    assert names == ["step-00000002", "step-00000004", "step-00000006"]


def test_weights_are_the_same_with_and_without_snapshots(
    lists: Path, whole: Path, tmp_path: Path
) -> None:
    train(lists, tmp_path / "model", varied(), None, SnapshotPolicy(tmp_path / "s", every=1))
    assert same(tmp_path / "model", whole)
    assert torch.is_grad_enabled()
